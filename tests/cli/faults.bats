# Saves whose system calls fail, and processes that end at a system call (tests/faults/failing_calls.c). The run that is
# disturbed overwrites the folder of another one, whose labels have other names in another order: its weights under those
# labels would be the wrong model. checkpoint_faults.bats has the same for checkpoints. CAM_FAULTS=all tries every call; otherwise some of each kind are tried.
load common

setup_file() {
    cd "$BATS_FILE_TMPDIR" && make_all
    sed 's/,suivi$/,a_suivi/; s/,accès$/,z_accès/' data.csv >renamed.csv
    head -3 data.csv | tail -2 >texts.txt
    cam-train --quiet --config c.yaml max_steps=2 save_strategy=no output_dir=old 2>/dev/null
    cp -r old counted
    FAULT_REPORT=calls disturbed counted 0 none || {
        cat err >&2
        return 1
    }
}

setup() {
    [ -n "${CAM_FAILING_CALLS:-}" ] || skip "run by ctest, which knows where the library of failing calls is"
    cd "$BATS_FILE_TMPDIR"
    old=$(sha256sum <old/model.safetensors)
}

# disturbed FOLDER N KIND: the run; $status and ./err are its.
disturbed() {
    status=0
    LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 FAULT_FOLDER="$PWD/$1" FAULT_AT=$2 \
        FAULT_KIND=$3 "$program" --config c.yaml train_file=renamed.csv output_dir="$1" overwrite_output_dir=true max_steps=4 warmup_ratio=0 \
        save_strategy=no eval_strategy=steps eval_steps=2 metric_for_best_model=loss 2>err 3>&- || status=$?
    stderr=$(cat err) output="call $2 $3: $(sed -n "$2p" calls 2>/dev/null)"
    return $status
}

# whole_or_absent FOLDER: the old model as it was (only run.json, by which the old run could go on, goes before it), a model of the
# new run with its labels, or none, as predict says.
whole_or_absent() {
    if cmp -s "$1/config.json" old/config.json; then
        diff -r -x run.json old "$1" >changed || complain "the old labels, but not all of the old run"
        [ ! -e "$1/run.json" ] || cmp "$1/run.json" old/run.json || complain "another run.json"
    elif [ -e "$1/config.json" ]; then
        [ "$(sha256sum <"$1/model.safetensors")" != "$old" ] || complain "old weights"
        jq -e '[.id2label[]] == ["a_suivi", "remboursement", "z_accès"]' "$1/config.json" >labels || complain "labels"
        cam-train predict --model "$1" --input texts.txt >predicted || complain "predict"
    else
        local code=0
        cam-train predict --model "$1" --input texts.txt >predicted 2>said || code=$?
        [ "$code" -eq 4 ] && grep -q 'has no config.json' said || complain "predict, code $code: $(cat said)"
    fi
}

# chosen PATTERN HOW_MANY: the numbers of calls that match, all of them or so many.
chosen() {
    local numbers
    numbers=$(grep -E "$1" calls | cut -d' ' -f1)
    if [ "${CAM_FAULTS:-}" = all ]; then echo "$numbers"; else
        awk -v most="$2" '{ line[NR] = $0 } END { step = NR > most ? NR / most : 1
            for (i = 1; i <= NR; i += step) print line[int(i)] }' <<<"$numbers"
    fi
}

again_is_clean() {
    cam-train --quiet --config c.yaml output_dir="$1" overwrite_output_dir=true max_steps=2 2>/dev/null || complain "again"
    [ -z "$(find "$1" -name '*cam-tmp*')" ] || complain "leftovers: $(ls "$1")"
}

@test "the calls of a save: what is synced before it gets its name, and config.json last" {
    [ "$(grep -c . calls)" -gt 100 ]
    while read -r _ call path; do
        case $call in
        fdatasync) synced="$synced ${path%.cam-tmp-*}" ;;
        rename) [[ "$synced" == *"$path"* ]] || complain "not synced: $path" ;;
        esac
    done <calls
    names=$(awk '$2 == "rename" { sub(".*/", "", $3); print $3 }' calls)
    first=$(awk '/^config.json$/ { print NR }' <<<"$names") weights=$(awk '/^model.safetensors$/ { print NR }' <<<"$names" | head -1)
    [ "$(wc -w <<<"$first")" -eq 1 ] && [ "$first" -eq $((weights + 1)) ] || complain "$names"
    [ "$(grep -c '^model.safetensors$' <<<"$names")" -eq 2 ] || complain "two best models: $names"
    # the old model goes first, on the disk, too
    awk '{ print $2, $3 }' calls | sed -n '/^unlink/,$p' | head -3 | sed 's|/.*/||' | tr '\n' ' ' |
        grep -q 'unlink run.json unlink config.json fsync'
}

@test "KILL at a call of a save: the folder has the whole new model, or none" {
    for n in $(chosen ' rename ' 100) $(chosen ' (write|unlink|fdatasync|fsync|open|close) ' 6); do
        rm -rf out && cp -r old out
        disturbed out "$n" kill || true
        [ "$status" -eq 137 ] || complain "not killed"
        whole_or_absent out
        [ "${CAM_FAULTS:-}" != all ] || again_is_clean out
    done
    again_is_clean out
}

@test "KILL in the middle of a write" {
    for n in $(chosen ' write .*(model.safetensors|config.json|tokenizer)' 4); do
        rm -rf out && cp -r old out
        disturbed out "$n" torn || true
        [ "$status" -eq 137 ] || complain "not killed"
        whole_or_absent out
    done
    [ -n "$(find out -name '*cam-tmp*')" ] || complain "nothing was left to be removed"
    again_is_clean out
}

@test "an error of a call is exit 8, with no word of a saved model and nothing left" {
    for kind in EIO ENOSPC; do
        for n in $(chosen ' (write|rename|fdatasync|fsync|unlink|open|ftruncate) ' 8); do
            rm -rf out && cp -r old out
            disturbed out "$n" $kind || true
            [ "$status" -eq 8 ] || complain "status"
            [ "$(grep -c '^error: ' err)" -eq 1 ] || complain "one error"
            ! grep -q 'saved the model' err || complain "says that it was saved"
            [ -z "$(find out -name '*cam-tmp*')" ] || complain "leftovers"
            whole_or_absent out
        done
    done
}

@test "an error of close or fallocate is no loss, or exit 8" {
    for n in $(chosen ' (close|fallocate) ' 8); do
        rm -rf out && cp -r old out
        disturbed out "$n" EIO || true
        [ "$status" -eq 0 ] || [ "$status" -eq 8 ] || complain "status"
        [ "$status" -eq 0 ] || ! grep -q 'saved the model' err || complain "says that it was saved"
        [ -z "$(find out -name '*cam-tmp*')" ] || complain "leftovers"
        whole_or_absent out
    done
    for name in log.jsonl model.safetensors.cam-tmp config.json.cam-tmp; do # those whose bytes it may lose
        n=$(grep " close .*/$name" calls | head -1 | cut -d' ' -f1)
        rm -rf out && cp -r old out
        disturbed out "$n" EIO || true
        [ "$status" -eq 8 ] || complain "$name"
    done
}

@test "writes that take fewer bytes than they were given lose none" {
    rm -rf out && cp -r old out
    disturbed out all short || complain "status"
    for file in config.json model.safetensors tokenizer.json run.yaml split.tsv mistakes.csv; do
        if [ $file = run.yaml ]; then diff <(grep -v output_dir counted/$file) <(grep -v output_dir out/$file); else cmp counted/$file out/$file; fi
    done
}

@test "TERM during a save finishes it; a second one ends the program, and what is there is whole" {
    for n in $(chosen ' (write|rename) .*(model.safetensors|config.json|tokenizer)' 3); do
        for kind in term twice; do
            rm -rf out && cp -r old out
            disturbed out "$n" $kind || true
            case $kind-$status in
            term-0 | term-75) [ -e out/config.json ] || complain "no model" ;;
            twice-130) ;;
            *) complain "status" ;;
            esac
            whole_or_absent out
        done
    done
    again_is_clean out
}

@test "a save that fails after TERM is exit 8, and names both" {
    rm -rf out && cp -r old out
    LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0 FAULT_FOLDER="$PWD/out" FAULT_CALLS=fdatasync FAULT_AT=4 \
        FAULT_KIND=ENOSPC "$program" --config c.yaml output_dir=out overwrite_output_dir=true num_train_epochs=100000 \
        save_strategy=no eval_strategy=no 2>err 3>&- &
    job=$!
    for _ in $(seq 300); do grep -qs '"step":3,' out/log.jsonl && break || sleep 0.02; done
    kill -TERM $job
    status=0 && wait $job || status=$?
    stderr=$(cat err) output=
    [ "$status" -eq 8 ] || complain "status"
    says "error: cannot sync" && says "No space left on device; the file needs " && says "stopped by a signal after step"
    [[ "$stderr" != *"is saved"* ]] || complain "not saved"
    tail -1 out/log.jsonl | jq -e '.reason == "error"'
    whole_or_absent out
}

@test "a folder that cannot be locked is said in one line, and used" {
    rm -rf out
    LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0 FAULT_FOLDER="$PWD/out" FAULT_CALLS=flock FAULT_AT=all \
        FAULT_KIND=ENOLCK succeeds "$program" --config c.yaml max_steps=2
    [ "$(grep -c 'cannot be locked (No locks available): make sure that no other run writes there' <<<"$stderr")" -eq 1 ] ||
        complain "one line"
}

# Runs with checkpoints whose system calls fail, and processes that end at a system call (tests/faults/failing_calls.c).
# Whatever happened, the same command goes on afterwards, and ends with the bytes of an undisturbed run. CAM_FAULTS=all
# tries every call; otherwise some of each kind are tried.
load common

run_it=(--config c.yaml max_steps=5 warmup_ratio=0 save_strategy=steps save_steps=1 eval_strategy=steps eval_steps=2
    metric_for_best_model=loss)

setup_file() {
    [ -n "${CAM_FAILING_CALLS:-}" ] || return 0
    cd "$BATS_FILE_TMPDIR" && make_all
    cam-train --quiet "${run_it[@]}" output_dir=whole 2>/dev/null
    FAULT_REPORT=calls disturbed counted 0 none || {
        cat err >&2
        return 1
    }
}

setup() {
    [ -n "${CAM_FAILING_CALLS:-}" ] || skip "run by ctest, which knows where the library of failing calls is"
    cd "$BATS_FILE_TMPDIR"
}

# disturbed FOLDER N KIND: the run; $status and ./err are its. Checkpoints are written behind the training, so the same
# number may be another call in the next run: $call is the one that it was.
disturbed() {
    status=0
    rm -f done
    LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 FAULT_FOLDER="$PWD/$1" FAULT_AT=$2 \
        FAULT_KIND=$3 FAULT_REPORT=${FAULT_REPORT:-done} "$program" "${run_it[@]}" output_dir="$1" 2>err 3>&- || status=$?
    call=$(sed -n "s/^$2 //p" done 2>/dev/null) || true
    stderr=$(cat err) output="call $2 $3: $call"
    return $status
}

result() {
    (cd "$1" && sha256sum model.safetensors config.json tokenizer.json split.tsv mistakes.csv)
    jq -cS 'del(.step_s, .wall_s, .run_id)' "$1/log.jsonl"
}

# goes_on: the same command, undisturbed, in ./out. Every checkpoint there is whole before.
goes_on() {
    local manifest
    for manifest in out/checkpoint-*/manifest.json; do
        [ -e "$manifest" ] || continue
        (cd "${manifest%/*}" && jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sha256sum --check --quiet) ||
            complain "$manifest is not what lies there"
    done
    if [ -e out ] && [ ! -e out/run.json ]; then rm -rf out; fi # nothing was begun
    cam-train "${run_it[@]}" output_dir=out 2>again.err || complain "the same command: $(cat again.err)"
    diff <(result whole) <(result out) >differences || complain "not the undisturbed run: $(head -20 differences)"
    [ -z "$(find out -name '*tmp-*' -o -name '.checkpoint*')" ] || complain "left over: $(ls -A out)"
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

# The run was killed, unless it made fewer calls this time.
killed() { [ "$status" -eq 137 ] || [ "$status-$call" = 0- ] || complain "not killed"; }

@test "KILL at a call of a run" {
    for n in $(chosen ' (rename|fdatasync|fsync|mkdir|unlink) ' 16) $(chosen ' (write|open|close|ftruncate|fallocate|flock) ' 8); do
        rm -rf out
        disturbed out "$n" kill || true
        killed
        goes_on
    done
}

@test "KILL in the middle of a write" {
    for n in $(chosen ' write .*(checkpoint|run.json|log.jsonl)' 8); do
        rm -rf out
        disturbed out "$n" torn || true
        killed
        goes_on
    done
}

@test "an error of a call is exit 8, and nothing unfinished is left" {
    for kind in EIO ENOSPC; do
        for n in $(chosen ' (write|rename|fdatasync|fsync|ftruncate|mkdir) ' 12); do
            rm -rf out
            disturbed out "$n" $kind || true
            # close, fallocate, and the removal of old checkpoints, which a warning tells, may fail without a loss
            if grep -q '^warning: an old checkpoint could not be removed: ' err; then
                [ "$status" -eq 0 ] || complain "status $status"
                rm -rf out/.checkpoint-*.gone-* # a later checkpoint would remove it; this may have been the last one
            elif [ "$status" -ne 0 ] || [[ "$call" =~ ^(write|rename|fdatasync|fsync|ftruncate|mkdir)\  && "$call" != *.gone-* ]]; then
                [ "$status" -eq 8 ] || complain "status $status"
                [ "$(grep -c '^error: ' err)" -eq 1 ] || complain "one error"
            fi
            [ -z "$(find out -name '*tmp-*' -o -name '.checkpoint*')" ] || complain "left over: $(ls -A out)"
            goes_on
        done
    done
}

@test "TERM at a call, and a second one" {
    for n in $(chosen ' (write|rename|fdatasync) .*checkpoint' 5); do
        for kind in term twice; do
            rm -rf out
            disturbed out "$n" $kind || true
            case $kind-$status in
            term-0 | term-75 | twice-0 | twice-75 | twice-130) ;; # it may come after the last step
            *) complain "status $status" ;;
            esac
            [ "$status" -eq 0 ] || goes_on
        done
    done
}

# As a scheduler ends a job: TERM, and KILL before the save is done.
@test "TERM at a call, and KILL at a later one" {
    local ended=0
    for n in $(chosen ' (write|rename|fdatasync) .*checkpoint' 4); do
        for later in 1 4 12 30; do
            rm -rf out
            FAULT_KILL_AT=$((n + later)) disturbed out "$n" term || true
            case $status in
            137) ended=$((ended + 1)) ;;
            0 | 75) continue ;; # the save had fewer calls
            *) complain "status $status" ;;
            esac
            goes_on
        done
    done
    [ "$ended" -gt 3 ] || complain "only $ended runs were killed"
}

@test "a disk that fills up: exit 8 with the bytes that are needed, and the earlier checkpoint goes on" {
    local size filled=0
    mkdir -p small
    for size in $(seq 1300 100 2400); do
        mount -t tmpfs -o size="${size}k" tmpfs small 2>/dev/null || skip "no right to mount: a full disk was not tried"
        status=0
        "$program" "${run_it[@]}" output_dir=small/out save_total_limit=9 2>err 3>&- || status=$?
        rm -rf out out.full && if [ -e small/out ]; then cp -r small/out out.full; fi
        umount small
        stderr=$(cat err) output="$size kB: $(ls -A out.full 2>/dev/null || true)"
        [ "$status" -ne 0 ] || continue
        [ "$status" -eq 8 ] || complain "status $status"
        grep -qE 'needs [0-9.,]+ [kMG]?B' err || complain "no word of the bytes that are needed"
        [ -e out.full/run.json ] || continue # refused before any work
        filled=$((filled + 1))
        [ -z "$(find out.full -name '.checkpoint*')" ] || complain "left over"
        mv out.full out
        goes_on
    done
    [ "$filled" -gt 0 ] || complain "no disk became full"
}

# What an output folder holds whatever happens to it: a whole model or none, the user's own files, no leftovers. Saves under
# failing system calls are in faults.bats.
load common
setup() { in_own_folder; }

# running ARGUMENT...: a run in the background that ends when it is told to; returns after its third step.
running() {
    "$program" --config c.yaml num_train_epochs=100000 eval_strategy=no "$@" 2>run.err 3>&- &
    job=$!
    for _ in $(seq 300); do grep -qs '"step":3,' "${folder:-out}/log.jsonl" && break || sleep 0.02; done
}

# ends_with CODE [SIGNAL]: the run in the background gets the signal and exits with the code.
ends_with() {
    [ -z "${2:-}" ] || kill "-$2" "$job"
    status=0 && wait "$job" || status=$?
    stderr=$(cat run.err) output=
    [ "$status" -eq "$1" ] || complain "expected exit $1"
}

predicts() { succeeds cam-train predict --model "$1" --input <(echo 'où est mon colis'); }

@test "a run that overwrites another takes the old model away first: until its first save there is none" {
    succeeds cam-train --config c.yaml --quiet max_steps=2
    running overwrite_output_dir=true
    [ ! -e out/config.json ] && [ ! -e out/model.safetensors ] && [ ! -e out/tokenizer.json ] && [ ! -e out/metrics.json ]
    for verb in "predict --input data.csv" "eval --data data.csv"; do
        refused 4 "has not saved a model yet" cam-train $verb --model out
        says "cam-train --config out/run.yaml"
    done
    ends_with 75 TERM
    predicts out
}

@test "the command that is proposed for an unfinished run lets it go on" {
    running num_train_epochs=60 save_strategy=steps save_steps=1
    ends_with 137 KILL
    run --separate-stderr cam-train predict --model out --input data.csv
    command=$(grep -o 'cam-train --config .*' <<<"$stderr")
    PATH="$(dirname "$program"):$PATH"
    succeeds bash -c "$command"
    says "resume   checkpoint-"
    predicts out
}

@test "a tokenizer file of an earlier run is not left beside those of another model" {
    succeeds cam-train --config c.yaml --quiet num_train_epochs=1
    make_tiny proto && rm proto/tokenizer.json
    succeeds cam-train --config c.yaml --quiet num_train_epochs=1 model_name_or_path=./proto overwrite_output_dir=true
    [ ! -e out/tokenizer.json ] && [ -e out/sentencepiece.bpe.model ]
    rm -r out && mkdir out && cp tiny/tokenizer.json out
    refused 2 "already holds a run (tokenizer.json)" cam-train --config c.yaml
    cmp tiny/tokenizer.json out/tokenizer.json
}

@test "the model's folder may be changed or removed while a run trains from it" {
    succeeds cam-train --config c.yaml --quiet max_steps=3 output_dir=undisturbed
    cp -r tiny kept
    folder=changed running output_dir=changed
    for file in tiny/*; do echo '{}' >"$file"; done
    ends_with 75 TERM
    rm -r tiny && cp -r kept tiny
    folder=removed running output_dir=removed
    rm -r tiny
    ends_with 75 TERM
    for out in changed removed; do
        for file in tokenizer.json sentencepiece.bpe.model tokenizer_config.json special_tokens_map.json config.json; do
            cmp "undisturbed/$file" "$out/$file"
        done
        predicts $out
    done
}

@test "what killed runs left is removed by the next run, what others write is not" {
    mkdir out
    local big=out/model.safetensors.cam-tmp
    for name in $big-99999 $big-99999.1 out/config.json.cam-tmp-7; do echo left >"$name"; done
    for name in $big-x out/notes.cam-tmp-7 out/model.safetensors.tmp-7; do echo kept >"$name"; done
    # a process that writes holds the lock of its temporary file
    exec 8>"$big-5" && flock -n 8
    succeeds cam-train --config c.yaml --quiet max_steps=2
    [ ! -e $big-99999 ] && [ ! -e $big-99999.1 ] && [ ! -e out/config.json.cam-tmp-7 ]
    [ -e $big-x ] && [ -e out/notes.cam-tmp-7 ] && [ -e out/model.safetensors.tmp-7 ] && [ -e "$big-5" ]
    exec 8>&-
    echo left >rows.tsv.cam-tmp-123
    succeeds cam-train predict --model out --input data.csv --output rows.tsv
    [ ! -e rows.tsv.cam-tmp-123 ] && [ -s rows.tsv ]
}

@test "no file that the run reads is removed or replaced by it" {
    mkdir out
    for name in log.jsonl metrics.json split.tsv mistakes.csv model.safetensors run.yaml; do
        cp data.csv out/$name
        for key in train_file validation_file test_file; do
            refused 2 "$key \"out/$name\" has the name and the place" \
                cam-train --config c.yaml format=csv overwrite_output_dir=true $key=out/$name
        done
        cmp data.csv out/$name && rm out/$name
    done
    cp data.csv out/log.jsonl
    ln -s out/log.jsonl link.csv && ln out/log.jsonl hard.csv
    for file in link.csv hard.csv ./out/../out/log.jsonl "$PWD/out/log.jsonl"; do
        refused 2 "\"$file\" has the name" cam-train --config c.yaml format=csv overwrite_output_dir=true train_file="$file"
    done
    rm out/log.jsonl
    { echo '# my notes' && cat c.yaml; } >out/run.yaml && cp out/run.yaml notes.yaml
    refused 2 'the configuration "out/run.yaml"' cam-train --config out/run.yaml overwrite_output_dir=true
    cmp notes.yaml out/run.yaml
    cp tiny/tokenizer.json out && ln -sf ../out/tokenizer.json tiny/tokenizer.json
    refused 2 "the model's file \"./tiny/tokenizer.json\"" cam-train --config c.yaml overwrite_output_dir=true
}

@test "what the refusal proposes cures; a run's own run.yaml trains it again in its place" {
    mkdir out && mv data.csv out/mistakes.csv
    run --separate-stderr cam-train --config c.yaml train_file=out/mistakes.csv overwrite_output_dir=true
    eval "$(grep -o 'mv .*' <<<"$stderr")"
    succeeds cam-train --config c.yaml --quiet train_file=mistakes.csv overwrite_output_dir=true max_steps=2
    succeeds cam-train --config out/run.yaml --quiet overwrite_output_dir=true
    grep -q 'max_steps: 2' out/run.yaml
}

@test "an output folder that is renamed while a run writes to it: its files stay together" {
    running seed=1
    mv out moved
    succeeds cam-train --config c.yaml --quiet seed=2 num_train_epochs=1
    find out -type f -exec sha256sum {} + >second
    ends_with 75 TERM
    sha256sum --check --quiet second
    grep -q 'seed: 1' moved/run.yaml && predicts moved
    tail -1 moved/log.jsonl | jq -e '.reason == "signal"'
    rm -r out moved
    succeeds cam-train --config c.yaml max_steps=2
    [[ "$stderr" != *"was renamed"* ]] || complain "nothing was renamed"
}

@test "an output folder that is removed while a run writes to it is exit 8" {
    running save_strategy=no
    rm -r out
    ends_with 8 TERM
    says "No such file or directory"
    running save_strategy=steps save_steps=1
    until rm -r out 2>/dev/null; do :; done # a checkpoint is being written there
    ends_with 8
    says "No such file or directory"
}

@test "an output folder without room is refused before any work, with both numbers" {
    faulty() { LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0 FAULT_FREE="$1" "$program" "${@:2}"; }
    [ -n "${CAM_FAILING_CALLS:-}" ] || skip "run by ctest, which knows where the library of failing calls is"
    for verb in "train --dry-run" train check; do
        refused 8 "has no room for the run: it needs " faulty 20480 $verb --config c.yaml
        says ", and 20 kB are free there"
        [ ! -e out ]
    done
    size=$(($(du -bc tiny | tail -1 | cut -f1) + 1400000))
    succeeds faulty $size --config c.yaml max_steps=2
    says "has room for one save, but the next one is written beside it"
    succeeds faulty $size --config c.yaml max_steps=2 overwrite_output_dir=true eval_strategy=no save_strategy=no
    [[ "$stderr" != *"room for one save"* ]] || complain "one save is all there is"
}

# on_small_disk KIB COMMAND...: with a file system of that size mounted at ./disk.
on_small_disk() {
    mkdir -p disk
    mount -t tmpfs -o "size=$1k" tmpfs disk
    "${@:2}" || { umount disk && return 1; }
    umount disk
}

fills_the_disk() {
    run --separate-stderr cam-train --config c.yaml output_dir=disk/out num_train_epochs=2 metric_for_best_model=loss
    [ "$status" -eq 8 ] || complain "expected a full disk"
    says "free there" && says "needs "
    [ -z "$(find disk -name '*cam-tmp*')" ] || complain "leftovers"
    [[ "$stderr" != *"saved the model"* ]] || complain "says that it was saved"
    if [ -e disk/out/config.json ]; then predicts disk/out; fi
}

@test "a disk that fills is exit 8 with the bytes that are needed; nothing is left of the save" {
    mkdir disk && mount -t tmpfs -o size=4k tmpfs disk 2>/dev/null || skip "no mount without root: no full disk was tried"
    umount disk
    for size in 8 64 300 600 700 900 1100; do on_small_disk $size fills_the_disk; done
}

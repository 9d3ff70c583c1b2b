# Several ranks when something goes wrong: signals, kills, peers that are lost, what fails on one rank only. Each rank runs under
# one_rank.sh, so that a signal reaches the rank that it is meant for, and each rank's end is known.
load ranks
setup() { in_own_folder_of_ranks; }
teardown() {
    end_job
    if mountpoint -q small; then umount small; fi
}

# stopped_well N: every rank ended with 75, after the same step, and the model so far is there.
stopped_well() {
    local r
    [ "$status" -eq 75 ] || complain_with_all "expected of mpirun: exit 75, not $status"
    for r in $(seq 0 $(($1 - 1))); do code_of "$r" 75; done
    [ "$(cat ranks/stderr.* | grep -c 'stopped by a signal')" -eq 1 ] || complain_with_all "expected to hear once of the signal"
}

# saved_well WORDS: the log ends, rank 0 says so, a checkpoint and the model so far are there.
saved_well() {
    log_ends signal
    grep -q "stopped by a signal $1.*; checkpoint-[0-9]* is saved" ranks/stderr.0 || complain_with_all "expected: stopped by a signal $1"
    [ "$(cam-train predict --model out <<<bonjour | wc -l)" -eq 1 ]
}

# A rank that stopped at another step than the others would have left them waiting.
stopped_while_training() {
    stopped_well "$1"
    saved_well "after step $(last_step) of"
}

@test "USR1 to one rank stops all at the same step, with 75, and all is saved" {
    train 3 eval_strategy=no
    steps_until 5
    signal USR1 1
    ends_within 60
    stopped_while_training 3
}

@test "TERM to every rank, USR1 to mpirun" {
    train 3 eval_strategy=no
    steps_until 5
    for r in 0 1 2; do signal TERM $r; done
    ends_within 60
    stopped_while_training 3
    rm -rf out ranks
    train 2 eval_strategy=no
    steps_until 5
    kill -USR1 "$job"
    ends_within 60
    stopped_while_training 2
}

scores_now() { has_step 5 && [ "$(grep -c '"event":"eval"' out/log.jsonl)" -eq 0 ]; }

@test "USR1 to one rank while all score a large validation set" {
    make_tiny wide '.hidden_size = 256 | .intermediate_size = 1024' # some ten seconds, if it were not cut short
    { echo text,label && seq -f 'mon colis numéro %g n est pas là,suivi' 30000; } >validation.csv
    train 3 model_name_or_path=./wide validation_file=validation.csv on_duplicate=ignore
    eventually 60 scores_now || complain_with_all "no evaluation was met"
    signal USR1 2
    ends_within 60
    stopped_well 3
    saved_well "to rank 2"
    if grep '"event":"eval"' out/log.jsonl; then complain_with_all "the evaluation was over"; fi
}

# Its handlers are there, and the whole file is read.
tokenizes() {
    local file=/proc/$1/io
    [ -r "$file" ] && [ "$(sed -n 's/^rchar: //p' "$file")" -gt "$(stat -c %s data.csv)" ]
}

@test "USR1 to one rank while all read a large file: 75, and nothing was begun" {
    { echo text,label && seq -f 'mon colis numéro %g n est pas là,suivi' 150000 && echo 'mot de passe,accès'; } >data.csv
    launch 2 -- --config c.yaml on_duplicate=ignore stratify=false
    eventually 60 test -s ranks/pid.1
    eventually 60 tokenizes "$(cat ranks/pid.1)" || complain_with_all "rank 1 did not read"
    signal USR1 1
    ends_within 60
    stopped_well 2
    [ ! -e out ]
}

saves_now() { compgen -G 'out/model.safetensors.cam-tmp*' >/dev/null; }

@test "USR1 to one rank while rank 0 saves" {
    make_tiny wide '.hidden_size = 512 | .intermediate_size = 2048 | .num_attention_heads = 8'
    cp data.csv validation.csv
    train 2 model_name_or_path=./wide validation_file=validation.csv on_duplicate=ignore learning_rate=1e-4 save_strategy=no
    local until=$((SECONDS + 60))
    until saves_now; do [ $SECONDS -lt $until ] || complain_with_all "no save was met"; done
    signal USR1 1
    ends_within 60
    stopped_well 2
    log_ends signal
    grep -q 'the model of step [0-9]* is saved' ranks/stderr.0 || complain_with_all "no model"
    if compgen -G 'out/*tmp*'; then complain_with_all "left over"; fi
}

@test "two signals to one rank: it ends at once with 130, and the others do not stay" {
    train 3 eval_strategy=no
    steps_until 5
    kill -USR1 "$(cat ranks/pid.1)" && kill -TERM "$(cat ranks/pid.1)"
    eventually 5 test -s ranks/code.1 || complain_with_all "rank 1 did not end at once"
    code_of 1 130
    ends_within 30
    code_of 0 9 # whatever they were doing, the last agreement included
    code_of 2 9
    [ "$status" -ne 0 ]
}

@test "a killed rank, which the launcher does not report to the others: they notice, and end with 9" {
    timeout=3 # no ddp_timeout is waited for
    train 3 --enable-recovery -- eval_strategy=no
    steps_until 5
    since=$(now_ms)
    signal KILL 1
    ends_within 60
    lost 1 "$since" 0 2
    log_ends error
}

@test "a rank that is killed among checkpoints: no rank waits for its part of one" {
    timeout=10
    train 3 --enable-recovery -- eval_strategy=no save_strategy=steps save_steps=1
    steps_until 5
    since=$(now_ms)
    signal KILL 1
    ends_within 60
    lost 1 "$since" 0 2
}

@test "a killed rank under plain mpirun: everything ends within seconds" {
    train 3 eval_strategy=no
    steps_until 5
    signal KILL 1
    ends_within 15
    [ "$status" -ne 0 ]
}

@test "a stopped rank: the others end with 9 in time, and it does not stay" {
    train 3 eval_strategy=no ddp_timeout=$timeout
    steps_until 5
    since=$(now_ms)
    signal STOP 1
    ends_within 60
    lost 1 "$since" 0 2
    [ "$status" -eq 9 ] || complain_with_all "expected of mpirun: exit 9"
    log_ends error
}

# several SETTINGS...: ranks 0, 1, ... with these settings each ("" for none).
several() {
    local options=() settings
    mkdir -p ranks
    for settings; do
        options+=(-np 1 "$BATS_TEST_DIRNAME/one_rank.sh" "$PWD/ranks" "$program" --config c.yaml)
        if [ -n "$settings" ]; then options+=("$settings"); fi
        options+=(:)
    done
    "${mpirun[@]}" "${patient[@]}" "${options[@]}" </dev/null >mpirun.out 2>mpirun.err 3>&- &
    job=$!
    ends_within 30
}

# all_refused CODE MESSAGE
all_refused() {
    local file
    [ "$status" -eq "$1" ] || complain_with_all "expected of mpirun: exit $1"
    for file in ranks/pid.*; do code_of "${file#ranks/pid.}" "$1"; done
    one_message "$2"
    [ ! -e out ] || complain_with_all "a run was begun"
}

@test "one rank does not find its data: all exit 3, one message" {
    several "" train_file=none.csv ""
    all_refused 3 "$PWD/none.csv"
    grep -q '^\[rank 1\] error: ' ranks/stderr.1
    rm -rf ranks
    several train_file=none.csv ""
    all_refused 3 "$PWD/none.csv"
}

@test "ranks that were started differently: all exit 2, one message" {
    several "" seed=1
    all_refused 2 "rank 1 does not have the same configuration as rank 0"
    rm -rf ranks
    several "" "" learning_rat=1
    all_refused 2 '"learning_rat"'
}

# The same name on every machine, and something else in it.
@test "ranks that read other data, or another model, under the same name: all exit 2, one message" {
    mkdir -p other ranks
    cp -r tiny c.yaml other
    sed '$d' data.csv >other/data.csv
    for what in data model; do
        rank=("$BATS_TEST_DIRNAME/one_rank.sh" "$PWD/ranks" "$program" --config c.yaml)
        "${mpirun[@]}" "${patient[@]}" -np 2 "${rank[@]}" : -np 1 -wdir "$PWD/other" "${rank[@]}" \
            </dev/null >mpirun.out 2>mpirun.err 3>&- &
        job=$!
        ends_within 30
        all_refused 2 "rank 2 does not have the same $what as rank 0"
        cp data.csv other
        make_tiny other/tiny '.num_hidden_layers = 2'
    done
}

@test "rank 0's disk is full: all exit 8 at once, one message" {
    mkdir small
    mount -t tmpfs -o size=4m tmpfs small 2>/dev/null || skip "no file system may be mounted here: a full disk was not tried"
    ln -s small/out out
    train 3 eval_strategy=no save_strategy=no output_dir=small/out
    steps_until 5
    cat /dev/zero >small/rest 2>rest.err || true
    ends_within 30
    [ "$status" -eq 8 ] || complain_with_all "expected of mpirun: exit 8"
    for r in 0 1 2; do code_of $r 8; done
    one_message 'small/out/log.jsonl": No space left on device'
}

# with_fault KIND CALL N: options of mpirun under which the N-th of these calls on files of ./out meets that fault.
with_fault() {
    [ -n "${CAM_FAILING_CALLS:-}" ] || skip "run by ctest, which knows where the library of failing calls is"
    fault=(-x LD_PRELOAD="$CAM_FAILING_CALLS" -x ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 -x FAULT_FOLDER="$PWD/out"
        -x FAULT_KIND="$1" -x FAULT_CALLS="$2" -x FAULT_AT="$3")
}

@test "a stop whose save fails on rank 0 is exit 8 from all, and there is no model" {
    with_fault ENOSPC fdatasync 4 # after those of run.json, run.yaml and split.tsv
    train 2 "${fault[@]}" -- eval_strategy=no save_strategy=no
    steps_until 5
    signal TERM 1
    ends_within 60
    for r in 0 1; do code_of $r 8; done
    one_message 'No space left on device; the file needs '
    log_ends error
    [ ! -e out/config.json ]
}

@test "rank 0 is killed in its first save: the others end with 9, and there is no model" {
    with_fault kill rename 4 # after those of run.json, run.yaml and split.tsv
    train 2 "${fault[@]}" -- eval_strategy=no save_strategy=no
    steps_until 5
    signal TERM 1
    ends_within 60
    code_of 1 9
    [ ! -e out/config.json ]
    refused 4 "has not saved a model yet" cam-train predict --model out --input data.csv
    succeeds cam-train --config c.yaml --quiet overwrite_output_dir=true max_steps=2
    if compgen -G 'out/*cam-tmp*'; then complain "left over"; fi
}

# A model ./planted, trained on planted.csv, in which one training row, whichever rank it falls to, meets a weight that is finite
# and too large: the sum of 32 of them is infinite. Its word occurs in no other row.
plant() {
    local ids id header begin
    { cat data.csv && echo 'bonjour zzz,suivi'; } >planted.csv
    cp data.csv validation.csv
    cam-train --quiet --config c.yaml train_file=planted.csv validation_file=validation.csv on_duplicate=ignore max_steps=1 \
        warmup_ratio=0 \
        output_dir=planted
    ids=$(cam-train tokenize --model tiny --format ids --input data.csv | tr ' ' '\n' | sort -u)
    id=$(cam-train tokenize --model tiny --format ids <<<'bonjour zzz' | tr ' ' '\n' | grep -vxF "$ids" | head -1)
    header=$(od -An -t u8 -N 8 planted/model.safetensors | tr -d ' ')
    begin=$(tail -c +9 planted/model.safetensors | head -c "$header" |
        jq '."roberta.embeddings.word_embeddings.weight".data_offsets[0]')
    printf '\xff\xff\x7f\x7f%.0s' $(seq 32) | # the largest float32
        dd of=planted/model.safetensors bs=1 seek=$((8 + header + begin + id * 32 * 4)) conv=notrunc status=none
    planted=(--config c.yaml model_name_or_path=./planted init=pretrained train_file=planted.csv validation_file=validation.csv
        on_duplicate=ignore num_train_epochs=2)
}

@test "a row that is not finite on one rank: all exit 7 at the step of one process, one message" {
    plant
    run --separate-stderr cam-train "${planted[@]}" per_device_train_batch_size=12 output_dir=alone
    [ "$status" -eq 7 ] || complain "one process"
    says 'is not finite'
    step=$(last_step alone)
    launch 3 -- "${planted[@]}" per_device_train_batch_size=4
    ends_within 60
    [ "$status" -eq 7 ] || complain_with_all "expected of mpirun: exit 7"
    for r in 0 1 2; do code_of $r 7; done
    one_message "step $step is not finite"
    [ "$(last_step)" -eq "$step" ]
    log_ends diverged
}

@test "on_nonfinite=skip: the ranks skip the step that one process skips, and go on" {
    plant
    cam-train --quiet "${planted[@]}" on_nonfinite=skip per_device_train_batch_size=12 output_dir=alone
    ranks 3 --quiet "${planted[@]}" on_nonfinite=skip per_device_train_batch_size=4 output_dir=of-3
    for run in alone of-3; do
        jq -e '.warnings | any(. == "2 steps were not finite and skipped")' $run/metrics.json
        jq -cs '[.[] | select(.event == "step") | [.step, .tokens, .loss == null]]' $run/log.jsonl >$run.steps
    done
    diff alone.steps of-3.steps
}

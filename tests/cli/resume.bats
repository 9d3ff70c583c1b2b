# A run that was stopped goes on where it was, and ends with the bytes of one that was not.
load resume
setup() { in_own_folder; }

every_step="save_strategy=steps save_steps=1 save_total_limit=100"

# goes_on_from_each [KEY=VALUE...]: the run, stopped after each of its steps, ends as if it had not been.
goes_on_from_each() {
    rm -rf whole
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole "$@"
    local step last
    last=$(jq -s '[.[] | select(.event == "step").step] | max' whole/log.jsonl)
    for step in $(seq "${steps_between:-1}" "${steps_between:-1}" "$last"); do
        stopped_at "$step" again
        # shellcheck disable=SC2086
        succeeds cam-train --config c.yaml $every_step output_dir=again "$@"
        says "resume   checkpoint-$step: step $step of"
        equal again
    done
}

@test "from each step of an epoch, its end among them" {
    goes_on_from_each num_train_epochs=2
}

@test "from the middle of patience" {
    goes_on_from_each num_train_epochs=6 eval_strategy=steps eval_steps=2 early_stopping_patience=3 learning_rate=3e-2
    [ "$(jq -r 'select(.event == "end").reason' whole/log.jsonl)" = early_stopping ] || complain "patience did not end it"
}

@test "frozen, accumulating, by length, with class weights, without evaluation, with the last model" {
    steps_between=3
    goes_on_from_each freeze=encoder num_train_epochs=2
    goes_on_from_each freeze=first:1 frozen_dropout=true
    goes_on_from_each gradient_accumulation_steps=3 per_device_train_batch_size=4
    goes_on_from_each train_sampling_strategy=group_by_length class_weights=balanced label_smoothing_factor=0.1
    goes_on_from_each eval_strategy=no
    goes_on_from_each load_best_model_at_end=false max_steps=9
}

@test "a signal of each kind: exit 75, one whole checkpoint, and the same command goes on" {
    succeeds cam-train --config c.yaml output_dir=whole num_train_epochs=60
    for signal in TERM INT USR1 HUP; do
        rm -rf out
        set -m
        "$program" --config c.yaml num_train_epochs=60 2>stop.err 3>&- &
        job=$!
        set +m
        for _ in $(seq 300); do [ "$(wc -l 2>/dev/null <out/log.jsonl || echo 0)" -gt 40 ] && break || sleep 0.02; done
        kill -"$signal" $job
        status=0 && wait $job || status=$?
        stderr=$(cat stop.err)
        [ "$status" -eq 75 ] || complain "expected exit 75 after $signal"
        step=$(jq -s '[.[] | select(.event == "step").step] | max' out/log.jsonl)
        says "checkpoint-$step is saved: the same command goes on from it"
        [ -s "out/checkpoint-$step/manifest.json" ] || complain "no checkpoint-$step"
        succeeds cam-train --config c.yaml num_train_epochs=60
        says "resume   checkpoint-$step: step $step of"
        equal out
    done
}

@test "two signals: the program ends at once with 130, and the same command goes on" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole num_train_epochs=20
    for second in TERM INT USR1 HUP; do
        rm -rf out
        # shellcheck disable=SC2086
        "$program" --config c.yaml $every_step num_train_epochs=20 2>stop.err 3>&- &
        job=$!
        for _ in $(seq 300); do [ "$(wc -l 2>/dev/null <out/log.jsonl || echo 0)" -gt 20 ] && break || sleep 0.02; done
        kill -STOP $job && kill -USR1 $job && kill -"$second" $job && kill -CONT $job
        status=0 && wait $job || status=$?
        stderr=$(cat stop.err) output=
        case $second-$status in
        USR1-75) ;; # two that wait are one
        *-130) ;;
        *) complain "expected exit 130 after USR1 and $second" ;;
        esac
        # shellcheck disable=SC2086
        succeeds cam-train --config c.yaml $every_step num_train_epochs=20
        says 'resume   checkpoint-'
        equal out
    done
}

@test "killed again and again: each time it goes on from the newest checkpoint" {
    succeeds cam-train --config c.yaml output_dir=whole num_train_epochs=60
    for turn in 1 2 3 4; do
        "$program" --config c.yaml num_train_epochs=60 2>kill.err 3>&- &
        job=$!
        sleep 0.0$((turn * 2))
        lines=$(wc -l 2>/dev/null <out/log.jsonl || echo 0)
        for _ in $(seq 200); do [ "$(wc -l 2>/dev/null <out/log.jsonl || echo 0)" -gt $((lines + 30)) ] && break || sleep 0.01; done
        kill -KILL $job
        wait $job || true
    done
    succeeds cam-train --config c.yaml num_train_epochs=60
    equal out
    [ -z "$(find out -name '*tmp*')" ] || complain "left over: $(ls -A out)"
}

@test "a finished run says so, and stays as it is" {
    succeeds cam-train --config c.yaml
    find out -type f -exec sha256sum {} + >before
    succeeds cam-train --config c.yaml
    says 'output_dir "out" holds this run, finished: nothing is left to do'
    succeeds cam-train check --config c.yaml
    answers "the run in output_dir is finished"
    succeeds cam-train --config c.yaml --dry-run
    sha256sum --check --quiet before
    refused 2 'already holds a run' cam-train --config c.yaml --resume none
    rm out/model.safetensors
    refused 2 'already holds a run (its model is gone); choose another folder, or set overwrite_output_dir=true' \
        cam-train --config c.yaml
    succeeds cam-train --config c.yaml overwrite_output_dir=true
}

@test "what matters may not change, and each difference is named with both values; what does not may" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole
    stopped_at 9 out
    refused 2 'learning_rate was 5e-3 and is 1e-3; seed was 42 and is 7' cam-train --config c.yaml learning_rate=1e-3 seed=7
    refused 2 'rows of an update was 8 and is 16' cam-train --config c.yaml gradient_accumulation_steps=2
    make_data | sed 's/euros/francs/' >other.csv
    refused 2 'data was 54 rows of training, 6 of validation, 0 of test' cam-train --config c.yaml train_file=other.csv
    says 'train_file was data.csv and is other.csv'
    refused 2 'labels of the data was 3 names' cam-train --config c.yaml 'label_map={suivi: zz_suivi}'
    make_tiny small '.intermediate_size = 32 | .num_attention_heads = 4'
    refused 2 'model was 1 layers' cam-train --config c.yaml model_name_or_path=small
    cp data.csv moved.csv
    succeeds cam-train --config c.yaml train_file=moved.csv logging_steps=1 save_total_limit=5 cpu_threads=1 \
        per_device_train_batch_size=4 gradient_accumulation_steps=2 per_device_eval_batch_size=3
    says 'resume   checkpoint-9'
}

@test "a checkpoint that is named, absent, damaged, or another run's" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole
    stopped_at 9 out
    succeeds cam-train --config c.yaml --resume out/checkpoint-5
    says 'resume   checkpoint-5'
    equal out
    stopped_at 9 out
    refused 2 'no folder "out/checkpoint-77"; set resume_from_checkpoint=auto' cam-train --config c.yaml --resume out/checkpoint-77
    cp -r out/checkpoint-9 elsewhere
    refused 4 'is no whole checkpoint of the run in output_dir' cam-train --config c.yaml --resume elsewhere
    printf 'X' | dd of=out/checkpoint-9/moment1.bin bs=1 seek=999 conv=notrunc status=none
    refused 4 'moment1.bin' cam-train --config c.yaml --resume out/checkpoint-9
    cp -r out/checkpoint-3 out/checkpoint-9999
    sed -i 's/"run_id": *"[0-9a-f]*"/"run_id":"0123456789abcdef"/; s/"step": *3/"step":9999/' out/checkpoint-9999/manifest.json
    succeeds cam-train --config c.yaml
    says 'moment1.bin'
    says 'resume   checkpoint-8'
    equal out
    [ -d out/checkpoint-9999 ] || complain "another run's checkpoint was removed"
}

@test "without any whole checkpoint the run begins again; a run in a folder without run.json is left alone" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole
    stopped_at 1 out
    truncate -s 100 out/checkpoint-1/manifest.json
    succeeds cam-train --config c.yaml
    says 'it begins again'
    equal out
    stopped_at 0 out
    succeeds cam-train --config c.yaml
    says 'no checkpoint yet: the run begins again'
    equal out
    stopped_at 9 out
    rm out/run.json
    refused 2 'already holds a run (config.json)' cam-train --config c.yaml
}

@test "checkpoints that stay: as many as save_total_limit, the newest, and that of the best model" {
    succeeds cam-train --config c.yaml save_strategy=steps save_steps=2 eval_strategy=steps eval_steps=2 num_train_epochs=4
    best=$(jq .best.step out/checkpoint-28/training.json)
    [ -d "out/checkpoint-$best" ] && [ "$(ls -d out/checkpoint-* | wc -l)" -le 3 ] || complain "$(ls out)"
    succeeds cam-train --config c.yaml save_strategy=no output_dir=none
    [ -z "$(find none -name 'checkpoint-*')" ]
    succeeds cam-train --config c.yaml output_dir=three save_total_limit=3 num_train_epochs=4
    [ "$(ls -d three/checkpoint-* | wc -l)" -le 4 ] && [ -d three/checkpoint-28 ] || complain "$(ls three)"
    succeeds cam-train --config c.yaml output_dir=three overwrite_output_dir=true save_strategy=no
    [ -z "$(find three -name 'checkpoint-*')" ] || complain "an overwritten run's checkpoints stay"
}

@test "with overwrite_output_dir a stopped run goes on as well; another one, or --resume none, begins" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=whole
    stopped_at 9 out
    succeeds cam-train --config c.yaml overwrite_output_dir=true
    says 'resume   checkpoint-9'
    equal out
    stopped_at 9 out
    succeeds cam-train --config c.yaml overwrite_output_dir=true --resume none
    [[ "$stderr" != *"resume   "* ]] || complain "it went on"
    equal out
    stopped_at 9 out
    succeeds cam-train --config c.yaml overwrite_output_dir=true seed=3
    [[ "$stderr" != *"resume   "* ]] || complain "another run went on"
}

@test "check tells what would become of the run" {
    # shellcheck disable=SC2086
    succeeds cam-train --config c.yaml $every_step output_dir=out
    cp -r out whole && stopped_at 9 out
    succeeds cam-train check --config c.yaml
    answers 'resume   the run in output_dir goes on from checkpoint-9'
    answers 'all is well: the run can go on'
    found=0 && cam-train check --config c.yaml seed=3 >check.out 2>check.err || found=$?
    [ "$found" -eq 2 ] && grep -q 'seed was 42 and is 3' check.err || complain "$(cat check.err)"
}

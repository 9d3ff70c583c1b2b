# Signals while the program reads, and closed standard descriptors.
load common
setup() { in_own_folder; }

# Its handlers are there: bit 14 of the caught signals is TERM's.
hears() {
    local caught
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status")
    [ $((0x${caught:-0} >> 14 & 1)) -eq 1 ]
}

# told SIGNAL CODE COMMAND...: the command runs in the background, gets the signal once it reads, and exits with the code.
# What is awaited would not come for ever: half a minute leaves time to a busy machine.
told() {
    local signal=$1 code=$2 begin
    shift 2
    if [ "$signal" = INT ]; then set -m; fi # without it a background process of a script ignores INT
    "$@" 2>told.err 3>&- 9>&- &
    local job=$!
    set +m
    for _ in $(seq 300); do hears $job && break || sleep 0.02; done
    sleep 0.3
    begin=$(date +%s%N)
    kill "-$signal" $job
    status=0 && wait $job || status=$?
    stderr=$(cat told.err) output="$signal, after $((($(date +%s%N) - begin) / 1000000)) ms"
    [ "$status" -eq "$code" ] || complain "expected exit $code"
    [ $(($(date +%s%N) - begin)) -lt 30000000000 ] || complain "late"
}

@test "train hears a first signal while it waits for a pipe that nobody writes" {
    mkfifo pipe
    for signal in TERM INT USR1 HUP; do
        told $signal 75 "$program" --config c.yaml train_file=pipe format=csv
        says 'stopped by a signal while reading "pipe"'
        [ ! -e out ]
    done
    told TERM 75 "$program" --config pipe
    told TERM 75 "$program" --config c.yaml validation_file=pipe
    mv tiny/tokenizer.json kept && mkfifo tiny/tokenizer.json
    told TERM 75 "$program" --config c.yaml
    rm tiny/tokenizer.json && mv kept tiny/tokenizer.json && mv tiny/config.json kept && mkfifo tiny/config.json
    told TERM 75 "$program" --config c.yaml
}

@test "train hears a first signal while it waits for a writer that says no more" {
    mkfifo pipe
    exec 9<>pipe
    told TERM 75 "$program" --config c.yaml train_file=pipe format=csv
    head -20 data.csv >&9
    told TERM 75 "$program" --config c.yaml train_file=pipe format=csv
    exec 9>&-
    told TERM 75 bash -c 'exec "$0" --config c.yaml train_file=/dev/stdin format=csv < <(exec sleep 5)' "$program"
}

@test "a pipe is read to its end, and so is standard input" {
    mkfifo pipe
    { sleep 0.3 && head -30 data.csv && sleep 0.3 && tail -31 data.csv; } >pipe &
    succeeds cam-train --config c.yaml train_file=pipe format=csv max_steps=2
    says "54 train"
    succeeds cam-train --config c.yaml train_file=/dev/stdin format=csv max_steps=2 output_dir=two < <(sleep 0.3 && cat data.csv)
    says "54 train"
    : >pipe &
    refused 3 empty cam-train --config c.yaml train_file=pipe format=csv output_dir=three
}

@test "a large file is not read to its end after a signal" {
    { echo text,label && yes "une ligne assez longue pour un fichier de plusieurs centaines de mégaoctets,accès" | head -c 400000000; } >large.csv
    told TERM 75 "$program" --config c.yaml train_file=large.csv
    says 'stopped by a signal while reading "large.csv"' # not in what follows
}

# A file of this name is read to its end, and the program still works.
is_read() {
    local file=/proc/$1/io
    [ -r "$file" ] && [ "$(sed -n 's/^rchar: //p' "$file")" -gt "$(stat -c %s "$2")" ]
}

# stopped SIGNAL CONDITION...: the program in the background gets the signal once the condition is met; it exits with 75.
stopped() {
    local signal=$1
    shift
    for _ in $(seq 600); do "$@" && break || sleep 0.01; done
    kill "-$signal" "$job"
    status=0 && wait "$job" || status=$?
    stderr=$(cat stop.err) output=
    [ "$status" -eq 75 ] || complain "expected exit 75 after $signal"
}

@test "USR1 while the texts are tokenised: 75, nothing was begun, and the same command goes on" {
    { cat data.csv && seq -f 'mon colis numéro %g n est pas là,suivi' 150000; } >large.csv
    "$program" --config c.yaml train_file=large.csv on_duplicate=ignore stratify=false 2>stop.err 3>&- &
    job=$!
    stopped USR1 is_read $job large.csv
    [ ! -e out ] || complain "a run was begun"
    succeeds cam-train --config c.yaml train_file=large.csv on_duplicate=ignore stratify=false max_steps=2
}

@test "USR1 while the validation rows are scored: 75, one whole checkpoint, and the same command goes on" {
    make_tiny wide '.hidden_size = 128 | .intermediate_size = 512'
    { echo text,label && seq -f 'mon colis numéro %g n est pas là depuis la semaine dernière,suivi' 20000; } >validation.csv
    large=(--config c.yaml model_name_or_path=./wide validation_file=validation.csv on_duplicate=ignore max_eval_samples=20000
        num_train_epochs=1)
    scores() { [ "$(grep -cs '"event":"step"' out/log.jsonl)" -eq 8 ] && ! grep -qs '"event":"eval"' out/log.jsonl; }
    "$program" "${large[@]}" 2>stop.err 3>&- &
    job=$!
    stopped USR1 scores
    if grep -q '"event":"eval"' out/log.jsonl; then complain "the evaluation was over"; fi
    says "checkpoint-8 is saved: the same command goes on from it"
    [ "$(ls -d out/checkpoint-* | wc -l)" -eq 1 ] || complain "$(ls -A out)"
    succeeds cam-train "${large[@]}"
    says "resume   checkpoint-8"
    succeeds cam-train "${large[@]}" output_dir=whole
    cmp out/model.safetensors whole/model.safetensors
    diff <(jq -c 'del(.step_s, .wall_s, .run_id)' out/log.jsonl) <(jq -c 'del(.step_s, .wall_s, .run_id)' whole/log.jsonl)
}

@test "verbs with nothing to save end at once, also while they wait for a pipe" {
    mkfifo pipe
    for signal in TERM INT USR1 HUP; do told $signal 130 "$program" check --config c.yaml train_file=pipe; done
    told TERM 130 "$program" show --config pipe
    told TERM 130 "$program" tokenize --model tiny --input pipe
    told TERM 130 "$program" init --data pipe
}

@test "a second signal ends a run at once" {
    "$program" --config c.yaml num_train_epochs=100000 eval_strategy=no 2>err 3>&- &
    job=$!
    for _ in $(seq 300); do grep -qs '"step":3,' out/log.jsonl && break || sleep 0.02; done
    kill -STOP $job && kill -TERM $job && kill -HUP $job && kill -CONT $job
    status=0 && wait $job || status=$?
    [ "$status" -eq 130 ] || complain "status"
}

@test "HUP saves as TERM does; under nohup the run goes on" {
    "$program" --config c.yaml num_train_epochs=100000 eval_strategy=no 2>err 3>&- &
    job=$!
    for _ in $(seq 300); do grep -qs '"step":3,' out/log.jsonl && break || sleep 0.02; done
    kill -HUP $job
    status=0 && wait $job || status=$?
    [ "$status" -eq 75 ] && [ -e out/model.safetensors ] || complain "HUP"
    nohup "$program" --config c.yaml num_train_epochs=100000 eval_strategy=no output_dir=two >/dev/null 2>err 3>&- &
    job=$!
    for _ in $(seq 300); do grep -qs '"step":3,' two/log.jsonl && break || sleep 0.02; done
    kill -HUP $job && sleep 0.3
    kill -0 $job || complain "ended under nohup"
    kill -TERM $job
    wait $job || [ $? -eq 75 ]
}

# --- closed standard descriptors

@test "with standard descriptors closed, no message gets into a file" {
    for closed in '>&- 2>&-' '<&- >&- 2>&-' '2>&-' '<&- 2>&-'; do
        rm -rf out
        bash -c "exec '$program' --config c.yaml num_train_epochs=4 $closed" || complain "$closed"
        jq -es 'length == 34 and all(.[]; has("event"))' out/log.jsonl >lines || complain "$closed"
        jq -e .validation out/metrics.json >lines
        bash -c "exec '$program' predict --model out --input data.csv --max-seq-length 4 --output rows.csv --force $closed" || complain "$closed"
        [ "$(wc -l <rows.csv)" -eq 61 ] && ! grep -q warning rows.csv || complain "$closed"
    done
}

@test "a result that has no place to go to is an error; so is an input that is closed" {
    cam-train --quiet --config c.yaml max_steps=2
    for command in "show --config c.yaml" "tokenize --model tiny --input data.csv" "predict --model out --input data.csv" \
        "eval --model out --data data.csv --part all" "init --data data.csv" "check --config c.yaml output_dir=two" --version; do
        run --separate-stderr bash -c "exec '$program' $command >&-"
        [ "$status" -eq 8 ] || complain "$command"
        says "cannot write standard output"
    done
    run --separate-stderr bash -c "exec '$program' tokenize --model tiny <&-"
    [ "$status" -eq 3 ] || complain "closed input"
    says 'cannot read "standard input": Bad file descriptor'
}

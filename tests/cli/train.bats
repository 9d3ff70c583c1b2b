# A training run: its messages, its files, how it stops.
load common
setup() { in_own_folder; }

@test "a run writes its files, and nothing to standard output" {
    succeeds cam-train --config c.yaml
    [ -z "$output" ] || complain "standard output is not empty"
    for file in config.json model.safetensors tokenizer.json sentencepiece.bpe.model tokenizer_config.json \
        special_tokens_map.json run.yaml metrics.json log.jsonl split.tsv; do
        [ -s "out/$file" ] || complain "no out/$file"
    done
    [ -z "$(ls -A out | grep -i tmp)" ] || complain "left over: $(ls -A out)"
    says "54 train, 6 validation"
    says '"out"'
}

@test "a pipe gets no carriage return and no colour, and --quiet nothing at all" {
    succeeds cam-train --config c.yaml
    [[ "$stderr" != *$'\r'* && "$stderr" != *$'\033'* ]]
    succeeds cam-train --config c.yaml --quiet output_dir=quiet on_duplicate=ignore num_train_epochs=8
    [ -z "$(grep -v '^warning: \|^  ' <<<"$stderr")" ] || complain "not quiet"
}

@test "--color always gives colour; NO_COLOR and TERM=dumb turn it off" {
    run --separate-stderr cam-train train --color always
    [[ "$stderr" == *$'\033['* ]] || complain "--color always"
    run script -qec "env TERM=xterm $program train" /dev/null
    if [[ "$output" != *"no configuration"* ]]; then skip "no pseudo-terminal here: NO_COLOR and TERM were not tried"; fi
    [[ "$output" == *$'\033['* ]] || complain "a terminal gets colour"
    for setting in NO_COLOR=1 TERM=dumb; do
        run script -qec "env TERM=xterm $setting $program train" /dev/null
        [[ "$output" != *$'\033['* ]] || complain "$setting"
    done
}

@test "log.jsonl: run first, every step, the evaluations, end last; numbers of the run" {
    succeeds cam-train --config c.yaml
    jq -es '.[0].event == "run" and .[0].rows == 54 and .[0].labels == 3 and .[-1].event == "end"
        and .[-1].reason == "done"' out/log.jsonl
    jq -es '[.[] | select(.event == "step") | .step] == [range(1; 22)]' out/log.jsonl
    jq -es '[.[] | select(.event == "eval") | .step] == [7, 14, 21]' out/log.jsonl
    jq -es 'all(.[] | select(.event == "step"); has("epoch") and has("loss") and has("lr") and has("grad_norm")
        and has("tokens") and has("step_s"))' out/log.jsonl
    jq -es '[.[] | select(.event == "step")][0].lr == 0' out/log.jsonl
}

@test "metrics.json has the figures of eval --json" {
    succeeds cam-train --config c.yaml num_train_epochs=6
    { echo text,label; awk -F'\t' '$3 == "validation" { print $2 }' out/split.tsv |
        while read -r line; do sed -n "${line}p" data.csv; done; } >heldout.csv
    cam-train eval --model out --data heldout.csv --json >eval.json
    jq -e '.rows == 6 and (.labels | length) == 3 and (.confusion | length) == 3 and (.warnings | type) == "array"
        and (.labels[0] | has("label") and has("precision") and has("recall") and has("f1") and has("support"))' eval.json
    # other batches, and a sum in another order: the loss is equal up to rounding
    diff <(jq -S '.validation | del(.loss, .automation, .calibration)' out/metrics.json) <(jq -S 'del(.loss, .part)' eval.json)
    jq -es '(.[0].validation.loss - .[1].loss) | fabs < 1e-6' out/metrics.json eval.json
}

@test "run.yaml trains the same model again" {
    succeeds cam-train --config c.yaml
    succeeds cam-train --config out/run.yaml output_dir=again
    cmp out/model.safetensors again/model.safetensors
}

@test "split.tsv lists the part of every row, as the spreadsheet and as an editor count it" {
    { echo text,label; echo '"où est
le colis",suivi'; echo ,; tail -n +2 data.csv; } >lines.csv
    succeeds cam-train --config c.yaml train_file=lines.csv
    [ "$(head -1 out/split.tsv)" = $'row\tline\tpart\ttext' ]
    # row 2 covers lines 2 and 3; row 3 has empty cells only
    [ "$(tail -n +2 out/split.tsv | cut -f1)" = "$(echo 2; seq 4 63)" ] || complain "rows"
    [ "$(tail -n +2 out/split.tsv | cut -f2)" = "$(echo 2; seq 5 64)" ] || complain "lines"
    [ "$(cut -f3 out/split.tsv | sort | uniq -c | tr -s ' \n' ' ')" = " 1 part 54 train 7 validation " ]
}

@test "one thread and two give the same model, bit for bit" {
    make_tiny wide '.num_hidden_layers = 2 | .hidden_size = 128 | .intermediate_size = 512'
    for n in 1 2; do
        succeeds cam-train --config c.yaml model_name_or_path=./wide cpu_threads=$n output_dir=threads-$n learning_rate=1e-3
    done
    cmp threads-1/model.safetensors threads-2/model.safetensors
    diff <(jq -c 'select(.event == "step") | [.loss, .grad_norm]' threads-1/log.jsonl) \
        <(jq -c 'select(.event == "step") | [.loss, .grad_norm]' threads-2/log.jsonl)
}

@test "another seed gives another model" {
    succeeds cam-train --config c.yaml
    succeeds cam-train --config c.yaml output_dir=other seed=1
    run cmp out/model.safetensors other/model.safetensors
    [ "$status" -eq 1 ]
}

@test "a dry run reads everything and writes nothing" {
    succeeds cam-train --config c.yaml --dry-run
    says "54 train"
    [ ! -e out ]
}

@test "an occupied folder is left as it is, unless overwrite_output_dir" {
    succeeds cam-train --config c.yaml
    find out -type f -exec sha256sum {} + >before
    refused 2 "overwrite_output_dir=true" cam-train --config c.yaml seed=1
    refused 2 "overwrite_output_dir=true" cam-train --config c.yaml seed=1 --dry-run
    sha256sum --check --quiet before
    succeeds cam-train --config c.yaml seed=1 overwrite_output_dir=true
    run sha256sum --check --quiet before
    [ "$status" -ne 0 ]
}

@test "two runs in one folder: the second is refused, the first goes on" {
    "$program" --quiet --config c.yaml num_train_epochs=400 2>first.err &
    first=$!
    for _ in $(seq 100); do
        [ -s out/log.jsonl ] && break
        sleep 0.1
    done
    run --separate-stderr cam-train --config c.yaml overwrite_output_dir=true
    [ "$status" -eq 2 ] || complain "the second run"
    says 'another run is writing there'
    written=$(wc -l <out/log.jsonl)
    kill -TERM "$first"
    wait "$first" || [ $? -eq 75 ]
    [ "$(wc -l <out/log.jsonl)" -ge "$written" ]
    head -1 out/log.jsonl | jq -e '.event == "run"' && tail -1 out/log.jsonl | jq -e '.reason == "signal"'
}

@test "an output folder that cannot be made is exit 8 before any work" {
    refused 8 "data.csv/out" cam-train --config c.yaml output_dir=data.csv/out --dry-run
    mkdir locked && chmod 555 locked
    chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test .
    local run_as=("$program")
    if [ "$(id -u)" -eq 0 ]; then # root may write anywhere
        cp "$program" program
        run_as=(setpriv --reuid 65534 --regid 65534 --clear-groups ./program)
    fi
    refused 8 "locked" "${run_as[@]}" --config c.yaml output_dir=locked/out --dry-run
    refused 8 "locked" "${run_as[@]}" --config c.yaml output_dir=locked/out
    refused 8 "/proc/x" cam-train --config c.yaml output_dir=/proc/x --dry-run # root passes access() there
}

@test "a dry run leaves no files in the output folder or above it" {
    mkdir there
    for folder in there none/below; do
        succeeds cam-train --config c.yaml output_dir=$folder --dry-run
    done
    [ -z "$(ls -A there)" ] && [ ! -e none ] && [ -z "$(find . -name '.cam-train*')" ]
}

@test "the model's own folder is refused as the output folder" {
    refused 2 "own folder" cam-train --config c.yaml output_dir=./tiny overwrite_output_dir=true
    [ ! -e tiny/model.safetensors ]
}

stopped_by() {
    "$program" --config c.yaml num_train_epochs=100000 eval_strategy=no 2>stopped.err 3>&- &
    local job=$!
    for _ in $(seq 200); do grep -qs '"step":3,' out/log.jsonl && break || sleep 0.05; done
    kill "-$1" "$job"
    status=0 && wait "$job" || status=$?
}

@test "a signal ends the step, saves, ends the log, exits 75" {
    for signal in TERM INT USR1; do
        rm -rf out
        if [ $signal = INT ]; then set -m; fi
        stopped_by $signal
        set +m
        stderr=$(cat stopped.err) output=
        [ "$status" -eq 75 ] || complain "$signal"
        says "stopped by a signal"
        tail -1 out/log.jsonl | jq -e '.event == "end" and .reason == "signal"'
        echo bonjour | cam-train predict --model out
    done
}

@test "a test file is scored at the end; its labels must be those of the training file" {
    { echo text,label; echo 'où est le colis,suivi'; echo 'mot de passe oublié,accès'; } >test.csv
    succeeds cam-train --config c.yaml test_file=test.csv
    jq -e '.test.rows == 2 and .validation.rows == 6' out/metrics.json
    echo 'bonjour,salut' >>test.csv
    refused 3 '"salut"' cam-train --config c.yaml test_file=test.csv output_dir=second
    [ ! -e second ]
}

@test "rows not divisible by the batch: every row is seen once an epoch" {
    succeeds cam-train --config c.yaml num_train_epochs=1 per_device_train_batch_size=50
    jq -es '[.[] | select(.event == "step")] | length == 2' out/log.jsonl
    tokens=$(jq -s '[.[] | select(.event == "step") | .tokens] | add' out/log.jsonl)
    [ "$tokens" -eq "$(jq 'select(.event == "run") | .tokens' out/log.jsonl)" ]
}

@test "a head over the same labels is kept; one over other labels is fresh" {
    succeeds cam-train --config c.yaml
    succeeds cam-train --config c.yaml model_name_or_path=./out init=pretrained output_dir=second freeze=encoder
    says "kept"
    sed -i 's/,suivi/,livraison/' data.csv
    succeeds cam-train --config c.yaml model_name_or_path=./out init=pretrained output_dir=third
    says "fresh"
}

@test "a final model that predicts one label only is a warning" {
    succeeds cam-train --config c.yaml num_train_epochs=1 learning_rate=1e-12
    says "one label only"
    jq -e '(.validation.warnings | length) == 1' out/metrics.json
}

@test "a rate that diverges without a number that is not finite: a warning in metrics.json and in the last line" {
    succeeds cam-train --config c.yaml num_train_epochs=6 learning_rate=0.1 lr_scheduler_type=constant
    jq -es 'all(.[] | select(.event == "step"); .loss != null)' out/log.jsonl || complain "a loss was not finite"
    jq -e '.validation.warnings | length == 1 and (.[0] | startswith("the model predicts one label only"))' out/metrics.json
    [[ "$(sed -n '/^warning: the model predicts one label only/,$p' <<<"$stderr" | tr -s '\n ' '  ')" == *"too high for random weights; train again: "* ]] ||
        complain "not in the last line"
    refused 2 "learning_rate" cam-train --config c.yaml learning_rate=1e3 output_dir=two
}

@test "a GPU that is not there: exit 6 in plain words, and nothing is begun" {
    if cam-train --version | grep -q '^ *cuda: .*, sm_[0-9]*, '; then skip "there is a GPU here"; fi
    refused 6 "device=cpu" cam-train --config c.yaml device=cuda
    [ ! -e out ]
    succeeds cam-train check --config c.yaml device=cuda
    answers "not on this machine"
    answers "device=cpu"
    [[ "$output" == *"all else is well" && "$output" != *"all is well"* ]] || complain "expected that all else is well"
    succeeds cam-train --quiet --config c.yaml max_steps=2
    refused 6 "device=cpu" cam-train eval --model out --data data.csv --device cuda
}

@test "the first of equal evaluations is the best, patience stops" {
    succeeds cam-train --config c.yaml num_train_epochs=20 learning_rate=1e-12 early_stopping_patience=2
    jq -es '[.[] | select(.event == "eval")] | length == 3' out/log.jsonl
    jq -es '.[-1].reason == "early_stopping"' out/log.jsonl
    says "step 7"
}

# Several ranks under mpirun do what one process does, and one of them writes.
load ranks
setup() { in_own_folder_of_ranks; }

# Texts of some 5 to 40 tokens, so that equal rows are not equal work.
make_uneven_data() {
    local labels=(suivi accès remboursement) words=('mon colis' 'mot de passe' 'mes euros')
    echo text,label
    for i in $(seq "${1:-60}"); do
        printf '%s %d %s,%s\n' "${words[i % 3]}" "$i" "$(seq -s ' ' "$((i * i * 7 % 19 + 1))")" "${labels[i % 3]}"
    done
}

@test "1 to 4 ranks train what one process trains with the same global batch" {
    make_uneven_data >data.csv
    jq -e '.hidden_dropout_prob > 0 and .attention_probs_dropout_prob > 0' tiny/config.json
    succeeds cam-train --config c.yaml num_train_epochs=4 per_device_train_batch_size=12 output_dir=alone
    best=$(saved_step)
    for n in 1 2 3 4; do
        succeeds ranks $n --config c.yaml num_train_epochs=4 per_device_train_batch_size=$((12 / n)) output_dir=of-$n
        same_run alone of-$n
        [ "$(saved_step)" = "$best" ] || complain "best step $best"
    done
}

@test "the same bits under MPICH, whose binary interface is another" {
    command -v mpiexec.mpich >/dev/null || skip "no MPICH here: its ranks were not tried"
    succeeds ranks 2 --config c.yaml output_dir=by-open-mpi
    succeeds timeout -k 5 90 mpiexec.mpich -n 2 "$program" --config c.yaml output_dir=by-mpich
    cmp by-open-mpi/model.safetensors by-mpich/model.safetensors
    [[ "$(PMI_RANK=0 cam-train --version)" == *"mpi: MPICH"* ]] || complain "expected MPICH"
}

@test "a launcher without an MPI library is an error that says what to install" {
    refused 2 libopenmpi3 env OMPI_COMM_WORLD_SIZE=2 CAM_MPI_LIBRARY=/nonexistent "$program" --config c.yaml
    ! ldd "$program" | grep -i mpi
}

@test "the global batch is rows x ranks x accumulation" {
    make_uneven_data >data.csv
    succeeds cam-train --config c.yaml per_device_train_batch_size=24 output_dir=at-once
    succeeds cam-train --config c.yaml per_device_train_batch_size=6 gradient_accumulation_steps=4 output_dir=alone
    succeeds ranks 2 --config c.yaml per_device_train_batch_size=3 gradient_accumulation_steps=4 output_dir=of-2
    says "steps    9 of up to 24 rows, 3 an epoch"
    same_run alone of-2
    diff <(jq -c 'select(.event == "step") | [.lr, .tokens]' at-once/log.jsonl) \
        <(jq -c 'select(.event == "step") | [.lr, .tokens]' of-2/log.jsonl)
}

@test "rows that do not divide, fewer rows than ranks, in training, validation and test" {
    make_uneven_data 14 >data.csv
    make_uneven_data 4 | sed 's/,[^,]*$/ z&/' | tail -n +2 >held
    { echo text,label; sed -n 1,2p held; } >validation.csv
    { echo text,label; sed -n 3p held; } >test.csv
    files=(validation_file=validation.csv test_file=test.csv num_train_epochs=5)
    # 14 rows: batches of 12 and 2 on 4 ranks, of 9 and 5 on 3
    for n in 4 3; do
        succeeds cam-train --config c.yaml "${files[@]}" per_device_train_batch_size=$((n * 3)) output_dir=alone-$n
        succeeds ranks $n --config c.yaml "${files[@]}" per_device_train_batch_size=3 output_dir=of-$n
        same_run alone-$n of-$n
    done
    jq -e '.validation.rows == 2 and .test.rows == 1' of-4/metrics.json
    jq -es '[.[] | select(.event == "step") | .tokens][0:2] | add == $all' --argjson all \
        "$(jq 'select(.event == "run") | .tokens' of-4/log.jsonl)" of-4/log.jsonl
}

@test "sharded optimizer state changes no bit, and takes less memory" {
    make_tiny wide '.num_hidden_layers = 2 | .hidden_size = 256 | .intermediate_size = 1024'
    for shard in true false; do
        succeeds ranks 3 --config c.yaml model_name_or_path=./wide learning_rate=1e-3 per_device_train_batch_size=4 max_steps=6 \
            shard_optimizer=$shard output_dir=$shard
        sed -n 's/^trained .*; \([0-9]*\) MB of parameters.*/\1/p' <<<"$stderr" >$shard.mb
    done
    cmp true/model.safetensors false/model.safetensors
    [ "$(cat true.mb)" -lt "$(cat false.mb)" ] || complain "$(cat true.mb) MB, $(cat false.mb) MB"
}

@test "a frozen encoder: the ranks compute its features between them" {
    make_uneven_data >data.csv
    succeeds cam-train --config c.yaml freeze=encoder per_device_train_batch_size=12 output_dir=alone
    succeeds ranks 3 --config c.yaml freeze=encoder per_device_train_batch_size=4 output_dir=of-3
    same_run alone of-3
}

@test "early stopping comes at the step of one process" {
    for n in 1 3; do
        succeeds ranks $n --config c.yaml per_device_train_batch_size=$((6 / n)) num_train_epochs=20 learning_rate=1e-12 \
            early_stopping_patience=2 output_dir=of-$n
    done
    same_run of-1 of-3
    tail -1 of-3/log.jsonl | jq -e '.reason == "early_stopping"'
    [ "$(last_step of-3)" -eq 27 ]
}

# alike FILE FILE: the same text, but for the rounding of numbers. Which rows share a batch may move a score's last digits.
alike() {
    [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ] && paste -d $'\001' "$1" "$2" | awk -F $'\001' '
        function numbers(line, found, count) {
            for (count = 0; match(line, number); line = substr(line, RSTART + RLENGTH))
                found[++count] = substr(line, RSTART, RLENGTH)
            return count
        }
        BEGIN { number = "[0-9]+([.][0-9]+)?(e-?[0-9]+)?" }
        {
            count = numbers($1, x)
            if (count != numbers($2, y)) exit 1
            for (i = 1; i <= count; i++)
                if ((x[i] - y[i]) ^ 2 > (1e-6 * (1 + x[i])) ^ 2) exit 1
            gsub(number, "#", $1)
            gsub(number, "#", $2)
            if ($1 != $2) exit 1
        }'
}

# as_one_process COMPARE ARGUMENTS...: three ranks print what one process prints.
as_one_process() {
    local compare=$1
    shift
    succeeds cam-train "$@"
    printf '%s\n' "$output" >one.out
    printf '%s\n' "$stderr" >one.err
    succeeds ranks 3 "$@"
    printf '%s\n' "$output" >three.out
    $compare one.out three.out || complain "standard output: $*"
    diff one.err <(printf '%s\n' "$stderr") || complain "standard error: $*"
}

@test "eval and predict: what one process prints, every row in its place" {
    succeeds cam-train --config c.yaml num_train_epochs=4
    { echo && cut -d, -f1 data.csv && printf '\n\nbonjour\n\t\n' && seq -f 'phrase numéro %g' 4000 && printf '\nsans fin'; } >texts
    as_one_process alike eval --model out --data data.csv
    as_one_process alike eval --model out --data data.csv --json
    as_one_process alike predict --model out --input texts
    as_one_process alike predict --model out --input texts --format jsonl --top-k 2
    as_one_process alike predict --model out --input data.csv
    head -3 data.csv >short.csv
    as_one_process alike predict --model out --input short.csv
    as_one_process cmp predict --model out --input /dev/null
    cam-train predict --model out <texts >one.tsv
    ranks 3 predict --model out <texts >three.tsv
    alike one.tsv three.tsv
    [ "$(wc -l <three.tsv)" -eq $(($(wc -l <texts) + 1)) ]
    ranks 3 predict --model out --input texts --output file.tsv
    cmp three.tsv file.tsv
    sed '2000s/numéro/nombre/' three.tsv >other.tsv
    if alike one.tsv other.tsv; then complain "the comparison sees nothing"; fi
}

# mpirun notices the closed pipe first, and ends with its own signal and its own message.
@test "a pipe that closes early ends predict, and the program says nothing of it" {
    succeeds cam-train --config c.yaml max_steps=1 warmup_ratio=0
    seq 200000 >texts
    SECONDS=0
    ranks 3 predict --model out --input texts 2>err | head -1 >first
    [ "$(wc -l <first)" -eq 1 ]
    [ "$SECONDS" -lt 30 ]
    if grep 'error: ' err; then return 1; fi
}

@test "standard output and every line of standard error come from one rank" {
    as_one_process cmp --version
    as_one_process cmp --help
    as_one_process cmp check --config c.yaml
    as_one_process cmp show --config c.yaml
    as_one_process cmp init --quiet --data data.csv
    as_one_process cmp tokenize --model tiny --input data.csv
    succeeds ranks 3 --config c.yaml on_duplicate=warn
    [ -z "$output" ] || complain "standard output is not empty"
    [ -z "$(sort <<<"$stderr" | uniq -d)" ] || complain "said twice"
    if grep '^\[rank' <<<"$stderr"; then complain "another rank writes"; fi
    for line in model rows steps ranks device trained epoch saved; do says "$line"; done
    succeeds ranks 3 --config c.yaml output_dir=dry --dry-run
    [ ! -e dry ]
}

# refused_once CODE MESSAGE ARGUMENTS...: by three ranks, of which one writes.
refused_once() {
    local code=$1 message=$2
    shift 2
    refused "$code" "$message" ranks 3 "$@"
    if grep '^\[rank' <<<"$stderr"; then complain "another rank writes"; fi
}

@test "an error of all ranks is written once, with its exit code" {
    refused_once 2 '"learning_rat"' --config c.yaml learning_rat=1
    refused_once 2 '"learning_rat"' check --config c.yaml learning_rat=1
    refused_once 2 'no configuration' train
    refused_once 3 "$PWD/none.csv" --config c.yaml train_file=none.csv
    refused_once 4 "none" --config c.yaml model_name_or_path=./none
    refused_once 8 "data.csv/out" --config c.yaml output_dir=data.csv/out
    succeeds cam-train --config c.yaml max_steps=1 warmup_ratio=0
    refused_once 2 "overwrite_output_dir" --config c.yaml
    refused_once 3 "$PWD/none.csv" eval --model out --data none.csv
}

# Only rank 0 reads and writes here: the others end with it, and must not end it before it has written its error.
@test "an error of rank 0 alone is written, too" {
    succeeds cam-train --config c.yaml max_steps=1 warmup_ratio=0
    printf 'a\n\xff\n' >bad
    for _ in 1 2 3; do
        refused_once 3 bad:2 predict --model out --input bad
        refused_once 8 "No space left" predict --model out --input data.csv --output /dev/full
    done
    refused_once 8 none/rows.tsv predict --model out --input data.csv --output none/rows.tsv
    refused_once 3 "$PWD/none.csv" predict --model out --input none.csv
}

threads_of() { sed -n 's/^device .* \([0-9]*\) threads\?$/\1/p' <<<"$stderr"; }

@test "cpu_threads: auto divides the processors among the ranks; a number is each rank's" {
    succeeds cam-train --config c.yaml max_steps=1 warmup_ratio=0 output_dir=alone
    all=$(threads_of)
    [ "$all" -gt 1 ] || skip "one processor: there is nothing to divide"
    for n in 2 3; do
        succeeds ranks $n --config c.yaml max_steps=1 warmup_ratio=0 output_dir=of-$n
        expected=$((all / n > 0 ? all / n : 1))
        [ "$(threads_of)" -eq "$expected" ] || complain "expected $expected threads of $all for each of $n"
    done
    succeeds ranks 2 --config c.yaml max_steps=1 warmup_ratio=0 cpu_threads=2 output_dir=two
    [ "$(threads_of)" -eq 2 ] || complain "cpu_threads=2"
}

# The configuration: show, init, overrides, and errors with file and line.
load common
setup() { in_own_folder; }

@test "show prints every value and its origin" {
    succeeds cam-train show --config c.yaml seed=7
    answers "learning_rate: 5e-3"
    [[ "$output" =~ learning_rate:\ 5e-3\ +#.*c.yaml:8 ]] || complain "file and line of learning_rate"
    [[ "$output" =~ seed:\ 7\ +#.*command\ line ]] || complain "the command line as origin"
    [ -z "$stderr" ]
}

@test "the output of show reads back to the same configuration" {
    cam-train show --config c.yaml | sed 's/ *#.*//' >first.yaml
    cam-train show --config first.yaml | sed 's/ *#.*//' >second.yaml
    diff first.yaml second.yaml
}

@test "the presets are valid" {
    for preset in "$repository"/configs/*.yaml; do succeeds cam-train show --config "$preset"; done
}

@test "a later file wins over an earlier, the command line over both, its last word over all" {
    printf 'training:\n  learning_rate: 1e-4\n  seed: 3\n' >over.yaml
    succeeds cam-train show --config c.yaml --config over.yaml seed=4 training.seed=5
    answers "learning_rate: 1e-4"
    answers "seed: 5"
    answers "train_file: data.csv"
}

@test "~key restores the default" {
    succeeds cam-train show --config c.yaml '~learning_rate'
    answers "learning_rate: 2e-5"
}

@test "all problems at once, each with its line and the right key" {
    printf 'training:\n  learning_rat: 1\n  lr: 1e-3\n  seed: many\n  learning_rate: 1e3\ntrainig:\n  seed: 1\n' >bad.yaml
    run --separate-stderr cam-train --config bad.yaml
    [ "$status" -eq 2 ]
    says 'bad.yaml:2: unknown key "learning_rat" in training; did you mean "learning_rate"?'
    says 'bad.yaml:3: unknown key "lr"'
    says 'bad.yaml:4: '
    says 'bad.yaml:5: learning_rate'
    says 'bad.yaml:6: '
    [ "$(grep -c '^error: ' <<<"$stderr")" -eq 5 ] || complain "five errors"
    [ ! -e out ]
}

@test "for a name of another tool the error names our key" {
    refused 2 learning_rate cam-train --config c.yaml lr=1e-5
    refused 2 num_train_epochs cam-train --config c.yaml epochs=3
    refused 2 per_device_train_batch_size cam-train --config c.yaml batch_size=8
}

@test "YAML that is refused, with its line" {
    printf 'data:\n  train_file: a.csv\n  train_file: b.csv\n' >bad.yaml
    refused 2 bad.yaml:3 cam-train --config bad.yaml
    printf 'data: &a\n  train_file: a.csv\neval: *a\n' >bad.yaml
    run --separate-stderr cam-train --config bad.yaml
    [ "$status" -eq 2 ] && says bad.yaml:1
    printf 'data:\n  train_file: !!str a.csv\n' >bad.yaml
    refused 2 bad.yaml:2 cam-train --config bad.yaml
    printf 'data:\n  train_file: a.csv\n---\ndata:\n  train_file: b.csv\n' >bad.yaml
    refused 2 bad.yaml:3 cam-train --config bad.yaml
    printf 'data:\n\ttrain_file: a.csv\n' >bad.yaml
    refused 2 bad.yaml:2 cam-train --config bad.yaml
    printf 'data:\n  train_file: libell\xe9.csv\n' >bad.yaml
    refused 2 bad.yaml:2 cam-train --config bad.yaml
    printf '[[[[[[[[[[[[[[[[' >bad.yaml
    run --separate-stderr cam-train --config bad.yaml
    [ "$status" -eq 2 ] && says bad.yaml:1
}

@test "a configuration of 1 GB, and one that would expand to billions: exit 2 with the line, in under a second" {
    { for name in a b c d e f g h i; do echo "$name: &$name [${last:-x, x, x, x, x, x, x, x, x}]"; last="*$name, *$name, *$name, *$name, *$name"; done; } >bomb.yaml
    yes '# un commentaire' | head -c 1300000 >large.yaml && truncate -s 1G large.yaml
    cp c.yaml zeros.yaml && truncate -s 1G zeros.yaml
    for file in bomb:1 large:[0-9]+ zeros:[0-9]+; do
        # a second of the processor, which other programs on the machine do not use up; the sanitizers map terabytes
        if grep -q __asan_init "$program"; then run --separate-stderr cam-train --config "${file%%:*}.yaml"; else
            run --separate-stderr bash -c 'ulimit -v 400000 && ulimit -t 1 && exec "$0" --config "$1"' "$program" "${file%%:*}.yaml"; fi
        [ "$status" -eq 2 ] || complain "$file"
        grep -qE "^error: ${file%%:*}.yaml:${file##*:}: " <<<"$stderr" || complain "no line: $file"
    done
}

@test "values that are refused" {
    refused 2 learning_rate cam-train --config c.yaml learning_rate=0.2
    refused 2 metric_for_best_model cam-train --config c.yaml metric_for_best_model=f1_marco
    refused 2 early_stopping_patience cam-train --config c.yaml early_stopping_patience=2 eval_strategy=no
    refused 2 device cam-train --config c.yaml device=tpu
    refused 2 ddp_timeout cam-train --config c.yaml ddp_timeout=0
    refused 2 warmup cam-train --config c.yaml warmup_steps=3 warmup_ratio=0.1
    [ ! -e out ]
}

@test "the key decides the type: 2e-5 and 1e-05 are numbers; no, 01 and null in labels are texts" {
    succeeds cam-train show --config c.yaml learning_rate=1e-05
    answers "learning_rate: 1e-5"
    succeeds cam-train show --config c.yaml 'labels=[no, 01, null, 2e-5]'
    for label in no 01 null 2e-5; do answers "$label"; done
}

@test "init without a file prints the defaults, and reads back" {
    cam-train init >init.yaml
    succeeds cam-train show --config init.yaml
    answers "model_name_or_path: camembert-base"
    grep -q '# ' init.yaml
}

@test "init --data of a file that is not there" { refused 3 none.csv cam-train init --data none.csv; }

@test "check describes the run, gives both commands for few rows, and writes nothing" {
    succeeds cam-train check --config c.yaml
    answers "54 train, 6 validation"
    answers freeze=encoder
    answers freeze=none
    [ ! -e out ]
}

@test "a configuration in UTF-16, as PowerShell writes it, and with a mark of UTF-8" {
    for encoding in UTF-16LE UTF-16BE UTF-8; do
        { printf '\xef\xbb\xbf' && sed 's/$/\r/' c.yaml && printf '  seed: 7\r\n'; } | iconv -f UTF-8 -t $encoding >marked.yaml
        succeeds cam-train show --config marked.yaml
        answers "seed: 7"
        answers "train_file: data.csv"
    done
}

@test "a configuration in another encoding: the command that the message gives cures it" {
    for encoding in WINDOWS-1252 MACINTOSH UTF-16LE; do
        { cat c.yaml && echo '  seed: 7 # été, réglé à l’œil' && echo '# où ça'; } | iconv -f UTF-8 -t $encoding >"ma config.yaml"
        refused 2 "ma config.yaml:" cam-train show --config "ma config.yaml"
        [[ "$stderr" == *" > 'ma config-utf8.yaml'" ]] || complain "the command"
        eval "iconv ${stderr##*with iconv }"
        succeeds cam-train show --config "ma config-utf8.yaml"
        answers "seed: 7"
        grep -q "été, réglé à l’œil" "ma config-utf8.yaml" || complain "$encoding is not read as it was"
    done
}

@test "the folder of a run in place of its configuration, and an empty delimiter" {
    mkdir "a run" && cp c.yaml "a run/run.yaml"
    refused 2 "\"a run\" is a folder, not a configuration; write --config 'a run/run.yaml'" cam-train show --config "a run"
    succeeds eval "cam-train show ${stderr##*write }"
    refused 2 "write it in quotes: delimiter=';'" cam-train show --config c.yaml delimiter=
    succeeds eval "cam-train show --config c.yaml ${stderr##*quotes: }"
    answers 'delimiter: ";"'
}

@test "what show prints has our words, whatever was written" {
    succeeds cam-train show --config c.yaml encoding=latin-1 delimiter=virgule metric_for_best_model=eval_loss device=GPU
    for line in "encoding: windows-1252" 'delimiter: ","' "metric_for_best_model: loss" "device: cuda"; do answers "$line"; done
    [ "$(grep -c "Latin-1 is read as windows-1252" <<<"$stderr")" -eq 1 ] || complain "said once"
}

@test "a configuration of transformers 5" {
    printf '%s\n' 'training:' '  warmup_steps: 0.2' '  max_steps: 3.0' '  lr_scheduler_type: Cosine' '  bf16: False' >five.yaml
    succeeds cam-train show --config c.yaml --config five.yaml
    for line in "warmup_ratio: 0.2 " "warmup_steps: 0 " "max_steps: 3 " "lr_scheduler_type: cosine " 'bf16: "false"'; do
        answers "$line"
    done
    refused 2 'the key is "gradient_checkpointing"' cam-train -c c.yaml activation_checkpointing=true
    refused 2 "write linear" cam-train -c c.yaml lr_scheduler_type=polynomial
    refused 2 "write [jsonl, html], or [] for none" cam-train -c c.yaml report_to=wandb
    refused 2 "write f1_macro" cam-train -c c.yaml metric_for_best_model=eval_f1
}

@test "a configuration that a failed command left empty is refused, and the command that it names makes one" {
    for blank in '' '\n \n'; do
        printf "$blank" >'ma config.yaml'
        refused 2 '"ma config.yaml" is empty' cam-train check --config 'ma config.yaml'
        refused 2 'is empty; did the command that should write it fail?' cam-train --config c.yaml --config 'ma config.yaml'
    done
    command=$(sed -n "s/.*run \\(cam-train init .*\\) again$/\\1/p" <<<"$stderr")
    eval "${command/FILE/data.csv} --model ./tiny"
    succeeds cam-train check --config 'ma config.yaml'
    succeeds cam-train show --config /dev/null
}

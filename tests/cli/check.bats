# What `check` shows, also of a run that cannot start, and what it advises. Whatever is proposed is pasted and must cure.
load common
setup() { in_own_folder; }

check() { cam-train check --config c.yaml "$@"; }

# found CODE COMMAND...: exit CODE with the picture on standard output, and errors on standard error only.
found() {
    local code=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq "$code" ] || complain "expected exit $code: $*"
    [[ "$output" == "file     data.csv"* && "$output" != *"all is well"* ]] || complain "expected the picture"
    [[ "$stderr" == "error: "* ]] || complain "expected errors"
}

# cures_plan MESSAGE KEY=VALUE...: the check warns, and with the settings that it proposes the run has enough steps, too.
cures_plan() {
    cures "$1" "$settings" check "${@:2}"
    [[ "$(said)" != *"only "*" step"* ]] || complain "too few steps"
}

@test "the picture: files, columns, labels as bars with the largest first, lengths, steps, cost" {
    for i in $(seq 10); do echo "\"avant, je voyais mon colis $i\",suivi"; done >>data.csv
    succeeds check
    answers 'file     data.csv: 70 rows, csv, utf-8, delimiter ","'
    answers "columns  text (text), label (label)"
    answers "rows     63 train, 7 validation, 0 test"
    [[ "$output" =~ lengths\ \ median\ [0-9]+\ tokens ]] || complain "no lengths"
    answers "steps    24 of up to 8 rows, 8 an epoch"
    [[ "$output" =~ cost\ {5}about\ [0-9]+\ [a-z]+\ on\ [0-9]+\ threads?,\ [0-9]+\ MB\ of\ memory ]] || complain "no cost"
    [[ "$(grep -A1 '^training rows by label' <<<"$output" | tail -1)" =~ ^\ \ suivi\ .*█+$ ]] || complain "suivi is first"
    answers "all is well: the run can start"
    [ ! -e out ] || complain "something was written"
}

@test "lines fit 80 columns, commands apart" {
    sed -i "s/suivi/Réclamation au sujet d’une livraison 配送 en retard dans un autre pays/" data.csv
    succeeds check max_seq_length=5
    while IFS= read -r line; do
        [[ "$line" == *cam-train* || ${#line} -le 80 ]] || complain "${#line} columns: $line"
    done < <(sed 's/[配送]/xx/g' <<<"$output")
}

@test "of a long path the end is shown" {
    mkdir -p un/dossier/bien/long/pour/une/ligne && cp data.csv un/dossier/bien/long/pour/une/ligne
    succeeds check train_file=un/dossier/bien/long/pour/une/ligne/data.csv
    answers "file     …/pour/une/ligne/data.csv: 60 rows"
}

@test "many labels: thirty bars, then their number" {
    for i in $(seq 45); do printf 'texte %d un,classe %d\ntexte %d deux,classe %d\n' "$i" "$i" "$i" "$i"; done >>data.csv
    succeeds check stratify=false
    [ "$(grep -c '  classe .*%' <<<"$output")" -eq 27 ] || complain "expected 30 bars"
    answers "  and 18 more labels with "
}

@test "a model that is not there: the picture with lengths in characters" {
    found 5 check init=pretrained model_name_or_path=camembert-base
    says "hf download camembert-base"
    answers "lengths  median 25 characters"
    answers "steps    21 of up to 8 rows"
    answers "training rows by label"
    rm tiny/tokenizer* tiny/sentencepiece*
    found 4 check
    answers "model    ./tiny: 1 layer, hidden 32"
    answers "characters"
}

@test "an occupied output folder, and two errors at once: the status of the first" {
    mkdir out && touch out/model.safetensors
    found 2 check
    answers "cost "
    answers "freeze or full?"
    answers "all else is well: the run can start in a folder of its own cam-train --config c.yaml output_dir=out-2"
    succeeds eval "cam-train check ${output##*cam-train }"
    echo ',suivi,3,4' >>data.csv
    found 2 check class_weights='{nichts: 2}'
    [ "$(grep -c '^error: ' <<<"$stderr")" -eq 2 ] || complain "expected two errors"
    says '"out"'
    says "4 cells where the header has 2"
    run --separate-stderr cam-train --config c.yaml
    [ "$status" -eq 2 ] || complain "expected exit 2"
    says "4 cells where the header has 2"
}

@test "bad rows, a failed split, an unknown column: what could be read is shown" {
    echo 'pas de classe,' >>data.csv
    found 3 check
    says "on_bad_row=skip"
    answers "data.csv: 60 rows"
    answers "rows by label"
    make_data >data.csv
    echo 'seule,unique' >>data.csv
    found 3 check
    says unique
    answers "  unique "
    found 3 check text_column=rien
    [ "$(wc -l <<<"$output")" -lt 12 ] || complain "labels of a file that was not read"
}

@test "a run whose only step has rate 0, or whose rate is 0, is refused with a cure" {
    for plan in "max_steps=1" "max_steps=1 warmup_steps=3" "learning_rate=0"; do
        # shellcheck disable=SC2086
        found 2 check $plan
        # shellcheck disable=SC2086
        cures "nothing would be learned; set " "$settings" check $plan
        # shellcheck disable=SC2086
        refused 2 "nothing would be learned" cam-train --config c.yaml $plan
    done
    [ ! -e out ] || complain "something was written"
}

@test "the plan tells of a run that will learn little; what it proposes cures" {
    cures_plan "the warm-up of 500 steps is as long as the run of 21 steps or longer: the highest rate will be 2e-4" warmup_steps=500
    cures_plan "the warm-up of 21 steps is as long as the run of 21 steps or longer" warmup_ratio=1
    cures_plan "the run has only 7 steps" num_train_epochs=1
    cures_plan "the run has only 1 step" num_train_epochs=1 per_device_train_batch_size=64 warmup_ratio=0
    cures_plan "the run has only 3 steps" max_steps=3
    cures_plan "the run has only 3 steps" gradient_accumulation_steps=8
    cures_plan "init: random with freeze" freeze=encoder
    cures_plan "a learning_rate of 2e-5 is low for random weights" learning_rate=2e-5
    cures_plan "a learning_rate of 9e-2 is high for random weights" learning_rate=0.09
    [[ "$output$stderr" != *"longer warm-up"* ]] || complain "a longer warm-up"
}

@test "train gives the same warnings" {
    succeeds cam-train --config c.yaml --dry-run warmup_steps=500
    says "warning: the warm-up of 500 steps is as long as the run of 21 steps or longer"
    says "set warmup_steps=0 warmup_ratio=0"
}

@test "freeze or full: the commands can be pasted, whatever the file names, and later keys win" {
    mkdir "l'été où"
    sed 's/^text,/l'"'"'avis,/' data.csv >"l'été où/mes données.csv"
    make_config >"ma config.yaml"
    succeeds cam-train check --config "ma config.yaml" "train_file=l'été où/mes données.csv" "text_column=l'avis" \
        "output_dir=à la fin" freeze=first:1 learning_rate=0.01 max_steps=4 warmup_steps=400
    grep '^ *cam-train' <<<"$output" >all
    [ "$(wc -l <all)" -eq 3 ] || complain "expected three commands"
    grep 'cam-train --config' all >commands
    comparison=$(grep 'cam-train compare --config' all)
    [[ "$output" =~ full,\ about\ [0-9]+\ [a-z]+,\ [0-9]+\ MB: && "$output" =~ frozen,\ about ]] || complain "no costs"
    ! grep -q 'freeze=first\|learning_rate=0.01\|max_steps=4 ' commands || complain "settings of the user that are replaced"
    grep -q 'freeze=none num_train_epochs=[0-9]* learning_rate=' commands
    grep -q 'freeze=encoder num_train_epochs=[0-9]* learning_rate=2e-3' commands
    while read -r command; do
        eval "${command/cam-train/cam-train check}" >shown || complain "did not run: $command"
        grep -q "^file     l'été où/mes données.csv" shown && grep -q "l'avis (text)" shown || complain "$(cat shown)"
        ! grep -q 'highest rate\|has only' shown || complain "$(cat shown)"
    done <commands
    ! grep -q 'freeze=first\|learning_rate=0.01\|max_steps=4 ' <<<"$comparison" || complain "settings of the user that are replaced"
    eval "$comparison folds=2" 2>compared || complain "$(cat compared)"
    jq -e '[.entries[].values.freeze] == ["none", "encoder", null]' "à la fin-compare/compare.json"
    mkdir "à la fin-full"
    succeeds cam-train check --config "ma config.yaml" "train_file=l'été où/mes données.csv" "text_column=l'avis" \
        "output_dir=à la fin"
    answers "output_dir='à la fin-full-2'"
}

@test "above 5,000 rows there is one line" {
    for i in $(seq 2000); do printf 'colis %d,suivi\nmes %d euros,remboursement\naccès %d,accès\n' "$i" "$i" "$i"; done >>data.csv
    succeeds check freeze=encoder
    answers "training rows are enough for the full model, which usually scores higher: set freeze=none num_train_epochs="
    [[ "$output" != *"cam-train --config"* ]] || complain "commands"
    succeeds check
    answers "(freeze=encoder) usually scores lower"
}

@test "labels that look the same are told apart in the bars; lines break outside of quotes" {
    { cat data.csv && printf 'un colis de plus %d,délai de livraison\n' 1 2 3 && printf 'encore un colis %d,délai de\u00a0livraison\n' 1 2
        printf 'toujours rien %d,délai  de livraison\n' 1 2; } >in.csv
    succeeds check train_file=in.csv
    answers "  délai de livraison "
    answers "  délai de<U+00A0>livraison "
    answers "  délai <U+0020>de livraison "
    while IFS= read -r line; do
        quotes=$(tr -cd '"' <<<"$line" | wc -c)
        [ $((quotes % 2)) -eq 0 ] || complain "a break within quotes: $line"
    done < <(sed -n '/^warnings/,/^advice/p' <<<"$output")
}

@test "a misspelt label is no reason for weights" {
    { cat data.csv && for i in $(seq 200); do echo "encore $i,suivi"; done && echo 'et un,suiiv' && echo 'et deux,suiiv'; } >in.csv
    succeeds check train_file=in.csv
    answers 'label "suiiv" (2 rows) may be a misspelling of "suivi" (220 rows)'
    [[ "$output" != *"fewer than 8 training rows"* && "$output" != *'"suiiv" has '* ]] || complain "the misspelt label as a rare one"
}

@test "a corrected file: held-out rows stay with split_by=text, and a new shuffle is told" {
    for i in $(seq 40); do printf 'où est le paquet %d,suivi\nun avoir de %d euros,remboursement\n' "$i" "$i"; done >>data.csv
    for by in text shuffle; do
        succeeds cam-train --quiet --config c.yaml split_by=$by num_train_epochs=1 output_dir=$by
    done
    sed -i '6s/,.*/,suivi/; $d' data.csv && echo 'une nouvelle demande,suivi' >>data.csv
    succeeds check split_by=text output_dir=text-2
    [[ "$output" != *"do not compare"* ]] || complain "they compare"
    succeeds cam-train --quiet --config c.yaml split_by=text num_train_epochs=1 output_dir=text-2
    kept=$(join -j 1 <(awk '$3 == "validation" { print $1 }' text/split.tsv | sort) <(awk '$3 == "validation" { print $1 }' text-2/split.tsv | sort) | wc -l)
    held=$(grep -c validation text/split.tsv)
    [ "$kept" -ge $((held - 2)) ] || complain "only $kept of $held rows stay held out"
    for folder in shuffle shuffle-2; do
        cures 'do not compare with those of "shuffle"' "$settings" check split_by=shuffle output_dir=$folder overwrite_output_dir=true
    done
    succeeds cam-train --config c.yaml split_by=shuffle num_train_epochs=1 output_dir=shuffle overwrite_output_dir=true
    [[ "$(sed -n '/^best epoch\|^last epoch/,$p' <<<"$stderr" | tr -s '\n ' '  ')" == *"the scores do not compare with those of"* ]] || complain "not at the end"
    succeeds check split_by=shuffle output_dir=shuffle-2
    [[ "$output" != *"do not compare"* ]] || complain "the file is the same again"
}

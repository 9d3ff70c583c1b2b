# The end of a run: its report, its next commands, mistakes.csv, the model card, a full disk.
load common
setup() { in_own_folder; }

@test "the report fits 80 columns, whatever the labels' lengths" {
    sed -i 's/,accès/,Réclamation sur un accès perdu depuis la dernière mise à jour de notre site/; s/,suivi/,返品返品返品返品返品返品返品返品返品返品返品返品/' data.csv
    { echo text,label; head -7 data.csv | tail -6; } >test.csv
    succeeds cam-train --config c.yaml test_file=test.csv
    says 'saved the model of step '
    report=$(sed -n '/^saved the model/,/^warning/p' <<<"$stderr" | grep -v '^warning')
    while IFS= read -r line; do
        wide=$(grep -o '[返品]' <<<"$line" | wc -l)
        [ $((${#line} + wide)) -le 80 ] || complain "too wide: $line"
    done <<<"$report"
    for part in "best epoch " "validation " "test " "  TF-IDF " "worst labels, " "time " "peak memory " \
        model.safetensors mistakes.csv split.tsv metrics.json log.jsonl "cam-train predict" "cam-train eval"; do
        [[ "$report" == *"$part"* ]] || complain "no $part"
    done
    [[ "$report" == *…* ]] || complain "long labels are cut with an ellipsis"
    [[ ! "$report" =~ [0-9]\.[0-9]{6} ]] || complain "more digits than a person reads"
}

@test "the next commands can be pasted, also with names that a shell would split" {
    mkdir -p "l'été 24" && mv data.csv "l'été 24/mes données.csv"
    succeeds cam-train --config c.yaml train_file="l'été 24/mes données.csv" output_dir="l'été 24/un modèle" num_train_epochs=120
    report=$stderr
    PATH="$(dirname "$program"):$PATH"
    for verb in predict eval; do
        command=$(sed -n "/^  cam-train $verb/,/[^\\\\]\$/p" <<<"$report")
        [ -n "$command" ] || complain "no $verb"
        run --separate-stderr bash -c "$command"
        [ "$status" -eq 0 ] || complain "$command"
        [ -n "$output" ] || complain "nothing from $verb"
    done
}

@test "the next commands read the training file as the run read it" {
    tail -n +2 data.csv | sed 's/,\([^,]*\)$/;\1/' | iconv -t windows-1252 >latin.txt
    succeeds cam-train --config c.yaml train_file=latin.txt 'columns=[text, label]' encoding=windows-1252 'delimiter=;' num_train_epochs=120
    says "--data latin.txt"
    [[ "$stderr" != *--encoding* ]] || complain "the options are not needed"
    succeeds cam-train eval --model out --data latin.txt --json
    jq -e '.part == "validation" and .rows == 6' <<<"$output"
    succeeds cam-train predict --model out --input latin.txt
    [ "${#lines[@]}" -eq 60 ]
    cmp <(cut -d';' -f1 <<<"$output") <(cut -d';' -f1 latin.txt)
}

@test "--quiet says nothing of a run that went well" {
    succeeds cam-train --config c.yaml --quiet on_duplicate=ignore num_train_epochs=120
    # the small vocabulary has no digits
    [ -z "$(grep -v "vocabulary does not know" <<<"$stderr")" ] || complain "not quiet"
}

@test "a run that went well closes with the next commands, and its verdict is null" {
    succeeds cam-train --config c.yaml num_train_epochs=120
    [[ "$(tail -1 <<<"$stderr")" == "  cam-train eval "* ]] || complain "the last line"
    says "0 mistakes outside the training rows"
    jq -e '.verdict == null and .baseline.validation.rows == 6 and .baseline.validation.accuracy == 1' out/metrics.json
    [ "$(cat out/mistakes.csv)" = $'\ufeffrow,line,text,label,predicted,score,part' ]
}

# read_csv FILE: its rows by Python's csv module, as JSON.
read_csv() { python3 -c 'import csv, json, sys
with open(sys.argv[1], encoding="utf-8-sig", newline="") as f: print(json.dumps(list(csv.DictReader(f))))' "$1"; }

@test "where the last model is saved, the report is that of the last epoch; without a log it names none" {
    succeeds cam-train --config c.yaml load_best_model_at_end=false 'report_to=[]' num_train_epochs=4
    says "last epoch 4 of 4 (step 28 of 28)"
    [[ "$stderr" != *log.jsonl* ]] || complain "log.jsonl"
}

@test "mistakes.csv: the saved model's, the worst first, with the file's own rows and lines" {
    { echo text,label; echo '"=SOMME(A1), ""dit"" il
et fin",suivi'; echo '-12,accès'; echo '@moi,remboursement'; } >test.csv
    succeeds cam-train --config c.yaml num_train_epochs=2 test_file=test.csv learning_rate=1e-12
    read_csv out/mistakes.csv >mistakes.json
    jq -e 'all(.[]; (keys_unsorted) == ["row","line","text","label","predicted","score","part"] and .label != .predicted)' mistakes.json
    jq -e '[.[].score | tonumber] as $s | $s == ($s | sort | reverse) and all($s[]; . > 0 and . <= 1)' mistakes.json
    # one label is predicted for all rows: the mistakes are the others
    only=$(jq -r '.[0].predicted' mistakes.json)
    [ "$(jq length mistakes.json)" -eq "$(jq "[.validation, .test | .labels[] | select(.label != \"$only\") | .support] | add" out/metrics.json)" ]
    jq -e --arg only "$only" 'all(.[]; .predicted == $only)' mistakes.json
    if [ "$only" != suivi ]; then
        jq -e '.[] | select(.part == "test" and .row == "2") | .line == "2" and .text == "=SOMME(A1), \"dit\" il\net fin"' mistakes.json
    fi
    if [ "$only" != accès ]; then jq -e '.[] | select(.part == "test" and .row == "3") | .line == "4" and .text == "-12"' mistakes.json; fi
    if [ "$only" != remboursement ]; then grep -q '"@moi"' out/mistakes.csv; fi
}

@test "mistakes.csv is that of the best model, also when later epochs differ" {
    succeeds cam-train --config c.yaml num_train_epochs=6 test_file=data.csv
    [ "$(jq -s '[.[] | select(.event == "eval")] | length' out/log.jsonl)" -eq 6 ]
    read_csv out/mistakes.csv >mistakes.json
    for part in validation test; do
        expected=$(jq ".$part | .rows - ([.confusion | to_entries[] | .value[.key]] | add)" out/metrics.json)
        [ "$(jq "[.[] | select(.part == \"$part\")] | length" mistakes.json)" -eq "$expected" ] || complain "$part"
    done
    # what predict answers for those texts
    jq -r '.[] | select(.part == "test") | .text' mistakes.json >texts.txt
    jq -r '.[] | select(.part == "test") | .predicted' mistakes.json >expected.txt
    cam-train predict --model out --input texts.txt --format jsonl | jq -r .label | diff - expected.txt
}

@test "the model card: what it was trained on, its scores, no path of this machine" {
    mkdir sub
    cp -r tiny sub/base
    printf -- '---\nlicense: mit\n---\n# base\n' >sub/base/README.md
    printf 'text,label\nou est mon colis,suivi\n' >sub/tests.csv
    succeeds cam-train --config c.yaml model_name_or_path="$PWD/sub/base" train_file="$PWD/data.csv" \
        test_file="$PWD/sub/tests.csv" output_dir="$PWD/sub/out" num_train_epochs=120
    card=$(cat sub/out/README.md)
    [[ "$card" != *"$PWD"* && "$card" != *"$HOME/"* ]] || complain "a path: $card"
    for part in 'language: fr' 'license: mit' 'library_name: transformers' 'type: accuracy' 'data.csv' 'tests.csv' \
        '| train | 54 |' '| suivi | 18 |' '| validation | 1.0000 | 1.0000 |' 'TF-IDF' 'pipeline("text-classification"' '## Limits'; do
        [[ "$card" == *"$part"* ]] || complain "no $part in $card"
    done
    [[ "$card" != *"base_model:"* ]] || complain "random weights have no base model"
    # the metadata are YAML with the fields that the Hub checks
    python3 -c 'import yaml' 2>/dev/null || skip "no Python yaml: the metadata were not parsed"
    python3 - sub/out/README.md <<'P'
import sys, yaml
head = open(sys.argv[1], encoding="utf-8").read().split("---\n")[1]
data = yaml.safe_load(head)
assert data["license"] == "mit" and data["language"] == "fr" and "accuracy" in data["metrics"], data
results = data["model-index"][0]["results"]
assert [r["dataset"]["split"] for r in results] == ["validation", "test"], results
assert all(isinstance(m["value"], float) for r in results for m in r["metrics"]), results
P
}

@test "a README.md of the user stays; a card of an earlier run is replaced" {
    mkdir out && echo 'my project' >out/README.md
    succeeds cam-train --config c.yaml num_train_epochs=1
    [ "$(cat out/README.md)" = 'my project' ] && says 'is not a model card of cam-train'
    rm out/README.md
    succeeds cam-train --config c.yaml num_train_epochs=1 overwrite_output_dir=true
    first=$(cat out/README.md)
    succeeds cam-train --config c.yaml num_train_epochs=2 overwrite_output_dir=true
    [ "$(cat out/README.md)" != "$first" ] && [[ "$stderr" != *'is not a model card'* ]]
}

@test "a file-size limit is exit 8, and no temporary file is left" {
    for blocks in 1 4 10 40 100; do # of 1,024 bytes: each stops another file
        run --separate-stderr bash -c "ulimit -f $blocks; exec '$program' --config c.yaml num_train_epochs=40 output_dir=limit-$blocks"
        [ "$status" -eq 8 ] || complain "ulimit -f $blocks"
        says "File too large"
        [ -z "$(find limit-$blocks -name '*tmp*')" ] || complain "left: $(ls limit-$blocks)"
    done
}

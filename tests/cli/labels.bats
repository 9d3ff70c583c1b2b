# Labels: look-alikes, rules, and what a failure proposes. Whatever is proposed is pasted into a shell and must cure.
load common
setup() { in_own_folder; }

check() { cam-train check --config c.yaml output_dir=none "$@"; }

# rows LABEL COUNT [START]: rows with different texts.
rows() {
    for i in $(seq "$2"); do printf '"texte %s numéro %d","%s"\n' "${3:-}$1" "$i" "$1"; done
}

# pasted SETTINGS [KEY=VALUE...]: check with settings as a shell reads them, beside others.
pasted() {
    local settings=$1
    shift
    # shellcheck disable=SC2294 # the settings are a shell's words
    eval "check \"\$@\" $settings"
}

# Every hint "set ..." of the last failure, up to what follows the settings. Each must let check succeed.
all_hints_cure() {
    local hints settings
    hints=$(sed -n 's/^hint: set //p' <<<"$stderr" | sed 's/, which leaves .*//; s/, and a label .*//; s/ ([0-9]* rows for validation)//')
    [ -n "$hints" ] || complain "no hint"
    while read -r settings; do
        run --separate-stderr pasted "$settings" "$@"
        [ "$status" -eq 0 ] || complain "did not cure: $settings"
    done <<<"$hints"
}

# The map that the last check proposed, for a shell and for a configuration.
shell_map() { sed -n "s/^to mend these labels, set //p" <<<"$output"; }
yaml_map() { sed -n "s/^the same in a configuration, under data: //p" <<<"$output"; }

@test "look-alikes are named with the difference and code points; the map makes them one, in both spellings" {
    {
        echo text,label
        rows 'mot de passe' 9
        rows $'mot\u00a0de passe' 3
        rows "d'accès" 8
        rows "d’accès" 2
        rows $'suivi\u200b' 2
        rows 'suivi' 9
        rows '1' 9
        rows '1.0' 2
        rows '01' 2
    } >data.csv
    succeeds check stratify=false
    answers '(U+00A0 after "t") (3 rows) differ only by space'
    answers '(U+2019 after "d") (2 rows) differ only by quotes'
    answers '(U+200B after "i") (2 rows), "suivi" (9 rows) differ only by invisible characters'
    answers 'labels "1" (9 rows), "1.0" (2 rows), "01" (2 rows) differ only by how a number is written'
    [ "$(shell_map)" = \''label_map={"mot\u00a0de passe": mot de passe, d’accès: "d'\''\'\'''\''accès", "suivi\u200b": suivi, "1.0": "1", "01": "1"}'\' ] ||
        complain "the map: $(shell_map)"
    yaml_map >map
    succeeds pasted "$(shell_map)" stratify=false
    answers 'labels   4'
    [[ "$output" != *differ* ]] || complain "not one"
    { echo data:; sed 's/^/  /' map; } >map.yaml
    succeeds cam-train check --config c.yaml --config map.yaml stratify=false
    answers 'labels   4'
    [[ "$output" != *differ* ]] || complain "not one"
    succeeds cam-train --config c.yaml --config map.yaml
    [ "$(jq -r '.id2label[]' out/config.json | tr '\n' '|')" = "1|d'accès|mot de passe|suivi|" ]
}

@test "labels with every special character of YAML and the shell: the map is read as it was meant" {
    cells() { for i in $(seq "$2"); do printf '"texte %s",%s\n' "$((n += 1))" "$1"; done; }
    n=0
    {
        echo text,label
        for pair in '"a ""b"": \ {c}"/"A ""b"": \ {c}"' "l'été [x]/l'été  [x]" "'x'/x" '~/~.' '#1/＃1' '@a/@A' \
            '$(ls) `id`/$(LS) `id`' 'a&b|c/a & b|c' '!x/!X' '%/%.' '- a/- A' '*/*.' 'true/TRUE' 'yes/Yes'; do
            cells "${pair%%/*}" 12
            cells "${pair#*/}" 5
        done
        cells $'"deux\nlignes"' 12
        cells '"deux lignes"' 5
    } >data.csv
    succeeds check stratify=false
    succeeds pasted "$(shell_map)" stratify=false
    [[ "$output" != *differ* && "$output" != *"no row has"* ]] || complain "not one"
    answers "labels   15"
}

@test "case twins make a split fail: the message names them, and each cure cures" {
    { echo text,label; for l in True TRUE False FALSE; do rows $l 6; done; } >data.csv
    refused 3 'fewer than the 4 labels: "FALSE" 6, "False" 6, "TRUE" 6, "True" 6' check
    says 'hint: labels "True" (6 rows), "TRUE" (6 rows) differ only by case (label_case=fold makes them one)'
    [[ "$output" != *"differ only by case"* ]] || complain "told twice"
    all_hints_cure
    succeeds check label_case=fold
    answers "labels   2"
    # num_labels and the split fail for one reason
    run --separate-stderr check num_labels=2
    [ "$(grep -c 'labels "True" (6 rows), "TRUE" (6 rows) differ' <<<"$output$stderr")" -eq 1 ] || complain "told twice"
}

@test "labels with one row are listed, and each cure cures" {
    { echo text,label; rows achat 30; rows retour 30; rows Retour 1; rows avis 1; rows autre 1; } >data.csv
    refused 3 '3 labels have one row only, and a stratified split needs two of each: "Retour", "autre", "avis"' check
    says 'hint: labels "retour" (30 rows), "Retour" (1 row) differ only by case'
    says 'min_rows_per_label=2, which leaves out 3 rows'
    says "hint: set 'label_map={Retour: retour}' min_rows_per_label=2"
    all_hints_cure
    refused 3 "3 labels" check on_rare_label=other
    says "hint: set min_rows_per_label=2 on_rare_label=drop"
    all_hints_cure on_rare_label=other
    refused 3 '3 labels' check class_weights=balanced
    [[ "$stderr" != *stratify=false* ]] || complain "no cure with class_weights=balanced"
    all_hints_cure class_weights=balanced
}

@test "more labels than validation rows: a fraction that is enough" {
    { echo text,label; for i in $(seq 12); do rows "thème $i" 3; done; } >data.csv
    refused 3 'would leave 4 for validation, fewer than the 12 labels: "thème 1" 3, "thème 10" 3' check
    says 'hint: set validation_split=0.31 (12 rows for validation)'
    all_hints_cure
}

@test "what cures a failed split keeps the map that is there already" {
    { echo text,label; rows achat 30; rows retour 30; rows Retour 1; rows vieux 4; } >data.csv
    refused 3 '"Retour"' check 'label_map={vieux: Retours, absent: achat}'
    says "hint: set 'label_map={vieux: Retours, absent: achat, Retour: retour}'"
    all_hints_cure 'label_map={vieux: Retours, absent: achat}'
}

@test "missing values, a second header and numbers are no classes" {
    { echo text,label; rows achat 20; rows retour 20; rows nan 3; rows NULL 2; rows '#N/A' 2; echo 'autre,label'; } >data.csv
    refused 3 '1 label has one row only' check
    says 'hint: label "label" (1 row, row 49) is the name of its column: a header line inside the file?'
    says 'missing values as labels: "nan" (3 rows), "NULL" (2 rows), "#N/A" (2 rows)'
    all_hints_cure
    succeeds check stratify=false
    succeeds pasted "$(shell_map)"
    answers "8 rows were left out by label_map"
    answers "labels   2"
    { echo text,label; for i in $(seq 50); do rows "$i.5" 4; done; } >data.csv
    succeeds check validation_split=0.3
    answers 'the column "label" holds 50 different numbers: is this a regression?'
}

@test "texts with broken accents: the command restores the file" {
    mkdir "mes données"
    { printf '\xef\xbb\xbf'; sed 's/^\(où\)/L’été \1/' data.csv; } >"mes données/bon.csv"
    tail -c +4 "mes données/bon.csv" | iconv -f windows-1252 -t utf-8 >"mes données/l'export.csv"
    succeeds check train_file="mes données/l'export.csv"
    answers '60 texts have broken accents'
    answers '"Lâ€™Ã©tÃ©" should read "L’été", "oÃ¹" should read "où"'
    eval "$(sed -n 's/.*this restores the file: //p' <<<"$output")"
    tail -c +4 "mes données/bon.csv" | cmp - restored.csv
    succeeds check train_file=restored.csv
    [[ "$output" != *broken* ]] || complain "still broken"
    # with a mark at its start, as Excel saves it
    { printf '\xef\xbb\xbf'; cat "mes données/l'export.csv"; } >marked.csv
    succeeds check train_file=marked.csv
    eval "$(sed -n 's/.*this restores the file: //p' <<<"$output")"
    tail -c +4 "mes données/bon.csv" | cmp - restored.csv
}

@test "label_map: renames, leaves rows out, and names a label that no row has" {
    succeeds check 'label_map={suivi: colis, accès: ""}'
    answers "20 rows were left out by label_map"
    answers "labels   2"
    [[ "$output" == *"  colis"* && "$output" != *"  suivi"* ]] || complain "not renamed"
    succeeds check 'label_map={Suivi: colis}'
    answers 'label_map names "Suivi", which no row has; did you mean "suivi"?'
    refused 2 'label_map names "colis", which labels does not list' \
        check 'label_map={suivi: colis}' 'labels=[suivi, remboursement, accès]'
    succeeds check 'label_map={suivi: colis}' 'labels=[colis, remboursement, accès]' 'class_weights={colis: 2}'
    refused 2 'class_weights: the data has no label "Colis"; did you mean "colis"?' \
        check 'label_map={suivi: colis}' 'class_weights={Colis: 2}'
}

@test "min_rows_per_label: drop, other, error; the model has the labels that are left" {
    { rows rare 3; rows unique 1; } >>data.csv
    succeeds cam-train --config c.yaml min_rows_per_label=4
    says '2 labels with fewer than 4 rows were left out (4 rows): "rare" 3, "unique" 1'
    [ "$(jq -r '.id2label[]' out/config.json | tr '\n' ' ')" = "accès remboursement suivi " ]
    [ "$(tail -n +2 out/split.tsv | wc -l)" -eq 60 ]
    succeeds check min_rows_per_label=4 on_rare_label=other
    answers '2 labels with fewer than 4 rows became "other" (4 rows)'
    answers " other"
    refused 3 '2 labels have fewer than 4 rows (min_rows_per_label)' check min_rows_per_label=4 on_rare_label=error
    refused 2 'on_rare_label=other needs the label "other" in labels' \
        check min_rows_per_label=4 on_rare_label=other 'labels=[suivi, remboursement, accès]'
    succeeds check min_rows_per_label=4 num_labels=3
}

@test "the rules hold for the other files, and an unknown label there has its nearest and a map" {
    printf '%s\n' text,label 'un colis,SUIVI' 'un code,Accès' 'un prix,remboursement' >valid.csv
    run --separate-stderr check validation_file=valid.csv
    [ "$status" -eq 3 ]
    says 'error: valid.csv:2: label "SUIVI" is not among the 3 known labels (1 row); did you mean "suivi"?'
    says 'error: valid.csv:3: label "Accès" is not among the 3 known labels (1 row); did you mean "accès"?'
    all_hints_cure validation_file=valid.csv
    succeeds check validation_file=valid.csv label_case=fold
    echo 'autre chose,inconnu' >>valid.csv
    succeeds check validation_file=valid.csv label_case=fold min_rows_per_label=2
    answers '1 label without training rows was left out (1 row): "inconnu" 1'
}

@test "errors of all files are told at once" {
    printf 'text,label\nun,deux,trois\n' >valid.csv
    printf 'text,label\nun colis,suivii\n' >test.csv
    run --separate-stderr check validation_file=valid.csv test_file=test.csv num_labels=7
    [ "$status" -eq 3 ]
    says "error: valid.csv"
    says 'error: num_labels is 7, but the data has 3 labels; set num_labels=auto'
    says 'error: test.csv:2: label "suivii" is not among the 3 known labels (1 row); did you mean "suivi"?'
}

@test "equal texts stay in one part; apart is scikit-learn's split and says what it shares" {
    { cat data.csv; tail -n +2 data.csv | head -n 30; } >twice.csv
    succeeds cam-train --config c.yaml train_file=twice.csv validation_split=0.2
    says "in training and in validation"
    # the part of each text, by its first line
    paste <(tail -n +2 out/split.tsv | cut -f 3) <(tail -n +2 twice.csv) | sort -u -k2 -t$'\t' >one
    paste <(tail -n +2 out/split.tsv | cut -f 3) <(tail -n +2 twice.csv) | sort -u >parts
    [ "$(wc -l <one)" -eq "$(wc -l <parts)" ] || complain "a text is in two parts"
    [ "$(grep -c validation out/split.tsv)" -eq 18 ]
    succeeds cam-train --config c.yaml train_file=twice.csv validation_split=0.2 split_duplicates=apart output_dir=apart
    says "validation texts stand also in training, which flatters the score; split_duplicates=together keeps equal texts in one part"
    ! cmp -s out/split.tsv apart/split.tsv
    succeeds cam-train --config c.yaml output_dir=a
    succeeds cam-train --config c.yaml output_dir=b split_duplicates=apart
    cmp a/split.tsv b/split.tsv
    cmp a/model.safetensors b/model.safetensors
    # nothing but one text
    { echo text,label; for i in $(seq 10); do printf 'pareil,a\npareil,b\n'; done; } >data.csv
    refused 3 "every text of the validation rows also stands in training rows" check
    says "split_duplicates=apart"
    succeeds check split_duplicates=apart
    answers "all 20 texts are equal"
}

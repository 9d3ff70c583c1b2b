# init: what it prints can be run at once, and every line says why.
load common
setup() { in_own_folder; }

# starts NAME FILE [OPTIONS...]: `init` of the file, then `check` of what it wrote and a step of `train`; $output is the
# configuration and $evidence what init said.
starts() {
    local yaml=$1.yaml file=$2
    shift 2
    cam-train init --data "$file" --model ./tiny "$@" >"$yaml" 2>evidence || complain "init of $file: $(cat evidence)"
    evidence=$(cat evidence)
    # the tests' rows repeat one another
    succeeds cam-train check --config "$yaml" split_duplicates=apart
    succeeds cam-train --quiet --config "$yaml" split_duplicates=apart num_train_epochs=0.01 warmup_ratio=0
    output=$(cat "$yaml")
}

# tells WORDS: init said so on standard error, and the configuration has it in its comment.
tells() {
    [[ "$evidence" == *"$1"* ]] || complain "init should say: $1, but says: $evidence"
    [[ "$output" == *"# $1"* ]] || complain "the comment should hold: $1"
}

rows() { # rows FORMAT: thirty rows, by printf of a text and a label
    for i in $(seq 10); do
        printf "$1" "où est le colis n° $i" suivi "rendez-moi les $i euros" remboursement "clé perdue, essai $i" accès
    done
}

@test "a spreadsheet as Excel writes it" {
    { echo 'Canal;Libellé;Catégorie'; rows 'mail;"%s";%s\ntel;"%s";%s\ntel;"%s";%s\n'; } |
        iconv -t windows-1252 | sed 's/$/\r/' >"mes réclamations d'été.csv"
    starts my "mes réclamations d'été.csv"
    tells 'encoding: windows-1252, by '
    tells 'delimiter: ";", by 3 cells in 31 of 31 records'
    tells 'header: yes, "Canal", "Libellé", "Catégorie"'
    tells 'text column: Libellé, '
    tells 'label column: Catégorie, 3 values; also possible: Canal, 2 values'
    answers "  encoding: windows-1252 "
    answers "  text_column: Libellé "
    answers "  label_column: Catégorie "
    [[ "$output" != *"  format: "* ]] || complain "the ending says the format"
    [ -d "runs/mes réclamations d'été" ]
}

@test "formats that the ending does not say" {
    { echo 'texte;classe'; rows '%s;%s\n%s;%s\n%s;%s\n'; } >data.txt
    starts txt data.txt
    answers "  format: csv "
    tells "format: csv, by its first bytes: a table"
    rows '{"texte": "%s", "classe": "%s"}\n{"texte": "%s", "classe": "%s"}\n{"texte": "%s", "classe": "%s"}\n' >data.json
    starts json data.json
    answers "  format: jsonl "
    cp data.json data
    starts none data
    answers "  format: jsonl "
}

@test "JSON lists, | between cells, lines above the header" {
    rows '{"texte": "%s", "classe": "%s"}\n{"texte": "%s", "classe": "%s"}\n{"texte": "%s", "classe": "%s"}\n' >data.jsonl
    jq -s . data.jsonl >data.json
    starts list data.json
    answers "  format: jsonl "
    tells "format: jsonl, by its first bytes: a list of objects"
    { echo 'texte|classe'; rows '%s|%s\n%s|%s\n%s|%s\n'; } >pipe.csv
    starts pipe pipe.csv
    tells 'delimiter: "|", by 2 cells in 31 of 31 records'
    { printf '# Licence ouverte\n# version 2\n'; cat pipe.csv; } | tr '|' ';' >comment.csv
    starts comment comment.csv
    tells 'delimiter: ";", by 2 cells in 31 of 31 records; 2 lines above the header are left out'
    { printf 'Export du 12 mars;\n'; cat pipe.csv; } | tr '|' ';' >title.csv
    starts title title.csv
    tells 'delimiter: ";", by 2 cells in 31 of 31 records; 1 line above the header is left out'
}

@test "a damaged character is no other encoding" {
    { cat data.csv; printf 'le colis est cass\xc3,suivi\n'; } >cut.csv
    starts cut cut.csv
    answers "  encoding: utf-8 "
    answers "  on_bad_row: skip "
    answers "# 1 row cannot be used and is left out"
    tells "encoding: utf-8, by 60 characters of several bytes; 1 byte is damaged, the first on line 62"
}

@test "what the caller says is taken" {
    { echo 'canal;texte;motif'; rows 'mail;%s;%s\ntel;%s;%s\ntel;%s;%s\n'; } >data.csv
    starts own data.csv --label-column canal --text-column motif --delimiter ';' --encoding utf-8 --input-format csv
    answers "  label_column: canal "
    answers "  text_column: motif "
    refused 3 'no column "classe"; the file has "canal", "texte", "motif"' \
        cam-train init --data data.csv --label-column classe
    refused 3 'column "texte" has 30 different values in 30 rows' cam-train init --data data.csv --label-column texte
}

@test "one encoding each" {
    { echo 'texte;classe'; rows '%s chère Zoë, 20 € au cœur;%s\n%s;%s\n%s;%s\n'; } >utf.csv
    for encoding in windows-1252 iso-8859-15 macintosh utf-16; do
        iconv -t $encoding utf.csv >$encoding.csv
        starts $encoding $encoding.csv
        answers "  encoding: ${encoding/macintosh/macroman} "
        tells "encoding: ${encoding/macintosh/macroman}, by "
    done
    starts utf utf.csv
    [[ "$output" != *"  encoding: "* ]] || complain "UTF-8 needs no setting"
    tells "encoding: utf-8, by "
}

@test "no header row" {
    rows '%s\t%s\n%s\t%s\n%s\t%s\n' >data.tsv
    starts tsv data.tsv
    answers "  columns: [text, label] "
    tells 'header: none, "où est le colis n° 1", "suivi": its label occurs in other rows'
}

@test "rows that cannot be used are left out, with the reason" {
    { cat data.csv; printf 'sans étiquette,\nencore,,\n'; } >blank.csv
    starts blank blank.csv
    answers "  on_bad_row: skip "
    answers " left out; on_bad_row: error says why"
}

@test "few rows for many labels, and a label with one row" {
    { cat data.csv; echo 'une seule fois,rare'; } >rare.csv
    starts rare rare.csv
    answers '# 1 label has one row only ("rare"); true needs two of each'
    { echo texte,classe; for i in $(seq 24); do echo "la demande numéro $i,classe $((i % 8))"; done; } >many.csv
    starts many many.csv
    answers "  validation_split: 0.3 "
}

@test "the model: a folder, a Hub id in the cache, one that is not there" {
    starts tiny data.csv
    answers '  model_name_or_path: "./tiny" '
    answers "  init: random "
    answers "  max_seq_length: 64 "
    export HF_HUB_CACHE=$PWD/hub
    local snapshot=hub/models--org--name/snapshots/0123456789012345678901234567890123456789
    mkdir -p hub/models--org--name/refs $snapshot
    printf 0123456789012345678901234567890123456789 >hub/models--org--name/refs/main
    cp tiny/* $snapshot
    jq '.hidden_size = 384 | .num_attention_heads = 12' tiny/config.json >$snapshot/config.json
    touch $snapshot/model.safetensors
    succeeds cam-train init --data data.csv --model org/name
    answers "  model_name_or_path: org/name "
    answers "hidden size 384"
    [[ "$output" != *"  init: "* ]] || complain "the model has weights"
    refused 5 org/other cam-train init --data data.csv --model org/other
    refused 4 ./none cam-train init --data data.csv --model ./none
}

@test "the keys that matter, or all" {
    succeeds cam-train init --data data.csv
    local keys=$(grep -c '^  [a-z]' <<<"$output")
    [ "$keys" -ge 12 ] && [ "$keys" -le 18 ] || complain "$keys keys"
    [ "$(grep '^  [a-z]' <<<"$output" | grep -vc '# .')" -eq 0 ] || complain "a key without a reason"
    local rate=$(grep '^  learning_rate' <<<"$output")
    succeeds cam-train init --data data.csv --all
    [ "$(grep -c '^  [a-z]' <<<"$output")" -eq "$(cam-train show --config c.yaml | grep -c '^  [a-z]')" ]
    answers "$rate"
    answers "  ddp_timeout: 600 "
}

@test "the next command can be pasted" {
    mkdir "a b"
    cam-train init --data data.csv --model tiny >"a b/l'été.yaml" 2>evidence
    local next=$(sed -n 's/^next: cam-train/cam-train/p' evidence)
    [ "$next" = "cam-train check --config 'a b/l'\\''été.yaml'" ] || complain "$next"
    succeeds eval "$next"
    succeeds eval "$(cam-train init --data data.csv 2>&1 >/dev/null | sed -n 's/^next: cam-train.*my.yaml$/true/p')"
}

@test "an output folder that exists is not proposed" {
    mkdir -p runs/data runs/data-2
    starts my data.csv
    answers "  output_dir: runs/data-3 "
}

@test "script.yaml and frozen.yaml combine with init, in either order" {
    cam-train init --data data.csv --model ./tiny >my.yaml
    for key in model_name_or_path train_file text_column label_column output_dir; do
        grep "^  $key:" <(cam-train show --config my.yaml) | sed 's/ *#.*//' >expected
        for order in "my.yaml $repository/configs/script.yaml" "$repository/configs/script.yaml my.yaml" \
            "my.yaml $repository/configs/frozen.yaml"; do
            cam-train show $(printf -- '--config %s ' $order) | grep "^  $key:" | sed 's/ *#.*//' | diff expected - ||
                complain "$key with $order"
        done
    done
    succeeds cam-train show --config my.yaml --config "$repository/configs/script.yaml"
    for value in "split_duplicates: apart" "lr_scheduler_type: constant" "max_grad_norm: 0" "learning_rate: 2e-5" \
        "num_train_epochs: 3" "stratify: false"; do answers "  $value"; done
    succeeds cam-train check --config my.yaml --config "$repository/configs/script.yaml"
    succeeds cam-train check --config "$repository/configs/script.yaml" --config my.yaml
}

@test "files that init refuses" {
    refused 2 "standard input" cam-train init --data -
    printf 'texte;prix\nun texte long;12,5\nun autre texte;8\nencore un;17,25\n' >prices.csv
    refused 3 "regression" cam-train init --data prices.csv
    head -1 data.csv >header.csv
    refused 3 "no rows to look at below the first" cam-train init --data header.csv
    cut -d, -f1 data.csv | sed 's/^"//' >one.csv
    refused 3 "one column only" cam-train init --data one.csv
}

@test "the model that is named without --model: in the cache or not, its size, and no network" {
    export HF_HUB_CACHE=$PWD/hub
    succeeds cam-train init --data data.csv
    says "model: camembert-base, not in the Hugging Face cache: the first run downloads it, about 445 MB; init --model fits another"
    answers "# not in the Hugging Face cache: the first run downloads it, about 445 MB"
    local snapshot=hub/models--almanach--camembert-base/snapshots/0123456789012345678901234567890123456789
    mkdir -p hub/models--almanach--camembert-base/refs $snapshot
    printf 0123456789012345678901234567890123456789 >hub/models--almanach--camembert-base/refs/main
    cp tiny/* $snapshot && truncate -s 3M $snapshot/model.safetensors
    succeeds cam-train init --data data.csv
    says "model: camembert-base, in the Hugging Face cache: hidden size 32, 3.1 MB; init --model fits another"
    answers "  max_seq_length: 64 "
}

@test "held out by text, comments in one column, thousands apart" {
    { echo 'texte;catégorie'; for i in $(seq 400); do printf 'colis %d;suivi\nmes %d euros;remboursement\nessai %d;accès\n' "$i" "$i" "$i"; done; } >été.csv
    cam-train init --data été.csv --model ./tiny >my.yaml 2>evidence
    grep -q '^  split_by: text ' my.yaml || complain "split_by"
    [ "$(grep -E '^  (train_file|label_column|text_column): ' my.yaml | while IFS= read -r line; do before=${line%%#*}; echo ${#before}; done | sort -u)" = 39 ] ||
        complain "$(cat my.yaml)"
    grep -q '# 1,200 rows, 3 labels$' my.yaml || complain "rows: $(cat my.yaml)"
    grep -q 'in 1,201 of 1,201 records' evidence || complain "records: $(cat evidence)"
}

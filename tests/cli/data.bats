# Data files: those of spreadsheets, and errors that name the line.
load common
setup() { in_own_folder; }

check() { cam-train check --config c.yaml "$@"; }

@test "a Windows-1252 file is refused with the text as Windows-1252, and read with encoding=windows-1252" {
    sed 's/text,label/Libellé,label/' data.csv >utf8.csv
    iconv -f utf-8 -t windows-1252 utf8.csv >data.csv
    refused 3 'data.csv:1: byte 0xE9 is not UTF-8; as Windows-1252 this reads "Libellé"; set encoding=windows-1252' \
        check text_column=Libellé
    succeeds cam-train --config c.yaml encoding=windows-1252 text_column=Libellé
    succeeds cam-train --config c.yaml train_file=utf8.csv text_column=Libellé output_dir=utf8
    cmp out/model.safetensors utf8/model.safetensors
}

@test "mark, CRLF, lone CR, semicolons, sep=;, empty records, UTF-16: the same rows" {
    succeeds cam-train --config c.yaml
    sed 's/,\([a-zè]*\)$/;\1/' data.csv >semicolon.csv
    { printf '\xef\xbb\xbf'; cat data.csv; } >mark.csv
    sed 's/$/\r/' data.csv >crlf.csv
    tr '\n' '\r' <data.csv >cr.csv
    { echo 'sep=;'; cat semicolon.csv; echo ';'; echo ';'; } >sep.csv
    iconv -f utf-8 -t utf-16 data.csv >utf16.csv
    for file in mark crlf cr semicolon sep utf16; do
        succeeds cam-train --config c.yaml train_file=$file.csv output_dir=out-$file
        cmp out/model.safetensors out-$file/model.safetensors || complain "$file.csv"
    done
}

@test "TSV and JSONL by ending" {
    tail -n +2 data.csv | tr -d '"' | sed 's/\(.*\),/\1\t/' | (printf 'text\tlabel\n'; cat) >data.tsv
    jq -Rc 'split("\t") | {text: .[0], label: .[1]}' <(tail -n +2 data.tsv) >data.jsonl
    for file in data.csv data.tsv data.jsonl; do
        succeeds cam-train --config c.yaml train_file=$file output_dir="run-$file"
        cmp run-data.csv/model.safetensors "run-$file/model.safetensors"
    done
}

@test "a file that is not there is named in full" { refused 3 "$PWD/none.csv" check train_file=none.csv; }

@test "for a missing column the error lists those of the file" {
    refused 3 'no column "message"; the file has "text", "label"' check text_column=message
}

@test "an Excel workbook" {
    printf 'PK\003\004 workbook' >data.csv
    refused 3 "an Excel workbook; save it as CSV UTF-8" check
}

@test "empty, header only, one class only" {
    : >data.csv
    refused 3 data.csv check
    echo text,label >data.csv
    refused 3 data.csv check
    for i in $(seq 30); do echo "texte $i,a"; done >>data.csv
    refused 3 '"a"' check
}

@test "an open quote, a ragged row, a NUL, invalid UTF-8: the line where it starts" {
    make_data >good.csv
    { cat good.csv; echo '"sans fin,suivi'; echo 'a,b'; } >data.csv
    refused 3 data.csv:62 check
    { cat good.csv; echo 'a,b,suivi'; } >data.csv
    refused 3 data.csv:62 check
    succeeds check on_bad_row=skip
    { cat good.csv; printf 'a\0b,suivi\n'; } >data.csv
    refused 3 data.csv:62 check
    { cat good.csv; printf 'a\xff\xfeb,suivi\n'; } >data.csv
    refused 3 data.csv:62 check
}

@test "a blank label" {
    echo 'bonjour,' >>data.csv
    refused 3 data.csv:62 check
}

@test "a label with one row cannot be split by label" {
    echo 'bonjour,salut' >>data.csv
    refused 3 '"salut"' check
    succeeds check stratify=false
}

@test "a column of numbers as the label column" {
    { echo text,label; seq 70000 | sed 's/.*/texte &,&/'; } >data.csv
    refused 3 'holds 70000 different labels, and a model has 65536 at most' check stratify=false
}

@test "duplicates, conflicts and near-duplicate labels are warnings" {
    printf 'Où est le colis numéro 3 !,suivi\nbonjour,Suivi\nbonsoir,Suivi\n' >>data.csv
    succeeds check
    answers "the text of an earlier row"
    answers Suivi
    run --separate-stderr check on_duplicate=error
    [ "$status" -eq 3 ] && says "the text of an earlier row"
}

@test "a text of 1 MB, an empty one, only unknown symbols: trained on, with a warning that texts are cut" {
    { head -c 1000000 /dev/zero | tr '\0' 'a'; echo ',suivi'; printf '"",accès\n☃☃☃,accès\n'; } >>data.csv
    succeeds cam-train --config c.yaml
    says "cut to"
}

@test "labels that YAML or a program would take for something else are texts, but for outer space" {
    local labels=(2e-5 1e-05 no 01 null -1 true 1.0)
    {
        echo text,label
        for i in $(seq 10); do for label in "${labels[@]}"; do echo "texte $i de ${label//[0-9]/}z,  $label "; done; done
    } >data.csv
    succeeds cam-train --config c.yaml num_train_epochs=1 'class_weights={01: 2, no: 1.5, 1e-05: 3, null: 2}'
    jq -e --args '[.id2label[]] | sort == ($ARGS.positional | sort)' out/config.json "${labels[@]}"
    answers='' && succeeds cam-train show --config c.yaml "labels=[2e-5, 1e-05, no, 01, null, -1, true, 1.0]"
    for label in "${labels[@]}"; do answers "$label"; done
    succeeds cam-train eval --model out --data data.csv --part all --json
    jq -e '.rows == 80' <<<"$output"
}

@test "one row a label, twins by case, a label that validation lacks or that training lacks" {
    { echo text,label && printf 'texte un,a\ntexte deux,b\ntexte trois,c\n'; } >single.csv
    refused 3 "" check train_file=single.csv
    for label in a b c; do says "\"$label\""; done
    sed '2,20s/,suivi$/,Suivi/' data.csv >twins.csv
    succeeds check train_file=twins.csv
    answers 'differ only by case'
    head -20 data.csv | grep -v ',accès$' >seen.csv
    succeeds check validation_file=seen.csv
    grep -v ',accès$' data.csv >two.csv
    refused 3 '"accès" is not among the 2 known labels' check train_file=two.csv validation_file=data.csv
    says 'data.csv:4'
}

@test "repeated texts, texts under two labels, and texts of training and test are counted, with examples" {
    { cat data.csv && echo 'où est le colis numéro 3,suivi' && echo 'où est le colis numéro 4,accès'; } >repeated.csv
    { echo text,label && sed -n '2p;5p;8p' data.csv && echo 'une autre demande,suivi'; } >test.csv
    succeeds check train_file=repeated.csv test_file=test.csv
    answers '2 rows repeat the text of an earlier row: row 8 and row 62 "où est le colis numéro 3"; row 11 and row 63'
    answers '1 row has the text of an earlier row under another label: row 11 and row 63 "où est le colis numéro 4" ("suivi", "accès")'
    answers 'test.csv: 3 rows have the text of a row in the training data: row 2 (train row 2) "où est le colis numéro 1"'
}

@test "labels are kept verbatim, and escaped where they are written" {
    {
        echo text,label
        for i in $(seq 20); do
            printf 'un %d,"ta\tb"\ndeux %d,"<script>alert(1)</script>"\ntrois %d,=cmd()\nquatre %d,"deux\nlignes"\ncinq %d,01\nsix %d,null\n' \
                $i $i $i $i $i $i
        done
    } >data.csv
    succeeds cam-train --config c.yaml num_train_epochs=1
    jq -e '[.id2label[]] | sort == (["ta\tb", "<script>alert(1)</script>", "=cmd()", "deux\nlignes", "01", "null"] | sort)' \
        out/config.json
    jq -e '.validation.labels | length == 6' out/metrics.json
    seq 40 | cam-train predict --model out >rows.tsv
    [ "$(wc -l <rows.tsv)" -eq 40 ]
    [ "$(awk -F'\t' 'NF != 3' rows.tsv | wc -l)" -eq 0 ]
    seq 40 | cam-train predict --model out --format jsonl --top-k 6 | jq -es 'length == 40 and all(.[]; .top | length == 6)'
    cam-train eval --model out --data data.csv >table.txt
}

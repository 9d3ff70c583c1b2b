# What other programs export: told by its cause, with a cure that cures; read where it can be.
load common
setup() { in_own_folder; }

check() { cam-train check --config c.yaml output_dir=checked "$@"; }

# The command after "run" in the last message, pasted into a shell.
run_proposed() { eval "$(sed -n 's/^error:.*; run \(.*\), and set .*/\1/p' <<<"$stderr")"; }

@test "row names of R, lines of fastText, lines in quotes: one message, and its command makes a table" {
    awk 'NR == 1 { print; next } { print NR - 1 "," $0 }' data.csv >r.csv
    refused 3 "one cell more than the header" check train_file=r.csv
    run_proposed
    succeeds check train_file=fixed.csv
    refused 3 "set --data fixed.csv" cam-train init --data r.csv
    jq -Rr 'capture("^\"?(?<text>.*?)\"?,(?<label>[^,]*)$") | "__label__\(.label) \(.text)"' <(tail -n +2 data.csv) >fast.txt
    refused 3 "lines of fastText" check train_file=fast.txt
    run_proposed
    succeeds check train_file=fixed.tsv columns='[label, text]'
    answers "accès"
    for mark in '' '\357\273\277'; do
        { printf "$mark" && sed 's/"/""/g; s/.*/"&"/; s/$/\r/' data.csv; } >whole.csv
        refused 3 "each line stands in quotes as a whole" check train_file=whole.csv
        run_proposed
        cmp fixed.csv data.csv || complain "mark '$mark'"
    done
}

@test "a text that begins with a number is no row name" {
    { echo text,label && for i in $(seq 30); do printf '%d rue de la Paix,%s\n' "$i" $((i % 2 ? 1 : 2)); done; } >d.csv
    succeeds check train_file=d.csv
}

@test "NUL bytes are named, and the command removes them" {
    sed '3s/mes/m\x00es/' data.csv >nul.csv
    refused 3 "nul.csv:3: a NUL byte is in the text; remove such bytes with tr -d" check train_file=nul.csv
    eval "$(sed -n 's/^error:.* with \(tr .*\), or leave.*/\1/p' <<<"$stderr")"
    succeeds check train_file=fixed.csv
    answers "60 rows"
}

@test "lines that a database draws are no rows; its count of rows is the one bad row" {
    { sed -n '1s/,/|/p' data.csv && echo '-----+------' && sed '1d; s/"//g; s/\(.*\),/\1|/' data.csv && echo '(60 rows)'; } >psql.csv
    refused 3 "psql.csv:63: 1 cell where the header has 2" check train_file=psql.csv
    succeeds check train_file=psql.csv on_bad_row=skip
    answers "psql.csv: 1 drawn line (-----) was left out"
    answers "labels   3"
    succeeds cam-train init --data psql.csv
    [[ "$output" == *"60 rows, 3 labels"* ]] || complain "the line is a row for init"
}

@test "rows of a second file with another delimiter are one cause" {
    { cat data.csv && sed '1d; s/"//g; s/,\([^,]*\)$/;\1/; s/,/ /g' data.csv; } >two.csv
    run --separate-stderr check train_file=two.csv
    [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ] || complain "expected one error"
    says '1 cell where the header has 2, with ";" between its parts (two files joined?)'
    succeeds cam-train init --data two.csv
    says "60 of 120 rows would be left out"
}

@test "labels in quotes that CSV does not know: the map that is printed cures" {
    for pair in "' '" '“ ”' '« »' '=" "'; do
        awk -v open="${pair% *}" -v close_="${pair#* }" -F'\t' 'NR == 1 { print "text\tlabel"; next }
            { print $1 "\t" open $2 close_ }' <(sed 's/"//g; s/,\([^,]*\)$/\t\1/' data.csv) >q.tsv
        succeeds check train_file=q.tsv format=tsv
        answers "every label stands in quotes that are part of it"
        setting=$(sed -n "s/^to mend these labels, set //p" <<<"$output")
        eval "succeeds check train_file=q.tsv format=tsv $setting"
        [[ "$output" != *"stands in quotes"* ]] || complain "not cured: $pair"
    done
}

@test "labels that are several labels in one are named; labels with a comma are not" {
    awk -F'\t' 'NR == 1 { print "text\tlabel"; next } { print $1 "\t" (NR % 4 == 0 ? "suivi;accès" : $2) }' \
        <(sed 's/"//g; s/,\([^,]*\)$/\t\1/' data.csv) >many.tsv
    succeeds check train_file=many.tsv
    answers '1 label looks like several labels in one: "suivi;accès" (15 rows in all)'
    sed 's/"//g; s/,\([^,]*\)$/\t\1/; s/text,label/text\tlabel/; s/\tsuivi/\tsuivi, colis/; s/\tremboursement/\targent, retour/' \
        data.csv >comma.tsv
    succeeds check train_file=comma.tsv
    [[ "$output" != *"several labels"* ]] || complain "a comma alone joins no labels"
}

@test "texts that an export damaged are counted" {
    sed 's/ù/\xEF\xBF\xBD/' data.csv >lost.csv
    succeeds check train_file=lost.csv
    answers "20 of 60 texts have the mark of a lost character, U+FFFD"
    sed 's/où est/re?u/; s/numéro/num?ro/; s/accès/acces/' data.csv >marks.csv
    succeeds check train_file=marks.csv
    answers "20 of 60 texts have question marks inside words"
    sed 's/où/o\&ugrave;/; s/euros/<br>euros/' data.csv >html.csv
    succeeds check train_file=html.csv
    answers "40 of 60 texts have HTML in them"
    sed 's/^où.*,/#####,/' data.csv >hash.csv
    succeeds check train_file=hash.csv
    answers "20 of 60 texts are words for a missing value"
    for file in lost marks html hash; do
        [ "$(check train_file=$file.csv | tr -s '\n ' '  ' | grep -oE 'texts (have|are words)' | wc -l)" -eq 1 ] || complain "$file"
    done
    succeeds check
    [[ "$output" != *"texts have"* && "$output" != *"texts are"* ]] || complain "sound texts"
}

@test "a file without a header: the columns that are proposed cure" {
    tail -n +2 data.csv >rows.csv
    refused 3 'columns=' check train_file=rows.csv
    setting=$(grep -oE "columns='[^']*'" <<<"$stderr")
    eval "succeeds check train_file=rows.csv $setting"
    answers "60 rows"
    awk -F, '{ print $2 "," $1 }' <(sed 's/"//g; s/,\([^,]*\)$/\t\1/; s/,/ /g; s/\t/,/' rows.csv) >swapped.csv
    refused 3 'columns=' check train_file=swapped.csv
    setting=$(grep -oE "columns='[^']*'" <<<"$stderr")
    eval "succeeds check train_file=swapped.csv $setting"
    answers "labels   3"
}

@test "names of columns are shown trimmed, on one line, also where one is empty" {
    { printf '"", text ,"label\n(choisi)"\n' && awk '{ print NR - 1 "," $0 }' <(tail -n +2 data.csv); } >h.csv
    run --separate-stderr check train_file=h.csv
    [ "$status" -eq 3 ] && says 'the file has "", "text", "label (choisi)"'
    succeeds check train_file=h.csv label_column=$'label\n(choisi)'
    answers 'columns  "", text (text), label'
}

@test "a Windows path between double quotes in a configuration" {
    sed 's|data.csv|"C:\\Users\\marie\\data.csv"|' c.yaml >w.yaml
    refused 2 "a backslash has a meaning: write the value between ' instead" cam-train check --config w.yaml
    sed "s|data.csv|'C:\\\\Users\\\\marie\\\\data.csv'|" c.yaml >w.yaml
    refused 3 'C:\Users\marie\data.csv' cam-train check --config w.yaml
}

@test "JSON as Python and pandas write it: the cause, and what to write" {
    jq -Rr 'capture("^\"?(?<text>.*?)\"?,(?<label>[^,]*)$") | "{\u0027text\u0027: \u0027\(.text)\u0027, \u0027label\u0027: \u0027\(.label)\u0027}"' \
        <(tail -n +2 data.csv) >python.jsonl
    refused 3 "these are objects of Python: write each with json.dumps" check train_file=python.jsonl
    jq -Rc 'capture("^\"?(?<text>.*?)\"?,(?<label>[^,]*)$")' <(tail -n +2 data.csv) >good.jsonl
    sed '3s/"suivi"\|"accès"\|"remboursement"/NaN/' good.jsonl >nan.jsonl
    refused 3 "JSON has no NaN: write null" check train_file=nan.jsonl
    sed -i 's/NaN/null/' nan.jsonl
    succeeds check train_file=nan.jsonl on_bad_row=skip
    echo '{"text": {"0": "un texte"}, "label": {"0": "suivi"}}' >columns.json
    refused 3 'to_json with orient="records"' cam-train init --data columns.json
}

# eval: which rows of a file are scored, and what it says of the others.
load common
setup_file() { train_once; }
setup() { in_own_folder && ln -s "$BATS_FILE_TMPDIR/out" out; }

evaluate() { cam-train eval --model out "$@"; }
# scored PART ROWS: what --json said last.
scored() { jq -e --arg part "$1" --argjson rows "$2" '.part == $part and .rows == $rows' <<<"$output" >/dev/null || complain "expected $1, $2 rows"; }

@test "on the file of the training the held-out rows are scored, and eval says so" {
    succeeds evaluate --data data.csv --json
    scored validation 6
    says '"data.csv" is the file of the training: 6 of its 60 rows are scored, those that were held out'
    held_out=$output
    succeeds evaluate --data data.csv --part validation --json
    [ "$output" = "$held_out" ]
    # they are the rows of split.tsv
    { head -1 data.csv && awk -F'\t' '$3 == "validation" { print $2 "p" }' out/split.tsv | sed -nf - data.csv; } >validation.csv
    succeeds evaluate --data validation.csv --json
    [ "$(jq -c 'del(.part)' <<<"$output")" = "$(jq -c 'del(.part)' <<<"$held_out")" ]
    succeeds evaluate --data data.csv
    says "those that were held out"
}

@test "--part train and all" {
    succeeds evaluate --data data.csv --part train --json
    scored train 54
    says "those that the model has learnt"
    succeeds evaluate --data data.csv --part all --json
    scored all 60
    says "all its rows are scored, also those that the model has learnt"
}

@test "a copy is the file of the training too, in any format and encoding" {
    succeeds evaluate --data data.csv --json
    held_out=$output
    cp data.csv copy.csv
    succeeds evaluate --data copy.csv --json
    [ "$output" = "$held_out" ] || complain "copy"
    { printf '\xef\xbb\xbf\r\n' && sed 's/$/\r/' data.csv; } >crlf.csv # an empty first line: all rows stand one lower
    succeeds evaluate --data crlf.csv --json
    [ "$output" = "$held_out" ] || complain "CRLF"
    iconv -f utf-8 -t windows-1252 data.csv >ansi.csv
    succeeds evaluate --data ansi.csv --encoding windows-1252 --json
    [ "$output" = "$held_out" ] || complain "encoding"
    tail -n +2 data.csv | tr -d '"' | sed 's/,\([^,]*\)$/\t\1/' | jq -Rc 'split("\t") | {text: .[0], label: .[1]}' >copy.jsonl
    succeeds evaluate --data copy.jsonl --json
    [ "$output" = "$held_out" ] || complain "JSON Lines"
}

@test "another file: all rows, and a count of the texts that the model has learnt" {
    printf 'text,label\nun texte nouveau,suivi\nun autre,accès\n' >new.csv
    succeeds evaluate --data new.csv --json
    scored all 2
    [ -z "$stderr" ] || complain "nothing is to be said"
    learnt=$(awk -F'\t' '$3 == "train" { print $2; exit }' out/split.tsv)
    kept=$(awk -F'\t' '$3 == "validation" { print $2; exit }' out/split.tsv)
    sed -n "${learnt}p;${kept}p" data.csv >>new.csv
    succeeds evaluate --data new.csv --json
    scored all 4
    says 'warning: 1 of the 4 rows of "new.csv" has a text that the model has learnt'
    for part in validation train; do
        refused 2 "\"new.csv\" is another; leave it out to score all rows" evaluate --data new.csv --part $part
    done
    succeeds evaluate --data new.csv --part all --json
    scored all 4
}

@test "a training file that is gone, has grown, is sorted, cut or corrected" {
    succeeds evaluate --data data.csv --json
    held_out=$output
    cp data.csv kept.csv
    mv data.csv elsewhere.csv
    succeeds evaluate --data elsewhere.csv --json
    [ "$output" = "$held_out" ] || complain "gone"
    { cat kept.csv && echo 'une question de plus,suivi'; } >data.csv
    succeeds evaluate --data data.csv --json
    [ "$output" = "$held_out" ] || complain "grown"
    says '1 of the 61 rows of "data.csv" is not among those that the training used (new, changed, or left out then), and is not scored'
    [[ "$stderr" != *"has changed"* ]] || complain "all rows are where they were"
    { head -1 kept.csv && tail -n +2 kept.csv | sort -r; } >data.csv
    succeeds evaluate --data data.csv --json
    # in another order: the loss is summed up in another order, too
    jq -e --argjson held_out "$held_out" '(.confusion == $held_out.confusion) and .rows == 6 and .part == "validation"' <<<"$output" || complain "sorted"
    says 'warning: "data.csv" has changed since the training: '
    says 'the others are known by their texts only'
    sed 2d kept.csv >data.csv
    succeeds evaluate --data data.csv --json
    scored validation 6
    says '0 of the 60 rows that it used are where they were'
    succeeds evaluate --data data.csv --part all --json
    scored all 59
    # a corrected label is scored as it is now
    row=$(awk -F'\t' '$3 == "validation" { print $2; exit }' out/split.tsv)
    sed "${row}s/,[^,]*$/,suivi/" kept.csv >data.csv
    succeeds evaluate --data data.csv --json
    scored validation 6
}

@test "an edited file with as many rows: the changed texts are told, and not scored" {
    cp data.csv kept.csv
    row=$(awk -F'\t' '$3 == "validation" { print $2; exit }' out/split.tsv)
    sed "${row}s/[a-z]/un tout autre texte &/" kept.csv >data.csv
    succeeds evaluate --data data.csv --json
    scored validation 5
    says 'warning: "data.csv" has changed since the training: 59 of the 60 rows that it used are where they were'
    says '1 of the 60 rows of "data.csv" is not among those'
    # a text of the training that stands where a held-out one stood is still learnt
    learnt=$(awk -F'\t' '$3 == "train" { print $2; exit }' out/split.tsv)
    awk -v row="$row" -v learnt="$learnt" '{ lines[NR] = $0 } END { lines[row] = lines[learnt]; for (i = 1; i <= NR; i++) print lines[i] }' kept.csv >data.csv
    succeeds evaluate --data data.csv --json
    scored validation 5
    succeeds evaluate --data data.csv --part train --json
    scored train 55
    sed '2,$s/^"*/&un autre texte /' kept.csv >data.csv
    refused 3 'has none of the texts of that time; score all its rows with --part all' evaluate --data data.csv
    succeeds evaluate --data data.csv --part all --json
    scored all 60
}

@test "rows that the run left out are not scored with those that it held out" {
    { cat data.csv && tail -n +2 data.csv | head -n 30 && echo 'une question sans suite,à voir'; } >more.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=more.csv on_duplicate=drop 'label_map={à voir: ""}' output_dir=left
    succeeds cam-train eval --model left --data more.csv --json
    scored validation 6
    says '31 of the 91 rows of "more.csv" are not among those'
}

@test "a Windows-1252 file of the run is read as the run read it, and so is a copy" {
    sed 's/"//g; s/,\([^,]*\)$/;\1/' data.csv | iconv -f utf-8 -t windows-1252 >ansi.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=ansi.csv encoding=windows-1252 'delimiter=;' output_dir=ansi
    cp ansi.csv copy.csv
    for file in ansi.csv copy.csv; do
        succeeds cam-train eval --model ansi --data $file --json
        scored validation 6
        [[ "$stderr" != *"no UTF-8"* ]] || complain "$file is known"
    done
    # saved anew as UTF-8 with commas under its old name
    cp data.csv ansi.csv
    succeeds cam-train eval --model ansi --data ansi.csv --json
    scored validation 6
    iconv -f utf-8 -t windows-1252 data.csv | tail -n 20 | sed '1s/.*/text,label/' >other.csv
    succeeds cam-train eval --model ansi --data other.csv --json
    scored all 19
    says 'warning: other.csv: no UTF-8, and was read as windows-1252, as the training file was (line '
}

@test "a run with a validation file held out no row of its training file; a model without a run has no parts" {
    head -7 data.csv >validation.csv
    succeeds cam-train --quiet --config c.yaml validation_file=validation.csv max_steps=1 warmup_ratio=0 output_dir=two
    refused 2 'no row of "data.csv" was held out' cam-train eval --model two --data data.csv
    succeeds cam-train eval --model two --data data.csv --part train --json
    scored train 60
    succeeds cam-train eval --model two --data validation.csv --json
    scored all 6
    says "6 of the 6 rows"
    rm two/split.tsv
    succeeds cam-train eval --model two --data data.csv --json
    scored all 60
    says "without split.tsv"
    rm two/run.yaml
    succeeds cam-train eval --model two --data data.csv --json
    scored all 60
    refused 2 "needs a model folder that a run wrote" cam-train eval --model two --data data.csv --part validation
}

@test "labels that the model lacks are an error, or left out and counted" {
    printf 'text,label\nun texte,suivi\nun autre,salut\nencore un,adieu\n' >new.csv
    run --separate-stderr evaluate --data new.csv
    [ "$status" -eq 3 ]
    says '"salut"'
    says '"adieu"'
    says "--unknown-labels skip"
    succeeds evaluate --data new.csv --unknown-labels skip --json
    scored all 1
    says "2 of 3 rows are left out"
    sed -i 2d new.csv
    refused 3 "no row has a label of the model" evaluate --data new.csv --unknown-labels skip
}

@test "the label rules of the training hold for the next file" {
    sed '2,7s/suivi$/Suivi/; 8,12s/accès$/login/' data.csv >mixed.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=mixed.csv label_case=fold 'label_map={login: accès, à voir: ""}' output_dir=rules
    printf 'text,label\nun,SUIVI\ndeux,login\ntrois,accès\nquatre,à voir\n' >new.csv
    succeeds cam-train eval --model rules --data new.csv --json
    scored all 3
    jq -e '[.labels[].label] == ["accès", "remboursement", "suivi"] and [.labels[].support] == [2, 0, 1]' <<<"$output"
}

@test "a training file of JSON has parts too, also where all objects stand on one line" {
    tail -n +2 data.csv | tr -d '"' | sed 's/,\([^,]*\)$/\t\1/' | jq -Rc 'split("\t") | {text: .[0], label: .[1]}' >data.jsonl
    jq -cs . data.jsonl >data.json
    for file in data.jsonl data.json; do
        succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=$file output_dir=json overwrite_output_dir=true
        succeeds cam-train eval --model json --data $file --json
        scored validation 6
        succeeds cam-train eval --model json --data data.csv --json
        scored validation 6
    done
}

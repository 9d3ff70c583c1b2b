# predict, eval and tokenize on a model that was trained once.
load common
setup_file() { train_once; }
setup() { in_own_folder && ln -s "$BATS_FILE_TMPDIR/out" out; }

predict() { cam-train predict --model out "$@"; }

@test "tsv: a label, a probability, the text, one row a line" {
    run --separate-stderr predict <<<$'où est mon colis\nmot de passe perdu'
    [ "$status" -eq 0 ] && [ "${#lines[@]}" -eq 2 ]
    [[ "${lines[0]}" =~ ^(suivi|accès|remboursement)$'\t'(0\.[0-9]+|1)$'\t'où\ est\ mon\ colis$ ]] || complain "${lines[0]}"
    [ "$stderr" = "2 texts of standard input (lines, utf-8) were answered; written to standard output" ] || complain "said"
}

@test "a blank line gives a row too, and so does a last line without its end" {
    [ "$(printf 'a\n\nb\n\n\nc' | predict | wc -l)" -eq 6 ]
    [ "$(printf '' | predict | wc -l)" -eq 0 ]
}

@test "a text of nothing but space has no label and no score" {
    printf 'a\n\n \t\xc2\xa0\nb\n' >texts
    predict --input texts >rows.tsv
    [ "$(cut -f1 rows.tsv | grep -c .)" -eq 2 ]
    [ "$(cut -f2 rows.tsv | grep -c .)" -eq 2 ]
    [ "$(sed -n 2p rows.tsv)" = $'\t\t' ]
    predict --input texts --format jsonl --top-k 2 | jq -ces '[.[].label != null] == [true, false, false, true]
        and .[1] == {"label": null, "score": null, "top": []} and (.[0].top | length) == 2'
}

@test "one line says what was done, and none with --quiet but for texts that were cut" {
    seq -s ' ' 200 >texts
    printf '\n \nbonjour\n' >>texts
    succeeds predict --input texts --output rows.tsv
    [ "$stderr" = '4 texts of "texts" (lines, utf-8) were answered; 2 texts were empty and have no label; 1 text was cut to 64 tokens; written to "rows.tsv"' ] || complain "said"
    succeeds predict --input texts --quiet
    [ "$stderr" = "warning: 1 text was cut to 64 tokens" ] || complain "quiet"
    succeeds predict --quiet <<<bonjour
    [ -z "$stderr" ] || complain "quiet"
    printf '\n' >texts
    succeeds predict --input texts
    says '1 text of "texts" (lines, utf-8) was answered; 1 text was empty and has no label; written to standard output'
    succeeds predict --input data.csv
    [ "$stderr" = '60 rows of "data.csv" (csv, utf-8, delimiter ",") were answered; written to standard output' ] || complain "table"
    succeeds predict </dev/null
    says "0 texts of standard input"
}

@test "--digits rounds the scores of every format" {
    echo bonjour >texts
    [[ "$(predict --input texts --digits 3 | cut -f2)" =~ ^0\.[0-9]{1,3}$ ]]
    [[ "$(predict --input texts --format jsonl --digits 2 | jq .score)" =~ ^0\.[0-9]{1,2}$ ]]
    [[ "$(predict --input texts --format jsonl | jq .score)" =~ ^0\.[0-9]{10,} ]]
    refused 2 '"--digits" takes' predict --input texts --digits 0
}

@test "tabs, backslashes and carriage returns of a text are escaped" {
    succeeds predict --format tsv <<<$'a\tb\\c'
    [[ "$output" == *$'\t''a\tb\\c' ]] || complain "escapes"
    [ "$(awk -F'\t' '{ print NF }' <<<"$output")" -eq 3 ]
}

@test "jsonl: label and score; --top-k adds the best, which add up to 1" {
    echo bonjour | predict --format jsonl | jq -e 'keys == ["label", "score"]'
    echo bonjour | predict --format jsonl --top-k 3 | jq -e '.top[0].label == .label and .top[0].score == .score
        and (.top | length) == 3 and .top[0].score >= .top[1].score and .top[1].score >= .top[2].score
        and ([.top[].score] | add | . > 0.999999 and . < 1.000001)'
    echo bonjour | predict --format jsonl --top-k 99 | jq -e '.top | length == 3'
}

@test "under the threshold the label is empty, null in JSON" {
    [ "$(echo bonjour | predict --threshold 1 | cut -f1)" = "" ]
    echo bonjour | predict --threshold 1 --format jsonl | jq -e '.label == null and .score > 0'
    [ "$(echo bonjour | predict --threshold 0 | cut -f1)" != "" ]
}

@test "rows of a file, written to a file in the same order" {
    succeeds predict --input data.csv --format tsv --output rows.tsv
    [ -z "$output" ]
    diff <(cut -f3 rows.tsv) <(tail -n +2 data.csv | tr -d '"' | sed 's/,[^,]*$//')
}

@test "a text has the same bytes alone, among 2,000 others, in any order, and for any number of threads" {
    make_tiny wide '.num_hidden_layers = 2 | .hidden_size = 128 | .intermediate_size = 512 | .num_attention_heads = 4'
    succeeds cam-train --config c.yaml model_name_or_path=./wide output_dir=wide-out max_steps=2
    tail -n +2 "$repository/examples/commandes/commandes.csv" | cut -d, -f1 >texts
    { cat texts && sed 's/^/bonjour, une question : /' texts; } | head -n 2000 >many
    answer() { cam-train predict --model wide-out --top-k 3 --format jsonl; }
    answer <many >all
    [ "$(sort -u all | wc -l)" -gt 1000 ] || complain "$(sort -u all | wc -l) different answers"
    for row in 1 14 150 1024 2000; do
        sed -n ${row}p many | answer | cmp - <(sed -n ${row}p all)
    done
    tac many | answer | tac | cmp - all
    OMP_NUM_THREADS=1 answer <many | cmp - all
}

@test "a pipe that closes early ends quietly" {
    run --separate-stderr bash -c 'set -o pipefail; seq 100000 | "$0" predict --model out | head -1' "$program"
    [ "${#lines[@]}" -eq 1 ]
    [ -z "$stderr" ] || complain "not quiet"
    run --separate-stderr bash -c 'seq 100000 | { "$0" tokenize --model out; echo $? >code; } | head -1; cat code' "$program"
    [ "$(cat code)" -eq 0 ] || complain "tokenize"
    [ -z "$stderr" ]
}

@test "a full disk is exit 8" {
    for command in "predict --model out" "predict --model out --output /dev/full" "tokenize --model out" \
        "eval --model out --data data.csv" "eval --model out --data data.csv --json"; do
        run --separate-stderr bash -c 'echo bonjour | "$0" $1 >/dev/full' "$program" "$command"
        [ "$status" -eq 8 ] || complain "$command"
        [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ] || complain "$command"
    done
}

@test "an output file that cannot be made is exit 8, an input that is not there exit 3" {
    refused 8 none/rows.tsv predict --input data.csv --output none/rows.tsv
    refused 3 "$PWD/none.csv" predict --input none.csv
    refused 3 "$PWD/none.csv" cam-train eval --model out --data none.csv
    refused 4 "/none" cam-train predict --model ./none
}

@test "input that is not UTF-8 is refused with its line" { printf 'a\nb\n\xff\n' >bad && refused 3 bad:3 predict --input bad; }

@test "eval: a table, or --json; labels that the model does not have are refused" {
    succeeds cam-train eval --model out --data data.csv
    answers accuracy
    for label in suivi remboursement accès; do answers $label; done
    cam-train eval --model out --data data.csv --part all --json | jq -e '.rows == 60 and .accuracy <= 1
        and ([.confusion[][]] | add) == 60 and ([.labels[].support] | add) == 60'
    echo 'bonjour,salut' >>data.csv
    refused 3 '"salut"' cam-train eval --model out --data data.csv --part all
}

@test "reading options: columns, delimiter, encoding" {
    printf 'A;B\nsuivi;où est-il passé\n' | iconv -f utf-8 -t windows-1252 >o.csv
    refused 3 "--encoding windows-1252" cam-train eval --model out --data o.csv --text-column B --label-column A
    succeeds cam-train eval --model out --data o.csv --text-column B --label-column A --encoding windows-1252 --json
    printf 'suivi\toù\n' >headless.tsv
    succeeds cam-train eval --model out --data headless.tsv --columns label,text --json
}

@test "tokenize: ids between <s> and </s>, in three formats, blank lines and long texts included" {
    [ "$(echo | cam-train tokenize --model tiny)" = '{"ids":[5,6]}' ]
    printf 'mon colis\n\nbonjour\n' | cam-train tokenize --model out >ids
    [ "$(wc -l <ids)" -eq 3 ]
    jq -es 'all(.[]; .ids[0] == 5 and .ids[-1] == 6) and .[1].ids == [5, 6]' ids
    [ "$(echo 'mon colis' | cam-train tokenize --model out --format ids)" = "$(head -1 ids | jq -r '.ids | join(" ")')" ]
    run cam-train tokenize --model out --format pieces <<<'mon colis'
    [[ "$output" == "<s> ▁mon "*"</s>" ]] || complain "pieces"
    seq 2000 | tr '\n' ' ' | cam-train tokenize --model out | jq -e '.ids | length > 2000'
}

@test "decomposed accents are the same text" {
    [ "$(printf 'caf\xc3\xa9\n' | cam-train tokenize --model out)" = "$(printf 'cafe\xcc\x81\n' | cam-train tokenize --model out)" ]
}

@test "an interrupt is exit 130, also while waiting for input" {
    for verb in predict tokenize; do
        mkfifo "input-$verb"
        exec 9<>"input-$verb" # open at both ends, and never written to
        "$program" "$verb" --model out --input "input-$verb" 2>err 9>&- 3>&- &
        reader=$!
        sleep 0.5
        kill -TERM $reader
        code=0 && wait $reader || code=$?
        exec 9>&-
        [ "$code" -eq 130 ] || { cat err; return 1; }
    done
}

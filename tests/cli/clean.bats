# `clean`: which labels a person should look at, and the corrected file by that person's decisions.
load common
setup() { in_own_folder && plant; }

clean() { cam-train clean --config c.yaml "$@"; }

# Three wrong labels, in lines 5, 24 and 43: each row is the first of three kinds.
plant() {
    sed -i -e '5s/suivi/accès/' -e '24s/remboursement/suivi/' -e '43s/accès/remboursement/' data.csv
    cp data.csv planted.csv
}

# decide LINE DECISION: writes a decision of suspects.csv as a person does, at the row of this line of data.csv.
decide() {
    sed -i -E "/^(\xEF\xBB\xBF)?data\.[a-z]+[,;]$1[,;]/s/[^,;]*\$/$2/" out/suspects.csv
    grep -q "^data\.[a-z]*[,;]$1[,;].*[,;]$2\$" out/suspects.csv || complain "line $1 is not among the suspects"
}

# cell ROW NAME: a cell of suspects.csv, of tables without quotes.
cell() {
    awk -F, -v row="$1" -v name="$2" '
        { sub(/^\xEF\xBB\xBF/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
        NR == row + 1 { print $column }' out/suspects.csv
}

@test "planted errors come first; files, figures and the next command; the data stay as they are" {
    succeeds clean --fast
    [ -z "$output" ] || complain "standard output is for results of other verbs"
    says "3 rows to look at"
    says 'cam-train clean --config c.yaml --apply'
    [ "$(for i in 1 2 3; do cell $i line; done | sort -n | xargs)" = "5 24 43" ] || complain "other rows come first"
    grep -q '^data.csv,5,où est le colis numéro 2,accès,suivi,0.0[0-9]*,0.9[0-9]*,probably wrong[^,]*,$' out/suspects.csv
    grep -q '^data.csv,43,"mot de passe perdu, essai 14",remboursement,accès,0.0[0-9]*,0.9[0-9]*,probably wrong[^,]*,$' out/suspects.csv
    [ "$(sed -n 1p out/suspects.csv)" = $'\xEF\xBB\xBF'file,line,text,given,suggested,score_given,score_suggested,why,decision ] ||
        complain "other columns"
    jq -e '.format == "cam-train clean 1" and .rows == 60 and .suspects == 3 and .scores == "tfidf" and .wrong_share.value == 0.05
        and .wrong_share.low <= 0.05 and .wrong_share.high >= 0.05 and (.examples | length) == 3 and .duplicates == 0' out/clean.json ||
        complain "other figures"
    cmp data.csv planted.csv
    while IFS= read -r line; do [ "$(wc -m <<<"$line")" -le 81 ] || complain "wide: $line"; done <<<"$stderr"
}

@test "the same list each time" {
    succeeds clean --fast
    cp out/suspects.csv out/clean.json .
    succeeds clean --fast
    cmp out/suspects.csv suspects.csv && cmp out/clean.json clean.json
}

@test "each decision is applied, and listed; nothing else changes" {
    succeeds clean --fast
    decide 5 suggested
    decide 24 Remboursement
    refused 3 'out/suspects.csv:' clean --apply
    says '"Remboursement" is no decision (keep, suggested, drop) and no label of the data; did you mean "remboursement"?'
    [ ! -e data-clean.csv ] || complain "something was written"
    decide 24 remboursement
    decide 43 DROP
    succeeds clean --apply
    says 'line 5: "accès" becomes "suivi"'
    says 'line 43: "remboursement" is dropped'
    says '2 labels changed, 1 row dropped, of 60; "data.csv" is as it was'
    make_data | sed 43d | cmp - data-clean.csv
    cmp data.csv planted.csv
    [ "$(sed -n 1p out/changes.csv)" = $'\xEF\xBB\xBF'file,line,text,from,to ] || complain "other columns"
    [ "$(sed -E '1d; s/^data.csv,([0-9]+),.*,([^,]*,[^,]*)$/\1,\2/' out/changes.csv | xargs)" = \
        "5,accès,suivi 24,suivi,remboursement 43,remboursement," ] || complain "other changes"
    eval "$(grep -o 'cam-train check .*' <<<"$stderr")" >check.out || complain "the next command fails"
    grep -q "file     data-clean.csv" check.out
    succeeds clean --apply
    says 'data-clean-2.csv'
    cmp data-clean.csv data-clean-2.csv
}

@test "keep and no decision change nothing; --apply comes after a list; pretraining has no labels" {
    refused 2 "run clean without --apply first" clean --apply
    cures "clean looks at labels; set " "$settings" clean --fast task=pretrain
    rm -r out
    succeeds clean --fast
    decide 5 keep
    succeeds clean --apply
    says "nothing to change: 1 decisions"
    [ ! -e data-clean.csv ] || complain "something was written"
}

@test "rows that the data does not have are refused by line, all of them, and nothing is written" {
    succeeds clean --fast
    decide 5 suggested
    sed -i -e 's/^data.csv,24,/data.csv,240,/' -e 's/^data.csv,43,"mot/&s/' out/suspects.csv
    sed -n 2p out/suspects.csv | sed 's/^data.csv/other.csv/' >>out/suspects.csv
    sed -n '/^data.csv,5,/p' out/suspects.csv >>out/suspects.csv
    run --separate-stderr clean --apply
    [ "$status" -eq 3 ] || complain "expected exit 3"
    says 'no row of "data.csv" begins in line 240'
    says 'the row of line 43 in "data.csv" has another text'
    says 'out/suspects.csv:5: no row of "data.csv": file "other.csv"'
    says 'out/suspects.csv:6: the row is here twice'
    [ ! -e data-clean.csv ] || complain "something was written"
    sed -i 's/decision/decisions/' out/suspects.csv
    refused 3 'column' clean --apply
}

@test "decisions are not lost by a new list" {
    succeeds clean --fast
    decide 5 suggested
    cp out/suspects.csv decided.csv
    cures '"out/suspects.csv" has 1 decision, which a new list would replace' "overwrite_output_dir=true" clean --fast
    cp decided.csv out/suspects.csv
    refused 2 'use them with --apply' clean --fast
    cmp decided.csv out/suspects.csv
    refused 2 'leave one of them out' clean --fast --apply
}

@test "the scores of measure; without them the command that makes them; those of other data" {
    refused 2 '"out/oof.jsonl" is not there' clean
    eval "$(grep -o 'cam-train clean .* --fast' <<<"$stderr")" || complain "the command fails"
    refused 2 'is not there' clean folds=2 final=false num_train_epochs=4
    eval "$(grep -o 'cam-train measure [^,]*' <<<"$stderr")" 2>measure.err || complain "the command fails: $(cat measure.err)"
    succeeds clean
    says 'clean    60 rows by the scores of "out/oof.jsonl"'
    jq -e '.scores == "oof.jsonl" and .folds == 2 and .suspects >= 1' out/clean.json
    sed -i '2s/suivi/accès/' data.csv
    refused 3 'was made from other data: the rows of "data.csv" have changed since then' clean
    cp planted.csv data.csv
    head -n 20 out/oof.jsonl >cut && cp cut out/oof.jsonl
    refused 3 '"out/oof.jsonl" is cut' clean
}

@test "equal and nearly equal texts with two labels" {
    printf '%s\n' 'Je voudrais annuler ma commande 17,suivi' 'je voudrais annuler ma commande 17 !,remboursement' \
        'je voudrais annuler ma commande 18,accès' 'je voudrais annuler ma commande 18,accès' >>data.csv
    succeeds clean --fast
    says "2 rows repeat an earlier text; 2 have a text with two labels"
    jq -e '.duplicates == 2 and .duplicates_with_other_labels == 2 and .near_duplicates >= 3' out/clean.json
    grep -q '^data.csv,63,.*same text as line 62: suivi' out/suspects.csv
}

@test "a table keeps its form: semicolons, quotes, CRLF, byte-order mark, other columns, blank records" {
    { printf '\xEF\xBB\xBF' && sed -e 's/,\([^,]*\)$/;\1;"x ""y"""/' -e '1s/"x.*/note/' data.csv | sed 's/$/\r/' && printf ';;\r\n'; } >data-form.csv
    mv data-form.csv data.csv
    cp data.csv planted.csv
    succeeds clean --fast
    head -c 60 out/suspects.csv | grep -q 'file;line;text'
    grep -q '^data.csv;5;.*;0,[0-9]*;0,[0-9]*;' out/suspects.csv
    sed -i 's/$/\r/' out/suspects.csv
    sed -i -E '/^data.csv;5;/s/;\r$/;suggested\r/' out/suspects.csv
    succeeds clean --apply
    sed '5s/accès/suivi/' planted.csv | cmp - data-clean.csv
    cmp data.csv planted.csv
}

@test "files in Windows-1252; suspects.csv as a spreadsheet saves it" {
    iconv -f utf-8 -t windows-1252 planted.csv >data.csv
    succeeds clean --fast encoding=windows-1252
    decide 5 suggested
    sed 's/^\xEF\xBB\xBF//' out/suspects.csv | iconv -f utf-8 -t windows-1252 >saved && mv saved out/suspects.csv
    succeeds clean --apply encoding=windows-1252
    sed '5s/accès/suivi/' planted.csv | iconv -f utf-8 -t windows-1252 | cmp - data-clean.csv
}

@test "JSON Lines: the label alone is replaced; other JSON is refused" {
    sed 1d data.csv | jq -cR 'split(",") | {id: 1.50, label: .[-1], "text": (.[:-1] | join(",") | ltrimstr("\"") | rtrimstr("\""))}' |
        sed 's/"id":1.50*/"id": 1.50/' >data.jsonl
    succeeds clean --fast train_file=data.jsonl
    decide 4 suggested
    decide 23 drop
    succeeds clean --apply train_file=data.jsonl
    sed -e '4s/accès/suivi/' -e 23d data.jsonl | cmp - data-clean.jsonl
    jq -s . data.jsonl >data.json
    succeeds clean --fast train_file=data.json output_dir=list
    sed -i '2s/$/suggested/' list/suspects.csv
    refused 3 "only JSON Lines, one object a line, can be corrected" clean --apply train_file=data.json output_dir=list
}

@test "a label that label_map renames cannot be written" {
    succeeds clean --fast 'label_map={suivi: accès, accès: suivi}'
    decide 5 suggested
    refused 3 'label_map renames it' clean --apply 'label_map={suivi: accès, accès: suivi}'
}

@test "a full disk: one message, and nothing is left" {
    succeeds clean --fast
    decide 5 suggested
    for at in 1 2; do
        refused 8 "" env LD_PRELOAD="$CAM_FAILING_CALLS" FAULT_FOLDER="$PWD" FAULT_CALLS=write FAULT_AT=$at FAULT_KIND=ENOSPC \
            "$program" clean --config c.yaml --apply
        [ -z "$(ls data-clean*cam-tmp* out/*cam-tmp* 2>/dev/null)" ] || complain "a temporary file is left"
        [ "$at" = 2 ] || [ ! -e data-clean.csv ] || complain "a file is left"
    done
    cmp data.csv planted.csv
}

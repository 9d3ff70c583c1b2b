# predict as a part of other programs: a table comes back with two columns more, and lines are answered as they come.
load common
setup_file() { train_once; }
setup() { in_own_folder && ln -s "$BATS_FILE_TMPDIR/out" out; }

predict() { cam-train predict --model out "$@"; }

# new_columns FILE: the last two cells of each line, for tables without delimiters in their last cells.
new_columns() { sed 's/\r$//' "$1" | awk -F"${2-,}" -v OFS=, '{ print $(NF - 1), $NF }'; }
# old_columns FILE: the file without them.
old_columns() { sed -E "s/${2-,}[^${2-,}]*${2-,}[^${2-,}]*(\r?)\$/\1/" "$1"; }

@test "csv in, csv out: the input's bytes, then prediction and score" {
    succeeds predict --input data.csv
    printf '%s\n' "$output" >rows.csv
    cmp <(old_columns rows.csv) data.csv
    [ "$(head -1 rows.csv)" = "text,label,prediction,score" ]
    [ "$(tail -n +2 rows.csv | new_columns /dev/stdin | grep -cE '^(suivi|accès|remboursement),(0\.[0-9]{4}|1\.0000)$')" -eq 60 ]
    # the labels are those of the other formats
    diff <(tail -n +2 rows.csv | new_columns /dev/stdin | cut -d, -f1) <(predict --input data.csv --format jsonl | jq -r .label)
}

@test "Excel's form is kept: mark, semicolons, CRLF, quotes, line breaks in cells, empty rows" {
    printf '%s\r\n' $'\xef\xbb\xbfid;"text";note; vide ' '1;"où est; mon colis";"dit ""bientôt""";' '2;5" de large;"";x' ';;;' \
        $'3;"deux\nlignes\r\nou trois";=A1; y ' $'4;"  ";"a\r\nb";z' >in.csv
    succeeds predict --input in.csv --output out.csv
    python3 - <<'END' || complain "not the same cells"
import csv
old, new = (list(csv.reader(open(name, encoding="utf-8-sig", newline=""), delimiter=";")) for name in ("in.csv", "out.csv"))
assert len(old) == len(new) == 6, (len(old), len(new))
assert [row[:-2] for row in new] == old, new
assert new[0][-2:] == ["prediction", "score"], new[0]
assert [bool(row[-2]) for row in new[1:]] == [True, True, False, True, False], new
assert [bool(row[-1]) for row in new[1:]] == [True, True, False, True, False], new
END
    # byte for byte, but for the quotes of the header that need none
    [ "$(head -c 3 out.csv)" = $'\xef\xbb\xbf' ]
    cmp <(tail -n +2 out.csv | sed -E 's/;(|suivi|accès|remboursement);[0-9,]*\r$/\r/') <(tail -n +2 in.csv)
}

@test "encodings: a table goes back in its own" {
    printf 'text;prix\nœuf cassé à 3 €;12\n“déjà vu”;7\n' >utf8.csv
    predict --input utf8.csv >expected.csv
    for encoding in windows-1252 utf-16; do
        # iconv writes UTF-16 with its mark
        iconv -f utf-8 -t $encoding utf8.csv >in.csv
        option=(--encoding $encoding)
        [ $encoding = utf-16 ] && option=()
        succeeds predict --input in.csv --output $encoding.csv "${option[@]}"
        cmp <(iconv -f $encoding -t utf-8 $encoding.csv) expected.csv || complain $encoding
    done
    { printf '\xfe\xff' && iconv -f utf-8 -t utf-16be utf8.csv; } >big.csv
    predict --input big.csv | cmp - <(printf '\xfe\xff' && iconv -f utf-8 -t utf-16be expected.csv)
    grep -v '[œ“]' utf8.csv >latin.csv
    echo 'ça coûte 3 €;1' >>latin.csv
    iconv -f utf-8 -t iso-8859-15 latin.csv >latin9.csv
    predict --input latin9.csv --encoding iso-8859-15 | iconv -f iso-8859-15 -t utf-8 | cmp - <(predict --input latin.csv)
}

@test "what the training file was says nothing of the next one" {
    sed 's/"//g; s/,\([^,]*\)$/;\1/' data.csv | iconv -f utf-8 -t windows-1252 >ansi.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=ansi.csv encoding=windows-1252 'delimiter=;' output_dir=ansi
    printf 'text\noù est le colis\n' >next.csv
    succeeds cam-train predict --model ansi --input next.csv
    answers "où est le colis"
    [[ "$output" != *Ã* ]]
    cp next.csv tabs.tsv
    succeeds cam-train predict --model ansi --input tabs.tsv
    answers $'text\tprediction\tscore'
    succeeds cam-train predict --model ansi --input - <<<"où est le colis"
    answers $'\toù est le colis'
    succeeds cam-train tokenize --model ansi <<<"où"
    same=$output
    succeeds cam-train tokenize --model out <<<"où"
    [ "$output" = "$same" ]
    # and the other way round: a model of a UTF-8 file
    iconv -f utf-8 -t windows-1252 next.csv >ansi-next.csv
    refused 3 "--encoding windows-1252" predict --input ansi-next.csv
    succeeds predict --input ansi-next.csv --encoding windows-1252
}

@test "a headerless training file, and a next file with or without a header" {
    tail -n +2 data.csv >rows.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=rows.csv 'columns=[text, label]' output_dir=bare
    succeeds cam-train predict --model bare --input rows.csv
    [ "${#lines[@]}" -eq 60 ]
    [[ "${lines[0]}" =~ ^où\ est.*,suivi,[a-zè]+,0\.[0-9]{4}$ ]] || complain "${lines[0]}"
    succeeds cam-train predict --model bare --input data.csv
    [ "${#lines[@]}" -eq 61 ]
    [ "${lines[0]}" = "text,label,prediction,score" ]
    printf 'date,text\nhier,bonjour\n' >next.csv
    succeeds cam-train predict --model bare --input next.csv
    [ "${lines[0]}" = "date,text,prediction,score" ]
    succeeds cam-train eval --model bare --data data.csv --json
    # a header of other names is no row; what has another number of cells is not guessed
    printf 'Message;Motif\nbonjour;suivi\n' >next.csv
    refused 3 "set --text-column Message" cam-train predict --model bare --input next.csv
    succeeds cam-train predict --model bare --input next.csv --text-column Message
    printf 'bonjour\nmerci\n' >next.csv
    refused 3 "1 cell, where the training file had 2 columns; name those of this file with --columns" cam-train predict --model bare --input next.csv
    succeeds cam-train predict --model bare --input next.csv --columns text
    [ "${#lines[@]}" -eq 2 ]
    # and a file without a header for a model whose training file had one
    refused 3 "--columns … where this is a row and no header" predict --input rows.csv
    succeeds predict --input rows.csv --columns text,label
    [ "${#lines[@]}" -eq 60 ]
    refused 3 "leave --columns out" predict --input data.csv --columns text,label
}

@test "new columns have names of their own, all with one number, and it is said once; --top-k gives more of them" {
    printf 'text,Prediction,x\na,b,c\n' >in.csv
    succeeds predict --input in.csv --top-k 2
    [ "${lines[0]}" = "text,Prediction,x,prediction_2,score_2,label_2_2,score_2_2" ] || complain "${lines[0]}"
    [ "$(grep -c 'the new ones are "prediction_2" and "score_2"' <<<"$stderr")" -eq 1 ] || complain "not said once"
    [ "$(awk -F, 'NR == 2 { print NF }' <<<"$output")" -eq 7 ]
    succeeds predict --input in.csv --top-k 99
    [ "$(awk -F, 'NR == 2 { print NF }' <<<"$output")" -eq 9 ]
    awk -F, 'NR == 2 { exit !($5 >= $7 && $7 >= $9 && $5 + $7 + $9 > 0.999 && $5 + $7 + $9 < 1.001) }' <<<"$output"
    # twice and three times over
    predict --input data.csv >once.csv
    succeeds predict --input once.csv --output twice.csv
    [ "$(head -1 twice.csv)" = "text,label,prediction,score,prediction_2,score_2" ] || complain "$(head -1 twice.csv)"
    succeeds predict --input twice.csv
    [ "${lines[0]}" = "text,label,prediction,score,prediction_2,score_2,prediction_3,score_3" ] || complain "${lines[0]}"
    printf 'text,score_2,score\na,1,2\n' >in.csv
    succeeds predict --input in.csv
    [ "${lines[0]}" = "text,score_2,score,prediction_3,score_3" ] || complain "${lines[0]}"
    printf 'text,score_2\na,1\n' >in.csv
    succeeds predict --input in.csv
    [ "${lines[0]}" = "text,score_2,prediction,score" ] || complain "${lines[0]}"
    [[ "$stderr" != *"the new ones"* ]] || complain "nothing is to be said"
    echo a | refused 2 "--format csv" predict --top-k 2
    echo a >lines
    succeeds predict --input lines --top-k 2 --format csv
    [ "${lines[0]}" = "text,prediction,score,label_2,score_2" ]
}

@test "decimal commas: where ; is between cells, unless the table's numbers have points; or as --decimal says" {
    mark() { sed -n 's/.*[;,\t|"]0\([.,]\)[0-9]*"\{0,1\}\r\{0,1\}$/\1/p; s/.*[;,\t|"]1\([.,]\)0*"\{0,1\}\r\{0,1\}$/\1/p' <<<"$output" | sort -u; }
    printf 'text;x\nbonjour;1\nmon colis;\n' >semicolon.csv
    printf 'text;x\nbonjour;12.5\nmon colis;le 1,5 mai\n' >points.csv
    printf 'text;x\nbonjour;12.5\nmon colis;"-1,25"\n' >both.csv
    printf 'text\tx\nbonjour\t1,5\n' >commas.tsv
    printf 'text\tx\nbonjour\t1\n' >plain.tsv
    printf 'text,x\nbonjour,"1,5"\n' >comma.csv
    for pair in semicolon.csv=, points.csv=. both.csv=, commas.tsv=, plain.tsv=. comma.csv=.; do
        succeeds predict --input "${pair%=*}"
        [ "$(mark)" = "${pair#*=}" ] || complain "$pair"
        for word in comma=, point=.; do
            succeeds predict --input "${pair%=*}" --decimal ${word%=*}
            [ "$(mark)" = "${word#*=}" ] || complain "$pair $word"
        done
    done
    succeeds predict --input comma.csv --decimal comma
    [[ "${lines[1]}" =~ ^bonjour,\"1,5\",[a-zè]+,\"[01],[0-9]{4}\"$ ]] || complain "${lines[1]}"
    succeeds predict --input semicolon.csv --output o.csv
    says '(csv, utf-8, delimiter ";") were answered; written to "o.csv" with decimal commas'
    succeeds predict --input semicolon.csv --format jsonl
    jq -es 'all(.[]; .score > 0)' <<<"$output"
    refused 2 'needs --format csv' predict --input semicolon.csv --format jsonl --decimal comma
    succeeds predict --input semicolon.csv --top-k 3
    [ "$(grep -o '[01],[0-9]\{4\}' <<<"$output" | wc -l)" -eq 6 ] || complain "all scores"
    # a pipe gives the same bytes, however its rows come
    cat semicolon.csv | cam-train predict --model out --input-format csv | cmp - <(predict --input semicolon.csv)
}

@test "a table of one column, and csv of lines, have the delimiter of the training file" {
    sed 's/"//g; s/,\([^,]*\)$/;\1/' data.csv >semicolons.csv
    for delimiter in ';' auto; do
        succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=semicolons.csv "delimiter=$delimiter" output_dir=semi overwrite_output_dir=true
        printf 'text\nbonjour\n"mon colis, où est-il ?"\n' >one.csv
        succeeds cam-train predict --model semi --input one.csv
        [ "${lines[0]}" = "text;prediction;score" ] || complain "$delimiter: ${lines[0]}"
        [[ "${lines[2]}" =~ ^\"mon\ colis,\ où\ est-il\ \?\"\;[a-zè]+\;0,[0-9]{4}$ ]] || complain "$delimiter: ${lines[2]}"
        printf 'bonjour\n' >lines
        succeeds cam-train predict --model semi --input lines --format csv
        [ "${lines[0]}" = "text;prediction;score" ] || complain "lines"
        # more columns speak for themselves
        succeeds cam-train predict --model semi --input data.csv
        [ "${lines[0]}" = "text,label,prediction,score" ] || complain "several"
    done
    succeeds predict --input one.csv
    [ "${lines[0]}" = "text,prediction,score" ] || complain "a model of commas"
}

@test "a table or JSON in a file of another ending is found by the text column, and said" {
    printf 'Date\ttext\nhier\toù est mon colis\nlundi\t"mot de passe\nperdu"\n' >table
    { printf '\xff\xfe' && iconv -f utf-8 -t utf-16le table; } >unicode.txt # "Unicode text" of Excel
    succeeds predict --input unicode.txt --output out.txt
    says "unicode.txt: was read as CSV, which it holds whatever its ending"
    says '2 rows of "unicode.txt" (csv, utf-16, delimiter tab) were answered'
    [ "$(head -c 2 out.txt | od -An -tx1)" = " ff fe" ]
    [ "$(iconv -f utf-16 -t utf-8 out.txt | head -1)" = $'Date\ttext\tprediction\tscore' ]
    [ "$(iconv -f utf-16 -t utf-8 out.txt | tail -1 | cut -f1)" = 'perdu"' ]
    succeeds cam-train tokenize --model out --input unicode.txt
    [ "${#lines[@]}" -eq 2 ]
    cp data.csv both.txt # with the label's column, too
    succeeds predict --input both.txt
    says '60 rows of "both.txt" (csv, utf-8, delimiter ",") were answered'
    printf '{"id": 1, "text": "bonjour"}\n{"id": 2, "text": "mon colis"}\n' >objects.txt
    succeeds predict --input objects.txt --format jsonl
    [ "${#lines[@]}" -eq 2 ]
    says '2 rows of "objects.txt" (jsonl, utf-8) were answered'
    # lines stay lines
    printf 'le text, ici\nun, deux\ntrois\n' >prose.txt
    printf 'text\nbonjour\n' >one.txt
    printf '{"a": 1}\n' >other.txt
    printf 'text;x\n' >header.txt
    printf 'text, enfin\nvoilà\nbonjour\nmerci\n' >uneven.txt
    for file in prose one other header uneven; do
        succeeds predict --input $file.txt
        says "\"$file.txt\" (lines, utf-8)"
    done
    succeeds cam-train predict --model out --input unicode.txt --input-format csv
    [[ "$stderr" != *"whatever its ending"* ]] || complain "it was named"
}

@test "a file that is not UTF-8 is read as the training file was, if it reads well so, and this is said" {
    sed 's/"//g; s/,\([^,]*\)$/;\1/' data.csv >utf8.csv
    iconv -f utf-8 -t windows-1252 utf8.csv >ansi.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=ansi.csv encoding=windows-1252 output_dir=ansi
    printf 'text;n\nœuf cassé, 3 €;1\n' >next.csv
    iconv -f utf-8 -t windows-1252 next.csv >ansi-next.csv
    for quiet in '' --quiet; do
        succeeds cam-train predict --model ansi --input ansi-next.csv --output o.csv --force $quiet
        says 'warning: ansi-next.csv: no UTF-8, and was read as windows-1252, as the training file was (line 2: "œuf"); --encoding names another'
        cmp <(iconv -f windows-1252 -t utf-8 o.csv) <(cam-train predict --model ansi --input next.csv)
    done
    succeeds cam-train predict --model ansi --input ansi-next.csv --encoding windows-1252
    [[ "$stderr" != *"no UTF-8"* ]] || complain "it was named"
    succeeds cam-train predict --model ansi --input next.csv
    [[ "$stderr" == *"(csv, utf-8, "* && "$stderr" != *warning* && "$output" == *"œuf cassé"* ]] || complain "UTF-8 stays UTF-8"
    # texts, redirected or named
    printf 'où est le café ?\n' | iconv -f utf-8 -t windows-1252 >texts
    succeeds cam-train predict --model ansi --input texts
    answers $'\toù est le café ?'
    succeeds cam-train predict --model ansi <texts
    answers $'\toù est le café ?'
    says 'standard input: no UTF-8'
    succeeds cam-train tokenize --model ansi --input texts
    says 'texts: no UTF-8'
    # another encoding, a pipe, and characters that are cut are not guessed
    iconv -f utf-8 -t macintosh utf8.csv >mac.csv
    refused 3 "--encoding macroman" cam-train predict --model ansi --input mac.csv
    refused 3 "--encoding windows-1252" bash -c 'cat texts | "$0" predict --model ansi' "$program"
    printf 'text;n\ndéjà vu;1\ncass\xc3 net;2\n' >cut.csv
    run --separate-stderr cam-train predict --model ansi --input cut.csv
    [ "$status" -eq 3 ] && says "cut or damaged"
    printf 'text;n\n\xd0\xc0\xd1\xd2\xd3\xd4;1\n' >greek.csv
    refused 3 "reads as French in none" cam-train predict --model ansi --input greek.csv
    # the run's own file, and a copy of it: nothing is guessed
    cp ansi.csv copy.csv
    for file in ansi.csv copy.csv; do
        succeeds cam-train predict --model ansi --input $file
        [[ "$stderr" != *"no UTF-8"* ]] || complain "$file is known"
        says "\"$file\" (csv, windows-1252, delimiter \";\")"
    done
}

@test "the output's ending chooses the format where no option does" {
    echo bonjour >lines
    succeeds predict --input lines --output out.csv
    [ "$(head -1 out.csv)" = "text,prediction,score" ]
    succeeds predict --input data.csv --output out.jsonl
    jq -es 'length == 60 and all(.[]; .score > 0)' out.jsonl
    succeeds predict --input data.csv --output out.txt
    [ "$(head -1 out.txt)" = "text,label,prediction,score" ]
    succeeds predict --input lines --output tsv.csv --format tsv
    [[ "$(cat tsv.csv)" == *$'\t'bonjour ]]
}

@test "--threshold and --digits in a table" {
    printf 'text\nbonjour\n' >in.csv
    succeeds predict --input in.csv --threshold 1
    [[ "${lines[1]}" =~ ^bonjour,,0\.[0-9]{4}$ ]] || complain threshold
    succeeds predict --input in.csv --digits 7
    [[ "${lines[1]}" =~ ^bonjour,[a-zè]+,0\.[0-9]{7}$ ]] || complain digits
}

@test "rows that cannot be read: an error, or an empty place" {
    printf 'text,label\nbonjour,suivi\nun, deux, trois\nmerci,suivi\nseul\n' >in.csv
    run --separate-stderr predict --input in.csv --output out.csv
    [ "$status" -eq 3 ]
    [ ! -e out.csv ]
    says "--on-bad-row skip"
    succeeds predict --input in.csv --on-bad-row skip
    [ "${#lines[@]}" -eq 5 ]
    [ "${lines[2]}" = 'un," deux, trois",,' ] || complain "${lines[2]}"
    [[ "${lines[3]}" =~ ^merci,suivi,[a-zè]+,0\. ]] || complain "${lines[3]}"
    says "2 rows cannot be read, and their answers are empty; the first, row 3: 3 cells where the header has 2"
    succeeds predict --input in.csv --on-bad-row skip --format jsonl
    [ "${#lines[@]}" -eq 4 ]
    run --separate-stderr cam-train eval --model out --data in.csv
    [ "$status" -eq 3 ]
    says "(--on-bad-row skip leaves such rows out)"
    succeeds cam-train eval --model out --data in.csv --on-bad-row skip --json
    jq -e .rows==2 <<<"$output"
    run --separate-stderr cam-train tokenize --model out --input in.csv
    [ "$status" -eq 3 ]
    says "--on-bad-row skip"
    succeeds cam-train tokenize --model out --input in.csv --on-bad-row skip
    [ "${lines[1]}" = '{"ids":[5,6]}' ]
}

@test "a text column of another name is proposed, never guessed" {
    printf 'Date;Message client;Canal\nhier;où est mon colis;web\n' >in.csv
    refused 3 "set --text-column 'Message client'" predict --input in.csv
    succeeds predict --input in.csv --text-column 'Message client' # as the message says
    printf 'Text ;Canal\nbonjour;web\n' >in.csv
    refused 3 "set --text-column Text" predict --input in.csv
    printf 'message;question\nbonjour;où est mon colis\n' >in.csv # both can be meant
    refused 3 "set --text-column …" predict --input in.csv
    printf 'Message;Motif\noù est mon colis;suivi\n' >in.csv
    refused 3 "set --text-column Message --label-column Motif" cam-train eval --model out --data in.csv
    succeeds cam-train eval --model out --data in.csv --text-column Message --label-column Motif
}

@test "a damaged row and a title above the header" {
    printf 'text;label\ndéjà vu;a\ncass\xc3 net;b\nété;c\n' >in.csv
    run --separate-stderr predict --input in.csv
    [ "$status" -eq 3 ]
    says "--on-bad-row skip"
    succeeds predict --input in.csv --on-bad-row skip
    [ "${lines[2]}" = "cass? net;b;;" ] || complain "${lines[2]}"
    printf 'sep=;\r\ntext;x\r\nbonjour;1\r\n' >sep.csv
    succeeds predict --input sep.csv
    [ "${lines[0]}" = $'sep=;\r' ]
    [ "${lines[1]}" = $'text;x;prediction;score\r' ]
}

@test "a label that the table's encoding lacks is named before anything is written" {
    sed 's/suivi/colis →/' data.csv >arrow.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=arrow.csv output_dir=arrow
    printf 'text\ncassé\n' | iconv -f utf-8 -t windows-1252 >in.csv
    refused 3 '"colis →" cannot be written in windows-1252' cam-train predict --model arrow --input in.csv --encoding windows-1252
    succeeds cam-train predict --model arrow --input in.csv --encoding windows-1252 --format jsonl # as the message says
}

@test "nothing is written over without --force, and never the input" {
    printf 'text\nbonjour\n' >in.csv
    cp in.csv kept.csv
    refused 2 "--force" predict --input in.csv --output kept.csv
    cmp in.csv kept.csv
    succeeds predict --input in.csv --output kept.csv --force
    grep -q prediction kept.csv
    for name in in.csv ./in.csv "$PWD/in.csv"; do
        refused 2 "is the input file" predict --input in.csv --output "$name" --force
    done
    ln -s in.csv link.csv
    refused 2 "is the input file" predict --input in.csv --output link.csv --force
    run --separate-stderr bash -c '"$0" predict --model out --input-format csv <in.csv --output in.csv --force' "$program"
    [ "$status" -eq 2 ]
    run --separate-stderr bash -c '"$0" predict --model out --input in.csv >>in.csv' "$program"
    [ "$status" -eq 2 ]
    cmp in.csv <(printf 'text\nbonjour\n')
    ln -sf kept.csv link.csv # a link stays one
    succeeds predict --input in.csv --output link.csv --force
    [ -L link.csv ]
    succeeds predict --input in.csv --output /dev/stdout
    answers prediction
    succeeds bash -c '"$0" predict --model out --input in.csv --output /dev/stdout >new.csv && grep -q prediction new.csv' "$program"
    succeeds bash -c '"$0" predict --model out --input in.csv --output >(cat >pipe.csv)' "$program"
    succeeds predict --input in.csv --output /dev/null
}

@test "a failing run and a signal leave no half file" {
    { printf 'text\n' && seq 3000 && printf '\xff\n'; } >bad.csv
    mkdir here
    run --separate-stderr predict --input bad.csv --output here/rows.csv
    [ "$status" -eq 3 ]
    [ -z "$(ls here)" ] || complain "$(ls here)"
    mkfifo input
    exec 9<>input
    printf 'bonjour\n' >&9
    "$program" predict --model out --input input --output here/rows.csv 2>err 9>&- 3>&- &
    writer=$!
    for _ in $(seq 100); do [ -n "$(ls here)" ] && break || sleep 0.05; done
    [ -n "$(ls here)" ] || complain "it does not write"
    kill -INT $writer
    code=0 && wait $writer || code=$?
    exec 9>&-
    [ "$code" -eq 130 ]
    [ -z "$(ls here)" ] || complain "$(ls here)"
}

# Asks 40 lines one after another, each when the one before was answered; prints the median of the times in milliseconds.
python_client='
import statistics, subprocess, sys, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
times = []
for i in range(40):
    text = "é" if i == 0 else "" if i == 1 else f"où est le colis {i}"
    begin = time.perf_counter()
    server.stdin.write(text.encode() + b"\n")
    answer = server.stdout.readline().decode()
    times.append(1000 * (time.perf_counter() - begin))
    assert answer.endswith("\n") and (text in answer or answer[0] == "{"), answer
server.stdin.close()
assert server.stdout.read() == b"" and server.wait() == 0
print(round(statistics.median(times)))
'

@test "a coprocess of Python: each line is answered before the next is asked" {
    command -v python3 >/dev/null || skip "no python3: the coprocess was not tried from Python"
    for arguments in "predict --model out" "predict --model out --format jsonl" "tokenize --model out"; do
        succeeds timeout 20 python3 -c "$python_client" "$program" $arguments
        [ "$output" -lt 1000 ] || complain "median $output ms" # 50 on a machine that has nothing else to do
    done
}

@test "a coprocess of PHP" {
    command -v php >/dev/null || skip "no php: the coprocess was not tried from PHP"
    cat >client.php <<'END'
<?php
$server = proc_open(array_slice($argv, 1), [["pipe", "r"], ["pipe", "w"]], $pipes);
foreach (["où est mon colis", "", "mot de passe perdu"] as $text) {
    fwrite($pipes[0], "$text\n");
    [$label, $score, $same] = explode("\t", rtrim(fgets($pipes[1]), "\n"));
    if ($same !== $text || ($text !== "") !== ($score > 0)) exit(1);
    echo "$label\n";
}
fclose($pipes[0]);
echo fgets($pipes[1]) === false ? "end\n" : "more\n";
exit(proc_close($server));
END
    succeeds timeout 20 php client.php "$program" predict --model out
    [ "${#lines[@]}" -ge 3 ]
    answers end
}

@test "records are answered too, and a line that comes in two halves" {
    mkfifo input output
    "$program" predict --model out --input-format jsonl --format jsonl <input >output 2>err 3>&- &
    server=$!
    exec 8>input 9<output
    for text in bonjour 'mon colis'; do
        printf '{"text": "%s"' "$text" >&8
        sleep 0.1
        printf '}\n' >&8
        read -r -t 10 answer <&9
        jq -e '.score > 0' <<<"$answer"
    done
    exec 8>&-
    wait $server
    exec 9<&-
}

@test "a line that is not UTF-8 is answered, too, while the writer waits" {
    mkfifo lines answers
    "$program" predict --model out --on-bad-row skip <lines >answers 2>err 3>&- &
    server=$!
    exec 8>lines 9<answers
    printf 'o\303\271 est le colis\ncaf\351\n' >&8
    read -r -t 10 first <&9 && read -r -t 10 second <&9 || complain "no answer"
    exec 8>&-
    wait $server || complain "$(cat err)"
    exec 9<&-
    [[ "$first" == *"où est le colis" && -z "${second//[[:space:]]/}" ]] || complain "$first / $second"
}

@test "a table that is read as lines is told" {
    succeeds cam-train predict --model out <data.csv
    says 'standard input: each line is taken for a text, and the first looks like the header of a table with the column "text"'
    setting=$(sed -n 's/.*to read the table, add //p' <<<"$stderr")
    eval "succeeds cam-train predict --model out $setting <data.csv"
    [[ "$output" == "text,label,prediction,score"* && "$stderr" != *"each line"* ]] || complain "not cured"
    succeeds cam-train predict --model out <<<$'text\nbonjour'
    says "each line is taken for a text"
    succeeds cam-train predict --model out <<<'le text, ici'
    [[ "$stderr" != *"each line"* ]] || complain "a text is no header"
}

# Reading data files by what they hold: every setting and command that a message proposes is pasted, and cures.
load common
setup() { in_own_folder; }

check() { cam-train check --config c.yaml output_dir=checked "$@"; }

# The good rows as JSON objects, one a line.
objects() { jq -Rc 'capture("^\"?(?<text>.*?)\"?,(?<label>[^,]*)$")' <(tail -n +2 data.csv); }

@test "JSON of every shape, under any ending, trains the same model" {
    succeeds cam-train --config c.yaml
    objects >lines.json
    jq -s . lines.json >list.json
    cp list.json list.jsonl
    cp lines.json lines.csv
    jq -s '{version: 1, data: .}' lines.json >wrapped.json
    jq . lines.json >pretty.jsonl
    for file in lines.json list.json list.jsonl lines.csv wrapped.json pretty.jsonl; do
        succeeds cam-train --config c.yaml train_file=$file output_dir="run-$file"
        cmp out/model.safetensors "run-$file/model.safetensors" || complain "$file"
    done
    succeeds check train_file=lines.csv
    answers "lines.csv: was read as JSON, which it holds whatever its ending"
}

@test "a format that the bytes contradict is refused with the right one" {
    objects >data.jsonl
    cures '' 'format=jsonl' check train_file=data.jsonl format=csv
    cp data.csv table.jsonl
    cures '' 'format=csv' check train_file=table.jsonl format=jsonl
    succeeds check train_file=table.jsonl
    answers "was read as CSV"
}

@test "archives and workbooks: the bytes come before the ending, and the command gives the file" {
    mkdir 'mes données'
    cp data.csv 'mes données/l export.csv'
    gzip 'mes données/l export.csv'
    run --separate-stderr check train_file='mes données/l export.csv.gz'
    [ "$status" -eq 3 ] && says "a gzip archive"
    eval "$(sed 's/.*unpack it first: //' <<<"$stderr")"
    succeeds check train_file='mes données/l export.csv'
    for ending in xlsx json txt none; do
        printf 'PK\003\004\024\000\006\000' >"d.$ending"
        refused 3 "d.$ending: an Excel workbook; save it as CSV UTF-8" check train_file="d.$ending"
    done
    printf 'PAR1' >d.json
    refused 3 "d.json: a Parquet file; write it as CSV: python3" check train_file=d.json
    printf '<html>' >data.csv
    refused 3 "data.csv: an HTML page" check
}

@test "the encoding that reads as French is proposed, and cures" {
    succeeds cam-train --config c.yaml
    cp data.csv utf8.csv
    for encoding in windows-1252 iso-8859-15 macintosh utf-16le utf-16be; do
        { sed 's/colis/cœur à 5 €/' utf8.csv; } >french.csv
        iconv -f utf-8 -t "$encoding" french.csv >data.csv 2>/dev/null || skip "iconv does not know $encoding"
        cures '' 'encoding=[a-z0-9-]*' check
    done
    iconv -f utf-8 -t macintosh utf8.csv >data.csv
    succeeds cam-train --config c.yaml encoding=macroman output_dir=mac
    cmp out/model.safetensors mac/model.safetensors
    cp utf8.csv data.csv
    cures '' 'encoding=utf-8' check encoding=windows-1252
}

@test "one cut character: the line, no other encoding, and on_bad_row=skip" {
    sed '20s/o\xc3\xb9/o\xc3/;20s/demain/dem\xc3/' data.csv >cut.csv
    printf 'l\xc3,suivi\n' >>cut.csv
    run --separate-stderr check train_file=cut.csv
    [ "$status" -eq 3 ] && says "a character is cut or damaged" && says 62
    [[ "$stderr" != *windows* ]] || complain "another encoding was proposed"
    cures '' 'on_bad_row=skip' check train_file=cut.csv
    answers "left out"
}

@test "| is found; two delimiters that do equally well are both named, and the columns' names decide" {
    { echo 'text|label'; tail -n +2 data.csv | sed 's/\(.*\),/\1|/'; } >pipe.csv
    succeeds check train_file=pipe.csv
    { echo 'a;b,c'; tail -n +2 data.csv | tr -d '",' | sed 's/\(suivi\|remboursement\|accès\)$/;\1,1/'; } >both.csv
    refused 3 "both split the records evenly; set delimiter=, or delimiter=';'" check train_file=both.csv
    succeeds check train_file=both.csv text_column=a label_column=b,c
}

@test "what programs write: \\\", spaces before quotes, titles, empty cells, two files joined" {
    succeeds cam-train --config c.yaml
    sed 's/^"\(.*\)",/"\1 \\"oui\\"",/' data.csv >backslash.csv
    sed 's/^"\(.*\)",/"\1 ""oui""",/' data.csv >doubled.csv
    sed 's/^\([^"]*\),/"\1", /;s/^\("[^"]*"\),\([a-z]\)/\1, \2/;s/, \([^" ]*\)$/, "\1"/' data.csv >spaced.csv
    { printf '# titre, du 3 mars\n\n'; cat data.csv; } >titled.csv
    sed 's/$/,,/' data.csv | sed '1s/,,$//' >tail.csv
    { head -n 30 data.csv; head -n 1 data.csv; tail -n +31 data.csv; } >joined.csv
    for file in spaced titled tail joined; do
        succeeds cam-train --config c.yaml train_file=$file.csv output_dir=out-$file
        cmp out/model.safetensors out-$file/model.safetensors || complain "$file.csv"
    done
    succeeds cam-train --config c.yaml train_file=doubled.csv output_dir=out-doubled
    succeeds cam-train --config c.yaml train_file=backslash.csv output_dir=out-backslash
    cmp out-doubled/model.safetensors out-backslash/model.safetensors
}

@test "a TSV whose quoted cells hold line breaks is read; as format=tsv the message cures" {
    { printf 'text\tlabel\n'; tail -n +2 data.csv | tr -d '"' | sed 's/\(.*\),\(.*\)/"\1\nsuite"\t\2/'; } >d.tsv
    succeeds check train_file=d.tsv
    cures '' 'format=csv delimiter=tab' check train_file=d.tsv format=tsv
}

@test "rows without a label yet, and lists of labels: one line, and on_bad_row=skip" {
    sed 's/suivi$//' data.csv >partly.csv
    refused 3 'partly.csv: rows 2, 5, 8, 11, 14, 17, 20, 23 … (20 of 60): the label is blank' check train_file=partly.csv
    says 'hint: all 20: 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 44, 47, 50, 53, 56, 59'
    [ "$(wc -l <<<"$stderr")" -eq 2 ] # the error, and all rows
    cures '' 'on_bad_row=skip' check train_file=partly.csv
    objects | jq -c '.label = [.label]' >lists.jsonl
    succeeds check train_file=lists.jsonl
    answers "60 labels were lists of one"
    objects | jq -c 'if .label == "suivi" then .label = ["a", "b"] else . end' >multi.jsonl
    refused 3 'the data is multi-label' check train_file=multi.jsonl
    cures '' 'on_bad_row=skip' check train_file=multi.jsonl
    sed "s/,\([^,]*\)$/,\"['\1']\"/;1s/.*/text,label/" data.csv >python.csv
    succeeds check train_file=python.csv
    answers "60 labels were lists of one"
}

@test "a column that differs by case only is proposed, and cures" {
    sed -i '1s/.*/Text,Label/' data.csv
    cures '' 'text_column=Text label_column=Label' check
}

# Texts that others wrote, on a terminal and in a log: nothing of a data file, a model or a name is obeyed by a terminal, or
# looks like a message of the program. And odd names work.
# shellcheck disable=SC2016 # what is in single quotes is for another shell, or a name
load common

# A line that pretends to be the program's, and what clears a screen, rings, and reverses a line.
nasty=$'x\e[2J\nerror: forged\r\a\u202e\u0085\u2028y'
# The same for a name of a file, and one with a byte that is not UTF-8.
odd=$'x\e[2J\nerror: forged\r\a\u202e\u0085' damaged=$'\e\xff'
# The same as a quoted value of a configuration, which takes no control character as it is, and no byte that is not UTF-8.
odd_value='x\e[2J\nerror: forged\r\a\u202e\N'
# The same in JSON.
json='x\u001b[2J\nerror: forged\r\u0007\u202e\u0085\u2028y'

setup_file() {
    cd "$BATS_FILE_TMPDIR" && make_all
    make_nasty >nasty.csv
    cam-train --quiet --config c.yaml train_file=nasty.csv output_dir=trained num_train_epochs=4 2>err || {
        cat err >&2
        return 1
    }
}

setup() {
    in_own_folder
    tail -n 3 data.csv >texts.txt
    cp -r "$BATS_FILE_TMPDIR/trained" "$BATS_FILE_TMPDIR/nasty.csv" .
}

# Rows whose third label and some of whose texts are nasty.
make_nasty() {
    echo text,label
    for i in $(seq 20); do
        printf 'où est le colis numéro %d,suivi\nrendez-moi mes %d euros,remboursement\n"passe %s perdu, essai %d","%s"\n' \
            "$i" "$i" "$nasty" "$i" "$nasty"
    done
}

# harmless FILE: UTF-8 without what visible.h calls hidden but line ends, and without a forged line.
harmless() {
    iconv -f utf-8 -t utf-8 "$1" >/dev/null 2>&1 || complain "not UTF-8: $(od -c "$1")"
    ! LC_ALL=C grep -qP '[\x00-\x08\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$1" ||
        complain "control characters: $(od -c "$1")"
    ! grep -q '^error: forged' "$1" || complain "a forged line: $(cat "$1")"
}

# shows CODE TEXT COMMAND...: exit CODE, TEXT somewhere, and nothing to obey on either stream.
shows() {
    local code=$1 text=$2 status=0 output stderr
    shift 2
    "$@" >stdout 2>stderr || status=$?
    output=$(cat stdout) stderr=$(cat stderr)
    [ "$status" -eq "$code" ] || complain "expected exit $code: $*"
    harmless stdout
    harmless stderr
    grep -qF -- "$text" stdout stderr || complain "expected: $text"
}

# What the escapes look like.
seen='x\x1b[2J\nerror: forged\r\x07\u202e\u0085'
quoted='x\u001b[2J\nerror: forged'

@test "labels: check, train, eval" {
    shows 0 'x?[2J?error: forged' cam-train check --config c.yaml train_file=nasty.csv
    shows 0 "$quoted" cam-train --config c.yaml train_file=nasty.csv output_dir=o max_steps=2
    shows 0 'x?[2J?error: forged' cam-train eval --model trained --data nasty.csv --part all
    shows 0 "$quoted" cam-train eval --model trained --data nasty.csv --part all --json
    cam-train --quiet --config c.yaml output_dir=plain max_steps=2 2>/dev/null
    shows 3 "$quoted" cam-train eval --model plain --data nasty.csv
    { cat data.csv && printf 'un texte seul,"%s"\n' "$nasty"; } >one.csv
    shows 3 "$quoted" cam-train check --config c.yaml train_file=one.csv
    { echo text,label && printf 'texte %d,"%s"\n' 1 "$nasty" 2 "$nasty"; } >only.csv
    shows 3 '' cam-train check --config c.yaml train_file=only.csv
    shows 2 "$quoted" cam-train check --config c.yaml train_file=nasty.csv num_labels=2
    shows 0 '' cam-train check --config c.yaml train_file=nasty.csv "label_map={\"$json\": suivi, \"z$json\": b}"
}

@test "headers and names of columns: check, train, eval, init" {
    { printf '"%s","b%s"\n' "$nasty" "$nasty" && tail -n +2 data.csv; } >header.csv
    shows 3 'x [2J error: forged' cam-train check --config c.yaml train_file=header.csv
    shows 0 '' cam-train init --data header.csv
    shows 3 "$seen" cam-train check --config c.yaml "text_column=\"$odd_value\""
    shows 3 "$seen" cam-train --config c.yaml "text_column=\"$odd_value\""
    shows 3 "$seen" cam-train eval --model trained --data data.csv --text-column "$nasty"
    { printf '"%s","%s"\n' "$nasty" "$nasty" && tail -n +2 data.csv; } >twice.csv
    shows 3 '' cam-train check --config c.yaml train_file=twice.csv "text_column=\"${odd_value}\u2028y\""
    printf '{"%s": 1, "b": 2}\n' "$json" >keys.jsonl
    shows 3 "$seen" cam-train check --config c.yaml train_file=keys.jsonl
}

@test "texts: check, train, predict, tokenize" {
    { cat nasty.csv && tail -n +2 nasty.csv | sed 's/,suivi$/,remboursement/'; } >doubled.csv
    shows 0 'repeat' cam-train check --config c.yaml train_file=doubled.csv
    printf '{"text": "%s", "label": 1}\n{"text": "%s"\n' "$json" "$json" >broken.jsonl
    shows 3 '' cam-train check --config c.yaml train_file=broken.jsonl
    printf 'text,label\na "%s" b,c\n"%s",1.2,3,4\n' "$nasty" "$nasty" >ragged.csv
    shows 3 '' cam-train check --config c.yaml train_file=ragged.csv
    shows 0 '' cam-train tokenize --model trained --input doubled.csv
    cam-train predict --model trained --input nasty.csv --format jsonl --output p.jsonl 2>stderr
    harmless stderr
    harmless p.jsonl
    [ "$(jq -r .label p.jsonl | head -c -1 | tr -d '\n' | grep -c forged)" -ge 0 ] && jq -e -s 'length == 60' p.jsonl
}

@test "names of files and folders: every verb" {
    cp nasty.csv "$odd.csv"
    mkdir "$odd" && cp -r trained "$odd/trained" && cp -r tiny "$odd/tiny"
    local file="train_file=\"$odd_value.csv\"" folder="output_dir=\"$odd_value/o\""
    shows 0 '' cam-train check --config c.yaml "$file" "$folder"
    shows 0 "$seen" cam-train --config c.yaml "$file" "$folder" "model_name_or_path=\"./$odd_value/tiny\""
    [ -s "$odd/o/model.safetensors" ] || complain "no model in the folder"
    shows 0 '' cam-train init --data "$odd.csv"
    shows 0 '' cam-train init --data "$odd.csv" --model "$odd/tiny"
    shows 0 "$seen" cam-train eval --model "$odd/o" --data "$odd.csv"
    shows 0 "$seen" cam-train predict --model "$odd/o" --input "$odd.csv" --output "$odd/p.jsonl"
    shows 2 "$seen" cam-train predict --model "$odd/o" --input "$odd.csv" --output "$odd/p.jsonl"
    shows 3 "$seen" cam-train eval --model trained --data "$odd.tsv"
    shows 3 "$seen" cam-train check --config c.yaml "train_file=\"$odd_value.tsv\""
    shows 4 "$seen" cam-train predict --model "./$odd/no"
    shows 4 '\x1b\xff' cam-train predict --model "./$damaged"
    shows 3 '\x1b\xff' cam-train eval --model trained --data "$damaged"
    cp texts.txt "$damaged" && shows 0 '\x1b\xff' cam-train predict --model trained --input "$damaged" --output "$damaged.out"
    [ -s "$damaged.out" ] || complain "no output of that name"
    shows 2 "$seen" cam-train show --config "$odd.yaml"
    cp c.yaml "$odd.yaml" && shows 0 '' cam-train show --config "$odd.yaml"
    echo "${nasty@Q}: 1" >"$odd.yaml" && shows 2 "$seen" cam-train show --config "$odd.yaml"
    printf 'PK\3\4' >"$odd.xlsx" && shows 3 "$seen" cam-train check --config c.yaml "train_file=\"$odd_value.xlsx\""
    printf '\x1f\x8b\x08' >"$odd.csv.gz" && shows 3 "\$'x\\033[2J\\012error: forged" cam-train check --config c.yaml "train_file=\"$odd_value.csv.gz\""
    printf 'text,label\n\xe9,a\n' >"$odd.csv" && shows 3 "$seen" cam-train check --config c.yaml "$file"
}

# tokenizer EDIT: predict with the trained tokenizer.json, edited by jq.
tokenizer() {
    jq "$1" trained/tokenizer.json >tiny/tokenizer.json
    rm -f tiny/sentencepiece.bpe.model
    shows 4 'error: forged' cam-train tokenize --model tiny
    shows 4 'error: forged' cam-train check --config c.yaml
}

@test "tokenizer.json: types, pieces and added tokens" {
    tokenizer ".model.type = \"$json\""
    tokenizer ".normalizer = {type: \"$json\"}"
    tokenizer ".pre_tokenizer = {type: \"$json\"}"
    tokenizer ".post_processor = {type: \"$json\"}"
    tokenizer ".pre_tokenizer = {type: \"Metaspace\", replacement: \"▁\", prepend_scheme: \"$json\"}"
    tokenizer ".added_tokens += [{content: \"$json\"}]"
    make_tiny tiny
    jq ".model.vocab[9][0] = \"$json\"" trained/tokenizer.json >tiny/tokenizer.json
    shows 0 'first at id 9: "x\x1b[2J\nerror: forged' cam-train tokenize --model tiny </dev/null
    echo "{\"${json}: 1" >tiny/tokenizer.json
    shows 4 '' cam-train tokenize --model tiny
    make_tiny tiny
    echo "{\"tokenizer_class\": \"$json\", \"truncation_side\": \"$json\"}" >tiny/tokenizer_config.json
    shows 4 '' cam-train tokenize --model tiny
}

@test "config.json: the values that are refused, and the labels" {
    local key
    for key in model_type hidden_act position_embedding_type problem_type; do
        make_tiny tiny ".$key = \"$json\""
        shows 4 '' cam-train check --config c.yaml
    done
    make_tiny tiny ".architectures = [\"$json\"] | .model_type = \"bert\""
    shows 4 '' cam-train check --config c.yaml
    jq ".id2label[\"0\"] = \"$json\" | .id2label[\"1\"] = \"$json\"" trained/config.json >t && cp t trained/config.json
    shows 4 '' cam-train eval --model trained --data data.csv
    echo "{\"$json\": " >tiny/config.json
    shows 4 '' cam-train check --config c.yaml
}

@test "safetensors: names of tensors" {
    LC_ALL=C sed 's/"classifier\.dense\.bias"/"\\u202e\\u0085error: "/' trained/model.safetensors >t
    cmp -s t trained/model.safetensors && complain "nothing was replaced"
    cp t trained/model.safetensors
    shows 4 '' cam-train predict --model trained
    shows 4 '' cam-train check --config c.yaml model_name_or_path=./trained init=pretrained train_file=nasty.csv
}

@test "the command line and the environment" {
    shows 2 "$seen" cam-train "$nasty"
    shows 2 "$seen" cam-train "--$nasty"
    shows 2 "$seen" cam-train check --config c.yaml "--$nasty=1"
    shows 2 "\$'x\\033[2J\\012error: forged" cam-train check --config c.yaml --device "$nasty"
    shows 2 "$seen" cam-train train --config c.yaml --device "$nasty"
    shows 2 "$seen" cam-train predict --model trained --threshold "$nasty"
    shows 2 "$seen" cam-train predict --model trained "$nasty"
    shows 2 "$seen" cam-train show --config c.yaml "$nasty"
    shows 2 'control character 0x1B' cam-train show --config c.yaml "$nasty=1"
    shows 2 'control character 0x1B' cam-train show --config c.yaml "learning_rate=$nasty"
    shows 2 'error: forged' cam-train show --config c.yaml "learning_rate=\"$odd_value\""
    shows 0 'error: forged' cam-train show --config c.yaml "output_dir=\"$odd_value\""
    shows 2 "$seen" cam-train fetch "$nasty"
    shows 2 "$seen" env CAM_CPU_ISA="$nasty" "$program" --config c.yaml --dry-run
    shows 2 "$seen" env CAM_COMM="$nasty" "$program" --config c.yaml --dry-run
    shows 5 '' env HF_ENDPOINT="http://127.0.0.1:9/$nasty" "$program" fetch acme/m
    shows 5 '' env HF_HUB_OFFLINE=1 HF_HOME="$nasty" "$program" fetch acme/m
}

@test "names with accents, spaces, quotes and line ends are paths, and what is proposed for them can be pasted" {
    local name verb
    for name in 'é à' "l'été" 'a "b" `id` & $(x)' $'deux\nlignes' $'\t x' '-n'; do
        rm -rf work && mkdir -p "work/$name" && cp data.csv "work/$name/$name.csv"
        (
            cd work
            cp -r ../tiny ../c.yaml .
            succeeds cam-train init --data "./$name/$name.csv"
            succeeds cam-train --config c.yaml train_file="./$name/$name.csv" output_dir="./$name/o" max_steps=2
            [ -s "$name/o/model.safetensors" ] || complain "no model in the folder"
            # the two commands of "next:"
            for verb in predict eval; do
                eval "$(awk -v verb="  cam-train $verb" 'index($0, verb) == 1 { on = 1 } on { print; on = /\\$/ }' <<<"$stderr")" >shown 2>err || complain "$verb: $(cat err)"
                [ -s shown ] || complain "nothing from $verb"
            done
            succeeds cam-train check --config c.yaml train_file="./$name/$name.csv" output_dir="./$name/o"2
            succeeds cam-train predict --model "./$name/o" --input "./$name/$name.csv" --output "./$name/p.jsonl"
            jq -e -s 'length == 60' "./$name/p.jsonl" >/dev/null || complain "not all rows"
        )
    done
}

@test "HTML, formulas, tabs and line ends in labels and texts are escaped in every format" {
    local script='<script>alert(1)</script>' formula="=cmd|' /C calc'!A0" tab=$'a\tb\nc\\d'
    {
        echo text,label
        for i in $(seq 20); do printf '"colis %d %s","%s"\n"euros %d %s","%s"\n"passe %d","%s"\n' "$i" "$script" "$script" "$i" "$formula" "$formula" "$i" "$tab"; done
    } >l.csv
    succeeds cam-train --config c.yaml train_file=l.csv output_dir=o num_train_epochs=4
    ! grep -q '<script>' o/README.md || complain "HTML in the card"
    jq -e --arg a "$script" --arg b "$formula" --arg c "$tab" '[.validation.labels[].label] | sort == ([$a, $b, $c] | sort)' o/metrics.json >/dev/null ||
        complain "metrics.json"
    succeeds cam-train predict --model o --input l.csv --format tsv
    [ "$(awk -F'\t' 'NF != 3' <<<"$output" | wc -l)" -eq 0 ] && [ "$(wc -l <<<"$output")" -eq 60 ] || complain "tsv"
    [ "$(cut -f1 <<<"$output" | sort -u | grep -vxF -e "$script" -e "$formula" -e 'a\tb\nc\\d')" = "" ] || complain "a label of tsv"
    succeeds cam-train predict --model o --input l.csv --format jsonl
    [ "$(jq -r '.label | @json' <<<"$output" | sort -u | wc -l)" -le 3 ] || complain "jsonl"
    jq -s -e 'length == 60' <<<"$output" >/dev/null || complain "jsonl"
}

# at_terminal COMMAND: runs it with standard output on a terminal, and keeps what it shows there.
at_terminal() {
    command -v script >/dev/null || skip "no program script: nothing was tried on a terminal"
    script -qec "$*" /dev/null </dev/null 2>&1 | tr -d '\r' >stdout
}

@test "on a terminal results are escaped too, in a file they are what the format says" {
    export program
    printf 'a\e[2Jb\n' >text.txt
    cam-train predict --model trained --input text.txt --format tsv --output p.tsv 2>/dev/null
    grep -q $'a\e\\[2Jb' p.tsv || complain "the text of a file is changed"
    at_terminal '"$program" predict --quiet --model trained --input text.txt --format tsv'
    grep -qF 'a\x1b[2Jb' stdout || complain "not escaped: $(cat stdout)"
    tr -d '\t' <stdout >t && harmless t
    at_terminal '"$program" predict --quiet --model trained --input text.txt --format csv'
    grep -qF 'a\x1b[2Jb' stdout || complain "not escaped: $(cat stdout)"
    at_terminal '"$program" tokenize --format pieces --model trained --input text.txt'
    harmless stdout
    ln -s "$PWD/trained" "$odd"
    at_terminal "\"\$program\" eval --model ${odd@Q} --data nasty.csv --part all 2>/dev/null"
    harmless stdout
}

@test "under mpirun, whose ranks write on a terminal of its own, a result in a file is not changed" {
    load ranks
    in_own_folder_of_ranks
    printf 'a\e[2Jb\n' >text.txt
    ranks 1 predict --quiet --model trained --input text.txt --format tsv >p.tsv
    grep -q $'a\e\\[2Jb' p.tsv || complain "changed: $(cat p.tsv)"
}

@test "the line of the progress" {
    export program
    cp nasty.csv "$odd.csv"
    at_terminal "\"\$program\" --color never --progress bar --config c.yaml 'train_file=\"$odd_value.csv\"' output_dir=o"
    sed 's/\x1b\[K//g' stdout >t
    harmless t
}

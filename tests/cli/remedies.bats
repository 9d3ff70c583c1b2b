# Every remedy that the program can print is collected from its sources and applied to what caused it. remedies.tsv says for each
# where: "here" in this file, in a test of another file, or "-" and the reason why a test cannot apply it. A proposal without a
# line there fails the last test of this file.
load common
setup_file() { train_once; }
setup() { in_own_folder && ln -s "$BATS_FILE_TMPDIR/out" trained; }

keep() { printf '%s\n' "$(said)" >>"$BATS_FILE_TMPDIR/said"; }

check() { cam-train check --config c.yaml output_dir=none "$@"; }
show() { cam-train show --config c.yaml "$@"; }

# fails MESSAGE COMMAND...: the command fails with MESSAGE.
fails() {
    local message=$1
    shift
    run --separate-stderr "$@"
    keep
    [[ "$status" -ne 0 && "$(said)" == *"$message"* ]] || complain "expected: $message"
}

# warns MESSAGE COMMAND...: the command succeeds and says MESSAGE.
warns() {
    local message=$1
    shift
    succeeds "$@"
    [[ "$(said)" == *"$message"* ]] || complain "expected: $message"
}

# after MESSAGE: what follows in the last command's words, up to the end of the line.
after() {
    local text="$output
${stderr:-}"
    text=${text#*"$1"}
    printf '%s' "${text%%$'\n'*}"
}

# gone MESSAGE COMMAND...: the command no longer says MESSAGE; whatever else it says, its status is another's matter.
gone() {
    local message=$1
    shift
    run --separate-stderr "$@"
    keep
    [[ "$(said)" != *"$message"* ]] || complain "did not cure: $message"
}

# one_value SECTION KEY VALUE: a configuration of one value.
one_value() { printf '%s:\n  %s: %s\n' "$1" "$2" "$3"; }

@test "words of other programs for the values of keys: the word that the message gives is taken" {
    declare -A keys=([metric]=metric_for_best_model [scheduler]=lr_scheduler_type [freezing]=freeze [weighting]=class_weights
        [device]=device [bf16]=bf16 [shard]=shard_optimizer [attention]=attention)
    local count=0
    while IFS='|' read -r set name; do
        key=${keys[$set]}
        fails "$key must be " show "$key=$name"
        advice=$(after '; ')
        for new in $(sed -nE 's/^(write )?([a-z0-9_]+).*/\2/p; s/.* or ([a-z0-9_]+).*/\1/p' <<<"${advice##*; }"); do
            succeeds show "$key=$new"
            [[ "$stderr" == "" ]] || complain "not the word"
        done
        count=$((count + 1))
    done < <(sed -nE 's/^ *NONE\(([a-z0-9_]*), "([^"]*)".*/\1|\2/p' "$repository/src/base/aliases.c")
    [ "$count" -ge 35 ] || complain "only $count words"
    corrects '; write ' sdpa show attention=sdpa
    corrects 'did you mean ' encodr show freeze=encodr
    corrects '; write ' 3e3 show max_steps=3e3
    corrects '; write ' '0,5' show warmup_ratio='0,5'
    corrects '; write ' yes show stratify=yes
    corrects '; write ' mps cam-train eval --model trained --data data.csv --part all --device mps
    corrects 'did you mean ' cpuu cam-train eval --model trained --data data.csv --part all --device cpuu
    corrects '; write ' '0,5' cam-train predict --model trained --input data.csv --threshold 0,5
    for brackets in '\[jsonl, html\]' '\[jsonl, html, tensorboard\]' '\[\]'; do
        fails 'write [jsonl, html], or [] for none' show report_to=wandb
        succeeds show "report_to=$(after 'must be' | grep -o "$brackets" | tail -1)"
    done
    fails '; write {old: new}' show label_map=suivi
    succeeds show "label_map=$(after '; write ')"
}

# value_of KEY: its default, as the command line takes it.
value_of() { sed -nE "s/^  $1: ([^#]*[^ #]).*/\1/p" defaults; }

@test "names of other tools for keys: the key that the message gives takes the value" {
    cam-train show --config /dev/null >defaults
    local names
    names=$(sed -nE 's/^ *\{"([a-z0-9_]+)", CAM_KEY_.*/\1/p' "$repository/src/config/foreign.c")
    [ "$(wc -w <<<"$names")" -ge 120 ] || complain "only $(wc -w <<<"$names") names"
    while read -r some; do # as many problems are told at once
        # shellcheck disable=SC2086
        fails '; the key is "' show $(printf '%s=1 ' $some)
        set --
        for name in $some; do
            key=$(sed -n "s/.*unknown key \"$name\"; the key is \"\([a-z0-9_]*\)\"$/\1/p" <<<"$stderr")
            value=$(value_of "$key")
            [ -n "$value" ] || complain "no key for $name, or no value"
            set -- "$@" "$key=$value"
        done
        succeeds show "$@"
    done < <(xargs -n 20 <<<"$names")
}

@test "switches of other tools: what to write, on the command line and in a configuration" {
    cam-train show --config /dev/null >defaults
    while IFS='|' read -r name when; do
        fails "; for $when write " show "$name=$when"
        setting=$(after " write ")
        setting=${setting%, else leave it out}
        succeeds show "${setting/:N/:1}"
        one_value training "$name" "$when" >other.yaml
        fails "; for $when write " show --config other.yaml
        line=$(after " write ")
        line=${line%, else leave it out}
        one_value "${line##* in }" "${line%%:*}" "$(sed 's/^[a-z0-9_]*: //; s/ in [a-z]*$//; s/:N/:1/' <<<"$line")" >other.yaml
        succeeds show --config other.yaml
    done < <(sed -nE 's/^ *\{"([a-z0-9_]+)", "([^"]*)", CAM_KEY_.*/\1|\2/p' "$repository/src/config/foreign.c")
}

@test "settings of transformers without a counterpart: left out, and what is said beside it holds" {
    local names
    names=$(sed -n '/cam_foreign_settings/,/^};/p' "$repository/src/config/foreign.c" | sed -nE 's/^ *\{"([a-z0-9_]+)\*?", .*/\1/p')
    [ "$(wc -w <<<"$names")" -ge 80 ] || complain "only $(wc -w <<<"$names") names"
    one_value training seed 3 >first.yaml
    while read -r some; do
        # shellcheck disable=SC2086
        { cat first.yaml && printf '  %s: 1\n' $some; } >other.yaml
        fails "leave it out" show --config other.yaml
        for name in $some; do grep -q "\"$name\" .*; leave it out$" <<<"$stderr" || complain "$name"; done
    done < <(xargs -n 20 <<<"$names")
    succeeds show --config first.yaml
    fails 'the options --quiet and --verbose do that' cam-train --config c.yaml --dry-run log_level=info
    for option in $(after ': the options' | grep -o -- '--[a-z]*'); do succeeds cam-train --config c.yaml --dry-run "$option"; done
    fails 'the option --progress none does that' cam-train --config c.yaml --dry-run disable_tqdm=true
    succeeds cam-train --config c.yaml --dry-run $(after 'the option ' | grep -o -- '--progress none')
}

# written TEXT: the text is a configuration that is refused with MESSAGE. mended SED: with this change, it is taken.
written() {
    printf '%b\n' "$2" >other.yaml
    fails "$1" show --config other.yaml
}
mended() {
    sed -i -E "$1" other.yaml
    succeeds show --config other.yaml
}

@test "the form of a configuration" {
    written 'key "seed" belongs in the section ' 'data:\n  seed: 3'
    mended "s/^data:/$(after 'belongs in the section '):/"
    written 'in data; the key is "learning_rate" in training' 'data:\n  lr: 1e-3'
    mended "s/^data:/$(after '; the key is "learning_rate" in '):/; s/lr/learning_rate/"
    written '; did you mean "learning_rate" in training?' 'data:\n  learning_rat: 1e-3'
    new=$(after 'did you mean "')
    mended "s/^data/$(sed 's/.* in \(.*\)?/\1/' <<<"$new")/; s/learning_rat/${new%%\"*}/"
    written '; did you mean "training"?' 'trainig:\n  seed: 3'
    mended "s/trainig/$(after 'did you mean "' | cut -d'"' -f1)/"
    written "its keys stand under it, one a line and indented; the model's name is " 'model: ./tiny'
    mended "s/^model: (.*)/model:\n  $(after "the model's name is "): \1/"
    written 'put a value that begins like this in quotes' 'data:\n  text_column: @a'
    mended 's/: (@.*)/: "\1"/'
    written 'put a value that holds ": " in quotes' 'data:\n  text_column: a: b'
    mended 's/: (a.*)/: "\1"/'
    written 'write the value where it is needed' 'data:\n  text_column: &a avis\n  label_column: *a'
    mended 's/&a //; s/\*a/classe/'
    written 'put a text that begins with "*" in quotes' 'data:\n  text_column: *a'
    mended 's/: (\*.*)/: "\1"/'
    written 'quotes keep a text that begins with "!"' 'data:\n  text_column: !a'
    mended 's/: (!.*)/: "\1"/'
    written 'a tab in the indentation; use spaces' 'data:\n\ttext_column: a'
    mended 's/\t/  /'
    written 'leave it out for the default' 'training:\n  seed: null\n  bf16: true'
    mended '/seed/d'
    written 'put a text that looks like this in quotes' 'data:\n  train_file: null'
    mended 's/null/"null"/'
    fails 'set the terminal to UTF-8, or write the value into a configuration file' show "text_column=libell"$'\xe9'
    one_value data text_column libellé >other.yaml
    succeeds show --config other.yaml
}

@test "rules of the configuration: each of the settings alone cures" {
    for n in 'warmup_steps=0' 'warmup_ratio=0'; do cures 'are both above 0; set ' $n show warmup_steps=3 warmup_ratio=0.1; done
    for n in 'eval_strategy=epoch' 'early_stopping_patience=0'; do
        cures 'early_stopping_patience needs evaluations; set ' $n show early_stopping_patience=2 eval_strategy=no
    done
    cures 'max_steps must be -1 (off) or at least 1, not 0; set ' "$settings" show max_steps=0
    cures 'but labels lists 2; set ' "$settings" show 'labels=[a, b]' num_labels=3
    cures 'add it, or set ' "$settings" show 'labels=[a, b]' on_rare_label=other min_rows_per_label=2
    cures 'columns does not list the text_column "text"; set ' "$settings" show 'columns=[avis, label]'
    cures 'columns does not list the label_column "label"; set ' "$settings" show 'columns=[text, classe]'
    corrects 'which labels does not list; did you mean ' Avis show 'labels=[avis, autre]' 'class_weights={Avis: 2}'
    corrects 'did you mean ' Suivi check 'class_weights={Suivi: 2}'
    fails 'write the folder itself' show 'output_dir=$HOME/runs'
    succeeds eval 'show output_dir=$HOME/runs'
    fails 'variables of the shell are not expanded here: write the path itself' check 'train_file=$PWD/data.csv'
    succeeds eval 'check train_file=$PWD/data.csv'
    mkdir '~paul' && cp data.csv '~paul'
    fails 'is your own home folder only; ' check train_file='~paul/data.csv'
    succeeds check train_file="$(after ' in full, or ' | sed 's/ for a file.*//')"
}

# without WORD COMMAND...: the command fails with "leave it out", and succeeds without this word.
without() {
    local left=$1
    shift
    fails "leave it out" "$@"
    for word_of in "$@"; do
        shift
        [ "$word_of" = "$left" ] || set -- "$@" "$word_of"
    done
    succeeds "$@"
}

@test "words and options of the command line" {
    echo bonjour >lines
    without learning_rate=3e-5 cam-train predict --model trained --input lines learning_rate=3e-5
    fails "takes no configuration: leave it out" cam-train predict --model trained --input lines --config c.yaml
    without c.yaml cam-train predict --model trained --input lines c.yaml
    without -- show --
    without push_to_hub=true show push_to_hub=true
    fails 'a configuration file goes after --config' show else.conf
    cp c.yaml else.conf
    succeeds cam-train show --config else.conf
    fails '; a configuration is named with ' cam-train else.conf
    succeeds eval "cam-train show $(after '; a configuration is named with ')"
    fails '; to classify texts with a model: ' cam-train trained
    succeeds eval "$(after 'with a model: ') <lines"
    fails 'write cam-train help check' cam-train check help
    succeeds eval "$(after 'write ')"
    fails 'write one of them' cam-train -v
    for o in $(after 'could be' | grep -oE -- '--[a-z]+'); do succeeds cam-train show "$o" --config c.yaml; done
    for command in 'predict --model trained --foo' 'init foo' foo; do
        # shellcheck disable=SC2086
        fails "lists " cam-train $command
        succeeds eval "$(grep -oE 'cam-train [a-z ]*--help' <<<"$stderr")"
    done
    fails '; it is an option of ' cam-train --config c.yaml --top-k 2
    for verb in $(after 'an option of ' | tr -d ,); do succeeds cam-train "$verb" --model trained --input lines --format jsonl --top-k 2; done
    fails '; without a space: ' show learning_rate= 3e-5
    succeeds eval "show $(after 'without a space: ')"
    fails '; did you mean learning_rate=3e-5?' show --learning_rat 3e-5
    succeeds eval "show $(after 'did you mean ' | tr -d '?')"
    corrects '; did you mean ' --confg cam-train show --confg c.yaml
    corrects '; did you mean ' chekc cam-train chekc --config c.yaml output_dir=none
    corrects '; did you mean ' vérifier cam-train vérifier --config c.yaml output_dir=none
    fails '; write --data data.csv' cam-train eval --model trained --input data.csv --part all
    succeeds cam-train eval --model trained $(after '; write ') --part all
    fails '; write --data data.csv' cam-train init train_file=data.csv
    succeeds cam-train init $(after '; write ')
    fails '; write --model tiny' cam-train init tiny --data data.csv
    succeeds cam-train init --data data.csv $(after '; write ')
    fails 'no configuration: ' cam-train show train_file=data.csv
    succeeds eval "$(after 'make one with ') && cam-train show $(after 'name one with ' | sed 's/FILE.*/my.yaml/')"
    fails 'init reads the data file several times' cam-train init --data - <data.csv
    succeeds eval 'cat <data.csv >saved.csv && cam-train init --data saved.csv'
}

@test "predict and eval: options, files, and rows" {
    echo bonjour >lines
    cp lines kept.tsv
    predict() { cam-train predict --model trained "$@"; }
    cures 'exists; name another file with --output, or write over it with ' '--force' predict --input lines --output kept.tsv
    fails 'the output is the input file, "lines"; name another with ' predict --input lines --output lines --force
    succeeds predict --input lines "$(after 'name another with ')" new.tsv
    for n in '--format jsonl' '--format csv'; do cures 'option "--top-k" needs ' "$n" predict --input lines --top-k 2; done
    cures 'option "--decimal comma" needs ' '--format csv' predict --input lines --decimal comma
    sed 's/suivi/colis →/' data.csv >arrow.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 train_file=arrow.csv output_dir=arrow
    printf 'text\ncassé\n' | iconv -f utf-8 -t windows-1252 >in.csv
    cures 'or write labels and scores alone with ' '--format jsonl' cam-train predict --model arrow --input in.csv --encoding windows-1252
    printf 'text,label\nbonjour,suivi\nun, deux, trois\n' >in.csv
    for verb in predict tokenize; do
        cures '' '--on-bad-row skip' cam-train $verb --model trained --input in.csv
    done
    cures '' '--on-bad-row skip' cam-train eval --model trained --data in.csv
    printf 'text,label\nbonjour,suivi\nmerci,\n' >in.csv
    cures 'label these rows, or leave such rows out with ' '--on-bad-row skip' cam-train eval --model trained --data in.csv
    printf 'text,label\nbonjour,suivi\nmerci,autre\n' >in.csv
    cures 'or leave these rows out with ' '--unknown-labels skip' cam-train eval --model trained --data in.csv
    # columns of a file without a header, and with another one
    tail -n +2 data.csv >rows.csv
    fails ', or --columns … where this is a row' predict --input rows.csv
    succeeds predict --input rows.csv --columns text,label
    fails 'leave --columns out' predict --input data.csv --columns text,label
    printf 'Message;Motif\noù est mon colis;suivi\n' >in.csv
    cures '; the file has "Message", "Motif"; set ' '--text-column Message' predict --input in.csv
    cures '; set ' '--text-column Message --label-column Motif' cam-train eval --model trained --data in.csv
    fails 'add it, or set --text-column …' predict --input rows.csv --columns avis,motif
    succeeds predict --input rows.csv --columns avis,motif $(after 'or set ' | sed 's/…/avis/')
    cures 'set --text-column … or ' "$option" predict --input in.csv --delimiter , --text-column Message
}

@test "eval: the parts of the training file" {
    eval_() { cam-train eval --model run "$@"; }
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 output_dir=run
    cures 'rows are scored, those that were held out; ' '--part all' eval_ --data data.csv
    sed 's/colis/paquet/' data.csv >other.csv
    without_options eval_ --data other.csv --part train
    mv run/split.tsv kept
    without_options eval_ --data data.csv --part train
    sed 1d kept >run/split.tsv
    fails 'train the model again' eval_ --data data.csv --part train
    sed '3s/.*/x/' kept >run/split.tsv
    fails 'train the model again' eval_ --data data.csv --part train
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 output_dir=run overwrite_output_dir=true
    succeeds eval_ --data data.csv --part train
    sed -i '2,$s/^"*/&x/' data.csv
    cures 'it has none of the texts of that time; score all its rows with ' '--part all' eval_ --data data.csv
    make_data >data.csv
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 output_dir=run overwrite_output_dir=true validation_file=other.csv
    cures 'or score the rows that the model has learnt with ' '--part train' eval_ --data data.csv
    fails 'name another file with --data' eval_ --data data.csv
    succeeds eval_ --data other.csv
}

# without_options COMMAND... OPTION VALUE: the last two words are to be left out.
without_options() {
    fails "leave it out" "$@"
    succeeds "${@:1:$#-2}"
}

@test "files and columns: settings, and changes of the file that the message asks for" {
    sed 's/"//g; s/,\([^,]*\)$/;\1/' data.csv | sed '1s/.*/Avis;Motif/' >in.csv
    cures '; the file has "Avis", "Motif"; set ' "$settings" check train_file=in.csv
    sed '1s/.*/text;label/' in.csv >in2.csv
    cures 'set text_column=… label_column=… or ' "$settings" check train_file=in2.csv delimiter=,
    cures 'set text_column=… label_column=… or ' "$settings" check train_file=in2.csv format=tsv
    fails 'leave "columns" out' check 'columns=[text, label]'
    succeeds check '~columns'
    sed '1s/.*/text,text/' data.csv >in.csv
    fails 'two columns are named "text"; rename one' check train_file=in.csv
    sed -i '1s/.*/text,label/' in.csv && succeeds check train_file=in.csv
    { echo 'a;b,c'; tail -n +2 data.csv | tr -d '",' | sed -E 's/(suivi|remboursement|accès)$/;\1,1/'; } >both.csv
    fails 'both split the records evenly; set ' check train_file=both.csv
    for n in $(after 'evenly; set ' | sed 's/ or / /'); do
        eval "set -- $n" # the columns are asked for next
        gone 'both split' check train_file=both.csv "$1"
        [[ "$stderr" == *'no column "text"'* ]] || complain "another problem than the columns"
    done
    # JSON
    jq -Rc 'capture("^\"?(?<avis>.*?)\"?,(?<motif>[^,]*)$")' <(tail -n +2 data.csv) >in.jsonl
    fails 'no member "text"; the object has "avis", "motif"; set ' check train_file=in.jsonl
    set -- $(after 'the object has ' | grep -o '"[a-z]*"' | tr -d '"') # its members
    succeeds check train_file=in.jsonl $(after '; set ' | sed "s/…/$1/; s/…/$2/")
    jq -s '[.[] | [.avis, .motif]]' in.jsonl >lists.json
    fails 'write each row as an object: {"text": …, "label": …}' check train_file=lists.json
    jq -c '.[] | {text: .[0], label: .[1]}' lists.json >lists.jsonl && succeeds check train_file=lists.jsonl
    jq -c '[.]' in.jsonl >lines.jsonl
    { jq -c '{text: .avis, label: .motif}' in.jsonl && echo '["a", "b"]'; } >in2.jsonl
    fails 'instead of an object; write one object a line' check train_file=in2.jsonl
    sed -i '$s/.*/{"text": "a", "label": "accès"}/' in2.jsonl && succeeds check train_file=in2.jsonl
    jq -c '{text: .avis, label: [.motif, "autre"]}' in.jsonl >multi.jsonl
    fails 'keep one label a row' check train_file=multi.jsonl
    jq -c '.label |= .[0]' multi.jsonl >one.jsonl && succeeds check train_file=one.jsonl
    jq -c '{text: .avis, meta: {label: .motif}}' in.jsonl >nested.jsonl
    fails 'write text and label as plain members' cam-train init --data nested.jsonl
    jq -c '{text, label: .meta.label}' nested.jsonl >plain.jsonl && succeeds cam-train init --data plain.jsonl
}

@test "cells of a table: what the message asks for is done to the row" {
    for row in 'un, deux, trois,suivi' 'le prix de 3,50 euros,suivi' 'il dit "non" à tout,suivi'; do
        { cat data.csv && echo "$row"; } >in.csv
        case $row in
        *deux*) fails 'write a text that holds "," in quotes' check train_file=in.csv ;;
        *3,50*) fails 'looks like a decimal comma: write such cells in quotes' check train_file=in.csv ;;
        *) printf '"il dit" non,suivi\n' >>in.csv && fails 'inside quotes a quote is written twice' check train_file=in.csv && row='"il dit"" non",suivi' ;;
        esac
        { cat data.csv && sed 's/^\([^"].*\),\(.*\)/"\1",\2/' <<<"$row"; } >in.csv
        succeeds check train_file=in.csv
    done
    # quotes after a backslash, in a file that also has the others
    { cat data.csv && printf '"a ""b"" %s",suivi\n' $(seq 1000) && printf '"a \\"b\\" c",suivi\n'; } >'in 1.csv'
    fails 'write them "": ' check train_file='in 1.csv'
    eval "$(after 'write them "": ')"
    succeeds check train_file=fixed.csv
    { cat data.csv && printf 'l\xc3\xa9ger,suivi\n%.0s' $(seq 9) && printf 'caf\xe9 d\xe9j\xe0 pay\xe9,suivi\n%.0s' $(seq 9); } >joined.csv
    cures 'save each part as CSV UTF-8, or' "$settings" check train_file=joined.csv
    sed 's/suivi$//' data.csv >in.csv
    cures 'label these rows, or' "$settings" check train_file=in.csv
    { cat data.csv && printf 'l\xc3,suivi\n'; } >in.csv
    cures 'write it again, or' "$settings" check train_file=in.csv
}

# The tools that a command names and that this machine need not have: each stands for the real one and takes the same words.
stub() {
    mkdir -p bin && printf '#!/bin/sh\n%s\n' "$2" >"bin/$1" && chmod +x "bin/$1"
    PATH=$PWD/bin:$PATH
}

@test "files that are no table: the command of the message makes one" {
    mkdir 'mes données'
    for pack in 'gz gzip' 'bz2 bzip2' 'xz xz' 'zst zstd' 'lz4 lz4'; do
        command -v "${pack#* }" >/dev/null || continue
        "${pack#* }" -c data.csv >"mes données/l'export.csv.${pack% *}"
        fails 'unpack it first: ' check train_file="mes données/l'export.csv.${pack% *}"
        eval "$(after 'unpack it first: ')"
        cmp data.csv "mes données/l'export.csv"
        rm "mes données"/*
    done
    tar -cf 'mes données/a.tar' data.csv
    fails 'unpack it first: ' check train_file='mes données/a.tar'
    (mkdir elsewhere && cd elsewhere && eval "$(after 'unpack it first: ' | sed "s|'mes|'../mes|")" && cmp data.csv ../data.csv)
    mkdir stubs && cat >stubs/pandas.py <<'END_OF_PANDAS'
import shutil
class DataFrame:
    def __init__(self, values=None): pass
    def to_csv(self, path, index): shutil.copy("data.csv", path)
def __getattr__(name):
    if not name.startswith("read_"): raise AttributeError(name)
    return lambda path, **options: open(path, "rb") and DataFrame()
END_OF_PANDAS
    printf 'def load(path, **options): return open(path, "rb") and {}\n' >stubs/numpy.py
    printf 'def reader(file): return file.read()\n' >stubs/fastavro.py
    printf '%s\n' 'import pandas' 'class ipc:' '    def open_stream(path):' '        p = pandas.DataFrame()' \
        '        p.read_pandas = lambda: p' '        return p' >stubs/pyarrow.py
    export PYTHONPATH=$PWD/stubs
    for start in 'PAR1' 'ARROW1\0\0' 'FEA1' 'Obj\x01' 'ORC' '\x89HDF\r\n\x1a\n' '\x93NUMPY' '<stata_dta>' '$FL2@(#)' \
        '\xff\xff\xff\xff' '\x80\x04'; do
        printf "$start\1\0\0\0" >"l'export.bin"
        run --separate-stderr check train_file="l'export.bin"
        keep
        [[ "$(said)" == *"write it as CSV: python3 -c "* ]] || complain "no command for $start"
        command=$(after 'write it as CSV: ')
        eval "$command"
        made=${command##* }
        eval "cmp data.csv $made"
        rm "l'export.csv"
    done
    stub Rscript '[ "$1" = -e ] && [ -f "$3" ] && cp data.csv "$4"'
    printf '\x1f\x8b\x08\0' >"l'export.rds"
    fails 'write it as CSV: Rscript -e ' check train_file="l'export.rds"
    eval "$(after 'write it as CSV: ')"
    succeeds check train_file="l'export.csv"
    printf 'SQLite format 3\0' >base.db
    stub sqlite3 '[ "$1 $2" = "-header -csv" ] && [ -f "$3" ] && case $4 in "select * from "?*) cat data.csv ;; *) exit 1 ;; esac'
    fails 'write its table as CSV: ' check train_file=base.db
    eval "$(after 'write its table as CSV: ' | sed 's/…/avis/')"
    succeeds check train_file="$(after 'write its table as CSV: ' | sed 's/.* > //')"
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n' >lfs.csv
    stub git '[ "$1 $2" = "lfs pull" ] && cp data.csv lfs.csv'
    fails 'fetch the file: ' check train_file=lfs.csv
    eval "$(after 'fetch the file: ')"
    succeeds check train_file=lfs.csv
}

@test "init: what it writes and warns of" {
    { cat data.csv && echo 'sans étiquette,'; } >in.csv
    succeeds cam-train init --data in.csv --model ./tiny
    printf '%s\n' "$output" >my.yaml
    setting=$(grep -o 'on_bad_row: [a-z]* says' my.yaml)
    fails 'in.csv:62: the label is blank' cam-train check --config my.yaml "$(sed 's/: /=/; s/ says//' <<<"$setting")"
    succeeds cam-train --quiet --config c.yaml max_steps=1 warmup_ratio=0 output_dir=pretrained
    succeeds cam-train init --data data.csv --model ./pretrained
    printf '%s\n' "$output" >my.yaml
    line=$(sed -n 's/.*quicker: //p' my.yaml)
    [ -n "$line" ] || complain "nothing about freezing"
    # its keys, each in its section
    key() { sed -nE "s/.*$1: ([^,]*).*/\1/p" <<<"$line"; }
    printf 'model:\n  freeze: %s\ntraining:\n  learning_rate: %s\n  num_train_epochs: %s\n' "$(key freeze)" "$(key learning_rate)" \
        "$(key num_train_epochs)" >frozen.yaml
    warns 'all is well' cam-train check --config my.yaml --config frozen.yaml
    [[ "$output" != *"a learning_rate of"* && "$output" != *"the run has only"* ]] || complain "warnings"
    succeeds eval "cam-train $(grep -o 'init --all' my.yaml) --data data.csv --model ./tiny"
    succeeds cam-train init --data data.csv
    option=$(grep -o 'init --model fits another' <<<"$output")
    succeeds cam-train ${option% fits*} ./tiny --data data.csv
    # two columns that are as good
    awk -F, 'NR == 1 { print "texte,motif,theme" } NR > 1 { print $0 "," $NF }' data.csv >two.csv
    warns ': set label_column, or init ' cam-train init --data two.csv
    gone ': set label_column, or init ' eval "cam-train init --data two.csv $(after 'set label_column, or init ' | sed 's/NAME/theme/')"
    succeeds cam-train init --data two.csv --label-column theme
    { echo texte,canal; tail -n +2 data.csv; } >channel.csv
    warns 'is the likeliest label by its cells' cam-train init --data channel.csv
    gone 'is the likeliest label' eval "cam-train init --data channel.csv $(after 'set label_column, or init ' | sed 's/NAME/canal/')"
    [ "$status" -eq 0 ]
    awk 'NR == 1 { print $0 ",part" } NR > 1 { print $0 (NR % 5 == 0 ? ",test" : NR % 5 == 1 ? ",valid" : ",train") }' data.csv >parts.csv
    warns 'write the rows of each part to a file of its own, and set train_file, validation_file and test_file' cam-train init --data parts.csv
    for part in train valid test; do { head -1 parts.csv && grep ",$part\$" parts.csv; } >$part.csv; done
    succeeds check train_file=train.csv validation_file=valid.csv test_file=test.csv
    awk 'NR == 1 { print "canal,texte," } NR > 1 { print "courrier," $0 }' data.csv >nameless.csv
    fails 'has no name in the header row; write one into the file' cam-train init --data nameless.csv
    sed -i '1s/.*/canal,texte,motif/' nameless.csv && succeeds cam-train init --data nameless.csv
    sed '1s/.*/texte,texte/' data.csv >twice.csv
    fails 'rename one in the file' cam-train init --data twice.csv
    sed -i '1s/.*/texte,motif/' twice.csv && succeeds cam-train init --data twice.csv
}

@test "labels and texts of check" {
    { echo text,label; for l in True TRUE False; do for i in $(seq 20); do echo "texte $l $i,$l"; done; done; } >in.csv
    cures 'differ only by case (' 'label_case=fold' check train_file=in.csv
    { cat data.csv && tail -n +2 data.csv | head -n 4; } >twice.csv
    for n in 'on_duplicate=warn' 'on_duplicate=drop'; do
        cures 'hint: ' "$n" check train_file=twice.csv on_duplicate=error
    done
    cures 'which flatters the score; ' 'split_duplicates=[a-z]*' check train_file=twice.csv split_duplicates=apart validation_split=0.3
    cures 'so that equal texts are in one (' 'split_duplicates=[a-z]*' check train_file=twice.csv validation_split=0.3
    { echo text,label; for i in $(seq 10); do printf 'pareil,a\npareil,b\n'; done; } >same.csv
    cures 'add other texts, or set ' "$settings" check train_file=same.csv
    { cat data.csv && printf 'autre %d,rare\n' 1 2 3; } >rare.csv
    for n in 'on_rare_label=drop' 'on_rare_label=other'; do
        cures '(min_rows_per_label)' "$n" check train_file=rare.csv min_rows_per_label=5 on_rare_label=error
    done
    { cat data.csv && for i in $(seq 400); do echo "encore $i,suivi"; done; } >uneven.csv
    cures 'consider ' 'class_weights=balanced' check train_file=uneven.csv
    cures 'but the data has 3 labels; set ' "$settings" check num_labels=7
    warns 'label_map names "Suivi", which no row has; did you mean "' check 'label_map={Suivi: colis}'
    new=$(after 'did you mean "')
    gone 'which no row has' check "label_map={${new%%\"*}: colis}"
    [ "$status" -eq 0 ]
    { sed 's/colis/& bien long que nous attendons depuis tant de jours/' data.csv; } >long.csv
    cures 'tokens, and the model reads up to 64: set ' "$settings" check train_file=long.csv max_seq_length=12
    { cat data.csv; for i in $(seq 2000); do printf 'colis %d,suivi\nmes %d euros,remboursement\naccès %d,accès\n' "$i" "$i" "$i"; done; } >many.csv
    cures 'which usually scores higher: set ' "$settings" check train_file=many.csv freeze=encoder
    cures 'but the model has 1 layer' "$settings" check freeze=first:3
    cures 'the run made only 14 steps; train again:' "$settings" cam-train --config c.yaml max_steps=14 output_dir=short
    cures 'attention: cudnn needs a GPU; use ' "$settings" cam-train --config c.yaml --dry-run attention=cudnn
}

@test "folders, models and the device" {
    mkdir out && touch out/model.safetensors
    cures 'choose another folder, or set ' "$settings" cam-train --config c.yaml --dry-run
    succeeds cam-train --config c.yaml --dry-run output_dir=another
    fails "is the model's own folder; choose another" check output_dir=tiny
    succeeds check output_dir=another
    fails "name a model's folder" check model_name_or_path=data.csv
    succeeds check model_name_or_path=./tiny
    export HF_HUB_CACHE=$PWD/hub
    # hf download NAME [--revision R]: as the real one, but from here.
    stub hf 'revision=main; [ "$3" = --revision ] && revision=$4
        at=$HF_HUB_CACHE/models--$(echo "$2" | sed "s|/|--|")
        mkdir -p "$at/refs" "$at/snapshots/0123456789012345678901234567890123456789"
        printf 0123456789012345678901234567890123456789 >"$at/refs/$revision"
        cp tiny/* "$at/snapshots/0123456789012345678901234567890123456789"'
    export HF_HUB_OFFLINE=1
    fails 'and no folder of that name; run "' check model_name_or_path=org/name
    eval "$(after 'of that name; run "' | sed 's/".*//')"
    succeeds check model_name_or_path=org/name
    fails 'and no folder of that name; run "' check model_name_or_path=org/name revision=v2
    eval "$(after 'of that name; run "' | sed 's/".*//')"
    succeeds check model_name_or_path=org/name revision=v2
    rm hub/models--org--name/snapshots/*/config.json
    fails 'run "hf download' check model_name_or_path=org/name
    eval "$(after 'run "' | sed 's/".*//')"
    succeeds check model_name_or_path=org/name
    corrects "; the model's name is " https://huggingface.co/org/name check model_name_or_path=https://huggingface.co/org/name
    fails 'a path may begin with "./"' check 'model_name_or_path=mon modèle'
    mv tiny 'mon modèle'
    succeeds check 'model_name_or_path=./mon modèle'
    mv 'mon modèle' tiny
    fails 'use v2, v3 or v4' env CAM_CPU_ISA=v9 "$program" --config c.yaml --dry-run output_dir=another
    succeeds env CAM_CPU_ISA=v2 "$program" --config c.yaml --dry-run output_dir=another
    cures 'does not compute in bf16; use ' "$settings" cam-train --quiet --config c.yaml device=cpu bf16=true output_dir=bf16
    # without a GPU, tune goes on to say so
    fails 'and the configuration says device=cpu; use device=auto' cam-train tune --config c.yaml device=cpu
    gone 'the configuration says device=cpu' cam-train tune --config c.yaml device=cpu $(after '; use ')
}

@test "every proposal in the sources has its case" {
    local sources="$BATS_TEST_TMPDIR/found" table=$repository/tests/cli/remedies.tsv
    # pages, not messages: the manual, the completion, the help, the model card, report.html, the tables of keys
    (cd "$repository" && find src -name '*.c' | grep -vE 'cli/(manual|completion|help)\.c|model_card|pages/|config/(show|schema)\.c' |
        LC_ALL=C sort | xargs awk -f tests/cli/remedies.awk | LC_ALL=C sort -u) >"$sources"
    LC_ALL=C diff <(grep -v '^#' "$table" | cut -f 1,3 | LC_ALL=C sort) "$sources" ||
        complain "remedies.tsv has to be the list of these proposals (>), and no others (<)"
    while IFS=$'\t' read -r file how text; do
        case $how in
        '#'* | here | -\ ?*) ;;
        *.bats:\ *) grep -qF "@test \"${how#*: }" "$repository/tests/cli/${how%%:*}" || complain "no such test: $how" ;;
        *) complain "neither here, nor a test, nor a reason: $file: $how: $text" ;;
        esac
    done < <(grep -v '^#' "$table")
    unsaid=$(awk -f "$repository/tests/cli/remedies_said.awk" "$BATS_FILE_TMPDIR/said" "$table")
    [ -z "$unsaid" ] || complain "no command of this file says: $unsaid"
    awk -F'\t' '/^#/ { next } { all++ } $2 == "here" { here++ } $2 ~ /bats:/ { other++ } $2 ~ /^- / { excused[$2]++ }
        END { printf "# %d proposals: %d applied in this file, %d in others; excused:\n", all, here, other
              for (why in excused) printf "#   %d %s\n", excused[why], why }' "$table" >&3
}

# The command line: verbs, options, standard output and standard error.
load common
setup() { in_own_folder; }

@test "without arguments, and with --help, every verb is named" {
    for arguments in "" --help; do
        succeeds cam-train $arguments
        for verb in train check show eval predict tokenize init tune; do answers "cam-train $verb"; done
        [ -z "$stderr" ]
    done
}

@test "--help of a verb lists its options and no others" {
    succeeds cam-train predict --help
    answers --top-k
    [[ "$output" != *--dry-run* ]]
}

@test "--help lists every device, and every exit code" {
    succeeds cam-train --help
    answers "--device auto|cpu|cuda"
    for code in 0 1 2 3 4 5 6 7 8 9 75 130; do grep -qE "^  $code +[a-z]" <<<"$output" || complain "code $code"; done
    [ -z "$(grep -E '.{81}' <<<"$output")" ] || complain "a line longer than 80 columns"
}

@test "the man page has its parts, every verb, and every variable of the environment that is read" {
    page=$repository/docs/cam-train.1
    for part in NAME SYNOPSIS DESCRIPTION VERBS OPTIONS CONFIGURATION FILES ENVIRONMENT "EXIT STATUS" EXAMPLES "SEE ALSO"; do
        grep -qx ".SH $part" "$page" || complain "$part"
    done
    for verb in $(cam-train --help | sed -n 's/^  cam-train \([a-z]*\).*/\1/p'); do
        grep -qxF ".SS cam\-train $verb" "$page" || complain "$verb"
    done
    for name in $(grep -rhoE '(getenv|environment|is_on)\("[A-Z_]+"' "$repository/src" "$repository/kernels" | cut -d '"' -f 2 | sort -u); do
        grep -qxF "\\fB$name\\fR" "$page" || complain "$name"
    done
    if command -v groff; then [ -z "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)" ] || complain "groff warns"; fi
}

@test "--version names the version and the device" {
    succeeds cam-train --version
    answers "cam-train 0."
    answers "cpu: "
}

@test "an unknown verb" { refused 2 'unknown verb "trian"; did you mean "train"' cam-train trian; }

@test "for a misspelt option the error names the right one" {
    refused 2 'unknown option "--top"' cam-train predict --top 3
    refused 2 'did you mean "--dry-run"?' cam-train --config c.yaml --dry-rum
    refused 2 'did you mean "--config"?' cam-train --confg c.yaml
}

@test "an option of another verb" { refused 2 '"--top-k" is not one of "train"' cam-train --config c.yaml --top-k 2; }

@test "an option without its value, a switch with one" {
    refused 2 '"--config" needs a value' cam-train --config
    refused 2 '"--dry-run" takes no value' cam-train --config c.yaml --dry-run=yes
}

@test "--option=value is --option value" { succeeds cam-train show --config=c.yaml; }

@test "no configuration at all" {
    refused 2 "--config FILE" cam-train train
    refused 2 "--config FILE" cam-train check
    refused 2 "--config FILE" cam-train show
    refused 2 "--config FILE" cam-train tune
    refused 2 "cam-train init --data 'l'\\''export 1.csv' > my.yaml" cam-train check "train_file=l'export 1.csv"
}

@test "a configuration is known by its ending" {
    mkdir "lr=3" && cp c.yaml "lr=3/my c.YML"
    succeeds cam-train show c.yaml seed=7
    answers "seed: 7"
    succeeds cam-train check "./lr=3/my c.YML"
    succeeds cam-train c.yaml --dry-run
    says "read as --config c.yaml"
    succeeds cam-train check "./lr=3/my c.YML" -q
    [ -z "$stderr" ]
    refused 2 "after --config" cam-train train c.yaml else
}

@test "a missing configuration is named in full" { refused 2 "$PWD/none.yaml" cam-train --config none.yaml; }

@test "options that a verb requires" {
    refused 2 "--model DIR" cam-train predict
    refused 2 "--model DIR" cam-train tokenize
    refused 2 "--data FILE" cam-train eval --model tiny
}

@test "values that an option does not take" {
    refused 2 '"--color" takes' cam-train show --config c.yaml --color blue
    refused 2 'progress' cam-train --config c.yaml --progress dots
    refused 2 '"--format" of predict' cam-train predict --model tiny --format xml
    refused 2 '"--format" of tokenize' cam-train tokenize --model tiny --format xml
    refused 2 '"--device" takes "auto", "cpu" or "cuda"' cam-train eval --model tiny --data data.csv --device tpu
    refused 2 '"--device" takes "auto", "cpu" or "cuda", not "mps"; write cpu' cam-train eval --model tiny --data data.csv --device mps
    refused 2 '"--encoding" takes' cam-train predict --model tiny --encoding latin-2
    refused 2 '"--delimiter" takes "auto", ";", ",", "tab" or "|"' cam-train predict --model tiny --delimiter x
    refused 2 '"--input-format" takes' cam-train predict --model tiny --input-format xlsx
    refused 2 '"--top-k" takes' cam-train predict --model tiny --format jsonl --top-k 0
    refused 2 '"--threshold" takes' cam-train predict --model tiny --threshold 1.5
    refused 2 'not "0,5"; write 0.5' cam-train predict --model tiny --threshold 0,5
}

@test "results to a full disk are exit 8" {
    for command in "--help" "--version" "show --config c.yaml" "check --config c.yaml" "init"; do
        run --separate-stderr bash -c '"$0" $1 >/dev/full' "$program" "$command"
        [ "$status" -eq 8 ] || complain "$command"
    done
}

@test "-h, -V, help and version" {
    cam-train --help >all.txt
    cam-train predict --help >predict.txt
    cam-train --version >version.txt
    for words in -h help; do succeeds cam-train $words && diff all.txt - <<<"$output"; done
    for words in "predict -h" "help predict"; do succeeds cam-train $words && diff predict.txt - <<<"$output"; done
    for words in -V version; do succeeds cam-train $words && diff version.txt - <<<"$output"; done
    refused 2 'write cam-train help check' cam-train check help
    refused 2 '"-v" could be --verbose or --version' cam-train -v
}

@test "-c and -q, and options with _" {
    succeeds cam-train show -c c.yaml -q
    succeeds cam-train -c c.yaml --dry_run -q
    [ -z "$(grep -v "vocabulary does not know" <<<"$stderr")" ] || complain "not quiet"
    refused 2 '"--dry-run"' cam-train -c c.yaml --dry_run=yes
    refused 2 '"--config" needs a value' cam-train -c --dry-run
}

# show_cures WORDS...: show refuses these words, quoted for a shell; with what the message tells to write instead, it does not.
show_cures() {
    refused 2 "write " eval "cam-train show --config c.yaml $1"
    local advice=${stderr##*write }
    succeeds eval "cam-train show --config c.yaml ${advice%%, else*}"
    for shown in "${@:2}"; do answers "$shown"; done
}

@test "a key written as an option: what the message says is right" {
    show_cures "--learning_rate 3e-5" "learning_rate: 3e-5"
    show_cures "--learning-rate=3e-5" "learning_rate: 3e-5"
    show_cures "-learning_rate 3e-5" "learning_rate: 3e-5"
    show_cures "--lr 3e-5" "learning_rate: 3e-5"
    show_cures "--max_steps -1" "max_steps: -1 "
    show_cures "--data 'mes données.csv'" "train_file: mes données.csv"
    show_cures "--text_column \"l'avis\"" "text_column: \"l'avis\""
    show_cures "--label-column 'a b'" "label_column: a b"
    show_cures "--columns label,text" "columns: [label, text]"
    show_cures "--labels oui,non" "labels: [oui, non]"
    show_cures "--delimiter ';'" 'delimiter: ";"'
    show_cures "--model tiny" "model_name_or_path: tiny"
    show_cures "--output out2" "output_dir: out2"
    show_cures "--input-format csv" "format: csv"
    show_cures "--max-seq-length 64" "max_seq_length: 64"
    show_cures "--device cpu" "device: cpu"
    show_cures "--encoding latin-1" "encoding: windows-1252"
    show_cures "--bf16 --load_best_model_at_end" 'bf16: "true"'
    show_cures "--overwrite_output_dir seed=3" "overwrite_output_dir: true"
    show_cures "--stratify false" "stratify: false"
    show_cures "--no_cuda" "device: cpu"
    show_cures "--group_by_length" "train_sampling_strategy: group_by_length"
}

@test "a key with its value in another word, or after a colon" {
    show_cures "learning_rate = 3e-5" "learning_rate: 3e-5"
    show_cures "learning_rate =3e-5" "learning_rate: 3e-5"
    show_cures "learning_rate 3e-5" "learning_rate: 3e-5"
    show_cures "learning_rate: 3e-5" "learning_rate: 3e-5"
    show_cures "'learning_rate: 3e-5'" "learning_rate: 3e-5"
    show_cures "lr 3e-5" "learning_rate: 3e-5"
    show_cures "text_column=Mon label" "text_column: Mon label"
    show_cures "labels=[oui, non, peut être] seed=3" "labels: [oui, non, peut être]"
    refused 2 "without a space: learning_rate=3e-5" cam-train -c c.yaml learning_rate= 3e-5
    show_cures data.csv "train_file: data.csv"
    show_cures ./tiny 'model_name_or_path: "./tiny"'
    cp c.yaml "my config.conf"
    show_cures "'my config.conf'" "learning_rate: 5e-3"
}

@test "a setting of transformers that has no counterpart" {
    refused 2 "the verb says what is done; leave it out" cam-train -c c.yaml --do_train
    refused 2 "half precision is bf16" cam-train -c c.yaml --fp16
    refused 2 "nothing is sent to the Hub; leave it out" cam-train -c c.yaml push_to_hub=true
}

# predict_cures WORDS: the same for predict, of a model without weights.
predict_cures() {
    refused 2 "write " eval "cam-train predict --model tiny $1"
    [[ "$stderr" == *"; write $2" ]] || complain "expected: $2"
    run --separate-stderr eval "cam-train predict --model tiny ${stderr##*write }"
    [ "$status" -eq 4 ] || complain "not understood"
}

@test "a key of a configuration given to predict, eval and init" {
    predict_cures text_column=Libellé "--text-column 'Libellé'"
    predict_cures "encoding=latin1 --quiet" "--encoding latin1"
    predict_cures "format=csv" "--input-format csv"
    predict_cures "'test_file=mes textes.csv'" "--input 'mes textes.csv'"
    predict_cures "--data data.csv" "--input data.csv"
    predict_cures "data.csv" "--input data.csv"
    predict_cures "data.csv" "--input data.csv"
    refused 2 "write --model tiny" cam-train predict tiny
    refused 2 "write --data data.csv" cam-train eval --model tiny data.csv
    refused 2 "write --data data.csv" cam-train eval --model tiny --input data.csv
    refused 2 "write --data data.csv" cam-train init train_file=data.csv
    refused 2 "learning_rate is a key of the configuration of a run, and predict has no such option: leave it out" \
        cam-train predict --model tiny learning_rate=3e-5
    refused 2 "takes no configuration: leave it out" cam-train predict --model tiny --config c.yaml
    refused 2 "takes no configuration: leave it out" cam-train predict --model tiny c.yaml
}

@test "a text among the words of predict and tokenize: the command that the message gives works" {
    for words in "\"l'appel, non reçu\"" "l\'appel, non reçu" "--text \"l'appel, non reçu\""; do
        refused 2 "printf '%s\n' 'l'\\''appel, non reçu' | cam-train tokenize --model tiny --format pieces" \
            eval "cam-train tokenize --model tiny $words --format pieces"
    done
    succeeds eval "${stderr##*standard input: }"
    answers "' appel , ▁non ▁reçu"
}

@test "the verb after other words" {
    refused 2 "the verb comes first: cam-train show --quiet --config 'my c.yaml'" \
        cam-train --quiet --config "my c.yaml" show
    cp c.yaml "my c.yaml"
    succeeds eval "${stderr##*comes first: }"
    answers "learning_rate: 5e-3"
}

@test "words for verbs, of other programs and in French" {
    for pair in fit=train fine-tune=train entraîner=train vérifier=check afficher=show evaluate=eval évaluer=eval \
        tester=eval prédire=predict predire=predict classify=predict Predict=predict chekc=check; do
        refused 2 "did you mean \"${pair#*=}\"?" cam-train "${pair%=*}" --model tiny
    done
    refused 2 "cam-train fetch camembert-base" cam-train download camembert-base
    refused 2 "cam-train init --data data.csv > my.yaml" cam-train data.csv
    succeeds eval "${stderr##*this file: } 2>&1"
    refused 2 "cam-train predict --model tiny" cam-train tiny
    refused 2 'unknown verb "foo"; cam-train --help lists them' cam-train foo
}

@test "words for choices, said once where they differ" {
    run --separate-stderr cam-train predict --model tiny --encoding Latin-1 --delimiter Point-Virgule --input_format JSON
    [ "$status" -eq 4 ] || complain "words that are understood"
    [ "$(grep -c "Latin-1 is read as windows-1252" <<<"$stderr")" -eq 1 ] || complain "once"
    refused 2 'did you mean "jsonl"?' cam-train predict --model tiny --format jsnl
}

@test "~ is the home folder in every path" {
    export HOME=$PWD/home
    mkdir home && mv tiny data.csv c.yaml home
    succeeds cam-train check --config=~/c.yaml train_file="~/data.csv" model_name_or_path="~/tiny"
    succeeds cam-train --quiet "~/c.yaml" "--config=~/c.yaml" train_file="~/data.csv" model_name_or_path="~/tiny" \
        output_dir="~/runs/a" num_train_epochs=1
    [ -f home/runs/a/run.yaml ] && [ ! -e "~" ] || complain "the folder"
    succeeds cam-train predict "--model=~/runs/a" "--input=~/data.csv" "--output=~/out.tsv"
    [ -s home/out.tsv ] && [ ! -e "~" ] || complain "the file"
    succeeds cam-train eval "--model=~/runs/a/config.json" "--data=~/data.csv"
    succeeds cam-train init "--data=~/data.csv"
    answers "$HOME/data.csv"
    refused 2 "~ is your own home folder only" cam-train predict --model "~paul/model"
    refused 2 "~ is your own home folder only" cam-train check "--config=~/c.yaml" output_dir="~paul/runs"
    refused 2 "variables of the shell are not expanded" cam-train check "--config=~/c.yaml" 'output_dir=$HOME/runs'
    refused 3 "variables of the shell are not expanded" cam-train check "--config=~/c.yaml" 'train_file=$HOME/data.csv' \
        model_name_or_path="~/tiny"
}

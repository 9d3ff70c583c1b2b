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
    for name in $(grep -rhoE '(getenv|environment)\("[A-Z_]+"' "$repository/src" "$repository/kernels" | cut -d '"' -f 2 | sort -u); do
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
}

@test "a file without --config before it" { refused 2 "after --config" cam-train train c.yaml; }

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
    refused 2 '"--device" takes "auto", "cpu" or "cuda"' cam-train eval --model tiny --data data.csv --device gpu
    refused 2 '"--encoding" takes' cam-train predict --model tiny --encoding latin-1
    refused 2 '"--delimiter" takes "auto", ";", ",", "tab" or "|"' cam-train predict --model tiny --delimiter x
    refused 2 '"--input-format" takes' cam-train predict --model tiny --input-format xlsx
    refused 2 '"--top-k" takes' cam-train predict --model tiny --format jsonl --top-k 0
    refused 2 '"--threshold" takes' cam-train predict --model tiny --threshold 1.5
}

@test "results to a full disk are exit 8" {
    for command in "--help" "--version" "show --config c.yaml" "check --config c.yaml" "init"; do
        run --separate-stderr bash -c '"$0" $1 >/dev/full' "$program" "$command"
        [ "$status" -eq 8 ] || complain "$command"
    done
}

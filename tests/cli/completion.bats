# docs/cam-train.bash, the completion for bash, called with the variables that bash sets.
load common
setup() { in_own_folder; }

# completes WORD...: the completions of the last word, one a line.
completes() {
    run --separate-stderr bash -uc 'source "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) &&
        _cam_train && for word in "${COMPREPLY[@]}"; do echo "$word"; done' bash "$repository/docs/cam-train.bash" "$@"
    [ "$status" -eq 0 ] && [ -z "$stderr" ] || complain "completion of: $*"
}

# offers WORDS: exactly these, one blank between them.
offers() { [ "${output//$'\n'/ }" = "$1" ] || complain "expected: $1"; }

@test "the first word completes to verbs" {
    completes cam-train t
    offers "train tokenize tune"
    completes cam-train ""
    for verb in $(cam-train --help | sed -n 's/^  cam-train \([a-z]*\).*/\1/p'); do answers "$verb"; done
}

@test "the options of every verb are those of its help" {
    for verb in $(cam-train --help | sed -n 's/^  cam-train \([a-z]*\).*/\1/p'); do
        completes cam-train "$verb" --
        offers "$(cam-train "$verb" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | paste -sd ' ')"
    done
    completes cam-train --dr # train is the default verb
    offers "--dry-run"
}

@test "values of an option, after a blank and after =" {
    completes cam-train predict --format ""
    offers "tsv jsonl csv"
    completes cam-train tokenize --format i
    offers "ids"
    completes cam-train eval --device = c
    offers "cpu cuda"
    completes cam-train eval --device =
    offers "auto cpu cuda"
    completes cam-train eval --device=cu # where "=" breaks no words
    offers "--device=cuda"
    completes cam-train eval --delimiter ""
    offers 'auto \; , tab \|'
    completes cam-train predict --top-k ""
    offers ""
}

@test "files and folders, for options that take them" {
    mkdir "a folder"
    completes cam-train --config c
    offers "c.yaml"
    completes cam-train predict --model ""
    [ "$(LC_ALL=C sort <<<"$output")" = $'a folder\ntiny' ] || complain "the folders"
    completes cam-train predict --quiet d
    offers ""
}

@test "keys and their values, where a verb takes them" {
    completes cam-train train learning
    offers "learning_rate="
    completes cam-train --config c.yaml hardware.device = ""
    offers "auto cpu cuda"
    completes cam-train check --config c.yaml stratify=t
    offers "stratify=true"
    completes cam-train show freeze =
    offers "none embeddings encoder"
    completes cam-train train train_file = dat
    offers "data.csv"
    completes cam-train train "~split_se"
    offers "~split_seed"
    completes cam-train eval learning
    offers ""
    completes cam-train tune ""
    [ "$(wc -l <<<"$output")" -eq "$(cam-train init --all | grep -c '^  [a-z]')" ] || complain "every key"
}

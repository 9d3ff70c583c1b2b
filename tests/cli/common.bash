# common.bash: the functions of all these tests. A test runs in a folder of its own, with the executable as `cam-train`,
# a model folder ./tiny (one layer of 32, no weights) and ./data.csv (60 rows, three labels).
bats_require_minimum_version 1.5.0
repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
program=${CAM_TRAIN:-$repository/build/cam-train}
unset NO_COLOR HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE XDG_CACHE_HOME HF_TOKEN HF_TOKEN_PATH HUGGING_FACE_HUB_TOKEN
unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE HF_HUB_DISABLE_IMPLICIT_TOKEN http_proxy all_proxy
export HF_ENDPOINT=http://127.0.0.1:9 # nobody answers there: no test asks the real Hub
export OMP_WAIT_POLICY=passive
unset LC_ALL LC_CTYPE LC_MESSAGES LANGUAGE
export LANG=C.UTF-8 # lines are measured in characters, and no language of the machine is spoken

cam-train() { "$program" "$@"; }

# make_tiny FOLDER [JQ EDIT]: makes a model folder without weights.
make_tiny() {
    local source=$repository/examples/untrained-model small='.hidden_size = 32 | .intermediate_size = 64
        | .num_hidden_layers = 1 | .num_attention_heads = 2 | .max_position_embeddings = 66'
    mkdir -p "$1"
    cp "$source/sentencepiece.bpe.model" "$source/tokenizer.json" "$source/tokenizer_config.json" "$1"
    jq "$small ${2:+| $2}" "$source/config.json" >"$1/config.json"
}

make_data() {
    echo text,label
    for i in $(seq 20); do
        printf 'où est le colis numéro %d,suivi\nrendez-moi mes %d euros,remboursement\n"mot de passe perdu, essai %d",accès\n' \
            "$i" "$i" "$i"
    done
}

# The configuration that most tests vary by KEY=VALUE.
make_config() {
    printf '%s\n' 'model:' '  model_name_or_path: ./tiny' '  init: random' 'data:' '  train_file: data.csv' \
        'training:' '  output_dir: out' '  learning_rate: 5e-3' '  per_device_train_batch_size: 8'
}

# Makes all of them in the current folder.
make_all() {
    make_tiny tiny
    make_data >data.csv
    make_config >c.yaml
}

in_own_folder() { cd "$BATS_TEST_TMPDIR" && make_all; }

# A model trained once for all tests of a file: $BATS_FILE_TMPDIR/out.
train_once() {
    cd "$BATS_FILE_TMPDIR" && make_all && cam-train --quiet --config c.yaml num_train_epochs=4 2>train.err || {
        cat train.err >&2
        return 1
    }
}

complain() {
    echo "$1"
    echo "status: $status"
    echo "stdout: $output"
    echo "stderr: ${stderr:-}"
    return 1
}

# A file may keep what all commands of its tests say.
keep() { :; }

# succeeds COMMAND...: exit 0; sets $output and $stderr.
succeeds() {
    run --separate-stderr "$@"
    keep
    [ "$status" -eq 0 ] || complain "expected exit 0: $*"
}

# refused CODE MESSAGE COMMAND...: exit CODE, nothing on standard output but the picture that `check` prints, one error,
# and it holds MESSAGE.
refused() {
    local code=$1 message=$2
    shift 2
    run --separate-stderr "$@"
    keep
    [ "$status" -eq "$code" ] || complain "expected exit $code: $*"
    [[ -z "$output" || "$output" == "file     "* ]] || complain "standard output is not empty"
    [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ] || complain "expected one error"
    [[ "$(grep '^error: ' <<<"$stderr")" == *"$message"* ]] || complain "expected: $message"
}

# says TEXT: on standard error of the last command. answers TEXT: on its standard output, where
# lines may be broken between words.
says() { [[ "$stderr" == *"$1"* ]] || complain "expected on standard error: $1"; }
answers() { [[ "$output" == *"$1"* || "$(tr -s '\n ' '  ' <<<"$output")" == *"$1"* ]] || complain "expected on standard output: $1"; }

# --- what a message proposes is pasted

# What the last command wrote, without breaks between words.
said() { tr -s '\n ' '  ' <<<"$output ${stderr:-}"; }

# What a shell takes for one word, and settings of the two kinds of verbs; extended expressions.
word="('[^']*'|\\\\'|[^] ;,()'\"?])+"
settings="[a-z0-9_]+=$word( [a-z0-9_]+=$word)*"
option="--[a-z-]+ $word"

# cures MESSAGE PATTERN COMMAND...: the command says MESSAGE; the first text after it that matches PATTERN, pasted into a shell
# behind the command, lets it succeed, and the message is gone. With an empty MESSAGE the command fails.
cures() {
    local message=$1 pattern=$2 text setting
    shift 2
    run --separate-stderr "$@"
    keep
    text=$(said)
    [[ "$text" == *"$message"* ]] || complain "expected: $message"
    [[ "$message" || "$status" -ne 0 ]] || complain "expected a failure: $*"
    setting=$(grep -oE -e "$pattern" <<<"${text#*"$message"}" | head -n 1)
    [ -n "$setting" ] || complain "nothing to paste after: $message"
    eval "set -- \"\$@\" $setting"
    succeeds "$@"
    [[ ! "$message" || "$(said)" != *"$message"* ]] || complain "did not cure: $setting"
}

# corrects MESSAGE OLD COMMAND...: the command fails with MESSAGE, and succeeds with the word that follows it, in quotes or not,
# in place of OLD.
corrects() {
    local message=$1 old=$2 text new
    shift 2
    run --separate-stderr "$@"
    keep
    text=$(said)
    [[ "$status" -ne 0 && "$text" == *"$message"* ]] || complain "expected: $message"
    new=$(sed -E 's/^ *"([^"]*)".*/\1/; t; s/^ *([^ ,;?]*).*/\1/' <<<"${text#*"$message"}")
    [ -n "$new" ] || complain "no word after: $message"
    set -- "${@/$old/$new}"
    succeeds "$@"
}

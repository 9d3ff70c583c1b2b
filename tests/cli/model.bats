# The model of a run: where it is looked up, and which models are refused.
load common
setup() { in_own_folder; }

pretrained() { cam-train check --config c.yaml model_name_or_path=./m init=pretrained; }

broken_model() { cp -r "$BATS_FILE_TMPDIR/out" m; }
setup_file() { train_once; }

@test "a Hub id that is not in the cache, offline: exit 5 with the command, nothing is written" {
    export HF_HOME=$PWD/cache HF_HUB_OFFLINE=1
    refused 5 "hf download camembert-base" cam-train check --config c.yaml \
        model_name_or_path=camembert-base init=pretrained
    [ ! -e cache ]
}

@test "a Hub id that is in the cache is used" {
    export HF_HOME=$PWD/cache
    commit=0123456789abcdef0123456789abcdef01234567
    mkdir -p cache/hub/models--almanach--camembert-base/{refs,snapshots}
    cp -r "$BATS_FILE_TMPDIR/out" cache/hub/models--almanach--camembert-base/snapshots/$commit
    printf %s $commit >cache/hub/models--almanach--camembert-base/refs/main
    find cache | sort >before
    succeeds cam-train check --config c.yaml model_name_or_path=camembert-base init=pretrained
    find cache | sort | diff before -
}

@test "a name that begins like a path is a path, and a Hub id cannot leave the cache" {
    refused 4 "/none" cam-train check --config c.yaml model_name_or_path=./none init=pretrained
    run --separate-stderr cam-train check --config c.yaml model_name_or_path=../../x init=pretrained
    [ "$status" -eq 4 ] || complain "../../x"
    refused 2 "x/../../y" cam-train check --config c.yaml model_name_or_path=x/../../y init=pretrained
}

@test "a folder without weights" {
    refused 4 model.safetensors cam-train check --config c.yaml init=pretrained
}

@test "a Git LFS pointer and an HTML page in the place of weights" {
    broken_model
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 445000000\n' 0 >m/model.safetensors
    refused 4 LFS pretrained
    printf '<!DOCTYPE html>\n<html><body>Not found</body></html>\n' >m/model.safetensors
    refused 4 "web page" pretrained
    cp "$BATS_FILE_TMPDIR/out/model.safetensors" m/
    printf '<!DOCTYPE html>\n' >m/config.json
    refused 4 config.json pretrained
}

@test "truncated weights, at any length" {
    broken_model
    size=$(stat -c %s m/model.safetensors)
    for length in 0 1 7 8 9 100 $(seq 4096 4096 $((size - 1))) $((size - 1)); do
        head -c "$length" "$BATS_FILE_TMPDIR/out/model.safetensors" >m/model.safetensors
        refused 4 model.safetensors pretrained
    done
}

# edit_header JQ: the safetensors header of m, edited; the data as it was.
edit_header() {
    local file=m/model.safetensors length
    length=$(od -An -tu8 -N8 $file | tr -d ' ')
    head -c $((8 + length)) $file | tail -c "$length" | jq -c "$1" | tr -d '\n' >header
    tail -c +$((9 + length)) $file >rest
    length=$(stat -c %s header)
    { for shift in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %x $(((length >> shift) & 255)))"; done; cat header rest; } >$file
}

@test "a missing, surplus or transposed tensor, or one of another type, is named, and nothing is written" {
    train_on_m() { cam-train --config c.yaml model_name_or_path=./m init=pretrained; }
    broken_model
    edit_header 'with_entries(if .key == "classifier.dense.weight" then .key = "classifier.dance.weight" else . end)'
    run --separate-stderr train_on_m
    [ "$status" -eq 4 ] || complain "missing and surplus"
    says 'm/model.safetensors: tensor "classifier.dense.weight" is missing'
    says 'm/model.safetensors: tensor "classifier.dance.weight" has no place'
    rm -r m && broken_model
    edit_header '."roberta.embeddings.position_embeddings.weight".shape |= reverse'
    refused 4 roberta.embeddings.position_embeddings.weight train_on_m
    refused 4 roberta.embeddings.position_embeddings.weight cam-train check --config c.yaml model_name_or_path=./m init=pretrained
    rm -r m && broken_model
    edit_header '."classifier.out_proj.bias".dtype = "I32"'
    refused 4 classifier.out_proj.bias train_on_m
    [ ! -e out ]
}

@test "NaN among the weights: the tensor is named, before any training" {
    broken_model
    size=$(stat -c %s m/model.safetensors)
    printf '\x00\x00\xc0\x7f' | dd of=m/model.safetensors bs=1 seek=$((size - 4)) conv=notrunc status=none
    run --separate-stderr cam-train --config c.yaml model_name_or_path=./m init=pretrained
    [ "$status" -eq 4 ] || complain "NaN"
    [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ]
    [[ "$stderr" =~ (classifier|roberta)\.[a-z_.0-9]*(weight|bias) ]] || complain "the tensor's name"
    [ ! -e out/model.safetensors ]
}

@test "a pickle is never executed" {
    broken_model
    rm m/model.safetensors
    printf '\x80\x02cposix\nsystem\n(S"touch pwned"\ntR.' >m/pytorch_model.bin
    run --separate-stderr pretrained
    [ "$status" -eq 4 ] || complain "pickle"
    [ ! -e pwned ]
}

# Such a file is named and never opened: its size and form do not matter.
@test "pickles of every hostile form: exit 4 in under a second, nothing runs, and no memory is taken" {
    command -v python3 >/dev/null || skip "no python3: nothing of pickles was tried"
    broken_model
    rm m/model.safetensors
    python3 - <<'PYTHON'
import io, os, pickle, struct, zipfile
class Command:
    def __reduce__(self):
        return os.system, ("touch pwned",)
def write(name, data):
    os.makedirs("hostile", exist_ok=True)
    with open("hostile/" + name, "wb") as f:
        f.write(data)
def archive(entries, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as z:
        for name, data in entries:
            z.writestr(name, data)
    return buffer.getvalue()
command = pickle.dumps(Command(), protocol=2)
write("command", command)
write("archive", archive([("archive/data.pkl", command)]))
write("memo", b"\x80\x02" + b"".join(b"Nr" + struct.pack("<I", i) for i in range(0, 2**32, 2**16)) + b".")
write("recursion", b"\x80\x02" + b"(" * 1000000 + b"t" * 1000000 + b".")
write("bomb", archive([("archive/data.pkl", b"\0" * 200000000)], zipfile.ZIP_DEFLATED))
write("dots", archive([("../../pwned", b"x"), ("/tmp/pwned", b"x")]))
write("length", b"\x80\x04\x8e" + b"\xff" * 8)
PYTHON
    for form in hostile/*; do
        cp "$form" m/pytorch_model.bin
        for verb in "check --config c.yaml model_name_or_path=./m init=pretrained" "predict --model ./m --input data.csv"; do
            begin=$(date +%s%3N)
            # shellcheck disable=SC2086 # words; the sanitizers map terabytes
            if grep -q __asan_init "$program"; then run --separate-stderr cam-train $verb; else
                run --separate-stderr bash -c 'ulimit -v 400000 && exec "$0" "$@"' "$program" $verb; fi
            [ "$status" -eq 4 ] || complain "$form: $verb"
            [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ] && says pytorch_model.bin
            [ $(($(date +%s%3N) - begin)) -lt 1000 ] || grep -q __asan_init "$program" || complain "late"
        done
    done
    [ -z "$(find . /tmp -maxdepth 1 -name pwned)" ] && [ ! -e ../pwned ] || complain "code ran"
}

# hostile_header JSON [DATA BYTES]: m's weights are a safetensors file of this header.
hostile_header() {
    local length=${#1} shift
    { for shift in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %02x $(((length >> shift) & 255)))"; done
        printf %s "$1" && head -c "${2:-0}" /dev/zero; } >m/model.safetensors
}

# unit_safetensors has every rule of the reference; here the program meets some of each kind.
@test "safetensors that break a rule: exit 4 with the rule" {
    broken_model
    local two='{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":'
    while IFS='|' read -r rule bytes header; do
        hostile_header "$header" "$bytes"
        refused 4 "m/model.safetensors\": " pretrained
        says "$rule"
    done <<ROWS
overlap at byte 4|12|$two[4,8]}}
holes are not allowed|16|$two[12,16]}}
it is cut short|8|$two[8,12]}}
bytes follow the last tensor|20|$two[8,12]}}
its dtype and shape need 12|8|{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}
a shape is made of whole numbers|8|{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}
the product of its shape overflows|8|{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}
a dtype that safetensors does not know|8|{"a":{"dtype":"X32","shape":[2],"data_offsets":[0,8]}}
before it begins at 8|8|{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}
holds a key twice|8|{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
its JSON is broken at byte 19|8|{"a":{"dtype":"F32"
may hold strings only|0|{"__metadata__":{"a":1}}
ROWS
}

@test "a folder without a tokenizer, a config.json of an unsupported model" {
    broken_model
    rm m/tokenizer.json m/sentencepiece.bpe.model
    refused 4 tokenizer pretrained
    rm -r m && broken_model
    jq '.model_type = "bert"' "$BATS_FILE_TMPDIR/out/config.json" >m/config.json
    refused 4 'm/config.json: model_type "bert" (BERT) is not supported; supported: camembert, xlm-roberta, roberta' \
        pretrained
    refused 4 'model_type "bert" (BERT) is not supported' cam-train tokenize --model ./m --input /dev/null
    jq '.problem_type = "ranking"' "$BATS_FILE_TMPDIR/out/config.json" >m/config.json
    refused 4 ranking pretrained
    jq '.hidden_size = -1' "$BATS_FILE_TMPDIR/out/config.json" >m/config.json
    refused 4 hidden_size pretrained
}

@test "an XLM-RoBERTa folder with only SentencePiece's file has XLM-RoBERTa's ids, and so has the trained model" {
    broken_model
    rm m/tokenizer.json m/tokenizer_config.json m/special_tokens_map.json
    jq '.model_type = "xlm-roberta" | .bos_token_id = 0 | .eos_token_id = 2' "$BATS_FILE_TMPDIR/out/config.json" \
        >m/config.json
    succeeds cam-train --quiet --config c.yaml model_name_or_path=./m init=pretrained output_dir=x max_steps=2
    echo "J'aime le camembert !" >texts
    for folder in m x; do
        succeeds cam-train tokenize --model ./$folder --input texts --format ids
        answers "0 107 32 652 11 42 277 902 956 18 27 2"
    done
    [ "$(jq -c '[.model_type, .architectures]' x/config.json)" = '["xlm-roberta",["XLMRobertaForSequenceClassification"]]' ]
    [ "$(jq -r .tokenizer_class x/tokenizer_config.json)" = XLMRobertaTokenizer ]
}

@test "more frozen layers than there are" { refused 2 "first:9" cam-train check --config c.yaml freeze=first:9; }

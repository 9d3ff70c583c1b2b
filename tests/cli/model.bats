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
    for length in 0 1 7 8 9 100 4096 $((size / 2)) $((size - 1)); do
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

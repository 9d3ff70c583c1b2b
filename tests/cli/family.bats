#!/usr/bin/env bats
# family.bats: models of the family and of other tasks, as folders are found in the world.
load common

setup_file() { train_once; }
setup() { in_own_folder; }

# A trained classifier over the data's labels, to be damaged or renamed: ./m.
trained() { cp -r "$BATS_FILE_TMPDIR/out" m && rm -rf m/checkpoint-* m/*.jsonl m/run.yaml; }
edit() { jq "$1" "$BATS_FILE_TMPDIR/out/config.json" >m/config.json; }
trains() {
    succeeds cam-train --config c.yaml model_name_or_path=./m init=pretrained output_dir=o overwrite_output_dir=true \
        max_steps=2 "$@"
}

# rename PYTHON-LIKE SED: renames tensors of m/model.safetensors; names keep their order of offsets.
rename_tensors() {
    python3 - "$1" "$2" <<'PY'
import json, re, struct, sys
data = open("m/model.safetensors", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = {re.sub(sys.argv[1], sys.argv[2], name): entry for name, entry in json.loads(data[8:8 + size]).items()}
text = json.dumps(header).encode()
open("m/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
PY
}

@test "type_vocab_size 2: row 0 is used, both rows are saved" {
    make_tiny m '.type_vocab_size = 2'
    succeeds cam-train --config c.yaml model_name_or_path=./m output_dir=o max_steps=2
    [ "$(jq .type_vocab_size o/config.json)" = 2 ]
    grep -qa '"roberta.embeddings.token_type_embeddings.weight":{"dtype":"F32","shape":\[2,32\]' o/model.safetensors
    cp -r o m2
    succeeds cam-train --config c.yaml model_name_or_path=./m2 init=pretrained output_dir=p max_steps=2
    succeeds cam-train predict --model p --input /dev/null
}

@test "another task's folder is a start, and refused by predict and eval" {
    trained
    edit '.problem_type = "multi_label_classification"'
    trains
    says '"./m" is a multi-label classifier: its encoder is used, its head is left aside'
    refused 4 '"m" is a multi-label classifier, which gives no single label' cam-train predict --model m --input data.csv
    refused 4 '"m" is a multi-label classifier' cam-train eval --model m --data data.csv
    edit '.id2label = {"0": "LABEL_0"} | .label2id = {"LABEL_0": 0}  | del(.problem_type)'
    refused 4 '"m" is a regression model' cam-train predict --model m --input data.csv
    edit '.architectures = ["CamembertForTokenClassification"]'
    rename_tensors 'classifier\.out_proj' classifier
    rename_tensors 'classifier\.dense\.(weight|bias)' 'lm_head.\1'
    trains
    says '"./m" is a token classifier: its encoder is used'
    edit '.architectures = ["CamembertForQuestionAnswering"]'
    rename_tensors '^classifier\.' qa_outputs.
    trains
    says '"./m" is a model that answers questions'
    refused 4 'a model that answers questions' cam-train predict --model m --input data.csv
}

@test "a regression folder is a start, its head of one row included" {
    trained
    edit '.problem_type = "regression"'
    trains
    says '"./m" is a regression model: its encoder is used, its head is left aside'
    says 'head     fresh'
}

@test "names under the wrappers of DataParallel, torch.compile and Lightning" {
    succeeds cam-train predict --model "$BATS_FILE_TMPDIR/out" --input data.csv
    local expected=$output
    for wrapper in module. _orig_mod. _orig_mod.module. model.; do
        rm -rf m && trained
        rename_tensors '^(?!__)' "$wrapper"
        succeeds cam-train predict --model m --input data.csv --text-column text
        [ "$output" = "$expected" ] || complain "other scores under $wrapper"
    done
}

@test "labels that are numbers are texts, as transformers 4 and 5 read them" {
    trained
    edit '.id2label = {"0": 0, "1": 1, "2": 2} | .label2id = {"0": 0, "1": 1, "2": 2}'
    succeeds cam-train predict --model m --input data.csv --text-column text --format jsonl
    [ "$(jq -r .label <<<"$output" | sort -u | tr -d '012\n')" = "" ]
}

@test "an adapter, a pickle and a folder for ONNX are named" {
    mkdir m onnx onnx/onnx pickle
    echo '{}' >m/adapter_config.json
    refused 4 'an adapter, which is no model without its base: merge them first' \
        cam-train check --config c.yaml init=pretrained model_name_or_path=./m
    refused 4 'merge them first' cam-train predict --model ./m --input data.csv
    cp tiny/config.json onnx
    touch onnx/onnx/model.onnx
    refused 4 'only "onnx/model.onnx": a model for ONNX, which cannot be trained' \
        cam-train check --config c.yaml init=pretrained model_name_or_path=./onnx
    cp tiny/config.json pickle
    touch pickle/tf_model.h5
    refused 4 "TensorFlow's weights" cam-train check --config c.yaml init=pretrained model_name_or_path=./pickle
}

@test "camembert-base is one model under three names" {
    local hub=$PWD/hub commit=0123456789abcdef0123456789abcdef01234567
    mkdir -p "$hub/models--almanach--camembert-base/refs" "$hub/models--almanach--camembert-base/snapshots"
    printf %s $commit >"$hub/models--almanach--camembert-base/refs/main"
    cp -r tiny "$hub/models--almanach--camembert-base/snapshots/$commit"
    export HF_HUB_CACHE=$hub
    for name in camembert-base almanach/camembert-base camembert/camembert-base; do
        succeeds cam-train check --config c.yaml "model_name_or_path=$name"
    done
    refused 5 'hf download other/camembert-base' cam-train check --config c.yaml model_name_or_path=other/camembert-base
    mv "$hub/models--almanach--camembert-base" "$hub/models--camembert--camembert-base"
    succeeds cam-train check --config c.yaml model_name_or_path=almanach/camembert-base
}

@test "camembertv2's shape: WordPiece, pad 0, positions from 1, eps 1e-7; what is written says PreTrainedTokenizerFast" {
    make_tiny m '.model_type = "roberta" | .architectures = ["RobertaForMaskedLM"] | .vocab_size = 1500
        | .pad_token_id = 0 | .bos_token_id = 1 | .eos_token_id = 2 | .layer_norm_eps = 1e-7
        | .max_position_embeddings = 1025'
    rm m/sentencepiece.bpe.model
    cp "$repository/tests/unit/data/tokenizer_wordpiece.json" m/tokenizer.json
    echo '{"tokenizer_class": "RobertaTokenizer", "model_max_length": 1000000000000000019884624838656}' \
        >m/tokenizer_config.json
    for ((i = 0; i < 1200; i++)); do printf 'mot '; done >long
    { cat data.csv; printf '"%s",suivi\n' "$(cat long)"; } >long.csv
    succeeds cam-train --config c.yaml model_name_or_path=./m output_dir=o max_steps=2 max_seq_length=2000 \
        train_file=long.csv validation_split=0.1
    [ "$(jq -c '[.tokenizer_class, .model_max_length]' o/tokenizer_config.json)" = '["PreTrainedTokenizerFast",1024]' ]
    echo "l'été [MASK] 😊" >texts
    succeeds cam-train tokenize --model o --input texts --format pieces
    answers "[CLS] l ' été [MASK] [UNK] [SEP]"
    succeeds cam-train predict --model o --input texts
}

@test "8,194 positions: texts beyond 1,024 tokens on the CPU" {
    make_tiny m '.max_position_embeddings = 8194'
    { echo text,label; for label in a b; do for n in 1 2; do
        printf '"'; for ((i = 0; i < 700; i++)); do printf 'mot%d ' "$n"; done; printf '",%s\n' "$label"
    done; done; } >long.csv
    succeeds cam-train --config c.yaml model_name_or_path=./m output_dir=o max_steps=1 warmup_ratio=0 max_seq_length=8192 \
        train_file=long.csv per_device_train_batch_size=2 validation_split=0.34
    says "longest 1,402"
    refused 2 max_seq_length cam-train check --config c.yaml max_seq_length=8193
}

@test "a tokenizer that is not the model's own is refused" {
    make_tiny m '.vocab_size = 9000'
    refused 4 'the tokenizer of "./m" has 4005 pieces, the model 9000 rows of embeddings' \
        cam-train check --config c.yaml model_name_or_path=./m
    make_tiny m '.vocab_size = 4004'
    refused 4 'has 4005 pieces, the model only 4004 rows' cam-train tokenize --model m --input /dev/null
    make_tiny m '.vocab_size = 5000'
    succeeds cam-train check --config c.yaml model_name_or_path=./m
    says "warning: the tokenizer of \"./m\" has 4005 pieces, the model 5000 rows"
}

@test "added tokens are used, saved, and used again" {
    make_tiny m '.vocab_size = 4007'
    jq '.added_tokens += [{"id": 4005, "content": "[TEL]", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false}]' tiny/tokenizer.json >m/tokenizer.json
    echo '{"[TEL]": 4005, "[MAIL]": 4006}' >m/added_tokens.json
    echo 'le [TEL] [MAIL]' >texts
    succeeds cam-train --quiet --config c.yaml model_name_or_path=./m output_dir=o max_steps=2
    for folder in m o; do
        succeeds cam-train tokenize --model $folder --input texts --format ids
        answers '5 14 4005 4006 6'
    done
    make_tiny m '.vocab_size = 4006'
    refused 4 'the added token "[MAIL]" has the id 4006, but the model has 4006 rows' \
        cam-train check --config c.yaml model_name_or_path=./m
}

@test "truncation_side left keeps the end, also in what is saved" {
    make_tiny m
    jq '.truncation_side = "left"' tiny/tokenizer_config.json >m/tokenizer_config.json
    succeeds cam-train --quiet --config c.yaml model_name_or_path=./m output_dir=o num_train_epochs=4
    [ "$(jq -r .truncation_side o/tokenizer_config.json)" = left ]
    for ((i = 0; i < 300; i++)); do printf 'a '; done >front
    printf 'rendez-moi mes 3 euros\n%srendez-moi mes 3 euros\nrendez-moi mes 3 euros %s\n' "$(cat front)" "$(cat front)" >texts
    for side in left right; do
        jq ".truncation_side = \"$side\"" tiny/tokenizer_config.json >o/tokenizer_config.json
        succeeds cam-train predict --model o --input texts --format jsonl --top-k 3 --max-seq-length 9
        jq -c .score <<<"$output" >scores
        local same=$([ $side = left ] && echo 2 || echo 3)
        [ "$(sed -n 1p scores)" = "$(sed -n ${same}p scores)" ] || complain "truncated on the wrong side: $side"
    done
}

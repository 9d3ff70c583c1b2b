# export: a model folder again, with its weights in another dtype.
load common
setup_file() { train_once; }
setup() { cd "$BATS_FILE_TMPDIR" && rm -rf half again; }

@test "f16 and bf16 take half the bytes, and the scores stay" {
    cam-train predict --model out --input data.csv --format jsonl >before
    for dtype in f16 bf16; do
        succeeds cam-train export --model out --output half-$dtype --dtype $dtype
        says "wrote \"out\" as $dtype into \"half-$dtype\""
        [ $((2 * $(stat -c %s half-$dtype/model.safetensors))) -lt $(($(stat -c %s out/model.safetensors) * 103 / 100)) ] || complain "not half"
        jq -e '(.dtype // .torch_dtype) == "float32"' half-$dtype/config.json
        cam-train predict --model half-$dtype --input data.csv --format jsonl >after
        paste before after | jq -es '[range(0; length; 2) as $i | .[$i], .[$i + 1]] as $a | [range(0; $a | length; 2) as $i |
            $a[$i].label == $a[$i + 1].label and (($a[$i].score - $a[$i + 1].score) | fabs) < 0.02] | all' || complain "$dtype scores differ"
    done
}

@test "f32 is the same file, and what f16 has lost is not lost again" {
    succeeds cam-train export --model out --output again
    cmp again/model.safetensors out/model.safetensors
    cmp again/tokenizer.json out/tokenizer.json
    succeeds cam-train export --model out --output half --dtype f16
    succeeds cam-train export --model half --output twice --dtype f16
    cmp half/model.safetensors twice/model.safetensors
    succeeds cam-train --quiet --config c.yaml model_name_or_path=half init=pretrained max_steps=2 output_dir=further learning_rate=1e-5
}

@test "a folder that exists, one without a head, options that are missing" {
    mkdir half
    refused 2 '"half" exists already; name a folder that does not exist' cam-train export --model out --output half
    refused 2 "export needs --output DIR" cam-train export --model out
    refused 2 "export needs --model DIR" cam-train export --output again
    refused 2 '"f8"' cam-train export --model out --output again --dtype f8
    refused 5 "" cam-train export --model nowhere/at-all --output again
    [ ! -e again ] || complain "a folder was made"
}

@test "a value that is too large for f16: named, and bf16 takes it" {
    cp -r out large
    python3 - large/model.safetensors <<'PYTHON' || skip "python3 is not installed"
import json, struct, sys
with open(sys.argv[1], "r+b") as file:
    size = struct.unpack("<Q", file.read(8))[0]
    header = json.loads(file.read(size))
    file.seek(8 + size + header["classifier.dense.bias"]["data_offsets"][0])
    file.write(struct.pack("<f", 1e6))
PYTHON
    refused 4 'a value of "classifier.dense.bias" is too large for f16; use --dtype bf16' cam-train export --model large --output half --dtype f16
    [ ! -e half/config.json ] || complain "the folder is a model"
    succeeds cam-train export --model large --output again --dtype bf16
}

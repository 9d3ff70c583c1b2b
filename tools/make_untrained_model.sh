#!/bin/sh
# make_untrained_model.sh: makes both tokenizer files of examples/untrained-model, with the same bytes as in the tree.
#
#   tools/make_untrained_model.sh TEXT_DIR [OUTPUT_DIR]
#
# TEXT_DIR has the .txt files of Mozilla Common Voice's French sentences (CC0), one sentence a line; they are read in
# the order of their names. The default of OUTPUT_DIR is examples/untrained-model. Needs spm_train of SentencePiece
# 0.1.97 and python3 (standard library only). One thread, so that the order of sums is fixed.
set -eu
export LC_ALL=C

texts=${1:?"usage: make_untrained_model.sh TEXT_DIR [OUTPUT_DIR]"}
output=${2:-examples/untrained-model}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"
output=$(cd "$output" && pwd)
cat "$texts"/*.txt > "$work/sentences.txt"

# Trained inside the folder, because the model file stores the names of its input files.
cd "$work"
spm_train --input=sentences.txt --model_prefix=quickstart --model_type=unigram --vocab_size=4000 \
    --character_coverage=0.9998 --normalization_rule_name=nmt_nfkc --unk_id=0 --bos_id=1 --eos_id=2 --pad_id=-1 \
    --num_threads=1 --minloglevel=1
cp quickstart.model "$output/sentencepiece.bpe.model"

# tokenizer.json: the same model in the format of huggingface/tokenizers, with CamemBERT's ids.
python3 - "$output" <<'PYTHON'
import base64, json, struct, sys

def fields(message):
    """(number, value) of a protobuf message: int for varints, bytes for the rest."""
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        key = varint()
        wire = key & 7
        if wire == 0:
            yield key >> 3, varint()
            continue
        length = varint() if wire == 2 else {1: 8, 5: 4}[wire]
        yield key >> 3, message[at:at + length]
        at += length

folder = sys.argv[1]
model = list(fields(open(folder + "/sentencepiece.bpe.model", "rb").read()))
pieces = [dict(fields(value)) for number, value in model if number == 1]
charsmap = dict(fields(next(value for number, value in model if number == 3)))[2]

vocab = [["<s>NOTUSED", 0.0], ["<pad>", 0.0], ["</s>NOTUSED", 0.0], ["<unk>", 0.0], ["<unk>NOTUSED", -100.0]]
vocab += [[piece[1].decode(), struct.unpack("<f", piece.get(2, bytes(4)))[0]] for piece in pieces[1:]]
vocab += [["<mask>", 0.0]]

def added(number):
    text = vocab[number][0]
    return {"id": number, "content": text, "single_word": False, "lstrip": text == "<mask>", "rstrip": False,
            "normalized": False, "special": True}

def special(text):
    return {"SpecialToken": {"id": text, "type_id": 0}}

def sequence(name):
    return {"Sequence": {"id": name, "type_id": 0}}

metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
tokenizer = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [added(number) for number in (0, 1, 2, 3, 4, 5, 6, len(vocab) - 1)],
    "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [special("<s>"), sequence("A"), special("</s>")],
        "pair": [special("<s>"), sequence("A"), special("</s>"), special("</s>"), sequence("B"), special("</s>")],
        "special_tokens": {text: {"id": text, "ids": [number], "tokens": [text]}
                           for text, number in (("<s>", 5), ("</s>", 6))}},
    "decoder": metaspace,
    "model": {"type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": False}}
with open(folder + "/tokenizer.json", "w", encoding="utf-8") as file:
    json.dump(tokenizer, file, ensure_ascii=False, indent=1)
    file.write("\n")
print(len(vocab), "ids")
PYTHON

#!/usr/bin/env python3
"""vocabulary.py: a model with the pieces of its vocabulary that a corpus uses most.

    cam-train tokenize --model MODEL --format ids --input CORPUS | vocabulary.py --model MODEL --pieces N --output DIR

Reads the ids of the corpus, a text a line, from standard input. DIR gets the model with N pieces: the special ones and
all single characters, then those that the corpus uses most, in their old order. The rows of the word embeddings are
those of the pieces that stay; with --positions P the first P position embeddings stay. All else is copied, in its dtype.
A text of such pieces alone has the same hidden states as before. For models with a tokenizer.json of the kind Unigram
(CamemBERT, XLM-R), whose weights are one model.safetensors. Standard library only.
"""
import argparse
import collections
import json
import os
import shutil
import struct
import sys


def count_ids(lines):
    counts = collections.Counter()
    for line in lines:
        counts.update(line.split())
    return {int(piece): number for piece, number in counts.items()}


def is_character(piece):
    return len(piece) == 1 or (len(piece) == 2 and piece[0] == "\u2581")


def choose(vocabulary, special, counts, pieces):
    """The ids that stay, ascending."""
    kept = set(special) | {i for i, (piece, _) in enumerate(vocabulary) if is_character(piece)}
    if len(kept) > pieces:
        sys.exit(f"vocabulary.py: the special pieces and single characters alone are {len(kept)}")
    others = sorted((i for i in range(len(vocabulary)) if i not in kept), key=lambda i: (-counts.get(i, 0), i))
    kept.update(others[: pieces - len(kept)])
    return sorted(kept)


def cut_tokenizer(tokenizer, kept):
    new_id = {old: new for new, old in enumerate(kept)}
    model = tokenizer["model"]
    model["vocab"] = [model["vocab"][i] for i in kept if i < len(model["vocab"])]
    model["unk_id"] = new_id[model["unk_id"]]
    for token in tokenizer["added_tokens"]:
        token["id"] = new_id[token["id"]]
    for token in ((tokenizer.get("post_processor") or {}).get("special_tokens") or {}).values():
        token["ids"] = [new_id[i] for i in token["ids"]]
    for pair in ("sep", "cls"):
        if pair in (tokenizer.get("post_processor") or {}):
            tokenizer["post_processor"][pair][1] = new_id[tokenizer["post_processor"][pair][1]]
    return new_id


def cut_weights(source, target, rows_of):
    """Copies a safetensors file; rows_of(name) gives the rows of a tensor that stay, or None for all."""
    with open(source, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        begin = file.tell()
        out, data = {}, bytearray()
        for name, tensor in header.items():
            if name == "__metadata__":
                out[name] = tensor
                continue
            first, last = tensor["data_offsets"]
            file.seek(begin + first)
            values, shape, rows = file.read(last - first), tensor["shape"], rows_of(name)
            if rows is not None:
                size = len(values) // shape[0]
                values = b"".join(values[i * size : (i + 1) * size] for i in rows)
                shape = [len(rows)] + shape[1:]
            out[name] = {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
            data += values
    text = json.dumps(out, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", required=True, metavar="DIR")
    arguments.add_argument("--pieces", required=True, type=int, metavar="N")
    arguments.add_argument("--positions", type=int, metavar="P")
    arguments.add_argument("--output", required=True, metavar="DIR")
    given = arguments.parse_args()
    with open(os.path.join(given.model, "tokenizer.json"), encoding="utf-8") as file:
        tokenizer = json.load(file)
    with open(os.path.join(given.model, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    if tokenizer["model"].get("type") not in (None, "Unigram") or not isinstance(tokenizer["model"]["vocab"], list):
        sys.exit("vocabulary.py: tokenizer.json is not of the kind Unigram")
    counts, old = count_ids(sys.stdin), len(tokenizer["model"]["vocab"])
    special = [token["id"] for token in tokenizer["added_tokens"]] + [tokenizer["model"]["unk_id"]]
    kept = choose(tokenizer["model"]["vocab"], special, counts, given.pieces)
    new_id = cut_tokenizer(tokenizer, kept)
    positions = None if given.positions is None else range(given.positions)
    os.makedirs(given.output, exist_ok=True)
    cut_weights(
        os.path.join(given.model, "model.safetensors"),
        os.path.join(given.output, "model.safetensors"),
        lambda name: kept if name.endswith("word_embeddings.weight") else positions if name.endswith("position_embeddings.weight") else None,
    )
    config["vocab_size"] = len(kept)
    config["max_position_embeddings"] = given.positions or config["max_position_embeddings"]
    for key in ("pad_token_id", "bos_token_id", "eos_token_id"):
        config[key] = new_id[config[key]]
    with open(os.path.join(given.output, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, ensure_ascii=False)
    with open(os.path.join(given.output, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
    shutil.copy(os.path.join(given.model, "tokenizer_config.json"), given.output)
    covered = sum(counts.get(i, 0) for i in kept) / max(1, sum(counts.values()))
    print(f"{len(kept)} of {old} pieces, {100 * covered:.2f} % of the corpus's tokens", file=sys.stderr)


if __name__ == "__main__":
    main()

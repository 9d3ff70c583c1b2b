#!/usr/bin/env python3
"""Writes tokenizer_quickstart.jsonl: texts and the ids that Hugging Face's tokenizers gives them.

    make_tokenizer_golden.py TEXT_DIR > tokenizer_quickstart.jsonl
    make_tokenizer_golden.py TEXT_DIR xlm-roberta > tokenizer_xlm_roberta.jsonl

Run in the repository's root with tokenizers 0.23.3. TEXT_DIR: Mozilla Common Voice's French sentences (CC0), of which
every 600th line is taken (every 3000th for the second file). The other texts are our own. The second file's tokenizer
has the same pieces, numbered as XLMRobertaConverter of transformers numbers them: <s>, <pad>, </s>, <unk>, the pieces
from SentencePiece's 3 on, <mask>.
"""
import glob
import json
import random
import sys

from tokenizers import Tokenizer

OWN = [
    "", " ", "   ", "\t", "\r\n", "\u00a0", "a", "à", "a  b", " a ", "a\tb\nc\rd", "\r\nx\r\n", "a\u00a0!", "a\u202f!", "a\u2028b",
    "a\u0085b", "a\u3000b", "a\u200bb", "▁", "a▁b", " ▁ a", "▁▁a", "....", "Ha.... non", "ffffffff", "!!!!!!!!!!", "hahahahaha",
    "1234567890", "12 500,75 €", "e\u0301te\u0301", "A\u030a", "e\u0301\u0323x", "ﬁn", "ﬁ\u0301n", "ﬃ", "…", "①②", "½ tasse",
    "Ａｂｃ", "ǆ", "İ", "\ufeffabc", "\u00adabc", "日本語", "日本語 日 本", "한국어", "각", "क्षि", "😊", "😊😊😊 😊",
    "👩\u200d👩\u200d👧", "\U0001d400", "\u0001\u0002a", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<s>NOTUSED", "</s>NOTUSED",
    "<unk>NOTUSED", "<s", "a<s>b", "<<mask>>", "x  <mask>  y", "Le <mask> est bon.", "<mask>", "<mask> <mask>", "<s> a </s>",
    "allume la lumière du salon", "mets le réveil à sept heures et demie", "J'aime le camembert !", "aujourd'hui",
    "«\u00a0Bonjour\u00a0», dit-il", "L’été", "https://exemple.fr/?q=a&b=c#d", "a" * 300, "été " * 100,
]


def odd(count):
    draw = random.Random(1)
    pool = list("abcdeé èà'.,!<>s/ \u00a0\u0301\u0323\u200d\t\n\r…ﬁ▁日😊👩①Ａ½\u0308\u3000한\u1100\u1161\ufe0f")
    pool += ["<s>", "</s>", "<mask>", "<unk>", "<pad>", "  "]
    return ["".join(draw.choice(pool) for _ in range(draw.randint(1, 14))) for _ in range(count)]


def xlm_roberta(source):
    """The tokenizer of the same SentencePiece model in an XLM-RoBERTa folder."""
    model = json.loads(source)
    pieces = model["model"]["vocab"][7:-1]
    front = ["<s>", "<pad>", "</s>", "<unk>"]
    model["model"]["vocab"] = [[text, 0.0] for text in front] + pieces + [["<mask>", 0.0]]
    model["model"]["unk_id"] = 3
    ids = {text: id for id, text in enumerate(front + [text for text, _ in pieces] + ["<mask>"])}
    model["added_tokens"] = [dict(token, id=ids[token["content"]]) for token in model["added_tokens"]
                             if token["content"] in front + ["<mask>"]]
    model["added_tokens"].sort(key=lambda token: token["id"])
    for text, token in model["post_processor"]["special_tokens"].items():
        token["ids"] = [ids[text]]
    return json.dumps(model)


def main():
    source = open("examples/quickstart-model/tokenizer.json", encoding="utf-8").read()
    other = sys.argv[2:] == ["xlm-roberta"]
    tokenizer = Tokenizer.from_str(xlm_roberta(source) if other else source)
    lines = [line.rstrip("\n") for name in sorted(glob.glob(sys.argv[1] + "/*.txt"))
             for line in open(name, encoding="utf-8", newline="\n")]
    for text in OWN + lines[::3000 if other else 600] + odd(100 if other else 200):
        print(json.dumps({"text": text, "ids": tokenizer.encode(text).ids}, separators=(",", ":")))


main()

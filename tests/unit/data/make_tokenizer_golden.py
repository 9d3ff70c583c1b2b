#!/usr/bin/env python3
"""Writes tokenizer_quickstart.jsonl: texts and the ids that Hugging Face's tokenizers gives them.

    make_tokenizer_golden.py TEXT_DIR > tokenizer_quickstart.jsonl
    make_tokenizer_golden.py TEXT_DIR xlm-roberta > tokenizer_xlm_roberta.jsonl
    make_tokenizer_golden.py TEXT_DIR pipelines > tokenizer_pipelines.jsonl     # also writes tokenizer_wordpiece.json

Run in the repository's root with tokenizers 0.23.3. TEXT_DIR: Mozilla Common Voice's French sentences (CC0), of which
every 600th line is taken (every 3000th for the second file). The other texts are our own. The second file's tokenizer
has the same pieces, numbered as XLMRobertaConverter of transformers numbers them: <s>, <pad>, </s>, <unk>, the pieces
from SentencePiece's 3 on, <mask>.

A line of the third file is a pipeline: parts that replace those of a tokenizer.json, and texts with their ids. The file
is that of the shipped model, or tokenizer_wordpiece.json, a small vocabulary trained here on those sentences.
"""
import glob
import json
import random
import pathlib
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

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


WORDPIECE = pathlib.Path(__file__).with_name("tokenizer_wordpiece.json")
UNIGRAM = pathlib.Path("examples/untrained-model/tokenizer.json")
FRENCH = [
    "l'été où j'ai vu l’île d'Œrœ", "C'EST ÇA ! À l'aube, c’était «\u00a0prêt\u00a0».", "ﬁn de l'eﬀet, 3½ ㎏ à 12,50\u202f€",
    "e\u0301te\u0301 E\u0301TE\u0301 c\u0327a", "le 14/07/1789 à 10h30, tél. 06 12 34 56 78", "bravo 👍🏽 👩\u200d👩\u200d👧 🇫🇷 😊!",
    "生活的真谛是 love 日本", "İstanbul ΣΑΣ straße ǅ", "[TEL] covid19 covid190 xcovid19 [MASK] [CLS]", "a" * 101 + " b", "x\x07y\x00z\ufffd\u200bw",
    "peut-être qu'aujourd'hui… (oui/non) 100% #tag @nom", "anticonstitutionnellement",
]


def special(token, id, **flags):
    return {"id": id, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True, **flags}


def template(before, behind):
    return {"type": "TemplateProcessing", "pair": [],
            "single": [{"SpecialToken": {"id": name, "type_id": 0}} for name in before]
            + [{"Sequence": {"id": "A", "type_id": 0}}] + [{"SpecialToken": {"id": name, "type_id": 0}} for name in behind],
            "special_tokens": {name: {"id": name, "ids": [SPECIALS.index(name)], "tokens": [name]} for name in before + behind}}


def sequence(kind, *members):
    name = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors"}[kind]
    return {kind: {"type": "Sequence", name: list(members)}}


def split(regex, behavior, invert=False):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


SPECIALS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
BERT = {"type": "BertPreTokenizer"}
SPACES = {"type": "WhitespaceSplit"}
MARKS = {"type": "Punctuation", "behavior": "Isolated"}


def bert(**flags):
    return {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True, **flags}}


def pipelines():
    """(file, parts) of each pipeline."""
    added = [special(token, id) for id, token in enumerate(SPECIALS[:4])] + [
        special("[MASK]", 4, lstrip=True), special("[TEL]", 1500, special=False, normalized=True, rstrip=True),
        special("covid19", 1501, special=False, normalized=True, single_word=True), special("ß", 1502, special=False)]
    form = [{"normalizer": {"type": name}} for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]]
    wordpiece = [
        {}, *({**parts, "pre_tokenizer": BERT} for parts in form), bert(), bert(lowercase=False), bert(clean_text=False),
        bert(lowercase=False, strip_accents=True), bert(handle_chinese_chars=False, strip_accents=False),
        {"pre_tokenizer": {"type": "Whitespace"}}, {"pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "/"}},
        sequence("pre_tokenizer", SPACES, split(r"[cdjlmnstCDJLMNST]['’]", "Isolated"), split(r"\d{1,2}", "Isolated"), MARKS),
        sequence("pre_tokenizer", split(r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "Removed", True), SPACES),
        sequence("pre_tokenizer", SPACES, split(r"(?<=\d)[^\W\d]|[.,](?=\d)", "MergedWithNext")),
        sequence("pre_tokenizer", SPACES, {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"}),
        sequence("pre_tokenizer", SPACES, {"type": "Digits", "individual_digits": False}, {"type": "Punctuation", "behavior": "MergedWithPrevious"}),
        {**sequence("normalizer", {"type": "Prepend", "prepend": "ab "}, {"type": "NFC"}), **sequence(
            "pre_tokenizer", SPACES, {"type": "Punctuation", "behavior": "MergedWithNext"})},
        {"added_tokens": added, **sequence("normalizer", {"type": "NFC"}, {"type": "Lowercase"})},
        {"post_processor": template(["[CLS]", "[MASK]"], ["[SEP]", "[SEP]"])},
        {"post_processor": {"type": "RobertaProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1], "trim_offsets": True, "add_prefix_space": False}},
        sequence("post_processor", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                 {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}),
    ]
    unigram = [
        {"pre_tokenizer": metaspace("first")}, {"pre_tokenizer": metaspace("never"), "normalizer": None},
        {"pre_tokenizer": metaspace("always", False)},
        {"pre_tokenizer": metaspace("always"), **sequence(
            "normalizer", {"type": "Replace", "pattern": {"Regex": r"\s{2,}|[\n\r\t]"}, "content": " "},
            {"type": "Strip", "strip_left": False, "strip_right": True})},
        sequence("pre_tokenizer", {"type": "Digits", "individual_digits": True}, metaspace("always"), MARKS),
    ]
    return [(WORDPIECE, parts) for parts in wordpiece] + [(UNIGRAM, parts) for parts in unigram]


def train_wordpiece(lines):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace("’", "'")])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(
        vocab_size=1500, special_tokens=SPECIALS, limit_alphabet=120, show_progress=False))
    file = json.loads(tokenizer.to_str())
    file["added_tokens"][4]["lstrip"] = True
    file["post_processor"] = template(["[CLS]"], ["[SEP]"])
    WORDPIECE.write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def put_pipelines(lines):
    train_wordpiece(lines)
    texts = OWN + FRENCH + lines[::12000] + odd(40)
    for file, parts in pipelines():
        tokenizer = Tokenizer.from_str(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **parts}))
        rows = [[text, tokenizer.encode(text).ids] for text in texts]
        print(json.dumps({"file": "wordpiece" if file == WORDPIECE else "unigram", "parts": parts, "rows": rows},
                         separators=(",", ":")))


def main():
    which = sys.argv[2] if len(sys.argv) > 2 else ""
    lines = [line.rstrip("\n") for name in sorted(glob.glob(sys.argv[1] + "/*.txt"))
             for line in open(name, encoding="utf-8", newline="\n")]
    if which == "pipelines":
        put_pipelines(lines)
        return
    source = UNIGRAM.read_text(encoding="utf-8")
    other = which == "xlm-roberta"
    tokenizer = Tokenizer.from_str(xlm_roberta(source) if other else source)
    for text in OWN + lines[::3000 if other else 600] + odd(100 if other else 200):
        print(json.dumps({"text": text, "ids": tokenizer.encode(text).ids}, separators=(",", ":")))


if __name__ == "__main__":
    main()

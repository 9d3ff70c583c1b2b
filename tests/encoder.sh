#!/bin/sh
# encoder.sh: no text of the example gets into the corpus of the shipped encoder, however it is written; and what is shipped is
# small, and names what it was made from.
set -u
cd "$(dirname "$0")/.." || exit 2
if ! command -v python3 >/dev/null; then
    echo "SKIP encoder: python3 is not installed"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/sources"
# texts of both files: as they are, in capitals without punctuation, and inside another sentence
python3 - "$work/sources/planted.txt" <<'PYTHON' || exit 1
import csv, re, sys
texts = []
for path, encoding, delimiter, column in (("examples/commandes/commandes.csv", "utf-8", ",", "text"),
                                          ("examples/commandes/demandes.csv", "cp1252", ";", "Message")):
    with open(path, encoding=encoding, newline="") as rows:
        texts += [" ".join(row[column].split()) for row in csv.DictReader(rows, delimiter=delimiter) if row[column].strip()]
with open(sys.argv[1], "w", encoding="utf-8") as out:
    for text in texts:
        print(text, file=out)
        print(re.sub(r"[^\w\s]", " ", text).upper(), file=out)
        if len(re.findall(r"\w+", text)) >= 8:
            print("Il m'a écrit ceci : « " + text + " » et rien de plus.", file=out)
    print("Une phrase qui n'est dans aucun exemple.", file=out)
    print("une phrase, qui n'est dans AUCUN exemple !", file=out)
PYTHON
python3 tools/encoder/corpus.py --held-back examples/commandes/commandes.csv examples/commandes/demandes.csv \
    --output "$work/corpus" "$work/sources" 2>"$work/log" || {
    cat "$work/log"
    exit 1
}
if [ "$(cat "$work/corpus/planted.txt")" != "Une phrase qui n'est dans aucun exemple." ]; then
    echo "these lines should not be in the corpus, or the last one is missing:"
    head -20 "$work/corpus/planted.txt"
    exit 1
fi
awk -F '\t' 'NR == 2 && ($3 != 1 || $5 != 1 || $2 != $3 + $4 + $5) { print "wrong counts: " $0; exit 1 }' "$work/corpus/corpus.tsv"
# what is shipped: its card, licence and sources beside it, and all of it in 25 MB
bytes=0
for name in README.md LICENSE SOURCES.md config.json model.safetensors tokenizer.json tokenizer_config.json; do
    size=$(wc -c <"examples/encoder-fr/$name") || exit 1
    bytes=$((bytes + size))
done
if [ "$bytes" -gt 25000000 ]; then
    echo "examples/encoder-fr takes $bytes bytes, more than 25,000,000"
    exit 1
fi
# every text that the recipe learns from has its licence there
for name in $(sed -n '/^learnt="/,/"$/p' tools/encoder/make.sh | tr -d '"' | sed 's/^learnt=//'); do
    grep -qx "## $name" examples/encoder-fr/SOURCES.md || {
        echo "examples/encoder-fr/SOURCES.md does not name $name"
        exit 1
    }
done

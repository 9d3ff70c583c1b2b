#!/usr/bin/env python3
"""corpus.py: the text that the shipped encoder is trained on, without what it is tried on.

    corpus.py --held-back FILE [FILE ...] --output DIR SOURCE [SOURCE ...]

SOURCE is a file of one text a line (.txt, .txt.xz) or a folder of such files, read in the order of their names. A FILE
that is held back has texts of the example or of an evaluation set (.csv, .tsv, .jsonl, or one text a line); a folder
stands for its tables, at any depth. Of the lines of the sources are left out

    held back   lines that equal such a text, or share eight words in a row with one
    repeated    lines that were there before

Two texts are equal if their words are: compared without case, accents' forms (NFKC) and punctuation. DIR gets the lines
of each source under its name, and corpus.tsv, which counts them; where that is there, nothing is done. Standard
library only.
"""
import argparse
import csv
import hashlib
import json
import lzma
import os
import re
import sys
import unicodedata

WORDS_IN_A_ROW = 8
WORD = re.compile(r"\w+")


def words_of(text):
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def hash_of(words):
    return hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()


def rows_in_a_row(words):
    return (hash_of(words[i : i + WORDS_IN_A_ROW]) for i in range(len(words) - WORDS_IN_A_ROW + 1))


def texts_of(path):
    """Every text of a file. Of a table these are all cells, labels too: no name of a column is needed, and no harm is done."""
    if path.endswith(".jsonl"):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield from (value for value in json.loads(line).values() if isinstance(value, str))
    elif path.endswith((".csv", ".tsv")):
        encoding = "utf-8"
        with open(path, "rb") as raw:
            try:
                raw.read().decode(encoding)
            except UnicodeDecodeError:
                encoding = "cp1252"
        with open(path, encoding=encoding, newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            delimiter = "\t" if path.endswith(".tsv") else ";" if first.count(";") > first.count(",") else ","
            for row in csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL):
                yield from row
    else:
        with open(path, encoding="utf-8") as lines:
            yield from lines


def tables_of(paths):
    for path in paths:
        if not os.path.isdir(path):
            yield path
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith((".csv", ".tsv", ".jsonl")))


class HeldBack:
    """The texts that must not be learned, as hashes."""

    def __init__(self, paths):
        self.whole, self.parts = set(), set()
        for path in tables_of(paths):
            for text in texts_of(path):
                words = words_of(text)
                if words:
                    self.whole.add(hash_of(words))
                    self.parts.update(rows_in_a_row(words))

    def has(self, words):
        return hash_of(words) in self.whole or any(part in self.parts for part in rows_in_a_row(words))


def sources_of(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from (os.path.join(path, name) for name in sorted(os.listdir(path)) if name.endswith((".txt", ".txt.xz")))
        else:
            yield path


def filter_lines(path, held_back, seen, output):
    counts = {"lines": 0, "kept": 0, "held back": 0, "repeated": 0}
    open_text = lzma.open if path.endswith(".xz") else open
    with open_text(path, "rt", encoding="utf-8") as lines, open(output + ".part", "w", encoding="utf-8") as kept:
        for line in lines:
            words = words_of(line)
            if not words:
                continue
            counts["lines"] += 1
            mark = hash_of(words)
            if held_back.has(words):
                counts["held back"] += 1
            elif mark in seen:
                counts["repeated"] += 1
            else:
                seen.add(mark)
                counts["kept"] += 1
                kept.write(line.strip() + "\n")
        kept.flush()
        os.fsync(kept.fileno())
    os.rename(output + ".part", output)
    return counts


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--held-back", nargs="+", required=True, metavar="FILE")
    arguments.add_argument("--output", required=True, metavar="DIR")
    arguments.add_argument("sources", nargs="+", metavar="SOURCE")
    given = arguments.parse_args()
    table = os.path.join(given.output, "corpus.tsv")
    if os.path.exists(table):
        print(f"{table} is there: the corpus is complete", file=sys.stderr)
        return
    os.makedirs(given.output, exist_ok=True)
    held_back, seen, rows = HeldBack(given.held_back), set(), []
    for source in sources_of(given.sources):
        name = os.path.basename(source).removesuffix(".xz")
        counts = filter_lines(source, held_back, seen, os.path.join(given.output, name))
        rows.append((name, counts))
        print(name, *(f"{what} {number}" for what, number in counts.items()), file=sys.stderr)
    with open(table + ".part", "w", encoding="utf-8") as out:
        print("file", "lines", "kept", "held_back", "repeated", sep="\t", file=out)
        for name, counts in rows:
            print(name, *counts.values(), sep="\t", file=out)
    os.rename(table + ".part", table)


if __name__ == "__main__":
    main()

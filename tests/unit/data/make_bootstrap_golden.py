#!/usr/bin/env python3
"""Writes bootstrap_golden.inc: bootstrap intervals by numpy, scores by scikit-learn.

    make_bootstrap_golden.py > bootstrap_golden.inc

Run with scikit-learn 1.9.1, numpy 2.4.6. Truth and predictions are those of the functions below, which
tests/unit/bootstrap.c repeats. The draws are those of bootstrap.h, by a Philox 4x32-10 of our own; the intervals are
numpy.quantile's. Scores of each resample are counted here; those of all rows, and of every 50th resample, are compared with
scikit-learn's.
"""
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

warnings.simplefilter("ignore")
U32 = np.uint64(0xFFFFFFFF)
SITE = 0x50000


def philox(seed, step, site, row, blocks):
    """Words [len(blocks), 4] of Salmon et al.'s Philox 4x32-10 with the key `seed`."""
    c = [np.full(len(blocks), v, dtype=np.uint64) for v in (step, site, row, 0)]
    c[3] = blocks.astype(np.uint64)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        even, odd = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(odd >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), odd & U32, (even >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), even & U32]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def draws(seed, resample, units):
    words = philox(seed, resample, SITE, 0, np.arange((units + 3) // 4)).reshape(-1)[:units]
    return (words * np.uint64(units) >> np.uint64(32)).astype(np.int64)


def hashed(i, salt):
    return ((i * 2654435761 + salt * 40503) & 0xFFFFFFFF) >> 16


def rows_of(rows, labels, salt):
    i = np.arange(rows)
    truth = np.minimum(hashed(i, 1) % labels, hashed(i, 2) % labels)
    wrong = hashed(i, 3 + salt) % 100 < 30
    predicted = np.where(wrong, hashed(i, 5 + salt) % labels, truth)
    return truth, predicted, (hashed(i, 7 + salt) % 1000) / 250.0


def scores(truth, predicted, loss, labels):
    support = np.bincount(truth, minlength=labels)
    guessed = np.bincount(predicted, minlength=labels)
    right = np.bincount(truth[truth == predicted], minlength=labels)
    both = support + guessed
    f1 = np.where(both > 0, 2.0 * right / np.maximum(both, 1), 0.0)
    return np.array([right.sum() / len(truth), f1.sum() / (both > 0).sum(), (f1 * support).sum() / len(truth), loss.mean(), *f1])


def compare(values, truth, predicted, labels):
    theirs = [accuracy_score(truth, predicted), f1_score(truth, predicted, average="macro", zero_division=0),
              f1_score(truth, predicted, average="weighted", zero_division=0)]
    assert np.allclose(values[:3], theirs, rtol=0, atol=1e-12), (values[:3], theirs)
    each = f1_score(truth, predicted, labels=range(labels), average=None, zero_division=0)
    assert np.allclose(values[4:], each, rtol=0, atol=1e-12)


def put(name, value, resampled, confidence):
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return f"{{{value:.17g}, {low:.17g}, {high:.17g}}}"


CASES = [  # rows, labels, units (0 = rows), resamples, confidence, seed
    (200, 3, 0, 400, 0.95, 42), (1001, 12, 0, 300, 0.9, 7), (37, 9, 0, 500, 0.95, 2**40 + 3), (600, 5, 150, 300, 0.95, 42),
    (90, 4, 7, 200, 0.8, 1),
]

if __name__ == "__main__":
    print("/* Made by make_bootstrap_golden.py. Rows, labels, units (0: rows), resamples, confidence, seed; then, of one classifier")
    print(" * and of the difference to a second one: accuracy, macro F1, weighted F1, loss, F1 of label 0 and of the last. */")
    for rows, labels, units, resamples, confidence, seed in CASES:
        first, second = rows_of(rows, labels, 0), rows_of(rows, labels, 100)
        unit = np.arange(rows) if units == 0 else hashed(np.arange(rows), 9) % units
        if units:
            unit[:units] = np.arange(units)
        count = units or rows
        members = [np.flatnonzero(unit == u) for u in range(count)]
        one, both = [], []
        for r in range(resamples):
            drawn = np.concatenate([members[u] for u in draws(seed, r, count)])
            a = scores(*(x[drawn] for x in first), labels)
            b = scores(*(x[drawn] for x in second), labels)
            if r % 50 == 0:
                compare(a, first[0][drawn], first[1][drawn], labels)
            one.append(a)
            both.append(a - b)
        whole, other = scores(*first, labels), scores(*second, labels)
        compare(whole, *first[:2], labels)
        columns = [0, 1, 2, 3, 4, 3 + labels]
        for value, resampled in ((whole, np.array(one)), (whole - other, np.array(both))):
            shown = ", ".join(put("", value[c], resampled[:, c], confidence) for c in columns)
            if value is whole:
                print(f"{{{rows}, {labels}, {units}, {resamples}, {confidence}, UINT64_C({seed}),")
                print(f" {{{shown}}},")
            else:
                print(f" {{{shown}}}}},")

#!/usr/bin/env python3
"""Writes confident_golden.inc: confident learning by cleanlab.

    make_confident_golden.py > confident_golden.inc

Run with cleanlab 2.9.0, numpy 2.4.6, scikit-learn 1.9.1. Probabilities and labels are those of the functions below, which
tests/unit/confident.c repeats; whole numbers over whole numbers, so both have the same bits. numpy's argsort is made stable,
since cleanlab leaves the order of equal values open. A row: rows, labels, rows in a hundred with a wrong label, suspects,
FNV-1a of the suspects as bytes and of the joint as int64, sum of the thresholds, sums of the two scores of label quality,
share of wrong labels and its interval by 200 resamples drawn as in bootstrap.h (seed 42, confidence 0.9).
"""
import warnings

import numpy as np

argsort = np.argsort
np.argsort = lambda a, axis=-1, **_: argsort(a, axis=axis, kind="stable")

from cleanlab.count import compute_confident_joint, get_confident_thresholds, num_label_issues  # noqa: E402
from cleanlab.filter import find_label_issues  # noqa: E402
from cleanlab.rank import get_label_quality_scores  # noqa: E402

from make_bootstrap_golden import draws, hashed  # noqa: E402

warnings.simplefilter("ignore")


def rows_of(rows, labels, wrong):
    """Weights of 1 to 8 for each label, more for the true one; the given label is another one in `wrong` of 100 rows."""
    i = np.arange(rows)
    true = np.minimum(hashed(i, 1) % labels, hashed(i, 2) % labels)
    given = np.where(hashed(i, 3) % 100 < wrong, hashed(i, 5) % labels, true)
    weight = np.stack([1 + hashed(i * labels + k, 11) % 8 for k in range(labels)], axis=1).astype(float)
    weight[i, true] += hashed(i, 13) % 40
    return given, weight / weight.sum(axis=1, keepdims=True)


def fnv(array):
    value = 0xCBF29CE484222325
    for byte in array.tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def share(given, scores):
    return num_label_issues(given, scores, estimation_method="off_diagonal") / len(given)


if __name__ == "__main__":
    print("/* Made by make_confident_golden.py. */")
    for rows, labels, wrong in [(160, 2, 30), (300, 5, 20), (997, 12, 5), (2000, 40, 10), (500, 60, 30), (40, 15, 0), (1500, 3, 45)]:
        given, scores = rows_of(rows, labels, wrong)
        joint = compute_confident_joint(given, scores)
        suspect = find_label_issues(given, scores, filter_by="prune_by_noise_rate", n_jobs=1)
        thresholds = get_confident_thresholds(given, scores)
        own = get_label_quality_scores(given, scores, method="self_confidence")
        margin = get_label_quality_scores(given, scores, method="normalized_margin")
        resampled = [share(given[d], scores[d]) for d in (draws(42, r, rows) for r in range(200))]
        low, high = np.quantile(resampled, [0.05, 0.95])
        print(f"{{{rows}, {labels}, {wrong}, {suspect.sum()}, UINT64_C(0x{fnv(suspect.astype(np.uint8)):016X}), "
              f"UINT64_C(0x{fnv(joint.astype('<i8')):016X}),")
        print(f" {thresholds.sum():.17g}, {own.sum():.17g}, {margin.sum():.17g}, {{{share(given, scores):.17g}, {low:.17g}, {high:.17g}}}}},")

#!/usr/bin/env python3
"""Writes folds_golden.inc: the folds of scikit-learn's StratifiedKFold and StratifiedGroupKFold.

    make_folds_golden.py > folds_golden.inc

Run with scikit-learn 1.9.1 and numpy 2.4.6. A row: rows, folds, seed, labels, groups (0 = StratifiedKFold), the shape of
the groups, the labels with fewer rows than folds, and FNV-1a of the array that holds each row's fold as int64. The ids are
those of class_of() in split.c; the group of row i is i * 40503 % 65536 % groups (shape 0), i * groups // rows (1: adjacent
rows), or the whole square root of i * 40503 % 65536 % groups^2 (2: unequal sizes), renumbered without holes.
"""
import math
import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

CASES = [
    (10, 2, 0, 2, 0, 0), (100, 5, 42, 3, 0, 0), (1000, 5, 42, 7, 0, 0), (997, 10, 1, 12, 0, 0), (11514, 5, 42, 60, 0, 0),
    (4999, 3, 4294967295, 20, 0, 0), (60, 5, 7, 12, 0, 0), (50, 5, 3, 1, 0, 0), (203, 7, 9, 40, 0, 0),
    (100, 5, 42, 3, 20, 0), (100, 5, 42, 3, 100, 0), (1000, 5, 42, 7, 130, 0), (997, 10, 1, 12, 97, 1),
    (2000, 5, 42, 60, 700, 0), (2000, 5, 7, 60, 45, 2), (1500, 3, 123, 150, 300, 1), (800, 8, 5, 17, 30, 2),
    (700, 9, 5, 1, 60, 2), (1200, 4, 11, 300, 400, 0), (300, 12, 2, 9, 12, 1), (640, 16, 3, 2, 64, 1),
]


def class_of(i, k):
    x = (i * 2654435761 & 0xFFFFFFFF) >> 16
    return min(x % k, (x >> 4) % k)


def group_of(i, rows, groups, shape):
    spread = i * 40503 % 65536
    if shape == 1:
        return i * groups // rows
    return spread % groups if shape == 0 else math.isqrt(spread % (groups * groups))


def fnv(numbers):
    value = 0xCBF29CE484222325
    for byte in np.asarray(numbers, dtype="<i8").tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


print("/* Made by make_folds_golden.py: rows, folds, seed, labels, groups, shape of groups, small labels, hash. */")
for rows, folds, seed, labels, groups, shape in CASES:
    ids = np.array([class_of(i, labels) for i in range(rows)])
    fold = np.full(rows, -1)
    if groups:
        group = np.array([group_of(i, rows, groups, shape) for i in range(rows)])
        split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(ids, ids, group)
    else:
        split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(ids, ids)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (_, held_out) in enumerate(split):
            fold[held_out] = number
    assert fold.min() == 0
    small = int((np.unique(ids, return_counts=True)[1] < folds).sum())
    print(f"{{{rows}, {folds}, {seed}U, {labels}, {groups}, {shape}, {small}, UINT64_C(0x{fnv(fold):016X})}},")

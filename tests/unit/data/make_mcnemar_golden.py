#!/usr/bin/env python3
"""Writes mcnemar_golden.inc: counts of rows that one of two classifiers alone has right, and SciPy's exact p-value.

    make_mcnemar_golden.py > mcnemar_golden.inc

Run with SciPy 1.17.1."""
from scipy.stats import binomtest

print("/* Made by make_mcnemar_golden.py: rows that only the first has right, that only the second has right, p. */")
for a, b in [(1, 0), (0, 6), (5, 5), (12, 3), (40, 61), (300, 350), (2, 900), (5000, 5300), (100000, 101000)]:
    print(f"{{{a}, {b}, {binomtest(a, a + b).pvalue:.17g}}},")

#!/usr/bin/env python3
"""Writes power_law_golden.inc: power laws fitted by SciPy to smooth and to rough learning curves.

    make_power_law_golden.py > power_law_golden.inc

Run with SciPy 1.17.1 and numpy 2.4.6. Rows are 100, 200, 400, ... of `points`; errors are the law's with a, b, c, and noise
* (hash % 1000 / 1000 - 0.5) of make_bootstrap_golden.py. curve_fit starts from many points with tight tolerances; the best fit
counts. A row: a, b, c, points, noise, weighted (weight i + 1 of point i), the fitted curve at 100, at 3,000 and at twice the
most rows, and the root of the mean squared distance.
"""
import warnings

import numpy as np
from scipy.optimize import curve_fit

from make_bootstrap_golden import hashed

warnings.simplefilter("ignore")


def law(n, a, b, c):
    return a * (n / 1000) ** -b + c


print("/* Made by make_power_law_golden.py. */")
for a, b, c, points, noise, weighted in [(2, .5, .1, 6, 0, 0), (1, .3, 0, 5, 0, 0), (5, 1.2, .05, 7, 0, 0), (2, .5, .1, 6, .02, 0), (2, .5, .1, 8, .02, 1),
                                         (.8, .2, .02, 6, .05, 0), (3, .9, .3, 9, .1, 1), (0, 1, .25, 6, 0, 0)]:
    n = 100.0 * 2 ** np.arange(points)
    error = a * n ** -b + c + noise * (hashed(np.arange(points), 17) % 1000 / 1000 - 0.5)
    sigma = 1 / np.sqrt(np.arange(points) + 1.0) if weighted else None
    best = None
    for start in np.linspace(0.02, 4.5, 60):
        try:
            fit, _ = curve_fit(law, n, error, p0=[0.1, start, 0.1], sigma=sigma, bounds=([0, .01, 0], [np.inf, 5, 1]),
                               ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=20000)
        except RuntimeError:
            continue
        left = (error - law(n, *fit)) / (1 if sigma is None else sigma)
        if best is None or (left ** 2).sum() < best[0]:
            best = (left ** 2).sum(), fit
    at = [law(x, *best[1]) for x in (100.0, 3000.0, 2 * n[-1])]
    rmse = np.sqrt(((error - law(n, *best[1])) ** 2).mean())
    print(f"{{{a}, {b}, {c}, {points}, {noise}, {weighted}, {{{at[0]:.12g}, {at[1]:.12g}, {at[2]:.12g}}}, {rmse:.9g}}},")

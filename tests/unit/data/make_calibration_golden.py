#!/usr/bin/env python3
"""Writes calibration.jsonl: temperatures, calibration errors, automation curves and intervals, computed with other means.

    make_calibration_golden.py > calibration.jsonl

With numpy 2.4.6, scipy 1.17.1 and scikit-learn 1.9.1. The temperature is a root of the loss's derivative, found by
scipy.optimize.brentq; bins are compared with scikit-learn's calibration_curve; intervals are scipy.stats.beta.ppf. A
line is {"kind": "calibration" | "automation" | "interval" | "rows", ...}.
"""
import json
import math
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax
from scipy.stats import beta
from sklearn.calibration import calibration_curve

BINS, FOLDS = 15, 5


def loss(logits, label, t):
    return -log_softmax(logits / t, axis=1)[np.arange(len(label)), label]


def temperature(logits, label):
    own = logits[np.arange(len(label)), label]
    slope = lambda log_b: np.mean((softmax(logits * math.exp(log_b), axis=1) * logits).sum(1) - own)
    if slope(math.log(0.01)) >= 0:
        return 100
    if slope(math.log(100)) <= 0:
        return 0.01
    return math.exp(-brentq(slope, math.log(0.01), math.log(100), xtol=1e-14))


def reliability(score, right):
    bins, ece = [], 0.0
    for b in range(BINS):
        inside = (score > b / BINS) & (score <= (b + 1) / BINS)
        n = int(inside.sum())
        conf, acc = (float(score[inside].mean()), float(right[inside].mean())) if n else (0.0, 0.0)
        bins.append([n, conf, acc])
        ece += n / len(score) * abs(acc - conf)
    true, pred = calibration_curve(right, score, n_bins=BINS)
    filled = [b for b in bins if b[0]]
    assert np.allclose(true, [b[2] for b in filled]) and np.allclose(pred, [b[1] for b in filled])
    return ece, bins


def best(logits, label, t):
    p = softmax(logits / t[:, None], axis=1)
    return p.max(1), (logits.argmax(1) == label).astype(int)


def calibration(name, logits, label):
    logits = logits.astype(np.float32)
    wide = logits.astype(np.float64)
    fold = np.arange(len(label)) % FOLDS
    t = np.array([temperature(wide[fold != f], label[fold != f]) for f in range(FOLDS)])[fold]
    one = np.ones(len(label))
    before, after = loss(wide, label, one[:, None]).mean(), loss(wide, label, t[:, None]).mean()
    ece_before, bins_before = reliability(*best(wide, label, one))
    ece_after, bins_after = reliability(*best(wide, label, t))
    return {"kind": "calibration", "name": name, "labels": logits.shape[1],
            "logits": [float("%.9g" % z) for z in logits.ravel()], "label": label.tolist(),
            "temperature": temperature(wide, label), "kept": bool(after < before), "loss_before": before,
            "loss_after": after, "ece_before": ece_before, "ece_after": ece_after, "bins_before": bins_before,
            "bins_after": bins_after}


def sample(random, rows, labels, scale, noise):
    """Labels drawn from the softmax of the logits, which then are multiplied by `scale`."""
    logits = random.normal(size=(rows, labels)) * noise
    label = np.array([random.choice(labels, p=softmax(z)) for z in logits])
    return logits * scale, label


def interval(right, rows, confidence):
    tail = (1 - confidence) / 2
    return (float(beta.ppf(tail, right, rows - right + 1)) if right else 0.0,
            float(beta.ppf(1 - tail, right + 1, rows - right)) if right < rows else 1.0)


def shortest(below, score):
    for digits in range(1, 20):
        down = Decimal(score).quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)
        for d in (down + Decimal(1).scaleb(-digits), down):
            if below < float(d) <= score:
                return float(d)
    raise AssertionError


def automation(score, right, target, confidence=0.95):
    distinct = sorted(set(score), reverse=True) + [-1.0]
    points, shown = [], set()
    found = None
    for s, below in zip(distinct, distinct[1:]):
        inside = score >= s
        n, r = int(inside.sum()), int(right[inside].sum())
        low, high = interval(r, n, confidence)
        point = [shortest(below, s), n / len(score), r / n, low, high]
        if low >= target:
            found = point
        if 100 * n // len(score) not in shown:
            shown.add(100 * n // len(score))
            points.append(point)
    return {"kind": "automation", "score": score.tolist(), "right": right.tolist(), "target": target,
            "confidence": confidence, "points": points,
            "found": found is not None, "point": found or max(points, key=lambda p: p[3])}


random = np.random.RandomState(7)
lines = [calibration("overconfident", *sample(random, 150, 3, 3.0, 1.5)),
         calibration("underconfident", *sample(random, 83, 4, 0.3, 3.0)),
         calibration("calibrated", *sample(random, 60, 2, 1.0, 2.0)),
         calibration("few rows", *sample(random, 11, 3, 2.0, 1.5))]
score = np.round(random.beta(5, 1.5, size=400), 4)
lines += [automation(score, (random.uniform(size=400) < score).astype(int), 0.75),
          automation(score, (random.uniform(size=400) < score).astype(int), 0.99)]
ties = np.round(random.uniform(0.3, 1, size=40), 1)
lines += [automation(ties, (random.uniform(size=40) < 0.9).astype(int), 0.5), automation(np.array([0.5]), np.array([1]), 0.02)]
for rows in (1, 2, 7, 72, 73, 200, 1000, 20000):
    for right in sorted({0, 1, rows // 2, rows * 19 // 20, rows - 1, rows}):
        for confidence in (0.95, 0.8):
            lines.append({"kind": "interval", "rows": rows, "right": right, "confidence": confidence,
                          "interval": interval(right, rows, confidence)})
for target in (0.5, 0.9, 0.95, 0.99, 0.999):
    rows = next(n for n in range(1, 10000) if interval(n, n, 0.95)[0] >= target)
    lines.append({"kind": "rows", "target": target, "confidence": 0.95, "rows": rows})
for line in lines:
    print(json.dumps(line))

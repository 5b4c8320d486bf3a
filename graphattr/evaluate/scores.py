"""Measures of scores against what is true: Cllr, Cllr_min, Brier, ECE, reliability.

Likelihood ratios are in log10; `true` says whether the pair shares a controller (or the account belongs).
Every measure takes weights, so that a bootstrap repeats rows without copying them. A measure over nothing is
nan.

Cllr: Bruemmer and du Preez 2006, Application-independent evaluation of speaker detection, equation for
C_llr; the log base is 2, so a system that always says LR = 1 costs 1. Cllr_min is the cost left after the
best monotone mapping of the same scores (pool adjacent violators): what discrimination alone cannot mend.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_LOG2_10: Final = np.log2(10.0)


def mean(values: Floats, weight: Floats) -> float:
    """Weighted mean; nan over no weight. A row without weight counts for nothing, were it infinite."""
    there = weight > 0
    total = float(weight[there].sum())
    return float(weight[there] @ values[there]) / total if total > 0 else float("nan")


def penalties(log10_lr: Floats, true: Bools) -> Floats:
    """Cost of each likelihood ratio in bits: log2(1 + 1/LR) where true, log2(1 + LR) where not."""
    signed = np.where(true, -log10_lr, log10_lr) * _LOG2_10
    return np.asarray(np.logaddexp2(0.0, signed))


def cllr(log10_lr: Floats, true: Bools, weight: Floats) -> float:
    """Log-likelihood-ratio cost: the mean of the mean costs of true and of untrue pairs, in bits."""
    cost = penalties(log10_lr, true)
    return (mean(cost[true], weight[true]) + mean(cost[~true], weight[~true])) / 2


def best_log10_lr(log10_lr: Floats, true: Bools, weight: Floats) -> Floats:
    """Likelihood ratios with the least Cllr among all in the given order (ties stay ties)."""
    _, tie = np.unique(log10_lr, return_inverse=True)
    total = np.bincount(tie, weight)
    hits = np.bincount(tie, weight * true)
    share = np.divide(hits, total, out=np.zeros_like(total), where=total > 0)
    posterior = isotonic_regression(share, weights=np.maximum(total, 1e-300)).x[tie]
    prior = mean(true.astype(np.float64), weight)
    with np.errstate(divide="ignore"):
        odds = np.log10(posterior) - np.log10(1.0 - posterior)
        return np.asarray(odds - np.log10(prior) + np.log10(1.0 - prior))


def cllr_min(log10_lr: Floats, true: Bools, weight: Floats) -> float:
    """Cllr after the best monotone mapping; nan unless there are true and untrue pairs."""
    if not weight[true].sum() > 0 or not weight[~true].sum() > 0:
        return float("nan")
    return cllr(best_log10_lr(log10_lr, true, weight), true, weight)


def brier(probability: Floats, true: Bools, weight: Floats) -> float:
    """Mean squared distance between probability and outcome."""
    return mean((probability - true) ** 2, weight)


def ece(probability: Floats, true: Bools, weight: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean |outcome - probability| of `bins` equal intervals."""
    where = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(where, weight * (true - probability), minlength=bins)
    total = float(weight.sum())
    return float(np.abs(gap).sum()) / total if total > 0 else float("nan")


def reliability(probability: Floats, true: Bools, bins: int = 10) -> list[dict[str, Any]]:
    """Rows of a reliability diagram: interval, count, mean probability, share true; no empty intervals."""
    where = np.minimum((probability * bins).astype(np.int64), bins - 1)
    rows = []
    for number in np.unique(where).tolist():
        here = where == number
        rows.append(
            {
                "from": number / bins,
                "to": (number + 1) / bins,
                "n": int(here.sum()),
                "probability": float(probability[here].mean()),
                "true": float(true[here].mean()),
            }
        )
    return rows

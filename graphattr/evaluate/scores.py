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

from graphattr.evaluate.bootstrap import Floats, Ints, counted

Bools = npt.NDArray[np.bool_]
_LOG2_10: Final = np.log2(10.0)
#: Equal intervals of probability, for calibration errors and reliability diagrams.
BINS: Final = 10


def bin_of(probability: Floats, bins: int = BINS) -> Ints:
    """Number of the equal interval that each probability lies in; 1 is in the last."""
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


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


def _monotone(hits: Floats, misses: Floats) -> Floats:
    """Posterior of each score, rising with it, that fits best: weights of true and untrue by rising score."""
    total = hits + misses
    share = np.divide(hits, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(isotonic_regression(share, weights=np.maximum(total, 1e-300)).x)


def best_log10_lr(log10_lr: Floats, true: Bools, weight: Floats) -> Floats:
    """Likelihood ratios with the least Cllr among all in the given order (ties stay ties)."""
    _, tie = np.unique(log10_lr, return_inverse=True)
    hits, misses = counted(tie, weight * true), counted(tie, weight * ~true)
    posterior = _monotone(hits, misses)[tie]
    prior = mean(true.astype(np.float64), weight)
    with np.errstate(divide="ignore"):
        odds = np.log10(posterior) - np.log10(1.0 - posterior)
        return np.asarray(odds - np.log10(prior) + np.log10(1.0 - prior))


def cllr_min(log10_lr: Floats, true: Bools, weight: Floats) -> float:
    """Cllr after the best monotone mapping; nan unless there are true and untrue pairs."""
    _, tie = np.unique(log10_lr, return_inverse=True)
    return least_cllr(counted(tie, weight * true), counted(tie, weight * ~true))


def least_cllr(hits: Floats, misses: Floats) -> float:
    """`cllr_min` from the weights of true and of untrue pairs at each score, by rising score."""
    trues, untrues = float(hits.sum()), float(misses.sum())
    if not trues > 0 or not untrues > 0:
        return float("nan")
    posterior = _monotone(hits, misses)
    # log2(1 + 1/LR) with 1/LR = (1 - p)/p times the prior odds, and the other way round.
    odds = trues / untrues
    with np.errstate(divide="ignore"):
        same = np.log2(1.0 + (1.0 - posterior) / posterior * odds)
        other = np.log2(1.0 + posterior / (1.0 - posterior) / odds)
    return (mean(same, hits) + mean(other, misses)) / 2


def brier(probability: Floats, true: Bools, weight: Floats) -> float:
    """Mean squared distance between probability and outcome."""
    return mean((probability - true) ** 2, weight)


def ece(probability: Floats, true: Bools, weight: Floats, bins: int = BINS) -> float:
    """Expected calibration error: mean |outcome - probability| of `bins` equal intervals."""
    where = bin_of(probability, bins)
    gap = counted(where, weight * (true - probability), bins)
    total = float(weight.sum())
    return float(np.abs(gap).sum()) / total if total > 0 else float("nan")


def reliability(probability: Floats, true: Bools | Floats, bins: int = BINS) -> list[dict[str, Any]]:
    """Rows of a reliability diagram: interval, count, mean probability, share true; no empty intervals.

    `true` may be a share (an account of one of two level controllers is half right).
    """
    where = bin_of(probability, bins)
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


def tippett(log10_lr: Floats, true: Bools, points: int = 200) -> list[dict[str, float | None]]:
    """A Tippett plot: the shares of true and of untrue pairs whose log10 LR is at least x, by rising x.

    At each value where those are few, else at `points` of even distance, and at 0; None for a sort that has no pair.
    """
    if not len(log10_lr):
        return []
    values = np.unique(log10_lr)
    at = values if len(values) <= points else np.linspace(values[0], values[-1], points)
    if at[0] < 0 < at[-1]:
        at = np.union1d(at, [0.0])
    shares = []
    for here in (log10_lr[true], log10_lr[~true]):
        above = len(here) - np.searchsorted(np.sort(here), at, side="left")
        shares.append([float(n) / len(here) for n in above] if len(here) else [None] * len(at))
    return [
        {"log10_lr": float(x), "same": same, "different": other}
        for x, same, other in zip(at, *shares, strict=True)
    ]

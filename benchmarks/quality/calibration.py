"""Scores to likelihood ratios, by worlds of family A: the best monotone map, the same for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Calibration:
    """A monotone step function with straight lines between the steps.

    Attributes:
        score: scores, ascending, distinct.
        log10_lr: their likelihood ratios, ascending.
        prior: log10 odds of a true pair where it was fitted.
    """

    score: Floats
    log10_lr: Floats
    prior: float

    def __call__(self, score: Floats) -> Floats:
        """log10 likelihood ratio of each score; beyond the ends, that of the end."""
        return np.asarray(np.interp(score, self.score, self.log10_lr))


def fit(score: Floats, same: Bools) -> Calibration:
    """Isotonic regression (pool adjacent violators) of truth on score, read as likelihood ratios.

    One true pair is added below all scores and one untrue pair above, so no ratio is infinite: none is larger than
    the number of pairs can carry (Bruemmer and du Preez 2006, section 9, with Laplace's rule at either end).

    Args:
        score: finite scores, higher for likelier, shape (n,).
        same: what is true, with both answers among them.
    """
    if not same.any() or same.all():
        raise ValueError("calibration needs true and untrue pairs")
    knots, tie = np.unique(score, return_inverse=True)
    total, hits = np.bincount(tie).astype(float), np.bincount(tie, same).astype(float)
    total[0], hits[0] = total[0] + 1, hits[0] + 1
    total[-1] += 1
    share = isotonic_regression(hits / total, weights=total).x
    prior = float(np.log10(same.sum() / (~same).sum()))
    log10_lr = np.log10(share) - np.log10(1 - share) - prior
    # Only the ends of each flat piece are kept.
    flat = np.diff(log10_lr) == 0
    inner = (
        np.concatenate([[False], flat[:-1] & flat[1:], [False]])
        if len(knots) > 2
        else np.zeros(len(knots), bool)
    )
    return Calibration(knots[~inner], log10_lr[~inner], prior)

"""Error control: which rings may be attributed, so that wrongly attributed accounts stay under alpha (method.md, 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class CalibrationRings:
    """Rings whose truth is known.

    Attributes:
        score: score of each ring, shape (n,).
        size: accounts of each, shape (n,).
        wrong: share of its accounts that an attribution would get wrong, shape (n,), in [0, 1].
    """

    score: Array
    size: Whole
    wrong: Array

    def __len__(self) -> int:
        return len(self.score)


def attribute(score: Array, size: Whole, calibration: CalibrationRings, alpha: float) -> NDArray[np.bool_]:
    """The largest set of rings whose expected share of wrongly attributed accounts is at most alpha.

    Ring j gets e_j = (n + 1) / (sum_i n_i l_i 1{s_i >= t} + n_j) at its own score t = s_j, and the
    set S is the largest in which every e_j >= G / (alpha * sum_S n), G being the accounts of all rings
    (e-Benjamini-Hochberg weighted by accounts; Wang and Ramdas 2022; selective risk control by e-values, SCoRE,
    arXiv 2603.24704).

    Args:
        score: score of each ring, shape (r,).
        size: accounts of each ring, shape (r,).
        calibration: rings with known truth, exchangeable with these.
        alpha: promised expected share.

    Returns:
        Which rings are in S, shape (r,). All False where calibration rings are too few to promise anything.
    """
    chosen = np.zeros(len(score), dtype=bool)
    if not len(score) or not len(calibration):
        return chosen
    loss = calibration.size * calibration.wrong
    above = np.array([loss[calibration.score >= s].sum() for s in score])
    e_value = (len(calibration) + 1) / (above + size)
    # For a set ordered by e-value the condition binds at its smallest member, so only prefixes need a look.
    order = np.lexsort((np.arange(len(score)), -e_value))
    taken = np.cumsum(size[order])
    fits = e_value[order] >= size.sum() / (alpha * taken)
    if fits.any():
        chosen[order[: int(np.flatnonzero(fits).max()) + 1]] = True
    return chosen

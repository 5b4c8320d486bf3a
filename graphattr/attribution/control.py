"""Error control: which rings may be attributed, so that wrongly attributed accounts stay under alpha (method.md, 6).

The promise: the expected share of wrongly attributed accounts is at most alpha. Only rings with a score of t and more
are looked at, of the run and of those with known truth; t was fixed without any of them. Ring j of n_j accounts and
wrong share l_j gets

    e_j = (n + 1) / (sum_i n_i l_i + n_j),

and since n_j bounds n_j l_j, exchangeability of ring j with the n calibration rings gives E[n_j l_j e_j] <= 1. Of the
r such rings of a run the largest set S is attributed in which every e_j >= r / (alpha N), N the accounts of S. So
1{j in S} / N <= alpha e_j / r, and the expected wrong share, the sum of n_j l_j 1{j in S} / N, is at most alpha
(docs/decisions/0008-rings-and-error-control.md has the proof and what it leans on).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: A smaller ring is never attributed: a person may well have a few accounts, and that is nobody's business.
LEAST_SIZE: Final = 5
#: The score is chosen so that at most so much of alpha is used up by the rings that it is chosen on,
MARGIN: Final = 0.6
#: and, if there is such a score, so that there are so many times the accounts that an e-value needs (`threshold`).
SLACK: Final = 2.0


@dataclass(frozen=True)
class CalibrationRings:
    """Rings whose truth is known, eligible like those of a run.

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

    def __getitem__(self, rows: Flags) -> CalibrationRings:
        return CalibrationRings(self.score[rows], self.size[rows], self.wrong[rows])

    def __add__(self, other: CalibrationRings) -> CalibrationRings:
        return CalibrationRings(
            np.concatenate([self.score, other.score]),
            np.concatenate([self.size, other.size]),
            np.concatenate([self.wrong, other.wrong]),
        )


def threshold(tuning: Sequence[CalibrationRings], alpha: float) -> float:
    """The score from which on rings are attributed: the least one above which every set of rings is right enough.

    The share of wrong accounts must be at most `MARGIN` alpha. An e-value, besides, counts the ring that is to be
    attributed as wrong: of as many known rings as rings, with N accounts above the score and m accounts a ring, it is
    high enough if alpha N >= wrong accounts + m. The least score at which that holds `SLACK` times over is taken, or
    else the one at which it holds best.

    Args:
        tuning: sets of rings (one a family of worlds), none of which calibrates.
        alpha: promised share.

    Returns:
        The score; infinite where none is right enough, or there is no ring.
    """
    scores = np.unique(np.concatenate([rings.score for rings in tuning])) if tuning else np.empty(0)
    fit, slack = np.full(len(scores), len(scores) > 0), np.full(len(scores), np.inf)
    for rings in tuning:
        # Rings with at least each score, their accounts and the wrong ones among these.
        order = np.argsort(rings.score)
        start = np.searchsorted(rings.score[order], scores)
        count, accounts, wrong = (
            np.concatenate([np.cumsum(of[order][::-1])[::-1], [0.0]])[start]
            for of in (np.ones(len(rings)), rings.size.astype(np.float64), rings.size * rings.wrong)
        )
        fit &= (accounts > 0) & (wrong <= MARGIN * alpha * accounts)
        slack = np.minimum(
            slack, alpha * accounts / np.maximum(wrong + accounts / np.maximum(count, 1), 1e-9)
        )
    if not fit.any():
        return float("inf")
    enough = fit & (slack >= SLACK)
    return float(scores[enough].min() if enough.any() else scores[np.argmax(np.where(fit, slack, -1.0))])


def e_values(size: Whole, calibration: CalibrationRings) -> Array:
    """E-value of each ring against one set of calibration rings, shape (r,)."""
    lost = float((calibration.size * calibration.wrong).sum())
    return np.asarray((len(calibration) + 1) / (lost + size))


@dataclass(frozen=True)
class Attributed:
    """Which rings are attributed, and by what.

    Attributes:
        chosen: whether each ring is in S, shape (r,); none where calibration rings are too few to promise anything.
        e_value: of each ring with the least score, shape (r,); nan for the others.
        needed: the e-value that each of these would need: that of S, or of S and all up to this ring; shape (r,).
    """

    chosen: Flags
    e_value: Array
    needed: Array


def attribute(
    score: Array, size: Whole, calibration: Sequence[CalibrationRings], alpha: float, least: float
) -> Attributed:
    """The largest set S of rings whose expected share of wrongly attributed accounts is at most alpha.

    Args:
        score: score of each eligible ring, shape (r,).
        size: accounts of each, shape (r,).
        calibration: sets of rings with known truth; the promise holds if the rings of the run are exchangeable with
            any one of the sets, or with a mixture of them: a ring's e-value is the least over the sets.
        alpha: promised expected share.
        least: score from which on rings are attributed, fixed without these rings and those.
    """
    chosen = np.zeros(len(score), dtype=bool)
    told, needed = np.full(len(score), np.nan), np.full(len(score), np.nan)
    high = np.flatnonzero(score >= least)
    sets = [rings[rings.score >= least] for rings in calibration]
    if not len(high) or not sets or not all(len(rings) for rings in sets):
        return Attributed(chosen, told, needed)
    size = size[high]
    e_value = np.min([e_values(size, rings) for rings in sets], axis=0)
    # For a set ordered by e-value the condition binds at its smallest member, so only prefixes need a look.
    order = np.lexsort((np.arange(len(high)), -e_value))
    taken = np.cumsum(size[order])
    asked = len(high) / (alpha * taken)
    fits = np.flatnonzero(e_value[order] >= asked)
    if len(fits):
        last = int(fits.max())
        chosen[high[order[: last + 1]]] = True
        asked[:last] = asked[last]
    told[high], needed[high[order]] = e_value, asked
    return Attributed(chosen, told, needed)

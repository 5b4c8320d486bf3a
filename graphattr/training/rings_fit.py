"""Fits the ring classifier's curves: penalised multinomial regression on piecewise-linear bases (method.md, 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Quantiles of a statistic's values that become knots; taken of all values, and of those that are not the commonest.
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Knots nearer to each other than this share of the values' range become one.
NEAREST: Final = 0.04
#: One statistic alone must not decide: its log10 ratios stay within this.
MOST: Final = 1.0
_LN10: Final = float(np.log(10.0))


@dataclass(frozen=True)
class Rings:
    """Rings with known truth.

    Attributes:
        values: their statistics, NaN where there is none, shape (n, s).
        kind: number of the true hypothesis, shape (n,).
        weight: how much each counts, shape (n,).
    """

    values: Array
    kind: Whole
    weight: Array

    def __getitem__(self, rows: NDArray[np.bool_] | Whole) -> Rings:
        return Rings(self.values[rows], self.kind[rows], self.weight[rows])


def knots(values: Array) -> Array:
    """Ascending knots for one statistic's values, shape (k,), k >= 1; none where there are no values."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.empty(0)
    distinct, counts = np.unique(known, return_counts=True)
    rest = known[known != distinct[counts.argmax()]]
    at = np.quantile(known, QUANTILES)
    if len(rest):
        at = np.concatenate([at, np.quantile(rest, QUANTILES)])
    return spaced(at, NEAREST)


def spaced(at: Array, nearest: float) -> Array:
    """Ascending knots out of some, of which those nearer to the one before than a share of their range go."""
    at = np.unique(np.round(at, 4))
    kept = [at[0]]
    for place in at[1:]:
        if place - kept[-1] >= nearest * (at[-1] - at[0]):
            kept.append(place)
    return np.array(kept)


def hats(values: Array, at: Array) -> Array:
    """Weights of the knots in the piecewise-linear reading of each value, shape (n, k); all 0 where it is NaN."""
    known = np.isfinite(values)
    inside = np.clip(np.where(known, values, at[0]), at[0], at[-1])
    basis = np.stack([np.interp(inside, at, row) for row in np.eye(len(at))], axis=1)
    return np.where(known[:, None], basis, 0.0)


def fit(rings: Rings, at: list[Array], prior: Array, penalty: float, most: float = MOST) -> list[Array]:
    """Curves whose sum over the statistics, added to the log prior, is the log posterior up to a constant.

    Minimises the weighted log loss plus `penalty` times the squared ratios and their squared bends, all ratios
    within `most`: a statistic that tells nothing keeps a curve of zeros.

    Args:
        rings: what to fit to.
        at: knots of each statistic.
        prior: of each hypothesis, shape (h,).
        penalty: beside a log loss whose weights sum to 1.
        most: bound of a single log10 ratio.

    Returns:
        For each statistic log10 ratios at its knots, shape (k, h).
    """
    basis = np.concatenate([hats(rings.values[:, n], place) for n, place in enumerate(at)], axis=1)
    weight = rings.weight / rings.weight.sum()
    truth = np.eye(len(prior))[rings.kind]
    bend = _bends(at)
    shape = (basis.shape[1], len(prior))

    def loss(flat: Array) -> tuple[float, Array]:
        ratios = flat.reshape(shape)
        logs = np.log(prior) + basis @ ratios
        logs -= logs.max(axis=1, keepdims=True)
        share = np.exp(logs)
        share /= share.sum(axis=1, keepdims=True)
        told = np.log(np.maximum((share * truth).sum(axis=1), 1e-300))
        bent = bend @ ratios
        value = -float(weight @ told) + penalty * float((ratios**2).sum() + (bent**2).sum())
        slope = basis.T @ (weight[:, None] * (share - truth)) + 2 * penalty * (ratios + bend.T @ bent)
        return value, slope.ravel()

    bound = most * _LN10
    found = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B",
        bounds=[(-bound, bound)] * (shape[0] * shape[1]), options={"maxiter": 300},
    )  # fmt: skip
    ratios = found.x.reshape(shape) / _LN10
    # Only differences between hypotheses matter: centred, a row says what speaks for and what against.
    ratios -= ratios.mean(axis=1, keepdims=True)
    ends = np.cumsum([len(place) for place in at])
    return [ratios[end - len(place) : end] for end, place in zip(ends, at, strict=True)]


def _bends(at: list[Array]) -> Array:
    """Second differences of neighbouring knots, within each statistic."""
    rows, width, start = [], sum(len(place) for place in at), 0
    for place in at:
        for middle in range(1, len(place) - 1):
            row = np.zeros(width)
            row[start + middle - 1 : start + middle + 2] = (1.0, -2.0, 1.0)
            rows.append(row)
        start += len(place)
    return np.array(rows).reshape(-1, width)

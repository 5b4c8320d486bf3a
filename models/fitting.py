"""Fitting the curves of the evidence model: a monotone additive logistic regression, all features at once.

Each feature becomes a piecewise-linear, non-decreasing curve in log10 likelihood ratios. Fitting them together,
against the true log prior odds of each world as an offset, makes the sum a likelihood ratio although the features
depend on each other: what two of them say twice is shared out between them. Generalised additive models: Hastie and
Tibshirani 1986; non-negative increments over hinges make them monotone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Codes = NDArray[np.uint8]

_LN10: Final = float(np.log(10.0))
#: A feature is looked at on this many quantiles; the last code stands for "not known".
BINS: Final = 120
UNKNOWN: Final = 255


@dataclass(frozen=True)
class Grid:
    """One feature, cut into bins: `at` their values, `knots` where its curve may bend, `pairs` that support it."""

    at: Array
    edges: Array
    knots: Array
    pairs: int

    def codes(self, values: Array) -> Codes:
        """Bin of each value; UNKNOWN where it is nan."""
        found = np.searchsorted(self.edges, values, side="right").astype(np.uint8)
        found[np.isnan(values)] = UNKNOWN
        return found


def grid(values: Array, same: NDArray[np.bool_], knots: int = 6) -> Grid:
    """Bins and knots of a feature from its values (nan: unknown) and the labels of the pairs.

    Knots lie at quantiles among pairs of one controller and in the upper tail of the others, so that the curve can
    bend where the two part.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Grid(np.zeros(1), np.zeros(0), np.zeros(1), 0)
    quantiles = np.concatenate([np.linspace(0, 0.95, BINS // 2), 1 - np.logspace(-1.35, -5, BINS // 2)])
    cuts = np.unique(np.quantile(known, quantiles))
    edges = (cuts[1:] + cuts[:-1]) / 2 if len(cuts) > 1 else np.zeros(0)
    ours, theirs = values[same & ~np.isnan(values)], values[~same & ~np.isnan(values)]
    asked = ((ours, np.linspace(0, 1, knots + 1)), (theirs, np.array([0.01, 0.5, 0.9, 0.99])))
    places = [np.quantile(part, at) for part, at in asked if len(part)]
    bends = np.unique(np.round(np.concatenate(places), 2))
    return Grid(cuts.astype(np.float64), edges.astype(np.float64), bends.astype(np.float64), len(ours))


@dataclass(frozen=True)
class Curves:
    """Fitted curves in log10 likelihood ratios: by feature name, knots and the values there (non-decreasing)."""

    knots: Mapping[str, Array]
    values: Mapping[str, Array]
    loss: float
    iterations: int


def _hinges(points: Array, knots: Array) -> Array:
    """A column of ones (the feature is known) and one rising from 0 to 1 between each two knots."""
    width = np.maximum(np.diff(knots), 1e-9)
    rise = np.clip((points[:, None] - knots[None, :-1]) / width[None, :], 0.0, 1.0)
    return np.concatenate([np.ones((len(points), 1)), rise], axis=1)


def _cells(codes: Sequence[Codes], bins: Sequence[int]) -> tuple[csr_array, list[int]]:
    """Which bin of which feature each pair falls into, n x all bins, and where each feature's bins start."""
    starts = np.concatenate([[0], np.cumsum(bins)])
    known = np.stack([part != UNKNOWN for part in codes], axis=1)
    column = np.stack(
        [part.astype(np.int32) + start for part, start in zip(codes, starts, strict=False)], axis=1
    )
    ends = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    data = np.ones(int(ends[-1]))
    return csr_array((data, column[known], ends), shape=(len(known), int(starts[-1]))), starts[:-1].tolist()


def fit_curves(
    names: Sequence[str],
    codes: NDArray[np.uint8],
    grids: Sequence[Grid],
    same: NDArray[np.bool_],
    weight: Array,
    offset: Array,
    *,
    absent: frozenset[str] = frozenset(),
    penalty: float = 1e-3,
    least: int = 50,
    most: int = 300,
    progress: Callable[[int, float], None] = lambda _number, _loss: None,
) -> Curves:
    """Fits all curves at once by penalised maximum likelihood (L-BFGS-B with bounds).

    Args:
        names: the features, J of them.
        codes: bin of each pair and feature, shape (J, n).
        grids: their grids.
        same: whether one controller has both accounts, shape (n,).
        weight: how many pairs of its world each row stands for, shape (n,).
        offset: natural log prior odds of a pair in the row's world, shape (n,).
        absent: features whose least value must not speak for one controller: the curve begins at 0 or below.
        penalty: weight of the squared coefficients beside the mean loss an effective same-controller pair.
        least: a feature with fewer same-controller pairs gets no curve.
        most: iterations.
        progress: told of each iteration and its loss.

    Returns:
        Curves of the features that have support; none, with a loss of nan, if no feature has.
    """
    used = [j for j, cells in enumerate(grids) if cells.pairs >= least]
    if not used:
        return Curves({}, {}, float("nan"), 0)
    bases = [_hinges(grids[j].at, grids[j].knots) for j in used]
    stops = np.cumsum([base.shape[1] for base in bases])
    slices = [slice(stop - base.shape[1], stop) for stop, base in zip(stops, bases, strict=True)]
    bounds: list[tuple[float | None, float | None]] = []
    for j, base in zip(used, bases, strict=True):
        bounds.append((None, 0.0) if names[j] in absent else (None, None))
        bounds += [(0.0, None)] * (base.shape[1] - 1)
    scale = 1.0 / max(float(weight[same].sum()), 1.0)
    sign = np.where(same, -1.0, 1.0)

    tables, starts = _cells([codes[j] for j in used], [len(base) for base in bases])

    def loss(theta: Array) -> tuple[float, Array]:
        levels = np.concatenate([base @ theta[part] for base, part in zip(bases, slices, strict=True)])
        odds = offset + tables @ levels
        cost = np.logaddexp(0.0, sign * odds)
        slope = tables.T @ (weight * sign * np.exp(np.minimum(sign * odds - cost, 0.0)))
        gradient = np.empty_like(theta)
        for base, part, start in zip(bases, slices, starts, strict=True):
            gradient[part] = slope[start : start + len(base)] @ base
        total = scale * float(weight @ cost) + penalty * float(theta @ theta)
        return total, scale * gradient + 2 * penalty * theta

    count = itertools.count(1)

    def told(intermediate_result: OptimizeResult) -> None:
        progress(next(count), float(intermediate_result.fun))

    found = minimize(
        loss, np.zeros(int(stops[-1])), jac=True, method="L-BFGS-B", bounds=bounds,
        callback=told, options={"maxiter": most, "ftol": 1e-7},
    )  # fmt: skip
    knots, values = {}, {}
    for j, part in zip(used, slices, strict=True):
        knots[names[j]] = grids[j].knots
        values[names[j]] = np.cumsum(found.x[part]) / _LN10
    return Curves(knots, values, float(found.fun), int(found.nit))

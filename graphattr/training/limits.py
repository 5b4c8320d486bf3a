"""How far a model's sums may be off: its calibration on each world that no fitting saw, and how worlds differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from graphattr.training.drawn import Drawn
from graphattr.training.measure import log10_lr
from models import AdditiveModel
from models.additive import Limits

Array = NDArray[np.float64]

#: Sums at which the limits are told, and the width of the bins that pairs are counted in, log10.
AT: Final = np.arange(-6.0, 10.5, 0.5)
#: Quantiles over worlds.
LOW: Final = 0.05
HIGH: Final = 0.95
#: Fewer worlds say nothing of how worlds differ.
LEAST: Final = 4


@dataclass(frozen=True)
class Reliability:
    """What is known of a model's sums.

    Attributes:
        limits: quantiles over worlds of what each sum was worth there; None with fewer than `LEAST` worlds.
        within: share of pairs at sums whose own calibration in their world meets the limits from the other worlds
            (nine in ten are what is stated); None where there are no limits.
    """

    limits: Limits | None
    within: float | None


def reliability(model: AdditiveModel, worlds: Sequence[Drawn]) -> Reliability:
    """Limits of a model's sums from worlds that no fitting saw.

    In each world the ratio at a sum is bounded by Venn-Abers predictors (Vovk and Petej 2014, arXiv 1211.0025): the
    isotonic calibration of the world's candidates with one pair more at that sum, of one controller and not. So a
    world with few pairs at a sum has wide bounds there. Pairs of one operator are alike, which is why the spread is
    taken over worlds and not over pairs.
    """
    bounds = [found for world in worlds if (found := _bounds(model, world)) is not None]
    inside = total = 0.0
    for number, own in enumerate(bounds):
        others = _limits([*bounds[:number], *bounds[number + 1 :]])
        if others is not None:
            low, high = others.of(AT)
            fits = (own.high >= low) & (own.low <= high)
            inside += float(own.pairs[fits].sum())
            total += float(own.pairs.sum())
    return Reliability(_limits(bounds), round(inside / total, 4) if total else None)


@dataclass(frozen=True)
class _Bounds:
    """log10 ratio at each of `AT` in one world, from below and above, and the pairs counted there."""

    low: Array
    high: Array
    pairs: Array


def _limits(bounds: Sequence[_Bounds]) -> Limits | None:
    if len(bounds) < LEAST:
        return None
    low = np.maximum.accumulate(np.quantile([one.low for one in bounds], LOW, axis=0))
    high = np.maximum.accumulate(np.quantile([one.high for one in bounds], HIGH, axis=0))
    sides = [tuple(np.round(side, 4).tolist()) for side in (low, high)]
    return Limits(at=tuple(AT.tolist()), low=sides[0], high=sides[1], worlds=len(bounds))


def _bounds(model: AdditiveModel, world: Drawn) -> _Bounds | None:
    """Venn-Abers bounds in one world; None where its candidates are all of one kind."""
    pairs = world.sample
    here = pairs.candidate
    ratio = log10_lr(model, pairs)[here]
    place = np.clip(np.rint((ratio - AT[0]) / (AT[1] - AT[0])).astype(np.int64), 0, len(AT) - 1)
    hits, misses = (
        np.bincount(place[kind], weights=pairs.weight[here][kind], minlength=len(AT)).astype(np.float64)
        for kind in (pairs.same[here], ~pairs.same[here])
    )
    if not hits.sum() or not misses.sum():
        return None
    # The ratio is against all pairs of the world's accounts, of which the others are no candidates.
    prior = pairs.prior / np.log(10.0)
    low, high = (_calibrated(hits, misses, more) - prior for more in (0.0, 1.0))
    return _Bounds(low, high, hits + misses)


def _calibrated(hits: Array, misses: Array, more: float) -> Array:
    """log10 odds at each place by isotonic regression with one pair more there: of one controller (1) or of two (0)."""
    odds = np.empty(len(hits))
    for place in range(len(hits)):
        true, false = hits.copy(), misses.copy()
        true[place] += more
        false[place] += 1 - more
        total = true + false
        share = np.divide(true, total, out=np.zeros_like(total), where=total > 0)
        fitted = isotonic_regression(share, weights=np.maximum(total, 1e-300)).x[place]
        odds[place] = np.log10(max(fitted, 1e-9)) - np.log10(max(1 - fitted, 1e-9))
    return odds

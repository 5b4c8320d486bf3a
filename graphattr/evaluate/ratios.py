"""Measures that are ratios of sums over accounts (or over rings), by stratum, with intervals by controller."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from graphattr.evaluate.bootstrap import Estimate, Floats, Ints, edge, effective, estimate, replicates, sums
from graphattr.evaluate.partition import harmonic

#: Name of the figures over everything.
ALL: Final = "all"
#: F1 and its parts: name, precision, recall.
HARMONIC: Final = tuple(
    (f"{over}{kind}f1", f"{over}{kind}precision", f"{over}{kind}recall")
    for over in ("", "non_innocent_", "attributed_")
    for kind in ("", "pairwise_")
)


@dataclass(frozen=True)
class Ratio:
    """A measure: `scale` times the sum of `above` over rows, divided by the sum of `below`; 0 <= above <= below."""

    name: str
    above: Floats
    below: Floats
    scale: float = 1.0


@dataclass(frozen=True)
class Rows:
    """What the rows are: each has a controller (`owner`, from 0, of `owners`) and a stratum (its place in `strata`)."""

    owner: Ints
    owners: int
    stratum: Ints
    strata: Sequence[str]

    def places(self) -> dict[str, Ints]:
        """Row numbers by stratum, "all" first."""
        found = {ALL: np.arange(len(self.owner))}
        return found | {name: np.flatnonzero(self.stratum == n) for n, name in enumerate(self.strata)}


def ratio_figures(
    found: Sequence[Ratio], rows: Rows, resamples: int, seed: int
) -> dict[str, dict[str, Estimate]]:
    """Each ratio over all rows and by stratum; and F1 where both its parts are among them."""
    terms = np.stack([term for ratio in found for term in (ratio.above, ratio.below)], axis=1)
    key, row = np.unique(rows.stratum * rows.owners + rows.owner, return_inverse=True)
    totals, owner = sums(terms, row, len(key)), key % max(rows.owners, 1)
    ends = np.searchsorted(key, np.arange(len(rows.strata) + 1) * rows.owners)
    cuts = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
    drawn = np.zeros((resamples, 1 + len(cuts), terms.shape[1]))
    for number, weight in enumerate(replicates(rows.owners, resamples, seed)):
        each = weight[owner]
        for place, cut in enumerate(cuts, start=1):
            drawn[number, place] = each[cut] @ totals[cut]
        drawn[number, 0] = drawn[number, 1:].sum(axis=0)
    report = {}
    for place, name in enumerate((ALL, *rows.strata)):
        cut = slice(None) if place == 0 else cuts[place - 1]
        size = sums(totals[cut, 1::2], owner[cut], rows.owners) if place == 0 else totals[cut, 1::2]
        report[name] = _stratum(found, totals[cut].sum(axis=0), drawn[:, place], size)
    return report


def _stratum(found: Sequence[Ratio], total: Floats, drawn: Floats, size: Floats) -> dict[str, Estimate]:
    """Estimates from sums.

    Args:
        found: the measures.
        total: above and below of each in turn.
        drawn: the same on resamples, a row each.
        size: `below` by controller, a column each.
    """
    names = [ratio.name for ratio in found]
    value = dict(zip(names, _quotient(total[0::2], total[1::2]), strict=True))
    resampled = dict(zip(names, _quotient(drawn[:, 0::2], drawn[:, 1::2]).T, strict=True))
    figures = {}
    for ratio, below, by_owner in zip(found, total[1::2], size.T, strict=True):
        share = float(value[ratio.name])
        got = estimate(share, resampled[ratio.name], float(below))
        if len(drawn) and share in (0.0, 1.0):
            got = Estimate(share, *edge(share, effective(by_owner)), float(below))
        figures[ratio.name] = _scaled(got, ratio.scale)
    return _with_f1(figures, value, resampled)


def _with_f1(
    figures: dict[str, Estimate], value: Mapping[str, float], resampled: Mapping[str, Floats]
) -> dict[str, Estimate]:
    """The figures with each F1 after its recall."""
    parts = {recall: (name, precision) for name, precision, recall in HARMONIC}
    ordered = {}
    for recall, figure in figures.items():
        ordered[recall] = figure
        name, precision = parts.get(recall, ("", ""))
        if precision in figures:
            mean = float(harmonic(np.asarray(value[precision]), np.asarray(value[recall])))
            got = estimate(mean, harmonic(resampled[precision], resampled[recall]), figures[precision].n)
            edged = mean in (0.0, 1.0)
            ordered[name] = _from_parts(mean, figures[precision], figure) if edged else got
    return ordered


def _scaled(got: Estimate, scale: float) -> Estimate:
    value, low, high = (part if part is None else part * scale for part in (got.value, got.low, got.high))
    return Estimate(value, low, high, got.n)


def _from_parts(value: float, precision: Estimate, recall: Estimate) -> Estimate:
    """F1 of exactly 0 or 1: its limits are those that the limits of its parts give."""
    ends = []
    for first, second in ((precision.low, recall.low), (precision.high, recall.high)):
        there = first is not None and second is not None
        ends.append(float(harmonic(np.asarray(first), np.asarray(second))) if there else None)
    return Estimate(value, ends[0], ends[1], precision.n)


def _quotient(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))

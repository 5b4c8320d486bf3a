"""Do stated probabilities and their intervals hold? Calibration error and coverage, by stratum.

A member's interval [low, high] claims that the account's chance to belong to its ring lies in it, nine times
out of ten. One account shows only an outcome, not a chance, so no single interval can be checked: groups of
members with like probabilities can. Within each stratum the members are sorted by probability and cut into
groups of equal size (at most GROUPS, of MIN_GROUP members or more where there are that many; equal
probabilities stay together). A group is covered if the share of its accounts that are right lies between the
mean of their lows and the mean of their highs: if all its chances lay in their intervals, so would their mean,
and the share estimates that mean. `coverage` is the share of members in covered groups; honest intervals of 90 %
give .9 or more, for where the errors inside a group differ they cancel in its mean. `coverage_at_most` also
counts the groups whose share differs from the interval by no more than chance (its own 95 % interval, by
controller, touches it); the truth lies between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphattr.evaluate.bootstrap import (
    TAIL,
    Estimate,
    Floats,
    Ints,
    counted,
    edge,
    effective,
    estimate,
    replicates,
    sums,
)
from graphattr.evaluate.ratios import ALL, Rows
from graphattr.evaluate.scores import BINS, bin_of

GROUPS: Final = 20
MIN_GROUP: Final = 50

Table = dict[str, dict[str, Estimate]]


def ece_figures(
    rows: Rows, probability: Floats, outcome: Floats, name: str, resamples: int, seed: int
) -> Table:
    """Expected calibration error (see `scores.ece`) by stratum, as the figure `name`; `outcome` is 0 to 1."""
    cell = rows.stratum * BINS + bin_of(probability)
    cells = len(rows.strata) * BINS
    gap = outcome - probability

    def error(weight: Floats) -> Floats:
        """For all rows and each stratum."""
        gaps = counted(cell, weight * gap, cells).reshape(-1, BINS)
        total = counted(rows.stratum, weight, len(rows.strata))
        above = np.concatenate([[np.abs(gaps.sum(axis=0)).sum()], np.abs(gaps).sum(axis=1)])
        below = np.concatenate([[total.sum()], total])
        return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))

    value = error(np.ones(len(cell)))
    drawn = [error(weight[rows.owner]) for weight in replicates(rows.owners, resamples, seed)]
    resampled = np.array(drawn).reshape(resamples, len(value))
    size = [len(cell), *np.bincount(rows.stratum, minlength=len(rows.strata))]
    return {
        stratum: {name: estimate(float(value[n]), resampled[:, n], float(size[n]))}
        for n, stratum in enumerate((ALL, *rows.strata))
    }


@dataclass(frozen=True)
class Intervals:
    """Members with their stated probability and interval, and their outcome (1 right, 0 wrong, between if level)."""

    probability: Floats
    low: Floats
    high: Floats
    right: Floats

    def of(self, place: Ints) -> Intervals:
        """Those in the given places."""
        return Intervals(self.probability[place], self.low[place], self.high[place], self.right[place])


def grouped(probability: Floats) -> Ints:
    """Group number of each member, from 0, by rising probability."""
    size = len(probability)
    groups = int(np.clip(size // MIN_GROUP, 1, GROUPS))
    values, tie, counts = np.unique(probability, return_inverse=True, return_counts=True)
    # A run of ties goes where its middle falls.
    middle = (np.cumsum(counts) - counts / 2) * groups / max(size, 1)
    _, number = np.unique(np.minimum(middle.astype(np.int64), groups - 1), return_inverse=True)
    return np.asarray(number[tie] if len(values) else tie, dtype=np.int64)


def coverage(
    stated: Intervals, owner: Ints, owners: int, resamples: int, seed: int
) -> tuple[dict[str, Estimate], list[dict[str, Any]]]:
    """Coverage of the intervals of some members, with the groups that it was read off.

    Returns:
        coverage and coverage_at_most; and a row a group: n, probability, low, high (means), right (the share),
        right_low, right_high (its interval, None without resamples), and verdict: inside, below (stated too
        high), above (too low), or close (outside, by no more than chance).
    """
    size = len(stated.right)
    if not size:
        nothing = Estimate(None, None, None, 0.0)
        return {"coverage": nothing, "coverage_at_most": nothing}, []
    group = grouped(stated.probability)
    groups = int(group.max()) + 1
    terms = np.stack([np.ones(size), stated.right, stated.low, stated.high, stated.probability], axis=1)
    total = sums(terms, group, groups)
    drawn = np.zeros((resamples, groups, 4))
    for number, weight in enumerate(replicates(owners, resamples, seed)):
        drawn[number] = sums(terms[:, :4] * weight[owner][:, None], group, groups)
    mean = total[:, 1:] / total[:, :1]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = drawn[:, :, 1:] / drawn[:, :, :1]
        again = (_holds(means) * drawn[:, :, 0]).sum(axis=1) / drawn[:, :, 0].sum(axis=1)
    inside = _holds(mean)
    kish = [effective(counted(owner[group == n], terms[group == n, 0])) for n in range(groups)]
    limits = [_limits(mean[n, 0], means[:, n, 0], kish[n]) for n in range(groups)]
    verdicts = [_verdict(bool(inside[n]), mean[n], limits[n]) for n in range(groups)]
    held = total[:, 0] / size
    not_missed = np.array([verdict in ("inside", "close") for verdict in verdicts])
    figures = {
        "coverage": estimate(float(held @ inside), again, float(size)),
        "coverage_at_most": Estimate(float(held @ not_missed), None, None, float(size)),
    }
    names = ("right", "low", "high", "probability")
    rows = [
        {
            "n": int(total[n, 0]),
            **{name: float(mean[n, k]) for k, name in enumerate(names)},
            "right_low": limits[n][0],
            "right_high": limits[n][1],
            "verdict": verdicts[n],
        }
        for n in range(groups)
    ]
    return figures, rows


def _holds(mean: Floats) -> Floats:
    """Whether the share right (0) lies between the mean low (1) and the mean high (2)."""
    slack = 1e-12
    return np.asarray((mean[..., 1] - slack <= mean[..., 0]) & (mean[..., 0] <= mean[..., 2] + slack))


def _limits(share: float, resampled: Floats, controllers: float) -> tuple[float | None, float | None]:
    there = resampled[np.isfinite(resampled)]
    if not len(there):
        return None, None
    if share in (0.0, 1.0):
        return edge(share, controllers)
    low, high = np.quantile(there, (TAIL, 1 - TAIL))
    return float(low), float(high)


def _verdict(inside: bool, mean: Floats, limits: tuple[float | None, float | None]) -> str:
    right, low, high = mean[:3]
    if inside:
        return "inside"
    if limits[0] is not None and limits[1] is not None and limits[0] <= high and limits[1] >= low:
        return "close"
    return "below" if right < low else "above"

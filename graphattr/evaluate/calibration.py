"""Do stated probabilities and their intervals hold? Calibration error and coverage, by stratum.

A member's interval [low, high] claims that the account's chance to belong to its ring lies in it, nine times
out of ten. One account shows only an outcome, not a chance, so no single interval can be checked: groups of
members with like probabilities can. Within each stratum the members are sorted by probability and cut into
groups of equal size (at most GROUPS, of MIN_GROUP members or more where there are that many; equal
probabilities stay together). A group is covered if the number of its accounts that are right lies between the
sum of their lows and the sum of their highs, each to the next whole account: if all its chances lay in their
intervals, so would their sum, and the number estimates that sum.

`coverage` is the share of members in covered groups. Honest intervals of 90 % give .9 or more: .9 where the
errors inside a group are all the same, more where they differ and cancel. Small groups lose some to chance, so
`coverage_at_most` also counts the groups whose share misses the interval by no more than that (its own 95 %
interval, by controller, touches it); the truth lies between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

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


def grouped(probability: Floats) -> Ints:
    """Group number of each member, from 0, by rising probability."""
    size = len(probability)
    groups = int(np.clip(size // MIN_GROUP, 1, GROUPS))
    _, tie, counts = np.unique(probability, return_inverse=True, return_counts=True)
    # A run of ties goes where its middle falls.
    middle = (np.cumsum(counts) - counts / 2) * groups / max(size, 1)
    _, number = np.unique(np.minimum(middle.astype(np.int64), groups - 1), return_inverse=True)
    return np.asarray(number[tie], dtype=np.int64)


def coverage(
    stated: Intervals, rows: Rows, resamples: int, seed: int
) -> tuple[Table, dict[str, list[dict[str, Any]]]]:
    """Coverage of the members' intervals by stratum, and by stratum the groups that it was read off.

    Returns:
        coverage and coverage_at_most; and a row a group: n, probability, low, high (means), right (the share),
        right_low, right_high (its interval, None without resamples), and verdict: inside, below (stated too
        high), above (too low), or close (outside, by no more than chance).
    """
    terms = np.stack(
        [np.ones(len(stated.right)), stated.right, stated.low, stated.high, stated.probability], axis=1
    )
    places = rows.places()
    # All members first, then all again by stratum: each pass over the resamples serves every stratum.
    group = np.zeros((2, len(terms)), dtype=np.int64)
    group[0] = grouped(stated.probability)
    ends = [0, int(group[0].max(initial=-1)) + 1]
    for where in list(places.values())[1:]:
        inside = grouped(stated.probability[where])
        group[1, where] = ends[-1] + inside
        ends.append(ends[-1] + int(inside.max(initial=-1)) + 1)
    drawn = np.zeros((resamples, ends[-1], 4))
    for number, weight in enumerate(replicates(rows.owners, resamples, seed)):
        each = terms[:, :4] * weight[rows.owner][:, None]
        drawn[number] = sums(each, group[0], ends[-1]) + sums(each, group[1], ends[-1])
    total = sums(terms, group[0], ends[-1]) + sums(terms, group[1], ends[-1])
    figures, tables = {}, {}
    for name, start, stop in zip(places, ends, ends[1:], strict=False):
        at = [rows.owner[(group == n).any(axis=0)] for n in range(start, stop)]
        kish = [effective(counted(owner, np.ones(len(owner)))) for owner in at]
        figures[name], tables[name] = _covered(total[start:stop], drawn[:, start:stop], kish)
    return figures, tables


def _covered(
    total: Floats, drawn: Floats, controllers: list[float]
) -> tuple[dict[str, Estimate], list[dict[str, Any]]]:
    """Coverage over some groups: sums of one, right, low, high, probability; those on resamples; `effective`."""
    size = float(total[:, 0].sum())
    if not size:
        nothing = Estimate(None, None, None, 0.0)
        return {"coverage": nothing, "coverage_at_most": nothing}, []
    mean = total[:, 1:] / total[:, :1]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = drawn[:, :, 1:] / drawn[:, :, :1]
        again = (holds(drawn) * drawn[:, :, 0]).sum(axis=1) / drawn[:, :, 0].sum(axis=1)
    inside = holds(total)
    limits = [_limits(mean[n, 0], means[:, n, 0], controllers[n]) for n in range(len(mean))]
    verdicts = [_verdict(bool(inside[n]), mean[n], limits[n]) for n in range(len(mean))]
    not_missed = np.array([verdict in ("inside", "close") for verdict in verdicts])
    held = total[:, 0] / size
    figures = {
        "coverage": estimate(float(held @ inside), again, size),
        "coverage_at_most": Estimate(float(held @ not_missed), None, None, size),
    }
    names = ("right", "low", "high", "probability")
    table = [
        {
            "n": int(total[n, 0]),
            **{name: float(mean[n, k]) for k, name in enumerate(names)},
            "right_low": limits[n][0],
            "right_high": limits[n][1],
            "verdict": verdicts[n],
        }
        for n in range(len(mean))
    ]
    return figures, table


def holds(total: Floats) -> npt.NDArray[np.bool_]:
    """Whether groups are covered, to the whole account either way.

    Args:
        total: sums of one, right, low and high over each group, shape (..., 4 or more).

    Returns:
        Shape (...,).
    """
    slack = 1e-9
    _, right, low, high = (total[..., k] for k in range(4))
    return np.asarray((np.floor(low + slack) - slack <= right) & (right <= np.ceil(high - slack) + slack))


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

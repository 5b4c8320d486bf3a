"""The few statistics that the reports of realism are made of, each for one array of numbers."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from graphattr.simulate.draws import Floats

NAN = float("nan")


def auc(higher: Floats, lower: Floats) -> float:
    """How often a draw of the first is larger than one of the second, ties half; nan if one is empty.

    Missing values (nan) are left out. Mann and Whitney, Annals of Mathematical Statistics 18 (1947).
    """
    first, second = higher[~np.isnan(higher)], lower[~np.isnan(lower)]
    if not len(first) or not len(second):
        return NAN
    ranks = rankdata(np.concatenate([first, second]))
    return float((ranks[: len(first)].sum() / len(first) - (len(first) + 1) / 2) / len(second))


def gini(amounts: Floats) -> float:
    """Gini coefficient of amounts that are not negative: 0 if all alike, near 1 if one has all."""
    if not len(amounts) or amounts.sum() == 0:
        return NAN
    ordered = np.sort(amounts)
    rank = np.arange(1, len(ordered) + 1)
    return float((2 * rank - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def top_share(amounts: Floats, part: float) -> float:
    """Share of the total that the largest `part` of the holders has, at least one holder."""
    if not len(amounts) or amounts.sum() == 0:
        return NAN
    most = max(1, int(np.ceil(part * len(amounts))))
    return float(np.sort(amounts)[::-1][:most].sum() / amounts.sum())


def burstiness(gaps: Floats) -> float:
    """(sd - mean) / (sd + mean) of gaps: -1 regular, 0 Poisson, 1 bursty (Goh and Barabasi, EPL 81, 2008)."""
    if len(gaps) < 2 or gaps.sum() == 0:
        return NAN
    mean, deviation = float(gaps.mean()), float(gaps.std())
    return (deviation - mean) / (deviation + mean)


def zipf_slope(counts: Floats, ranks: int = 1000) -> float:
    """Exponent s of count ~ rank**-s: least squares in logarithms over the first `ranks` ranks."""
    ordered = np.sort(counts[counts > 0])[::-1][:ranks]
    if len(ordered) < 2:
        return NAN
    return float(-np.polyfit(np.log(np.arange(1, len(ordered) + 1)), np.log(ordered), 1)[0])


def mean(values: Floats) -> float:
    """The mean; nan of nothing."""
    return float(values.mean()) if len(values) else NAN


def quantile(values: Floats, at: float) -> float:
    """A quantile, interpolated; nan of nothing."""
    return float(np.quantile(values, at)) if len(values) else NAN

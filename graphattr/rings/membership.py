"""How firmly each account belongs to its ring: the account's own score against the ring, with evidence resampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.score import Scored, contributions, probability, value_groups
from graphattr.records import GROUPS, Tier
from graphattr.rings.group import Grouping
from models import AdditiveModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A bootstrap sample holds a given item with probability 1 - 1/e.
KEPT = 1 - np.exp(-1)
CORE, PROBABLE = 0.9, 0.5
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Membership:
    """Membership of the accounts in rings.

    Attributes:
        account: account numbers, ascending, shape (k,).
        probability, low, high: mean, and 5 % and 95 % quantiles widened to hold it, over the resamples, shape (k,).
    """

    account: Whole
    probability: Array
    low: Array
    high: Array

    def tiers(self) -> list[str]:
        """Tier of each account: core, probable or unresolved."""
        return [
            Tier.CORE if p >= CORE else Tier.PROBABLE if p >= PROBABLE else Tier.UNRESOLVED
            for p in self.probability
        ]


def membership(
    index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel, resamples: int, seed: int
) -> Membership:
    """Membership probabilities by resampling values.

    An account's log-odds of belonging are the prior plus, for each group of evidence, the best piece that it shares
    with any other member. Each draw keeps a value with the probability of a bootstrap sample, for all accounts that
    hold it at once: the pairs of one value stand and fall together. A likeness falls with either account's figure.

    Args:
        index: the run's index.
        scored: the scored pairs.
        grouping: the rings.
        model: the evidence model.
        resamples: number of draws.
        seed: seed of the draws.
    """
    members = np.flatnonzero(np.isin(grouping.entity, grouping.rings))
    ends, group, ratio, source = _sources(index, scored, grouping, model)
    generator = np.random.default_rng(seed)
    draws = np.empty((resamples, len(members)))
    position = np.full(index.size, -1)
    position[members] = np.arange(len(members))
    rows = position[ends]
    for draw in range(resamples):
        kept = generator.random(source.max(initial=0) + 1) < KEPT
        here = kept[source].all(axis=1)
        best = np.full((len(members), len(GROUPS)), -np.inf)
        np.maximum.at(best, (rows[here], group[here]), ratio[here])
        draws[draw] = probability(contributions(model, best).sum(axis=1) + scored.prior)
    if not len(members):
        return Membership(members, np.empty(0), np.empty(0), np.empty(0))
    mean = draws.mean(axis=0)
    low, high = np.quantile(draws, INTERVAL, axis=0)
    # A mean of a skewed sample can lie outside its quantiles; the interval must hold the figure it is given for.
    return Membership(members, mean, np.minimum(low, mean), np.maximum(high, mean))


def _sources(
    index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel
) -> tuple[Whole, Whole, Array, Whole]:
    """Pieces inside rings, told from both ends: account, group, log10 ratio, and the two sources it falls with."""
    found = scored.candidates
    inside = np.zeros(len(found), dtype=bool)
    inside[grouping.links] = True
    chosen = inside[found.pieces["pair"].to_numpy()]
    pieces = found.pieces.filter(pl.Series(chosen))
    value = pieces["value"].cast(pl.Int64).to_numpy()
    ends = [pieces["a"].cast(pl.Int64).to_numpy(), pieces["b"].cast(pl.Int64).to_numpy()]
    group = [value_groups(index)[value]] * 2
    ratio = [scored.pieces[chosen]] * 2
    source = [np.stack([value, value], axis=1)] * 2
    for n, (name, likeness) in enumerate(scored.likeness.items()):
        first = index.values.height + n * index.size
        a, b = found.a[grouping.links], found.b[grouping.links]
        ends += [a, b]
        group += [np.full(len(a), GROUPS.index(model.likeness[name].group))] * 2
        ratio += [likeness[grouping.links]] * 2
        source += [np.stack([first + a, first + b], axis=1)] * 2
    return np.concatenate(ends), np.concatenate(group), np.concatenate(ratio), np.concatenate(source)

"""How firmly each account belongs to its ring: the account's own score against the ring, with evidence resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.score import Scored, probability
from graphattr.links.tally import Slots, Tally
from graphattr.records import Tier
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

    An account belongs as firmly as its best link inside the ring. Each draw keeps a value with the probability of a
    bootstrap sample, for all accounts that hold it at once: the pairs of one value stand and fall together. What is
    no shared value (a likeness) falls with either account's figures.

    Args:
        index: the run's index.
        scored: the scored pairs.
        grouping: the rings.
        model: the evidence model.
        resamples: number of draws.
        seed: seed of the draws.
    """
    members = np.flatnonzero(np.isin(grouping.entity, grouping.rings))
    if not len(members):
        return Membership(members, np.empty(0), np.empty(0), np.empty(0))
    found = scored.candidates
    inside = Inside.of(scored, grouping.links, Slots.of(model))
    a, b = found.a[grouping.links], found.b[grouping.links]
    generator = np.random.default_rng(seed)
    draws = np.empty((resamples, len(members)))
    for draw in range(resamples):
        values = generator.random(index.values.height) < KEPT
        accounts = generator.random(index.size) < KEPT
        odds = inside.tally.groups(inside.weight, values[inside.value], accounts[a] & accounts[b]).sum(axis=1)
        best = np.full(index.size, -np.inf)
        np.maximum.at(best, a, odds)
        np.maximum.at(best, b, odds)
        draws[draw] = probability(best[members] + scored.prior)
    mean = draws.mean(axis=0)
    low, high = np.quantile(draws, INTERVAL, axis=0)
    # A mean of a skewed sample can lie outside its quantiles; the interval must hold the figure it is given for.
    return Membership(members, mean, np.minimum(low, mean), np.maximum(high, mean))


@dataclass(frozen=True)
class Inside:
    """The pieces of some pairs, to be tallied again and again.

    Attributes:
        tally: over the pairs, in their order.
        value: value of each piece, shape (m,).
        weight: log10 likelihood ratio of each piece, shape (m,).
        slot: slot of each piece, shape (m,).
        pair: position of each piece's pair among the pairs, ascending, shape (m,).
    """

    tally: Tally
    value: Whole
    weight: Array
    slot: NDArray[np.int16]
    pair: Whole

    @classmethod
    def of(cls, scored: Scored, links: Whole, slots: Slots) -> Self:
        """The pieces of the pairs at positions `links`, ascending."""
        pieces = scored.candidates.pieces
        place = np.full(len(scored.candidates), -1)
        place[links] = np.arange(len(links))
        pair = place[pieces["pair"].to_numpy()]
        rows = np.flatnonzero(pair >= 0)
        value = pieces["value"].cast(pl.Int64).to_numpy()[rows]
        tally = Tally(
            slots,
            len(links),
            pair[rows],
            scored.slot[rows],
            scored.traits.fixed[links],
            scored.traits.likeness[links],
        )
        return cls(tally, value, scored.pieces[rows], scored.slot[rows], pair[rows])

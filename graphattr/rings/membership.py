"""How firmly each account belongs to its ring: its links inside it as they are, and with evidence resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.score import DECIMALS, Scored, probability
from graphattr.links.tally import Slots, Tally
from graphattr.records import Tier
from graphattr.rings.between import Links, own
from graphattr.rings.group import Grouping
from graphattr.rings.guards import corroborated, hanging, has_core
from graphattr.settings import RingSettings
from models import AdditiveModel
from models.joining import Joining

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A bootstrap sample holds a given item with probability 1 - 1/e.
KEPT = 1 - np.exp(-1)
CORE, PROBABLE = 0.9, 0.5
#: Members with less support are left out where links are not calibrated.
LEAST_SUPPORT = 0.03
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Membership:
    """Membership of the accounts in rings.

    Attributes:
        account: account numbers, ascending, shape (k,).
        probability, low, high: how likely the account belongs, and the limits of that, shape (k,).
    """

    account: Whole
    probability: Array
    low: Array
    high: Array

    def of(self, accounts: Whole) -> Membership:
        """Of some of the accounts."""
        rows = np.isin(self.account, accounts)
        return Membership(self.account[rows], self.probability[rows], self.low[rows], self.high[rows])

    def tiers(self) -> list[str]:
        """Tier of each account: core, probable or unresolved, by its probability as it is published."""
        return [
            Tier.CORE if p >= CORE else Tier.PROBABLE if p >= PROBABLE else Tier.UNRESOLVED
            for p in np.round(self.probability, DECIMALS)
        ]


def supported(
    index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel, settings: RingSettings, seed: int
) -> tuple[Grouping, Membership]:
    """The rings without members that have hardly any support, and that support as their membership.

    For runs whose links are not calibrated: what support is worth as a probability nobody has measured.
    """
    while True:
        resampled = membership(index, scored, grouping, model, settings.resamples, seed)
        weak = resampled.account[resampled.probability < LEAST_SUPPORT]
        pruned = without(scored, grouping, weak, settings)
        firm = resampled.account[resampled.probability >= LEAST_SUPPORT]
        if len(np.unique(pruned.entity[firm])) == len(np.unique(grouping.entity[firm])):
            return pruned, resampled.of(np.flatnonzero(np.isin(pruned.entity, pruned.rings)))
        grouping = pruned  # a ring fell apart: links between its pieces no longer make a member


def belonging(
    index: Index,
    scored: Scored,
    grouping: Grouping,
    links: Links,
    model: AdditiveModel,
    joining: Joining,
    settings: RingSettings,
    seed: int,
) -> tuple[Grouping, Membership]:
    """The rings without members that more likely do not belong, and how likely the others do.

    An account's links with the rest of its ring, what pulls it elsewhere, and the support of its links under
    resampling are read by curves that were fitted to rings with known truth; the interval is what such
    probabilities were worth in fresh worlds. Who hangs on one kind of evidence in a ring that could be attributed
    leaves it too (`guards.hanging`): it may have been planted. As members leave, the others are read again.

    Args:
        index: the run's index.
        scored: the scored pairs.
        grouping: the rings.
        links: all links, of the rings and between them.
        model: the evidence model.
        joining: the curves.
        settings: least membership, number of draws.
        seed: seed of the draws.
    """
    support = np.zeros(index.size)
    resampled = membership(index, scored, grouping, model, settings.resamples, seed)
    support[resampled.account] = resampled.probability
    cored = has_core(scored, grouping.links, grouping.entity)
    while True:
        found = own(links, grouping.entity, support)
        here = np.isin(grouping.entity[found.first], grouping.rings)
        member = found.first[here]
        told = probability(joining.stay.odds(found.case[here], found.figures[here]))
        hang = hanging(scored, grouping.links, grouping.entity, cored)
        weak = member[(told < settings.min_membership) | hang[member]]
        if not len(weak):
            low, high = (told, told) if joining.limits is None else joining.limits.of(told)
            return grouping, Membership(member, told, low, high)
        grouping = without(scored, grouping, weak, settings)


def without(scored: Scored, grouping: Grouping, leaving: Whole, settings: RingSettings) -> Grouping:
    """The rings without some accounts; what only they held together falls apart, and what is too small is no ring."""
    entity = grouping.entity.copy()
    entity[leaving] = len(entity) + leaving
    entity = corroborated(scored, grouping.links, entity)
    numbers, counts = np.unique(entity, return_counts=True)
    rings = np.intersect1d(
        numbers[counts >= settings.min_size], entity[np.isin(grouping.entity, grouping.rings)]
    )
    a, b = scored.candidates.a[grouping.links], scored.candidates.b[grouping.links]
    links = grouping.links[(entity[a] == entity[b]) & np.isin(entity[a], rings)]
    return Grouping(entity, links, rings)


def membership(
    index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel, resamples: int, seed: int
) -> Membership:
    """Support of members: the mean over resamples of the probability of the best link inside the ring.

    An account belongs as firmly as its best link inside the ring. Each draw keeps a value with the probability of a
    bootstrap sample, for all accounts that hold it at once: the pairs of one value stand and fall together. What is
    no shared value (a likeness) falls with either account's figures. The limits are the 5 % and 95 % quantiles over
    the draws, widened to hold the mean.

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
        of_pair = scored.traits.part(links)
        tally = Tally(slots, len(links), pair[rows], scored.slot[rows], of_pair.fixed, of_pair.likeness)
        return cls(tally, value, scored.pieces[rows], scored.slot[rows], pair[rows])

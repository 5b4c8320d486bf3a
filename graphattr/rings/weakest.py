"""The weakest point of a ring: the one signal value without which it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.links.index import Index
from graphattr.links.score import Scored, probability
from graphattr.links.tally import Slots, Tally
from graphattr.rings.group import Grouping, resolution
from graphattr.rings.membership import Inside
from graphattr.settings import LinkSettings, RingSettings
from models import AdditiveModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Losses of a piece that are added up at a time, so that memory does not grow with them.
CHUNK: Final = 100_000
#: Links at least this probable hold a joined ring together.
JOINED_LINK: Final = 0.5


def weakest_points(
    index: Index,
    scored: Scored,
    grouping: Grouping,
    model: AdditiveModel,
    links: LinkSettings,
    rings: RingSettings,
    *,
    joined: bool,
) -> dict[int, str | None]:
    """For each ring the value, as "signal:value", whose loss breaks it most; None where no single loss does.

    Without the value every pair falls back to its next best piece. A community is broken when the mean link
    probability over all its pairs is below the resolution that holds it together, or when less than half of it is
    still connected by links. Joined rings may be sparse: one is broken when links that are more probable than not
    connected half of it and no longer do.

    Args:
        index: the run's index.
        scored: the scored pairs.
        grouping: the rings.
        model: the evidence model.
        links: `min_probability` of a link.
        rings: the resolution.
        joined: whether rings are joined cells, or communities.
    """
    limit = 0.0 if joined else resolution(scored, index.size, rings)
    least = np.full(index.size, links.min_probability)
    if joined:
        # What such links do not connect in the first place is held by weaker ones: these must not hang on one value.
        loose = _loose(scored, grouping, JOINED_LINK)
        least[grouping.rings] = np.where(loose, links.min_probability, JOINED_LINK)
    found: dict[int, str | None] = {int(ring): None for ring in grouping.rings}
    if not len(grouping.links):
        return found
    texts = (index.values["signal"] + ":" + index.values["text"]).to_list()
    inside = Inside.of(scored, grouping.links, Slots.of(model))
    losses = _Losses.of(scored, grouping, inside, Slots.of(model))
    broken: dict[int, list[tuple[float, str]]] = {}
    for ring, value, density in _breaks(scored, grouping, inside, losses, limit, least):
        broken.setdefault(ring, []).append((density, texts[value]))
    return found | {ring: min(points)[1] for ring, points in broken.items()}


@dataclass(frozen=True)
class _Losses:
    """What is left of a pair without a value that is the best of its slot: only such a loss changes anything.

    Attributes:
        pair: position of the pair among those inside rings, shape (l,).
        value: the value lost, shape (l,).
        left: probability of the pair without it, shape (l,).
        ring: number of the pair's ring, shape (l,); the losses are sorted by ring, then value.
        turn: 0 for the first value of a ring, 1 for its next ..., shape (l,).
    """

    pair: Whole
    value: Whole
    left: Array
    ring: Whole
    turn: Whole

    @classmethod
    def of(cls, scored: Scored, grouping: Grouping, inside: Inside, slots: Slots) -> Self:
        """All losses of one value inside rings. A pair shares a value once, so that it loses one piece."""
        lost = np.flatnonzero(inside.tally.leading(inside.weight))
        ring = grouping.entity[scored.candidates.a[grouping.links]][inside.pair[lost]]
        order = np.lexsort((inside.value[lost], ring))
        lost, ring = lost[order], ring[order]
        left = np.empty(len(lost))
        for start in range(0, len(lost), CHUNK):
            part = slice(start, start + CHUNK)
            left[part] = probability(_without(scored, grouping, inside, slots, lost[part]) + scored.prior)
        value = inside.value[lost]
        # Number of distinct values so far, less those of the rings before.
        new = np.diff(ring, prepend=-1) != 0
        count = np.cumsum(new | (np.diff(value, prepend=-1) != 0)) - 1
        turn = count - count[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
        return cls(inside.pair[lost], value, left, ring, turn)


def _without(scored: Scored, grouping: Grouping, inside: Inside, slots: Slots, lost: Whole) -> Array:
    """log10 likelihood ratio of the pair of each lost piece from what is left, shape of lost."""
    pair = inside.pair[lost]
    first, last = np.searchsorted(inside.pair, pair, "left"), np.searchsorted(inside.pair, pair, "right")
    size = last - first
    case = np.repeat(np.arange(len(lost)), size)
    piece = np.arange(len(case)) - np.repeat(np.cumsum(size) - size - first, size)
    links = grouping.links[pair]
    of_pair = scored.traits.part(links)
    tally = Tally(slots, len(lost), case, inside.slot[piece], of_pair.fixed, of_pair.likeness)
    return np.asarray(tally.groups(inside.weight[piece], piece != lost[case]).sum(axis=1))


def _breaks(
    scored: Scored, grouping: Grouping, inside: Inside, losses: _Losses, limit: float, least: Array
) -> Iterator[tuple[int, int, float]]:
    """Ring, value and density left, for each value whose loss breaks a ring.

    All rings lose their first value at once, then their second ...: rings are numbered by how many they have to
    lose, most first, so that those still at it are always the first ones.
    """
    found = scored.candidates
    ring = grouping.entity[found.a[grouping.links]]
    turns = np.zeros(len(grouping.entity), dtype=np.int64)
    np.maximum.at(turns, losses.ring, losses.turn + 1)
    names = grouping.rings[np.argsort(-turns[grouping.rings], kind="stable")]
    number = np.full(len(grouping.entity), -1)
    number[names] = np.arange(len(names))
    pairs = np.argsort(number[ring], kind="stable")
    place = np.empty_like(pairs)
    place[pairs] = np.arange(len(pairs))
    owner = number[ring][pairs]
    floor = least[ring][pairs]
    accounts, ends = np.unique(
        np.concatenate([found.a[grouping.links[pairs]], found.b[grouping.links[pairs]]]), return_inverse=True
    )
    a, b = np.split(ends, 2)
    ring_of = number[grouping.entity[accounts]]
    size = np.bincount(ring_of, minlength=len(names))
    whole = probability(inside.tally.groups(inside.weight).sum(axis=1) + scored.prior)[pairs]
    connected = _largest(a, b, whole >= floor, ring_of, len(names))
    by_turn = np.argsort(losses.turn, kind="stable")
    starts = np.searchsorted(losses.turn[by_turn], np.arange(int(losses.turn.max(initial=-1)) + 2))
    for start, stop in pairwise(starts.tolist()):
        lost = by_turn[start:stop]
        gone = np.full(len(names), -1)
        gone[number[losses.ring[lost]]] = losses.value[lost]
        rings = int(np.count_nonzero(gone >= 0))
        some = int(np.searchsorted(owner, rings))
        left = whole[:some].copy()
        left[place[losses.pair[lost]]] = losses.left[lost]
        density = np.bincount(owner[:some], left, rings) / np.maximum(
            size[:rings] * (size[:rings] - 1) / 2, 1
        )
        largest = connected[:rings].copy()
        cut = np.unique(owner[:some][(whole[:some] >= floor[:some]) & (left < floor[:some])])
        if len(cut):
            here = np.flatnonzero(np.isin(owner[:some], cut))
            largest[cut] = _largest(a[here], b[here], left[here] >= floor[here], ring_of, len(names))[cut]
        half = size[:rings] / 2
        # Without a density to fall below, only what was connected can break.
        apart = (largest < half) & ((limit > 0) | (connected[:rings] >= half))
        for at in np.flatnonzero((density < limit) | apart):
            yield int(names[at]), int(gone[at]), float(density[at])


def _loose(scored: Scored, grouping: Grouping, least: float) -> NDArray[np.bool_]:
    """Which rings links at least so probable connect less than half of, shape of grouping.rings."""
    found, links = scored.candidates, grouping.links
    number = np.searchsorted(grouping.rings, grouping.entity)
    member = np.isin(grouping.entity, grouping.rings)
    ring_of = np.where(member, number, len(grouping.rings))
    largest = _largest(
        found.a[links], found.b[links], scored.probability[links] >= least, ring_of, len(grouping.rings) + 1
    )[:-1]
    size = np.bincount(ring_of, minlength=len(grouping.rings) + 1)[:-1]
    return np.asarray(largest < size / 2)


def _largest(a: Whole, b: Whole, strong: NDArray[np.bool_], ring_of: Whole, rings: int) -> Whole:
    """By ring the accounts in the largest piece that strong pairs connect; 0 where none is connected to another."""
    shape = (len(ring_of), len(ring_of))
    _, piece = connected_components(
        coo_array((np.ones(strong.sum()), (a[strong], b[strong])), shape=shape), directed=False
    )
    largest = np.zeros(rings, dtype=np.int64)
    np.maximum.at(largest, ring_of, np.bincount(piece)[piece])
    return np.where(largest > 1, largest, 0)

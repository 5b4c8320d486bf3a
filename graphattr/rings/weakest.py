"""The weakest point of a ring: the one signal value without which it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.links.index import Index
from graphattr.links.score import Scored, probability
from graphattr.links.tally import Slots
from graphattr.rings.group import Grouping, resolution
from graphattr.rings.membership import Inside
from graphattr.settings import LinkSettings, RingSettings
from models import AdditiveModel

Whole = NDArray[np.int64]


def weakest_points(
    index: Index,
    scored: Scored,
    grouping: Grouping,
    model: AdditiveModel,
    links: LinkSettings,
    rings: RingSettings,
) -> dict[int, str | None]:
    """For each ring the value, as "signal:value", whose loss breaks it most; None where no single loss does.

    Without the value every pair falls back to its next best piece. The ring is broken when the mean link
    probability over all its pairs is below the resolution that holds a ring together, or when less than half of it
    is still connected by links.
    """
    limit = resolution(scored, index.size, rings)
    texts = (index.values["signal"] + ":" + index.values["text"]).to_list()
    slots = Slots.of(model)
    leading = _leading(scored, grouping, slots)
    few = {ring: values for ring, values in leading.items() if len(values) <= ROUNDS}
    many = [{ring: values} for ring, values in leading.items() if len(values) > ROUNDS]
    broken: dict[int, list[tuple[float, str]]] = {}
    for part in (few, *many):
        for ring, value, density in _breaks(scored, grouping, slots, part, limit, links.min_probability):
            broken.setdefault(ring, []).append((density, texts[value]))
    return {int(ring): min(broken[int(ring)])[1] if int(ring) in broken else None for ring in grouping.rings}


#: Rings with at most so many values that lead anywhere are looked at together, one value of each at a time; a larger
#: one by itself, as its many rounds would look at all others again.
ROUNDS: Final = 32


def _leading(scored: Scored, grouping: Grouping, slots: Slots) -> dict[int, list[int]]:
    """By ring the values that are the best of their slot for some pair, ascending: only their loss changes anything."""
    inside = Inside.of(scored, grouping.links, slots)
    ring = grouping.entity[scored.candidates.a[grouping.links]]
    first = inside.tally.leading(inside.weight)
    pairs = np.unique(np.stack([ring[inside.pair[first]], inside.value[first]], axis=1), axis=0)
    result: dict[int, list[int]] = {int(number): [] for number in grouping.rings}
    for owner, value in pairs.tolist():
        result[owner].append(value)
    return result


def _breaks(
    scored: Scored,
    grouping: Grouping,
    slots: Slots,
    values: dict[int, list[int]],
    limit: float,
    minimum: float,
) -> Iterator[tuple[int, int, float]]:
    """Ring, value and density left, for each ring of `values` and each value whose loss breaks it."""
    found = scored.candidates
    names = np.array(sorted(values), dtype=np.int64)
    links = grouping.links[np.isin(grouping.entity[found.a[grouping.links]], names)]
    inside = Inside.of(scored, links, slots)
    # Accounts and rings are numbered from 0, so that the work is that of these rings and not of all accounts.
    accounts, ends = np.unique(np.concatenate([found.a[links], found.b[links]]), return_inverse=True)
    a, b = np.split(ends, 2)
    ring_of = np.searchsorted(names, grouping.entity[accounts])
    owner = ring_of[a]
    size = np.bincount(ring_of, minlength=len(names))
    for number in range(max((len(of) for of in values.values()), default=0)):
        turn = [place for place, ring in enumerate(names.tolist()) if number < len(values[ring])]
        gone = np.full(len(names), -1)
        gone[turn] = [values[int(names[place])][number] for place in turn]
        odds = inside.tally.groups(inside.weight, inside.value != gone[owner[inside.pair]]).sum(axis=1)
        left = probability(odds + scored.prior)
        density = np.bincount(owner, left, minlength=len(names)) / np.maximum(size * (size - 1) / 2, 1)
        largest = _largest(a, b, left >= minimum, ring_of, len(names))
        for place in turn:
            if density[place] < limit or largest[place] < size[place] / 2:
                yield int(names[place]), int(gone[place]), float(density[place])


def _largest(a: Whole, b: Whole, strong: NDArray[np.bool_], ring_of: Whole, rings: int) -> Whole:
    """By ring the accounts in the largest piece that strong pairs connect; 0 where none is connected to another."""
    shape = (len(ring_of), len(ring_of))
    _, piece = connected_components(
        coo_array((np.ones(strong.sum()), (a[strong], b[strong])), shape=shape), directed=False
    )
    largest = np.zeros(rings, dtype=np.int64)
    np.maximum.at(largest, ring_of, np.bincount(piece)[piece])
    return np.where(largest > 1, largest, 0)

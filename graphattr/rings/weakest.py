"""The weakest point of a ring: the one signal value without which it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
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


@dataclass(frozen=True)
class _Ring:
    """One ring's pairs and pieces, with members and pairs numbered from 0."""

    size: int
    a: Whole
    b: Whole
    value: Whole
    weight: Array
    tally: Tally


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
    broken: dict[int, list[tuple[float, str]]] = {}
    few = {ring: values for ring, values in leading.items() if len(values) <= ROUNDS}
    for ring, value, density in _together(scored, grouping, slots, few, limit, links.min_probability):
        broken.setdefault(ring, []).append((density, texts[value]))
    for ring, part in _rings(scored, grouping, slots, set(leading) - set(few)):
        for value in leading[ring]:
            odds = part.tally.groups(part.weight, part.value != value).sum(axis=1) + scored.prior
            density, connected = _hold(part, probability(odds), links.min_probability)
            if density < limit or connected < part.size / 2:
                broken.setdefault(ring, []).append((density, texts[value]))
    return {int(ring): min(broken[int(ring)])[1] if int(ring) in broken else None for ring in grouping.rings}


#: Rings with at most so many values that lead anywhere are looked at all together, one value of each at a time.
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


def _together(
    scored: Scored,
    grouping: Grouping,
    slots: Slots,
    values: dict[int, list[int]],
    limit: float,
    minimum: float,
) -> Iterator[tuple[int, int, float]]:
    """Ring, value and density left, for each ring of `values` and each value whose loss breaks it."""
    found = scored.candidates
    links = grouping.links[np.isin(grouping.entity[found.a[grouping.links]], list(values))]
    inside = Inside.of(scored, links, slots)
    a, b = found.a[links], found.b[links]
    owner = grouping.entity[a]
    size = np.bincount(grouping.entity[np.unique(np.concatenate([a, b]))], minlength=len(grouping.entity))
    for number in range(max((len(of) for of in values.values()), default=0)):
        gone = np.full(len(grouping.entity), -1)
        turn = [ring for ring, of in values.items() if number < len(of)]
        gone[turn] = [values[ring][number] for ring in turn]
        odds = inside.tally.groups(inside.weight, inside.value != gone[owner[inside.pair]]).sum(axis=1)
        left = probability(odds + scored.prior)
        density = np.bincount(owner, left, minlength=len(size)) / np.maximum(size * (size - 1) / 2, 1)
        largest = _largest(a, b, left >= minimum, grouping.entity)
        for ring in turn:
            if density[ring] < limit or largest[ring] < size[ring] / 2:
                yield ring, values[ring][number], float(density[ring])


def _largest(a: Whole, b: Whole, strong: NDArray[np.bool_], entity: Whole) -> Whole:
    """By ring the accounts in the largest piece that strong pairs connect; 0 where none is connected to another."""
    accounts = len(entity)
    graph = coo_array((np.ones(strong.sum()), (a[strong], b[strong])), shape=(accounts, accounts))
    _, piece = connected_components(graph, directed=False)
    count = np.bincount(piece)
    largest = np.zeros(accounts, dtype=np.int64)
    ends = np.concatenate([a, b])
    np.maximum.at(largest, entity[ends], count[piece[ends]])
    return np.where(largest > 1, largest, 0)


def _rings(scored: Scored, grouping: Grouping, slots: Slots, wanted: set[int]) -> Iterator[tuple[int, _Ring]]:
    found = scored.candidates
    links = grouping.links[np.argsort(grouping.entity[found.a[grouping.links]], kind="stable")]
    owner = grouping.entity[found.a[links]]
    # Pieces are sorted by pair, so a pair's pieces are one slice.
    pair = found.pieces["pair"].to_numpy()
    starts, stops = np.searchsorted(pair, links), np.searchsorted(pair, links, "right")
    value = found.pieces["value"].cast(pl.Int64).to_numpy()
    for ring in sorted(wanted):
        low, high = np.searchsorted(owner, ring), np.searchsorted(owner, ring, "right")
        mine = links[low:high]
        counts = stops[low:high] - starts[low:high]
        slices = [np.arange(s, e) for s, e in zip(starts[low:high], stops[low:high], strict=True)]
        rows = np.concatenate(slices or [np.empty(0)]).astype(np.int64)
        members, ends = np.unique(np.concatenate([found.a[mine], found.b[mine]]), return_inverse=True)
        tally = Tally(
            slots,
            len(mine),
            np.repeat(np.arange(len(mine)), counts),
            scored.slot[rows],
            scored.traits.fixed[mine],
            scored.traits.likeness[mine],
        )
        part = _Ring(
            len(members), ends[: len(mine)], ends[len(mine) :], value[rows], scored.pieces[rows], tally
        )
        yield ring, part


def _hold(part: _Ring, left: Array, minimum: float) -> tuple[float, int]:
    """Mean link probability over all pairs, and the size of the largest piece still connected."""
    density = float(left.sum()) / (part.size * (part.size - 1) / 2)
    strong = left >= minimum
    graph = coo_array((np.ones(strong.sum()), (part.a[strong], part.b[strong])), shape=(part.size, part.size))
    _, piece = connected_components(graph, directed=False)
    largest = int(np.bincount(piece).max())
    return density, largest if largest > 1 else 0  # an account on its own is connected to nobody

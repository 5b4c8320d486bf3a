"""The weakest point of a ring: the one signal value without which it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.links.index import Index
from graphattr.links.score import Scored, probability
from graphattr.links.tally import Slots, Tally
from graphattr.rings.group import Grouping, resolution
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
    result: dict[int, str | None] = {}
    for ring, part in _rings(scored, grouping, Slots.of(model)):
        broken: list[tuple[float, str]] = []
        for value in np.unique(part.value[part.tally.leading(part.weight)]):
            odds = part.tally.groups(part.weight, part.value != value).sum(axis=1) + scored.prior
            left = probability(odds)
            density, connected = _hold(part, left, links.min_probability)
            if density < limit or connected < part.size / 2:
                broken.append((density, texts[int(value)]))
        result[ring] = min(broken)[1] if broken else None
    return result


def _rings(scored: Scored, grouping: Grouping, slots: Slots) -> Iterator[tuple[int, _Ring]]:
    found = scored.candidates
    links = grouping.links[np.argsort(grouping.entity[found.a[grouping.links]], kind="stable")]
    owner = grouping.entity[found.a[links]]
    # Pieces are sorted by pair, so a pair's pieces are one slice.
    pair = found.pieces["pair"].to_numpy()
    starts, stops = np.searchsorted(pair, links), np.searchsorted(pair, links, "right")
    value = found.pieces["value"].cast(pl.Int64).to_numpy()
    for ring in grouping.rings:
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
        yield int(ring), part


def _hold(part: _Ring, left: Array, minimum: float) -> tuple[float, int]:
    """Mean link probability over all pairs, and the size of the largest piece still connected."""
    density = float(left.sum()) / (part.size * (part.size - 1) / 2)
    strong = left >= minimum
    graph = coo_array((np.ones(strong.sum()), (part.a[strong], part.b[strong])), shape=(part.size, part.size))
    _, piece = connected_components(graph, directed=False)
    largest = int(np.bincount(piece).max())
    return density, largest if largest > 1 else 0  # an account on its own is connected to nobody

"""The weakest point of a ring: the one signal value without which it breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.links.index import Index
from graphattr.links.score import Scored, contributions, probability, value_groups
from graphattr.records import GROUPS
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
    pair: Whole
    value: Whole
    group: Whole
    ratio: Array
    likeness: Array  # (pairs, groups); -inf where there is none


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
    for ring, part in _rings(index, scored, grouping, model):
        broken: list[tuple[float, str]] = []
        for value in np.unique(part.value[_leading(part)]):
            left = _probability(part, model, scored.prior, without=int(value))
            density, connected = _hold(part, left, links.min_probability)
            if density < limit or connected < part.size / 2:
                broken.append((density, texts[int(value)]))
        result[ring] = min(broken)[1] if broken else None
    return result


def _rings(index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel) -> list[tuple[int, _Ring]]:
    found = scored.candidates
    likeness = np.full((len(found), len(GROUPS)), -np.inf)
    for name, values in scored.likeness.items():
        column = GROUPS.index(model.likeness[name].group)
        likeness[:, column] = np.maximum(likeness[:, column], values)
    group = value_groups(index)
    links = grouping.links[np.argsort(grouping.entity[found.a[grouping.links]], kind="stable")]
    owner = grouping.entity[found.a[links]]
    # Pieces are sorted by pair, so a pair's pieces are one slice.
    starts = np.searchsorted(found.pieces["pair"].to_numpy(), links)
    stops = np.searchsorted(found.pieces["pair"].to_numpy(), links, "right")
    value = found.pieces["value"].cast(pl.Int64).to_numpy()
    result = []
    for ring in grouping.rings:
        low, high = np.searchsorted(owner, ring), np.searchsorted(owner, ring, "right")
        mine = links[low:high]
        counts = stops[low:high] - starts[low:high]
        rows = np.concatenate(
            [np.arange(s, e) for s, e in zip(starts[low:high], stops[low:high], strict=True)] or [np.empty(0)]
        )
        rows = rows.astype(np.int64)
        members, ends = np.unique(np.concatenate([found.a[mine], found.b[mine]]), return_inverse=True)
        part = _Ring(
            len(members),
            ends[: len(mine)],
            ends[len(mine) :],
            np.repeat(np.arange(len(mine)), counts),
            value[rows],
            group[value[rows]],
            scored.pieces[rows],
            likeness[mine],
        )
        result.append((int(ring), part))
    return result


def _leading(part: _Ring) -> NDArray[np.bool_]:
    """Pieces that are the best of their pair and group: only their loss can change anything."""
    best = part.likeness.copy()
    np.maximum.at(best, (part.pair, part.group), part.ratio)
    return np.asarray(part.ratio >= best[part.pair, part.group])


def _probability(part: _Ring, model: AdditiveModel, prior: float, without: int) -> Array:
    best = part.likeness.copy()
    kept = part.value != without
    np.maximum.at(best, (part.pair[kept], part.group[kept]), part.ratio[kept])
    return probability(contributions(model, best).sum(axis=1) + prior)


def _hold(part: _Ring, left: Array, minimum: float) -> tuple[float, int]:
    """Mean link probability over all pairs, and the size of the largest piece still connected."""
    density = float(left.sum()) / (part.size * (part.size - 1) / 2)
    strong = left >= minimum
    graph = coo_array((np.ones(strong.sum()), (part.a[strong], part.b[strong])), shape=(part.size, part.size))
    _, piece = connected_components(graph, directed=False)
    largest = int(np.bincount(piece).max())
    return density, largest if largest > 1 else 0  # an account on its own is connected to nobody

"""Scored pairs in, rings out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphattr.links.score import Scored
from graphattr.rings.guards import Vetoes, corroborated
from graphattr.rings.leiden import leiden
from graphattr.settings import LinkSettings, RingSettings

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """Accounts in rings.

    Attributes:
        entity: ring of each account, numbered by its smallest member, shape (N,); alone: its own number.
        links: positions of the scored pairs that the grouping used and that lie inside a ring.
        rings: numbers of the rings with `min_size` members or more, ascending.
    """

    entity: Whole
    links: Whole
    rings: Whole


#: Bounds of the CPM resolution: below, everything hangs together; above, nothing does.
RESOLUTION_RANGE = (1e-4, 0.5)


def resolution(scored: Scored, size: int, settings: RingSettings) -> float:
    """Density (mean link probability over all pairs) below which a set of accounts splits.

    The background density d is the expected share of all pairs that are linked. A set is a ring where its density
    is nearer to certainty than to the background, on a log scale: above c * sqrt(d * 1). With c = 1 that is the
    midpoint; `settings.resolution` is c. It follows the data from small dense sets to millions of accounts, where
    a constant would not (docs/decisions/0003).

    Args:
        scored: the scored pairs.
        size: N, number of accounts.
        settings: c.
    """
    pairs = max(size * (size - 1) / 2, 1)
    return float(np.clip(settings.resolution * np.sqrt(scored.probability.sum() / pairs), *RESOLUTION_RANGE))


def resolve(
    scored: Scored, vetoes: Vetoes, size: int, seed: int, links: LinkSettings, rings: RingSettings
) -> Whole:
    """Entity of each account, shape (N,): the communities of the links that no label contradicts.

    Args:
        scored: the scored pairs.
        vetoes: contradictions.
        size: N, number of accounts.
        seed: seed of the search.
        links: `min_probability` of a link that counts.
        rings: resolution, smallest ring.
    """
    found = scored.candidates
    probability = scored.probability
    used = vetoes.usable(scored, links.min_probability)
    return leiden(
        size,
        found.a[used],
        found.b[used],
        probability[used],
        resolution=resolution(scored, size, rings),
        seed=seed,
        iterations=rings.leiden_iterations,
    )


def group(
    scored: Scored, entity: Whole, vetoes: Vetoes, links: LinkSettings, rings: RingSettings
) -> Grouping:
    """Rings of the entities: what two kinds of evidence attach, in sets of `min_size` and more.

    Args:
        scored: the scored pairs.
        entity: entity of each account (`resolve`), shape (N,).
        vetoes: contradictions.
        links: `min_probability` of a link that counts.
        rings: smallest ring.
    """
    found = scored.candidates
    used = vetoes.usable(scored, links.min_probability)
    entity = corroborated(scored, used, entity)
    inside = used[entity[found.a[used]] == entity[found.b[used]]]
    numbers, counts = np.unique(entity, return_counts=True)
    return Grouping(entity, inside, numbers[counts >= rings.min_size])

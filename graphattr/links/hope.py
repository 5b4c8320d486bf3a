"""A first look at candidate pairs, some at a time, so that those without hope are never held all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.pieces import CandidatePairs, Candidates
from graphattr.links.profiles import Profiles
from graphattr.links.score import (
    ASIDE,
    PARTNERS,
    Measure,
    Traits,
    prior_odds,
    probability,
    score,
    traits,
)
from graphattr.settings import LinkSettings
from models import AdditiveModel
from models.threads import side_by_side

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Part = TypeVar("Part")


@dataclass(frozen=True)
class Hopeful:
    """Candidate pairs that are not far below a link, every account being its own entity.

    Attributes:
        probability: of every candidate pair, shape (n,).
        found: the pairs with at least some probability, with what they share.
        traits: theirs.
    """

    probability: Array
    found: Candidates
    traits: Traits


def hopeful(
    index: Index,
    pairs: CandidatePairs,
    profiles: Profiles,
    model: AdditiveModel,
    settings: LinkSettings,
    least: float,
    *,
    estimate: bool,
) -> Hopeful:
    """Scores the candidate pairs, every account being its own entity, and holds on to those with some probability.

    What pairs share and how alike they are is looked up part by part, and dropped where there is no hope.

    Args:
        index: the run's index.
        pairs: all candidate pairs, n of them.
        profiles: the accounts' profiles.
        model: the evidence model.
        settings: the prior.
        least: probability below which a pair is dropped.
        estimate: whether to estimate the prior from the scores (`prior_odds`).
    """
    entities = np.arange(index.size)
    measure = Measure(index, entities, model)
    ratio: Array = np.empty(len(pairs))
    # The prior is estimated from all pairs, so until then traits are kept of what the highest prior would leave.
    most = max(PARTNERS[1], settings.prior_partners) if estimate else settings.prior_partners
    highest = prior_odds(ratio[:0], index.size, most, estimate=False)

    def look(start: int) -> tuple[Whole, Traits]:
        rows = np.arange(start, min(start + ASIDE, len(pairs)))
        found = pairs.part(rows)
        of_pair = traits(profiles, found, index, model)
        scored = score(index, found, of_pair, entities, model, settings, measure=measure)
        ratio[rows] = scored.groups.sum(axis=1)
        some = np.flatnonzero(probability(ratio[rows] + highest) >= least)
        return rows[some], of_pair.part(some)

    looked = side_by_side(look, range(0, max(len(pairs), 1), ASIDE))
    prior = prior_odds(ratio, index.size, settings.prior_partners, estimate=estimate)
    sure = probability(ratio + prior)
    # Each part is let go of as it is taken, so that memory does not hold all twice.
    left = [of_pair.part(np.flatnonzero(sure[rows] >= least)) for rows, of_pair in _taken(looked)]
    fixed = np.concatenate([of_pair.fixed for of_pair in left])
    likeness = [of_pair.likeness for of_pair in left if of_pair.likeness is not None]
    of_pair = Traits(fixed, np.concatenate(likeness) if likeness else None)
    return Hopeful(sure, pairs.part(np.flatnonzero(sure >= least)), of_pair)


def _taken(parts: list[Part]) -> Iterator[Part]:
    """The parts in their order, of which none is held on to."""
    parts.reverse()
    while parts:
        yield parts.pop()

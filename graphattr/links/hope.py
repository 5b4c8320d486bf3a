"""A first look at candidate pairs, some at a time, so that those without hope are never held all at once."""

from __future__ import annotations

from dataclasses import dataclass

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
    part_of_traits,
    prior_odds,
    probability,
    score,
    traits,
)
from graphattr.links.threads import side_by_side
from graphattr.settings import LinkSettings
from models import AdditiveModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


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
        return rows[some], part_of_traits(of_pair, some)

    looked = side_by_side(look, range(0, max(len(pairs), 1), ASIDE))
    prior = prior_odds(ratio, index.size, settings.prior_partners, estimate=estimate)
    sure = probability(ratio + prior)
    kept = np.flatnonzero(sure >= least)
    place = np.searchsorted(np.concatenate([rows for rows, _ in looked]), kept)
    fixed, likeness = (
        np.concatenate([getattr(of_pair, name) for _, of_pair in looked])[place]
        for name in ("fixed", "likeness")
    )
    return Hopeful(sure, pairs.part(kept), Traits(fixed, likeness))

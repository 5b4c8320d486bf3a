"""All methods on one world: each gives a partition, a score of every candidate pair, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import boosting, graphs, linkage
from benchmarks.quality.calibration import Calibration
from benchmarks.quality.product import Material

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PRODUCT: Final = "graphattr"
GROUPED: Final = "graphattr, as grouped"
ADDITIVE: Final = "graphattr, no network"
NETWORK: Final = "its network alone"
SPLINK: Final = "Splink (EM)"
SPLINK_A: Final = "Splink (m of A)"
BOOSTING: Final = "boosting"
WEIGHT: Final = "shared values, weighted"
COMPONENTS: Final = "components"
CAPPED: Final = "components, degree-capped"
LOUVAIN: Final = "Louvain"
LEIDEN: Final = "Leiden, modularity"
LEIDEN_TUNED: Final = "Leiden, modularity, tuned"
PROPAGATION: Final = "label propagation"

#: The true links of the product, from which log10 odds on.
TRUE_LINKS: Final = (("its true links of even odds", 0.0), ("its true links of 1 to 10", -1.0))
#: Methods with scores whose rings are the components of the pairs above a threshold.
THRESHOLDED: Final = (SPLINK, SPLINK_A, BOOSTING)
#: Scores that are log10 odds as they come; the weight of shared values only orders pairs.
ODDS: Final = (SPLINK, SPLINK_A, BOOSTING, NETWORK, ADDITIVE, PRODUCT)
#: What Louvain and untuned Leiden look at: every value but the hubs that a projection cannot hold.
PLAIN: Final = graphs.View(cap=100)


@dataclass(frozen=True)
class Tuned:
    """Everything that was chosen or learnt on worlds of family A.

    Attributes:
        capped, propagated, weighted: views of degree-capped components, label propagation and pair weights.
        modular, resolution: view and resolution of tuned Leiden.
        m: Splink's m-probabilities.
        booster: the LightGBM model, as text.
        thresholds: by method of `THRESHOLDED`, on its score.
        calibrations: by scored method.
        prior: log10 odds that a candidate pair is true.
        fit_seeds, hold_seeds: the worlds that this was learnt on, and chosen on.
    """

    capped: graphs.View
    propagated: graphs.View
    weighted: graphs.View
    modular: graphs.View
    resolution: float
    m: linkage.Matches
    booster: str
    thresholds: dict[str, float]
    calibrations: dict[str, Calibration]
    prior: float
    fit_seeds: tuple[int, ...]
    hold_seeds: tuple[int, ...]


def scores(
    world: Material, weighted: graphs.View, m: linkage.Matches, booster: str, *, slow: bool = True
) -> dict[str, Floats]:
    """A score of every candidate pair by method, higher for likelier; without Splink unless `slow`."""
    weights = graphs.project(world.size, weighted.of(world.held))
    found = {WEIGHT: graphs.pair_weight(weights, world.a, world.b)}
    if slow:
        found |= {SPLINK: linkage.match_weights(world), SPLINK_A: linkage.match_weights(world, m)}
    return found | {
        BOOSTING: boosting.log_odds(booster, world.features),
        NETWORK: world.network,
        ADDITIVE: world.without_network,
        PRODUCT: world.log_odds,
    }


def partitions(
    world: Material, scored: dict[str, Floats], tuned: Tuned, *, slow: bool = True
) -> dict[str, Whole]:
    """Rings by method: a label an account; without Louvain unless `slow`."""
    held = world.held
    plain = graphs.project(world.size, PLAIN.of(held))
    found = {
        COMPONENTS: graphs.components(world.size, held),
        CAPPED: graphs.components(world.size, tuned.capped.of(held)),
        **({LOUVAIN: graphs.louvain(plain, 1.0)} if slow else {}),
        LEIDEN: graphs.leiden(plain, 1.0),
        LEIDEN_TUNED: graphs.leiden(graphs.project(world.size, tuned.modular.of(held)), tuned.resolution),
        PROPAGATION: graphs.propagation(graphs.project(world.size, tuned.propagated.of(held))),
    }
    for name in THRESHOLDED:
        if name in scored:
            found[name] = above(world, scored[name], tuned.thresholds[name])
    return found | {PRODUCT: world.label, GROUPED: world.grouped}


def ceilings(world: Material, same: NDArray[np.bool_]) -> dict[str, Whole]:
    """No methods, as they know the truth: what rings would be if exactly the true links of the product counted."""
    return {name: above(world, np.where(same, world.log_odds, -np.inf), least) for name, least in TRUE_LINKS}


def above(world: Material, score: Floats, threshold: float) -> Whole:
    """Components of the candidate pairs with at least this score."""
    kept = score >= threshold
    return graphs.linked(world.size, world.a[kept], world.b[kept])

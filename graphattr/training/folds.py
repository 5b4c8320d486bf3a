"""Folds by whole controller, for what is fitted and measured on the same worlds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graphattr.links.samples import Sample, log_odds
from graphattr.training.drawn import ARRAYS, Drawn

Rows = NDArray[np.bool_]

#: Folds of the controllers; the last one is for measuring.
FOLDS: Final = 5
#: The first so many are those that a graph network is trained on where it has no world of its own.
TAUGHT: Final = 3


def by_controller(worlds: list[Drawn]) -> tuple[list[Drawn], list[Drawn]]:
    """The same worlds twice: pairs of four in five controllers, and pairs of the others."""
    training: list[Drawn] = []
    testing: list[Drawn] = []
    for world in worlds:
        a, b = (fold == FOLDS - 1 for fold in folds(world.sample))
        for rows, worlds_of in ((~(a | b), training), (a & b, testing)):
            if rows.any():
                worlds_of.append(Drawn(part(world.sample, rows), world.stratum))
    return training, testing


def taught(pairs: Sample) -> tuple[Rows, Rows]:
    """Pairs that a network may be trained on, and pairs neither of whose controllers it then has seen, shape (n,)."""
    a, b = (fold < TAUGHT for fold in folds(pairs))
    return a & b, ~(a | b)


def folds(pairs: Sample) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Fold of the controller of either side, in [0, FOLDS), shape (n,) each; by its number alone."""
    owners = int(max(pairs.owner_a.max(initial=0), pairs.owner_b.max(initial=0))) + 1
    fold = np.random.default_rng(0).integers(0, FOLDS, owners)
    return fold[pairs.owner_a], fold[pairs.owner_b]


def part(pairs: Sample, rows: Rows) -> Sample:
    """Some pairs of a sample, with the prior among them."""
    arrays: dict[str, Any] = {name: getattr(pairs, name)[rows] for name in ARRAYS}
    weight = arrays["weight"]
    share = float(weight[arrays["same"]].sum() / weight.sum()) if weight.sum() else 0.0
    features = {key: values[rows] for key, values in pairs.features.items()}
    return Sample(features=features, prior=log_odds(share), **arrays)

"""Training worlds: prepared graphs with labelled pairs, split by operator, and what one step sees of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.gnn.graph import Floats, Graph, Pairs, Whole
from models.gnn.prepare import Common, Inputs, Seen, common_values, fit_scale
from models.gnn.weights import Layout, Weights

#: How many times likelier a positive is drawn than a negative that shares no value at all.
POSITIVE_DRAW = 6.0
#: Negatives that share values are hard: each shared value makes them this much likelier to be drawn, up to the cap.
HARD_DRAW, HARDEST_DRAW = 1.0, 4.0


@dataclass(frozen=True)
class World:
    """One world, ready for training.

    Attributes:
        inputs: the prepared graph. pairs: p of its pairs. label: their labels, shape (p,).
        common: common values of the pairs by relation.
        draw: how much a pair is wanted in a step, shape (p,); a step corrects for it, so no loss is biased.
        weight: weight of each pair, shape (p,).
        fold_a, fold_b: fold of each end's controller, shape (p,).
    """

    inputs: Inputs
    pairs: Pairs
    label: Floats
    common: Mapping[str, Common]
    draw: NDArray[np.float64]
    weight: NDArray[np.float64]
    fold_a: Whole
    fold_b: Whole

    def training(self, held_out: Sequence[int]) -> Whole:
        """Positions of the pairs neither of whose controllers is in a held-out fold."""
        return np.flatnonzero(~(np.isin(self.fold_a, held_out) | np.isin(self.fold_b, held_out)))

    def validation(self, fold: int, never: Sequence[int]) -> tuple[Whole, NDArray[np.float64]]:
        """Pairs with a controller in the fold and none in the folds of `never`; position and weight.

        Pairs with one end in the fold count half, so that the share of positives is that of all pairs.
        """
        ends = (self.fold_a == fold).astype(int) + (self.fold_b == fold)
        barred = np.isin(self.fold_a, never) | np.isin(self.fold_b, never)
        rows = np.flatnonzero((ends > 0) & ~barred)
        return rows, self.weight[rows] * ends[rows] / 2


def layout_of(
    worlds: Sequence[tuple[Graph, Pairs]], mode: str, hidden: int, layers: int, norm: float
) -> Layout:
    """Layout for the worlds: all relations that any of them has; features must be the same in all.

    Raises:
        ValueError: there is no world, or their features differ.
    """
    names = {(g.account_names, g.value_names, p.feature_names) for g, p in worlds}
    if len(names) != 1:
        raise ValueError(f"worlds have {len(names)} sets of features, expected the same in every world")
    account_names, value_names, pair_names = next(iter(names))
    relations = sorted({name for graph, _ in worlds for name in graph.relations})
    return Layout(mode, hidden, layers, norm, tuple(relations), account_names, value_names, pair_names)


def scales_of(worlds: Sequence[tuple[Graph, Pairs]], layout: Layout) -> dict[str, Floats]:
    """Centre and spread of value and pair features over the worlds, as arrays of `Weights`."""
    tables = {
        "values": (
            [relation.values for graph, _ in worlds for relation in graph.relations.values()],
            len(layout.value_names),
        ),
        "pairs": ([pairs.table for _, pairs in worlds], len(layout.pair_names)),
    }
    scales = {name: fit_scale(*given) for name, given in tables.items()}
    centres = {f"scale.{name}.centre": scale.centre for name, scale in scales.items()}
    return {**centres, **{f"scale.{name}.spread": scale.spread for name, scale in scales.items()}}


def world(graph: Graph, pairs: Pairs, weights: Weights, folds: int, seed: int, most: int = 2**62) -> World:
    """Prepares a world for training, thinned to about `most` pairs, with weights that make up for it.

    Raises:
        ValueError: the pairs have no labels or no controllers.
    """
    if pairs.label is None or pairs.group_a is None or pairs.group_b is None:
        raise ValueError("pairs to train on need label, group_a and group_b")
    wanted = np.where(pairs.label > 0, POSITIVE_DRAW, 1.0)
    rows, thinned = sample(wanted, most, np.random.default_rng(seed))
    given = np.ones(len(rows)) if pairs.weight is None else pairs.weight[rows].astype(np.float64)
    fold_a, fold_b = (fold_of(group[rows], folds, seed) for group in (pairs.group_a, pairs.group_b))
    part = Pairs(pairs.a[rows], pairs.b[rows], pairs.table[rows], pairs.feature_names)
    inputs = weights.prepare(graph)
    common = {name: common_values(each, part.a, part.b) for name, each in inputs.parts.items()}
    shared = np.zeros(len(rows))
    for found in common.values():
        shared += np.bincount(found.pair, minlength=len(rows))
    label = pairs.label[rows].astype(np.float32)
    hard = np.where(label > 0, POSITIVE_DRAW, 1 + np.minimum(HARD_DRAW * shared, HARDEST_DRAW))
    return World(inputs, part, label, common, hard * thinned, given * thinned, fold_a, fold_b)


def fold_of(group: Whole, folds: int, seed: int) -> Whole:
    """Fold of each controller, in [0, folds): a mixed number (splitmix64), so no order of ids shows in it."""
    mixed = group.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(folds)).astype(np.int64)


def sample(
    draw: NDArray[np.float64], size: int, rng: np.random.Generator
) -> tuple[Whole, NDArray[np.float64]]:
    """Draws about `size` rows, each on its own with a chance in proportion to `draw` (Poisson sampling).

    Returns:
        Sorted positions and the inverse of each one's chance: weights under which the sum is unbiased.
    """
    chance = np.minimum(draw * (size / draw.sum()), 1.0) if len(draw) else draw
    rows = np.flatnonzero(rng.random(len(draw)) < chance)
    return rows, 1 / chance[rows]


def see(layout: Layout, present: Sequence[str], drop: float, rng: np.random.Generator) -> Seen:
    """Draws what a step is shown: each relation, its times and each feature is dropped with chance `drop`."""
    kept = rng.random(len(layout.relations)) >= drop
    timed = rng.random(len(layout.relations)) >= drop
    active = {name for name, keep in zip(layout.relations, kept, strict=True) if keep and name in present}
    if not active and present:
        active = {sorted(present)[int(rng.integers(len(present)))]}
    with_times = {name for name, keep in zip(layout.relations, timed, strict=True) if keep}
    accounts = (rng.random(len(layout.account_names)) >= drop).astype(np.float32)
    pairs = (rng.random(len(layout.pair_names)) >= drop).astype(np.float32)
    return Seen(frozenset(active), frozenset(with_times), accounts, pairs)

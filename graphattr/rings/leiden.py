"""Rings by community detection: Leiden with the constant Potts objective. igraph (GPL-2.0) is imported only here."""

from __future__ import annotations

import random

import igraph
import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


def leiden(
    size: int,
    a: Whole,
    b: Whole,
    weight: NDArray[np.float64],
    *,
    resolution: float,
    seed: int,
    iterations: int,
) -> Whole:
    """Partition that maximises sum_c [w(c) - resolution * n_c (n_c - 1) / 2] (Traag, Van Dooren, Nesterov 2011).

    With link probabilities as weights a community is a set in which the mean probability over all pairs, the
    missing ones counted as 0, exceeds `resolution`; unlike modularity this does not depend on the rest of the graph.
    Algorithm: Leiden (Traag, Waltman, van Eck 2019), igraph's implementation.

    Args:
        size: number of accounts.
        a, b: the linked pairs, shape (n,).
        weight: weight of each link, shape (n,), > 0.
        resolution: density below which a set splits.
        seed: seed of igraph's generator, which is process-wide and is set here.
        iterations: passes of the algorithm.

    Returns:
        Community of each account, shape (size,), numbered by its smallest member: equal input, equal numbers.
    """
    igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - repeatable search, no secret
    graph = igraph.Graph(n=size, edges=np.stack([a, b], axis=1))
    partition = graph.community_leiden(
        objective_function="cpm", weights=weight.tolist(), resolution=resolution, n_iterations=iterations
    )
    labels = np.asarray(partition.membership, dtype=np.int64)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)

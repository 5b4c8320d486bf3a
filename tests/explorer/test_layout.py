"""Positions: repeatable, apart, and in proportion."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from graphattr.explorer.layout import positions


def edges_of(graph: nx.Graph) -> np.ndarray:
    return np.array(sorted(graph.edges), dtype=np.int64).reshape(-1, 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 1000))
def test_every_node_has_a_place_of_its_own(nodes: int, edges: int, seed: int) -> None:
    graph = nx.gnm_random_graph(nodes, edges, seed=seed)
    at = positions(nodes, edges_of(graph), seed)
    assert at.shape == (nodes, 2)
    assert np.isfinite(at).all()
    assert nodes == 1 or pdist(at).min() > 0.05
    assert np.array_equal(at, positions(nodes, edges_of(graph), seed))


def test_neighbours_lie_nearer_than_strangers() -> None:
    graph = nx.random_partition_graph([30, 30, 30], 0.3, 0.01, seed=1)
    at = positions(90, edges_of(graph))
    near = np.mean([np.linalg.norm(at[a] - at[b]) for a, b in graph.edges])
    assert near < 0.6 * pdist(at).mean()


def test_parts_do_not_overlap() -> None:
    graph = nx.disjoint_union_all([nx.star_graph(6), nx.cycle_graph(5), nx.path_graph(2), nx.empty_graph(1)])
    at = positions(len(graph), edges_of(graph))
    boxes = [
        (at[list(part)].min(axis=0), at[list(part)].max(axis=0)) for part in nx.connected_components(graph)
    ]
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[i + 1 :]:
            assert (high < other_low).any() or (other_high < low).any()


@pytest.mark.parametrize("nodes", [600, 5_000])
def test_large_parts_spread_out_too(nodes: int) -> None:
    graph = nx.barabasi_albert_graph(nodes, 1, seed=2)
    at = positions(nodes, edges_of(graph))
    assert np.isfinite(at).all()
    assert np.ptp(at, axis=0).min() > 5
    assert len(np.unique(at.round(2), axis=0)) > 0.9 * nodes


def test_nothing_has_no_places() -> None:
    assert positions(0, np.zeros((0, 2), dtype=np.int64)).shape == (0, 2)

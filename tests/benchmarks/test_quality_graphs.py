from itertools import combinations

import networkx
import numpy as np
import polars as pl
import pytest
from conftest import held_of
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import graphs

#: A chain 0-1-2 of rare values, a hub over 2, 3, 4, 5, and 6 alone.
CHAIN = held_of(
    {
        ("device", "d"): [0, 1],
        ("instrument", "i"): [1, 2],
        ("ip", "hub"): [2, 3, 4, 5],
        ("template", "t"): [3, 6],
    }
)


def test_components_follow_every_chain_of_values() -> None:
    assert graphs.components(8, CHAIN).tolist() == [0, 0, 0, 0, 0, 0, 0, 7]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (graphs.View(3), [0, 0, 0, 3, 4, 5, 3]),
        (graphs.View(4), [0] * 7),
        (graphs.View(4, identifiers=True), [0, 0, 0, 0, 0, 0, 6]),
    ],
)
def test_a_view_leaves_out_frequent_values_and_weak_signals(view: graphs.View, expected: list[int]) -> None:
    assert graphs.components(7, view.of(CHAIN)).tolist() == expected


def test_a_capped_view_leaves_out_known_hubs_and_the_raw_one_does_not() -> None:
    held = held_of({("device", "d"): [0, 1], ("ip", "exchange"): [1, 2]}, frozenset({"exchange"}))
    assert graphs.components(3, graphs.View(5).of(held)).tolist() == [0, 0, 2]
    assert graphs.components(3, graphs.View().of(held)).tolist() == [0, 0, 0]


def test_a_shared_value_weighs_one_over_its_other_holders() -> None:
    graph = graphs.project(7, CHAIN)
    weight = dict(
        zip(zip(graph.a.tolist(), graph.b.tolist(), strict=True), graph.weight.tolist(), strict=True)
    )
    assert weight[0, 1] == 1
    assert weight[2, 5] == pytest.approx(1 / 3)
    assert len(weight) == 1 + 1 + 6 + 1
    found = graphs.pair_weight(graph, np.array([0, 2, 0]), np.array([1, 3, 6]))
    assert found == pytest.approx([1, 1 / 3, 0])


def two_crowds() -> graphs.Graph:
    """Two full graphs of five, joined by one weak pair."""
    edges = [*combinations(range(5), 2), *combinations(range(5, 10), 2), (4, 5)]
    a, b = np.array(sorted(edges)).T
    return graphs.Graph(11, a, b, np.where((a == 4) & (b == 5), 0.1, 1.0))


@pytest.mark.parametrize(
    "method",
    [lambda g: graphs.louvain(g, 1.0), lambda g: graphs.leiden(g, 1.0), graphs.propagation],
    ids=["louvain", "leiden", "propagation"],
)
def test_communities_part_two_crowds_and_come_out_the_same_twice(method) -> None:
    label = method(two_crowds())
    assert label.tolist() == [0] * 5 + [5] * 5 + [10]
    assert np.array_equal(label, method(two_crowds()))


def test_a_high_resolution_breaks_crowds_up() -> None:
    assert len(np.unique(graphs.leiden(two_crowds(), 50.0))) > 3


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_linked_pairs_are_networkx_components(pairs: list[tuple[int, int]]) -> None:
    made = networkx.Graph()
    made.add_nodes_from(range(9))
    made.add_edges_from(pairs)
    expected = np.empty(9, dtype=int)
    for part in networkx.connected_components(made):
        expected[list(part)] = min(part)
    a, b = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    assert graphs.linked(9, a, b).tolist() == expected.tolist()


def test_a_view_says_what_it_looks_at() -> None:
    assert str(graphs.View(5, True)) == "identifiers, values with at most 5 holders"
    assert isinstance(graphs.View().of(CHAIN), pl.DataFrame)

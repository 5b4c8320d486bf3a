"""Preparation against slow loops, and what is refused before it."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.gnn.toy import random_world
from models.gnn import Graph, Pairs, Relation
from models.gnn.prepare import (
    CLIP,
    SHARED,
    SUMMARY,
    Scale,
    common_values,
    fit_scale,
    normal_scores,
    pair_side,
    prepare,
    spans,
)

seeds = st.integers(0, 10_000)
FLAT = Scale(np.zeros(2, np.float32), np.ones(2, np.float32))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_common_values_are_the_intersections(seed: int) -> None:
    graph, pairs = random_world(seed)
    part = prepare(graph, FLAT, ["ip"]).parts["ip"]
    raw = graph.relations["ip"]
    held = [set(raw.value[raw.account == account].tolist()) for account in range(graph.size)]
    wanted = [(p, v) for p in range(len(pairs)) for v in sorted(held[pairs.a[p]] & held[pairs.b[p]])]
    found = common_values(part, pairs.a, pairs.b)
    assert list(zip(found.pair.tolist(), found.value.tolist(), strict=True)) == wanted
    holders = [int((raw.value == v).sum()) for _, v in wanted]
    assert found.weight == pytest.approx(1 / np.log1p(holders), rel=1e-6)
    few = np.flatnonzero(np.arange(len(pairs)) % 3 == 0)
    taken = found.take(few)
    assert list(zip(few[taken.pair].tolist(), taken.value.tolist(), strict=True)) == [
        row for row in wanted if row[0] % 3 == 0
    ]


def test_two_uses_of_a_value_are_compared_in_days() -> None:
    times = {"first": np.array([1.0, 8.0, np.nan]), "last": np.array([3.0, 9.0, np.nan])}
    relation = Relation(
        np.array([0, 1, 2]), np.zeros(3, int), np.zeros((1, 2)), np.array([4.0, 9.0, 1.0]), **times
    )
    graph = Graph(np.zeros((3, 2)), ("x", "y"), ("u", "v"), {"ip": relation}, 10.0)
    part = prepare(graph, FLAT, ["ip"]).parts["ip"]
    found = common_values(part, np.array([0, 1]), np.array([1, 2]))
    rows = [dict(zip(SHARED, row, strict=True)) for row in found.features.tolist()]
    assert rows[0] == pytest.approx(
        {
            "count_sum": np.log(5) + np.log(10),
            "count_gap": np.log(2),
            "known": 1,
            "span_gap": np.log1p(5),
            "first_gap": np.log1p(7),
            "last_gap": np.log1p(6),
        },
        rel=1e-6,
    )
    assert [rows[1][name] for name in SHARED[2:]] == [0, 0, 0, 0]


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_edge_summary_is_that_of_each_end_alone(seed: int) -> None:
    graph, _ = random_world(seed)
    raw = graph.relations["device"]
    part = prepare(graph, FLAT, ["device"]).parts["device"]
    for end, size, side in (
        (raw.account, graph.size, part.account_side),
        (raw.value, raw.size, part.value_side[:, 4:]),
    ):
        for number in range(size):
            mine = end == number
            first, last = (t[mine][np.isfinite(t[mine])].astype(float) / 30 for t in (raw.first, raw.last))
            some = len(first) > 0
            wanted = {
                "holders": np.log1p(mine.sum()),
                "count": np.log1p(raw.count[mine]).mean() if mine.any() else 0,
                "first": first.mean() if some else 0,
                "last": last.mean() if some else 0,
                "known": len(first) / mine.sum() if mine.any() else 0,
                "first_spread": first.std() if some else 0,
                "last_spread": last.std() if some else 0,
            }
            assert dict(zip(SUMMARY, side[number].tolist(), strict=True)) == pytest.approx(wanted, abs=1e-5)


def test_channels_are_standardised_cut_and_masked() -> None:
    table = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 7.0]], np.float32)
    scale = fit_scale([table], 2)
    assert scale.centre.tolist() == [2, 7]
    assert scale.spread.tolist() == [1, 1]
    wild = scale.channels(np.array([[1e9, np.nan], [1.5, 6.0]], np.float32))
    assert wild.tolist() == [[CLIP, 0, 1, 0], [-0.5, -1, 1, 1]]


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_nothing_depends_on_the_order_of_edges_or_of_a_pair(seed: int) -> None:
    graph, pairs = random_world(seed)
    order = np.random.default_rng(seed).permutation(len(graph.relations["ip"].account))
    raw = graph.relations["ip"]
    shuffled = Relation(
        raw.account[order], raw.value[order], raw.values, raw.count[order], raw.first[order], raw.last[order]
    )
    one, two = (prepare(replace(graph, relations={"ip": r}), FLAT, ["ip"]) for r in (raw, shuffled))
    for name, array in vars(one.parts["ip"]).items():
        np.testing.assert_array_equal(array, getattr(two.parts["ip"], name))
    turned = replace(pairs, a=pairs.b, b=pairs.a)
    mine = [common_values(one.parts["ip"], p.a, p.b).features for p in (pairs, turned)]
    np.testing.assert_array_equal(*mine)
    np.testing.assert_array_equal(*[pair_side(one.accounts, p, FLAT) for p in (pairs, turned)])


def test_account_features_are_read_by_rank_alone() -> None:
    raw = np.array([[3.0, 7, 1], [np.nan, 7, 2], [1, 7, 3], [2, 7, np.nan]], np.float32)
    scores = normal_scores(raw)
    quarter = NormalDist().inv_cdf(5 / 6)
    assert scores[:, 0] == pytest.approx([quarter, 0, -quarter, 0], abs=1e-6)
    assert scores[:, 1].tolist() == [0, 0, 0, 0]
    assert scores[:, 3:].tolist() == np.isfinite(raw).tolist()
    np.testing.assert_array_equal(normal_scores(np.exp(3 * raw)), scores)
    assert normal_scores(np.full((2, 1), np.nan, np.float32)).tolist() == [[0, 0], [0, 0]]


def test_spans_run_through_each_range() -> None:
    assert spans(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert spans(np.empty(0, int), np.empty(0, int)).tolist() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account": np.array([0, 3])}, "account of ip goes from 0 to 3, expected 0 to 2"),
        ({"value": np.array([0, 2])}, "value goes from 0 to 2, expected 0 to 1"),
        ({"count": np.zeros(3)}, r"count has shape \(3,\), expected \(2,\)"),
        ({"values": np.zeros((2, 3))}, r"values of ip has shape \(2, 3\)"),
    ],
)
def test_a_graph_that_does_not_fit_together_is_refused(change: dict[str, np.ndarray], words: str) -> None:
    good = {name: np.zeros(2) for name in ("count", "first", "last")}
    good |= {"account": np.array([0, 2]), "value": np.array([0, 1]), "values": np.zeros((2, 2))}

    def build(**parts: np.ndarray) -> Graph:
        return Graph(np.zeros((3, 1)), ("x",), ("u", "v"), {"ip": Relation(**parts)}, 1.0)

    assert build(**good).edges == 2
    with pytest.raises(ValueError, match=words):
        build(**{**good, **change})


def test_pairs_that_do_not_fit_together_are_refused() -> None:
    a = np.arange(3)
    assert Pairs(a, a + 1).table.shape == (3, 0)
    for change in ({"label": np.zeros(2)}, {"b": np.arange(4)}, {"features": np.zeros((3, 1))}):
        with pytest.raises(ValueError, match="has shape"):
            Pairs(**{"a": a, "b": a + 1, **change})


def test_relations_come_in_the_order_asked_for() -> None:
    graph, _ = random_world(1)
    names = ["phone", "none such", "device", "ip"]
    assert list(prepare(graph, FLAT, names).parts) == ["phone", "device", "ip"]

"""The graph network's input says what the index, the profiles and the candidates say, and nothing of investigations."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.errors import InputError
from graphattr.links.graph_input import (
    ACCOUNT_NAMES,
    PAIR_NAMES,
    VALUE_NAMES,
    graph_of,
    log10_odds,
    pairs_of,
)
from graphattr.links.holdings import occasions
from graphattr.links.index import Index, build_index
from graphattr.links.pieces import candidates
from graphattr.links.profiles import Profiles, profiles
from graphattr.pipeline.grouping import Signals, write_holdings
from graphattr.settings import LinkSettings
from links.oracle import World
from links.strategies import worlds
from links.worlds import (
    DAY,
    NO_USES,
    T0,
    Held,
    Value,
    accounts,
    at,
    index_of,
    occasions_of,
    profiles_of,
    write,
)
from models.gnn import Graph, Pairs, Weights
from models.gnn.weights import Layout
from models.gnn.worlds import scales_of

SETTINGS = LinkSettings()
START = T0.timestamp()


def columns(graph: Graph) -> dict[str, np.ndarray[Any, Any]]:
    return {name: graph.accounts[:, place] for place, name in enumerate(ACCOUNT_NAMES)}


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_every_edge_of_the_index_is_in_one_relation(world: World) -> None:
    index = index_of(world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed)
    graph = graph_of(index, profiles_of(index))
    assert graph.size == world.size
    assert set(graph.relations) == set(index.values["signal"])
    held = index.held.join(index.values, on="value")
    start = min(index.held["first"].drop_nulls(), default=None)
    for name, relation in graph.relations.items():
        texts = index.values.filter(pl.col("signal") == name).sort("value")["text"].to_list()
        assert relation.size == len(texts)
        edges = {
            (int(account), texts[value]): (count, first, last)
            for account, value, count, first, last in zip(
                relation.account, relation.value, relation.count, relation.first, relation.last, strict=True
            )
        }
        rows = held.filter(pl.col("signal") == name)
        assert len(edges) == len(relation.account) == rows.height  # each once
        for row in rows.iter_rows(named=True):
            count, first, last = edges[row["account"], row["text"]]
            assert count == row["count"]
            for got, moment in ((first, row["first"]), (last, row["last"])):
                if moment is None:
                    assert np.isnan(got)
                else:
                    assert start is not None
                    assert got == pytest.approx((moment - start) / 1e6 / DAY, abs=1e-3)


def test_values_are_described_by_their_class_and_lists() -> None:
    holders: dict[Value, list[int | Held]] = {
        ("ip", "10.0.0.1"): [0, 1],
        ("ip", "10.0.0.2"): [0, 2],
        ("instrument", "card"): [1, 2],
        ("instrument", "wallet"): [Held(3, own=True, count=0), Held(1, 0)],
        ("device", "d"): [0, 3],
    }
    index = index_of(
        5, holders, kinds={("ip", "10.0.0.1"): "vpn", ("instrument", "card"): "prepaid"},
        hubs={("ip", "10.0.0.1")}, listed={("ip", "10.0.0.2")},
    )  # fmt: skip
    graph = graph_of(index, profiles_of(index))

    def feature(signal: str, name: str) -> list[float]:
        return graph.relations[signal].values[:, VALUE_NAMES.index(name)].tolist()

    assert feature("ip", "hub") == [1, 1]
    assert feature("ip", "listed") == [0, 1]
    np.testing.assert_equal(feature("ip", "kind=vpn"), [1, np.nan])
    np.testing.assert_equal(feature("ip", "kind=mobile"), [0, np.nan])
    np.testing.assert_equal(feature("instrument", "kind=prepaid"), [1, np.nan])
    assert feature("instrument", "kind=own") == [0, 1]
    assert np.isnan(feature("device", "kind=vpn")).all()
    wallet = graph.relations["instrument"]
    assert sorted(zip(wallet.account[2:], wallet.count[2:], strict=True)) == [(1, 1), (3, 0)]


def read(folder: Path, **tables: list[dict[str, Any]]) -> tuple[Index, Profiles]:
    """Index and profiles of tables on disk."""
    folder.mkdir()
    paths = write(folder, **tables)
    write_holdings(Signals(paths, frozenset(), None), folder / "holdings.parquet")
    index = build_index(paths, folder / "holdings.parquet", None, SETTINGS)
    return index, profiles(index, paths, frozenset(), folder / "holdings.parquet")


USAGE = [
    {"account_id": "a", "observed_at": at(6 * 3600), "input_tokens": 9, "output_tokens": 99},
    {"account_id": "a", "observed_at": at(DAY + 6 * 3600), "input_tokens": 9, "output_tokens": 99},
    {"account_id": "b", "observed_at": at(10 * DAY), "input_tokens": 0, "output_tokens": 1},
]
DEVICES = [
    {"account_id": who, "observed_at": at(day * DAY), "device_id": device}
    for who, day, device in (("a", 0, "x"), ("a", 1, "x"), ("b", 2, "x"), ("b", 3, "y"), ("b", 4, "z"))
]


def test_accounts_are_described_by_their_use(tmp_path: Path) -> None:
    made = [{"account_id": "a", "created_at": at(-DAY)}, *accounts("b", "c")]
    graph = graph_of(*read(tmp_path / "t", accounts=made, devices=DEVICES, usage=USAGE))
    got = columns(graph)
    assert graph.window_days == pytest.approx(10)  # from the first use of anything to the last
    assert got["created"].tolist() == [-1, 0, 0]
    assert got["values_device"].tolist() == [1, 3, 0]  # those that nobody shares too
    assert np.isnan(got["values_phone"]).all()  # a signal that nobody has is unknown, not none
    # Six in the morning, on two days.
    np.testing.assert_allclose([got["hour_cos"][0], got["hour_sin"][0]], [0, 1], atol=1e-6)
    np.testing.assert_equal(got["active_hours"], np.float32([2, 1, np.nan]))
    np.testing.assert_equal(got["first_day"], np.float32([0.25, 10, np.nan]))
    np.testing.assert_equal(got["last_day"], np.float32([1.25, 10, np.nan]))
    np.testing.assert_allclose(got["out_tokens"][:2], np.log10([199 / 2, 2]), rtol=1e-6)
    for name in ("volume", "in_tokens", "pace", "batch", "hour_cos"):
        assert np.isfinite(got[name]).tolist() == [True, True, False], name
    edges = graph.relations["device"]
    assert list(zip(edges.account, edges.count, edges.first, edges.last, strict=True)) == [
        (0, 2, 0, 1),
        (1, 1, 2, 2),
    ]


def test_nothing_of_an_investigation_is_among_it(tmp_path: Path) -> None:
    plain = accounts("a", "b", "c")
    closed = [{**row, "closed_at": at(5 * DAY)} for row in plain]
    banned = [{"account_id": "a", "observed_at": at(5 * DAY), "event": "banned"}]
    labels = [{"account_id": "a", "operator": "ring of fire"}]
    one = graph_of(*read(tmp_path / "one", accounts=plain, devices=DEVICES))
    two = graph_of(*read(tmp_path / "two", accounts=closed, devices=DEVICES, events=banned, labels=labels))
    np.testing.assert_equal(one.accounts, two.accounts)
    assert one.relations.keys() == two.relations.keys()
    assert one.window_days == two.window_days


def test_the_window_is_never_empty() -> None:
    nothing = index_of(3, {("device", "d"): [0, 1]})
    assert graph_of(nothing, profiles_of(nothing)).window_days == 1
    created = index_of(3, {}, created=[START, START + 5 * DAY, np.nan])
    graph = graph_of(created, profiles_of(created))
    assert graph.window_days == 5
    assert graph.relations == {}
    np.testing.assert_equal(columns(graph)["created"], np.float32([0, 5, np.nan]))


def test_pairs_say_when_accounts_met_at_hubs() -> None:
    hub, other = ("ip", "hub"), ("ip", "other")
    uses = [(0, hub, 0.0), (1, hub, 60.0), (2, hub, 120.0), (0, other, 0.0), (1, other, 9.0)]
    index = index_of(
        60, {hub: range(50), other: range(50)}, hubs={hub, other}, created=[START + 99 * n for n in range(60)]
    )
    found = candidates(index, occasions_of(uses), SETTINGS)
    a, b = np.array([0, 0, 40]), np.array([1, 2, 59])
    pairs = pairs_of(index, found, a, b)
    assert pairs.feature_names == PAIR_NAMES
    got = dict(zip(PAIR_NAMES, pairs.table.T, strict=True))
    np.testing.assert_allclose(got["creation_gap"], np.log10([100, 199, 1 + 19 * 99]), rtol=1e-6)
    pieces = found.pieces.filter((pl.col("a") == 0) & (pl.col("b") == 1))
    assert pieces["crowd"].to_list() == [3, 2]
    np.testing.assert_allclose(got["crowd"], np.log1p([2, 3, np.nan]), rtol=1e-6)
    rivals = pieces["rivals"].cast(pl.Float64).min()
    np.testing.assert_allclose(got["rivals"][0], np.log1p(rivals), rtol=1e-6)
    np.testing.assert_allclose(got["windows"], np.log1p([2, 1, 0]), rtol=1e-6)  # no candidate: no window
    assert pairs.label is None
    taught = pairs_of(index, found, a, b, np.arange(60) // 2)
    assert taught.label is not None
    assert taught.label.tolist() == [1, 0, 0]
    assert taught.group_b is not None
    assert taught.group_b.tolist() == [0, 1, 29]


@settings(deadline=None, max_examples=25)
@given(worlds(), st.integers(0, 5))
def test_the_order_of_pairs_changes_nothing(world: World, seed: int) -> None:
    index = index_of(world.size, world.holders, hubs=world.hubs, created=world.created or None)
    found = candidates(index, NO_USES, SETTINGS)
    order = np.random.default_rng(seed).permutation(len(found))
    table = pairs_of(index, found, found.a, found.b).table
    np.testing.assert_equal(pairs_of(index, found, found.a[order], found.b[order]).table, table[order])


def network(graph: Graph, relations: tuple[str, ...], names: tuple[str, ...] = ACCOUNT_NAMES) -> Weights:
    """A network in which every pair's logit is ln 10: all weights are 0 but the last bias."""
    hidden, sides = 4, 7 + 2 * len(VALUE_NAMES)
    layout = Layout("sign", hidden, 1, 1.0, relations, names, VALUE_NAMES, PAIR_NAMES)
    width = 2 * len(names) + len(relations) * (7 + sides + 2 * len(names))
    seen = 3 * hidden + 3 * len(names) + 2 * len(PAIR_NAMES) + len(relations)
    nobody = np.empty(0, np.int64)
    none = Pairs(nobody, nobody, np.empty((0, len(PAIR_NAMES)), np.float32), PAIR_NAMES)
    shapes = {
        "encoder.input.weight": (hidden, width), "encoder.input.bias": (hidden,),
        "encoder.norm.weight": (hidden,), "encoder.norm.bias": (hidden,),
        "encoder.hidden.weight": (hidden, hidden), "encoder.hidden.bias": (hidden,),
        "decoder.first.weight": (hidden, seen), "decoder.first.bias": (hidden,),
        "decoder.last.weight": (1, hidden),
    }  # fmt: skip
    for name in relations:
        shapes[f"encoder.value.{name}.weight"] = (hidden, sides + 2 * len(names))
        shapes[f"encoder.value.{name}.bias"] = (hidden,)
        shapes[f"decoder.value.{name}.weight"] = (hidden, hidden)
        shapes[f"decoder.use.{name}.weight"] = (hidden, 6)
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    arrays["decoder.last.bias"] = np.log(10, dtype=np.float32)[None]
    return Weights(layout, {**arrays, **scales_of([(graph, none)], layout)})


def test_logits_become_log10_odds_and_unknown_signals_are_left_out() -> None:
    index = index_of(4, {("device", "d"): [0, 1], ("phone", "p"): [1, 2]})
    found = candidates(index, NO_USES, SETTINGS)
    graph, pairs = graph_of(index, profiles_of(index)), pairs_of(index, found, found.a, found.b)
    taught = network(graph, ("device",))
    assert log10_odds(graph, pairs, taught).tolist() == [1.0, 1.0]
    strange = network(graph, ("device",), ACCOUNT_NAMES[1:])
    with pytest.raises(InputError, match="account features"):
        log10_odds(graph, pairs, strange)


@pytest.mark.parametrize(
    "module", ["models.gnn", "models.linkage", "graphattr.cli.main", "graphattr.training"]
)
def test_scoring_needs_no_pytorch(module: str) -> None:
    code = (
        f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('torch', 'torch_geometric')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tables_become_features_of_pairs(tmp_path: Path) -> None:
    """Three accounts at one address: two within a minute, one a month later."""
    moments = {"a": 0, "b": 60, "c": 30 * DAY}
    ips = [{"account_id": who, "observed_at": at(s), "ip": "10.0.0.1"} for who, s in moments.items()]
    folder = tmp_path / "t"
    index, _ = read(folder, accounts=accounts(*moments), ips=ips)
    index = replace(index, values=index.values.with_columns(hub=pl.lit(True)))
    tables = {name: folder / f"{name}.parquet" for name in ("accounts", "ips")}
    uses = occasions(tables, frozenset(), index.values.select("signal", value="text"))
    pairs = pairs_of(index, candidates(index, uses, SETTINGS), np.array([0, 0]), np.array([1, 2]))
    assert pairs.table[:, PAIR_NAMES.index("windows")].tolist() == pytest.approx([np.log(2), 0])

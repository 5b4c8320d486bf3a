from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from graphattr.errors import StoreError
from graphattr.store.graph import GraphTables, counts, edge_frame, node_frame, slices, verify
from graphattr.store.schema import ACCOUNT, ATTRIBUTED_TO, EDGE, EDGES, NODE, NODES, OPERATOR
from store.worlds import T0, World, small_world

Writing = Callable[[World], GraphTables]


def test_every_frame_has_the_schema_and_is_sorted(small: GraphTables) -> None:
    for node in NODES:
        frame = node_frame(small, node)
        assert dict(frame.schema) == {"id": pl.String, **node.properties}
        assert frame["id"].is_sorted()
        assert frame["id"].is_unique().all()
    for edge in EDGES:
        frame = edge_frame(small, edge)
        assert dict(frame.schema) == {"source": pl.String, "target": pl.String, **edge.properties}
        assert frame.equals(frame.sort("source", "target"))


def test_addresses_and_their_hashes_are_one_label(small: GraphTables) -> None:
    assert edge_frame(small, EDGE["USED_IP"])["target"].to_list() == [
        "2001:db8::1",
        *("192.0.2.7", "2001:db8::1"),
        *("9f", "9f"),
    ]
    assert node_frame(small, NODE["Ip"]).rows() == [
        ("192.0.2.7", "residential"),
        ("2001:db8::1", "hosting"),
        ("9f", None),
    ]


def test_own_is_a_class_of_the_use_only(small: GraphTables) -> None:
    paid = edge_frame(small, EDGE["PAID_WITH"])
    assert paid.select("source", "target", "kind").rows() == [
        ("a", "card1", "credit"),
        ("c", "card1", "debit"),
        ("d", "d", "own"),
    ]
    assert node_frame(small, NODE["Instrument"]).rows() == [("card1", "credit"), ("d", None)]


def test_operators_come_from_rings(small: GraphTables) -> None:
    assert node_frame(small, OPERATOR).rows() == [("op1",)]
    assert edge_frame(small, ATTRIBUTED_TO).rows() == [("r1", "op1", 0.75)]


def test_an_account_table_without_optional_columns(small: GraphTables) -> None:
    pl.read_parquet(small.accounts).drop("closed_at", "country").write_parquet(small.accounts)
    assert node_frame(small, ACCOUNT).row(0) == ("a", T0, None, None)


def test_counts(small: GraphTables) -> None:
    found = counts(small)
    assert found == {node.label: node_frame(small, node).height for node in NODES}
    assert found["Account"] == 6


def test_a_pair_that_stands_twice(write_world: Writing) -> None:
    world = small_world()
    world.hold("ip", "192.0.2.7", "c")
    with pytest.raises(StoreError, match=r"two USED_IP relationships from 'c' to '192\.0\.2\.7'"):
        edge_frame(write_world(world), EDGE["USED_IP"])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda world: world.hold("device", "x", "nobody"), "USED_DEVICE names Account 'nobody'"),
        (lambda world: world.link("a", "nobody"), "LINKED names Account 'nobody'"),
        (
            lambda world: world.members.append(world.members[0] | {"ring_id": "r9"}),
            "MEMBER_OF names Ring 'r9'",
        ),
        (lambda world: world.accounts.pop(0), "USED_DEVICE|USED_IP|PAID_WITH names Account 'a'"),
    ],
)
def test_tables_that_contradict_each_other(
    write_world: Writing, change: Callable[[World], object], named: str
) -> None:
    verify(write_world(small_world()))
    world = small_world()
    change(world)
    with pytest.raises(StoreError, match=named):
        verify(write_world(world))


@pytest.mark.parametrize("name", ["accounts", "holdings", "links", "rings", "members"])
def test_tables_that_cannot_be_read(write_world: Writing, name: str) -> None:
    tables = write_world(small_world())
    path = getattr(tables, name)
    path.write_bytes(b"PAR1 not a table")
    with pytest.raises(StoreError, match="cannot read the run's tables"):
        verify(tables)
    path.unlink()
    with pytest.raises(StoreError, match=f"cannot read .*{name}"):
        tables.fingerprint()


def test_the_fingerprint_is_of_every_table(write_world: Writing) -> None:
    seen = {write_world(small_world()).fingerprint()}
    assert write_world(small_world()).fingerprint() in seen
    for change in (
        lambda world: world.account("z"),
        lambda world: world.hold("device", "z", "a"),
        lambda world: world.link("a", "f"),
        lambda world: world.ring("z"),
        lambda world: world.members.pop(),
    ):
        world = small_world()
        change(world)
        seen.add(write_world(world).fingerprint())
    assert len(seen) == 6


def test_slices() -> None:
    frame = pl.DataFrame({"x": range(5)})
    assert [part["x"].to_list() for part in slices(frame, 2)] == [[0, 1], [2, 3], [4]]
    assert list(slices(frame.clear(), 2)) == []

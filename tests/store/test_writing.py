"""What every store does when it is written to, on every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations

import pytest

from graphattr.errors import StoreError
from graphattr.store.base import Store
from graphattr.store.graph import GraphTables
from store.dump import said, stored
from store.worlds import T0, World, small_world

Writing = Callable[[World], GraphTables]


def loaded(store: Store, tables: GraphTables) -> Store:
    store.writer().load(tables)
    return store


def test_every_property_comes_back(store: Store, small: GraphTables) -> None:
    dump = stored(loaded(store, small))
    assert dump == said(small)
    assert {name for name, rows in dump.items() if not rows} == {
        *("TlsFingerprint", "Email", "EmailDomain", "Name", "Organisation", "Actor", "Template"),
        *("USED_TLS", "HAS_EMAIL", "HAS_EMAIL_DOMAIN", "HAS_NAME", "IN_ORGANISATION", "ACTED_ON_BY"),
        "USED_TEMPLATE",
    }


def test_numbers_keep_every_bit(store: Store, write_world: Writing) -> None:
    world = small_world()
    world.rings[0] |= {"requests": 2**63 - 1, "log10_bf_high": float("inf"), "bf_cap": 5e-324}
    world.holdings[0] |= {"count": -(2**63), "first_seen": datetime(1, 1, 1, tzinfo=UTC)}
    world.holdings[1] |= {"last_seen": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)}
    tables = write_world(world)
    assert stored(loaded(store, tables)) == said(tables)


def test_a_load_replaces_the_graph(store: Store, small: GraphTables, hostile: GraphTables) -> None:
    loaded(store, hostile)
    assert stored(loaded(store, small)) == said(small)


def test_an_empty_run(store: Store, write_world: Writing) -> None:
    tables = write_world(World())
    assert not any(stored(loaded(store, tables)).values())


def test_upsert_into_an_empty_store(store: Store, small: GraphTables) -> None:
    store.writer().upsert(small)
    assert stored(store) == said(small)


def test_upsert_twice_is_upsert_once(store: Store, small: GraphTables) -> None:
    store.writer().load(small)
    store.writer().upsert(small)
    store.writer().upsert(small)
    assert stored(store) == said(small)


def test_upsert_ends_where_a_load_would(store: Store, small: GraphTables, write_world: Writing) -> None:
    world = small_world()
    world.account("g", country="FR")
    world.accounts[0]["closed_at"] = T0
    world.accounts[1]["country"] = None  # a property that goes
    del world.accounts[5]  # f, with its address
    world.holdings = [row for row in world.holdings if row["account_id"] != "f" and row["value"] != "dev1"]
    world.hold("device", "dev2", "a", "g")
    world.hold("name", "n", "g")
    world.links[0]["probability"] = 0.5
    del world.links[2:]  # d and e, c and f
    world.rings = []
    world.members = []
    world.ring("r3", "a", "b", "g", operator="op2")  # a and b change rings, r1, r2 and op1 go
    tables = write_world(world)
    loaded(store, small).writer().upsert(tables)
    assert stored(store) == said(tables)


def test_contradictory_tables_change_nothing(store: Store, small: GraphTables, write_world: Writing) -> None:
    loaded(store, small)
    world = small_world()
    world.link("a", "nobody")
    with pytest.raises(StoreError, match=r"LINKED names Account 'nobody'"):
        store.writer().load(write_world(world))
    assert stored(store) == said(small)


def test_a_table_that_is_missing_changes_nothing(store: Store, small: GraphTables) -> None:
    loaded(store, small)
    before = stored(store)
    small.links.unlink()
    with pytest.raises(StoreError, match=r"links\.parquet"):
        store.writer().load(small)
    assert stored(store) == before


def test_progress_counts_every_row(store: Store, small: GraphTables) -> None:
    seen: dict[str, int] = {}
    store.writer().load(small, lambda what, rows: seen.update({what: rows}))
    assert seen == {name: len(rows) for name, rows in said(small).items() if rows}


def test_clear_leaves_no_graph(store: Store, small: GraphTables) -> None:
    loaded(store, small).writer().clear()
    store.writer().clear()  # again: nothing to do
    with pytest.raises(StoreError, match="no finished graph"):
        store.view()


def test_no_view_before_the_first_load(store: Store) -> None:
    store.check()
    with pytest.raises(StoreError, match="no finished graph"):
        store.view()


def test_the_pointer_says_where_and_which(store: Store, small: GraphTables) -> None:
    pointer = loaded(store, small).pointer()
    assert pointer["fingerprint"] == small.fingerprint()
    assert pointer["store"] == ("embedded" if store.uri == "embedded" else "neo4j")
    assert not any("password" in key or "user" in key for key in pointer)


@pytest.mark.parametrize(("links", "devices", "cut"), [(3, 1, False), (6, 1, True), (3, 2, True)])
def test_a_ring_graph_says_when_it_is_cut(
    store: Store, write_world: Writing, links: int, devices: int, cut: bool
) -> None:
    """Four members and a limit of four rows a type; each device has three uses."""
    world = World()
    for name in "abcd":
        world.account(name)
    for a, b in list(combinations("abcd", 2))[:links]:
        world.link(a, b)
    for number in range(devices):
        world.hold("device", str(number), "a", "b", "c")
    world.ring("r", *"abcd")
    with loaded(store, write_world(world)).view() as view:
        assert view.ring_graph("r", limit=4).truncated == cut

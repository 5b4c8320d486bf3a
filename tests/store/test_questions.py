"""The explorer's questions, on every store: the same calls, the same answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graphattr.errors import QueryError
from graphattr.store.base import Edge, Node, Ref, View
from graphattr.store.base import Path as Walk
from store.worlds import T0


def test_node(small_view: View) -> None:
    found = small_view.node(Ref("Instrument", "card1"))
    assert found == Node("Instrument", "card1", {"kind": "credit"})
    assert small_view.node(Ref("Instrument", "d")) == Node("Instrument", "d", {})  # "own" is no class of it
    assert small_view.node(Ref("Account", "nobody")) is None
    with pytest.raises(QueryError, match=r"node label 'Ip \{id: 1\}'"):
        small_view.node(Ref("Ip {id: 1}", "a"))


def test_search(small_view: View) -> None:
    assert small_view.search("d") == (
        *(Ref("Account", "d"), Ref("Instrument", "d")),
        *(Ref("Device", "dev-own"), Ref("Device", "dev1")),
    )
    assert small_view.search("dev", limit=1) == (Ref("Device", "dev-own"),)
    assert small_view.search("d", labels=["Instrument"]) == (Ref("Instrument", "d"),)
    assert small_view.search("") == small_view.search("%") == ()


def test_shared_values(small_view: View) -> None:
    card, ip = small_view.shared_values("c")
    assert (card.edge, card.value.id, card.kind, card.holders) == ("PAID_WITH", "card1", "debit", 2)
    assert (ip.edge, ip.value.id, ip.count, ip.holders) == ("USED_IP", "2001:db8::1", 2, 2)
    assert ip.first_seen == T0 + timedelta(days=1)
    (phone,) = small_view.shared_values("d")
    assert (phone.value.id, phone.first_seen) == ("tel1", None)
    assert small_view.shared_values("nobody") == ()


def test_common_values(small_view: View) -> None:
    assert [one.value.id for one in small_view.common_values("a", "c")] == ["card1"]
    assert small_view.common_values("a", "c")[0].kind == "credit"
    assert small_view.common_values("a", "d") == ()


def test_degrees(small_view: View) -> None:
    assert small_view.degrees(Ref("Account", "b")) == {
        "USED_IP": 1,
        "USED_DEVICE": 1,
        "LINKED": 2,
        "MEMBER_OF": 1,
    }
    assert small_view.degrees(Ref("Device", "dev1")) == {"USED_DEVICE": 2}
    assert small_view.degrees(Ref("Ring", "r1")) == {"MEMBER_OF": 3, "ATTRIBUTED_TO": 1}
    assert small_view.degrees(Ref("Operator", "op1")) == {"ATTRIBUTED_TO": 1}
    assert small_view.degrees(Ref("Account", "nobody")) == {}


def test_neighbours_stand_in_the_stored_direction(small_view: View) -> None:
    links = small_view.neighbours(Ref("Account", "b"), "LINKED")
    assert [node.id for node in links.nodes] == ["b", "a", "c"]
    ends = [(edge.source, edge.target) for edge in links.edges]
    assert ends == [
        (Ref("Account", "a"), Ref("Account", "b")),
        (Ref("Account", "b"), Ref("Account", "c")),
    ]
    assert links.edges[1].properties["probability"] == 0.4
    members = small_view.neighbours(Ref("Ring", "r1"), "MEMBER_OF", limit=2)
    assert [node.id for node in members.nodes] == ["r1", "a", "b"]
    assert members.truncated
    assert not links.truncated
    assert members.edges[0].source == Ref("Account", "a")
    assert members.edges[0].target == Ref("Ring", "r1")
    with pytest.raises(QueryError, match="relationship type 'LINKED' at Ring"):
        small_view.neighbours(Ref("Ring", "r1"), "LINKED")


def test_ring_of(small_view: View) -> None:
    found = small_view.ring_of("e")
    assert found == Edge(
        "MEMBER_OF",
        Ref("Account", "e"),
        Ref("Ring", "r2"),
        {"probability": 0.1 + 0.2, "low": 5e-324, "high": 1.0, "tier": "core"},
    )
    assert small_view.ring_of("f") is None


def test_ring_graph(small_view: View) -> None:
    found = small_view.ring_graph("r1")
    assert {node.ref for node in found.nodes} == {
        *(Ref("Ring", "r1"), Ref("Account", "a"), Ref("Account", "b"), Ref("Account", "c")),
        *(Ref("Ip", "2001:db8::1"), Ref("Instrument", "card1"), Ref("Device", "dev1")),
    }
    edges = sorted((edge.type, edge.source.id, edge.target.id) for edge in found.edges)  # type: ignore[union-attr]
    assert edges == [
        *(("LINKED", "a", "b"), ("LINKED", "b", "c")),
        *(("MEMBER_OF", "a", "r1"), ("MEMBER_OF", "b", "r1"), ("MEMBER_OF", "c", "r1")),
        *(("PAID_WITH", "a", "card1"), ("PAID_WITH", "c", "card1")),
        *(("USED_DEVICE", "a", "dev1"), ("USED_DEVICE", "b", "dev1")),
        *(("USED_IP", "b", "2001:db8::1"), ("USED_IP", "c", "2001:db8::1")),
    ]
    assert not found.truncated
    assert small_view.ring_graph("r1", limit=1).truncated
    with pytest.raises(QueryError, match="ring 'r9'"):
        small_view.ring_graph("r9")


def test_shortest_path(small_view: View) -> None:
    found = small_view.shortest_path("a", "c", ["PAID_WITH", "USED_DEVICE", "USED_IP"])
    assert isinstance(found, Walk)
    assert [node.id for node in found.nodes] == ["a", "card1", "c"]
    assert [(edge.source, edge.target) for edge in found.edges] == [
        (Ref("Account", "a"), Ref("Instrument", "card1")),
        (Ref("Account", "c"), Ref("Instrument", "card1")),
    ]
    longer = small_view.shortest_path("a", "c", ["USED_DEVICE", "USED_IP"])
    assert longer is not None
    assert [node.id for node in longer.nodes] == ["a", "dev1", "b", "2001:db8::1", "c"]
    assert small_view.shortest_path("a", "c", ["USED_DEVICE", "USED_IP"], hops=3) is None
    assert small_view.shortest_path("a", "d", hops=5) is None
    assert small_view.shortest_path("a", "nobody") is None
    assert small_view.shortest_path("a", "a") is None
    linked = small_view.shortest_path("a", "b")
    assert linked is not None
    assert [edge.type for edge in linked.edges] == ["LINKED"]
    for types, hops in ((["NOPE"], 3), ([], 3), (["LINKED"], 0), (["LINKED"], 99)):
        with pytest.raises(QueryError):
            small_view.shortest_path("a", "b", types, hops)

"""What every store does, on every store: the same calls, the same answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graphattr.errors import QueryError, StoreError
from graphattr.store.base import Edge, Node, Ref, Store, View
from graphattr.store.base import Path as Walk
from graphattr.store.graph import GraphTables
from graphattr.store.schema import EDGE, EDGES, NODES
from store.dump import said, stored
from store.worlds import HOSTILE, T0, World, small_world

Writing = Callable[[World], GraphTables]


def loaded(store: Store, tables: GraphTables) -> Store:
    store.writer().load(tables)
    return store


class TestWriting:
    def test_every_property_comes_back(self, store: Store, small: GraphTables) -> None:
        dump = stored(loaded(store, small))
        assert dump == said(small)
        assert {name for name, rows in dump.items() if not rows} == {
            *("TlsFingerprint", "Email", "EmailDomain", "Name", "Organisation", "Actor", "Template"),
            *("USED_TLS", "HAS_EMAIL", "HAS_EMAIL_DOMAIN", "HAS_NAME", "IN_ORGANISATION", "ACTED_ON_BY"),
            "USED_TEMPLATE",
        }

    def test_hostile_text_comes_back(self, store: Store, hostile: GraphTables) -> None:
        assert stored(loaded(store, hostile)) == said(hostile)

    def test_numbers_keep_every_bit(self, store: Store, write_world: Writing) -> None:
        world = small_world()
        world.rings[0] |= {"requests": 2**63 - 1, "log10_bf_high": float("inf"), "bf_cap": 5e-324}
        world.holdings[0] |= {"count": -(2**63), "first_seen": datetime(1, 1, 1, tzinfo=UTC)}
        world.holdings[1] |= {"last_seen": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)}
        tables = write_world(world)
        assert stored(loaded(store, tables)) == said(tables)

    def test_a_load_replaces_the_graph(self, store: Store, small: GraphTables, hostile: GraphTables) -> None:
        loaded(store, hostile)
        assert stored(loaded(store, small)) == said(small)

    def test_an_empty_run(self, store: Store, write_world: Writing) -> None:
        tables = write_world(World())
        assert not any(stored(loaded(store, tables)).values())

    def test_upsert_into_an_empty_store(self, store: Store, small: GraphTables) -> None:
        store.writer().upsert(small)
        assert stored(store) == said(small)

    def test_upsert_twice_is_upsert_once(self, store: Store, small: GraphTables) -> None:
        store.writer().load(small)
        store.writer().upsert(small)
        store.writer().upsert(small)
        assert stored(store) == said(small)

    def test_upsert_ends_where_a_load_would(
        self, store: Store, small: GraphTables, write_world: Writing
    ) -> None:
        world = small_world()
        world.account("g", country="FR")
        world.accounts[0]["closed_at"] = T0
        world.accounts[1]["country"] = None  # a property that goes
        del world.accounts[5]  # f, with its address
        world.holdings = [
            row for row in world.holdings if row["account_id"] != "f" and row["value"] != "dev1"
        ]
        world.hold("device", "dev2", "a", "g")
        world.hold("name", "n", "g")
        world.links[0]["probability"] = 0.5
        del world.links[2]
        world.rings = []
        world.members = []
        world.ring("r3", "a", "b", "g", operator="op2")  # a and b change rings, r1, r2 and op1 go
        tables = write_world(world)
        loaded(store, small).writer().upsert(tables)
        assert stored(store) == said(tables)

    def test_contradictory_tables_change_nothing(
        self, store: Store, small: GraphTables, write_world: Writing
    ) -> None:
        loaded(store, small)
        world = small_world()
        world.link("a", "nobody")
        with pytest.raises(StoreError, match=r"LINKED names Account 'nobody'"):
            store.writer().load(write_world(world))
        assert stored(store) == said(small)

    def test_a_table_that_is_missing_changes_nothing(self, store: Store, small: GraphTables) -> None:
        loaded(store, small)
        before = stored(store)
        small.links.unlink()
        with pytest.raises(StoreError, match=r"links\.parquet"):
            store.writer().load(small)
        assert stored(store) == before

    def test_progress_counts_every_row(self, store: Store, small: GraphTables) -> None:
        seen: dict[str, int] = {}
        store.writer().load(small, lambda what, rows: seen.update({what: rows}))
        assert seen == {name: len(rows) for name, rows in said(small).items() if rows}

    def test_clear_leaves_no_graph(self, store: Store, small: GraphTables) -> None:
        loaded(store, small).writer().clear()
        store.writer().clear()  # again: nothing to do
        with pytest.raises(StoreError, match="no finished graph"):
            store.view()

    def test_no_view_before_the_first_load(self, store: Store) -> None:
        store.check()
        with pytest.raises(StoreError, match="no finished graph"):
            store.view()

    def test_the_pointer_says_where_and_which(self, store: Store, small: GraphTables) -> None:
        pointer = loaded(store, small).pointer()
        assert pointer["fingerprint"] == small.fingerprint()
        assert pointer["store"] == ("embedded" if store.uri == "embedded" else "neo4j")
        assert not any("password" in key or "user" in key for key in pointer)


class TestQuestions:
    def test_node(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            found = view.node(Ref("Instrument", "card1"))
            assert found == Node("Instrument", "card1", {"kind": "credit"})
            assert view.node(Ref("Instrument", "d")) == Node("Instrument", "d", {})  # "own" is no class of it
            assert view.node(Ref("Account", "nobody")) is None
            with pytest.raises(QueryError, match=r"node label 'Ip \{id: 1\}'"):
                view.node(Ref("Ip {id: 1}", "a"))

    def test_search(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            assert view.search("d") == (
                *(Ref("Account", "d"), Ref("Instrument", "d")),
                *(Ref("Device", "dev-own"), Ref("Device", "dev1")),
            )
            assert view.search("dev", limit=1) == (Ref("Device", "dev-own"),)
            assert view.search("d", labels=["Instrument"]) == (Ref("Instrument", "d"),)
            assert view.search("") == view.search("%") == ()

    def test_shared_values(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            card, ip = view.shared_values("c")
            assert (card.edge, card.value.id, card.kind, card.holders) == ("PAID_WITH", "card1", "debit", 2)
            assert (ip.edge, ip.value.id, ip.count, ip.holders) == ("USED_IP", "2001:db8::1", 2, 2)
            assert ip.first_seen == T0 + timedelta(days=1)
            (phone,) = view.shared_values("d")
            assert (phone.value.id, phone.first_seen) == ("tel1", None)
            assert view.shared_values("nobody") == ()

    def test_common_values(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            assert [one.value.id for one in view.common_values("a", "c")] == ["card1"]
            assert view.common_values("a", "c")[0].kind == "credit"
            assert view.common_values("a", "d") == ()

    def test_degrees(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            assert view.degrees(Ref("Account", "b")) == {
                "USED_IP": 1,
                "USED_DEVICE": 1,
                "LINKED": 2,
                "MEMBER_OF": 1,
            }
            assert view.degrees(Ref("Device", "dev1")) == {"USED_DEVICE": 2}
            assert view.degrees(Ref("Ring", "r1")) == {"MEMBER_OF": 3, "ATTRIBUTED_TO": 1}
            assert view.degrees(Ref("Operator", "op1")) == {"ATTRIBUTED_TO": 1}
            assert view.degrees(Ref("Account", "nobody")) == {}

    def test_neighbours_stand_in_the_stored_direction(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            links = view.neighbours(Ref("Account", "b"), "LINKED")
            assert [node.id for node in links.nodes] == ["b", "a", "c"]
            ends = [(edge.source, edge.target) for edge in links.edges]
            assert ends == [
                (Ref("Account", "a"), Ref("Account", "b")),
                (Ref("Account", "b"), Ref("Account", "c")),
            ]
            assert links.edges[1].properties["probability"] == 0.4
            members = view.neighbours(Ref("Ring", "r1"), "MEMBER_OF", limit=2)
            assert [node.id for node in members.nodes] == ["r1", "a", "b"]
            assert members.truncated
            assert not links.truncated
            assert members.edges[0].source == Ref("Account", "a")
            assert members.edges[0].target == Ref("Ring", "r1")
            with pytest.raises(QueryError, match="relationship type 'LINKED' at Ring"):
                view.neighbours(Ref("Ring", "r1"), "LINKED")

    def test_ring_of(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            found = view.ring_of("e")
            assert found == Edge(
                "MEMBER_OF",
                Ref("Account", "e"),
                Ref("Ring", "r2"),
                {"probability": 0.1 + 0.2, "low": 5e-324, "high": 1.0, "tier": "core"},
            )
            assert view.ring_of("f") is None

    def test_ring_graph(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            found = view.ring_graph("r1")
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
            assert view.ring_graph("r1", limit=1).truncated
            with pytest.raises(QueryError, match="ring 'r9'"):
                view.ring_graph("r9")

    def test_shortest_path(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            found = view.shortest_path("a", "c", ["PAID_WITH", "USED_DEVICE", "USED_IP"])
            assert isinstance(found, Walk)
            assert [node.id for node in found.nodes] == ["a", "card1", "c"]
            assert [(edge.source, edge.target) for edge in found.edges] == [
                (Ref("Account", "a"), Ref("Instrument", "card1")),
                (Ref("Account", "c"), Ref("Instrument", "card1")),
            ]
            longer = view.shortest_path("a", "c", ["USED_DEVICE", "USED_IP"])
            assert longer is not None
            assert [node.id for node in longer.nodes] == ["a", "dev1", "b", "2001:db8::1", "c"]
            assert view.shortest_path("a", "c", ["USED_DEVICE", "USED_IP"], hops=3) is None
            assert view.shortest_path("a", "d") is None
            assert view.shortest_path("a", "a") is None
            linked = view.shortest_path("a", "b")
            assert linked is not None
            assert [edge.type for edge in linked.edges] == ["LINKED"]
            for types, hops in ((["NOPE"], 3), ([], 3), (["LINKED"], 0), (["LINKED"], 99)):
                with pytest.raises(QueryError):
                    view.shortest_path("a", "b", types, hops)

    def test_hostile_ids_are_found_and_nothing_else(self, store: Store, hostile: GraphTables) -> None:
        before = stored(loaded(store, hostile))
        with store.view() as view:
            for text in HOSTILE:
                ask_everything_of(view, text)
        assert stored(store) == before


def ask_everything_of(view: View, text: str) -> None:
    """Every question about the hostile account, device, ring and operator that are all called `text`."""
    for label in ("Account", "Device", "Ring", "Operator"):
        found = view.node(Ref(label, text))
        assert found is not None
        assert found.id == text
    assert (Ref("Account", text) in view.search(text)) == bool(text)
    assert len(view.neighbours(Ref("Device", text), "USED_DEVICE").edges) == 2
    assert len(view.shared_values(text)) == 8
    member = view.ring_of(text)
    assert member is not None
    assert member.target == Ref("Ring", text)
    assert view.ring_graph(text).nodes[0].properties["weakest_point"] == text
    other = HOSTILE[HOSTILE.index(text) - 1]
    path = view.shortest_path(text, other, ["USED_DEVICE"])
    assert path is not None
    assert [node.id for node in path.nodes[::2]] == [text, other]
    answer = view.query("MATCH (a:Account) WHERE a.country = $text RETURN a.id", {"text": text})
    assert answer.rows == ((text,),)


class TestQuery:
    @pytest.mark.parametrize(
        ("cypher", "rows"),
        [
            ("MATCH (a:Account) RETURN count(*) AS n", ((6,),)),
            ("MATCH (a:Account) WHERE a.country IS NULL RETURN a.id ORDER BY a.id", (("d",), ("e",), ("f",))),
            (
                "MATCH (a:Account)-[:USED_DEVICE]->(d:Device) RETURN d.id, count(a) AS n ORDER BY d.id",
                (("dev-own", 1), ("dev1", 2)),
            ),
            ("MATCH (a:Account) WHERE NOT EXISTS { MATCH (a)-[:MEMBER_OF]->(:Ring) } RETURN a.id", (("f",),)),
            (
                "MATCH (a:Account) OPTIONAL MATCH (a)-[:HAS_PHONE]->(p:Phone) "
                "RETURN a.id, p.id ORDER BY a.id LIMIT 4",
                (("a", None), ("b", None), ("c", None), ("d", "tel1")),
            ),
            (
                "MATCH (a:Account {id: 'a'}) RETURN a.id AS id "
                "UNION MATCH (r:Ring {id: 'r1'}) RETURN r.id AS id",
                (("a",), ("r1",)),
            ),
            ("UNWIND [3, 1, 2] AS x WITH x ORDER BY x LIMIT 2 RETURN x", ((1,), (2,))),
            ("UNWIND [3, 3] AS x RETURN collect(x) AS xs", (([3, 3],),)),
            (
                "MATCH (a:Account) RETURN CASE WHEN a.country = 'DE' THEN 'x' ELSE 'y' END AS k, "
                "count(*) AS n ORDER BY k",
                (("x", 3), ("y", 3)),
            ),
            (
                "MATCH (a:Account {id: 'a'}) RETURN a.created_at, {one: 1, two: [a.id]} AS m",
                ((T0, {"one": 1, "two": ["a"]}),),
            ),
            ("RETURN 1 AS one // MERGE (n) in a comment\r", ((1,),)),
            ("/* DELETE */ RETURN 'CREATE (n)' AS `set`;", (("CREATE (n)",),)),
        ],
    )
    def test_one_text_one_answer(
        self, store: Store, small: GraphTables, cypher: str, rows: tuple[object, ...]
    ) -> None:
        with loaded(store, small).view() as view:
            assert sorted(view.query(cypher).rows, key=repr) == sorted(rows, key=repr)

    def test_nodes_and_relationships(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            text = "MATCH p = (g:Ring)-[r:ATTRIBUTED_TO]->(o:Operator) RETURN o, r, p, [g] AS gs"
            ((operator, edge, path, rings),) = view.query(text).rows
            assert operator == Node("Operator", "op1", {})
            ends = Ref("Ring", "r1"), Ref("Operator", "op1")
            assert edge == Edge("ATTRIBUTED_TO", *ends, {"probability": 0.75})
            assert path == Walk((rings[0], operator), (edge,))
            assert rings[0].properties["size"] == 3
            alone = view.query("MATCH (:Ring)-[r:ATTRIBUTED_TO]->(:Operator) RETURN r")
            assert alone.rows[0][0] == Edge("ATTRIBUTED_TO", None, None, {"probability": 0.75})

    def test_times_as_parameters(self, store: Store, small: GraphTables) -> None:
        text = "MATCH (a:Account) WHERE a.created_at = $at RETURN count(*)"
        with loaded(store, small).view() as view:
            for at in (T0, T0.astimezone(ZoneInfo("UTC")), T0.astimezone(ZoneInfo("Asia/Tokyo"))):
                assert view.query(text, {"at": at}).rows == ((6,),)
            assert view.query(text, {"at": T0 + timedelta(microseconds=1)}).rows == ((0,),)

    def test_limit(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            few = view.query("MATCH (a:Account) RETURN a.id ORDER BY a.id", limit=2)
            assert (few.columns, few.rows, few.truncated) == (("a.id",), (("a",), ("b",)), True)
            assert not view.query("MATCH (a:Account) RETURN a.id", limit=6).truncated
            with pytest.raises(QueryError, match="limit 0"):
                view.query("RETURN 1", limit=0)

    def test_timeout_and_the_view_lives_on(self, store: Store, small: GraphTables) -> None:
        slow = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN sum(x * y)"
        with loaded(store, small).view() as view:
            with pytest.raises(QueryError, match=r"no answer within 0\.5 s"):
                view.query(slow, timeout=0.5)
            assert view.query("RETURN 1").rows == ((1,),)

    def test_a_parameter_without_a_value(self, store: Store, small: GraphTables) -> None:
        with loaded(store, small).view() as view:
            assert view.query("RETURN $it AS it", {"it": None, "unused": 1}).rows == ((None,),)
            with pytest.raises(QueryError, match=r"no value for \$it"):
                view.query("RETURN $it", {"that": 1})

    @pytest.mark.parametrize("text", ["MATCH (n RETURN n", "MATCH (n:Account) RETURN nope"])
    def test_a_wrong_query_is_a_query_error(self, store: Store, small: GraphTables, text: str) -> None:
        with loaded(store, small).view() as view:
            with pytest.raises(QueryError, match="the store refuses the query"):
                view.query(text)
            assert view.query("RETURN 1").rows == ((1,),)

    @pytest.mark.parametrize(
        "text",
        [
            "CREATE (:Account {id: 'x'})",
            "MATCH (a:Account) SET a.country = 'x'",
            "MATCH (a:Account) DETACH DELETE a",
            "MATCH (a:Account) REMOVE a.country",
            "MERGE (:Account {id: 'x'})",
            "RETURN 1; CREATE (:Account {id: 'x'})",
            "COPY (MATCH (a:Account) RETURN a.id) TO '{path}'",
            "EXPORT DATABASE '{path}'",
            "LOAD FROM '{path}' RETURN *",
            "LOAD CSV FROM 'file:///{path}' AS row RETURN row",
            "MATCH (a:Account) WITH a LOAD CSV FROM 'file:///{path}' AS row RETURN row",
            "ATTACH '{path}' AS other (dbtype duckdb)",
            "INSTALL httpfs",
            "DROP TABLE Account",
            "CALL db.labels() YIELD label RETURN label",
            "CALL show_tables() RETURN *",
            "MATCH (a) CALL { WITH a CREATE (b:X) } RETURN a",
            "MATCH (a) FOREACH (x IN [1] | CREATE (:X))",
            "USE system RETURN 1",
        ],
    )
    def test_only_reading(self, store: Store, small: GraphTables, tmp_path: Path, text: str) -> None:
        before = stored(loaded(store, small))
        path = tmp_path / "out"
        with store.view() as view, pytest.raises(QueryError, match="expected"):
            view.query(text.replace("{path}", str(path)))
        assert stored(store) == before
        assert not path.exists()

    def test_the_store_itself_refuses_to_write(self, store: Store, small: GraphTables) -> None:
        before = stored(loaded(store, small))
        with store.view() as view, pytest.raises(QueryError, match=r"(?i)read.only|read access"):
            view._run("CREATE (:Account {id: 'x'})", {}, None, 5)  # type: ignore[attr-defined]
        assert stored(store) == before


def test_the_small_world_fills_what_it_should() -> None:
    """Guards the suite: each relationship type has a label of its own, and ends where the schema says."""
    assert {edge.type for edge in EDGES} == set(EDGE)
    assert {edge.source for edge in EDGES} | {edge.target for edge in EDGES} == {node.label for node in NODES}

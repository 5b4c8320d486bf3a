"""Free queries, on every store: one text, one answer, and nothing but reading."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graphattr.errors import QueryError
from graphattr.store.base import Edge, Node, Ref, Store, View
from graphattr.store.base import Path as Walk
from store.dump import stored
from store.worlds import T0


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
            "MATCH (a:Account {id: 'a'}) RETURN a.id AS id UNION MATCH (r:Ring {id: 'r1'}) RETURN r.id AS id",
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
def test_one_text_one_answer(small_view: View, cypher: str, rows: tuple[object, ...]) -> None:
    assert sorted(small_view.query(cypher).rows, key=repr) == sorted(rows, key=repr)


def test_nodes_and_relationships(small_view: View) -> None:
    text = "MATCH p = (g:Ring)-[r:ATTRIBUTED_TO]->(o:Operator) RETURN o, r, p, [g] AS gs"
    ((operator, edge, path, rings),) = small_view.query(text).rows
    assert operator == Node("Operator", "op1", {})
    ends = Ref("Ring", "r1"), Ref("Operator", "op1")
    assert edge == Edge("ATTRIBUTED_TO", *ends, {"probability": 0.75})
    assert path == Walk((rings[0], operator), (edge,))
    assert rings[0].properties["size"] == 3
    alone = small_view.query("MATCH (:Ring)-[r:ATTRIBUTED_TO]->(:Operator) RETURN r")
    assert alone.rows[0][0] == Edge("ATTRIBUTED_TO", None, None, {"probability": 0.75})


def test_times_as_parameters(small_view: View) -> None:
    text = "MATCH (a:Account) WHERE a.created_at = $at RETURN count(*)"
    for at in (T0, T0.astimezone(ZoneInfo("UTC")), T0.astimezone(ZoneInfo("Asia/Tokyo"))):
        assert small_view.query(text, {"at": at}).rows == ((6,),)
    assert small_view.query(text, {"at": T0 + timedelta(microseconds=1)}).rows == ((0,),)


def test_limit(small_view: View) -> None:
    few = small_view.query("MATCH (a:Account) RETURN a.id ORDER BY a.id", limit=2)
    assert (few.columns, few.rows, few.truncated) == (("a.id",), (("a",), ("b",)), True)
    assert not small_view.query("MATCH (a:Account) RETURN a.id", limit=6).truncated
    with pytest.raises(QueryError, match="limit 0"):
        small_view.query("RETURN 1", limit=0)


def test_timeout_and_the_view_lives_on(small_view: View) -> None:
    slow = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN sum(x * y)"
    with pytest.raises(QueryError, match=r"no answer within 0\.5 s"):
        small_view.query(slow, timeout=0.5)
    assert small_view.query("RETURN 1").rows == ((1,),)


def test_a_parameter_without_a_value(small_view: View) -> None:
    assert small_view.query("RETURN $it AS it", {"it": None, "unused": 1}).rows == ((None,),)
    with pytest.raises(QueryError, match=r"no value for \$it"):
        small_view.query("RETURN $it", {"that": 1})


@pytest.mark.parametrize("text", ["MATCH (n RETURN n", "MATCH (n:Account) RETURN nope"])
def test_a_wrong_query_is_a_query_error(small_view: View, text: str) -> None:
    with pytest.raises(QueryError, match="the store refuses the query"):
        small_view.query(text)
    assert small_view.query("RETURN 1").rows == ((1,),)


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
def test_only_reading(small_store: Store, tmp_path: Path, text: str) -> None:
    before = stored(small_store)
    path = tmp_path / "out"
    with small_store.view() as view, pytest.raises(QueryError, match="expected"):
        view.query(text.replace("{path}", str(path)))
    assert stored(small_store) == before
    assert not path.exists()


def test_the_store_itself_refuses_to_write(small_store: Store) -> None:
    before = stored(small_store)
    with small_store.view() as view, pytest.raises(QueryError, match=r"(?i)read.only|read access"):
        view._run("CREATE (:Account {id: 'x'})", {}, None, 5)  # type: ignore[attr-defined]
    assert stored(small_store) == before

"""The questions of a View, asked in the text that both backends share; a backend supplies `_run` alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from graphattr.errors import QueryError
from graphattr.store import cypher
from graphattr.store.base import Edge, Graph, Node, Path, Ref, Result, SharedValue
from graphattr.store.readonly import read_only
from graphattr.store.schema import EDGE, LINKED, NODE, PATH_EDGES, VALUE_EDGES, EdgeType

#: Seconds after which one of the view's own questions is given up.
TIMEOUT = 60.0
MAX_HOPS = 12


class CypherView(ABC):
    """A View over a store that speaks Cypher."""

    @abstractmethod
    def _run(self, text: str, params: Mapping[str, Any], limit: int | None, timeout: float) -> Result:
        """Run a text that is known to read only; values come back as Python's own or as base's records."""

    @abstractmethod
    def _shortest_path_text(self, types: Sequence[str], hops: int) -> str:
        """The dialect's text for a shortest path from $a to $b."""

    @abstractmethod
    def close(self) -> None:
        """As View.close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def query(
        self,
        cypher: str,
        params: Mapping[str, Any] | None = None,
        limit: int = 1000,
        timeout: float = 30.0,
    ) -> Result:
        """As View.query."""
        if limit < 1 or timeout <= 0:
            raise QueryError(f"limit {limit}, timeout {timeout}", "both above 0")
        sent = {name: _in_utc(value) for name, value in (params or {}).items()}
        return self._run(read_only(cypher, sent), sent, limit, timeout)

    def node(self, ref: Ref) -> Node | None:
        """As View.node."""
        rows = self._ask(cypher.node(_known(ref.label)), id=ref.id)
        return rows[0]["node"] if rows else None

    def search(self, prefix: str, limit: int = 20, labels: Sequence[str] | None = None) -> tuple[Ref, ...]:
        """As View.search."""
        if not prefix:
            return ()
        return tuple(
            Ref(label, row["id"])
            for label in ([_known(label) for label in labels] if labels is not None else NODE)
            for row in self._ask(cypher.search(label), prefix=prefix, limit=limit)
        )

    def shared_values(self, account: str) -> tuple[SharedValue, ...]:
        """As View.shared_values."""
        rows = [(edge, row) for edge in VALUE_EDGES for row in self._ask(cypher.values_of(edge), id=account)]
        return _shared([(edge, row) for edge, row in rows if row["holders"] > 1])

    def common_values(self, a: str, b: str) -> tuple[SharedValue, ...]:
        """As View.common_values."""
        return _shared(
            [
                (edge, row)
                for edge in VALUE_EDGES
                for row in self._ask(cypher.common_values(edge), id=a, other=b)
            ]
        )

    def degrees(self, ref: Ref) -> dict[str, int]:
        """As View.degrees."""
        rows = self._ask(cypher.degrees(_known(ref.label)), id=ref.id)
        found = {row["type"]: row["n"] for row in rows if row["n"]}
        return {edge.type: found[edge.type] for edge in cypher.edges_of(ref.label) if edge.type in found}

    def neighbours(self, ref: Ref, edge_type: str, limit: int = 50) -> Graph:
        """As View.neighbours."""
        edge = EDGE.get(edge_type)
        if edge is None or edge not in cypher.edges_of(_known(ref.label)):
            expected = ", ".join(one.type for one in cypher.edges_of(ref.label))
            raise QueryError(f"relationship type {edge_type!r} at {ref.label}", f"one of {expected}")
        rows = self._ask(cypher.neighbours(ref.label, edge), id=ref.id, limit=limit + 1)
        centre = self.node(ref)
        nodes = [row["node"] for row in rows[:limit]]
        edges = [_between(edge, ref, row["node"].ref, row["edge"]) for row in rows[:limit]]
        return Graph((*([centre] if centre else []), *nodes), tuple(edges), len(rows) > limit)

    def ring_of(self, account: str) -> Edge | None:
        """As View.ring_of."""
        rows = self._ask(cypher.RING_OF, id=account)
        return _edge(EDGE["MEMBER_OF"], rows[0]) if rows else None

    def ring_graph(self, ring_id: str, limit: int = 20_000) -> Graph:
        """As View.ring_graph."""
        ring = self.node(Ref("Ring", ring_id))
        if ring is None:
            raise QueryError(f"ring {ring_id!r}", "a ring of this run", "rings.parquet lists them")
        members, truncated = self._some(cypher.RING_MEMBERS, limit, id=ring_id)
        nodes: dict[Ref, Node] = {ring.ref: ring} | {row["node"].ref: row["node"] for row in members}
        edges = [_edge(EDGE["MEMBER_OF"], row) for row in members]
        links, more = self._some(cypher.RING_LINKS, limit, id=ring_id)
        truncated |= more
        edges += [_edge(LINKED, row) for row in links]
        for edge in VALUE_EDGES:
            uses, more = self._some(cypher.ring_values(edge), limit, id=ring_id)
            truncated |= more
            holders = Counter(row["node"].ref for row in uses)
            kept = [row for row in uses if holders[row["node"].ref] > 1]
            nodes |= {row["node"].ref: row["node"] for row in kept}
            edges += [_edge(edge, row | {"target": row["node"].id}) for row in kept]
        return Graph(tuple(nodes.values()), tuple(edges), truncated)

    def shortest_path(self, a: str, b: str, types: Sequence[str] | None = None, hops: int = 6) -> Path | None:
        """As View.shortest_path."""
        chosen = tuple(dict.fromkeys(types)) if types is not None else PATH_EDGES
        unknown = [one for one in chosen if one not in EDGE]
        if unknown or not chosen:
            raise QueryError(f"relationship types {unknown}", f"some of {', '.join(EDGE)}")
        if not 1 <= hops <= MAX_HOPS:
            raise QueryError(f"{hops} hops", f"1 to {MAX_HOPS}")
        if a == b:
            return None
        rows = self._ask(self._shortest_path_text(chosen, hops), a=a, b=b)
        return rows[0]["path"] if rows else None

    def _ask(self, text: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of one of our own texts, as dicts."""
        result = self._run(text, params, None, TIMEOUT)
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]

    def _some(self, text: str, limit: int, **params: Any) -> tuple[list[dict[str, Any]], bool]:
        """Up to `limit` rows, and whether there are more."""
        result = self._run(text, params, limit, TIMEOUT)
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows], result.truncated


def _in_utc(value: Any) -> Any:
    """A parameter with its times at +00:00: Ladybug mistakes other zones, to Neo4j [UTC] is not equal."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, Mapping):
        return {key: _in_utc(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_in_utc(one) for one in value]
    return value


def _known(label: str) -> str:
    """The label, if it is ours: it goes into query text."""
    if label not in NODE:
        raise QueryError(f"node label {label!r}", f"one of {', '.join(NODE)}")
    return label


def _edge(edge: EdgeType, row: Mapping[str, Any]) -> Edge:
    source, target = Ref(edge.source, row["source"]), Ref(edge.target, row["target"])
    return Edge(edge.type, source, target, row["edge"].properties)


def _between(edge: EdgeType, here: Ref, there: Ref, found: Edge) -> Edge:
    """The edge in its stored direction; a link goes from the lower id to the higher."""
    forward = here < there if edge == LINKED else edge.source == here.label
    return Edge(edge.type, *((here, there) if forward else (there, here)), found.properties)


def _shared(rows: list[tuple[EdgeType, dict[str, Any]]]) -> tuple[SharedValue, ...]:
    found = [
        SharedValue(
            edge.type,
            row["node"],
            kind=row["edge"].properties.get("kind"),
            first_seen=row["edge"].properties.get("first_seen"),
            last_seen=row["edge"].properties.get("last_seen"),
            count=row["edge"].properties.get("count", 0),
            holders=row["holders"],
        )
        for edge, row in rows
    ]
    return tuple(sorted(found, key=lambda value: (value.holders, value.edge, value.value.id)))

"""Python's values to Neo4j's and back, answers as the records of `base`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import neo4j.graph
import neo4j.spatial
import neo4j.time

from graphattr.store.base import Edge, Node, Path, Ref
from graphattr.store.schema import NODE


def sent(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is sent: times with the offset +00:00, since Neo4j holds +00:00 and [UTC] for unequal."""
    return {key: one.astimezone(UTC) if isinstance(one, datetime) else one for key, one in row.items()}


def records(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """Rows with nodes, relationships, paths and times as our records and Python's own."""
    known: dict[str, Ref] = {}
    for row in rows:
        for value in row:
            _collect(value, known)
    return tuple(tuple(native(value, known) for value in row) for row in rows)


def native(value: Any, known: Mapping[str, Ref]) -> Any:
    """One value as Python's own or one of our records. `known`: nodes by element id."""
    if isinstance(value, neo4j.graph.Node):
        return Node(*_ref(value), _properties(value))
    if isinstance(value, neo4j.graph.Relationship):
        source, target = (
            known.get(node.element_id) if node else None for node in (value.start_node, value.end_node)
        )
        return Edge(value.type, source, target, _properties(value))
    if isinstance(value, neo4j.graph.Path):
        nodes, edges = (
            tuple(native(one, known) for one in part) for part in (value.nodes, value.relationships)
        )
        return Path(nodes, edges)
    if isinstance(value, list):
        return [native(one, known) for one in value]
    if isinstance(value, dict):
        return {key: native(one, known) for key, one in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, neo4j.time.DateTime):
        time = value.to_native()
        return time.astimezone(UTC) if time.tzinfo else time
    if isinstance(value, neo4j.time.Date | neo4j.time.Time):
        return value.to_native()
    if isinstance(value, neo4j.time.Duration):
        whole = timedelta(days=value.days, seconds=value.seconds, microseconds=value.nanoseconds // 1000)
        return whole if not value.months else value.iso_format()
    return str(value) if isinstance(value, neo4j.spatial.Point) else value


def _collect(value: Any, known: dict[str, Ref]) -> None:
    """Note which node has which element id."""
    parts: Iterable[Any] = ()
    if isinstance(value, neo4j.graph.Node):
        known[value.element_id] = _ref(value)
    elif isinstance(value, neo4j.graph.Path):
        parts = value.nodes
    elif isinstance(value, list):
        parts = value
    elif isinstance(value, dict):
        parts = value.values()
    for one in parts:
        _collect(one, known)


def _ref(node: neo4j.graph.Node) -> Ref:
    """Label and id; a node that is not graphattr's goes by its first label, and without an id by Neo4j's."""
    labels = sorted(node.labels, key=lambda label: (label not in NODE, label))
    return Ref(labels[0] if labels else "", str(node.get("id", node.element_id)))


def _properties(entity: neo4j.graph.Entity) -> dict[str, Any]:
    """Properties in the order of their names; `id` has its own field."""
    return {key: native(entity[key], {}) for key in sorted(entity.keys()) if key != "id"}

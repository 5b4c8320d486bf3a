"""Ladybug's answers as the records of `base`.

Ladybug returns a node as a dict with _ID and _LABEL, a relationship with _SRC and _DST beside them, a path
with _NODES and _RELS. An internal id means something within one answer only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphattr.store.base import Edge, Node, Path, Ref


def records(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """Ladybug's rows with nodes, relationships and paths as our records."""
    known: dict[tuple[int, int], Ref] = {}
    for row in rows:
        for value in row:
            _collect(value, known)
    return tuple(tuple(_value(value, known) for value in row) for row in rows)


def _collect(value: Any, known: dict[tuple[int, int], Ref]) -> None:
    """Note which node has which internal id."""
    if isinstance(value, dict):
        if _is_node(value):
            known[_internal(value["_ID"])] = Ref(value["_LABEL"], str(value.get("id")))
        else:
            for one in value.values():
                _collect(one, known)
    elif isinstance(value, list):
        for one in value:
            _collect(one, known)


def _value(value: Any, known: Mapping[tuple[int, int], Ref]) -> Any:
    if isinstance(value, list):
        return [_value(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    if "_NODES" in value and "_RELS" in value:
        nodes, edges = (tuple(_value(one, known) for one in value[key]) for key in ("_NODES", "_RELS"))
        return Path(nodes, edges)
    if _is_node(value):
        return Node(value["_LABEL"], str(value.get("id")), _properties(value))
    if "_SRC" in value and "_DST" in value:
        source, target = (known.get(_internal(value[key])) for key in ("_SRC", "_DST"))
        return Edge(value["_LABEL"], source, target, _properties(value))
    return {key: _value(one, known) for key, one in value.items()}


def _is_node(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("_ID"), dict) and "_LABEL" in value and "_SRC" not in value


def _internal(value: Mapping[str, int]) -> tuple[int, int]:
    return value["table"], value["offset"]


def _properties(value: Mapping[str, Any]) -> dict[str, Any]:
    """What is not null, in the order of names; `id` has its own field, and names with _ are Ladybug's."""
    return {
        key: value[key]
        for key in sorted(value)
        if value[key] is not None and key != "id" and not key.startswith("_")
    }

"""Everything that a store holds, and everything that a run's tables say, in one comparable form."""

from __future__ import annotations

from typing import Any

from graphattr.store import cypher
from graphattr.store.base import Store
from graphattr.store.graph import GraphTables, edge_frame, node_frame
from graphattr.store.schema import EDGES, NODES

Dump = dict[str, list[tuple[Any, ...]]]


def stored(store: Store) -> Dump:
    """Rows of every label and type as the store gives them."""
    with store.view() as view:
        texts = {node.label: cypher.all_nodes(node) for node in NODES}
        texts |= {edge.type: cypher.all_edges(edge) for edge in EDGES}
        results = {name: view.query(text, limit=10**6) for name, text in texts.items()}
    return {name: _sorted(list(result.rows)) for name, result in results.items()}


def said(tables: GraphTables) -> Dump:
    """Rows of every label and type as the tables say."""
    nodes = {node.label: node_frame(tables, node).rows() for node in NODES}
    edges = {edge.type: edge_frame(tables, edge).rows() for edge in EDGES}
    return {name: _sorted(rows) for name, rows in (nodes | edges).items()}


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)

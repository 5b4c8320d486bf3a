"""The graph as data: node labels, relationship types and their properties.

Value labels and their relationship types come from `records.SIGNALS`; the ring and link properties from the
schemas of rings.parquet and links.parquet, so a column added there reaches every store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from graphattr.records import LINKS, MEMBERS, RINGS, SIGNALS, UTC

#: Raised whenever a store written by an older version can no longer be read as the schema below says.
SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class NodeType:
    """A node label. Its key is `id`, unique within the label.

    Attributes:
        label: the label.
        properties: name and type of every property, `id` not among them.
    """

    label: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class EdgeType:
    """A relationship type: at most one relationship of it between two nodes.

    Attributes:
        type: the relationship type.
        source: label it leaves.
        target: label it enters.
        properties: name and type of every property.
        signals: names of the signals it is made of; empty for a result of the run.
    """

    type: str
    source: str
    target: str
    properties: dict[str, Any]
    signals: tuple[str, ...] = ()


ACCOUNT: Final = NodeType("Account", {"created_at": UTC, "closed_at": UTC, "country": pl.String})
RING: Final = NodeType(
    "Ring",
    {
        name: kind
        for name, kind in RINGS.items()
        if name not in ("ring_id", "operator", "operator_probability")
    },
)
OPERATOR: Final = NodeType("Operator", {})

#: Properties of a relationship from an account to a value; `kind` is the class of this use of the value.
HOLDING: Final[dict[str, Any]] = {
    "first_seen": UTC,
    "last_seen": UTC,
    "count": pl.Int64,
    "kind": pl.String,
}


def _value_edges() -> tuple[EdgeType, ...]:
    """One relationship type for each edge of SIGNALS, in their order; signals may share one."""
    found: dict[tuple[str, str], list[str]] = {}
    for signal in SIGNALS:
        if signal.label and signal.edge:
            found.setdefault((signal.edge, signal.label), []).append(signal.name)
    return tuple(
        EdgeType(edge, "Account", label, HOLDING, tuple(names)) for (edge, label), names in found.items()
    )


VALUE_EDGES: Final = _value_edges()
#: Value nodes. `kind` is the alphabetically first class among their uses, "own" aside.
VALUES: Final = tuple(
    NodeType(label, {"kind": pl.String}) for label in dict.fromkeys(edge.target for edge in VALUE_EDGES)
)

LINKED: Final = EdgeType(
    "LINKED",
    "Account",
    "Account",
    {name: kind for name, kind in LINKS.items() if name not in ("account_a", "account_b")},
)
MEMBER_OF: Final = EdgeType(
    "MEMBER_OF",
    "Account",
    "Ring",
    {name: kind for name, kind in MEMBERS.items() if name not in ("ring_id", "account_id")},
)
ATTRIBUTED_TO: Final = EdgeType("ATTRIBUTED_TO", "Ring", "Operator", {"probability": pl.Float64})

#: What a path may go over if nobody says: links, and values that few share. By way of a mail provider or a
#: browser everybody is two steps from everybody: such a path says nothing, and takes all memory.
PATH_EDGES: Final = (
    LINKED.type,
    *(edge.type for edge in VALUE_EDGES if edge.target not in ("EmailDomain", "TlsFingerprint")),
)

NODES: Final = (ACCOUNT, *VALUES, RING, OPERATOR)
EDGES: Final = (*VALUE_EDGES, LINKED, MEMBER_OF, ATTRIBUTED_TO)
NODE: Final = {node.label: node for node in NODES}
EDGE: Final = {edge.type: edge for edge in EDGES}

#: The one node that says a graph is graphattr's, which run it holds, and whether its load was finished.
MARKER: Final = NodeType(
    "GraphattrRun",
    {"schema_version": pl.Int64, "fingerprint": pl.String, "counts": pl.String, "complete": pl.Boolean},
)
MARKER_ID: Final = "graphattr"

"""What every store can do: the protocols Store, Writer and View, and the frozen records they answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self

from graphattr.store.graph import GraphTables

#: Called while writing with the label or type at hand and the rows of it written so far.
Progress = Callable[[str, int], None]


def silent(_what: str, _rows: int) -> None:
    """A progress callback that shows nothing."""


class Ref(NamedTuple):
    """Which node: its label and its `id`."""

    label: str
    id: str


@dataclass(frozen=True)
class Node:
    """A node. `properties` holds what is not null, `id` aside; times are aware and in UTC."""

    label: str
    id: str
    properties: Mapping[str, Any]

    @property
    def ref(self) -> Ref:
        """Label and id."""
        return Ref(self.label, self.id)


@dataclass(frozen=True)
class Edge:
    """A relationship. `source` or `target` is None where a free query did not return that node beside it."""

    type: str
    source: Ref | None
    target: Ref | None
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Path:
    """A walk: one edge fewer than nodes, each edge between two nodes in a row, in either direction."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Graph:
    """Part of the graph. `truncated` says that a limit left something out."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    truncated: bool = False


@dataclass(frozen=True)
class Result:
    """Answer to a query: columns in its order, rows in the store's. `truncated`: more rows than the limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool = False


@dataclass(frozen=True)
class SharedValue:
    """A value that an account holds: how it used it, and how many accounts hold it (itself counted)."""

    edge: str
    value: Node
    kind: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    count: int
    holders: int


class View(Protocol):
    """Read-only questions. Each raises QueryError for a bad query and StoreError for an unreachable store."""

    def query(
        self,
        cypher: str,
        params: Mapping[str, Any] | None = None,
        limit: int = 1000,
        timeout: float = 30.0,
    ) -> Result:
        """Answer to a user's Cypher, at most `limit` rows, given up after `timeout` seconds.

        Raises:
            QueryError: the text is not read-only, is wrong, or took too long.
        """
        ...

    def node(self, ref: Ref) -> Node | None:
        """The node, or None."""
        ...

    def search(self, prefix: str, limit: int = 20, labels: Sequence[str] | None = None) -> tuple[Ref, ...]:
        """Nodes under `labels` (default: all) whose id starts with `prefix`, at most `limit` a label, by id.

        It reads every id of a label: a second or so over all of a million accounts and their values. `node`
        finds a whole id at once.
        """
        ...

    def shared_values(self, account: str) -> tuple[SharedValue, ...]:
        """Values of the account that at least one other account holds, rarest first."""
        ...

    def common_values(self, a: str, b: str) -> tuple[SharedValue, ...]:
        """Values that both accounts hold, rarest first, with how `a` used them."""
        ...

    def degrees(self, ref: Ref) -> dict[str, int]:
        """How many relationships of each type the node has; types it has none of are left out."""
        ...

    def neighbours(self, ref: Ref, edge_type: str, limit: int = 50) -> Graph:
        """The node with up to `limit` neighbours over one relationship type, by their id."""
        ...

    def ring_of(self, account: str) -> Edge | None:
        """The account's MEMBER_OF relationship, or None."""
        ...

    def ring_graph(self, ring_id: str, limit: int = 20_000) -> Graph:
        """The ring, its members, their links, and the values that two or more members share.

        Up to `limit` relationships of a type are read.

        Raises:
            QueryError: there is no such ring.
        """
        ...

    def shortest_path(self, a: str, b: str, types: Sequence[str] | None = None, hops: int = 6) -> Path | None:
        """A shortest path between two accounts over relationship types (default: schema.PATH_EDGES)."""
        ...

    def close(self) -> None:
        """Let go of the store's resources; a second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class Writer(Protocol):
    """Writes a run's tables. After either method the store holds exactly what the tables say."""

    def load(self, graph: GraphTables, progress: Progress = silent) -> None:
        """Replace graphattr's graph by that of the tables, in bulk.

        Raises:
            StoreError: the tables contradict each other, or the store fails; nothing looks whole then.
        """
        ...

    def upsert(self, graph: GraphTables, progress: Progress = silent) -> None:
        """Bring an existing graph to the state of the tables; the same tables twice change nothing.

        Raises:
            StoreError: as `load`.
        """
        ...

    def clear(self) -> None:
        """Take graphattr's graph out of the store, and nothing else."""
        ...


class Store(Protocol):
    """One graph database, opened for one run."""

    @property
    def uri(self) -> str:
        """Where it is, without credentials."""
        ...

    def check(self) -> None:
        """See that the store can be reached and written by us, before any work is done for it.

        Raises:
            StoreError: it cannot, and why.
        """
        ...

    def writer(self) -> Writer:
        """A writer."""
        ...

    def view(self) -> View:
        """A read-only view.

        Raises:
            StoreError: there is no finished graph of this run in the store.
        """
        ...

    def pointer(self) -> dict[str, Any]:
        """What RUN/graph/pointer.json holds: where the graph is and which; never a credential."""
        ...

    def close(self) -> None:
        """Let go of the store's resources; a second call does nothing."""
        ...

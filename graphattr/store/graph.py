"""The nodes and relationships of a run, as frames made from its tables.

Frames are made one label or type at a time, and written in slices, so memory follows the largest of them and
not the graph.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import polars as pl

from graphattr.errors import StoreError
from graphattr.records import RunPaths
from graphattr.store.schema import (
    ACCOUNT,
    ATTRIBUTED_TO,
    EDGES,
    LINKED,
    MARKER,
    MARKER_ID,
    MEMBER_OF,
    NODE,
    NODES,
    OPERATOR,
    RING,
    SCHEMA_VERSION,
    VALUE_EDGES,
    EdgeType,
    NodeType,
)

#: Class of a holding where the value's id is the account's own: no class of the value itself.
OWN: Final = "own"


@dataclass(frozen=True)
class GraphTables:
    """Paths of the five tables that the graph is made of; their schemas stand in graphattr.records."""

    accounts: Path
    holdings: Path
    links: Path
    rings: Path
    members: Path

    @classmethod
    def of_run(cls, run: Path) -> GraphTables:
        """The tables of a run folder."""
        paths = RunPaths(run)
        names = ("holdings", "links", "rings", "members")
        return cls(paths.signals / "accounts.parquet", *(paths.table(name) for name in names))

    def fingerprint(self) -> str:
        """SHA-256 over the tables' own SHA-256, in the order of the fields: says which run a graph holds.

        Raises:
            StoreError: a table is missing or unreadable.
        """
        total = hashlib.sha256()
        for field in fields(self):
            path: Path = getattr(self, field.name)
            try:
                with path.open("rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise StoreError(
                    f"cannot read {path}: {error.strerror}",
                    "the tables of a finished run",
                    "run `graphattr run` first",
                ) from error
        return total.hexdigest()


def node_frame(tables: GraphTables, node: NodeType) -> pl.DataFrame:
    """All nodes of one label: `id` (unique, sorted) and the label's properties."""
    return _nodes(tables, node).sort("id").collect(engine="streaming")


def edge_frame(tables: GraphTables, edge: EdgeType) -> pl.DataFrame:
    """All relationships of one type: `source`, `target` (unique pairs, sorted) and the type's properties.

    Raises:
        StoreError: a pair stands there twice.
    """
    found = _edges(tables, edge).sort("source", "target").collect(engine="streaming")
    same = (pl.col("source") == pl.col("source").shift()) & (pl.col("target") == pl.col("target").shift())
    twice = found.filter(same)
    if twice.height:
        raise StoreError(
            f"two {edge.type} relationships from {twice['source'][0]!r} to {twice['target'][0]!r}",
            "one row a key in the run's tables",
            "run `graphattr run` again",
        )
    return found


def counts(tables: GraphTables) -> dict[str, int]:
    """Nodes a label, so that a store can tell graphattr's nodes from someone else's."""
    frames = pl.collect_all([_nodes(tables, node).select(pl.len()) for node in NODES], engine="streaming")
    return {node.label: int(frame.item()) for node, frame in zip(NODES, frames, strict=True)}


def verify(tables: GraphTables) -> None:
    """See that the tables belong together, before anything is written.

    Raises:
        StoreError: a table is not what its schema says, or names an account or a ring that its own table does
            not have (values and operators are made from the same rows as their relationships).
    """
    try:
        for edge in EDGES:
            for end, label in (("source", edge.source), ("target", edge.target)):
                if label in (ACCOUNT.label, RING.label):
                    known = _nodes(tables, NODE[label]).select("id")
                    lost = _edges(tables, edge).join(known, left_on=end, right_on="id", how="anti")
                    _refuse(edge, label, lost.select(pl.col(end).min()).collect(engine="streaming").item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StoreError(
            f"cannot read the run's tables: {error}", hint="run `graphattr run` again"
        ) from error


def _refuse(edge: EdgeType, label: str, lost: str | None) -> None:
    if lost is not None:
        raise StoreError(
            f"{edge.type} names {label} {lost!r}, which its table does not have",
            "tables of one and the same run",
            "run `graphattr run` again",
        )


def marker(fingerprint: str, counted: Mapping[str, int], *, complete: bool) -> pl.DataFrame:
    """The marker node as a frame of one row."""
    row = {
        "id": MARKER_ID,
        "schema_version": SCHEMA_VERSION,
        "fingerprint": fingerprint,
        "counts": json.dumps(counted),
        "complete": complete,
    }
    return pl.DataFrame([row], schema={"id": pl.String, **MARKER.properties})


def slices(frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The frame in slices of at most `rows` rows; none of an empty frame."""
    return frame.iter_slices(rows) if frame.height else iter(())


def _nodes(tables: GraphTables, node: NodeType) -> pl.LazyFrame:
    if node == ACCOUNT:
        return _select(pl.scan_parquet(tables.accounts).rename({"account_id": "id"}), node)
    if node == RING:
        return _select(pl.scan_parquet(tables.rings).rename({"ring_id": "id"}), node)
    if node == OPERATOR:
        return pl.scan_parquet(tables.rings).select(pl.col("operator").alias("id")).drop_nulls().unique()
    signals = [name for edge in VALUE_EDGES if edge.target == node.label for name in edge.signals]
    kind = pl.col("kind").filter(pl.col("kind") != OWN).min()
    return _held(tables, signals).group_by(pl.col("value").alias("id")).agg(kind)


def _edges(tables: GraphTables, edge: EdgeType) -> pl.LazyFrame:
    if edge == LINKED:
        frame = pl.scan_parquet(tables.links).rename({"account_a": "source", "account_b": "target"})
    elif edge == MEMBER_OF:
        frame = pl.scan_parquet(tables.members).rename({"account_id": "source", "ring_id": "target"})
    elif edge == ATTRIBUTED_TO:
        frame = pl.scan_parquet(tables.rings).filter(pl.col("operator").is_not_null())
        frame = frame.select(source="ring_id", target="operator", probability="operator_probability")
    else:
        frame = _held(tables, edge.signals).rename({"account_id": "source", "value": "target"})
    columns = [pl.col(name).cast(kind) for name, kind in edge.properties.items()]
    return frame.select("source", "target", *columns)


def _held(tables: GraphTables, signals: list[str] | tuple[str, ...]) -> pl.LazyFrame:
    """Rows of holdings.parquet for some signals."""
    return pl.scan_parquet(tables.holdings).filter(pl.col("signal").is_in(list(signals)))


def _select(frame: pl.LazyFrame, node: NodeType) -> pl.LazyFrame:
    """`id` and the properties, null where the table has no such column."""
    there = frame.collect_schema().names()
    columns = [
        (pl.col(name) if name in there else pl.lit(None)).cast(kind).alias(name)
        for name, kind in node.properties.items()
    ]
    return frame.select("id", *columns)

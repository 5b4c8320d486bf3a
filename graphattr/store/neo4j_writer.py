"""Writes a run's graph to Neo4j: in batches of MERGE, and for an update only what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import neo4j
import polars as pl

from graphattr.store import cypher, graph, neo4j_values
from graphattr.store.base import Progress, silent
from graphattr.store.neo4j_client import Client
from graphattr.store.pointer import POINTER, tidy, write_pointer
from graphattr.store.schema import EDGES, MARKER, MARKER_ID, NODES, SCHEMA_VERSION

#: Rows a transaction: Neo4j keeps a transaction in memory.
BATCH: Final = 10_000
#: Rows of an existing graph turned into a frame at once.
READ_BATCH: Final = 100_000


class Neo4jWriter:
    """As Writer. The marker says `complete: false` until everything is written."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder

    def load(self, tables: graph.GraphTables, progress: Progress = silent) -> None:
        """As Writer.load."""
        graph.verify(tables)
        there, planned = self._begin(tables)
        if there:
            self._clear()
        self._write(tables, fresh=True, progress=progress)
        self._finish(tables, planned)

    def upsert(self, tables: graph.GraphTables, progress: Progress = silent) -> None:
        """As Writer.upsert. Reads the graph that is there, and writes and deletes what differs.

        Relationships and properties that a user added to graphattr's nodes stay.
        """
        graph.verify(tables)
        there, planned = self._begin(tables)
        self._write(tables, fresh=not there, progress=progress)
        self._finish(tables, planned)

    def clear(self) -> None:
        """As Writer.clear."""
        there = self._client.check_ours().nodes
        (self._folder / POINTER).unlink(missing_ok=True)
        if any(there.values()):
            self._clear()
        self._repeat(cypher.clear_nodes(MARKER.label))

    def finish_import(self, tables: graph.GraphTables) -> None:
        """Constraints and the mark of a whole graph, after an offline import of it."""
        self._constraints()
        self._finish(tables, graph.counts(tables))

    def _begin(self, tables: graph.GraphTables) -> tuple[bool, dict[str, int]]:
        """Mark the graph unfinished, with room for old and new nodes in its counts.

        Returns:
            whether there are nodes of an earlier graph, and how many the tables have a label.
        """
        there = self._client.check_ours().nodes
        (self._folder / POINTER).unlink(missing_ok=True)
        self._constraints()
        planned = graph.counts(tables)
        self._mark("", {label: there[label] + planned[label] for label in planned}, complete=False)
        return any(there.values()), planned

    def _finish(self, tables: graph.GraphTables, counts: dict[str, int]) -> None:
        fingerprint = tables.fingerprint()
        self._mark(fingerprint, counts, complete=True)
        write_pointer(
            self._folder,
            {
                "store": "neo4j",
                "uri": self._client.uri,
                "fingerprint": fingerprint,
                "schema_version": SCHEMA_VERSION,
            },
        )
        tidy(self._folder)  # an embedded graph of an earlier run

    def _constraints(self) -> None:
        with self._client.session(neo4j.WRITE_ACCESS) as session:
            session.execute_write(
                _run_all, [cypher.neo4j_constraint(node.label) for node in (*NODES, MARKER)]
            )
            session.run(cypher.AWAIT_INDEXES).consume()

    def _mark(self, fingerprint: str, counts: dict[str, int], *, complete: bool) -> None:
        properties = {
            "schema_version": SCHEMA_VERSION,
            "fingerprint": fingerprint,
            "counts": json.dumps(counts),
            "complete": complete,
        }
        with self._client.session(neo4j.WRITE_ACCESS) as session:
            session.run(cypher.SET_MARKER, id=MARKER_ID, properties=properties).consume()

    def _clear(self) -> None:
        for edge in EDGES:
            self._repeat(cypher.clear_edges(edge))
        for node in NODES:
            self._repeat(cypher.clear_nodes(node.label))

    def _repeat(self, text: str) -> None:
        """Run a text that deletes up to $limit until it deletes nothing."""
        with self._client.session(neo4j.WRITE_ACCESS) as session:
            while session.run(text, limit=BATCH).single(strict=True)["n"]:
                pass

    def _write(self, tables: graph.GraphTables, *, fresh: bool, progress: Progress) -> None:
        """Nodes, then relationships, then what is no longer there; `fresh`: nothing is there to compare."""
        gone: dict[str, list[str]] = {}
        for node in NODES:
            frame = graph.node_frame(tables, node)
            there = frame.clear() if fresh else self._read(cypher.all_nodes(node), frame.schema)
            changed = frame.join(there, on=frame.columns, how="anti", nulls_equal=True)
            self._send(cypher.merge_nodes(node.label), changed, ["id"], node.label, progress)
            gone[node.label] = there.join(frame, on="id", how="anti")["id"].to_list()
        for edge in EDGES:
            frame = graph.edge_frame(tables, edge)
            there = frame.clear() if fresh else self._read(cypher.all_edges(edge), frame.schema)
            ends = ["source", "target"]
            self._send(
                cypher.delete_edges(edge), there.join(frame, on=ends, how="anti"), ends, edge.type, silent
            )
            changed = frame.join(there, on=frame.columns, how="anti", nulls_equal=True)
            self._send(cypher.merge_edges(edge), changed, ends, edge.type, progress)
        for label, ids in gone.items():
            with self._client.session(neo4j.WRITE_ACCESS) as session:
                for start in range(0, len(ids), BATCH):
                    session.execute_write(_run, cypher.delete_nodes(label), ids=ids[start : start + BATCH])

    def _send(
        self, text: str, frame: pl.DataFrame, keys: Sequence[str], what: str, progress: Progress
    ) -> None:
        """Run a text over the frame's rows as $rows of {key..., properties}, one transaction a batch."""
        sent = 0
        with self._client.session(neo4j.WRITE_ACCESS) as session:
            for part in graph.slices(frame, BATCH):
                rows = [
                    {key: row.pop(key) for key in keys} | {"properties": neo4j_values.sent(row)}
                    for row in part.iter_rows(named=True)
                ]
                session.execute_write(_run, text, rows=rows)
                sent += part.height
                progress(what, sent)

    def _read(self, text: str, schema: pl.Schema) -> pl.DataFrame:
        """All rows of a text as a frame; a value of another type than the schema's becomes null."""
        parts = [pl.DataFrame(schema=schema)]
        with self._client.session(neo4j.READ_ACCESS) as session:
            answer = session.run(text)
            while rows := answer.fetch(READ_BATCH):
                values = [[neo4j_values.native(value, {}) for value in row.values()] for row in rows]
                parts.append(pl.DataFrame(values, schema=schema, orient="row", strict=False))
        return pl.concat(parts)


def _run_all(transaction: neo4j.ManagedTransaction, /, texts: Sequence[str]) -> None:
    for text in texts:
        transaction.run(text).consume()


def _run(transaction: neo4j.ManagedTransaction, /, text: str, **params: Any) -> None:
    transaction.run(text, params).consume()

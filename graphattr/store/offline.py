"""Loads a big run into the local server offline, by Neo4j's own import: minutes where Bolt takes hours.

The import replaces the whole database, so it is refused where that holds anything but graphattr's graph.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import neo4j
import polars as pl

from graphattr.errors import StoreError
from graphattr.records import UTC, RunPaths
from graphattr.store import cypher, graph
from graphattr.store.local import Server
from graphattr.store.neo4j_client import Client
from graphattr.store.neo4j_writer import Neo4jWriter
from graphattr.store.schema import EDGES, MARKER, NODES, EdgeType, NodeType

TYPES: Final[dict[object, str]] = {
    pl.String: "string",
    pl.Int64: "long",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    UTC: "datetime",
}
#: Every text is quoted, and a quote in it doubled, so that no text can be taken for a null, a field or a row.
FORMAT: Final = (
    "--multiline-fields=true",
    "--ignore-empty-strings=false",
    "--legacy-style-quoting=false",
    "--trim-strings=false",
    "--normalize-types=true",
    "--auto-skip-subsequent-headers=false",
    "--skip-bad-relationships=false",
    "--skip-duplicate-nodes=false",
    "--bad-tolerance=0",
    "--id-type=string",
    "--input-encoding=UTF-8",
    "--max-off-heap-memory=2g",
)


def import_run(server: Server, run: Path, tell: Callable[[str], None]) -> None:
    """Replace the local server's database by the graph of a run, and start it.

    Args:
        server: a local server; it is started, stopped and started again.
        run: a finished run's folder; its pointer.json then points to the server.
        tell: called with what is going on, in one line.

    Raises:
        StoreError: the tables contradict each other, the database holds other things, or the import fails.
    """
    tables = graph.GraphTables.of_run(run)
    graph.verify(tables)
    half_done = server.home / "importing"
    if not half_done.exists():  # else what is there is the rest of an import of ours, and may not even start
        tell(f"seeing what the server in {server.home} holds")
        server.start()
        _see_only_ours(server)
    server.stop()
    folder = Path(tempfile.mkdtemp(prefix="import-", dir=server.home))
    try:
        tell("writing CSV files")
        named = write_csv(tables, folder)
        half_done.touch()
        tell("importing")
        report = f"--report-file={server.home / 'logs' / 'import.report'}"
        command = ["database", "import", "full", "neo4j", "--overwrite-destination=true", report]
        server.java().admin(server.home, [*command, *FORMAT, *named])
    finally:
        shutil.rmtree(folder)
    tell("starting the server and making its indexes")
    server.start()
    with contextlib.closing(Client(server.uri, server.secrets())) as client:
        Neo4jWriter(client, RunPaths(run).graph).finish_import(tables)
    half_done.unlink()


def write_csv(tables: graph.GraphTables, folder: Path) -> list[str]:
    """Write header and data of each label and type that has rows; the import's arguments naming them."""
    named = []
    marker = graph.marker("", {}, complete=False)
    for node in (*NODES, MARKER):
        frame = marker if node == MARKER else graph.node_frame(tables, node)
        header = [f"id:ID({node.label})", *_columns(node)]
        named += _write(frame, header, folder, f"--nodes={node.label}=", node.label)
    for edge in EDGES:
        frame = graph.edge_frame(tables, edge)
        header = [f":START_ID({edge.source})", f":END_ID({edge.target})", *_columns(edge)]
        named += _write(frame, header, folder, f"--relationships={edge.type}=", edge.type)
    return named


def _write(frame: pl.DataFrame, header: list[str], folder: Path, option: str, name: str) -> list[str]:
    if frame.is_empty():
        return []
    head, data = folder / f"{name}-header.csv", folder / f"{name}.csv"
    # Named from the home: the import takes a comma for a separator and a path for a regular expression.
    names = ",".join(f"{folder.name}/{path.name}" for path in (head, data))
    head.write_text(",".join(header) + "\n", encoding="utf-8")
    java = {"inf": "Infinity", "-inf": "-Infinity"}
    floats = pl.selectors.float().cast(pl.String).replace(java)
    frame.with_columns(floats).write_csv(
        data, include_header=False, quote_style="non_numeric", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"
    )
    return [f"{option}{names}"]


def _columns(one: NodeType | EdgeType) -> list[str]:
    return [f"{name}:{TYPES[kind]}" for name, kind in one.properties.items()]


def _see_only_ours(server: Server) -> None:
    with contextlib.closing(Client(server.uri, server.secrets())) as client:
        client.check_ours()
        with client.session(neo4j.READ_ACCESS) as session:
            others = session.run(cypher.COUNT_OTHERS).single(strict=True)["n"]
    if others:
        raise StoreError(
            f"the database in {server.home} holds {others} nodes that graphattr did not write",
            "one with graphattr's graph alone: an import replaces everything",
            "load over Bolt (--store), or use another --home",
        )

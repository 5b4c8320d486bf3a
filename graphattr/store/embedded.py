"""The embedded store: a Ladybug database file in RUN/graph.

A load builds a new file beside the old one and then replaces pointer.json, which names the file in use, in
one step. A load that dies leaves the old graph, or none, never half of one; the next load clears its rest.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ladybug
import polars as pl

from graphattr.errors import QueryError, StoreError
from graphattr.records import UTC
from graphattr.store import cypher, graph
from graphattr.store.base import Progress, Result, silent
from graphattr.store.ladybug_values import records
from graphattr.store.pointer import POINTER, REBUILD, read_pointer, tidy, write_pointer
from graphattr.store.schema import EDGES, MARKER, NODES, SCHEMA_VERSION
from graphattr.store.view import CypherView

TYPES: Final[dict[object, str]] = {
    pl.String: "STRING",
    pl.Int64: "INT64",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    UTC: "TIMESTAMP_TZ",
}
#: Rows handed to one COPY.
BATCH: Final = 1_000_000
#: Address space, not memory, that Ladybug reserves a database; its default of 8 TiB allows few in a process.
MAX_BYTES: Final = 2**40
#: Ladybug's page cache; its default is four fifths of the machine.
CACHE_BYTES: Final = 2**30


class EmbeddedStore:
    """A Ladybug database in a folder; one process writes, any number read the graph they opened.

    Args:
        folder: RUN/graph. Made by the first load.
    """

    uri = "embedded"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database: Any = None

    def check(self) -> None:
        """As Store.check: the folder's place can be written."""
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise StoreError(f"cannot write to {place}", "a folder that you may write to")

    def writer(self) -> EmbeddedWriter:
        """As Store.writer."""
        return EmbeddedWriter(self)

    def view(self) -> EmbeddedView:
        """As Store.view."""
        pointer = self.pointer()
        file = self.folder / str(pointer["file"])
        if self._database is None:
            self._database = _open(file)
        view = EmbeddedView(self._database)
        if view.fingerprint() != pointer["fingerprint"]:  # an empty file opens as an empty database
            view.close()
            self.close()
            raise StoreError(f"{file} is not the graph that {POINTER} says", hint=REBUILD)
        return view

    def pointer(self) -> dict[str, Any]:
        """As Store.pointer, read from the folder.

        Raises:
            StoreError: there is no finished graph in the folder, or one of another version.
        """
        return read_pointer(self.folder)

    def close(self) -> None:
        """As Store.close."""
        if self._database is not None:
            self._database.close()
            self._database = None


class EmbeddedWriter:
    """Writes the embedded store. A whole load takes seconds a million accounts, so an update is one."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store

    def load(self, tables: graph.GraphTables, progress: Progress = silent) -> None:
        """As Writer.load. The old graph stays in use until the new one is whole."""
        graph.verify(tables)
        fingerprint = tables.fingerprint()
        folder = self._store.folder
        number = tidy(folder) + 1
        file = folder / f"graph-{number}.lbug"
        try:
            _build(file, tables, fingerprint, progress)
        except (RuntimeError, OSError) as error:
            _remove(file)
            raise StoreError(f"the embedded store cannot write the graph: {_first_line(error)}") from error
        except BaseException:
            _remove(file)
            raise
        write_pointer(
            folder,
            {
                "store": "embedded",
                "file": file.name,
                "fingerprint": fingerprint,
                "schema_version": SCHEMA_VERSION,
                "ladybug": ladybug.__version__,
            },
        )
        self._store.close()
        tidy(folder)

    def upsert(self, tables: graph.GraphTables, progress: Progress = silent) -> None:
        """As Writer.upsert: loads anew, unless the graph is of these very tables already."""
        with contextlib.suppress(StoreError):
            if read_pointer(self._store.folder)["fingerprint"] == tables.fingerprint():
                return
        self.load(tables, progress)

    def clear(self) -> None:
        """As Writer.clear."""
        self._store.close()
        (self._store.folder / POINTER).unlink(missing_ok=True)
        if self._store.folder.exists():
            tidy(self._store.folder)


class EmbeddedView(CypherView):
    """A read-only view; safe to use from several threads, one question at a time."""

    def __init__(self, database: Any) -> None:
        self._connection: Any = ladybug.Connection(database)
        self._lock = threading.Lock()

    def fingerprint(self) -> str | None:
        """Which tables the graph is of; None if it does not say."""
        try:
            return str(self._ask(cypher.MARKER_ROW)[0]["fingerprint"])
        except (QueryError, IndexError):
            return None

    def close(self) -> None:
        """As View.close."""
        self._connection.close()

    def _run(self, text: str, params: Mapping[str, Any], limit: int | None, timeout: float) -> Result:
        with self._lock:
            self._connection.set_query_timeout(max(1, int(timeout * 1000)))
            try:
                answer = self._connection.execute(text, dict(params))
                rows = answer.get_all() if limit is None else answer.get_n(limit + 1)
                columns = tuple(answer.get_column_names())
                answer.close()
            except RuntimeError as error:
                raise _query_error(error, timeout) from error
        kept = rows if limit is None else rows[:limit]
        return Result(columns, records(kept), len(kept) < len(rows))

    def _shortest_path_text(self, types: Sequence[str], hops: int) -> str:
        return cypher.ladybug_shortest_path(types, hops)


def _build(file: Path, tables: graph.GraphTables, fingerprint: str, progress: Progress) -> None:
    """A new database with the whole graph, closed and on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database = ladybug.Database(str(file), max_db_size=MAX_BYTES, buffer_pool_size=CACHE_BYTES)
    with database, ladybug.Connection(database) as connection:
        for statement in cypher.ladybug_schema(TYPES):
            connection.execute(statement)
        counts: dict[str, int] = {}
        for node in NODES:
            frame = graph.node_frame(tables, node)
            counts[node.label] = frame.height
            _copy(connection, node.label, frame, progress)
        for edge in EDGES:
            _copy(connection, edge.type, graph.edge_frame(tables, edge), progress)
        marker = graph.marker(fingerprint, counts, complete=True)
        _copy(connection, MARKER.label, marker, silent)
    with file.open("rb") as done:
        os.fsync(done.fileno())


def _copy(connection: Any, table: str, frame: pl.DataFrame, progress: Progress) -> None:
    written = 0
    for part in graph.slices(frame, BATCH):
        connection.execute(cypher.ladybug_copy(table), {"rows": part.to_arrow()})
        written += part.height
        progress(table, written)


def _open(file: Path) -> Any:
    try:
        return ladybug.Database(
            str(file), read_only=True, max_db_size=MAX_BYTES, buffer_pool_size=CACHE_BYTES
        )
    except RuntimeError as error:
        raise StoreError(
            f"cannot open {file}: {_first_line(error)}",
            f"a database of Ladybug {ladybug.__version__}",
            REBUILD,
        ) from error


def _remove(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink(missing_ok=True)


def _query_error(error: RuntimeError, timeout: float) -> QueryError:
    if str(error).startswith("Interrupted"):
        return QueryError(
            f"no answer within {timeout:g} s", "a query that ends sooner", "narrow it, or raise the timeout"
        )
    if str(error).startswith("Buffer manager exception"):
        return QueryError(
            f"the query needs more than {CACHE_BYTES // 2**20} MiB",
            "a smaller answer",
            "narrow it: fewer relationship types or hops, or a LIMIT",
        )
    return QueryError(f"the store refuses the query: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]

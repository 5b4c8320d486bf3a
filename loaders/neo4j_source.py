"""Signals out of a Neo4j database, by read-only Cypher.

A mapping file says which query feeds which table. Without one the graph is read as graphattr itself writes
it: (:Account)-[:USED_DEVICE {first_seen, last_seen, count}]->(:Device) and so on, one row for the first use
of a value and one for the last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import neo4j
import polars as pl
from neo4j import exceptions

from loaders.errors import LoadError
from loaders.mapping import Mapping
from loaders.sources import BATCH_ROWS, Source
from loaders.tables import Tables, mapped

SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_SECONDS: Final = 15.0  # to wait for a connection


@dataclass(frozen=True)
class GraphTable:
    """How a table stands in the graph that graphattr writes.

    Attributes:
        table: the table's name.
        edge: relationship type from account to value; its properties are first_seen, last_seen, count, kind.
        label: node label of the value.
        columns: contract column to Cypher, over account `a`, relationship `r`, value `v`, `uses`.
    """

    table: str
    edge: str
    label: str
    columns: tuple[tuple[str, str], ...]


_IS_ADDRESS: Final = "v.id CONTAINS '.' OR v.id CONTAINS ':'"
_KIND: Final = "CASE WHEN r.kind <> 'own' THEN r.kind END"  # "own" marks the account's own id, not a class
GRAPH_TABLES: Final = (
    GraphTable("payments", "PAID_WITH", "Instrument", (("instrument_id", "v.id"), ("kind", _KIND))),
    GraphTable(
        "ips",
        "USED_IP",
        "Ip",
        (
            ("ip", f"CASE WHEN {_IS_ADDRESS} THEN v.id END"),
            ("ip_id", f"CASE WHEN NOT ({_IS_ADDRESS}) THEN v.id END"),
            ("network_kind", _KIND),
        ),
    ),
    GraphTable("devices", "USED_DEVICE", "Device", (("device_id", "v.id"),)),
    GraphTable(
        "usage",
        "USED_TEMPLATE",
        "Template",
        (("template_id", "v.id"), ("requests", "uses")),
    ),
    GraphTable("events", "ACTED_ON_BY", "Actor", (("event", "'acted_on'"), ("actor_id", "v.id"))),
)
#: Column of accounts, relationship type and label of its value.
ACCOUNT_VALUES: Final = (
    ("email_domain", "HAS_EMAIL_DOMAIN", "EmailDomain"),
    ("email_id", "HAS_EMAIL", "Email"),
    ("phone_id", "HAS_PHONE", "Phone"),
    ("name_id", "HAS_NAME", "Name"),
    ("organisation_id", "IN_ORGANISATION", "Organisation"),
)


@contextlib.contextmanager
def database_sources(uri: str, credentials: tuple[str, str] | None, mapping: Mapping) -> Iterator[Tables]:
    """Tables of a database, open until the context ends.

    Args:
        uri: scheme, host and port.
        credentials: user and password; None for a server without authentication.
        mapping: its queries; without any, graphattr's own graph is read.

    Raises:
        LoadError: the server cannot be reached, refuses the password, or refuses a query.
    """
    database = Database(uri, credentials)
    try:
        if mapping.tables:
            yield {
                table: [
                    mapped(database.source(f"query {number} of {table}", entry.query or ""), entry)
                    for number, entry in enumerate(entries, start=1)
                ]
                for table, entries in mapping.tables.items()
            }
        else:
            yield _own_graph(database)
    finally:
        database.close()


class Database:
    """A connection that only reads.

    Args:
        uri: scheme, host and port; user and password must not stand in it.
        credentials: user and password.
    """

    def __init__(self, uri: str, credentials: tuple[str, str] | None) -> None:
        parts = urlsplit(uri)
        if parts.username is not None or parts.password is not None or not parts.hostname:
            raise LoadError(
                "the database URI is not scheme://host:port",
                "no user or password in it",
                "set GRAPHATTR_NEO4J_USER and GRAPHATTR_NEO4J_PASSWORD",
            )
        self._uri = uri
        with self._errors():
            self._driver = neo4j.GraphDatabase.driver(
                uri,
                auth=credentials,
                connection_timeout=_SECONDS,
                connection_acquisition_timeout=2 * _SECONDS,
                max_transaction_retry_time=_SECONDS,
                notifications_min_severity="OFF",
            )
            try:
                self._driver.verify_connectivity()
            except BaseException:
                self._driver.close()
                raise

    def close(self) -> None:
        """Closes the connection."""
        self._driver.close()

    def rows(self, query: str, size: int) -> Iterator[list[neo4j.Record]]:
        """Records of a read-only query, in lists of at most `size`."""
        with (
            self._errors(),
            self._driver.session(default_access_mode=neo4j.READ_ACCESS, fetch_size=10_000) as session,
            session.begin_transaction() as transaction,
        ):
            result = transaction.run(query)
            while records := result.fetch(size):
                yield records

    def source(self, name: str, query: str) -> Source:
        """The rows of a query; its columns are asked of the server without running it."""
        with (
            self._errors(),
            self._driver.session(default_access_mode=neo4j.READ_ACCESS) as session,
            session.begin_transaction() as transaction,
        ):
            plan = transaction.run(f"EXPLAIN {query}")
            columns = tuple(plan.keys())
            if plan.consume().query_type != "r":
                raise LoadError(f"{name} does more than read", "a query that only reads")

        def batches(wanted: tuple[str, ...]) -> Iterator[pl.DataFrame]:
            for records in self.rows(query, BATCH_ROWS // 4):
                yield pl.DataFrame(
                    {
                        column: [_text(name, column, record[column]) for record in records]
                        for column in wanted
                    },
                    schema=dict.fromkeys(wanted, pl.String),
                )

        return Source(name, columns, batches)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except exceptions.AuthError as error:
            raise LoadError(
                f"{self._uri} refused the user or the password",
                "the server's own",
                "set GRAPHATTR_NEO4J_USER and GRAPHATTR_NEO4J_PASSWORD",
            ) from error
        except exceptions.Neo4jError as error:
            raise LoadError(f"{self._uri} refused a query: {error.message}", "a reading query") from error
        except (exceptions.DriverError, OSError, ValueError) as error:
            raise LoadError(
                f"cannot read from Neo4j at {self._uri}: {error}", "a running server", "check host and port"
            ) from error


def _text(source: str, column: str, value: Any) -> str | None:
    """A property as the text that a file would hold."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if hasattr(value, "iso_format"):  # neo4j.time.DateTime, Date
        return str(value.iso_format())
    raise LoadError(f"{source}: column {column} holds a {type(value).__name__}", "text, a number or a time")


def _own_graph(database: Database) -> Tables:
    """The tables of which the graph has relationships."""
    values = "".join(
        f", [(a)-[:{edge}]->(v:{label}) | v.id][0] AS {column}" for column, edge, label in ACCOUNT_VALUES
    )
    accounts = (
        "MATCH (a:Account) RETURN a.id AS account_id, a.created_at AS created_at, a.closed_at AS closed_at, "
        f"a.country AS country{values} ORDER BY account_id"
    )
    tables = {"accounts": [database.source("(:Account)", accounts)]}
    for entry in GRAPH_TABLES:
        pattern = f"(a:Account)-[r:{entry.edge}]->(v:{entry.label})"
        counts = f"MATCH {pattern} RETURN count(r) AS edges, count(r.first_seen) AS timed"
        found = next(database.rows(counts, 1))[0]
        if found["edges"]:
            query = _uses(entry, pattern, timed=bool(found["timed"]))
            tables[entry.table] = [database.source(pattern, query)]
    return tables


def _uses(entry: GraphTable, pattern: str, *, timed: bool) -> str:
    """One row for the first use and, where it differs, one for the last; a single one without times."""
    if timed:
        times = (
            "CASE WHEN r.last_seen > r.first_seen THEN [r.first_seen, r.last_seen] ELSE [r.first_seen] END"
        )
        rows = (
            f"WITH a, r, v, {times} AS times UNWIND times AS observed_at WITH a, r, v, observed_at, "
            # The uses between first and last are counted with the first.
            "CASE WHEN observed_at = times[0] THEN r.count - size(times) + 1 ELSE 1 END AS uses"
        )
    else:
        rows = "WITH a, r, v, r.count AS uses"
    columns = ", ".join(f"{cypher} AS {name}" for name, cypher in entry.columns)
    time = ", observed_at" if timed else ""
    return (
        f"MATCH {pattern} {rows} RETURN a.id AS account_id{time}, {columns} ORDER BY account_id, v.id{time}"
    )

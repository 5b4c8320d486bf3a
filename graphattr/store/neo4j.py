"""A Neo4j server (5 or later) over Bolt, with a user and a password.

A community server has one database for everything, so graphattr marks its graph with one :GraphattrRun node,
which says which run it is of and whether its load was finished. Nodes under other labels are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import neo4j
from neo4j import exceptions

from graphattr.errors import QueryError, StoreError
from graphattr.settings import Secrets
from graphattr.store import cypher, neo4j_values
from graphattr.store.base import Result
from graphattr.store.neo4j_client import Client
from graphattr.store.neo4j_writer import Neo4jWriter
from graphattr.store.pointer import read_pointer
from graphattr.store.schema import MARKER, SCHEMA_VERSION
from graphattr.store.view import CypherView


class Neo4jStore:
    """A Neo4j database used for one run.

    Args:
        uri: as Client.
        folder: RUN/graph, where pointer.json goes.
        secrets: user and password.

    Raises:
        StoreError: as Client.
    """

    def __init__(self, uri: str, folder: Path, secrets: Secrets) -> None:
        self.uri = uri
        self.folder = folder
        self._client = Client(uri, secrets)

    def check(self) -> None:
        """As Store.check: reachable, a version we know, and no graph there but our own."""
        self._client.check_ours()

    def writer(self) -> Neo4jWriter:
        """As Store.writer."""
        return Neo4jWriter(self._client, self.folder)

    def view(self) -> Neo4jView:
        """As Store.view: the server must hold the very run that the folder points to."""
        pointer, marker = self.pointer(), self._client.marker()
        hint = "run `graphattr run` again with this --store"
        if marker is None or not marker["complete"] or marker["schema_version"] != SCHEMA_VERSION:
            raise StoreError(f"no finished graph at {self.uri}", f"a complete {MARKER.label} node", hint)
        if marker["fingerprint"] != pointer["fingerprint"]:
            raise StoreError(f"the database at {self.uri} holds another run by now", f"{self.folder}'s", hint)
        return Neo4jView(self._client)

    def pointer(self) -> dict[str, Any]:
        """As Store.pointer, read from the folder.

        Raises:
            StoreError: there is no finished graph, or one of another version.
        """
        return read_pointer(self.folder)

    def close(self) -> None:
        """As Store.close."""
        self._client.close()


class Neo4jView(CypherView):
    """A read-only view: read transactions only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def close(self) -> None:
        """As View.close: the connection is the store's."""

    def _run(self, text: str, params: Mapping[str, Any], limit: int | None, timeout: float) -> Result:
        with self._client.session(neo4j.READ_ACCESS) as session:
            try:
                query = neo4j.Query(text, timeout=timeout)
                answer = session.run(query, dict(params))
                columns = tuple(answer.keys())
                rows = [record.values() for record in (answer if limit is None else answer.fetch(limit + 1))]
                answer.consume()
            except exceptions.AuthError:
                raise  # a ClientError too, but no fault of the query
            except exceptions.ClientError as error:
                raise _query_error(error, timeout) from error
            except (TypeError, ValueError) as error:
                raise QueryError(f"a parameter that Neo4j cannot hold: {error}") from error
        kept = rows if limit is None else rows[:limit]
        return Result(columns, neo4j_values.records(kept), len(kept) < len(rows))

    def _shortest_path_text(self, types: Sequence[str], hops: int) -> str:
        return cypher.neo4j_shortest_path(types, hops)


def _query_error(error: exceptions.Neo4jError, timeout: float) -> QueryError:
    if "TransactionTimedOut" in (error.code or ""):
        return QueryError(
            f"no answer within {timeout:g} s", "a query that ends sooner", "narrow it, or raise the timeout"
        )
    first_line = (error.message or "no reason given").strip().split("\n")[0]
    return QueryError(f"the store refuses the query: {first_line}")

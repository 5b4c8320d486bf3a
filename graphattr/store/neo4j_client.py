"""The connection to a Neo4j server: its address, its errors in our words, and whose graph is in it."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import neo4j
from neo4j import exceptions

from graphattr.errors import StoreError
from graphattr.settings import Secrets
from graphattr.store import cypher

SCHEMES: Final = ("neo4j", "neo4j+s", "bolt", "bolt+s")
PASSWORD: Final = "GRAPHATTR_NEO4J_PASSWORD"  # noqa: S105  the variable's name
CONNECT_SECONDS: Final = 5.0

# The driver's own lines on stderr say nothing that the StoreError does not.
logging.getLogger("neo4j").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Standing:
    """What a server holds: our marker's properties (None without one) and nodes a label of ours."""

    marker: Mapping[str, Any] | None
    nodes: Mapping[str, int]


class Client:
    """A Neo4j server, reached when it is first needed.

    Args:
        uri: neo4j://, neo4j+s://, bolt:// or bolt+s:// with host and perhaps port, nothing else.
        secrets: user and password.

    Raises:
        StoreError: the URI is not one, or there is no password. Nothing is asked of the server yet.
    """

    def __init__(self, uri: str, secrets: Secrets) -> None:
        check_uri(uri)
        if secrets.neo4j_password is None:
            raise StoreError(f"no password for {uri}", PASSWORD, "set it in the environment")
        self.uri = uri
        self._user, self._password = secrets.neo4j_user, secrets.neo4j_password
        self._driver: neo4j.Driver | None = None

    def marker(self) -> Mapping[str, Any] | None:
        """Our marker's properties, or None."""
        with self.session(neo4j.READ_ACCESS) as session:
            row = session.run(cypher.MARKER_ROW).single(strict=False)
        return row.data() if row else None

    def standing(self) -> Standing:
        """What the server holds."""
        marker = self.marker()
        with self.session(neo4j.READ_ACCESS) as session:
            rows = session.run(cypher.COUNTS).data()
        return Standing(marker, {row["label"]: int(row["n"]) for row in rows})

    def check_ours(self) -> Standing:
        """What the server holds, if every node under a label of ours can be ours.

        Raises:
            StoreError: some cannot: no marker, or more nodes than it counts.
        """
        standing = self.standing()
        ours = json.loads(standing.marker["counts"]) if standing.marker else {}
        for label, n in standing.nodes.items():
            if n > ours.get(label, 0):
                raise StoreError(
                    f"the database at {self.uri} holds {n - ours.get(label, 0)} {label} nodes that graphattr "
                    "did not write",
                    "a database with none, or with graphattr's own graph",
                    "use another server: graphattr would mix its graph with theirs",
                )
        return standing

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    @contextlib.contextmanager
    def session(self, access: str) -> Iterator[neo4j.Session]:
        """A session whose driver errors leave as StoreError.

        Raises:
            StoreError: the server cannot be reached, refuses the password, or refuses a statement.
        """
        if self._driver is None:
            self._driver = self._connect()
        with self._errors(), self._driver.session(default_access_mode=access, fetch_size=5000) as session:
            yield session

    def _connect(self) -> neo4j.Driver:
        driver = None
        try:
            driver = neo4j.GraphDatabase.driver(
                self.uri,
                auth=(self._user, self._password.get_secret_value()),
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=2 * CONNECT_SECONDS,
                max_transaction_retry_time=3 * CONNECT_SECONDS,
                liveness_check_timeout=10,
                notifications_min_severity="OFF",
            )
            with self._errors():
                agent = driver.get_server_info().agent
            major = agent.removeprefix("Neo4j/").split(".")[0]
            if major.isdigit() and int(major) < 5:
                raise StoreError(f"{agent} at {self.uri}", "Neo4j 5 or later")
        except (OSError, ValueError) as error:
            raise self._unreachable(error) from error
        except StoreError:
            if driver is not None:
                driver.close()
            raise
        return driver

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except exceptions.AuthError as error:
            raise StoreError(
                f"{self.uri} refused user {self._user!r}: {error.message}",
                "the server's own user and password",
                f"set GRAPHATTR_NEO4J_USER and {PASSWORD}",
            ) from error
        except exceptions.Neo4jError as error:
            raise StoreError(f"{self.uri} refused a statement: {error.message}") from error
        except exceptions.DriverError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> StoreError:
        return StoreError(
            f"cannot reach Neo4j at {self.uri}: {_reason(error)}",
            "a running Bolt server, with a certificate that this machine trusts where the URI ends in +s",
            "`python -m graphattr.store.server start` brings up a local one",
        )


def check_uri(uri: str) -> None:
    """See that a URI is a server's address and no more.

    Raises:
        StoreError: the scheme is unknown, or there is no host, or something else than host and port.
    """
    expected = f"embedded, or {', '.join(f'{scheme}://HOST:PORT' for scheme in SCHEMES)}"
    try:
        parts = urlsplit(uri)
        secret = parts.username is not None or parts.password is not None
        plain = parts.scheme in SCHEMES and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        secret, plain = "@" in uri, False
    if secret or "@" in uri:
        raise StoreError("a store address with a user or password in it", expected, f"set {PASSWORD} instead")
    if not plain or parts.path.strip("/") or parts.query or parts.fragment:
        raise StoreError(f"store {uri!r}", expected)


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line: the outer ones only say that something failed."""
    inner = error
    while True:
        deeper = inner.exceptions[0] if isinstance(inner, BaseExceptionGroup) else inner.__cause__
        if deeper is None:
            break
        inner = deeper
    return " ".join(str(inner or error).split()) or type(inner).__name__

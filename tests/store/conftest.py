"""Worlds written to run folders, and one empty store a backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from graphattr.settings import Secrets
from graphattr.store.base import Store, View
from graphattr.store.graph import GraphTables
from graphattr.store.neo4j_client import Client
from graphattr.store.open import open_store
from store.worlds import World, hostile_world, small_world


@pytest.fixture
def small(tmp_path: Path) -> GraphTables:
    return small_world().write(tmp_path / "small")


@pytest.fixture
def hostile(tmp_path: Path) -> GraphTables:
    return hostile_world().write(tmp_path / "hostile")


@pytest.fixture
def write_world(tmp_path: Path) -> Callable[[World], GraphTables]:
    """Write a world to a fresh run folder."""
    number = iter(range(1000))
    return lambda world: world.write(tmp_path / f"run-{next(number)}")


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each backend."""
    if request.param == "embedded":
        opened = open_store("embedded", tmp_path / "graph", Secrets())
    else:
        opened = request.getfixturevalue("neo4j_store")
    yield opened
    opened.close()


@pytest.fixture
def neo4j_store(client: Client, neo4j_server: Any, tmp_path: Path) -> Iterator[Store]:
    """A store on the test server, which is empty."""
    opened = open_store(neo4j_server.uri, tmp_path / "graph", neo4j_server.secrets)
    opened.writer().clear()
    yield opened
    opened.close()


@pytest.fixture
def client(neo4j_server: Any) -> Iterator[Client]:
    """A bare connection to the test server; nodes with label or property Foreign go at its end."""
    opened = Client(neo4j_server.uri, neo4j_server.secrets)
    yield opened
    with opened.session(neo4j.WRITE_ACCESS) as session:
        session.run("MATCH (n) WHERE n:Foreign OR n.foreign DETACH DELETE n").consume()
    opened.close()


@pytest.fixture(scope="module", params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def small_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The small world in a store of each backend, for a module that only reads."""
    run = tmp_path_factory.mktemp("small")
    uri, secrets = "embedded", Secrets()
    if request.param == "neo4j":
        server = request.getfixturevalue("neo4j_server")
        uri, secrets = server.uri, server.secrets
    opened = open_store(uri, run / "graph", secrets)
    opened.writer().load(small_world().write(run))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def small_view(small_store: Store) -> Iterator[View]:
    with small_store.view() as view:
        yield view

"""Fixtures that more than one area needs: a real Neo4j server, brought up once a session; processes of their own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from graphattr.errors import StoreError
from graphattr.settings import Secrets
from graphattr.store.java import find_java
from graphattr.store.local import Server, local_server

#: Remembers where Maven keeps Neo4j's artefacts; git ignores it.
ARTEFACTS = Path(__file__).parent.parent / ".neo4j"


@dataclass(frozen=True)
class Neo4jServer:
    """A server to test on. `local` is None for one that the environment names."""

    uri: str
    secrets: Secrets
    local: Server | None


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """The server of GRAPHATTR_TEST_NEO4J_URI and GRAPHATTR_NEO4J_PASSWORD, or one of our own on loopback."""
    uri = os.environ.get("GRAPHATTR_TEST_NEO4J_URI")
    if uri:
        yield Neo4jServer(uri, Secrets(), None)
        return
    try:
        find_java(ARTEFACTS)
    except StoreError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Neo4j server: {error}")
    home = tmp_path_factory.mktemp("neo4j")
    with local_server(home, ARTEFACTS) as server:
        yield Neo4jServer(server.uri, server.secrets(), server)
    shutil.rmtree(home)


@pytest.fixture
def started_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started find no script to run first: Streamlit's tests leave theirs as `__main__`."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))

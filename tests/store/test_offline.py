"""The offline import ends where a load would, hostile text and all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import neo4j
import pytest

from graphattr.errors import StoreError
from graphattr.store.graph import GraphTables
from graphattr.store.local import Server
from graphattr.store.neo4j_client import Client
from graphattr.store.offline import import_run, write_csv
from graphattr.store.open import open_run
from store.dump import said, stored
from store.worlds import World, hostile_world, small_world


def silent(_: str) -> None:
    """Say nothing."""


def fail(*_: Any) -> None:
    """Stands in for a program that fails."""
    raise StoreError("broken")


@pytest.fixture
def local(neo4j_server: Any) -> Iterator[Server]:
    if neo4j_server.local is None:
        pytest.skip("GRAPHATTR_TEST_NEO4J_URI names a server that we cannot stop and start")
    yield neo4j_server.local
    neo4j_server.local.start()


def test_null_and_empty_text_are_told_apart(
    write_world: Callable[[World], GraphTables], tmp_path: Path
) -> None:
    world = World()
    world.account("a", country=None)
    world.account("b", country="")
    named = write_csv(write_world(world), tmp_path)
    assert [line.split("=")[:2] for line in named] == [["--nodes", "Account"], ["--nodes", "GraphattrRun"]]
    at = '"2024-03-01T12:00:00.123456Z"'
    assert (tmp_path / "Account.csv").read_text(encoding="utf-8") == f'"a",{at},,\n"b",{at},,""\n'
    header = "id:ID(Account),created_at:datetime,closed_at:datetime,country:string\n"
    assert (tmp_path / "Account-header.csv").read_text(encoding="utf-8") == header


@pytest.mark.neo4j
def test_the_import_is_a_load(local: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = hostile_world()
    world.rings[0] |= {"requests": 2**63 - 1, "log10_bf_high": float("inf"), "log10_bf_low": float("-inf")}
    world.rings[1] |= {"bf_cap": 5e-324, "p_reseller": 0.1 + 0.2, "first_seen": datetime(1, 1, 1, tzinfo=UTC)}
    tables = world.write(tmp_path / "run")
    folder = tmp_path / "run" / "graph"

    with monkeypatch.context() as patch:  # an import that fails first
        patch.setattr("graphattr.store.java.Java.admin", fail)
        with pytest.raises(StoreError, match="broken"):
            import_run(local, tmp_path / "run", silent)
    with pytest.raises(StoreError, match="no finished graph"):
        open_run(folder, local.secrets())
    assert local.pid() is None

    import_run(local, tmp_path / "run", silent)
    store = open_run(folder, local.secrets())
    assert stored(store) == said(tables)
    assert not list(local.home.glob("import-*"))  # the CSV files are personal data
    other = small_world().write(tmp_path / "small")
    store.writer().upsert(other)
    assert stored(store) == said(other)
    store.close()


@pytest.mark.neo4j
def test_an_import_over_another_ones_data_is_refused(local: Server, client: Client, tmp_path: Path) -> None:
    small_world().write(tmp_path / "run")
    with client.session(neo4j.WRITE_ACCESS) as session:
        session.run("CREATE (:Foreign)").consume()
    with pytest.raises(StoreError, match="holds 1 nodes that graphattr did not write"):
        import_run(local, tmp_path / "run", silent)
    assert local.pid() is not None

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphattr.errors import StoreError
from graphattr.store.embedded import EmbeddedStore
from graphattr.store.graph import GraphTables
from store.dump import said, stored
from store.worlds import World, small_world

SCRIPT = Path(__file__).parent / "killed_load.py"
MOMENTS = ("Account", "Device", "Ring", "USED_IP", "LINKED", "ATTRIBUTED_TO", "pointer")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "graph")
    yield opened
    opened.close()


def kill_a_load(tables: GraphTables, folder: Path, moment: str) -> None:
    """Start a load in another process and kill it (-9) at a moment."""
    command = [sys.executable, str(SCRIPT), str(tables.links.parent), str(folder), moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.kill()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_first_load_leaves_no_graph(store: EmbeddedStore, small: GraphTables, moment: str) -> None:
    kill_a_load(small, store.folder, moment)
    assert list(store.folder.glob("*.lbug"))  # it was in the middle of it
    with pytest.raises(StoreError, match="no finished graph"):
        store.view()
    store.writer().load(small)
    assert stored(store) == said(small)
    assert len(list(store.folder.iterdir())) == 2  # the graph and the pointer: what was left is gone


def test_a_killed_reload_leaves_the_old_graph(
    store: EmbeddedStore, small: GraphTables, write_world: Callable[[World], GraphTables]
) -> None:
    store.writer().load(small)
    other = write_world(World())
    for moment in ("pointer", "pointer"):
        kill_a_load(other, store.folder, moment)
        store.close()
        assert stored(store) == said(small)
    store.writer().load(other)
    assert stored(store) == said(other)
    assert len(list(store.folder.iterdir())) == 2


def test_a_failed_load_leaves_the_old_graph(
    store: EmbeddedStore, small: GraphTables, write_world: Callable[[World], GraphTables]
) -> None:
    store.writer().load(small)
    world = small_world()
    world.hold("ip", "192.0.2.7", "c")  # found while writing, not before
    with pytest.raises(StoreError, match="two USED_IP"):
        store.writer().load(write_world(world))
    assert stored(store) == said(small)
    assert len(list(store.folder.iterdir())) == 2


def test_a_reader_keeps_its_graph_while_another_is_loaded(
    store: EmbeddedStore, small: GraphTables, hostile: GraphTables
) -> None:
    store.writer().load(small)
    reader = EmbeddedStore(store.folder)
    with reader.view() as view:
        store.writer().load(hostile)
        assert view.query("MATCH (a:Account) RETURN count(*)").rows == ((6,),)
    reader.close()
    assert stored(reader) == said(hostile)


def test_upsert_of_the_same_tables_writes_nothing(store: EmbeddedStore, small: GraphTables) -> None:
    store.writer().load(small)
    before = store.pointer()
    store.writer().upsert(small)
    assert store.pointer() == before


def test_a_disk_that_refuses(
    store: EmbeddedStore, small: GraphTables, hostile: GraphTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.writer().load(small)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("graphattr.store.embedded.os.fsync", full)
        with pytest.raises(StoreError, match="No space left on device"):
            store.writer().load(hostile)
    assert stored(store) == said(small)
    assert len(list(store.folder.iterdir())) == 2


def test_two_views_of_one_store(store: EmbeddedStore, small: GraphTables) -> None:
    store.writer().load(small)
    with store.view() as one, store.view() as two:
        assert one.search("a") == two.search("a")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "cannot read"),
        (b"\xff", "cannot read"),
        (b"[]", "schema version None"),
        (b'{"schema_version": 999}', "schema version 999"),
    ],
)
def test_a_bad_pointer(store: EmbeddedStore, small: GraphTables, content: bytes, named: str) -> None:
    store.writer().load(small)
    (store.folder / "pointer.json").write_bytes(content)
    with pytest.raises(StoreError, match=named):
        store.view()
    store.writer().load(small)
    assert stored(store) == said(small)


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_a_bad_database(store: EmbeddedStore, small: GraphTables, damage: bytes | None) -> None:
    store.writer().load(small)
    file = store.folder / store.pointer()["file"]
    file.unlink()
    if damage is not None:
        file.write_bytes(damage)
    with pytest.raises(StoreError, match=r"cannot open|is not the graph"):
        store.view()


def test_check_names_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(StoreError, match="cannot write to"):
        EmbeddedStore(blocked / "graph").check()
    EmbeddedStore(tmp_path / "new" / "graph").check()
    assert not (tmp_path / "new").exists()


def test_the_pointer_names_no_path(store: EmbeddedStore, small: GraphTables, tmp_path: Path) -> None:
    store.writer().load(small)
    assert str(tmp_path) not in json.dumps(store.pointer())  # the run folder can be moved

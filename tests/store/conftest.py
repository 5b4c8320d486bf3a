"""Worlds written to run folders, and one empty store a backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graphattr.store.graph import GraphTables
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

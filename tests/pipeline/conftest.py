"""A tiny simulated world and its run, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphattr.pipeline import Plan, run
from graphattr.settings import Secrets
from graphattr.simulate import simulate


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny world: signals/ and truth.parquet."""
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, "tiny", 7)
    return folder


@pytest.fixture(scope="session")
def finished(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of it."""
    out = tmp_path_factory.mktemp("runs") / "run"
    run(Plan(str(world / "signals"), out), Secrets())
    return out

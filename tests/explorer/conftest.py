"""The run that the explorer's tests look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graphattr.explorer.runs import Run, open_run

from .runs import build


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def run(run_folder: Path) -> Run:
    return open_run(run_folder)


@pytest.fixture(autouse=True)
def _main(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main module stays what it was: AppTest leaves its page there, and processes that are spawned later run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

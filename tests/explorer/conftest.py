"""The run that the explorer's tests look at."""

from __future__ import annotations

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

"""A tiny world's run, made through the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def command() -> Command:
    """Runs `graphattr` with arguments, and extra environment variables; output is text."""

    def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "graphattr", *map(str, arguments)]
        return subprocess.run(
            line, check=False, capture_output=True, text=True, env={**os.environ, **environment}
        )

    return call


@pytest.fixture(scope="session")
def world(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny world."""
    folder = tmp_path_factory.mktemp("world")
    done = command("simulate", folder, "--preset", "tiny", "--seed", 3)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def finished(command: Command, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of it."""
    out = tmp_path_factory.mktemp("runs") / "run"
    done = command("run", world / "signals", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "candidate pairs" in done.stdout
    assert "100% done" in done.stderr
    return out

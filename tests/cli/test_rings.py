"""`graphattr train-rings`: help, and how errors end. tests/training/test_rings.py makes a classifier."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Command


def test_help(command: Command) -> None:
    done = command("train-rings", "--help", COLUMNS="120")
    assert done.returncode == 0
    for part in ("--out", "--model", "--share", "--config", "--json", "simulated worlds"):
        assert part in done.stdout


def test_a_folder_that_exists_is_left_alone(command: Command, tmp_path: Path) -> None:
    done = command("train-rings", "--out", tmp_path, "--json")
    assert done.returncode == 2
    assert "exists already" in json.loads(done.stdout)["error"]
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_is_an_error(command: Command, tmp_path: Path) -> None:
    done = command("train-rings", "--out", tmp_path / "new", "--model", tmp_path / "none")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "none" in done.stderr
    assert not (tmp_path / "new").exists()

"""`graphattr evaluate` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Command


def test_page_and_json_of_one_run_agree(
    command: Command, world: Path, finished: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    truth = world / "truth.parquet"
    done = command("evaluate", finished, "--truth", truth, "--resamples", 5, "--json", "--html", page)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    shown = page.read_text(encoding="utf-8")
    for name in ("precision", "recall", "wrong_in_rings"):
        value = figures["figures"]["all"][name]["value"]
        assert f'data-figure="/figures/all/{name}" value="{value!r}"' in shown
    assert json.loads((finished / "run.json").read_text())["guarantee"] == figures["run"]["guarantee"]


def test_strata_and_the_page_are_named(command: Command, world: Path, finished: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ("--truth", world / "truth.parquet", "--resamples", 0, "--by", "innocent")
    done = command("evaluate", finished, *options, "--html", page)
    assert done.returncode == 0, done.stderr
    assert "false" in done.stdout
    assert "page.html" in done.stdout
    brief = command("evaluate", finished, *options, "--brief")
    assert "false" not in brief.stdout


def test_a_page_that_cannot_be_written(command: Command, world: Path, finished: Path, tmp_path: Path) -> None:
    page = tmp_path / "none" / "page.html"
    done = command("evaluate", finished, "--truth", world / "truth.parquet", "--resamples", 0, "--html", page)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_column_that_is_not_there(command: Command, world: Path, finished: Path) -> None:
    done = command("evaluate", finished, "--truth", world / "truth.parquet", "--by", "continent")
    assert done.returncode == 2
    assert "no column continent" in done.stderr

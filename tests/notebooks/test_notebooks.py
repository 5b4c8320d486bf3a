"""The analysts' notebooks run on a run's folder, on both stores, and say what its tables say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphattr.pipeline.run import Plan, run
from graphattr.records import GROUPS, RunPaths

PLACE = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.stem for path in PLACE.glob("*.py") if path.stem != "opening")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, finished: Path) -> Any:
    """Runs a notebook and gives what its cells define."""
    monkeypatch.syspath_prepend(str(PLACE))
    monkeypatch.setattr(sys, "argv", ["notebook"])

    def call(name: str, folder: Path = finished) -> dict[str, Any]:
        monkeypatch.setenv("GRAPHATTR_RUN", str(folder))
        _, defined = __import__(name).app.run()
        return dict(defined)

    return call


def test_there_are_the_five() -> None:
    assert NAMES == ["challenge", "figures", "hubs", "hunt", "tour"]


def test_the_tour_counts_what_the_tables_hold(play: Any, finished: Path) -> None:
    told = play("tour")
    paths = RunPaths(finished)
    nodes, edges = (
        dict(told["nodes"].iter_rows()),
        dict(told["edges"].select("relationship", "number").iter_rows()),
    )
    assert nodes["Account"] == pl.read_parquet(paths.signals / "accounts.parquet").height
    assert nodes["Ring"] == pl.read_parquet(paths.table("rings")).height
    assert edges["LINKED"] == pl.read_parquet(paths.table("links")).height
    assert edges["MEMBER_OF"] == pl.read_parquet(paths.table("members")).height
    devices = pl.read_parquet(paths.table("holdings")).filter(signal="device")
    members = pl.read_parquet(paths.table("members")).filter(ring_id=told["largest"]["ring"][0])
    inside = devices.join(members, on="account_id").group_by("value").agg(pl.col("account_id").n_unique())
    assert told["inside"].height
    assert dict(told["inside"].iter_rows()).items() <= dict(inside.iter_rows()).items()
    assert told["own"].height


def test_a_hunt_begins_with_the_surest_member(play: Any, finished: Path) -> None:
    told = play("hunt")
    account = told["account"].value
    links = pl.read_parquet(RunPaths(finished).table("links"))
    mine = pl.concat(
        [
            links.filter(account_a=account).select("probability", account="account_b"),
            links.filter(account_b=account).select("probability", account="account_a"),
        ]
    )
    assert told["linked"].height == mine.height > 0
    assert told["linked"]["probability"].to_list() == sorted(mine["probability"], reverse=True)
    assert told["values"]["accounts that hold it"].is_sorted()
    assert account in told["why"]
    assert told["linked"]["account"][0] in told["why"]


def test_crowds_say_little(play: Any, finished: Path) -> None:
    told = play("hubs")
    held = pl.read_parquet(RunPaths(finished).table("holdings")).group_by("signal", "value").len()
    assert told["crowds"]["accounts"][0] == held["len"].max()
    evidence = pl.read_parquet(RunPaths(finished).table("evidence"))
    assert told["weight"]["pieces"].sum() == evidence["holders"].count()
    assert told["kinds"].height
    assert told["shared"]["pairs"].is_sorted(descending=True)
    held = evidence.filter(pl.col("value").is_not_null()).select("signal", "value").unique()
    assert 0 < told["shared"].join(held, on=["signal", "value"]).height == told["shared"].height


def test_a_challenge_takes_away_what_the_columns_say(play: Any, finished: Path) -> None:
    told = play("challenge")
    ring = told["ring"].value
    members = (
        pl.read_parquet(RunPaths(finished).table("members")).filter(ring_id=ring)["account_id"].to_list()
    )
    links = pl.read_parquet(RunPaths(finished).table("links"))
    links = links.filter(pl.col("account_a").is_in(members) & pl.col("account_b").is_in(members))
    assert told["by_group"]["without"].to_list() == ["nothing", *GROUPS]
    counts = dict(told["by_group"].select("without", "links").iter_rows())
    for group in GROUPS:
        odds = links["log10_lr"] - links[f"log10_lr_{group}"] + links["log10_prior_odds"]
        assert counts[group] == (odds >= 0).sum()
    assert 0 < counts["nothing"] == (links["probability"] >= 0.5).sum()
    stated = pl.read_parquet(RunPaths(finished).table("rings")).filter(ring_id=ring).row(0, named=True)
    ((leading, probability),) = (
        told["by_statistic"].filter(without="nothing").select("leading hypothesis", "probability").rows()
    )
    assert leading == stated["hypothesis"]
    assert probability == pytest.approx(stated[f"p_{leading}"], abs=1e-4)
    assert told["conditions"].height == 11


def test_figures_by_hand_are_those_stated(play: Any) -> None:
    told = play("figures")
    assert {name.split("/")[0] for name in told["by_hand"]["figure"]} == {
        "ring.size",
        "hypothesis.p",
        "link.probability",
    }
    assert told["by_hand"]["differs"].max() < 1e-5
    assert "figures" in told["steps"]["name"].to_list()
    assert told["figures"].height == len(told["stated"])


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_as_a_script_and_opens_in_jupyter(name: str, finished: Path, tmp_path: Path) -> None:
    line = [sys.executable, str(PLACE / f"{name}.py"), "--run", str(finished)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    out = tmp_path / f"{name}.ipynb"
    export = [sys.executable, "-m", "marimo", "export", "ipynb", str(PLACE / f"{name}.py"), "-o", str(out)]
    done = subprocess.run(export, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    # Jupyter runs the cells in their order, in one namespace.
    cells = [
        "".join(cell["source"])
        for cell in json.loads(out.read_text())["cells"]
        if cell["cell_type"] == "code"
    ]
    (tmp_path / "cells.py").write_text("\n".join(cells))
    line = [sys.executable, str(tmp_path / "cells.py")]
    place = {**os.environ, "PYTHONPATH": str(PLACE), "GRAPHATTR_RUN": str(finished)}
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=place, check=False)
    assert done.returncode == 0, done.stderr


def test_foreign_text_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLACE))
    opening = __import__("opening")
    hostile = [
        "https://h.invalid/x.png",
        "data:image/png;base64,AA",
        "<img src=x onerror=alert(1)>",
        "[x](http://h.invalid)",
    ]
    monkeypatch.setattr(opening.mo, "running_in_notebook", lambda: True)
    page = opening.sheet(pl.DataFrame({"value": hostile})).text
    assert "<img" not in page
    assert "<a " not in page
    assert "marimo-" not in page  # none of its components, which would draw them
    assert "&lt;img" in page


@pytest.mark.parametrize(
    ("line", "run", "account"),
    [
        (["--run", "run", "--account", "x"], "run", "x"),
        (["--account=x", "--run=a b"], "a b", "x"),
        (["-f", "kernel.json"], "of-the-environment", None),
    ],
)
def test_a_command_line_is_read(
    line: list[str], run: str, account: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(PLACE))
    monkeypatch.setattr(sys, "argv", ["hunt.py", *line])
    monkeypatch.setenv("GRAPHATTR_RUN", "of-the-environment")
    given = __import__("opening").given
    assert (given("run"), given("account")) == (run, account)


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    line = [sys.executable, str(PLACE / "tour.py"), "--run", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert "is not a finished run" in done.stderr


@pytest.mark.neo4j
def test_notebooks_say_the_same_of_a_run_in_neo4j(
    play: Any, world: Path, tmp_path: Path, neo4j_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(Plan(str(world / "signals"), tmp_path / "run", store=neo4j_server.uri), neo4j_server.secrets)
    monkeypatch.setenv("GRAPHATTR_NEO4J_USER", neo4j_server.secrets.neo4j_user)
    monkeypatch.setenv("GRAPHATTR_NEO4J_PASSWORD", neo4j_server.secrets.neo4j_password.get_secret_value())
    for name, tables in (("tour", ("nodes", "edges", "largest", "inside")), ("hunt", ("values", "linked"))):
        here, there = play(name), play(name, tmp_path / "run")
        for table in tables:
            assert here[table].equals(there[table]), (name, table)

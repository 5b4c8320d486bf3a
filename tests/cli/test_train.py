"""`graphattr train`: help, progress, what it prints, and how errors end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Command


@pytest.fixture(scope="module")
def trained(command: Command, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on the world, its truth found beside the signals."""
    out = tmp_path_factory.mktemp("models") / "mine"
    done = command("train", world / "signals", "--out", out, "--whole")
    assert done.returncode == 0, done.stderr
    assert "On pairs it was not fitted on" in done.stdout
    assert "cllr" in done.stdout
    assert "graphattr run SIGNALS --model" in " ".join(done.stdout.split())
    assert "look at" in done.stderr
    assert "100% done" in done.stderr
    return out


def test_help(command: Command) -> None:
    done = command("train", "--help", COLUMNS="120")
    assert done.returncode == 0
    for part in ("--out", "--truth", "--base", "--name", "--whole", "--json", "labelled signals"):
        assert part in done.stdout


def test_a_trained_model_runs(command: Command, trained: Path, world: Path, tmp_path: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {"model.json", "card.json", "CARD.md"}
    card = json.loads((trained / "card.json").read_text())
    assert card["name"] == "mine"
    assert card["fitted_on"]["samples"] == 1
    done = command("run", world / "signals", "--out", tmp_path / "run", "--model", trained, "--quiet")
    assert done.returncode == 0, done.stderr
    model = json.loads((tmp_path / "run" / "run.json").read_text())["model"]
    assert (model["name"], model["sha256"], model["trained"]) == ("mine", card["sha256"], True)


def test_the_card_as_json_and_a_base(command: Command, trained: Path, world: Path, tmp_path: Path) -> None:
    done = command(
        "train", world / "signals", "--truth", world / "truth.parquet", "--out", tmp_path / "m", "--base", trained,
        "--name", "second", "--whole", "--json", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    card = json.loads(done.stdout)
    assert card == json.loads((tmp_path / "m" / "card.json").read_text())
    assert card["name"] == "second"
    assert card["base"]["name"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{world}/signals", "--truth", "x", "--truth", "y", "--out", "{tmp}/m"), "2 --truth for 1 signal folders"),
        (("{tmp}/none", "--out", "{tmp}/m"), "none"),
        (("{world}/signals", "--base", "{tmp}/none.json", "--out", "{tmp}/m"), "cannot read the model file"),
        (("{world}/signals", "--gnn-signals", "{world}/signals", "--out", "{tmp}/m"), "and none is trained"),
        (("{world}/signals", "--truth", "{tmp}/none.csv", "--out", "{tmp}/m"), "none.csv"),
    ],
)  # fmt: skip
def test_bad_input_ends_in_one_message(
    command: Command, world: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = command("train", *(part.format(world=world, tmp=tmp_path) for part in arguments))
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m").exists()

"""`graphattr simulate` beside its plain use: families, switches, the list."""

import json
from pathlib import Path

import polars as pl

from graphattr.simulate import MECHANISMS, PRESETS
from graphattr.simulate.mechanisms import some

from .conftest import Command


def test_a_world_without_some_mechanisms(command: Command, tmp_path: Path) -> None:
    options = ("--preset", "tiny", "--without", "contractors", "--without", "compromised", "--json")
    done = command("simulate", tmp_path / "w", *options)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["without"] == ["compromised", "contractors"]
    kinds = set(pl.read_parquet(tmp_path / "w" / "truth.parquet")["kind"])
    assert "single_operator" in kinds
    assert not kinds & {"contractors", "compromised"}


def test_a_world_without_mechanisms_that_the_seed_draws(command: Command, tmp_path: Path) -> None:
    options = ("--preset", "tiny", "--seed", "4", "--without", "contractors", "--without-some", "3", "--json")
    done = command("simulate", tmp_path / "w", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["without"] == sorted(["contractors", *some(3, 4)])


def test_a_world_of_the_other_family(command: Command, tmp_path: Path) -> None:
    done = command("simulate", tmp_path / "w", "--preset", "tiny", "--family", "B", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["family"] == "B"


def test_the_list_names_everything(command: Command) -> None:
    done = command("simulate", "--list", "--json")
    got = json.loads(done.stdout)
    assert list(got["presets"]) == list(PRESETS)
    assert list(got["mechanisms"]) == list(MECHANISMS)
    shown = command("simulate", "--list")
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in [*PRESETS, *MECHANISMS])


def test_bad_names_are_told(command: Command, tmp_path: Path) -> None:
    for options, says in (
        (("--without", "gravity"), "no mechanism 'gravity'"),
        (("--family", "Z"), "no family 'Z'"),
    ):
        done = command("simulate", tmp_path / "w", *options)
        assert done.returncode == 2
        assert says in done.stderr
    assert "no folder" in command("simulate").stderr
    assert not (tmp_path / "w").exists()

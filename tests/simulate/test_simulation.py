"""Worlds as a whole: the same bytes from the same seed, presets, truth."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.errors import InputError, SettingsError
from graphattr.simulate import PRESETS, Preset, simulate
from graphattr.simulate.draws import Ints
from graphattr.simulate.families import plan_tours
from graphattr.simulate.tours.parameters import Bans, Ways
from graphattr.simulate.tours.world import World
from simulate.truths import check_bought

SEED = 7  # of the world in conftest.py
KINDS = {
    "single_operator",
    "contractors",
    "reseller",
    "organisation",
    "shared_infrastructure",
    "compromised",
    "independent",
}


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_same_seed_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path) -> None:
    made = f"simulate(Path({str(tmp_path)!r}), 'tiny', {SEED})"
    code = f"from pathlib import Path; from graphattr.simulate import simulate; {made}"
    env = os.environ | {"PYTHONHASHSEED": "5", "POLARS_MAX_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    assert len(hashes(folder)) == 8
    assert hashes(tmp_path) == hashes(folder)


def test_another_seed_gives_another_world(folder: Path, tmp_path: Path) -> None:
    simulate(tmp_path, "tiny", SEED + 1)
    mine, other = (pl.read_parquet(path / "truth.parquet") for path in (folder, tmp_path))
    assert not set(mine["account_id"]) & set(other["account_id"])


def test_what_it_returns_and_tells(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    got = simulate(tmp_path, "tiny", SEED, lambda step, done: told.append((step, done)))
    assert (got["preset"], got["family"], got["seed"]) == ("tiny", "A", SEED)
    assert got["rows"]["accounts"] == sum(got["kinds"].values())
    shares = [share for _, share in told]
    assert told[-1] == ("done", 1.0)
    assert shares == sorted(shares)
    assert not list(tmp_path.rglob("*.part"))


def test_an_unknown_preset_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tiny, small, sample"):
        simulate(tmp_path, "huge", 1)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        simulate(tmp_path / "file", "tiny", 1)


def test_truth_covers_every_account(truth: pl.DataFrame, signals: dict[str, pl.DataFrame]) -> None:
    assert set(truth["account_id"]) == set(signals["accounts"]["account_id"])
    assert truth.null_count().drop("operator", "controlled_since").sum_horizontal().item() == 0
    assert set(truth["kind"]) == KINDS


def test_only_operators_buy_accounts_and_no_account_before_it_was_opened(
    truth: pl.DataFrame, signals: dict[str, pl.DataFrame]
) -> None:
    check_bought(truth, signals["accounts"])


def test_truth_of_each_kind(truth: pl.DataFrame) -> None:
    innocents = truth.filter("innocent")["kind"].unique().to_list()
    assert set(innocents) == {"independent", "shared_infrastructure", "organisation", "compromised"}
    held = truth.with_columns(held=pl.len().over("controller"))
    shared = held.filter(pl.col("kind") == "shared_infrastructure")
    assert (shared["controller"] == shared["account_id"]).all()
    assert held.filter(pl.col("kind") == "organisation")["held"].min() >= 8
    victims = truth.filter(pl.col("kind") == "compromised")
    assert (victims["controller"] == victims["account_id"]).all()
    assert (victims["beneficiary"] != victims["controller"]).all()
    gateway = truth.filter(pl.col("mechanism") == "gateway")
    assert gateway["controller"].n_unique() == 1
    assert gateway["beneficiaries"].min() > 1
    shop = truth.filter(pl.col("mechanism") == "storefront")
    assert shop["beneficiary"].n_unique() == shop.height


def test_operators_have_names_and_innocents_none(truth: pl.DataFrame) -> None:
    assert truth.filter(~pl.col("innocent"))["operator"].null_count() == 0
    assert truth.filter("innocent")["operator"].drop_nulls().is_empty()
    each = truth.filter(~pl.col("innocent")).group_by("controller").agg(pl.col("operator").n_unique())
    assert each["operator"].max() == 1


@pytest.mark.parametrize(
    ("preset", "absent"),
    [
        ("none", {"single_operator", "contractors", "reseller", "compromised"}),
        ("resellers", {"single_operator", "contractors", "compromised"}),
        ("companies", {"single_operator", "contractors", "reseller", "compromised", "shared_infrastructure"}),
    ],
)
def test_presets_with_only_some(preset: str, absent: set[str], tmp_path: Path) -> None:
    got = simulate(tmp_path, preset, 3)
    present = KINDS - absent | ({"shared_infrastructure"} if preset == "companies" else set())
    assert set(got["kinds"]) == present
    assert all(rows > 0 for rows in got["rows"].values())


def test_a_mechanism_is_switched_off_without_moving_the_others() -> None:
    calm = replace(PRESETS["tiny"], ways=Ways(bans=Bans(mistaken=(0.0, 0.0))))
    wild = replace(PRESETS["tiny"], ways=Ways(bans=Bans(mistaken=(1.0, 1.0))))

    def mistaken(preset: Preset) -> tuple[int, Ints]:
        world = World.of(plan_tours(preset, SEED))
        return int((world.accounts["innocent"] & (world.accounts["banned"] >= 0)).sum()), world.accounts[
            "created"
        ]

    none, before = mistaken(calm)
    some, after = mistaken(wild)
    assert none == 0
    assert some > 200
    assert np.array_equal(before, after)

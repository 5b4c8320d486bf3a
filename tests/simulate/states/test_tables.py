"""Family B writes what the data contract asks for, the same bytes each time, and a truth that adds up."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from graphattr.simulate.catalogue import COUNTRIES
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.states.cast import KINDS
from graphattr.simulate.states.tables import States, build
from graphattr.simulate.states.world import World
from simulate.truths import check_bought

Tables = dict[str, pl.DataFrame]


def test_countries_are_those_of_the_catalogue(signals: Tables) -> None:
    known = {country.code for country in COUNTRIES}
    for table in ("accounts", "ips"):
        assert set(signals[table]["country"].drop_nulls()) <= known


def test_the_same_seed_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tests.simulate.states.conftest import *;"
        f"written(raised(PRESETS['tiny'], SEED), Path({str(tmp_path / 'world')!r}))"
    )
    env = os.environ | {"PYTHONHASHSEED": "5", "POLARS_MAX_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env, cwd=Path(__file__).parents[3])
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.parquet"))
    assert len(files) == 8
    for name in files:
        one, other = ((place / name).read_bytes() for place in (folder, tmp_path / "world"))
        assert hashlib.sha256(one).digest() == hashlib.sha256(other).digest(), name


def test_another_seed_gives_another_world(truth: pl.DataFrame) -> None:
    assert not set(truth["account_id"]) & set(build(PRESETS["tiny"], 8).truth()["account_id"])


def test_parts_cut_no_account_in_two(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphattr.simulate.states.tables._PART", 500)
    made = States(world)
    for name in ("ips", "devices", "usage"):
        parts = [set(part["account_id"]) for part in made.table(name)]
        assert len(parts) > 3
        assert sum(len(part) for part in parts) == len(set().union(*parts))


def test_truth_covers_every_account(truth: pl.DataFrame, signals: Tables) -> None:
    assert set(truth["account_id"]) == set(signals["accounts"]["account_id"])
    assert truth.null_count().drop("operator", "controlled_since").sum_horizontal().item() == 0
    assert set(truth["kind"]) == set(KINDS)


def test_only_operators_buy_accounts_and_no_account_before_it_was_opened(
    truth: pl.DataFrame, signals: dict[str, pl.DataFrame]
) -> None:
    check_bought(truth, signals["accounts"])


def test_truth_of_each_kind(truth: pl.DataFrame) -> None:
    innocents = truth.filter("innocent")["kind"].unique().to_list()
    assert set(innocents) == {"independent", "shared_infrastructure", "organisation", "compromised"}
    held = truth.with_columns(held=pl.len().over("controller"))
    for kind in ("shared_infrastructure", "compromised"):
        own = held.filter(pl.col("kind") == kind)
        assert (own["controller"] == own["account_id"]).all()
    victims = held.filter(pl.col("kind") == "compromised")
    assert victims["beneficiary"].n_unique() == 1
    assert held.filter(pl.col("kind") == "organisation")["held"].min() >= 4
    gateway = truth.filter(pl.col("mechanism") == "gateway")
    assert gateway["controller"].n_unique() == 1
    assert gateway["beneficiaries"].sum() > gateway.height
    shop = truth.filter(pl.col("mechanism") == "storefront")
    assert shop["beneficiary"].n_unique() == shop.height


def test_operators_have_one_name_and_innocents_none(truth: pl.DataFrame) -> None:
    assert truth.filter(~pl.col("innocent"))["operator"].null_count() == 0
    assert truth.filter("innocent")["operator"].drop_nulls().is_empty()
    each = truth.filter(~pl.col("innocent")).group_by("controller").agg(pl.col("operator").n_unique())
    assert each["operator"].max() == 1


def test_labels_name_operators_of_the_truth(truth: pl.DataFrame, signals: Tables) -> None:
    assert set(signals["labels"]["operator"].drop_nulls()) <= set(truth["operator"].drop_nulls())
    assert set(signals["labels"]["source"]) == {"takedown", "verification"}
    verified = signals["labels"].filter(pl.col("source") == "verification").join(truth, on="account_id")
    assert verified["innocent"].all()

"""Family B writes what the data contract asks for, the same bytes each time, and a truth that adds up."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from graphattr.simulate.catalogue import COUNTRIES
from graphattr.simulate.clock import EPOCH
from graphattr.simulate.made import TABLES
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.states.cast import KINDS
from graphattr.simulate.states.tables import States, build
from graphattr.simulate.states.world import World
from loaders import load

CONTRACT = {
    "accounts": "account_id created_at email_domain email_id phone_id name_id organisation_id country "
    "closed_at",
    "payments": "account_id instrument_id observed_at kind bin issuer_country amount currency outcome",
    "ips": "account_id ip observed_at asn network_kind country",
    "devices": "account_id device_id observed_at os browser tls_fingerprint utc_offset_minutes language",
    "usage": "account_id observed_at requests input_tokens output_tokens model capability template_id",
    "events": "account_id observed_at event actor_id",
    "labels": "account_id operator source observed_at reliability",
}
ENUMS = {
    ("payments", "kind"): "credit debit prepaid virtual bank wallet crypto",
    ("payments", "outcome"): "approved declined refunded charged_back",
    ("ips", "network_kind"): "residential mobile hosting vpn proxy tor education business",
    ("labels", "reliability"): "A B C D E F",
}
Tables = dict[str, pl.DataFrame]


@pytest.mark.parametrize("table", CONTRACT)
def test_columns(signals: Tables, table: str) -> None:
    assert signals[table].columns == CONTRACT[table].split()
    times = [name for name in signals[table].columns if name.endswith("_at")]
    assert all(signals[table].schema[name] == pl.Datetime("us", "UTC") for name in times)


@pytest.mark.parametrize(("table", "column"), ENUMS)
def test_enumerations(signals: Tables, table: str, column: str) -> None:
    assert set(signals[table][column].drop_nulls()) <= set(ENUMS[table, column].split())


def test_ids_look_like_keyed_hashes(signals: Tables) -> None:
    for table in signals.values():
        for column in (name for name in table.columns if name.endswith("_id")):
            ids = table[column].drop_nulls().unique()
            assert all(re.fullmatch("[0-9a-f]{16}", value) for value in ids), column


@pytest.mark.parametrize("table", [name for name in CONTRACT if name != "accounts"])
def test_rows_belong_to_accounts_after_their_creation(signals: Tables, table: str) -> None:
    rows = signals[table].join(signals["accounts"], on="account_id")
    assert rows.height == signals[table].height > 0
    assert rows.filter(pl.col("observed_at") < pl.col("created_at")).is_empty()
    assert rows["observed_at"].max() < EPOCH.replace(month=9)


def test_countries_are_those_of_the_catalogue(signals: Tables) -> None:
    known = {country.code for country in COUNTRIES}
    for table in ("accounts", "ips"):
        assert set(signals[table]["country"].drop_nulls()) <= known


def test_a_template_has_one_capability(signals: Tables) -> None:
    kinds = signals["usage"].group_by("template_id").agg(pl.col("capability").n_unique())
    assert kinds["capability"].max() == 1


def test_a_card_is_the_same_card_everywhere(signals: Tables) -> None:
    same = pl.col("kind", "bin", "issuer_country").n_unique()
    cards = signals["payments"].group_by("instrument_id").agg(same)
    assert cards.drop("instrument_id").max().row(0) == (1, 1, 1)


def test_the_loader_takes_every_row(folder: Path, signals: Tables, tmp_path: Path) -> None:
    load(folder / "signals", tmp_path)
    for name, table in signals.items():
        assert pl.read_parquet(tmp_path / "signals" / f"{name}.parquet").height == table.height


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
    assert set(TABLES) == set(CONTRACT)


def test_truth_covers_every_account(truth: pl.DataFrame, signals: Tables) -> None:
    assert set(truth["account_id"]) == set(signals["accounts"]["account_id"])
    assert truth.null_count().drop("operator").sum_horizontal().item() == 0
    assert set(truth["kind"]) == set(KINDS)


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

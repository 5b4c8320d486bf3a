"""What a world of either family writes is what the data contract asks for, and a loader takes every row of it."""

import re
from pathlib import Path

import polars as pl
import pytest

from graphattr.simulate import simulate
from graphattr.simulate.clock import EPOCH
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.made import TABLES
from loaders import load

SEED = 7

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


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contract")
    simulate(out, "tiny", SEED, family=request.param)
    return out


@pytest.fixture(scope="module")
def signals(folder: Path) -> Tables:
    return {name: pl.read_parquet(folder / "signals" / f"{name}.parquet") for name in TABLES}


def test_the_contract_here_is_of_all_tables() -> None:
    assert set(TABLES) == set(CONTRACT)


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


def test_every_row_belongs_to_an_account(signals: Tables) -> None:
    known = signals["accounts"]["account_id"]
    assert known.is_unique().all()
    for name, table in signals.items():
        assert set(table["account_id"]) <= set(known), name


@pytest.mark.parametrize("table", [name for name in CONTRACT if name != "accounts"])
def test_times_lie_after_creation_and_in_the_past(signals: Tables, table: str) -> None:
    rows = signals[table].join(signals["accounts"], on="account_id")
    assert rows.height == signals[table].height > 0
    assert rows.filter(pl.col("observed_at") < pl.col("created_at")).is_empty()
    assert signals["accounts"]["created_at"].min() >= EPOCH
    assert rows["observed_at"].max() < EPOCH.replace(month=9)


def test_usage_counts_are_positive(signals: Tables) -> None:
    assert signals["usage"].filter((pl.col("requests") < 1) | (pl.col("input_tokens") < 1)).is_empty()


def test_a_template_has_one_capability(signals: Tables) -> None:
    kinds = signals["usage"].group_by("template_id").agg(pl.col("capability").n_unique())
    assert kinds["capability"].max() == 1


def test_a_card_is_the_same_card_everywhere(signals: Tables) -> None:
    same = pl.col("kind", "bin", "issuer_country").n_unique()
    cards = signals["payments"].group_by("instrument_id").agg(same)
    assert cards.drop("instrument_id").max().row(0) == (1, 1, 1)


def test_the_loader_refuses_no_row(folder: Path, signals: Tables, tmp_path: Path) -> None:
    load(folder / "signals", tmp_path)
    for name, table in signals.items():
        loaded = pl.read_parquet(tmp_path / "signals" / f"{name}.parquet")
        assert loaded.height == table.height

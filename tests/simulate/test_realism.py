"""No single feature gives an operator away, and strangers share values too."""

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.simulate.draws import stream
from graphattr.simulate.realism import MEASURED, SHARED, link_power, main

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def power() -> pl.DataFrame:
    signals = {file.stem: pl.read_parquet(file) for file in (SAMPLE / "signals").glob("*.parquet")}
    return link_power(signals, pl.read_parquet(SAMPLE / "truth.parquet"))


def test_no_feature_alone_finds_operators(power: pl.DataFrame) -> None:
    operators = power.filter(pl.col("kind") == "single_operator")
    assert operators.height == len(SHARED) + len(MEASURED)
    assert operators["auc"].max() < 0.92
    markers = ["declared country", "language", "TLS client", "load", "prompt length", "answer length"]
    assert operators.filter(pl.col("feature").is_in(markers))["auc"].max() < 0.8


def test_strangers_share_values_of_most_kinds(power: pl.DataFrame) -> None:
    strangers = dict(power.drop_nulls("different").select("feature", "different").iter_rows())
    never = {feature for feature, share in strangers.items() if share == 0}
    assert never <= {"organisation", "mailbox"}


def test_operators_share_some_of_each_scarce_value(power: pl.DataFrame) -> None:
    operators = dict(power.filter(pl.col("kind") == "single_operator").select("feature", "same").iter_rows())
    for feature in ("address", "device", "card", "phone", "mail domain", "template"):
        assert 0.001 < operators[feature] < 0.95, feature


def test_power_is_what_counting_pairs_says() -> None:
    rng = stream(4, "oracle")
    ids = [f"a{i}" for i in range(12)]
    truth = pl.DataFrame({"account_id": ids, "controller": list("ppppqqqrrstu"), "kind": ["x"] * 12})
    device = rng.integers(0, 5, 12)
    times = rng.integers(0, 50, 12) * 1_000_000
    blank = pl.lit(None, dtype=pl.String)
    accounts = pl.DataFrame(
        {"account_id": ids, "created_at": pl.Series(times).cast(pl.Datetime("us", "UTC"))}
    )
    tables = {
        "accounts": accounts,
        "devices": accounts.with_columns(device_id=pl.Series(device).cast(pl.String)),
    }
    for _, table, column in SHARED:
        frame = tables.setdefault(table, accounts)
        if column not in frame.columns:
            tables[table] = frame.with_columns(blank.alias(column))
    one = pl.lit(1.0)
    tables["usage"] = tables["usage"].with_columns(
        requests=one, input_tokens=one, output_tokens=one, observed_at="created_at"
    )
    got = link_power(tables, truth)

    owner = truth["controller"]
    same = [(i, j) for i, j in combinations(range(12), 2) if owner[i] == owner[j]]
    other = [(i, j) for i, j in combinations(range(12), 2) if owner[i] != owner[j]]
    within = np.mean([device[i] == device[j] for i, j in same])
    among = np.mean([device[i] == device[j] for i, j in other])
    row = got.row(by_predicate=pl.col("feature") == "device", named=True)
    assert (row["pairs"], row["same"], row["different"]) == (len(same), within, among)
    assert row["auc"] == pytest.approx((1 + within - among) / 2)
    near = [abs(times[i] - times[j]) for i, j in same]
    far = [abs(times[i] - times[j]) for i, j in other]
    closer = np.mean([(n < f) + 0.5 * (n == f) for n in near for f in far])
    assert got.row(by_predicate=pl.col("feature") == "creation time", named=True)["auc"] == pytest.approx(
        closer
    )


def test_it_prints_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    assert "TLS client" in capsys.readouterr().out
    assert main([]) == 2

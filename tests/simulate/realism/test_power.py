"""How far a single feature links or marks, against slow oracles."""

from collections import Counter
from math import log

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from graphattr.simulate.realism import (
    TOO_EASY,
    account_power,
    link_power,
)
from graphattr.simulate.realism.accounts import ANY
from graphattr.simulate.realism.tables import scan
from simulate.realism.little import (
    SAMPLE,
    START,
    Tables,
    compare,
    held_by,
    little_worlds,
    pairs_of,
    tables,
    truth_of,
)


@settings(max_examples=40)
@given(little_worlds())
def test_link_power_is_what_counting_pairs_says(world: tuple[Tables, pl.DataFrame]) -> None:
    signals, truth = world
    ids = truth["account_id"].to_list()
    power = {(row["feature"], row["kind"]): row for row in link_power(signals, truth).to_dicts()}
    devices = held_by(signals["devices"], "device_id", ids)
    templates = held_by(signals["usage"], "template_id", ids)
    holders = Counter(value for one in templates for value in one)
    created = signals["accounts"].sort("account_id")["created_at"].to_list()
    mixes = []
    for account in ids:
        used = signals["usage"].filter(pl.col("account_id") == account)
        sums: Counter[str] = Counter()
        for value, requests in used.select("model", "requests").iter_rows():
            sums[value] += requests
        mixes.append(sums)
    for kind in ("single_operator", "independent"):
        same, other = pairs_of(truth, kind)
        if not same:
            assert ("device", kind) not in power
            continue
        assert power["device", kind]["pairs"] == len(same)
        if not other:
            continue

        def shared(i: int, j: int) -> float:
            return float(bool(devices[i] & devices[j]))

        def rare(i: int, j: int) -> float:
            return round(sum(log(len(ids) / holders[value]) for value in templates[i] & templates[j]), 9)

        def apart(i: int, j: int) -> float:
            return -abs((created[i] - created[j]).total_seconds())

        for name, score in (("device", shared), ("creation time", apart)):
            expected = compare([score(*pair) for pair in same], [score(*pair) for pair in other])
            assert power[name, kind]["auc"] == pytest.approx(expected)
        expected = compare([rare(*pair) for pair in same], [rare(*pair) for pair in other])
        assert power["template, by rarity", kind]["auc"] == pytest.approx(expected)
        assert power["device", kind]["same"] == pytest.approx(np.mean([shared(*pair) for pair in same]))
        assert power["device", kind]["different"] == pytest.approx(np.mean([shared(*pair) for pair in other]))
        cosine = [cosines(mixes, chosen) for chosen in (same, other)]
        if all(cosine):
            # equal mixes may differ in the last bit, so the order of ties is left open
            low = np.mean([a > b + 1e-9 for a in cosine[0] for b in cosine[1]])
            high = np.mean([a > b - 1e-9 for a in cosine[0] for b in cosine[1]])
            assert low - 1e-9 <= power["model mix", kind]["auc"] <= high + 1e-9
        else:
            assert power["model mix", kind]["auc"] is None


def cosines(mixes: list[Counter[str]], pairs: list[tuple[int, int]]) -> list[float]:
    """Cosines of the mixes of pairs that both have one."""
    found = []
    for i, j in pairs:
        lengths = [np.sqrt(sum(value**2 for value in mixes[at].values())) for at in (i, j)]
        if min(lengths) > 0:
            dot = sum(mixes[i][value] * mixes[j][value] for value in mixes[i])
            found.append(float(dot / np.prod(lengths)))
    return found


@settings(max_examples=40)
@given(little_worlds())
def test_account_power_is_what_comparing_accounts_says(world: tuple[Tables, pl.DataFrame]) -> None:
    signals, truth = world
    power = {(row["feature"], row["kind"]): row for row in account_power(signals, truth).to_dicts()}
    requests = dict(signals["usage"].group_by("account_id").agg(pl.col("requests").sum()).iter_rows())
    sides = {
        innocent: [
            requests[account]
            for account in truth.filter(pl.col("innocent") == innocent)["account_id"]
            if account in requests
        ]
        for innocent in (True, False)
    }
    row = power["requests", ANY]
    assert row["accounts"] == int((~truth["innocent"]).sum())
    if sides[True] and sides[False]:
        expected = compare(sides[False], sides[True])
        assert row["auc"] == pytest.approx(max(expected, 1 - expected))
        assert row["direction"] == ("higher" if expected >= 0.5 else "lower")
    else:
        assert row["auc"] is None


def test_a_country_that_all_operators_choose_is_a_marker_and_a_card_of_one_is_not() -> None:
    owners = {f"a{i:02}": f"p{i // 4}" if i < 20 else f"x{i}" for i in range(60)}
    guilty = [f"p{i}" for i in range(5)]
    truth = truth_of(owners).with_columns(
        innocent=~pl.col("controller").is_in(guilty),
        kind=pl.when(pl.col("controller").is_in(guilty))
        .then(pl.lit("single_operator"))
        .otherwise(pl.lit("independent")),
    )
    operated = [owner in guilty for owner in owners.values()]
    accounts = [
        {"account_id": account, "country": "NG" if bad else "DE", "created_at": START}
        for account, bad in zip(owners, operated, strict=True)
    ]
    payments = [
        {"account_id": account, "instrument_id": owner, "observed_at": START}
        for account, owner in owners.items()
    ]
    signals = tables(accounts=accounts, payments=payments)
    power = {(row["feature"], row["kind"]): row for row in account_power(signals, truth).to_dicts()}
    country, card = power["declared country", ANY], power["card", ANY]
    assert country["auc"] == 1.0
    assert country["verdict"] == "marker"
    assert card["auc"] == pytest.approx(0.5)
    assert card["verdict"] == "-"
    linked = {(row["feature"], row["kind"]): row for row in link_power(signals, truth).to_dicts()}
    assert linked["card", "single_operator"]["auc"] == 1.0
    assert linked["card", "single_operator"]["verdict"] == "strong, natural"
    assert linked["declared country", "single_operator"]["verdict"] == "-"
    assert 0.5 < linked["declared country", "single_operator"]["auc"] < TOO_EASY


def test_one_prompt_length_an_operator_is_too_easy() -> None:
    owners = {f"a{i:02}": f"p{i // 10}" if i < 20 else f"x{i}" for i in range(60)}
    truth = truth_of(owners, "p0p1")
    usage = [
        {
            "account_id": account,
            "observed_at": START,
            "requests": 1,
            "input_tokens": 1000 * (1 + number // 10) if number < 20 else 37 * number,
            "output_tokens": 5,
        }
        for number, account in enumerate(owners)
    ]
    accounts = [{"account_id": account, "created_at": START} for account in owners]
    power = link_power(tables(accounts=accounts, usage=usage), truth)
    row = power.row(
        by_predicate=(pl.col("feature") == "prompt length") & (pl.col("kind") == "single_operator"),
        named=True,
    )
    assert row["auc"] > 0.95
    assert row["verdict"] == "too easy"


@pytest.fixture(scope="module")
def power() -> pl.DataFrame:
    """Of the sample that is shipped."""
    return link_power(*scan(SAMPLE))


def test_no_circumstance_alone_finds_operators(power: pl.DataFrame) -> None:
    operators = power.filter(pl.col("kind") == "single_operator")
    assert operators["auc"].max() < 0.93
    markers = ["declared country", "language", "TLS client", "requests", "prompt length", "answer length"]
    assert operators.filter(pl.col("feature").is_in(markers))["auc"].max() < 0.8


def test_strangers_share_values_of_most_kinds(power: pl.DataFrame) -> None:
    strangers = dict(power.drop_nulls("different").select("feature", "different").iter_rows())
    never = {feature for feature, share in strangers.items() if share == 0}
    assert never <= {"organisation", "mailbox"}


def test_operators_share_some_of_each_scarce_value(power: pl.DataFrame) -> None:
    operators = dict(power.filter(pl.col("kind") == "single_operator").select("feature", "same").iter_rows())
    for feature in ("address", "device", "card", "phone", "mail domain", "template"):
        assert 0.001 < operators[feature] < 0.95, feature

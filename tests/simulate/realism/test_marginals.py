"""Marginals of worlds, their statistics and quantities, against worlds counted by hand."""

from datetime import timedelta
from math import log

import numpy as np
import polars as pl
import pytest

from graphattr.simulate.realism import (
    link_power,
    links,
    marginals,
)
from graphattr.simulate.realism.features import quantities
from graphattr.simulate.realism.statistics import auc, burstiness, gini, top_share, zipf_slope
from graphattr.simulate.realism.tables import uniform
from simulate.realism.little import (
    START,
    Tables,
    tables,
    truth_of,
)


def test_marginals_of_a_world_counted_by_hand() -> None:
    owners = {"a": "p", "b": "p", "c": "q", "d": "r"}
    hour = timedelta(hours=1)

    def row(account: str, at: timedelta = timedelta(0), **values: object) -> dict[str, object]:
        return {"account_id": account, "observed_at": START + at, **values}

    signals = tables(
        accounts=[
            {"account_id": account, "created_at": START, "country": "DE", "email_domain": domain}
            for account, domain in zip("abcd", ("g", "g", "g", "own"), strict=True)
        ],
        ips=[
            row("a", ip="1", network_kind="residential", country="DE"),
            row("a", timedelta(days=22), ip="1", network_kind="residential", country="DE"),
            row("b", ip="1", network_kind="residential", country="FR"),
            row("c", ip="2001:db8::1", network_kind="mobile", country="DE"),
            row("c", timedelta(days=22), ip="3", network_kind="vpn", country="DE"),
        ],
        devices=[
            row("a", device_id="x", browser="Chrome", utc_offset_minutes=120, language="de"),
            row("b", device_id="x", browser="Chrome", utc_offset_minutes=120, language="de"),
            row("b", device_id="y", language="en"),
        ],
        payments=[
            row("a", instrument_id="k", kind="prepaid", issuer_country="DE", outcome="approved"),
            row("b", instrument_id="k", kind="prepaid", issuer_country="DE", outcome="declined"),
            row("c", instrument_id="l", kind="credit", issuer_country="US", outcome="approved"),
            row("c", instrument_id="m", kind="bank", issuer_country="DE", outcome="approved"),
        ],
        usage=[
            row("a", requests=6, input_tokens=60, output_tokens=6, template_id="t"),
            row("a", 0.25 * hour, requests=2, input_tokens=20, output_tokens=2, template_id="t"),
            row("a", 7 * 24 * hour, requests=2, input_tokens=20, output_tokens=2, template_id="u"),
            row("b", requests=10, input_tokens=300, output_tokens=10, template_id="t"),
        ],
        events=[row("a", event="banned"), row("b", event="banned"), row("a", event="appeal")],
    )
    got = {key: everybody for key, everybody, *_ in marginals(signals, truth_of(owners)).iter_rows()}
    expected = {
        "accounts an address (any): one": 2 / 3,
        "accounts an address (any): two": 1 / 3,
        "accounts an address (residential): two": 1.0,
        "accounts an address (hosting): one": None,
        "addresses an account: median": 1.0,
        "addresses an account: share with one": 2 / 3,
        "accounts with an address kept three weeks": 1 / 2,
        "accounts with an IPv6 address": 1 / 3,
        "rows abroad (address country not the declared one)": 1 / 5,
        "rows by network: vpn": 1 / 5,
        "devices an account: mean": 1.5,
        "accounts a device: two": 1 / 2,
        "devices alone with their looks (system, browser, TLS, offset, language)": 1.0,
        "devices that share their looks with 50 others or more": 0.0,
        "script rows": 1 / 3,
        "accounts with one language": 1 / 2,
        "accounts that pay": 3 / 4,
        "cards a paying account: share with one": 2 / 3,
        "accounts a card: mean": 4 / 3,
        "prepaid and virtual share of cards": 1 / 3,
        "prepaid share of card payments": 2 / 3,
        "payments abroad (issuer country not the declared one)": 1 / 4,
        "declined payments": 1 / 4,
        "accounts at the commonest mail domain": 3 / 4,
        "accounts alone at their mail domain": 1 / 4,
        "accounts that are a person's second or later": 1 / 4,
        "sessions an account and week: median": 1.5,
        "active days an account and week: median": 1.5,
        "gaps under an hour": 1 / 2,
        "gaps under a day": 1 / 2,
        "use at weekends": 0.0,
        "use at night (0 to 6, local)": 0.0,
        "requests an account and week: mean": 10.0,
        "requests: share of the top 1 %": 0.5,
        "requests: Gini": 0.0,
        "prompt tokens a request: median of accounts": 20.0,
        "templates of one account": 1 / 2,
        "template popularity: Zipf slope": log(9) / log(2),
        "accounts banned": 1 / 2,
        "banned accounts that appeal": 1 / 2,
        "appeals that succeed": 0.0,
    }
    assert {key: got[key] for key in expected} == {
        key: None if value is None else pytest.approx(value) for key, value in expected.items()
    }


def test_statistics_of_known_cases() -> None:
    def numbers(*values: float) -> np.ndarray:
        return np.array(values, dtype=np.float64)

    assert gini(numbers(0, 0, 0, 8)) == 0.75
    assert gini(numbers(3, 3, 3)) == 0.0
    assert top_share(numbers(1, 2, 3, 4), 0.25) == 0.4
    assert burstiness(numbers(5, 5, 5)) == -1.0
    assert burstiness(numbers(1, 3)) == pytest.approx(-1 / 3)
    assert zipf_slope(np.array([1000.0 / k**0.7 for k in range(1, 200)])) == pytest.approx(0.7)
    assert auc(numbers(3, float("nan")), numbers(1, 3)) == 0.75
    assert np.isnan(auc(numbers(), numbers(1)))


def test_a_sample_of_a_large_world_says_nearly_the_same(
    signals: Tables, truth: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = link_power(signals, truth)
    monkeypatch.setattr(links, "_MOST", truth.height // 2)
    part = link_power({name: frame.lazy() for name, frame in signals.items()}, truth)
    assert part["pairs"].max() <= whole["pairs"].max()
    both = whole.join(part, on=["feature", "kind"], suffix="_part").drop_nulls(["auc", "auc_part"])
    assert both.height == part.drop_nulls("auc").height
    assert (both["auc"] - both["auc_part"]).abs().median() < 0.03
    monkeypatch.setattr(links, "_GROUPED", 40)
    few = link_power(signals, truth)
    assert set(few["kind"]) == set(whole["kind"])  # controllers of every kind in turn
    assert few.filter(pl.col("pairs") < pl.col("pairs").max())["pairs"].sum() < whole["pairs"].sum()
    assert sorted(set(uniform(100, 10, "x"))) == list(uniform(100, 10, "x"))
    assert len(uniform(100, 10, "x")) == 10


def test_quantities_are_those_of_the_rows() -> None:
    day = timedelta(days=1)
    signals = tables(
        accounts=[
            {"account_id": account, "created_at": START - day, "country": "DE", "email_domain": "g"}
            for account in "ab"
        ],
        usage=[
            {
                "account_id": "a",
                "observed_at": START + k * day,
                "requests": 4,
                "input_tokens": 8,
                "output_tokens": 4,
            }
            for k in range(3)
        ],
        payments=[
            {
                "account_id": "a",
                "observed_at": START,
                "instrument_id": "k",
                "kind": kind,
                "issuer_country": "US",
            }
            for kind in ("prepaid", "credit")
        ],
    )
    found = quantities(signals, pl.Series(["b", "a"])).to_dicts()
    assert [row["account_id"] for row in found] == ["b", "a"]
    second = found[1]
    assert second["load (requests an active day)"] == 4.0
    assert second["prompt length"] == 2.0
    assert second["prepaid share"] == 0.5
    assert second["issuer abroad"] == 1.0
    assert second["created to first use"] == 86_400.0
    assert second["holders of its mail domain"] == 2.0
    assert (found[0]["cards"], found[0]["requests"], found[0]["prepaid share"]) == (0.0, None, None)

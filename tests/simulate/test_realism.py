"""Marginals beside what is published, and the power of single features, against slow oracles."""

import runpy
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.simulate.families import FAMILIES
from graphattr.simulate.made import TABLES
from graphattr.simulate.realism import (
    MARKER,
    MEASURED,
    MIXES,
    SHARED,
    TOO_EASY,
    WEIGHTED,
    account_power,
    link_power,
    links,
    marginals,
    published,
)
from graphattr.simulate.realism.__main__ import main
from graphattr.simulate.realism.accounts import ANY
from graphattr.simulate.realism.features import quantities
from graphattr.simulate.realism.published import PUBLISHED, SOURCES, Published, Status
from graphattr.simulate.realism.report import Report, too_easy
from graphattr.simulate.realism.statistics import auc, burstiness, gini, top_share, zipf_slope
from graphattr.simulate.realism.tables import scan, uniform

SAMPLE = Path(__file__).parents[2] / "sample_data"
Tables = dict[str, pl.DataFrame]
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)  # a Monday
TIME = pl.Datetime("us", "UTC")
COLUMNS = {
    "accounts": (
        "created_at",
        "email_domain",
        "email_id",
        "phone_id",
        "name_id",
        "organisation_id",
        "country",
    ),
    "payments": ("observed_at", "instrument_id", "kind", "bin", "issuer_country", "amount", "outcome"),
    "ips": ("observed_at", "ip", "asn", "network_kind", "country"),
    "devices": (
        "observed_at",
        "device_id",
        "os",
        "browser",
        "tls_fingerprint",
        "utc_offset_minutes",
        "language",
    ),
    "usage": (
        "observed_at",
        "requests",
        "input_tokens",
        "output_tokens",
        "model",
        "capability",
        "template_id",
    ),
    "events": ("observed_at", "event", "actor_id"),
    "labels": ("observed_at", "operator"),
}
TYPES = {
    "created_at": TIME,
    "observed_at": TIME,
    "asn": pl.Int64,
    "amount": pl.Float64,
    "utc_offset_minutes": pl.Int64,
    "requests": pl.Int64,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
}


def tables(**rows: list[dict[str, object]]) -> Tables:
    """Tables with the given rows; columns that are not given are null."""
    return {
        name: pl.DataFrame(
            rows.get(name, []),
            schema={
                "account_id": pl.String,
                **{column: TYPES.get(column, pl.String) for column in COLUMNS[name]},
            },
        )
        for name in TABLES
    }


def truth_of(owners: dict[str, str], guilty: str = "") -> pl.DataFrame:
    """Truth: owner by account; owners named in `guilty` are operators."""
    return pl.DataFrame(
        {
            "account_id": list(owners),
            "controller": list(owners.values()),
            "kind": ["single_operator" if owner in guilty else "independent" for owner in owners.values()],
            "mechanism": ["operator" if owner in guilty else "person" for owner in owners.values()],
            "innocent": [owner not in guilty for owner in owners.values()],
        }
    )


@st.composite
def little_worlds(draw: Callable[..., object]) -> tuple[Tables, pl.DataFrame]:
    n = draw(st.integers(4, 12))
    ids = [f"a{i:02}" for i in range(n)]
    owners = {account: draw(st.sampled_from("pqrstu")) for account in ids}
    devices, usage, accounts = [], [], []
    for account in ids:
        day = draw(st.integers(0, 5))
        accounts.append({"account_id": account, "created_at": START - timedelta(days=day)})
        for value in draw(st.lists(st.sampled_from("xyz"), max_size=3)):
            devices.append({"account_id": account, "device_id": value, "observed_at": START})
        for value in draw(st.lists(st.sampled_from("klmno"), max_size=4)):
            hour = draw(st.integers(0, 30))
            usage.append(
                {
                    "account_id": account,
                    "template_id": value,
                    "observed_at": START + timedelta(hours=hour),
                    "requests": draw(st.integers(1, 4)),
                    "input_tokens": 10,
                    "output_tokens": 5,
                    "model": value,
                }
            )
    return tables(accounts=accounts, devices=devices, usage=usage), truth_of(owners, "p")


def compare(near: list[float], far: list[float]) -> float:
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in near for b in far]))


def pairs_of(truth: pl.DataFrame, kind: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    owner, kinds = truth["controller"].to_list(), truth["kind"].to_list()
    every = list(combinations(range(len(owner)), 2))
    same = [(i, j) for i, j in every if owner[i] == owner[j] and kinds[i] == kind]
    return same, [(i, j) for i, j in every if owner[i] != owner[j]]


def held_by(table: pl.DataFrame, column: str, ids: list[str]) -> list[set[str]]:
    return [set(table.filter(pl.col("account_id") == account)[column].drop_nulls()) for account in ids]


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


def test_the_report_of_a_world_has_every_row(signals: Tables, truth: pl.DataFrame) -> None:
    report = Report.of([(signals, truth)])
    names = [held.name for held in (*SHARED, *WEIGHTED)] + [*MEASURED, *MIXES]
    assert len(names) == len(set(names))
    for table in (report.links, report.mechanisms):
        for stratum in set(table[table.columns[1]]):
            assert set(table.filter(pl.col(table.columns[1]) == stratum)["feature"]) == set(names)
    assert {"single_operator", "contractors", "reseller", "organisation"} <= set(report.links["kind"])
    assert {"operator", "gateway", "storefront", "company"} <= set(report.mechanisms["mechanism"])
    told = [held.name for held in SHARED] + [*MEASURED]
    for kind in (ANY, "single_operator", "contractors", "reseller"):
        assert set(report.accounts.filter(pl.col("kind") == kind)["feature"]) == set(told)
    assert len(report.figures()) == report.marginals.height > 100
    empty = report.marginals.filter(pl.col("all").is_null())["key"]
    assert all("(" in key or "appeal" in key for key in empty)  # a network nobody used, nobody banned
    for _, feature, _, _, _, verdict in too_easy(report):
        assert feature in names
        assert verdict in {"marker", "too easy", "strong, natural"}


def test_the_published_figures_belong_to_rows_and_cite(signals: Tables, truth: pl.DataFrame) -> None:
    keys = set(marginals(signals, truth)["key"])
    rows = keys | {key.partition(":")[0] for key in keys}
    assert set(PUBLISHED) <= rows
    for known in PUBLISHED.values():
        assert (known.status is Status.NONE) == (known.source == "")
        assert known.source == "" or known.source in SOURCES
        assert (known.status is Status.FIGURE) == (known.low is not None)
    assert published("accounts a card: mean").status is Status.NONE
    known = Published(Status.FIGURE, "x", "y", 1.0, 2.0)
    assert [known.compared(value) for value in (0.9, 1.5, 2.1, None)] == ["below", "near", "above", "-"]


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


def test_it_prints_both_and_refuses_what_is_no_world(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    out = capsys.readouterr().out
    for text in ("accounts a card: mean", "TLS client", "hour of the week", "Too easy", "Goh 2008:"):
        assert text in out
    assert main([]) == 2
    assert main([str(tmp_path)]) == 2
    assert "not a world" in capsys.readouterr().err
    signals, truth = scan(folder)
    assert set(signals) == set(TABLES)
    assert truth.height > 0
    assert 0.5 < MARKER < TOO_EASY < 1


def test_the_page_of_each_family_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "realism.md"
    script = Path(__file__).parents[2] / "benchmarks" / "realism.py"
    monkeypatch.setattr("sys.argv", [str(script), "--out", str(page), "--worlds", "1", "--preset", "tiny"])
    runpy.run_path(str(script), run_name="__main__")
    written = page.read_text(encoding="utf-8")
    for family in FAMILIES:
        assert f"## Family {family}\n" in written
    for text in (
        "| accounts a card: mean |",
        "| hour of the week |",
        "- Goh 2008:",
        "--preset tiny --seed 1",
    ):
        assert text in written
    widths = {line.count(" | ") for line in written.splitlines() if line.startswith("| accounts a ")}
    assert len(widths) == 1

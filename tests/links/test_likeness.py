"""Likenesses of habits against a plain-Python oracle on the same rows, and what must not change them."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links import likeness
from graphattr.links.holdings import holdings
from graphattr.links.index import build_index
from graphattr.links.likeness import LIKENESSES, compared, likenesses, measures, rank_share
from graphattr.links.profiles import Profiles, profiles
from graphattr.links.ranks import Ranks
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from links import oracle
from links.habits import Habits
from links.worlds import accounts, at, index_of, names, profiles_of, write

RANKS = ("creation", "pace", "batch", "in_tokens", "out_tokens")
#: Likenesses that are computed with single precision.
SINGLE = ("hours", "model", "capability")
Rows = dict[str, list[dict[str, Any]]]
SIZE = 6
IDS = names(SIZE)
A, B = (
    np.array(ends, dtype=np.int64)
    for ends in zip(*((a, b) for b in range(SIZE) for a in range(b)), strict=True)
)

who = st.sampled_from(IDS[:-1])  # the last account has nothing but itself
moment = st.integers(0, 15 * 24).map(lambda n: at(n * 1800))
count = st.one_of(st.none(), st.integers(0, 10**6))


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


def rows(most: int = 12, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries({"account_id": who, "observed_at": moment, **columns}), max_size=most
    )


signals = st.fixed_dictionaries(
    {
        "accounts": st.tuples(
            *(st.fixed_dictionaries({"account_id": st.just(a), "created_at": moment, "country": some("DE", "FR")})
              for a in IDS)
        ).map(list),
        "payments": rows(instrument_id=st.just("i"), bin=some("411111", "422222", "433333")),
        "ips": rows(asn=some(1, 2, 3), country=some("DE", "US")),
        "devices": rows(
            device_id=st.just("d"), os=some("linux"), browser=some("x", "y"), language=some("de", "en"),
            utc_offset_minutes=some(0, 60),
        ),
        "usage": rows(
            30, observed_at=st.integers(0, 40).map(lambda n: at(n * 5400)), requests=st.integers(0, 50),
            input_tokens=count, output_tokens=count, model=some("m1", "m2", "m3"), capability=some("chat"),
            template_id=some("t1", "t2", "t3", "t4"),
        ),
        "events": rows(event=st.sampled_from(["key_created", "password_reset", "banned"])),
    }
)  # fmt: skip


def seen(tables: Rows, folder: Path, timeless: frozenset[str] = frozenset()) -> Profiles:
    paths = write(folder, **tables)
    held = folder / "holdings.parquet"
    holdings(paths, timeless).sort("account_id", "signal", "value").collect().write_parquet(held)
    return profiles(build_index(paths, held, None, LinkSettings()), paths, timeless, held)


def measured(tables: Rows, timeless: frozenset[str] = frozenset(), a: Any = A, b: Any = B) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return measures(seen(tables, Path(folder), timeless), a, b)


def of(tables: Rows, name: str, a: int = 0, b: int = 1) -> float:
    return float(measured(tables, a=np.array([a]), b=np.array([b]))[name][0])


@settings(deadline=None, max_examples=30)
@given(signals)
def test_likenesses_equal_the_oracle(tables: Rows) -> None:
    found = measured(tables)
    known = Habits(tables)
    expected = [known.likenesses(IDS[a], IDS[b]) for a, b in zip(A, B, strict=True)]
    assert found.keys() - {"volume"} <= expected[0].keys()
    for name in expected[0]:
        values = [each[name] for each in expected]
        # Without a single act there is nothing to tell of.
        got = found.get(name, np.full(len(A), 0.0 if name == "acts" else np.nan))
        np.testing.assert_allclose(
            got, values, atol=2e-6 if name in ("hours", "model") else 1e-9, err_msg=name
        )


@settings(deadline=None, max_examples=15)
@given(signals, st.integers(1, 7))
def test_neither_the_order_of_a_pair_nor_chunks_change_a_likeness(tables: Rows, chunk: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        known = seen(tables, Path(folder))
        whole, turned = measures(known, A, B), measures(known, B, A)
        patch.setattr(likeness, "CHUNK", chunk)
        parts = measures(known, A, B)
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values, err_msg=name)
        np.testing.assert_allclose(turned[name], values, atol=1e-12, err_msg=name)


@settings(deadline=None, max_examples=15)
@given(signals, st.integers(0, 9))
def test_a_likeness_is_the_share_of_random_pairs_that_are_as_much_alike(tables: Rows, seed: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "RANDOM", 50)
        known = compared(seen(tables, Path(folder)), seed)
        raw, found = measures(known, A, B), likenesses(known, A, B)
    assert found.keys() == raw.keys()
    for name, values in found.items():
        usual = known.usual.get(name)
        if usual is None:  # figures are shares already
            np.testing.assert_array_equal(values, raw[name])
            continue
        assert len(usual) <= 50
        for one, share in zip(raw[name], values, strict=True):
            as_much = sum(other >= one for other in usual)
            expected = math.nan if math.isnan(one) else -math.log10((as_much + 1) / (len(usual) + 1))
            assert share == pytest.approx(expected, nan_ok=True)


def test_random_pairs_are_of_two_accounts_and_the_same_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "RANDOM", 500)
    asked: list[set[tuple[int, int]]] = []

    def noted(_profiles: Profiles, a: Any, b: Any) -> dict[str, Any]:
        asked.append(set(zip(a.tolist(), b.tolist(), strict=True)))
        return {"hours": a + b / 100}

    monkeypatch.setattr(likeness, "measures", noted)
    three = profiles_of(index_of(3, {}))
    found = [compared(three, seed).usual["hours"] for seed in (1, 1, 2)]
    assert asked[0] == {(0, 1), (0, 2), (1, 2)}
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    assert len(compared(profiles_of(index_of(1, {})), 0).usual["hours"]) == 0


@given(
    st.lists(st.one_of(st.just(math.nan), st.integers(-5, 5).map(lambda n: n / 4)), min_size=2, max_size=9)
)
def test_rank_share_counts_all_that_are_as_close(values: list[float]) -> None:
    share = float(rank_share(Ranks(np.array(values)), np.array([0]), np.array([1]))[0])
    if math.isnan(values[0] + values[1]):
        assert math.isnan(share)
    else:
        assert share == pytest.approx(oracle.rank([value for value in values if not math.isnan(value)], 0, 1))


def test_one_known_value_has_no_ranks() -> None:
    assert np.isnan(rank_share(Ranks(np.array([1.0, np.nan])), np.array([0]), np.array([1]))).all()


@pytest.mark.parametrize("table", ["payments", "ips", "devices", "usage", "events"])
def test_a_missing_table_leaves_its_likenesses_out(table: str) -> None:
    whole: Rows = {
        "accounts": [{**row, "country": "DE"} for row in accounts(*IDS)],
        "payments": [{"account_id": IDS[0], "observed_at": at(0), "instrument_id": "i", "bin": "4"}],
        "ips": [{"account_id": IDS[0], "observed_at": at(0), "asn": 1, "country": "DE"}],
        "devices": [{"account_id": IDS[0], "observed_at": at(0), "device_id": "d", "os": "x", "language": "de"}],
        "usage": [
            {"account_id": a, "observed_at": at(0), "input_tokens": 1, "output_tokens": 2, "model": "m",
             "capability": "c", "template_id": "t"}
            for a in IDS[:2]
        ],
        "events": [{"account_id": IDS[0], "observed_at": at(0), "event": "key_created"}],
    }  # fmt: skip
    gone = {
        "payments": {"bin"},
        "ips": {"asn", "address_country"},
        "devices": {"client", "locale"},
        "usage": LIKENESSES.keys()
        - {"bin", "asn", "address_country", "client", "locale", "country", "creation", "acts"},
        "events": {"acts"},
    }[table]
    assert set(measured(whole)) == set(LIKENESSES)
    less = {name: of_table for name, of_table in whole.items() if name != table}
    assert set(LIKENESSES) - set(measured(less)) == gone
    clock = {"usage": {"pace", "hours", "together", "apart", "handover"}, "events": {"acts"}}.get(
        table, set()
    )
    assert set(LIKENESSES) - set(measured(whole, frozenset({table}))) == clock


def test_tokens_that_nobody_counted_say_nothing_of_length() -> None:
    usage = [{"account_id": a, "observed_at": at(0), "requests": 7, "input_tokens": 40 if a == IDS[3] else None}
             for a in IDS]  # fmt: skip
    found = measured({"accounts": accounts(*IDS), "usage": usage})
    assert np.isnan(found["in_tokens"]).all()
    assert "out_tokens" not in found
    assert not np.isnan(found["batch"]).any()


def test_rows_without_requests_are_no_infinite_likeness() -> None:
    usage = [{"account_id": a, "observed_at": at(0), "requests": 0, "input_tokens": 5} for a in IDS]
    found = measured({"accounts": accounts(*IDS), "usage": usage})
    for name in ("batch", "in_tokens"):
        assert found[name].tolist() == [0.0] * len(A), name  # everybody is as close


def test_a_column_without_a_value_and_one_row_an_account_are_bearable() -> None:
    usage = [{"account_id": a, "observed_at": at(3600 * n)} for n, a in enumerate(IDS)]
    found = measured({"accounts": accounts(*IDS), "usage": usage, "events": []})
    assert np.isnan(found["model"]).all()
    assert "templates" not in found
    assert "acts" not in found
    assert np.isfinite(found["together"]).all()
    assert found["apart"].max() < 0.01
    nothing = measured({"accounts": accounts(*IDS), "usage": [], "ips": [], "devices": [], "payments": []})
    for name, values in nothing.items():
        assert name == "creation" or np.isnan(values).all(), name


def test_no_pairs_are_no_likenesses() -> None:
    usage = [{"account_id": a, "observed_at": at(0), "model": "m", "template_id": a} for a in IDS]
    none = np.empty(0, dtype=np.int64)
    tables: Rows = {"accounts": accounts(*IDS), "usage": usage, "ips": [], "events": []}
    assert all(len(values) == 0 for values in measured(tables, a=none, b=none).values())


def test_a_crowd_in_the_same_minute_is_no_closeness() -> None:
    def keys(*seconds: int) -> Rows:
        events = [
            {"account_id": a, "observed_at": at(s), "event": "key_created"}
            for a, s in zip(IDS, seconds, strict=True)
        ]
        return {"accounts": accounts(*IDS), "events": events}

    assert of(keys(0, 60, 0, 60, 0, 60), "acts") == pytest.approx(-math.log10(5 / 6))
    assert of(keys(0, 60, 9000, 18_000, 27_000, 36_000), "acts") == pytest.approx(-math.log10(1 / 6))


def test_acts_are_looked_up_from_either_account() -> None:
    # 0 acts once; the act of 1 that is nearest to it stands in a crowd, another one, hardly farther off, does not.
    seconds = [(IDS[0], 1000), (IDS[1], 1100), (IDS[1], 890), *((a, 1100) for a in IDS[2:5])]
    events = [{"account_id": a, "observed_at": at(s), "event": "key_created"} for a, s in seconds]
    for a, b in ((0, 1), (1, 0)):
        found = of({"accounts": accounts(*IDS), "events": events}, "acts", a, b)
        assert found == pytest.approx(-math.log10(3 / 6))


def test_one_after_the_other_is_a_handover() -> None:
    def use(*spans: tuple[int, int]) -> Rows:
        usage = [
            {"account_id": a, "observed_at": at(s)} for a, span in zip(IDS, spans, strict=False) for s in span
        ]
        return {"accounts": accounts(*IDS), "usage": usage}

    assert of(use((0, 5000), (5100, 10_000)), "handover") == pytest.approx(2.0)
    assert of(use((5100, 10_000), (0, 5000)), "handover") == pytest.approx(2.0)
    assert of(use((0, 10_000), (0, 10_000)), "handover") == 0.0


def test_every_likeness_has_a_group_and_neutral_words() -> None:
    assert {one.group for one in LIKENESSES.values()} <= set(GROUPS)
    assert all(one.words.startswith(("both ", "they ", "one ")) for one in LIKENESSES.values())
    assert not pl.Series([one.words for one in LIKENESSES.values()]).is_duplicated().any()

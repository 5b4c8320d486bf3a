"""The pages' logic, run by Streamlit's own test harness (no browser)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from graphattr.explorer.against import changes
from graphattr.explorer.runs import RUN_VARIABLE, Run
from graphattr.records import CONDITIONS, SPANS

from .plans import IMG, MARKED, PLANS, TOP

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def queue(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv(RUN_VARIABLE, str(run_folder))

    def start(**params: str) -> AppTest:
        test = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in params.items():
            test.query_params[name] = value
        return test.run()

    return start


@pytest.fixture
def ring(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv(RUN_VARIABLE, str(run_folder))

    def page() -> None:
        from graphattr.explorer.pages import ring

        ring.show()

    def start(**params: str) -> AppTest:
        test = AppTest.from_function(page, default_timeout=60)
        for name, value in params.items():
            test.query_params[name] = value
        return test.run()

    return start


def texts(test: AppTest) -> str:
    parts = [*test.markdown, *test.caption, *test.text, *test.info, *test.header, *test.subheader]
    return "\n".join(part.value for part in parts)


def table(test: AppTest, column: str) -> list[object]:
    return next(frame.value[column].to_list() for frame in test.dataframe if column in frame.value.columns)


def test_queue_lists_rings_by_weight(queue: Callable[..., AppTest]) -> None:
    test = queue()
    assert not test.exception
    assert table(test, "ring_id") == [plan.ring_id for plan in PLANS]
    assert table(test, "said")[0] == "Single operator"


@pytest.mark.parametrize(
    ("params", "rings"),
    [
        ({"status": "Lead"}, ["ring-21c0", "ring-9b44"]),
        ({"hypothesis": "Reseller"}, ["ring-21c0"]),
        ({"size": "9"}, [TOP, "ring-21c0", "ring-9b44"]),
        ({"status": "Lead", "size": "10"}, ["ring-21c0"]),
    ],
)
def test_filters_come_from_the_address(
    queue: Callable[..., AppTest], params: dict[str, str], rings: list[str]
) -> None:
    test = queue(**params)
    assert not test.exception
    assert table(test, "ring_id") == rings


def test_a_search_with_several_finds_lists_them(queue: Callable[..., AppTest]) -> None:
    test = queue(q="acct-10")
    assert not test.exception
    assert "20 finds" in texts(test)
    test = queue(q="no such thing *here*")
    assert "Nothing in this run" in texts(test)
    assert "`no such thing *here*`" in texts(test)


def test_ring_says_what_it_is_consistent_with_and_the_rival(ring: Callable[..., AppTest]) -> None:
    test = ring(id=TOP)
    assert not test.exception
    said = texts(test)
    assert "Consistent with a single operator (81 %)" in said
    assert "The best innocent explanation is" in said
    assert "22" in said
    assert f"`{IMG}`" in said  # the weakest point, as code


def test_a_focus_and_a_link_come_from_the_address(ring: Callable[..., AppTest]) -> None:
    test = ring(id=TOP, focus="a:acct-1009")
    assert not test.exception
    assert table(test, "account_id")[0] == "acct-1009"
    pairs = list(zip(table(test, "account_a"), table(test, "account_b"), strict=True))
    assert pairs
    assert all("acct-1009" in pair for pair in pairs)
    a, b = pairs[-1]
    test = ring(id=TOP, a=a, b=b, piece="creation:", explanation="Coincidence")
    assert f"`{a}` and `{b}`" in texts(test)
    assert "rows of signals/accounts.parquet" in texts(test)
    assert next(g for g in test.button_group if g.key == "explanation").value == "coincidence"


def test_a_value_in_focus_shows_who_holds_it(ring: Callable[..., AppTest]) -> None:
    test = ring(id=TOP, focus=f"v:device:{IMG}")
    assert not test.exception
    assert len(table(test, "account_id")) == 9
    assert table(test, "value") == [IMG]


def test_a_time_in_the_address_filters_the_tables(ring: Callable[..., AppTest]) -> None:
    full = table(ring(id=TOP), "account_id")
    test = ring(id=TOP, **{"from": "2026-03-01T00:00", "to": "2026-03-02T12:00"})
    assert not test.exception
    early = table(test, "account_id")
    assert 0 < len(early) < len(full)
    assert "accounts of 22 active" in texts(test)


@pytest.mark.parametrize(
    "params",
    [
        {"from": "junk", "to": "2026-03-02"},
        {"focus": "a:"},
        {"focus": "v:nothing"},
        {"focus": "f:99"},
        {"focus": "zzz"},
        {"a": "acct-1001", "b": "acct-1001"},
    ],
)
def test_a_garbled_address_does_no_harm(ring: Callable[..., AppTest], params: dict[str, str]) -> None:
    assert not ring(id=TOP, **params).exception


def test_accounts_that_changed_hands_are_named(
    ring: Callable[..., AppTest], run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "for a part of their life only" not in texts(ring(id=TOP))
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    row = {
        "ring_id": TOP, "account_id": IMG, "since": None, "until": datetime(2026, 5, 9, 13, 58, tzinfo=UTC),
        "event": "email_changed", "event_row": 3, "devices_before": 1, "devices_after": 4, "shared_values": 1,
    }  # fmt: skip
    pl.DataFrame([row], schema=SPANS).write_parquet(copy / "spans.parquet")
    monkeypatch.setenv(RUN_VARIABLE, str(copy))
    test = ring(id=TOP)
    assert [box.label for box in test.expander if "in part" in box.label] == ["1 account in part"]
    assert (
        f"- `{IMG}` until 9 May 2026 13:58: email changed, 1 device before it and 4 devices after it"
        in texts(test)
    )


def test_a_ring_says_what_an_attribution_asks_of_it(
    ring: Callable[..., AppTest], run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Runs of before that were not asked, and rings set apart, have no such table.
    assert not [box for box in ring(id=TOP).expander if "attribution asks" in box.label]
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    rows = [
        (TOP, "firm_share", 0.59999, 0.6, False),
        (TOP, "score", 2.0, None, False),
        ("other", "seam", 1.0, 0.0, True),
    ]
    rows += [(TOP, "evidence_groups", 3.0, 2.0, True)]
    pl.DataFrame(rows, schema=CONDITIONS, orient="row").write_parquet(copy / "conditions.parquet")
    monkeypatch.setenv(RUN_VARIABLE, str(copy))
    (box,) = [box for box in ring(id=TOP).expander if "attribution asks" in box.label]
    assert box.label == "What an attribution asks: 1 of 3 met"
    (table,) = box.dataframe
    assert table.value[["ring", "needed", "met"]].to_numpy().tolist() == [
        ["just below 60.0 %", "60.0 %", False],
        ["2", "–", False],
        ["3", "2", True],
    ]


def test_a_ring_that_a_reseller_may_run_has_two_levels(ring: Callable[..., AppTest]) -> None:
    (resold,) = (plan.ring_id for plan in PLANS if plan.hypothesis == "reseller")
    (company,) = (plan.ring_id for plan in PLANS if plan.hypothesis == "organisation")
    assert "If a reseller runs these accounts" in texts(ring(id=resold))
    assert "If a reseller runs these accounts" not in texts(ring(id=company))


def test_a_ring_says_what_would_change_it_as_the_report_does(run: Run, ring: Callable[..., AppTest]) -> None:
    lines = changes(run, TOP)
    assert any("controlled_purchase" in line for line in lines)
    shown_page = texts(ring(id=TOP))
    assert "What would change this" in shown_page
    assert all(line in shown_page for line in lines)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.ring_id)
def test_every_ring_has_a_page(ring: Callable[..., AppTest], plan) -> None:
    test = ring(id=plan.ring_id)
    assert not test.exception
    assert plan.ring_id in texts(test)


def test_hostile_names_stand_in_code_spans(ring: Callable[..., AppTest]) -> None:
    test = ring(id=TOP, focus=f"a:{MARKED}")
    said = texts(test)
    assert "[x]" in said
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", said)
    for mark in ("javascript:", ":smile:", "[x]", "<img"):
        assert mark not in outside
    assert not [part for part in test.markdown if part.allow_html]


@pytest.mark.parametrize(("name", "said"), [("none", "there is no folder"), ("empty", "unfinished")])
def test_a_run_that_cannot_be_read_gives_a_plain_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / name))
    test = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not test.exception
    assert "This run cannot be shown" in texts(test)
    assert said in texts(test)


@pytest.mark.parametrize("name", ["evidence.parquet", "signals/accounts.parquet"])
def test_a_file_that_breaks_while_it_is_looked_at_gives_a_plain_page(
    run_folder: Path, tmp_path: Path, ring: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    monkeypatch.setenv(RUN_VARIABLE, str(copy))
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:200] + b"\0" * (len(data) - 1400) + data[-1200:])
    test = ring(id=TOP)
    assert not test.exception
    assert "This run cannot be shown" in texts(test)


def test_quality_shows_the_promise_and_the_counts(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_VARIABLE, str(run_folder))

    def page() -> None:
        from graphattr.explorer.pages import quality

        quality.show()

    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    assert "at most 1 %" in texts(test)
    assert "address:ip" in table(test, "reason")
    assert sum(table(test, "quarantined")) == 1  # type: ignore[arg-type]

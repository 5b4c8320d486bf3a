"""Foreign text is shown as text; figures are short and never say more than they know."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.explorer import text

FOREIGN = st.text(st.characters(codec="utf-8"), max_size=60)


@given(FOREIGN)
def test_shown_text_has_only_visible_characters(value: str) -> None:
    out = text.shown(value)
    assert not [c for c in out if unicodedata.category(c)[0] in "C" or c in "\u2028\u2029"]


def test_shown_names_what_it_hides_and_shortens_the_middle() -> None:
    assert text.shown("a\u202eb\x00") == "a\\u202eb\\x00"
    assert text.shown(None) == "–"
    short = text.shown("abcdefghijklmnopqrstuvwxyz", 11)
    assert len(short) == 11
    assert short.startswith("abcde")
    assert short.endswith("vwxyz")


@given(FOREIGN)
def test_a_code_span_cannot_be_left(value: str) -> None:
    span = text.code(value, None)
    match = re.fullmatch(r"(`+)(.*?)\1", span, re.DOTALL)
    assert match is not None
    fence, inside = match.groups()
    assert all(len(ticks) < len(fence) for ticks in re.findall(r"`+", inside))
    assert "\n" not in span


@given(st.lists(FOREIGN, min_size=1, max_size=8))
def test_no_csv_cell_is_a_formula(values: list[str]) -> None:
    data = text.to_csv(pl.DataFrame({"value": values, "n": range(len(values))}))
    rows = list(csv.reader(io.StringIO(data.decode())))
    assert len(rows) == len(values) + 1
    for cell, *_ in rows[1:]:
        assert cell.strip()[:1] not in {"=", "+", "-", "@", "|", "%"} or cell.strip() == ""
        assert not set(cell) & set("\t\r\n")


def test_csv_keeps_negative_numbers_as_numbers() -> None:
    assert b"\n-1.5\n" in text.to_csv(pl.DataFrame({"x": [-1.5]}))


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (0.0, "< 0.1 %"), (0.004, "0.4 %"), (0.81, "81 %"), (0.994, "99.4 %"), (1.0, "> 99.9 %")],
)
def test_percent(share: float | None, words: str) -> None:
    assert text.percent(share) == words


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (0.0, "neither way"),
        (2.4, "×\xa0250 for"),
        (-0.3, "×\xa02.0 against"),
        (7.2, "×\xa010^7 for"),
        (None, "–"),
    ],
)
def test_ratio(log10: float | None, words: str) -> None:
    assert text.ratio(log10) == words


@pytest.mark.parametrize(
    ("log10", "words"), [(0, "even"), (1.6, "40 to 1"), (-3.2, "1 to 1,600"), (0.3, "2.0 to 1")]
)
def test_odds(log10: float, words: str) -> None:
    assert text.odds(log10) == words


def test_dates_leave_out_what_they_share() -> None:
    start = datetime(2026, 3, 3, 9, 5, tzinfo=UTC)
    assert text.period(start, start) == "3 Mar 2026"
    assert text.period(start, start.replace(day=19)) == "3 – 19 Mar 2026"
    assert text.period(start, start.replace(month=5)) == "3 Mar – 3 May 2026"
    assert text.period(start, start.replace(year=2027)) == "3 Mar 2026 – 3 Mar 2027"
    assert text.period(None, None) == "–"
    assert text.moment(start) == "3 Mar 2026 09:05"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (40.0, "40 s"), (720.0, "12 min"), (12_600.0, "3.5 h"), (777_600.0, "9 days")],
)
def test_gap(seconds: float | None, words: str) -> None:
    assert text.gap(seconds) == words


def test_counted_nouns() -> None:
    assert text.plural(1, "account") == "1 account"
    assert text.plural(1200, "account") == "1,200 accounts"

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.schema import UTC as UTC_DTYPE
from loaders.times import parse_times

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)


def one(text: str) -> datetime | None:
    parsed = parse_times(pl.Series([text]))
    assert parsed.dtype == UTC_DTYPE
    value: datetime | None = parsed[0]
    return value


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01T12:00:00Z",
        "2024-03-01T12:00:00.000Z",
        "2024-03-01 12:00:00",
        "2024-03-01T12:00:00",
        "2024-03-01t12:00:00z",
        "2024-03-01T12:00",
        "2024-03-01 12:00:00 UTC",
        "20240301T120000Z",
        "2024-03-01T14:00:00+02:00",
        "2024-03-01T14:00:00+0200",
        "2024-03-01 14:00:00 +02",
        "2024-03-01T06:30:00-05:30",
        "2024-03-01T11:30:00-00:30",
        "1709294400",
        "1709294400.0",
        "1709294400000",
        "1709294400000000",
        "1709294400000000000",
    ],
)
def test_spellings_of_one_moment(text: str) -> None:
    assert one(text) == NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", datetime(2024, 3, 1, tzinfo=UTC)),
        ("20240301", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-02-29T23:59:59.123456789Z", datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)),
        ("2024-02-29T23:59:59,5+00:00", datetime(2024, 2, 29, 23, 59, 59, 500000, tzinfo=UTC)),
        ("1709294400.25", NOON + timedelta(microseconds=250_000)),
        ("100000000", datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        ("99999999999", datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        ("100000000000", datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        ("99999999999000", datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        ("100000000000000", datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        ("99999999999000000", datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        ("100000000000000000", datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        ("1709294400123", NOON + timedelta(milliseconds=123)),
    ],
)
def test_parts_of_a_second_and_dates(text: str, expected: datetime) -> None:
    assert one(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2024-13-01",
        "2023-02-29",
        "2024-03-01T25:00:00Z",
        "2024-03-01T12:00:00+25:00",
        "0",
        "12345678.5",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "-1709294400",
        "2024-03-01T12:00:00+02:75",
        "nan",
        "1e18",
        "2024-03-01T12:00:00Z2024",
        "99999999999999999999",
    ],
)
def test_what_is_no_time_is_null(text: str) -> None:
    assert one(text) is None


@settings(deadline=None)
@given(
    st.datetimes(min_value=NAIVE.replace(year=1971), max_value=NAIVE.replace(year=2261)),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_offset_denotes_the_same_moment(local: datetime, minutes: int) -> None:
    moment = local.replace(tzinfo=UTC)
    shown = moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    assert one(shown) == moment
    assert one(local.isoformat()) == moment


def test_columns_of_times_and_dates() -> None:
    naive = pl.Series([NAIVE])
    assert parse_times(naive)[0] == NOON
    for unit in ("ms", "us", "ns"):
        assert parse_times(naive.cast(pl.Datetime(unit)))[0] == NOON  # type: ignore[arg-type]
    local = naive.dt.replace_time_zone("America/New_York")
    assert parse_times(local)[0] == NOON + timedelta(hours=5)
    assert parse_times(pl.Series([date(2024, 3, 1)]))[0] == NOON - timedelta(hours=12)
    assert parse_times(pl.Series([NAIVE.replace(year=1)]))[0] is None


def test_nulls_and_an_empty_column() -> None:
    assert parse_times(pl.Series([None, "2024-03-01T12:00:00Z", "?"], dtype=pl.String)).to_list() == [
        None,
        NOON,
        None,
    ]
    assert parse_times(pl.Series([], dtype=pl.String)).to_list() == []

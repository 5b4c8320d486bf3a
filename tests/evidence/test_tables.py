"""Canonical JSON and tables: one text for each value, read back as it was written."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphattr.errors import BundleError
from graphattr.evidence import tables as t
from graphattr.evidence.canonical import MAX_SAFE_INT, canonical, document, has_unseen, parse, visible

SCHEMA = {
    "text": pl.String,
    "whole": pl.Int64,
    "natural": pl.UInt64,
    "real": pl.Float64,
    "truth": pl.Boolean,
    "time": pl.Datetime("us", "UTC"),
}
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(0, 2**64 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | TIMES,
    ),
    max_size=8,
)


def frame_of(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(deadline=None)
@given(ROWS)
@example([('\u2028\x85\r\n\t\0"\\', -(2**63), 2**64 - 1, -0.0, True, datetime(2026, 1, 1, tzinfo=UTC))])
@example([("", None, None, 1e21, None, None), (None, None, None, 5e-324, None, None)])
def test_jsonl_reads_back(rows: list[tuple[object, ...]]) -> None:
    frame = frame_of(rows)
    data = t.to_jsonl(frame)
    back = t.from_jsonl(data, t.schema_of(frame))
    assert back.equals(frame, null_equal=True)
    assert data.count(b"\n") == len(rows)


@settings(deadline=None)
@given(ROWS)
@example([(None, None, None, float(2**53), None, None)])
def test_lines_are_rfc_8785(rows: list[tuple[object, ...]]) -> None:
    for line in t.lines(frame_of(rows)):
        value = json.loads(line, parse_int=lambda digits: _number(int(digits)))
        assert rfc8785.dumps(value).decode() == line
        assert document(parse(f"{line}\n".encode())) == f"{line}\n".encode()


def _number(value: int) -> int | float:
    """Beyond the safe integers a number without a point was a float: integers there are strings."""
    return value if abs(value) <= MAX_SAFE_INT else float(value)


@settings(deadline=None)
@given(ROWS)
def test_parquet_says_the_same(rows: list[tuple[object, ...]]) -> None:
    frame = frame_of(rows)
    data = t.to_parquet(frame)
    assert t.parquet_difference(data, frame) is None
    assert data == t.to_parquet(frame)


@settings(deadline=None)
@given(ROWS)
def test_csv_starts_no_formula(rows: list[tuple[object, ...]]) -> None:
    frame = frame_of(rows)
    read = list(csv.DictReader(io.StringIO(t.to_csv(frame).decode(), newline="")))
    assert len(read) == len(rows)
    for row, (text, *_) in zip(read, rows, strict=True):
        assert not row["text"].startswith(("=", "+", "-", "@", "\t", "\r"))
        shown, first = row["text"], visible(str(text or ""))[:1]
        assert shown.startswith((first, f"'{first}"))
        assert not has_unseen(row["text"])


def test_csv_of_a_formula() -> None:
    frame = pl.DataFrame(
        {"device": ['=HYPERLINK("http://x")', "-1+1", "plain", "\u202eabc"], "n": [-1, 2, 3, 4]}
    )
    lines = t.to_csv(frame).decode().split("\r\n")
    assert lines[1] == '"\'=HYPERLINK(""http://x"")",-1'
    assert lines[2] == "'-1+1,2"
    assert lines[4] == "\\u202eabc,4"


BAD_LINES = {
    "a key missing": b'{"n":1}\n',
    "a key more": b'{"a":null,"n":1,"z":1}\n',
    "another order": b'{"n":1,"a":null}\n',
    "white space": b'{"a":null, "n":1}\n',
    "no newline": b'{"a":null,"n":1}',
    "an empty line": b'\n{"a":null,"n":1}\n',
    "a number for text": b'{"a":1,"n":1}\n',
    "text for a number": b'{"a":null,"n":"1"}\n',
    "a float for an integer": b'{"a":null,"n":1.0}\n',
    "out of range": b'{"a":null,"n":"9223372036854775808"}\n',
    "not UTF-8": b'{"a":"\xff","n":1}\n',
    "escaped needlessly": b'{"a":"\\u0061","n":1}\n',
    "not JSON": b"{\n",
    "an array": b"[1]\n",
    "deep": b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_other_spellings_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        t.from_jsonl(BAD_LINES[name], [["a", "string"], ["n", "int64"]])


def test_parquet_that_differs() -> None:
    frame = pl.DataFrame({"n": [1, 2]})
    assert "1 rows" in str(t.parquet_difference(t.to_parquet(frame.head(1)), frame))
    assert "types" in str(t.parquet_difference(t.to_parquet(frame.rename({"n": "m"})), frame))
    assert "rows differ" in str(t.parquet_difference(t.to_parquet(frame.reverse()), frame))
    assert "read" in str(t.parquet_difference(b"PAR1", frame))
    packed = io.BytesIO()
    frame.write_parquet(packed, compression="zstd")
    assert "compressed" in str(t.parquet_difference(packed.getvalue(), frame))


def test_normalise_casts_without_loss() -> None:
    frame = pl.DataFrame(
        {
            "small": pl.Series([1], dtype=pl.Int8),
            "natural": pl.Series([1], dtype=pl.UInt16),
            "single": pl.Series([0.5], dtype=pl.Float32),
            "kind": pl.Series(["a"], dtype=pl.Categorical),
            "day": pl.Series([datetime(2026, 1, 2, tzinfo=UTC).date()]),
            "zoned": pl.Series([datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))]),
            "naive": pl.Series([datetime(2026, 1, 2, 3)], dtype=pl.Datetime("ms")),  # noqa: DTZ001
            "none": pl.Series([None], dtype=pl.Null),
        }
    )
    made = t.normalise("x", frame)
    assert [kind for _, kind in t.schema_of(made)] == [
        "int64",
        "uint64",
        "float64",
        "string",
        "datetime[us, UTC]",
        "datetime[us, UTC]",
        "datetime[us, UTC]",
        "string",
    ]
    assert made["zoned"][0] == datetime(2026, 1, 2, 1, tzinfo=UTC)
    assert made["naive"][0] == datetime(2026, 1, 2, 3, tzinfo=UTC)
    with pytest.raises(BundleError, match="has the type List"):
        t.normalise("x", pl.DataFrame({"many": [[1, 2]]}))


def test_order() -> None:
    frame = pl.DataFrame({"a": [None, "b", "b"], "n": [3, 1, 2]})
    assert t.sort_error(frame, ["a", "n"]) is None
    assert "not sorted" in str(t.sort_error(frame.reverse(), ["a", "n"]))
    assert "same a" in str(t.sort_error(frame, ["a"]))


def test_canonical_integers_and_refusals() -> None:
    assert canonical({"b": MAX_SAFE_INT, "a": 2**60, "c": [True, None]}) == (
        b'{"a":"1152921504606846976","b":9007199254740991,"c":[true,null]}'
    )
    for value in (math.nan, math.inf, object(), {1: 2}):
        with pytest.raises(BundleError):
            canonical(value)


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}\n', b'{"b":1,"a":1}\n', b"{}", b" {}\n", b'{"a":1.0}\n', b"\xff"]
)
def test_parse_takes_one_spelling_only(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(data)


def test_parse_reads_a_document() -> None:
    value = {"a": [1, "x", None, 0.5]}
    assert parse(document(value)) == value


def test_visible() -> None:
    assert visible("plain \u00e4 \u4f60") == "plain \u00e4 \u4f60"
    assert visible("a\u200bb\u202e\x00\U000e0041") == "a\\u200bb\\u202e\\u0000\\U000e0041"
    assert has_unseen("a\u00adb")
    assert not has_unseen("a\nb")

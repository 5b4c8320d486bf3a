"""Times of any usual spelling to UTC microseconds."""

from __future__ import annotations

from typing import Final

import polars as pl

from loaders.schema import UTC

#: Date, then optional clock, fraction and zone; separators may be missing as in ISO 8601 basic form.
_ISO: Final = (
    r"^(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[Tt ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:[Zz]|UTC|([+-]\d{2}):?(\d{2})?)?)?$"
)
#: Nothing that a service saw is older: earlier times are sentinels such as 0001-01-01, or 0.
_EARLIEST: Final = pl.lit(0, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def parse_times(raw: pl.Series) -> pl.Series:
    """UTC times of the cells; null where a cell is no time, or one before 1970.

    Reads ISO 8601 (extended or basic, a space for the T, without zone taken as UTC, with Z or an offset),
    and whole numbers of 9 digits or more as seconds, milliseconds, microseconds or nanoseconds since 1970,
    told apart by size (below 1e11, 1e14, 1e17). Digits beyond the microsecond are cut off.
    """
    if isinstance(raw.dtype, pl.Datetime):
        parsed = raw.dt.replace_time_zone("UTC") if raw.dtype.time_zone is None else raw
        parsed = parsed.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    elif raw.dtype == pl.Date:
        parsed = raw.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        parsed = _from_text(raw.cast(pl.String, strict=False).str.strip_chars())
    kept = pl.when(pl.col("t") >= _EARLIEST).then(pl.col("t"))
    return pl.DataFrame({"t": parsed}).select(kept.cast(UTC)).to_series()


def _from_text(text: pl.Series) -> pl.Series:
    """The commonest spelling first; the costly patterns only see what it leaves."""
    fast = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
    fast = fast.dt.replace_time_zone("UTC")
    left = fast.is_null() & text.is_not_null()
    if not left.any():
        return fast
    slow = pl.DataFrame({"x": text.filter(left).unique()})
    slow = slow.with_columns(t=pl.coalesce(_iso(pl.col("x")), _epoch(pl.col("x"))))
    cells = pl.DataFrame({"x": text, "t": fast}).join(slow, on="x", how="left", maintain_order="left")
    return cells.select(pl.coalesce("t", "t_right")).to_series()


def _iso(text: pl.Expr) -> pl.Expr:
    parts = text.str.extract_groups(_ISO).struct

    def part(index: int, default: str) -> pl.Expr:
        found = parts.field(str(index))
        return pl.when(found.str.len_bytes() > 0).then(found).otherwise(pl.lit(default))

    local = pl.format(
        "{}-{}-{}T{}:{}:{}.{}",
        parts.field("1"),
        parts.field("2"),
        parts.field("3"),
        *(part(index, "00") for index in (4, 5, 6)),
        part(7, "0"),
    ).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    hours, minutes = part(8, "+00").cast(pl.Int32), part(9, "00").cast(pl.Int32)
    sign = pl.when(part(8, "+00").str.starts_with("-")).then(-1).otherwise(1)
    offset = pl.duration(minutes=hours * 60 + sign * minutes)
    possible = (hours.abs() < 24) & (minutes < 60)
    return pl.when(possible).then(local - offset).dt.replace_time_zone("UTC")


def _epoch(text: pl.Expr) -> pl.Expr:
    # Eight digits would be a date without separators; fewer are no time that a service saw.
    number = pl.when(text.str.contains(r"^\d{9,19}$")).then(text).cast(pl.Int64, strict=False)
    fraction = pl.when(text.str.contains(r"^\d{9,10}\.\d+$")).then(text).cast(pl.Float64, strict=False)
    micros = (
        pl.when(number < 10**11)
        .then(number * 10**6)
        .when(number < 10**14)
        .then(number * 1000)
        .when(number < 10**17)
        .then(number)
        .otherwise(number // 1000)
    )
    whole = pl.coalesce(micros, (fraction * 1e6).round().cast(pl.Int64, strict=False))
    return whole.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

"""Cells to canonical values: one function a kind of column, each saying which cells it could not read.

A cell is never an error here: it becomes null and is marked with the rule that it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from loaders.addresses import canonical_addresses
from loaders.pseudonymise import canonical_domain
from loaders.schema import Column, Kind
from loaders.times import parse_times

MAX_TEXT: Final = 1024  # characters in an id or any other text

#: Rules in the order in which a row with several faults is named by one of them.
RULES: Final = (
    "missing",
    "bad_text",
    "raw_identifier",
    "bad_pan",
    "bad_time",
    "bad_address",
    "bad_number",
    "negative",
    "out_of_range",
    "unknown_value",
    "bad_country",
    "unknown_account",
    "future",
    "closed_before_created",
    "before_account_created",
    "duplicate_account",
)

#: A cell that looks so is a raw identifier in place of a keyed or shortened one: refused, never written.
RAW_PATTERNS: Final = {
    "email_id": "@",
    "email_domain": "[^@]@",
    "phone_id": r"^\+[\d\s().-]{7,}$",
    "bin": r"^[\d\s-]{9,}$",
}


@dataclass
class Converted:
    """A column in canonical form.

    Attributes:
        values: the cells, null where missing or broken.
        faults: for each broken rule, which cells break it.
        extra: derived columns.
    """

    values: pl.Series
    faults: dict[str, pl.Series] = field(default_factory=dict)
    extra: dict[str, pl.Series] = field(default_factory=dict)


def as_text(raw: pl.Series) -> pl.Series:
    """Cells as text without surrounding white space; empty ones are null."""
    text = raw.cast(pl.String, strict=False).str.strip_chars()
    return text.set(text == "", None) if text.len() else text


def convert(column: Column, raw: pl.Series, text: pl.Series) -> Converted:
    """The canonical form of a column's cells.

    Args:
        column: what they should be.
        raw: the cells as text, or in the type of a Parquet column.
        text: the same by `as_text`.
    """
    if column.kind is Kind.TIME:
        values = parse_times(raw if raw.dtype.is_temporal() else text)
        return Converted(values, {"bad_time": text.is_not_null() & values.is_null()})
    if column.kind in (Kind.COUNT, Kind.INTEGER):
        return _whole_number(column, text)
    if column.kind is Kind.AMOUNT:
        amount = text.cast(pl.Float64, strict=False)
        amount = pl.select(pl.when(amount.is_finite()).then(amount)).to_series()
        return Converted(amount, {"bad_number": text.is_not_null() & amount.is_null()})
    if column.kind is Kind.ADDRESS:
        found = canonical_addresses(text)
        bad = text.is_not_null() & found["ip"].is_null()
        return Converted(found["ip"], {"bad_address": bad}, {"ip_prefix": found["ip_prefix"]})
    return _words(column, text)


def _whole_number(column: Column, text: pl.Series) -> Converted:
    digits = text.str.strip_prefix("AS") if column.name == "asn" else text
    whole = digits.cast(pl.Int64, strict=False)
    if (whole.is_null() & digits.is_not_null()).any():  # "3.0", as tools write whole numbers beside nulls
        decimal = digits.cast(pl.Float64, strict=False)
        integral = (decimal == decimal.round()) & (decimal.abs() < 2**53)
        fallback = pl.when(integral).then(decimal).cast(pl.Int64, strict=False)
        whole = pl.select(pl.coalesce(whole, fallback)).to_series()
    faults = {"bad_number": text.is_not_null() & whole.is_null()}
    if column.kind is Kind.COUNT:
        faults["negative"] = (whole < 0).fill_null(value=False)
    else:
        low, high = column.bounds
        faults["out_of_range"] = (~whole.is_between(low, high)).fill_null(value=False)
    if column.default is not None:
        whole = whole.fill_null(column.default)
    return Converted(whole, faults)


def _words(column: Column, text: pl.Series) -> Converted:
    long = (text.str.len_chars() > MAX_TEXT) | text.str.contains("\0", literal=True)
    faults = {"bad_text": long.fill_null(value=False)}
    values = text
    if column.kind is Kind.COUNTRY:
        values = text.str.to_uppercase()
        faults["bad_country"] = (~values.str.contains("^[A-Z]{2}$")).fill_null(value=False)
    elif column.kind is Kind.ENUM:
        upper = column.values[0].isupper()
        values = text.str.to_uppercase() if upper else text.str.to_lowercase()
        faults["unknown_value"] = (~values.is_in(list(column.values))).fill_null(value=False)
    elif column.kind is Kind.DOMAIN:
        distinct = text.unique().drop_nulls()
        known = {domain: canonical_domain(domain) or domain.lower() for domain in distinct.to_list()}
        values = text.replace(known) if known else text
    if column.name in RAW_PATTERNS:
        faults["raw_identifier"] = text.str.contains(RAW_PATTERNS[column.name]).fill_null(value=False)
    return Converted(values, faults)

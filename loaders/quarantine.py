"""The refused rows: as they came, with the reason, but without anything that should have been hashed."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from loaders.normalise import RAW_PATTERNS
from loaders.pseudonymise import canonical_pan
from loaders.rows import WITHHELD, Batch
from loaders.schema import Kind, Table

#: A cell in the wrong column may be a mailbox or a phone number: better withheld too often than stored once.
_MAILBOX: Final = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_PHONE: Final = RAW_PATTERNS["phone_id"]
_CARD: Final = r"^\s*\d[\d\s-]{10,26}\d\s*$"


def schema(table: Table) -> dict[str, Any]:
    """Columns of a quarantine file: the contract's and the raw ones as text, row, source, reason."""
    return {
        **dict.fromkeys(table.names, pl.String),
        "row": pl.UInt64,
        "source": pl.String,
        "reason": pl.String,
    }


def refused(table: Table, batch: Batch, reasons: pl.Series, source: str) -> pl.DataFrame:
    """The rows of a batch that have a reason, in order, fit to be written."""
    frame = batch.given.with_columns(
        batch.values["row"], pl.lit(source).alias("source"), reasons.alias("reason")
    ).filter(pl.col("reason").is_not_null())
    patterns = {name: RAW_PATTERNS.get(name, _MAILBOX) for name in table.names}
    frame = frame.with_columns(
        pl.when(pl.col(name).str.contains(pattern) | pl.col(name).str.contains(f"{_MAILBOX}|{_PHONE}"))
        .then(pl.lit(WITHHELD))
        .otherwise(pl.col(name))
        .alias(name)
        for name, pattern in patterns.items()
    )
    words = [column.name for column in table.columns if column.kind in (Kind.TEXT, Kind.ENUM, Kind.DOMAIN)]
    return frame.with_columns(_without_cards(frame[name]) for name in words)


def _without_cards(cells: pl.Series) -> pl.Series:
    suspects = cells.filter(cells.str.contains(_CARD).fill_null(value=False)).unique().to_list()
    cards = [text for text in suspects if canonical_pan(text) is not None]
    return cells.replace(cards, [WITHHELD] * len(cards)) if cards else cells

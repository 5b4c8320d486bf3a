"""The form that all ring statistics have."""

from __future__ import annotations

import polars as pl

#: Columns of every statistic's table.
STATISTIC = {
    "ring_id": pl.String,
    "statistic": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,
    "unit": pl.String,
}


def row(frame: pl.DataFrame, name: str, unit: str) -> pl.DataFrame:
    """A table of ring_id, value, n made into the common form; values keep six decimals."""
    return frame.select(
        "ring_id",
        pl.lit(name).alias("statistic"),
        pl.col("value").cast(pl.Float64).round(6),
        pl.col("n").cast(pl.Int64),
        pl.lit(unit).alias("unit"),
    )

"""The form that all ring statistics have, and the links that they read."""

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


def inside_rings(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The links whose accounts stand in one ring, with its ring_id, by their accounts.

    Args:
        members: ring_id, account_id.
        links: rows of links.parquet.
    """
    rings = members.select("account_id", "ring_id")
    return (
        links.join(rings.rename({"account_id": "account_a"}), on="account_a")
        .join(rings.rename({"account_id": "account_b", "ring_id": "ring_b"}), on="account_b")
        .filter(pl.col("ring_id") == pl.col("ring_b"))
        .sort("account_a", "account_b")
    )

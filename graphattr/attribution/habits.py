"""Ring statistics of what single accounts are like, as ranks among all accounts of the run.

What is usual differs from service to service (and from simulator to simulator): a wide spread of hours means
something only beside everybody else's. So each habit is ranked among all accounts that have it, and a ring's
value is the mean rank of its members: 0.5 is what anybody has, 0 the least, 1 the most.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from graphattr.attribution.rows import row

#: An account with fewer rows has no habits.
MIN_ROWS: Final = 10


def of_usage(usage: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Variety of an account's hours and models."""
    rows = pl.scan_parquet(usage).select("account_id", "requests", "observed_at", "model")
    variety = {
        "hour_variety": _entropy(rows.drop_nulls("observed_at"), pl.col("observed_at").dt.hour()),
        "model_variety": _entropy(rows.drop_nulls("model"), pl.col("model")),
    }
    return [_ranked(habit, keys, name) for name, habit in variety.items()]


def of_devices(devices: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """How many clients (TLS fingerprints) an account shows."""
    habit = (
        pl.scan_parquet(devices)
        .drop_nulls("tls_fingerprint")
        .group_by("account_id")
        .agg(value=pl.col("tls_fingerprint").n_unique())
        .collect(engine="streaming")
    )
    return [_ranked(habit, keys, "client_variety")]


def _ranked(habit: pl.DataFrame, keys: pl.LazyFrame, name: str) -> pl.DataFrame:
    """The statistic of a habit (account_id, value; one row an account)."""
    rank = (pl.col("value").rank("average") - 0.5) / pl.len()
    found = (
        habit.select("account_id", value=rank)
        .join(keys.collect(), on="account_id")
        .sort("ring_id", "account_id")
        .group_by("ring_id", maintain_order=True)
        .agg(pl.col("value").mean(), n=pl.len())
    )
    return row(found, name, "accounts")


def _entropy(rows: pl.LazyFrame, value: pl.Expr) -> pl.DataFrame:
    """Entropy of each account's requests over the values, corrected for few rows (Miller 1955)."""
    return (
        rows.group_by("account_id", value=value)
        .agg(pl.col("requests").sum().cast(pl.Float64), rows=pl.len())
        .collect(engine="streaming")
        .with_columns(share=pl.col("requests") / pl.col("requests").sum().over("account_id"))
        .sort("account_id", "value")
        .group_by("account_id", maintain_order=True)
        .agg(
            entropy=-(pl.col("share") * pl.col("share").log()).sum(),
            values=pl.len(),
            rows=pl.col("rows").sum(),
        )
        .filter(pl.col("rows") >= MIN_ROWS)
        # Rounded: sums of floats must not decide the ranks of equals.
        .select(
            "account_id", value=(pl.col("entropy") + (pl.col("values") - 1) / (2 * pl.col("rows"))).round(9)
        )
    )

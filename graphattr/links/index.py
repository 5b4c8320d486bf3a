"""Accounts and values as whole numbers: the compact form in which pairs are found and scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.settings import LinkSettings

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Index:
    """A run's accounts and shared values, numbered in the order of their ids.

    Attributes:
        accounts: account ids, sorted, length N; the position is the account's number.
        created: creation times in seconds, shape (N,); NaN where unknown.
        country: number of the declared country, shape (N,); -1 where unknown.
        volume: log10 of 1 + tokens (or of requests, where no tokens were given), shape (N,); NaN without usage.
        values: value (u32, its number), signal, text, kind, holders, listed (a list calls it a hub), hub (too many
            holders to pair them all, or listed); only values with two holders or more.
        held: account (u32), value (u32), own (bool), first, last (us since 1970, null if timeless), count (uses), row;
            sorted by value, account.
    """

    accounts: pl.Series
    created: NDArray[np.float64]
    country: NDArray[np.int64]
    volume: NDArray[np.float64]
    values: pl.DataFrame
    held: pl.DataFrame

    @property
    def size(self) -> int:
        """N, the number of accounts."""
        return len(self.accounts)


def build_index(tables: dict[str, Path], holdings: Path, lists: Path | None, settings: LinkSettings) -> Index:
    """Numbers the accounts and the values that at least two of them hold.

    Args:
        tables: canonical signal tables by name.
        holdings: holdings.parquet, sorted by its key.
        lists: lists.parquet with signal, value, kind of known hubs; None if there are none.
        settings: `max_fan` decides which values are hubs.
    """
    accounts = pl.read_parquet(tables["accounts"], columns=["account_id", "created_at", "country"]).sort(
        "account_id"
    )
    number = accounts.select("account_id").with_row_index("account")
    fan = min(settings.max_fan, max(settings.min_fan, settings.max_share * accounts.height))
    shared = pl.scan_parquet(holdings).filter(pl.len().over("signal", "value") >= 2)
    listed = (
        pl.scan_parquet(lists).select("signal", "value").unique().with_columns(listed=pl.lit(True))
        if lists is not None
        else pl.LazyFrame(schema={"signal": pl.String, "value": pl.String, "listed": pl.Boolean})
    )
    values = (
        shared.group_by("signal", "value")
        .agg(kind=pl.col("kind").filter(pl.col("kind") != "own").min(), holders=pl.len().cast(pl.Int64))
        .join(listed, on=["signal", "value"], how="left")
        .with_columns(pl.col("listed").fill_null(False))
        .with_columns(hub=pl.col("listed") | (pl.col("holders") > fan))
        .sort("signal", "value")
        .rename({"value": "text"})
        .with_row_index("value")
        .collect(engine="streaming")
    )
    held = (
        shared.rename({"value": "text"})
        .join(number.lazy(), on="account_id")
        .join(values.lazy().select("value", "signal", "text"), on=["signal", "text"])
        .select(
            "account",
            "value",
            own=pl.col("kind").eq_missing("own"),
            first=pl.col("first_seen").dt.epoch("us"),
            last=pl.col("last_seen").dt.epoch("us"),
            count="count",
            row="first_row",
        )
        .sort("value", "account")
        .collect(engine="streaming")
    )
    created = accounts["created_at"].dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6
    country = accounts["country"].rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()
    return Index(accounts["account_id"], created, country, _volume(tables, number), values, held)


def _volume(tables: dict[str, Path], number: pl.DataFrame) -> NDArray[np.float64]:
    """log10(1 + whole use) an account. Integer sums, so the order of rows cannot change a bit of them."""
    if "usage" not in tables:
        return np.full(number.height, np.nan)
    tokens = pl.sum_horizontal(pl.col("input_tokens"), pl.col("output_tokens"), ignore_nulls=True)
    totals = (
        pl.scan_parquet(tables["usage"])
        .group_by("account_id")
        .agg(tokens=tokens.cast(pl.Int64).sum(), requests=pl.col("requests").cast(pl.Int64).sum())
        .collect(engine="streaming")
    )
    amount = "tokens" if totals["tokens"].sum() > 0 else "requests"
    joined = number.join(totals, on="account_id", how="left", maintain_order="left")
    return np.asarray(np.log10(1 + joined[amount].cast(pl.Float64).to_numpy()), dtype=np.float64)

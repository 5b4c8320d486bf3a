"""Who holds which value: the signal tables folded to one row an account, signal and value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.records import HOLDINGS, SIGNALS, UTC, Signal


def holdings(tables: dict[str, Path], timeless: frozenset[str]) -> pl.LazyFrame:
    """Every value that an account holds, with when and how often it was used.

    An instrument whose id is an account's id is that account's own (a wallet, a market's internal account), so its
    owner holds it too: those rows have kind "own".

    Args:
        tables: canonical signal tables by name.
        timeless: tables without times; their rows have null first_seen and last_seen.

    Returns:
        Lazy frame of `HOLDINGS`, not yet sorted.
    """
    parts = [_fold(tables[s.table], s, s.table in timeless) for s in SIGNALS if s.table in tables]
    if "payments" in tables:
        parts.append(_own(tables["accounts"], tables["payments"]))
    return pl.concat(parts)


def occasions(tables: dict[str, Path], timeless: frozenset[str], hubs: pl.DataFrame) -> pl.LazyFrame:
    """Each use of a hub value with its time: account_id, signal, value, time (UTC), timed.

    Where a table has no times the account's creation stands in for the use (`timed` false). Values of the accounts
    table are left out: closeness of creation is a candidate rule of its own.

    Args:
        tables: canonical signal tables by name.
        timeless: tables without times.
        hubs: signal, value of the hub values.
    """
    created = pl.scan_parquet(tables["accounts"]).select("account_id", time="created_at")
    parts = []
    for signal in SIGNALS:
        if signal.table not in tables or signal.table == "accounts":
            continue
        timed = signal.table not in timeless
        rows = pl.scan_parquet(tables[signal.table])
        columns = {"value": _value(signal), **({"time": pl.col("observed_at")} if timed else {})}
        rows = rows.select("account_id", **columns)
        if not timed:
            rows = rows.join(created, on="account_id")
        values = hubs.lazy().filter(pl.col("signal") == signal.name).select("value")
        parts.append(
            rows.join(values, on="value", how="semi")
            .drop_nulls("time")
            .unique()
            .select("account_id", "value", "time", signal=pl.lit(signal.name), timed=pl.lit(timed))
        )
    if not parts:
        parts = [pl.LazyFrame(schema=OCCASIONS)]
    return pl.concat(parts).select(*OCCASIONS)


OCCASIONS: dict[str, Any] = {
    "account_id": pl.String,
    "signal": pl.String,
    "value": pl.String,
    "time": UTC,
    "timed": pl.Boolean,
}


#: Events of which the actor is the provider's: whoever bans accounts of several operators in one day ties none of them.
PROVIDERS: Final = ("banned", "reinstated")


def _value(signal: Signal) -> pl.Expr:
    if signal.column == "ip":
        # The keyed hash stands in for an address that was not given as text.
        return pl.coalesce("ip", "ip_id")
    value = pl.col(signal.column)
    if signal.name == "actor":
        return pl.when(~pl.col("event").is_in(PROVIDERS).fill_null(False)).then(value)
    return value


def _fold(table: Path, signal: Signal, timeless: bool) -> pl.LazyFrame:
    kind = pl.col(signal.kind_column) if signal.kind_column else pl.lit(None, pl.String)
    # The accounts table says what an account holds, not when it used it.
    used = pl.lit(None, UTC) if timeless or signal.table == "accounts" else pl.col("observed_at")
    rows = pl.scan_parquet(table).select(
        "account_id", "row", value=_value(signal), kind=kind.cast(pl.String), used=used
    )
    # An account that pays with its own wallet is told by `_own`, once, and only if somebody else uses it too.
    folded = (
        rows.drop_nulls("value")
        .filter(pl.col("value") != pl.col("account_id"))
        .group_by("account_id", "value")
    )
    return folded.agg(
        kind=pl.col("kind").min(),
        first_seen=pl.col("used").min(),
        last_seen=pl.col("used").max(),
        count=pl.len().cast(pl.Int64),
        first_row=pl.col("row").min().cast(pl.UInt64),
        signal=pl.lit(signal.name),
    ).select(*HOLDINGS)


def _own(accounts: Path, payments: Path) -> pl.LazyFrame:
    paid = pl.scan_parquet(payments).select(value="instrument_id", payer="account_id", payment_row="row")
    owned = pl.scan_parquet(accounts).select("account_id", value="account_id")
    return (
        owned.join(paid, on="value")
        .filter(pl.col("payer") != pl.col("account_id"))
        .group_by("account_id", "value")
        .agg(
            signal=pl.lit("instrument"),
            kind=pl.lit("own"),
            first_seen=pl.lit(None, UTC),
            last_seen=pl.lit(None, UTC),
            count=pl.lit(0, pl.Int64),  # no signal row of the owner's own
            first_row=pl.col("payment_row").min().cast(pl.UInt64),
        )
        .select(*HOLDINGS)
    )

"""Checks that need more than a cell: the account, its creation, and the present."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from loaders.rows import Batch, Fault
from loaders.schema import UTC, Kind, Table


@dataclass(frozen=True)
class Limits:
    """What a row may not overstep.

    Attributes:
        as_of: "now", UTC.
        skew: how far clocks may disagree.
    """

    as_of: datetime
    skew: timedelta


def check_times(table: Table, batch: Batch, limits: Limits) -> list[Fault]:
    """Times after now, and accounts that closed before they were created."""
    latest = pl.lit(limits.as_of + limits.skew).cast(UTC)
    faults = [
        Fault("future", column.name, _mask(batch.values, pl.col(column.name) > latest))
        for column in table.columns
        if column.kind is Kind.TIME
    ]
    if table.name == "accounts":
        early = pl.col("closed_at") < pl.col("created_at")
        faults.append(Fault("closed_before_created", "", _mask(batch.values, early)))
    return faults


def check_account(table: Table, batch: Batch, accounts: pl.DataFrame, limits: Limits) -> list[Fault]:
    """Rows whose account is not loaded, and rows from before their account was created.

    Args:
        table: any table but `accounts`.
        batch: its rows.
        accounts: the loaded accounts: account_id, created_at.
        limits: the tolerated skew.
    """
    known = accounts.with_columns(known=pl.lit(value=True))
    cells = batch.values.select("account_id", table.time).join(
        known, on="account_id", how="left", maintain_order="left"
    )
    unknown = pl.col("account_id").is_not_null() & pl.col("known").is_null()
    faults = [Fault("unknown_account", "", _mask(cells, unknown))]
    if not table.predates:
        early = pl.col(table.time) < pl.col("created_at") - limits.skew
        faults.append(Fault("before_account_created", "", _mask(cells, early)))
    return faults


def _mask(frame: pl.DataFrame, condition: pl.Expr) -> pl.Series:
    return frame.select(condition.fill_null(value=False).alias("mask")).to_series()

"""Figures in time: when accounts are used, how bursty, and what bans follow."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.draws import Floats
from graphattr.simulate.realism.statistics import NAN, mean, quantile
from graphattr.simulate.realism.tables import Tables

#: A session ends after half an hour without a request, as web analytics has it.
PAUSE_SECONDS: Final = 30 * 60
_FEWEST: Final = 10  # gaps, for an account's burstiness
_WEEK: Final = 7 * 86_400


def rhythm(tables: Tables) -> dict[str, float]:
    """Sessions, days, gaps between moments of use, hours and weekends; nan where there is no use.

    A gap is the time between two successive distinct times of an account in `usage`, which may be aggregated:
    within an hour the simulator adds up what has one model and template.
    """
    moments = tables["usage"].select("account_id", "observed_at").unique().sort("account_id", "observed_at")
    gaps = moments.with_columns(
        gap=pl.col("observed_at").diff().over("account_id").dt.total_seconds().cast(pl.Float64)
    )
    weeks = _weeks(moments)
    gap = gaps["gap"].drop_nulls().to_numpy()
    of_account = gaps.group_by("account_id").agg(
        sessions=(pl.col("gap").is_null() | (pl.col("gap") > PAUSE_SECONDS)).sum(),
        days=pl.col("observed_at").dt.date().n_unique(),
        gaps=pl.col("gap").count(),
        mean=pl.col("gap").mean(),
        deviation=pl.col("gap").std(ddof=0),
        memory=pl.corr(pl.col("gap"), pl.col("gap").shift(1)),
    )
    often = of_account.filter((pl.col("gaps") >= _FEWEST) & (pl.col("mean") > 0))
    bursty = (pl.col("deviation") - pl.col("mean")) / (pl.col("deviation") + pl.col("mean"))
    return {
        "sessions an account and week: median": quantile(_column(of_account, "sessions"), 0.5) / weeks,
        "active days an account and week: median": quantile(_column(of_account, "days"), 0.5) / weeks,
        "gaps under a minute": mean((gap < 60).astype(np.float64)),
        "gaps under an hour": mean((gap < 3600).astype(np.float64)),
        "gaps under a day": mean((gap < 86_400).astype(np.float64)),
        "gaps of an account: coefficient of variation, median": quantile(
            _column(often.with_columns(value=pl.col("deviation") / pl.col("mean")), "value"), 0.5
        ),
        "burstiness of an account: median": quantile(_column(often.with_columns(value=bursty), "value"), 0.5),
        "memory of an account: median": quantile(_column(often, "memory"), 0.5),
        **_clock(moments, tables["devices"]),
    }


def _column(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64).drop_nulls().drop_nans().to_numpy()


def _weeks(moments: pl.DataFrame) -> float:
    at = pl.col("observed_at")
    if not moments.height:
        return NAN
    return max(float(moments.select((at.max() - at.min()).dt.total_seconds()).item()), 86_400.0) / _WEEK


def _clock(moments: pl.DataFrame, devices: pl.DataFrame) -> dict[str, float]:
    """Shares of use by local hour and day, for accounts whose devices show an offset from UTC."""
    offset = devices.drop_nulls("utc_offset_minutes").group_by("account_id")
    local = moments.join(
        offset.agg(pl.col("utc_offset_minutes").mode().sort().first().alias("offset")), on="account_id"
    ).select(at=pl.col("observed_at") + pl.duration(minutes=pl.col("offset")))
    hour = local["at"].dt.hour().to_numpy()
    weekday = local["at"].dt.weekday().to_numpy()
    by_hour = np.bincount(hour, minlength=24).astype(np.float64)
    return {
        "use at night (0 to 6, local)": mean((hour < 6).astype(np.float64)),
        "busiest hour against the quietest (local)": float(by_hour.max() / by_hour.min())
        if by_hour.min() > 0
        else NAN,
        "use at weekends": mean((weekday >= 6).astype(np.float64)),
    }


def bans(tables: Tables, accounts: int) -> dict[str, float]:
    """Shares of accounts banned, of those who appeal, and of appeals that succeed."""
    events = tables["events"]

    def who(event: str) -> set[str]:
        return set(events.filter(pl.col("event") == event)["account_id"])

    banned, appealed, back = who("banned"), who("appeal"), who("reinstated")
    return {
        "accounts banned": len(banned) / accounts if accounts else NAN,
        "banned accounts that appeal": len(banned & appealed) / len(banned) if banned else NAN,
        "appeals that succeed": len(appealed & back) / len(appealed) if appealed else NAN,
    }

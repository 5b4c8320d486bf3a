"""The signal rows behind a figure, and when a ring's accounts were made, used and acted upon."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import polars as pl

from graphattr.explorer.queries import members
from graphattr.explorer.runs import Run
from graphattr.records import SIGNAL, UTC

#: What an account's activity is told by; events come by their own name.
CREATED, EXCHANGES, USES = "created", "exchanges", "uses"
ACTIVITY = {"account_id": pl.String, "time": UTC, "kind": pl.String, "count": pl.Int64}
#: Likenesses have no value: the table that they are measured on.
LIKENESS = {"creation": "accounts", "volume": "usage"}
#: Most signal rows shown at once.
MOST_ROWS = 200
_HOURLY = timedelta(days=21)


@lru_cache(maxsize=16)
def activity(run: Run, ring_id: str) -> pl.DataFrame:
    """When each member did what: account_id, time (start of the hour), kind, count; sorted by time.

    Kinds: `created`; `exchanges` (count = requests), or, where the run has no usage table, `uses` (rows of
    payments, ips and devices); the names of events.
    """
    people = members(run, ring_id)
    inside = pl.col("account_id").is_in(people["account_id"].implode())
    made = people.lazy().select(
        "account_id", time="created_at", kind=pl.lit(CREATED), count=pl.lit(1, pl.Int64)
    )
    one = pl.lit(1, pl.Int64)
    sources = [("usage", pl.lit(EXCHANGES), pl.col("requests").cast(pl.Int64))]
    if run.signals("usage") is None:
        sources = [(name, pl.lit(USES), one) for name in ("payments", "ips", "devices")]
    sources.append(("events", pl.col("event").cast(pl.String), one))
    parts = [made]
    for name, kind, amount in sources:
        table = run.signals(name)
        if table is not None and "observed_at" in table.collect_schema():
            rows = table.filter(inside)
            parts.append(
                rows.select("account_id", time=pl.col("observed_at").cast(UTC), kind=kind, count=amount)
            )
    timed = pl.concat(parts).drop_nulls("time")
    folded = timed.group_by("account_id", "kind", time=pl.col("time").dt.truncate("1h")).agg(
        pl.col("count").sum()
    )
    return folded.select(*ACTIVITY).sort("time", "kind", "account_id").collect()


def step(rows: pl.DataFrame) -> str:
    """The width of a bar on a time axis: an hour up to three weeks, else a day."""
    if rows.is_empty():
        return "1d"
    low, high = rows["time"].min(), rows["time"].max()
    short = isinstance(low, datetime) and isinstance(high, datetime) and high - low <= _HOURLY
    return "1h" if short else "1d"


def active(rows: pl.DataFrame, start: datetime, end: datetime) -> frozenset[str]:
    """Accounts with any activity from start to end."""
    return frozenset(rows.filter(pl.col("time").is_between(start, end))["account_id"])


def table_of(signal: str) -> str | None:
    """The signal table that a signal or a likeness is read from; None if it is not known."""
    if signal in SIGNAL:
        return SIGNAL[signal].table
    return LIKENESS.get(signal)


def rows_behind(
    run: Run, signal: str, value: str | None, accounts: tuple[str, ...], first_rows: tuple[int, ...] = ()
) -> pl.DataFrame | None:
    """The signal rows of some accounts that show a value, or, for a likeness, all of theirs in its table.

    Args:
        run: the run.
        signal: a signal's or a likeness's name.
        value: the shared value; None for a likeness.
        accounts: whose rows are wanted.
        first_rows: positions (`row`) that must be among the answer: those that the evidence names.

    Returns:
        Up to `MOST_ROWS` rows of signals/<table>.parquet in the order of `row`, empty columns left out; None
        where no table is known.
    """
    name = table_of(signal)
    table = run.signals(name) if name else None
    if table is None:
        return None
    columns = table.collect_schema().names()
    wanted = pl.col("account_id").is_in(list(accounts))
    if value is not None:
        column = SIGNAL[signal].column if signal in SIGNAL else ""
        same = [pl.col(c).cast(pl.String) == value for c in (column, "ip_id") if c in columns and c]
        wanted = wanted & pl.any_horizontal(same) if column in columns else pl.lit(False)
    named = pl.col("row").is_in(list(first_rows)) if first_rows else pl.lit(False)
    rows = table.filter(wanted | named).sort(named.not_(), "row").head(MOST_ROWS).collect().sort("row")
    keep = [c for c in rows.columns if rows[c].null_count() < rows.height]
    return rows.select(keep)

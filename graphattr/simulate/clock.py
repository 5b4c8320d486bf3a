"""Time in a world: whole seconds since the start of 2026 UTC, and when people and machines work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.draws import Bools, Floats, Ints

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
WEEK: Final = 7 * DAY

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
#: Days from the epoch to the first day of observation, Monday 4 May 2026. Accounts may be older.
WINDOW_DAY: Final = 123


def weekend(seconds: Ints) -> Bools:
    """Whether a local time falls on a Saturday or Sunday."""
    return (seconds // DAY + 3) % 7 >= 5


def stamps(seconds: Ints) -> pl.Series:
    """Times as datetime[us, UTC]; a negative time is null."""
    base = int(EPOCH.timestamp())
    series = pl.Series(seconds).cast(pl.Int64)
    micros = (series + base) * 1_000_000
    return (
        pl.select(pl.when(series >= 0).then(micros).otherwise(None).cast(pl.Datetime("us", "UTC")))
        .to_series()
        .alias("")
    )


def moments(
    rng: np.random.Generator,
    start: Ints,
    end: Ints,
    peak: Floats,
    spread: Floats,
    quiet: Floats,
    steady: Floats,
    offset: Ints,
) -> Ints:
    """A moment in [start, end) for each row, by the hours of whoever works then.

    Args:
        rng: the stream.
        start: first second allowed.
        end: second after the last allowed.
        peak: local hour of day around which the work is done.
        spread: standard deviation of that hour, in hours.
        quiet: chance that a moment on a weekend stands; else another day is drawn.
        steady: chance that the hour plays no part (a scheduled job).
        offset: minutes east of UTC.
    """
    n = len(start)
    lead = offset * MINUTE
    first = (start + lead) // DAY
    days = np.maximum((end - 1 + lead) // DAY - first + 1, 1)
    day = first + np.floor(rng.random(n) * days).astype(np.int64)
    for _ in range(2):
        again = weekend(day * DAY) & (rng.random(n) > quiet)
        day = np.where(again, first + np.floor(rng.random(n) * days).astype(np.int64), day)
    hour = np.where(rng.random(n) < steady, rng.random(n) * 24, (peak + spread * rng.standard_normal(n)) % 24)
    at = day * DAY + (hour * HOUR).astype(np.int64) - lead
    inside = (at >= start) & (at < end)
    anywhere = start + np.floor(rng.random(n) * np.maximum(end - start, 1)).astype(np.int64)
    return np.asarray(np.where(inside, at, anywhere), dtype=np.int64)

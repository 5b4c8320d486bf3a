"""What a provider's logs lack: hours in which rows were lost, and clocks that are minutes off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from graphattr.simulate.clock import HOUR, MINUTE, stamps
from graphattr.simulate.draws import Ints, Range, count, draw, unit


@dataclass(frozen=True)
class Outage:
    """A spell in which a share of a table's rows was lost; times in seconds of the world."""

    start: int
    end: int
    share: float


def outages(
    rng: np.random.Generator, window: tuple[int, int], number: Range, hours: Range, lost: Range
) -> list[Outage]:
    """The outages of one table in the window of observation."""
    found: list[Outage] = []
    for _ in range(count(rng, number)):
        start = int(rng.integers(*window))
        found.append(Outage(start, start + int(draw(rng, hours) * HOUR), draw(rng, lost)))
    return found


def share_lost(spells: list[Outage], window: tuple[int, int]) -> float:
    """About the share of a table's rows that is lost."""
    inside = sum((min(each.end, window[1]) - each.start) * each.share for each in spells)
    return inside / (window[1] - window[0])


def kept(frame: pl.DataFrame, spells: list[Outage], rng: np.random.Generator) -> pl.DataFrame:
    """The rows that were not lost, by `observed_at`."""
    luck = rng.random(frame.height)
    gone = np.zeros(frame.height, dtype=np.bool_)
    for each in spells:
        start, end = stamps(np.array([each.start, each.end]))
        inside = frame["observed_at"].is_between(start, end, closed="left").to_numpy()
        gone |= inside & (luck < each.share)
    return frame.filter(pl.Series(~gone)) if gone.any() else frame


def skew(clock: Ints, share: float, minutes: Range) -> Ints:
    """Seconds that each clock is fast or slow, 0 for most; a clock (any code) is always off by the same.

    Args:
        clock: which clock each row was stamped by.
        share: share of clocks that are off.
        minutes: by how many at least and at most, either way.
    """
    size = minutes[0] + unit(clock, 1) * (minutes[1] - minutes[0])
    seconds = np.where(unit(clock, 2) < 0.5, -size, size) * MINUTE
    return np.where(unit(clock, 3) < share, seconds, 0.0).astype(np.int64)

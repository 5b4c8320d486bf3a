"""Times."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.clock import DAY, EPOCH, HOUR, WINDOW_DAY, moments, stamps, weekend
from graphattr.simulate.draws import Ints, stream


def drawn(
    n: int, start: int, end: int, peak: float, quiet: float = 1.0, steady: float = 0.0, utc: int = 0
) -> Ints:
    full = [np.full(n, value) for value in (peak, 1.0, quiet, steady)]
    return moments(stream(0, "t"), np.full(n, start), np.full(n, end), *full, np.full(n, utc))


def test_the_window_opens_on_a_monday() -> None:
    opens = stamps(np.array([WINDOW_DAY * DAY]))[0]
    assert opens == datetime(2026, 5, 4, tzinfo=UTC)
    assert opens.weekday() == 0


@given(st.integers(0, 400 * DAY))
def test_weekend_is_the_calendars(second: int) -> None:
    date = stamps(np.array([second]))[0]
    assert bool(weekend(np.array([second]))[0]) == (date.weekday() >= 5)


def test_a_negative_time_is_null() -> None:
    assert stamps(np.array([-1, 0])).to_list() == [None, EPOCH]


@given(st.integers(0, 100 * DAY), st.integers(1, 30 * DAY), st.floats(0, 24), st.integers(-12, 14))
def test_moments_fall_inside(start: int, length: int, peak: float, hours: int) -> None:
    at = drawn(50, start, start + length, peak, utc=60 * hours)
    assert ((at >= start) & (at < start + length)).all()


def test_people_work_at_their_own_hours() -> None:
    at = drawn(2000, 10 * DAY, 40 * DAY, peak=15.0, utc=540)  # Tokyo: 15:00 is 06:00 UTC
    hour = at % DAY / HOUR
    assert (abs(hour - 6) < 3).mean() > 0.95
    even = drawn(2000, 10 * DAY, 40 * DAY, peak=15.0, steady=1.0) % DAY / HOUR
    assert (abs(even - 15) < 3).mean() < 0.35


def test_quiet_weekends() -> None:
    assert weekend(drawn(4000, 4 * DAY, 32 * DAY, peak=12.0, quiet=0.0)).mean() < 0.06
    assert weekend(drawn(4000, 4 * DAY, 32 * DAY, peak=12.0, quiet=1.0)).mean() > 0.24

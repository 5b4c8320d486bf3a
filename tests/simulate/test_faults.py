"""Lost rows and wrong clocks."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.clock import HOUR, MINUTE, stamps
from graphattr.simulate.draws import mix, stream
from graphattr.simulate.faults import Outage, kept, outages, share_lost, skew


def rows(n: int) -> pl.DataFrame:
    return pl.DataFrame({"n": np.arange(n), "observed_at": stamps(np.arange(n) * MINUTE)})


def test_rows_are_lost_in_the_outage_only() -> None:
    got = kept(rows(1000), [Outage(100 * MINUTE, 300 * MINUTE, 0.5)], stream(0, "k"))["n"].to_numpy()
    gone = np.setdiff1d(np.arange(1000), got)
    assert ((gone >= 100) & (gone < 300)).all()
    assert 70 < len(gone) < 130


def test_nothing_is_lost_without_outages_and_all_in_a_whole_one() -> None:
    frame = rows(50)
    assert kept(frame, [], stream(0, "k")).equals(frame)
    assert kept(frame, [Outage(0, 50 * MINUTE, 1.0)], stream(0, "k")).is_empty()


def test_outages_are_as_long_and_as_many_as_asked_for() -> None:
    found = outages(stream(1, "o"), (0, 100 * HOUR), (3, 3), (2, 5), (0.1, 0.2))
    assert len(found) == 3
    assert all(2 * HOUR <= each.end - each.start <= 5 * HOUR and 0.1 <= each.share <= 0.2 for each in found)
    assert share_lost([Outage(0, HOUR, 0.5), Outage(99 * HOUR, 101 * HOUR, 1.0)], (0, 100 * HOUR)) == (
        pytest.approx(0.015)
    )


@given(st.integers(0, 2**60), st.floats(0, 1))
def test_a_clock_is_always_off_by_the_same_within_its_bounds(clock: int, share: float) -> None:
    off = skew(np.array([clock, clock]), share, (1, 40))
    assert off[0] == off[1]
    assert off[0] == 0 or MINUTE <= abs(off[0]) <= 40 * MINUTE


def test_as_many_clocks_are_off_as_asked_for() -> None:
    off = skew(mix(np.arange(20_000)), 0.1, (1, 40))
    assert (off != 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (off > 0).sum() == pytest.approx((off < 0).sum(), rel=0.1)

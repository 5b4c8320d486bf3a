"""Resampling by controller."""

import numpy as np
import pytest

from graphattr.evaluate.bootstrap import estimate, replicates, sums


def test_resamples_draw_as_many_as_there_are() -> None:
    drawn = list(replicates(7, 5, seed=1))
    assert [weight.sum() for weight in drawn] == [7.0] * 5
    again = list(replicates(7, 5, seed=1))
    assert all((a == b).all() for a, b in zip(drawn, again, strict=True))


def test_intervals_are_as_wide_as_theory_says() -> None:
    """The mean of n independent values: 1.96 standard errors to either side."""
    values = np.random.default_rng(0).normal(size=400)
    means = np.array([weight @ values / weight.sum() for weight in replicates(400, 2000, seed=2)])
    got = estimate(float(values.mean()), means, 400)
    error = values.std() / 20
    assert got.low is not None
    assert got.high is not None
    assert got.high - got.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_absent_figures() -> None:
    assert estimate(float("nan"), np.array([1.0]), 3).value is None
    got = estimate(0.5, np.array([np.nan, np.nan]), 3)
    assert (got.value, got.low) == (0.5, None)


def test_sums_by_controller() -> None:
    got = sums(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1, 0, 1]), 3)
    assert got.tolist() == [[3.0, 4.0], [6.0, 8.0], [0.0, 0.0]]

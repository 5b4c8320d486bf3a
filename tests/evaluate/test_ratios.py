"""Ratios of sums, and their intervals, resample by resample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from graphattr.evaluate.bootstrap import edge, effective, estimate, replicates
from graphattr.evaluate.ratios import Ratio, Rows, ratio_figures

ROWS = Rows(np.array([0, 0, 1, 2, 2, 2, 3]), 4, np.array([0, 0, 1, 1, 0, 1, 1]), ["x", "y"])
ABOVE = np.array([1.0, 0, 1, 0, 1, 1, 0])
BELOW = np.array([1.0, 1, 1, 0, 1, 1, 1])


def test_figures_and_intervals_are_those_of_each_resample() -> None:
    got = ratio_figures([Ratio("a", ABOVE * BELOW, BELOW)], ROWS, resamples=60, seed=4)
    for name, here in (("all", ROWS.stratum >= 0), ("x", ROWS.stratum == 0), ("y", ROWS.stratum == 1)):
        assert got[name]["a"].value == pytest.approx((ABOVE * BELOW)[here].sum() / BELOW[here].sum())
        assert got[name]["a"].n == BELOW[here].sum()
        drawn = []
        for weight in replicates(4, 60, seed=4):
            each = weight[ROWS.owner][here]
            drawn.append((each * (ABOVE * BELOW)[here]).sum() / max((each * BELOW[here]).sum(), 1e-9))
        there = [
            value
            for value, w in zip(drawn, replicates(4, 60, seed=4), strict=True)
            if w[ROWS.owner][here] @ BELOW[here]
        ]
        low, high = np.quantile(there, (0.025, 0.975))
        assert (got[name]["a"].low, got[name]["a"].high) == pytest.approx((low, high))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=1, max_size=12))
def test_strata_add_up(cases: list[tuple[int, int, bool]]) -> None:
    owner, stratum, hit = (np.array(column) for column in zip(*cases, strict=True))
    one = np.ones(len(cases))
    got = ratio_figures([Ratio("a", hit * one, one)], Rows(owner, 4, stratum, ["x", "y", "z"]), 0, 0)
    parts = [got[name]["a"] for name in "xyz"]
    assert got["all"]["a"].value == pytest.approx(hit.mean())
    assert sum(part.n for part in parts) == len(cases)
    assert sum((part.value or 0) * part.n for part in parts) == pytest.approx(hit.sum())


@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_share_of_0_or_1_gets_the_limits_of_clopper_and_pearson(n: int) -> None:
    assert edge(0.0, n) == pytest.approx((0.0, beta.ppf(0.975, 1, n)))
    assert edge(1.0, n) == pytest.approx((beta.ppf(0.025, n, 1), 1.0))


def test_zero_wrong_accounts_are_not_certain() -> None:
    """Three controllers of 8, 1 and 1 accounts: the effective number is 100 / 66."""
    rows = Rows(np.array([0] * 8 + [1, 2]), 3, np.zeros(10, dtype=np.int64), ["x"])
    one = np.ones(10)
    got = ratio_figures([Ratio("a", 0 * one, one, 10_000.0)], rows, resamples=20, seed=0)["all"]["a"]
    assert effective(np.array([8.0, 1.0, 1.0])) == pytest.approx(100 / 66)
    assert (got.value, got.low) == (0.0, 0.0)
    assert got.high == pytest.approx(10_000 * beta.ppf(0.975, 1, 100 / 66))
    bare = ratio_figures([Ratio("a", 0 * one, one)], rows, resamples=0, seed=0)["all"]["a"]
    assert (bare.low, bare.high) == (None, None)


def test_the_effective_number_is_the_number_where_all_are_of_one_size() -> None:
    assert effective(np.array([5.0] * 7)) == pytest.approx(7)
    assert effective(np.array([0.0, 0.0])) == 0


def test_what_no_resample_moves_has_no_interval() -> None:
    got = estimate(0.4, np.full(9, 0.4), 3)
    assert (got.value, got.low, got.high) == (0.4, None, None)


def test_f1_of_1_is_as_uncertain_as_its_parts() -> None:
    one = np.ones(7)
    found = [Ratio("precision", one, one), Ratio("recall", one, one)]
    got = ratio_figures(found, ROWS, resamples=9, seed=0)["all"]
    assert list(got) == ["precision", "recall", "f1"]
    assert got["f1"].value == 1.0
    assert got["f1"].low == pytest.approx(got["recall"].low)
    assert got["f1"].low is not None
    assert got["f1"].low < 1

"""Coverage of member intervals where it is known, and calibration errors against a slow oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.evaluate.calibration import MIN_GROUP, Intervals, coverage, ece_figures, grouped
from graphattr.evaluate.ratios import Rows
from graphattr.evaluate.scores import ece

LEVELS, EACH, SPREAD = 20, 4000, 0.05


def plain(size: int) -> Rows:
    return Rows(np.arange(size), size, np.zeros(size, dtype=np.int64), ["x"])


def world(rng: np.random.Generator, half: float, shared: bool) -> Intervals:
    """Members on LEVELS levels; the stated probability errs by SPREAD, its interval is `half` to either side."""
    chance = np.repeat(np.linspace(0.3, 0.7, LEVELS), EACH)
    error = np.repeat(rng.normal(0, SPREAD, LEVELS), EACH) if shared else rng.normal(0, SPREAD, len(chance))
    stated = chance + error
    right = (rng.random(len(chance)) < chance).astype(float)
    return Intervals(stated, stated - half, stated + half, right)


def mean_coverage(half: float, shared: bool = True) -> float:
    rng = np.random.default_rng(5)
    found = [
        coverage(world(rng, half, shared), plain(LEVELS * EACH), 0, 0)[0]["all"]["coverage"].value
        for _ in range(30)
    ]
    return float(np.mean(np.array(found, dtype=float)))


def test_intervals_that_hold_nine_times_out_of_ten_are_measured_so() -> None:
    assert mean_coverage(1.645 * SPREAD) == pytest.approx(0.9, abs=0.03)


def test_intervals_half_as_wide_are_found_out() -> None:
    """A normal error is within .82 of its spread 59 times of 100."""
    assert mean_coverage(1.645 * SPREAD / 2) == pytest.approx(0.59, abs=0.05)


def test_errors_that_differ_inside_a_group_cancel() -> None:
    assert mean_coverage(1.645 * SPREAD, shared=False) > 0.95


def test_groups_and_verdicts_by_hand() -> None:
    stated = np.repeat([0.1, 0.5, 0.9, 0.95], 60)
    low, high = stated - 0.05, np.minimum(stated + 0.05, 1)
    right = np.concatenate([np.arange(60) < n for n in (6, 6, 48, 60)]).astype(float)
    figures, tables = coverage(Intervals(stated, low, high, right), plain(240), 200, 1)
    assert [row["verdict"] for row in tables["all"]] == ["inside", "below", "close", "inside"]
    assert figures["all"]["coverage"].value == pytest.approx(0.5)
    assert figures["all"]["coverage_at_most"].value == pytest.approx(0.75)
    assert figures["x"] == figures["all"]
    assert tables["all"][1] == pytest.approx(
        tables["all"][1] | {"n": 60, "right": 0.1, "low": 0.45, "high": 0.55, "probability": 0.5}
    )
    higher, _ = coverage(Intervals(stated, low - 0.9, low - 0.8, right), plain(240), 200, 1)
    assert higher["all"]["coverage_at_most"].value == 0.0


def test_a_group_is_not_missed_for_being_made_of_whole_accounts() -> None:
    """Of 60 accounts with .01 each none belongs most of the time: the sum of lows, .3, is no whole account."""
    stated = np.full(60, 0.01)
    figures, _ = coverage(Intervals(stated, stated / 2, stated * 2, np.zeros(60)), plain(60), 0, 0)
    assert figures["all"]["coverage"].value == 1.0


@given(st.lists(st.integers(0, 5), max_size=300))
def test_groups_keep_ties_together_and_rise(values: list[int]) -> None:
    probability = np.array(values, dtype=float) / 5
    group = grouped(probability)
    assert len({(p, g) for p, g in zip(values, group.tolist(), strict=True)}) == len(set(values))
    assert all(np.diff(group[np.argsort(probability, kind="stable")]) >= 0)
    assert set(group.tolist()) == set(range(len(set(group.tolist()))))
    assert len(set(group.tolist())) <= max(1, len(values) // MIN_GROUP)


def test_no_members() -> None:
    none = np.array([])
    figures, tables = coverage(
        Intervals(none, none, none, none), Rows(none.astype(int), 3, none.astype(int), ["x"]), 4, 0
    )
    assert figures["all"]["coverage"].value is None
    assert tables == {"all": [], "x": []}


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 1)), min_size=1, max_size=20))
def test_calibration_error_is_the_plain_one_by_stratum(cases: list[tuple[int, bool, int]]) -> None:
    probability, true, stratum = (np.array(column) for column in zip(*cases, strict=True))
    rows = Rows(np.arange(len(cases)), len(cases), stratum, ["x", "y"])
    got = ece_figures(rows, probability / 20, true.astype(float), "e", 0, 0)
    for name, here in (("all", stratum >= 0), ("x", stratum == 0), ("y", stratum == 1)):
        expected = ece(probability[here] / 20, true[here], np.ones(int(here.sum())))
        value = got[name]["e"].value
        assert (np.nan if value is None else value) == pytest.approx(expected, nan_ok=True)

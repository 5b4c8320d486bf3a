"""Measures of scores against slow oracles."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphattr.evaluate.scores import (
    best_log10_lr,
    brier,
    cllr,
    cllr_min,
    ece,
    least_cllr,
    mean,
    reliability,
    tippett,
)

# Few distinct values, so that ties are common.
scored = st.lists(st.tuples(st.integers(-8, 8).map(lambda x: x / 2), st.booleans()), min_size=2, max_size=14)


def arrays(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values, true = (np.array(column) for column in zip(*pairs, strict=True))
    return values.astype(float), true.astype(bool), np.ones(len(pairs))


def slow_cllr(lr: list[float], true: list[bool]) -> float:
    """The equation of Bruemmer and du Preez, term by term."""
    same = [math.log2(1 + 10**-x) for x, t in zip(lr, true, strict=True) if t]
    other = [math.log2(1 + 10**x) for x, t in zip(lr, true, strict=True) if not t]
    return (sum(same) / len(same) + sum(other) / len(other)) / 2


def slow_isotonic(lr: list[float], true: list[bool]) -> list[float]:
    """The max-min formula of isotonic regression over the distinct scores."""
    values = sorted(set(lr))
    hits = [sum(t for x, t in zip(lr, true, strict=True) if x == v) for v in values]
    counts = [lr.count(v) for v in values]
    fit = [
        max(
            min(sum(hits[i : j + 1]) / sum(counts[i : j + 1]) for j in range(k, len(values)))
            for i in range(k + 1)
        )
        for k in range(len(values))
    ]
    return [fit[values.index(x)] for x in lr]


@given(scored)
def test_cllr_is_its_equation(pairs: list[tuple[float, bool]]) -> None:
    lr, true, one = arrays(pairs)
    if true.all() or not true.any():
        assert math.isnan(cllr(lr, true, one))
    else:
        assert cllr(lr, true, one) == pytest.approx(slow_cllr(lr.tolist(), true.tolist()))


def test_cllr_of_known_cases() -> None:
    true = np.array([True, False])
    assert cllr(np.zeros(2), true, np.ones(2)) == pytest.approx(1.0)  # says nothing
    assert cllr(np.array([50.0, -50.0]), true, np.ones(2)) == pytest.approx(0.0)
    assert cllr(np.array([-400.0, 400.0]), true, np.ones(2)) == pytest.approx(
        400 * math.log2(10)
    )  # no overflow


@given(scored)
def test_best_ratios_are_those_of_the_max_min_formula(pairs: list[tuple[float, bool]]) -> None:
    lr, true, one = arrays(pairs)
    assume(true.any() and not true.all())
    prior = true.mean()
    with np.errstate(divide="ignore"):
        fit = np.array(slow_isotonic(lr.tolist(), true.tolist()))
        expected = np.log10(fit / (1 - fit)) - np.log10(prior / (1 - prior))
    assert best_log10_lr(lr, true, one) == pytest.approx(expected)


@given(scored, st.floats(0.2, 5), st.floats(-3, 3))
def test_no_monotone_mapping_beats_cllr_min(
    pairs: list[tuple[float, bool]], slope: float, shift: float
) -> None:
    lr, true, one = arrays(pairs)
    assume(true.any() and not true.all())
    least = cllr_min(lr, true, one)
    assert least <= cllr(lr, true, one) + 1e-9
    assert least <= cllr(lr * slope + shift, true, one) + 1e-9
    assert least == pytest.approx(cllr_min(np.cbrt(lr) * slope + shift, true, one))
    assert 0 <= least <= 1 + 1e-9


@given(scored, st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_weights_are_repetitions(pairs: list[tuple[float, bool]], times: list[int]) -> None:
    lr, true, _ = arrays(pairs)
    weight = np.array(times[: len(lr)], dtype=float)
    again = np.repeat(np.arange(len(lr)), weight.astype(int))
    one = np.ones(len(again))
    probability = 1 / (1 + 10**-lr)
    for measure in (cllr, cllr_min):
        assert measure(lr, true, weight) == pytest.approx(measure(lr[again], true[again], one), nan_ok=True)
    for other in (brier, ece):
        got = other(probability, true, weight)
        assert got == pytest.approx(other(probability[again], true[again], one), nan_ok=True)


def test_brier_and_ece_by_hand() -> None:
    probability = np.array([0.92, 0.98, 0.15, 1.0])
    true = np.array([True, False, False, True])
    one = np.ones(4)
    assert brier(probability, true, one) == pytest.approx((0.08**2 + 0.98**2 + 0.15**2 + 0) / 4)
    # last interval: 0.92, 0.98, 1.0 with two true; second: 0.15 with none
    assert ece(probability, true, one) == pytest.approx((abs(2 - 2.9) + 0.15) / 4)


def test_reliability_rows_by_hand() -> None:
    rows = reliability(np.array([0.92, 0.98, 0.15, 1.0]), np.array([True, False, False, True]))
    assert [row["n"] for row in rows] == [1, 3]
    assert (rows[1]["from"], rows[1]["to"]) == (0.9, 1.0)
    assert (rows[1]["probability"], rows[1]["true"]) == pytest.approx((2.9 / 3, 2 / 3))


def test_a_mean_over_nothing_is_nan() -> None:
    empty = np.array([])
    assert math.isnan(mean(empty, empty))
    assert math.isnan(brier(empty, empty.astype(bool), empty))
    assert math.isnan(ece(empty, empty.astype(bool), empty))


def slow_least(lr: list[float], true: list[bool]) -> float:
    """The least Cllr of all monotone mappings: every way to cut the scores into runs, each with its best ratio."""
    values = sorted(set(lr))
    trues, untrues = sum(true), len(true) - sum(true)
    best = math.inf
    for cuts in itertools.product((False, True), repeat=len(values) - 1):
        runs = [[values[0]]]
        for value, cut in zip(values[1:], cuts, strict=True):
            runs.append([value]) if cut else runs[-1].append(value)
        ratios, cost = [], 0.0
        for run in runs:
            hits = sum(t for x, t in zip(lr, true, strict=True) if x in run)
            misses = sum(not t for x, t in zip(lr, true, strict=True) if x in run)
            ratio = hits / trues * untrues / misses if misses else math.inf
            ratios.append(ratio)
            cost += hits / trues * math.log2(1 + 1 / ratio) if hits else 0
            cost += misses / untrues * math.log2(1 + ratio) if misses else 0
        if ratios == sorted(ratios):
            best = min(best, cost / 2)
    return best


@given(st.lists(st.tuples(st.integers(-3, 3).map(float), st.booleans()), min_size=2, max_size=10))
def test_cllr_min_is_the_least_of_all_monotone_mappings(pairs: list[tuple[float, bool]]) -> None:
    lr, true, one = arrays(pairs)
    assume(true.any() and not true.all())
    assert cllr_min(lr, true, one) == pytest.approx(slow_least(lr.tolist(), true.tolist()))
    assert cllr_min(lr, true, one) == pytest.approx(cllr(best_log10_lr(lr, true, one), true, one))


def test_cllr_min_of_known_cases() -> None:
    true = np.array([True, True, False, False])
    assert cllr_min(np.array([2.0, 3, 0, 1]), true, np.ones(4)) == pytest.approx(0.0)  # told apart
    assert cllr_min(np.array([0.0, 1, 2, 3]), true, np.ones(4)) == pytest.approx(1.0)  # the wrong way round
    assert cllr_min(np.zeros(4), true, np.ones(4)) == pytest.approx(1.0)
    assert math.isnan(least_cllr(np.array([1.0]), np.array([0.0])))


@given(scored, st.integers(2, 30))
def test_tippett_counts_pairs_at_or_above(pairs: list[tuple[float, bool]], points: int) -> None:
    lr, true, _ = arrays(pairs)
    rows = tippett(lr, true, points)
    assert [rows[0]["log10_lr"], rows[-1]["log10_lr"]] == [lr.min(), lr.max()]
    for row in rows:
        for key, here in (("same", lr[true]), ("different", lr[~true])):
            x = row["log10_lr"]
            expected = sum(value >= x for value in here) / len(here) if len(here) else None
            assert row[key] == (None if expected is None else pytest.approx(expected))


def test_tippett_of_nothing_and_of_much() -> None:
    assert tippett(np.array([]), np.array([], dtype=bool)) == []
    assert len(tippett(np.arange(1000.0), np.arange(1000) % 2 == 0, 50)) == 50


def test_a_level_outcome_is_half_true() -> None:
    row = reliability(np.array([0.9, 0.9]), np.array([0.5, 1.0]))[0]
    assert row["true"] == 0.75

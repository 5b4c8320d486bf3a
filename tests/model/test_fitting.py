"""Fitted curves: what they recover from synthetic pairs whose likelihood ratios are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fitting import BINS, UNKNOWN, Curves, fit_curves, grid

LN10 = math.log(10)


def fitted(
    features: dict[str, Any], same: Any, weight: Any = None, offset: Any = None, **options: Any
) -> Curves:
    """Curves of features by name; the offset is the share of same-controller pairs by weight unless given."""
    weight = np.ones(len(same)) if weight is None else weight
    share = weight[same].sum() / weight.sum()
    offset = np.full(len(same), math.log(share / (1 - share))) if offset is None else offset
    grids = [grid(values, same) for values in features.values()]
    codes = np.stack([cells.codes(values) for cells, values in zip(grids, features.values(), strict=True)])
    return fit_curves(list(features), codes, grids, same, weight, offset, **options)


def at(found: Curves, name: str, x: Any) -> Any:
    return np.interp(x, found.knots[name], found.values[name])


def normal(n: int = 8_000, share: float = 0.2, apart: float = 2.0, seed: int = 0) -> tuple[Any, Any]:
    """Scores of unit variance, those of one controller `apart` higher; labels."""
    generator = np.random.default_rng(seed)
    same = generator.random(n) < share
    return generator.normal(0, 1, n) + apart * same, same


def test_a_known_ratio_is_recovered() -> None:
    score, same = normal(20_000)
    found = fitted({"x": score}, same, penalty=1e-6)
    x = np.linspace(-0.5, 3.0, 15)
    # Two normals of unit variance, 2 apart: the log ratio is 2 x - 2.
    np.testing.assert_allclose(at(found, "x", x), (2 * x - 2) / LN10, atol=0.2)


def test_two_independent_features_are_told_apart_and_copies_share() -> None:
    score, same = normal()
    other = np.random.default_rng(5).normal(0, 1, len(same)) + 1.0 * same
    both = fitted({"x": score, "y": other}, same, penalty=1e-6)
    x = np.linspace(0, 2, 9)
    # Both are always known, so that only the sum of their levels is: the rises are each one's own.
    np.testing.assert_allclose(at(both, "x", x) - at(both, "x", 0), 2 * x / LN10, atol=0.2)
    np.testing.assert_allclose(at(both, "y", x) - at(both, "y", 0), x / LN10, atol=0.2)
    np.testing.assert_allclose(at(both, "x", x) + at(both, "y", x), (3 * x - 2.5) / LN10, atol=0.2)
    # What two features say twice counts once.
    twice = fitted({"x": score, "copy": score}, same, penalty=1e-6)
    np.testing.assert_allclose(at(twice, "x", x) + at(twice, "copy", x), (2 * x - 2) / LN10, atol=0.2)


def test_a_value_below_chance_counts_against() -> None:
    generator = np.random.default_rng(3)
    same = generator.random(20_000) < 0.3
    alike = (generator.random(20_000) < np.where(same, 0.8, 0.1)).astype(float)
    found = fitted({"x": alike}, same, penalty=1e-6)
    assert at(found, "x", 1.0) == pytest.approx(math.log10(0.8 / 0.1), abs=0.05)
    assert at(found, "x", 0.0) == pytest.approx(math.log10(0.2 / 0.9), abs=0.05)


def test_the_mean_prediction_is_the_share() -> None:
    score, same = normal(share=0.1)
    found = fitted({"x": score}, same, penalty=1e-7)
    odds = math.log(same.mean() / (1 - same.mean())) + LN10 * at(found, "x", score)
    assert (1 / (1 + np.exp(-odds))).mean() == pytest.approx(same.mean(), rel=0.02)


def test_weights_stand_for_pairs() -> None:
    # Strangers drawn one in ten, and counted ten times: the same curve as from all of them.
    score, same = normal(40_000)
    drawn = same | (np.random.default_rng(1).random(len(same)) < 0.1)
    weight = np.where(same, 1.0, 10.0)[drawn]
    part = fitted({"x": score[drawn]}, same[drawn], weight, penalty=1e-6)
    x = np.linspace(-0.5, 3.0, 8)
    np.testing.assert_allclose(at(part, "x", x), (2 * x - 2) / LN10, atol=0.25)


def test_worlds_of_other_shares_give_one_curve() -> None:
    parts = [normal(15_000, share, seed=n) for n, share in enumerate((0.05, 0.5))]
    score, same = (np.concatenate([part[n] for part in parts]) for n in range(2))
    shares = np.repeat([part[1].mean() for part in parts], 15_000)
    found = fitted({"x": score}, same, offset=np.log(shares / (1 - shares)), penalty=1e-6)
    x = np.linspace(-0.5, 3.0, 8)
    np.testing.assert_allclose(at(found, "x", x), (2 * x - 2) / LN10, atol=0.2)


def test_unknown_values_teach_nothing() -> None:
    score, same = normal()
    gone = np.random.default_rng(2).random(len(same)) < 0.5
    found = fitted({"x": np.where(gone, np.nan, score)}, same, penalty=1e-6)
    x = np.linspace(-0.5, 3.0, 8)
    np.testing.assert_allclose(at(found, "x", x), (2 * x - 2) / LN10, atol=0.25)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.floats(-3, 3))
def test_curves_never_fall(seed: int, apart: float) -> None:
    score, same = normal(600, 0.4, apart, seed)
    found = fitted({"x": score}, same, penalty=1e-4)
    assert (np.diff(found.values["x"]) >= -1e-12).all()
    assert (np.diff(found.knots["x"]) > 0).all()
    # Where the truth falls, the closest that does not is level.
    if apart < -0.5:
        assert np.ptp(found.values["x"]) < 0.3


def test_what_has_no_support_gets_no_curve() -> None:
    score, same = normal(5000)
    rare = np.where(np.cumsum(same) <= 49, score, np.nan)
    found = fitted({"x": score, "rare": rare, "never": np.full(5000, np.nan)}, same)
    assert set(found.values) == {"x"}
    enough = np.where(np.cumsum(same) <= 50, score, np.nan)
    assert set(fitted({"x": score, "rare": enough}, same).values) == {"x", "rare"}
    none = fitted({"rare": rare}, same)
    assert none.values == none.knots == {}


def test_an_absent_value_never_counts_for() -> None:
    generator = np.random.default_rng(4)
    same = generator.random(20_000) < 0.3

    def level(ours: float, theirs: float, name: str) -> float:
        absent = np.where(generator.random(20_000) < np.where(same, ours, theirs), 0.0, np.nan)
        found = fitted({name: absent}, same, absent=frozenset({"absent:x"}), penalty=1e-6)
        assert found.knots[name].tolist() == [0.0]
        return float(found.values[name][0])

    assert level(0.2, 0.8, "absent:x") == pytest.approx(math.log10(0.2 / 0.8), abs=0.05)
    assert level(0.8, 0.2, "absent:x") == 0.0
    assert level(0.8, 0.2, "x") == pytest.approx(math.log10(0.8 / 0.2), abs=0.05)


def test_penalties_shrink_and_progress_is_told() -> None:
    score, same = normal(3000)
    seen: list[tuple[int, float]] = []
    free = fitted({"x": score}, same, penalty=1e-6, progress=lambda number, loss: seen.append((number, loss)))
    tight = fitted({"x": score}, same, penalty=1.0)
    assert np.abs(tight.values["x"]).max() < np.abs(free.values["x"]).max() / 2
    assert [number for number, _ in seen] == list(range(1, free.iterations + 1))
    assert seen[-1][1] == pytest.approx(free.loss)
    assert seen[-1][1] <= seen[0][1]
    assert fitted({"x": score}, same, most=1).iterations == 1


def test_a_fit_is_deterministic() -> None:
    score, same = normal(3000)
    one, two = (fitted({"x": score, "y": score**2}, same) for _ in range(2))
    assert one.loss == two.loss
    for name in one.values:
        np.testing.assert_array_equal(one.values[name], two.values[name])


def test_bins_and_their_edges() -> None:
    values = np.array([0.0, 1.0, 1.0, 5.0, np.nan])
    cells = grid(values, np.array([True, True, False, False, True]))
    codes = cells.codes(values)
    assert codes[-1] == UNKNOWN
    # Every value falls into the bin whose own value is nearest.
    np.testing.assert_allclose(cells.at[codes[:-1]], values[:-1], atol=0.05)
    assert cells.pairs == 2
    many = grid(np.random.default_rng(0).random(10_000), np.arange(10_000) % 2 == 0)
    assert len(many.at) <= BINS < UNKNOWN
    assert len(many.edges) == len(many.at) - 1
    empty = grid(np.full(3, np.nan), np.ones(3, dtype=bool))
    assert empty.pairs == 0
    assert empty.codes(np.full(3, np.nan)).tolist() == [UNKNOWN] * 3

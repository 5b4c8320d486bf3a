"""Limits of sums: Venn-Abers bounds in each world, quantiles over worlds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from graphattr.links.samples import Sample
from graphattr.training.drawn import Drawn
from graphattr.training.limits import AT, HIGH, LEAST, LOW, reliability
from models import AdditiveModel, Curve, field_guided_model
from models.additive import Limits

#: One feature whose value is the log10 likelihood ratio itself.
MODEL: AdditiveModel = field_guided_model().model_copy(
    update={
        "caps": dict.fromkeys(field_guided_model().caps, 20.0),
        "curves": {"hours": Curve(group="timing", knots=(-12.0, 12.0), values=(-12.0, 12.0), pairs=99)},
    }
)
ODDS = -2.0  # log10 prior odds


def world(seed: int, off: float = 0.0, pairs: int = 4000) -> Drawn:
    """Candidates whose ratio is `off` less than the model says."""
    generator = np.random.default_rng(seed)
    ratio = generator.choice(AT[8:22], pairs)
    same = generator.random(pairs) < 1 / (1 + 10 ** -(ratio - off + ODDS))
    a = np.arange(pairs)
    sample = Sample(
        a, a + 1, {"hours": ratio}, same, np.ones(pairs), ODDS * np.log(10), np.ones(pairs, bool), a, a + 1
    )
    return Drawn(sample, np.full(pairs + 1, "x"))


def spread(limits: Limits | None, at: float) -> tuple[float, float]:
    assert limits is not None
    low, high = limits.of(np.array([at]))
    return float(low[0]), float(high[0])


def test_where_all_worlds_are_alike_the_limits_are_close() -> None:
    found = reliability(MODEL, [world(seed) for seed in range(8)])
    low, high = spread(found.limits, 2.0)
    assert 1.7 < low < 2.0 < high < 2.3
    assert found.within is not None
    assert 0.75 < found.within < 1  # of eight worlds; nine in ten with many


def test_where_worlds_differ_the_limits_are_as_wide() -> None:
    found = reliability(MODEL, [world(seed, off) for seed, off in enumerate(np.linspace(-1, 1, 9))])
    low, high = spread(found.limits, 2.0)
    assert 0.9 < low < 1.4
    assert 2.6 < high < 3.1


def test_a_sum_that_hardly_occurs_has_wide_limits() -> None:
    found = reliability(MODEL, [world(seed, pairs=300) for seed in range(6)])
    low, high = spread(found.limits, 9.0)
    assert low < 7
    assert high - low > 2


def test_limits_equal_a_plain_venn_abers_predictor() -> None:
    worlds = [world(seed, pairs=200) for seed in range(LEAST)]
    sides: dict[int, list[list[float]]] = {0: [], 1: []}
    for one in worlds:
        ratio = one.sample.features["hours"]
        for label, rows in sides.items():
            row = []
            for at in AT:
                x, y = np.append(ratio, at), np.append(one.sample.same, label)
                p = IsotonicRegression().fit(x, y).predict([at])[0]
                row.append(np.log10(max(p, 1e-9)) - np.log10(max(1 - p, 1e-9)) - ODDS)
            rows.append(row)
    limits = reliability(MODEL, worlds).limits
    assert limits is not None
    assert limits.worlds == LEAST
    for label, quantile, found in ((0, LOW, limits.low), (1, HIGH, limits.high)):
        expected = np.maximum.accumulate(np.quantile(sides[label], quantile, axis=0))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_few_worlds_and_worlds_of_one_kind_tell_nothing() -> None:
    few = [world(seed) for seed in range(LEAST - 1)]
    alone = world(99)
    alone.sample.same[:] = False
    found = reliability(MODEL, [*few, alone])
    assert found.limits is None
    assert found.within is None


def test_the_sum_lies_between_its_limits_and_past_the_ends_they_keep_their_distance() -> None:
    limits = Limits(at=(0.0, 1.0), low=(-1.0, 2.0), high=(0.5, 2.5), worlds=9)
    low, high = limits.of(np.array([0.0, 1.0, 3.0, -4.0]))
    assert low.tolist() == pytest.approx([-1.0, 1.0, 3.0, -5.0])
    assert high.tolist() == pytest.approx([0.5, 2.5, 4.5, -3.5])


def test_limits_belong_to_the_sum_of_all_curves() -> None:
    limits = Limits(at=(0.0,), low=(0.0,), high=(0.0,), worlds=9)
    model = MODEL.model_copy(update={"limits": limits})
    assert model.restricted(model.curves.keys()).limits == limits
    assert model.restricted(()).limits is None
    with pytest.raises(ValueError, match="ascending sums"):
        Limits(at=(1.0, 0.0), low=(0.0, 0.0), high=(0.0, 0.0), worlds=1)

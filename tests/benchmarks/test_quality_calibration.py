import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality.calibration import fit
from graphattr.evaluate.scores import cllr


def test_a_score_that_says_nothing_becomes_a_ratio_of_about_one() -> None:
    same = np.arange(1000) % 4 == 0
    found = fit(np.zeros(1000), same)
    assert found(np.array([-5.0, 0.0, 5.0])) == pytest.approx([0, 0, 0], abs=0.01)
    assert found.prior == pytest.approx(np.log10(1 / 3))


def test_scores_on_the_wrong_scale_are_mended() -> None:
    rng = np.random.default_rng(0)
    same = np.repeat([True, False], 4000)
    lr = rng.normal(np.where(same, 2.0, -2.0), 2.0) / np.log(10)  # a true log likelihood ratio, in log10
    one = np.ones(len(same))
    assert cllr(lr * 9, same, one) > 1
    assert cllr(fit(lr * 9, same)(lr * 9), same, one) == pytest.approx(cllr(lr, same, one), abs=0.02)


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40))
def test_ratios_rise_with_the_score_and_stay_within_what_the_pairs_carry(
    rows: list[tuple[int, bool]],
) -> None:
    score, same = np.array([float(s) for s, _ in rows]), np.array([t for _, t in rows])
    if same.all() or not same.any():
        with pytest.raises(ValueError, match="true and untrue"):
            fit(score, same)
        return
    found = fit(score, same)(np.linspace(-9, 9, 50))
    assert (np.diff(found) >= -1e-12).all()
    assert np.abs(found).max() <= 2 * np.log10(len(rows) + 2)

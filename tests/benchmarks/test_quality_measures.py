import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import measures
from benchmarks.quality.measures import Truth, difference, over_worlds, pairs, partition, pooled, strata

#: Accounts 0 to 2 of one operator, 3 to 5 innocent (5 shares an employer with 4).
TRUTH = Truth(
    np.array([1, 1, 1, 2, 3, 3]),
    np.array([False, False, False, True, True, True]),
    np.array(["single_operator"] * 3 + ["independent", "organisation", "organisation"], dtype=object),
)


def test_innocents_in_an_operators_ring_cost_precision_and_are_counted() -> None:
    found = partition(np.array([0, 0, 2, 0, 4, 4]), TRUTH)
    # Accounts 0 and 1 in a ring of three with one stranger, account 2 alone.
    assert found["precision"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert found["wrong"] == pytest.approx(1 / 5)
    assert found["mixed"] == pytest.approx(1 / 3)
    assert found["exposed"] == pytest.approx(1 / 3)
    assert found["innocent_in_rings"] == pytest.approx(1.0)


def test_the_truth_itself_is_right_and_singles_are_no_rings() -> None:
    right = partition(TRUTH.owner, TRUTH)
    assert (right["f1"], right["f1_all"], right["wrong"], right["mixed"]) == (1, 1, 0, 0)
    alone = partition(np.arange(6), TRUTH)
    assert np.isnan(alone["wrong"])
    assert alone["innocent_in_rings"] == 0


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_shares_are_shares(label: list[int]) -> None:
    found = [value for value in partition(np.array(label), TRUTH).values() if not np.isnan(value)]
    assert all(0 <= value <= 1 for value in found)


def test_pairs_are_measured_by_kind_of_either_end() -> None:
    a, b = np.array([0, 0, 3, 4]), np.array([1, 3, 4, 5])
    of = strata(TRUTH, a, b)
    assert of["independent"].tolist() == [False, True, True, False]
    found = pairs(np.array([2.0, -2.0, -2.0, 2.0]), 0.0, TRUTH.same(a, b), of)
    assert found["all"]["cllr"] == pytest.approx(np.log2(1 + 0.01))
    assert found["all"]["cllr_min"] == pytest.approx(0, abs=1e-9)
    assert np.isnan(found["independent"]["cllr"])
    assert found["independent"]["cost_untrue"] == pytest.approx(np.log2(1.01))
    assert found["independent"]["ece"] == pytest.approx(1 / 101)


def test_silence_costs_one_bit_and_the_prior_is_then_the_probability() -> None:
    same = np.array([True, False, False, False])
    found = pairs(np.zeros(4), float(np.log10(1 / 3)), same, {"all": np.ones(4, dtype=bool)})
    assert found["all"]["cllr"] == pytest.approx(1)
    assert found["all"]["ece"] == pytest.approx(0, abs=1e-12)


def test_intervals_are_over_worlds_and_the_same_twice() -> None:
    found = over_worlds([0.1, 0.2, 0.6, float("nan")])
    assert found.value == pytest.approx(0.3)
    assert found.n == 3
    assert 0.1 <= found.low < 0.3 < found.high <= 0.6
    assert found == over_worlds([0.1, 0.2, 0.6, float("nan")])
    assert over_worlds([0.4]).low is None
    assert over_worlds([float("nan")]).value is None


def test_pooled_is_a_ratio_of_sums_not_a_mean_of_ratios() -> None:
    found = pooled([1.0, 0.0, 9.0], [10.0, 0.0, 10.0])
    assert found.value == pytest.approx(0.5)
    assert pooled([0.0], [0.0]).value is None


def test_a_difference_is_the_second_less_the_first() -> None:
    found = difference([0.1, 0.2, 0.3], [0.5, 0.6, 0.7])
    assert found.value == pytest.approx(0.4)
    assert found.low > 0.2
    assert difference([], [0.1]).value is None


def test_an_account_that_the_truth_lacks_is_an_error(tmp_path) -> None:
    frame = pl.DataFrame(
        {"account_id": ["a"], "controller": ["a"], "innocent": [True], "kind": ["independent"]}
    )
    frame.write_parquet(tmp_path / "truth.parquet")
    assert Truth.read(tmp_path / "truth.parquet", pl.Series(["a"])).kind.tolist() == ["independent"]
    with pytest.raises(ValueError, match="1 accounts"):
        measures.Truth.read(tmp_path / "truth.parquet", pl.Series(["a", "b"]))

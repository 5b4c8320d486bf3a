"""B-cubed and pairwise against the definitions, pair by pair."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.evaluate.partition import bcubed, codes, pairwise, pairwise_of, per_account

partitions = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2)
)


def slow_bcubed(pred: list[int], truth: list[int]) -> tuple[float, float]:
    """Bagga and Baldwin: for each account, the right share of its ring, the found share of its class."""
    precision, recall = [], []
    for i in range(len(pred)):
        ring = {j for j in range(len(pred)) if pred[j] == pred[i]}
        mine = {j for j in range(len(pred)) if truth[j] == truth[i]}
        precision.append(len(ring & mine) / len(ring))
        recall.append(len(ring & mine) / len(mine))
    return sum(precision) / len(pred), sum(recall) / len(pred)


def slow_pairs(labels: list[int]) -> set[tuple[int, int]]:
    return {(i, j) for j in range(len(labels)) for i in range(j) if labels[i] == labels[j]}


@given(partitions)
def test_bcubed_is_its_definition(case: tuple[list[int], list[int]]) -> None:
    got = bcubed(np.array(case[0]), np.array(case[1]))
    precision, recall = slow_bcubed(*case)
    assert (got.precision, got.recall) == pytest.approx((precision, recall))
    assert got.f1 == pytest.approx(2 * precision * recall / (precision + recall))


@given(partitions)
def test_pairwise_counts_pairs(case: tuple[list[int], list[int]]) -> None:
    got = pairwise(np.array(case[0]), np.array(case[1]))
    found, true = slow_pairs(case[0]), slow_pairs(case[1])
    right = len(found & true)
    assert math.isnan(got.precision) if not found else got.precision == pytest.approx(right / len(found))
    assert math.isnan(got.recall) if not true else got.recall == pytest.approx(right / len(true))
    if found and true:
        assert got.f1 == pytest.approx(2 * right / (len(found) + len(true)))


@given(partitions, st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_weights_are_repetitions_of_the_terms(case: tuple[list[int], list[int]], times: list[int]) -> None:
    terms = per_account(np.array(case[0]), np.array(case[1]))
    weight = np.array(times[: len(case[0])], dtype=float)
    right, ring = (terms.together - 1) @ weight, (terms.ring - 1) @ weight
    got = pairwise_of(terms, weight).precision
    assert math.isnan(got) if ring == 0 else got == pytest.approx(right / ring)


def test_a_published_example() -> None:
    """Bagga and Baldwin 1998: {1-5}, {6,7}, {8-C}; a wrong merge of the last two, or of the ends."""
    truth = np.array([1] * 5 + [2] * 2 + [3] * 5)
    merged_small = bcubed(np.array([1] * 5 + [2] * 7), truth)
    merged_large = bcubed(np.array([1] * 5 + [2] * 2 + [1] * 5), truth)
    assert (merged_small.precision, merged_small.recall) == pytest.approx((0.7619, 1.0), abs=5e-5)
    assert (merged_large.precision, merged_large.recall) == pytest.approx((0.5833, 1.0), abs=5e-5)


def test_an_account_in_no_ring_stands_alone() -> None:
    members = pl.DataFrame({"account_id": ["b", "d", "x"], "ring_id": ["R1", "R1", "R1"]})
    label = codes(members, pl.Series(["a", "b", "c", "d"]))
    assert label[1] == label[3]
    assert len({label[0], label[1], label[2]}) == 3


def test_no_rings_at_all() -> None:
    members = pl.DataFrame(
        {"account_id": [], "ring_id": []}, schema={"account_id": pl.String, "ring_id": pl.String}
    )
    assert len(set(codes(members, pl.Series(["a", "b"])))) == 2

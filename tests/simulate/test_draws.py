"""Chance: streams, hashes and draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.draws import (
    choose,
    choose_rows,
    count,
    lognormal,
    mix,
    partly,
    scale,
    stream,
    unit,
    words,
    zipf,
)

whole = st.integers(-(2**62), 2**62)


@given(st.lists(whole, min_size=1, max_size=50, unique=True), whole)
def test_words_are_one_to_one_and_keyed(values: list[int], key: int) -> None:
    got = words(key, np.array(values))
    assert len(set(got.tolist())) == len(values)
    assert (got != words(key + 1, np.array(values))).any()


@given(st.lists(whole, min_size=1, max_size=50))
def test_hashes_stay_in_their_ranges(values: list[int]) -> None:
    array = np.array(values)
    assert ((unit(array) >= 0) & (unit(array) < 1)).all()
    assert ((mix(array) >= 0) & (mix(array) < 2**62)).all()


def test_unit_is_spread_evenly() -> None:
    counts, _ = np.histogram(unit(3, np.arange(20_000)), bins=20, range=(0, 1))
    assert counts.min() > 850
    assert counts.max() < 1150


def test_a_stream_depends_on_seed_and_name_only() -> None:
    first = stream(1, "people").random(3).tolist()
    assert first == stream(1, "people").random(3).tolist()
    assert first != stream(1, "homes").random(3).tolist()
    assert first != stream(2, "people").random(3).tolist()


@given(st.floats(0, 0.999999), st.integers(1, 1000))
def test_zipf_stays_below_its_size(position: float, size: int) -> None:
    assert 0 <= int(zipf(np.array([position]), size)[0]) < size


def test_zipf_halves_from_first_to_second() -> None:
    ranks = zipf(stream(0, "zipf").random(200_000), 1000)
    assert (ranks == 0).sum() / (ranks == 1).sum() == pytest.approx(np.log(2) / np.log(1.5), rel=0.05)


def test_choose_follows_the_weights() -> None:
    rng = stream(0, "choose")
    assert (choose(rng, np.array([1.0, 0.0, 3.0]), 40_000) == 2).mean() == pytest.approx(0.75, abs=0.01)
    rows = choose_rows(rng, np.tile([0.0, 1.0, 1.0], (10_000, 1)))
    assert set(rows.tolist()) == {1, 2}


def test_small_helpers_respect_their_bounds() -> None:
    rng = stream(0, "bounds")
    assert {count(rng, (2, 4)) for _ in range(100)} == {2, 3, 4}
    assert all(1 <= scale(rng, (1, 100)) <= 100 for _ in range(100))
    assert lognormal(rng, 10, 2, 1000, 50).max() == 50
    mixed = partly(rng, np.zeros(10_000, dtype=np.int64), 1, 0.3)
    assert mixed.mean() == pytest.approx(0.3, abs=0.02)

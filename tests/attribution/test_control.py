"""Error control: the chosen set against a search of all subsets, and its promise against simulated truth."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.attribution.control import MARGIN, CalibrationRings, attribute, e_values, threshold

Ring = tuple[float, int, float]

ring = st.tuples(
    st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.integers(1, 6), st.sampled_from([0.0, 0.5, 1.0])
)


def calibration(rings: list[Ring]) -> CalibrationRings:
    return CalibrationRings(
        np.array([score for score, _, _ in rings]),
        np.array([size for _, size, _ in rings], dtype=np.int64),
        np.array([wrong for _, _, wrong in rings]),
    )


def chosen(rings: list[Ring], known: list[list[Ring]], alpha: float, least: float = 0.0) -> set[int]:
    score, size = np.array([r[0] for r in rings]), np.array([r[1] for r in rings], dtype=np.int64)
    sets = [calibration(of) for of in known]
    return set(np.flatnonzero(attribute(score, size, sets, alpha, least).chosen).tolist())


def allowed(
    of: tuple[int, ...], rings: list[Ring], known: list[list[Ring]], alpha: float, least: float
) -> bool:
    """Whether every ring of the set has e_j >= r / (alpha * the set's accounts), by each set of known rings.

    Rings below the score `least` are not counted anywhere.
    """
    taken, looked_at = sum(rings[j][1] for j in of), sum(score >= least for score, _, _ in rings)
    for j in of:
        score, size, _ = rings[j]
        for sets in known:
            above = [(n, wrong) for s, n, wrong in sets if s >= least]
            e = (len(above) + 1) / (sum(n * wrong for n, wrong in above) + size)
            if score < least or not above or e < looked_at / (alpha * taken):
                return False
    return True


@settings(deadline=None, max_examples=200)
@given(
    st.lists(ring, min_size=1, max_size=6),
    st.lists(st.lists(ring, min_size=1, max_size=8), min_size=1, max_size=2),
    st.integers(0, 60),
    st.sampled_from([0.1, 0.3, 0.6]),
    st.sampled_from([0.0, 0.4, 0.8]),
)
def test_the_largest_allowed_set_is_chosen(
    rings: list[Ring], known: list[list[Ring]], fine: int, alpha: float, least: float
) -> None:
    known = [
        of + [(0.5, 3, 0.0)] * fine for of in known
    ]  # rings that went well, so that something is attributed
    sets = [of for n in range(1, len(rings) + 1) for of in combinations(range(len(rings)), n)]
    fits = [set(of) for of in sets if allowed(of, rings, known, alpha, least)]
    # The union of two allowed sets is allowed, so there is one that holds all others.
    assert chosen(rings, known, alpha, least) == (set.union(*fits) if fits else set())


def test_a_worked_example() -> None:
    # Loss from .5 on: 2 + 2. e = 100 / (4 + 2) for rings of two accounts, 100 / (4 + 6) for the one of six.
    rings = [(0.9, 2, 0.0), (0.5, 6, 0.0), (0.4, 2, 0.0)]
    known = [(0.6, 2, 1.0), (0.7, 4, 0.5), *[(0.8, 3, 0.0)] * 97]
    assert e_values(np.array([2, 6]), calibration(known)).tolist() == [100 / 6, 10.0]
    # Both need 2 / (alpha * 8): 10 at alpha = .025. Alone the first needs 2 / (alpha * 2): 16.7 at .06.
    assert chosen(rings, [known], 0.025, 0.5) == {0, 1}
    assert chosen(rings, [known], 0.0249, 0.5) == set()
    # What lies below the score changes nothing, neither in the run nor among known rings.
    assert chosen(rings[:2], [[*known, *[(0.2, 3, 1.0)] * 50]], 0.025, 0.5) == {0, 1}


def test_the_worst_set_of_known_rings_decides() -> None:
    rings, fine = [(0.9, 2, 0.0)], [(0.9, 2, 0.0)] * 199
    bad = [*fine[:-1], (0.9, 4, 1.0)]
    assert chosen(rings, [fine], 0.01) == {0}
    assert chosen(rings, [fine, fine], 0.01) == {0}
    assert chosen(rings, [fine, bad], 0.01) == set()
    assert chosen(rings, [fine, []], 0.01) == set()


def test_without_known_rings_nothing_is_attributed() -> None:
    assert chosen([(1.0, 5, 0.0), (0.9, 2, 0.0)], [[]], 0.99) == set()
    assert chosen([(1.0, 5, 0.0), (0.9, 2, 0.0)], [], 0.99) == set()


def test_no_rings() -> None:
    assert chosen([], [[(0.5, 2, 0.0)]], 0.5) == set()


def test_few_known_rings_promise_nothing_however_well_they_went() -> None:
    rings = [(1.0, 2, 0.0)]
    # One ring of two accounts at alpha = 1 %: e >= 1 / (.01 * 2) needs (n + 1) / 2 >= 50.
    assert chosen(rings, [[(0.1, 2, 0.0)] * 98], 0.01) == set()
    assert chosen(rings, [[(0.1, 2, 0.0)] * 99], 0.01) == {0}


def test_the_score_is_chosen_so_that_rings_above_it_are_right() -> None:
    a = calibration([(0.9, 10, 0.0), (0.7, 10, 0.0), (0.5, 10, 0.1), (0.3, 10, 1.0)])
    # Shares of wrong accounts from each score on: 0, 0, 1/30, 11/40.
    assert threshold([a], 0.1) == 0.5
    assert threshold([a], 1 / 30 / MARGIN - 0.001) == 0.7
    b = calibration([(0.8, 5, 0.0), (0.6, 5, 1.0)])
    assert threshold([a, b], 0.1) == 0.7
    assert threshold([a, calibration([(0.2, 5, 1.0)])], 0.1) == float("inf")
    assert threshold([a, calibration([])], 0.1) == float("inf")
    assert threshold([], 0.1) == float("inf")


def test_of_the_scores_that_are_right_enough_one_is_taken_that_an_e_value_can_reach() -> None:
    # One wrong ring of ten among the lowest scores: .06 alpha N is not used up by it, but its ten accounts are as
    # many as an e-value has to spare.
    right = [(0.9, 10, 0.0)] * 40 + [(0.7, 10, 0.0)] * 20
    every = calibration([*right, (0.5, 10, 1.0)])
    # From .9 on: .05 * 400 / 10 = 2; from .7 on: .05 * 600 / 10 = 3; from .5 on: .05 * 610 / 20 = 1.5.
    assert threshold([every], 0.05) == 0.7
    # With more of alpha it may be the lowest, with less none has the slack, and the best is taken.
    assert threshold([every], 0.07) == 0.5
    assert threshold([every], 0.02) == 0.7
    # Every family must have it.
    assert threshold([every, calibration([(0.9, 10, 0.0)] * 40 + [(0.8, 10, 0.4)] * 2)], 0.05) == 0.9


def simulated(
    generator: np.random.Generator, number: int, hard: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, size and wrong share of rings of one to thirty accounts; `hard`: how many go wrong."""
    wrong = np.where(generator.random(number) < hard, generator.choice([0.3, 1.0], number), 0.0)
    score = np.where(wrong > 0, generator.beta(3, 4, number), generator.beta(8, 2, number))
    return score, np.ceil(30 ** generator.random(number)).astype(np.int64), wrong


@pytest.mark.parametrize(("known", "most", "alpha"), [(60, 12, 0.2), (250, 6, 0.1), (1500, 30, 0.02)])
def test_the_mean_share_of_wrongly_attributed_accounts_keeps_the_promise(
    known: int, most: int, alpha: float
) -> None:
    """Two in five rings wrong: far more than alpha, so the rule has work to do; runs of any number of rings."""
    generator = np.random.default_rng(known)
    shares, reach = [], []
    for _ in range(1500):
        tuned = CalibrationRings(*simulated(generator, 400, 0.4))
        least = threshold([tuned], alpha)
        score, size, wrong = simulated(generator, int(generator.integers(1, most + 1)), 0.4)
        truth = CalibrationRings(*simulated(generator, known, 0.4))
        taken = attribute(score, size, [truth], alpha, least).chosen
        accounts, bad = size[taken].sum(), (size * wrong)[taken].sum()
        shares.append(bad / max(accounts, 1))
        reach.append(accounts / size.sum())
    error = np.std(shares) / len(shares) ** 0.5
    assert np.mean(shares) <= alpha + 3 * error
    # It is a promise with something in it: rings are attributed.
    assert np.mean(reach) > 0.1


def test_the_promise_holds_where_the_run_is_like_one_of_the_families() -> None:
    generator = np.random.default_rng(7)
    shares = []
    for _ in range(1000):
        families = [CalibrationRings(*simulated(generator, 300, hard)) for hard in (0.05, 0.5)]
        least = threshold([CalibrationRings(*simulated(generator, 300, hard)) for hard in (0.05, 0.5)], 0.1)
        score, size, wrong = simulated(generator, 8, 0.5)
        taken = attribute(score, size, families, 0.1, least).chosen
        shares.append((size * wrong)[taken].sum() / max(size[taken].sum(), 1))
    assert np.mean(shares) <= 0.1 + 3 * np.std(shares) / len(shares) ** 0.5

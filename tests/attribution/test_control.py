"""Error control: the chosen set against a search of all subsets, and its promise against simulated truth."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.attribution.control import CalibrationRings, attribute

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


def chosen(rings: list[Ring], known: list[Ring], alpha: float) -> set[int]:
    score, size = np.array([r[0] for r in rings]), np.array([r[1] for r in rings], dtype=np.int64)
    return set(np.flatnonzero(attribute(score, size, calibration(known), alpha)).tolist())


def allowed(of: tuple[int, ...], rings: list[Ring], known: list[Ring], alpha: float) -> bool:
    """Whether every ring of the set has e_j >= G / (alpha * sum of the set's accounts)."""
    accounts = sum(size for _, size, _ in rings)
    taken = sum(rings[j][1] for j in of)
    for j in of:
        score, size, _ = rings[j]
        loss = sum(n * wrong for s, n, wrong in known if s >= score)
        if (len(known) + 1) / (loss + size) < accounts / (alpha * taken):
            return False
    return True


@settings(deadline=None, max_examples=200)
@given(
    st.lists(ring, min_size=1, max_size=6),
    st.lists(ring, min_size=1, max_size=8),
    st.integers(0, 60),
    st.sampled_from([0.1, 0.3, 0.6]),
)
def test_the_largest_allowed_set_is_chosen(
    rings: list[Ring], known: list[Ring], fine: int, alpha: float
) -> None:
    known = known + [(0.5, 3, 0.0)] * fine  # rings that went well, so that something can be attributed
    sets = [of for n in range(1, len(rings) + 1) for of in combinations(range(len(rings)), n)]
    fits = [set(of) for of in sets if allowed(of, rings, known, alpha)]
    # The union of two allowed sets is allowed, so there is one that holds all others.
    assert chosen(rings, known, alpha) == (set.union(*fits) if fits else set())


def test_a_worked_example() -> None:
    # Ring 0: no loss above, e = 100 / 2 = 50; ring 1: loss 2 + 2, e = 100 / 6. G = 4, alpha = 0.1.
    rings = [(0.9, 2, 0.0), (0.5, 2, 0.0)]
    known = [(0.6, 2, 1.0), (0.7, 4, 0.5), *[(0.2, 3, 1.0)] * 97]
    # Alone ring 0 needs 4 / (0.1 * 2) = 20; both need 10: ring 1 gets in with ring 0, not alone.
    assert chosen(rings, known, 0.1) == {0, 1}
    assert chosen(rings, known, 0.05) == {0}
    assert chosen(rings, known, 0.01) == set()


def test_without_known_rings_nothing_is_attributed() -> None:
    assert chosen([(1.0, 5, 0.0), (0.9, 2, 0.0)], [], 0.99) == set()


def test_no_rings() -> None:
    assert chosen([], [(0.5, 2, 0.0)], 0.5) == set()


def test_few_known_rings_promise_nothing_however_well_they_went() -> None:
    rings = [(1.0, 2, 0.0)]
    # One ring of two accounts at alpha = 1 %: e >= 100 needs (n + 1) / 2 >= 100.
    assert chosen(rings, [(0.1, 2, 0.0)] * 198, 0.01) == set()
    assert chosen(rings, [(0.1, 2, 0.0)] * 199, 0.01) == {0}


def test_a_known_ring_that_went_wrong_counts_against_rings_of_its_score_and_below() -> None:
    fine = [(0.5, 2, 0.0)] * 199
    assert chosen([(0.5, 2, 0.0)], [*fine, (0.5, 2, 1.0)], 0.01) == set()
    assert chosen([(0.51, 2, 0.0)], [*fine, (0.5, 2, 1.0)], 0.01) == {0}


@pytest.mark.parametrize(("known", "rings", "alpha"), [(60, 8, 0.2), (200, 3, 0.1), (150, 40, 0.2)])
def test_the_mean_share_of_wrongly_attributed_accounts_keeps_the_promise(
    known: int, rings: int, alpha: float
) -> None:
    """Rings of one to three accounts, two in five of them wrong: more than twice alpha, so the rule has work to do."""
    generator = np.random.default_rng(known)
    shares, reach = [], []
    for _ in range(800):
        wrong = (generator.random(known + rings) < 0.4).astype(float)
        size = generator.integers(1, 4, known + rings)
        score = np.where(wrong > 0, generator.beta(3, 4, known + rings), generator.beta(8, 2, known + rings))
        truth = CalibrationRings(score[:known], size[:known], wrong[:known])
        taken = attribute(score[known:], size[known:], truth, alpha)
        accounts, bad = size[known:][taken].sum(), (size * wrong)[known:][taken].sum()
        shares.append(bad / max(accounts, 1))
        reach.append(accounts / size[known:].sum())
    error = np.std(shares) / len(shares) ** 0.5
    assert np.mean(shares) <= alpha + 3 * error
    # It is a promise with something in it: rings are attributed.
    assert np.mean(reach) > 0.1

"""Leiden, the resolution, and rings of a minimum size."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from links.worlds import scored_of

from graphattr.links.score import Scored
from graphattr.rings.group import RESOLUTION_RANGE, group, resolution, resolve
from graphattr.rings.guards import Vetoes
from graphattr.rings.leiden import leiden
from graphattr.settings import LinkSettings, RingSettings

LINKS = LinkSettings()
RINGS = RingSettings()
STRONG = {"device": 3.0, "payment": 3.0}
NO_LINK = np.empty(0, dtype=np.int64)


def free(size: int) -> Vetoes:
    return Vetoes(np.zeros(size, dtype=bool), np.full(size, -1))


def clique(*accounts: int) -> dict[tuple[int, int], dict[str, float]]:
    return dict.fromkeys(combinations(accounts, 2), STRONG)


def solved(scored: Scored, size: int, veto: Vetoes | None = None, rings: RingSettings = RINGS) -> list[int]:
    return resolve(scored, veto or free(size), size, 0, LINKS, rings).tolist()


edges = st.dictionaries(st.sampled_from(list(combinations(range(10), 2))), st.floats(0.01, 1), max_size=25)


@settings(deadline=None, max_examples=50)
@given(edges, st.integers(0, 5), st.sampled_from([0.05, 0.3, 0.5]))
def test_leiden_is_a_function_of_its_input_and_seed(
    of: dict[tuple[int, int], float], seed: int, limit: float
) -> None:
    a, b = (np.array([pair[end] for pair in of], dtype=np.int64) for end in (0, 1))
    weight = np.array(list(of.values()))

    def run(number: int) -> np.ndarray:
        return leiden(10, a, b, weight, resolution=limit, seed=number, iterations=10)

    labels = run(seed)
    run(seed + 1)
    np.testing.assert_array_equal(run(seed), labels)
    for label in set(labels.tolist()):
        members = np.flatnonzero(labels == label)
        assert label == members.min()
        # A community is never worse off apart: its mean weight over all pairs is at least the resolution.
        inside = weight[np.isin(a, members) & np.isin(b, members)].sum()
        assert inside >= limit * len(members) * (len(members) - 1) / 2 - 1e-9


def test_leiden_cuts_where_the_density_falls_below_the_resolution() -> None:
    pairs = [*combinations(range(4), 2), *combinations(range(4, 8), 2), (3, 4)]
    a, b = (np.array([pair[end] for pair in pairs]) for end in (0, 1))

    def labels(limit: float) -> list[int]:
        return leiden(8, a, b, np.full(13, 0.9), resolution=limit, seed=0, iterations=10).tolist()

    assert labels(0.2) == [0] * 4 + [4] * 4
    assert labels(0.01) == [0] * 8
    assert labels(0.95) == list(range(8))


def test_leiden_without_links() -> None:
    labels = leiden(3, NO_LINK, NO_LINK, np.empty(0), resolution=0.1, seed=0, iterations=1)
    assert labels.tolist() == [0, 1, 2]


def test_resolution_is_c_times_the_root_of_the_background_density() -> None:
    # Each pair's log10 odds are 0: probability 1/2, of three among ten accounts' 45 pairs.
    scored = scored_of({pair: {"device": 2.0} for pair in [(0, 1), (2, 3), (4, 5)]}, prior=-2.0)
    density = 3 * 0.5 / 45
    assert resolution(scored, 10, RingSettings(resolution=1.0)) == pytest.approx(density**0.5)
    assert resolution(scored, 10, RingSettings(resolution=2.0)) == pytest.approx(2 * density**0.5)


def test_resolution_stays_in_its_range() -> None:
    sure = scored_of(clique(0, 1, 2), prior=3.0)
    none = scored_of({}, prior=-2.0)
    assert resolution(sure, 3, RINGS) == RESOLUTION_RANGE[1]
    assert resolution(none, 10**6, RINGS) == RESOLUTION_RANGE[0]
    assert resolution(none, 1, RINGS) == RESOLUTION_RANGE[0]


def test_two_cliques_are_two_rings() -> None:
    scored = scored_of(clique(0, 1, 2) | clique(3, 4, 5))
    assert solved(scored, 100) == [0, 0, 0, 3, 3, 3, *range(6, 100)]


def test_a_link_below_the_minimum_does_not_count() -> None:
    weak = scored_of({(0, 1): {"device": 0.1}, (2, 3): STRONG}, prior=-2.2)
    assert weak.probability[0] < LINKS.min_probability
    assert solved(weak, 100, rings=RingSettings(resolution=1e-9))[:4] == [0, 1, 2, 2]


def test_a_contradicted_link_does_not_count() -> None:
    scored = scored_of(clique(0, 1) | clique(2, 3) | clique(4, 5))
    veto = Vetoes(np.arange(100) == 0, np.where(np.arange(100) == 2, 1, np.where(np.arange(100) == 3, 2, -1)))
    assert solved(scored, 100, veto)[:6] == [0, 1, 2, 3, 4, 4]
    grouping = group(scored, np.arange(100) // 2 * 2, veto, LINKS, RINGS)
    assert grouping.rings.tolist() == [4]
    assert grouping.links.tolist() == [2]


@pytest.mark.parametrize(("least", "expected"), [(2, [0, 3]), (3, [0]), (4, [])])
def test_rings_have_a_minimum_size(least: int, expected: list[int]) -> None:
    scored = scored_of(clique(0, 1, 2) | clique(3, 4))
    entity = np.array([0, 0, 0, 3, 3, 5])
    grouping = group(scored, entity, free(6), LINKS, RingSettings(min_size=least))
    assert grouping.rings.tolist() == expected
    assert grouping.entity.tolist() == entity.tolist()


def test_links_of_a_grouping_lie_inside_its_rings() -> None:
    scored = scored_of(clique(0, 1, 2) | clique(3, 4) | {(2, 3): STRONG})
    grouping = group(scored, np.array([0, 0, 0, 3, 3]), free(5), LINKS, RINGS)
    found = scored.candidates
    pairs = set(zip(found.a[grouping.links].tolist(), found.b[grouping.links].tolist(), strict=True))
    assert pairs == {(0, 1), (0, 2), (1, 2), (3, 4)}


def test_one_kind_of_evidence_makes_no_ring() -> None:
    scored = scored_of({pair: {"network": 4.0} for pair in combinations(range(4), 2)})
    entity = resolve(scored, free(50), 50, 0, LINKS, RINGS)
    assert entity.tolist()[:4] == [0] * 4
    assert group(scored, entity, free(50), LINKS, RINGS).rings.tolist() == []

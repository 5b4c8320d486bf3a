"""Cells that are joined into rings."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.rings.between import Links
from graphattr.rings.guards import Vetoes
from graphattr.rings.joining import Round, cells, joined, mutual
from models.joining import CASES, FEATURES, Case, Judge, Part

SIZE = 10
#: Sets share a controller as the best link between them says.
BY_BEST = Judge(
    cases={
        name: Case(odds=0.0, parts={"best": Part(knots=(-9.0, 9.0), values=(-9.0, 9.0))}, rows=1)
        for name in CASES
    }
)
#: The same, and a rival takes away from it.
BY_PULL = Judge(
    cases={
        name: Case(
            odds=-1.0,
            parts={
                "best": Part(knots=(-9.0, 9.0), values=(-9.0, 9.0)),
                "pull_least": Part(knots=(0.0, 1.0), values=(0.0, 1.0)),
            },
            rows=1,
        )
        for name in CASES
    }
)
Pair = tuple[int, int]
some_links = st.dictionaries(
    st.sampled_from(list(combinations(range(SIZE), 2))), st.integers(-15, 30), min_size=1, max_size=25
)


def free(**named: int) -> Vetoes:
    operator = np.full(SIZE, -1)
    for account, number in named.items():
        operator[int(account[1:])] = number
    return Vetoes(np.zeros(SIZE, dtype=bool), operator)


def made(of: dict[Pair, float]) -> Links:
    rows = sorted(((-odds, *pair) for pair, odds in of.items()))
    odds = np.array([-row[0] for row in rows], dtype=np.float64)
    a, b = (np.array([row[n] for row in rows], dtype=np.int64) for n in (1, 2))
    return Links(SIZE, a, b, odds, 1 / (1 + 10.0**-odds), np.full(len(rows), 3, dtype=np.uint8))


def alone() -> np.ndarray:
    return np.arange(SIZE)


def test_sets_join_as_long_as_the_odds_allow() -> None:
    links = made({(0, 1): 1.0, (1, 2): 0.5, (2, 3): -1.0, (4, 5): -0.1})
    assert joined(links, alone(), BY_BEST, free(), 0.5).tolist() == [0, 0, 0, 3, 4, 5, 6, 7, 8, 9]
    assert joined(links, alone(), BY_BEST, free(), 0.3).tolist() == [0, 0, 0, 3, 4, 4, 6, 7, 8, 9]
    assert joined(links, alone(), BY_BEST, free(), 0.05).tolist() == [0, 0, 0, 0, 4, 4, 6, 7, 8, 9]


def test_labels_of_two_operators_never_meet_however_the_way_leads() -> None:
    links = made({(0, 1): 3.0, (1, 2): 2.0, (2, 3): 2.5, (4, 5): 3.0, (5, 6): 1.0})
    found = joined(links, alone(), BY_BEST, free(a0=1, a3=2, a4=1, a6=1), 0.5)
    assert found.tolist() == [0, 0, 2, 2, 4, 4, 4, 7, 8, 9]
    assert joined(links, alone(), BY_BEST, free(), 0.5).tolist() == [0, 0, 0, 0, 4, 4, 4, 7, 8, 9]


def test_a_cell_with_labels_of_two_operators_is_taken_apart() -> None:
    links = made({(0, 1): 2.0, (1, 2): 1.0, (3, 4): 2.0})
    start = np.array([0, 0, 0, 3, 3, *range(5, SIZE)])
    found = joined(links, start, BY_BEST, free(a0=1, a2=2), 0.5)
    assert found.tolist() == [0, 0, 2, 3, 3, *range(5, SIZE)]


@settings(deadline=None, max_examples=80)
@given(some_links, st.sampled_from([0.05, 0.3, 0.5, 0.9]))
def test_by_the_best_link_alone_rings_are_components(of: dict[Pair, int], least: float) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = made({pair: odds / 10 for pair, odds in of.items()})
    strong = links.odds >= np.log10(least / (1 - least))
    graph = coo_array((np.ones(strong.sum()), (links.a[strong], links.b[strong])), shape=(SIZE, SIZE))
    _, label = connected_components(graph, directed=False)
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    assert joined(links, alone(), BY_BEST, free(), least).tolist() == first[back].tolist()


@settings(deadline=None, max_examples=80)
@given(some_links, st.permutations(range(SIZE)))
def test_the_order_of_accounts_decides_nothing(of: dict[Pair, int], turned: list[int]) -> None:
    # No two links are equally strong: between equals an order must decide.
    strength = {pair: odds / 10 + n / 1e4 for n, (pair, odds) in enumerate(of.items())}
    there = {
        (min(turned[a], turned[b]), max(turned[a], turned[b])): odds for (a, b), odds in strength.items()
    }
    here = joined(made(strength), alone(), BY_PULL, free(), 0.3)
    other = joined(made(there), alone(), BY_PULL, free(), 0.3)
    for a, b in combinations(range(SIZE), 2):
        assert (here[a] == here[b]) == (other[turned[a]] == other[turned[b]])


def test_a_set_joins_with_its_best_alone_and_only_if_that_is_mutual() -> None:
    # 1 is the best of 0 and of 2, and 0 is the best of 1; 4 is the best of 3, whose other link is as strong.
    first, second = np.array([0, 1, 3, 3]), np.array([1, 2, 4, 5])
    assert mutual(first, second, np.array([3.0, 2.0, 1.0, 1.0])).tolist() == [0, 2]


def test_a_round_keeps_what_it_saw() -> None:
    rounds: list[Round] = []
    links = made({(0, 1): 1.0, (1, 2): 0.5})
    joined(links, alone(), BY_BEST, free(), 0.5, rounds)
    assert [turn.between.first.tolist() for turn in rounds] == [[0, 1], [0], []]
    assert rounds[1].odds.tolist() == pytest.approx([0.5])
    assert rounds[1].between.figures[0, FEATURES.index("larger")] == pytest.approx(np.log10(2))


def test_cells_are_dense_sets_of_strong_links() -> None:
    links = made(dict.fromkeys(combinations(range(4), 2), 2.0) | {(3, 4): 2.0, (5, 6): 0.5})
    assert cells(links, 0, 10).tolist() == [0, 0, 0, 0, 4, 5, 6, 7, 8, 9]


def test_a_case_without_curves_never_joins() -> None:
    none = Judge(cases={"one-few": BY_BEST.cases["one-few"]})
    assert joined(made({(0, 1): 5.0}), alone(), none, free(), 0.1).tolist() == list(range(SIZE))

"""What lies between two sets of accounts, against a plain slow reading of every link."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.rings.between import NO_LINK, Between, Links, between, own
from models.joining import CASES, FEATURES

SIZE = 9
Pair = tuple[int, int]
links_of = st.dictionaries(
    st.sampled_from(list(combinations(range(SIZE), 2))),
    st.tuples(st.integers(-150, 400), st.integers(0, 127)),
    max_size=30,
)
labels = st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE)


def made(of: dict[Pair, tuple[int, int]]) -> Links:
    """Links with log10 odds of hundredths; no two are equally strong, so that the strongest are no matter of order."""
    rows = sorted(
        ((odds / 100 + n / 1e6, *pair, kinds) for n, (pair, (odds, kinds)) in enumerate(of.items()))
    )
    rows.reverse()
    odds = np.array([row[0] for row in rows])
    a, b, kinds = (np.array([row[n] for row in rows], dtype=np.int64) for n in (1, 2, 3))
    return Links(SIZE, a, b, odds, 1 / (1 + 10.0**-odds), kinds.astype(np.uint8))


def figures(links: Links, one: list[int], other: list[int], every: list[list[int]]) -> dict[str, float]:
    """The figures between two sets, link by link; `every` are all sets."""
    sides = {account: n for n, accounts in enumerate(every) for account in accounts}
    across = []
    out = [0.0] * len(every)
    for a, b, odds, p, kinds in zip(
        links.a.tolist(), links.b.tolist(), links.odds.tolist(), links.probability.tolist(), links.kinds.tolist(),
        strict=True,
    ):  # fmt: skip
        if sides[a] != sides[b]:
            out[sides[a]] += p
            out[sides[b]] += p
        if {sides[a], sides[b]} == {sides[one[0]], sides[other[0]]} and sides[a] != sides[b]:
            across.append((odds, a if a in one else b, b if a in one else a, p, kinds))
    best: list[tuple[float, int, int]] = []
    for odds, u, v, _p, _kinds in across:
        fresh_u = len(one) == 1 or u not in [x[1] for x in best]
        fresh_v = len(other) == 1 or v not in [x[2] for x in best]
        if len(best) < 3 and fresh_u and fresh_v:
            best.append((odds, u, v))
    found = [odds for odds, _u, _v in best] + [NO_LINK] * 3
    expected = sum(x[3] for x in across)
    small, large = sorted((len(one), len(other)))
    pulls = sorted(expected / out[sides[end]] for end in (one[0], other[0]))
    bits = 0
    for x in across:
        bits |= x[4]
    return {
        "smaller": np.log10(small), "larger": np.log10(large), "tied": np.log10(len(across) / (small * large)),
        "best": found[0], "second": found[1], "third": found[2], "expected": np.log10(expected),
        "density": np.log10(expected / (small * large)), "each": np.log10(expected / small),
        "pull_least": pulls[0], "pull_most": pulls[1], "kinds": bits.bit_count(), "support": 0.0,
    }  # fmt: skip


def sets_of(label: list[int]) -> dict[int, list[int]]:
    return {one: [a for a in range(SIZE) if label[a] == one] for one in sorted(set(label))}


def case(small: int, large: int) -> str:
    few = "few" if large <= 4 else "many"
    if small == 1:
        return "one-one" if large == 1 else f"one-{few}"
    return "few-any" if small <= 4 else "many-many"


def row(found: Between, place: int) -> dict[str, float]:
    return dict(zip(FEATURES, found.figures[place].tolist(), strict=True))


@settings(deadline=None, max_examples=150)
@given(links_of, labels)
def test_between_equals_the_slow_reading(of: dict[Pair, tuple[int, int]], label: list[int]) -> None:
    links, sets = made(of), sets_of(label)
    found = between(links, np.array(label))
    pairs = {(min(label[a], label[b]), max(label[a], label[b])) for a, b in of if label[a] != label[b]}
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == sorted(pairs)
    for place, (one, other) in enumerate(sorted(pairs)):
        expected = figures(links, sets[one], sets[other], list(sets.values()))
        assert row(found, place) == pytest.approx(expected)
        sizes = sorted((len(sets[one]), len(sets[other])))
        assert CASES[found.case[place]] == case(sizes[0], sizes[1])


@settings(deadline=None, max_examples=150)
@given(links_of, labels)
def test_own_is_a_member_beside_the_rest_of_its_set(
    of: dict[Pair, tuple[int, int]], label: list[int]
) -> None:
    links, sets = made(of), sets_of(label)
    support = np.linspace(0, 1, SIZE)
    found = own(links, np.array(label), support)
    members = {end for pair in of if label[pair[0]] == label[pair[1]] for end in pair}
    assert found.first.tolist() == sorted(members)
    for place, member in enumerate(sorted(members)):
        rest = [a for a in sets[label[member]] if a != member]
        apart = [[member], rest, *(s for one, s in sets.items() if one != label[member])]
        expected = figures(links, [member], rest, apart) | {"support": support[member]}
        assert row(found, place) == pytest.approx(expected)
        assert CASES[found.case[place]] == case(1, len(rest))


def test_nothing_lies_between_sets_without_links() -> None:
    links = made({})
    assert between(links, np.zeros(SIZE, dtype=np.int64)).figures.shape == (0, len(FEATURES))
    assert own(links, np.zeros(SIZE, dtype=np.int64)).figures.shape == (0, len(FEATURES))
    inside = made({(0, 1): (100, 3)})
    assert len(between(inside, np.zeros(SIZE, dtype=np.int64)).first) == 0

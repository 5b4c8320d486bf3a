"""Members who do not belong go, and with them what only they held together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from links.worlds import index_of, scored_of

from graphattr.links.score import Scored
from graphattr.rings import between
from graphattr.rings import membership as stage
from graphattr.rings.group import Grouping
from graphattr.rings.guards import corroborated
from graphattr.rings.membership import Membership, belonging, supported, without
from graphattr.settings import RingSettings
from models import field_guided_model
from models.joining import CASES, Case, Joining, Judge, Limits, Part

TWO = {"device": 2.0, "payment": 2.0}
FAINT = {"device": 0.2, "payment": 0.2}
Links = dict[tuple[int, int], dict[str, float]]


def ring_of(size: int, links: Links) -> tuple[Scored, Grouping]:
    """All accounts in one ring."""
    return scored_of(links), Grouping(np.zeros(size, np.int64), np.arange(len(links)), np.array([0]))


def member(probability: list[float]) -> Membership:
    values = np.array(probability)
    return Membership(np.arange(len(values)), values, values, values)


def pruned(links: Links, leaving: list[int], size: int) -> tuple[list[int], list[int]]:
    """Entity of each account, and the rings."""
    scored, grouping = ring_of(size, links)
    found = without(scored, grouping, np.array(leaving), RingSettings())
    a, b = scored.candidates.a[found.links], scored.candidates.b[found.links]
    assert (found.entity[a] == found.entity[b]).all()
    assert set(found.entity[a].tolist()) <= set(found.rings.tolist())
    return found.entity.tolist(), found.rings.tolist()


def test_a_member_without_support_goes() -> None:
    assert pruned({(0, 1): TWO, (1, 2): FAINT}, [2], 3) == ([0, 0, 2], [0])


def test_what_only_a_weak_member_held_together_falls_apart() -> None:
    links = {(0, 1): TWO, (1, 2): FAINT, (2, 3): FAINT, (3, 4): TWO}
    assert pruned(links, [2], 5) == ([0, 0, 2, 3, 3], [0, 3])


def test_pieces_that_one_kind_joins_are_two_rings_again() -> None:
    links = {(0, 1): TWO, (1, 2): FAINT, (1, 3): {"network": 3.0}, (2, 3): FAINT, (3, 4): TWO}
    assert pruned(links, [2], 5)[1] == [0, 3]


def test_who_is_left_alone_is_no_member() -> None:
    links = {(0, 1): TWO, (0, 2): {"network": 3.0}, (2, 3): {"device": 1.0}, (1, 3): FAINT}
    assert pruned(links, [3], 4) == ([0, 0, 2, 3], [0])


@given(
    st.dictionaries(
        st.sampled_from([(a, b) for b in range(7) for a in range(b)]),
        st.sampled_from([TWO, FAINT, {"network": 3.0}, {"device": 1.0, "identity": 0.1}]),
        min_size=1,
    ),
    st.sets(st.integers(0, 6)),
)
def test_every_ring_left_stands_by_two_kinds_of_evidence(links: Links, leaving: set[int]) -> None:
    scored, grouping = ring_of(7, links)
    found = without(scored, grouping, np.array(sorted(leaving), dtype=np.int64), RingSettings())
    assert np.array_equal(corroborated(scored, found.links, found.entity), found.entity)
    for ring in found.rings:
        members = set(np.flatnonzero(found.entity == ring).tolist())
        assert len(members) >= 2
        assert not members & leaving


def test_members_of_a_ring_that_fell_apart_are_weighed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member whose best link led to the other piece has no such link any more."""
    links = {(0, 1): TWO, (1, 2): FAINT, (1, 3): {"network": 3.0}, (2, 3): FAINT, (3, 4): FAINT}
    scored, grouping = ring_of(5, links)
    seen = []

    def weigh(_index: object, _scored: Scored, rings: Grouping, *_: object) -> Membership:
        seen.append(rings.rings.tolist())
        if len(seen) == 1:
            return member([0.9, 0.9, 0.01, 0.9, 0.9])
        return Membership(np.array([0, 1, 3, 4]), *[np.array([0.9, 0.9, 0.01, 0.01])] * 3)

    monkeypatch.setattr(stage, "membership", weigh)
    found, kept = supported(index_of(5, {}), scored, grouping, field_guided_model(), RingSettings(), 0)
    assert seen == [[0], [0, 3]]
    assert found.rings.tolist() == [0]
    assert kept.account.tolist() == [0, 1]


#: Members belong as their best link with the rest says, to the letter; limits are .1 apart.
STAY = Judge(
    cases={
        name: Case(odds=0.0, parts={"best": Part(knots=(-9.0, 9.0), values=(-9.0, 9.0))}, rows=1)
        for name in CASES
    }
)
JOINING = Joining(
    name="test",
    note="",
    join=Judge(cases={}),
    stay=STAY,
    limits=Limits(at=(0.0,), low=(0.6,), high=(0.7,), groups=1),
)


def belong(size: int, links: Links, least: float = 0.5) -> tuple[Grouping, Membership]:
    scored, grouping = ring_of(size, links)
    settings = RingSettings(min_membership=least, resamples=2)
    every = between.Links.of(scored, np.arange(len(links)), size)
    return belonging(index_of(size, {}), scored, grouping, every, field_guided_model(), JOINING, settings, 0)


def test_who_more_likely_does_not_belong_leaves() -> None:
    links = {(0, 1): TWO, (1, 2): {"device": 0.9, "payment": 0.9}}
    found, kept = belong(3, links)
    assert (found.rings.tolist(), kept.account.tolist()) == ([0], [0, 1])
    assert kept.probability == pytest.approx([1 / (1 + 10**-2.0)] * 2)
    found, kept = belong(3, links, least=0.1)
    assert (found.rings.tolist(), kept.account.tolist()) == ([0], [0, 1, 2])
    assert kept.probability[2] == pytest.approx(1 / (1 + 10**0.2))


def test_limits_are_those_of_the_probabilities() -> None:
    _, kept = belong(3, {(0, 1): TWO, (1, 2): {"device": 1.1, "payment": 1.2}})
    low, high = JOINING.limits.of(kept.probability) if JOINING.limits else (None, None)
    assert kept.low.tolist() == low.tolist() == [0.6, 0.6, 0.6]
    assert kept.high.tolist() == high.tolist()
    assert kept.high[2] == pytest.approx(0.7)


def test_a_hanging_member_of_a_large_ring_leaves_however_probable() -> None:
    every = {pair: {"device": 2.0, "payment": 2.0, "timing": 1.0} for pair in combinations(range(5), 2)}
    # One kind and nothing else to that account: strong, and as good as planted.
    planted = {(0, 5): {"payment": 5.0, "timing": -0.6}, (1, 5): {"payment": 5.0, "timing": -0.6}}
    kept = belong(6, every | planted)[1]
    assert kept.account.tolist() == [0, 1, 2, 3, 4]
    backed = {pair: said | {"device": 2.0} for pair, said in planted.items()}
    assert belong(6, every | backed)[1].account.tolist() == [0, 1, 2, 3, 4, 5]

"""Members without support go, and with them what only they held together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from links.worlds import index_of, scored_of

from graphattr.links.score import Scored
from graphattr.pipeline import grouping as stage
from graphattr.rings.group import Grouping
from graphattr.rings.guards import corroborated
from graphattr.rings.membership import Membership
from graphattr.settings import Settings
from models import field_guided_model

TWO = {"device": 2.0, "payment": 2.0}
FAINT = {"device": 0.2, "payment": 0.2}
Links = dict[tuple[int, int], dict[str, float]]


def ring_of(size: int, links: Links) -> tuple[Scored, Grouping]:
    """All accounts in one ring."""
    return scored_of(links), Grouping(np.zeros(size, np.int64), np.arange(len(links)), np.array([0]))


def member(probability: list[float]) -> Membership:
    values = np.array(probability)
    return Membership(np.arange(len(values)), values, values, values)


def pruned(links: Links, probability: list[float]) -> tuple[list[int], list[int], list[int]]:
    """Entity of each account, the rings, and the members left."""
    scored, grouping = ring_of(len(probability), links)
    found, kept = stage._prune(scored, grouping, member(probability), Settings())
    a, b = scored.candidates.a[found.links], scored.candidates.b[found.links]
    assert (found.entity[a] == found.entity[b]).all()
    assert set(found.entity[a].tolist()) <= set(found.rings.tolist())
    return found.entity.tolist(), found.rings.tolist(), kept.account.tolist()


def test_a_member_without_support_goes() -> None:
    assert pruned({(0, 1): TWO, (1, 2): FAINT}, [0.9, 0.9, 0.01]) == ([0, 0, 2], [0], [0, 1])


def test_what_only_a_weak_member_held_together_falls_apart() -> None:
    links = {(0, 1): TWO, (1, 2): FAINT, (2, 3): FAINT, (3, 4): TWO}
    assert pruned(links, [0.9, 0.9, 0.01, 0.9, 0.9]) == ([0, 0, 2, 3, 3], [0, 3], [0, 1, 3, 4])


def test_pieces_that_one_kind_joins_are_two_rings_again() -> None:
    links = {(0, 1): TWO, (1, 2): FAINT, (1, 3): {"network": 3.0}, (2, 3): FAINT, (3, 4): TWO}
    assert pruned(links, [0.9, 0.9, 0.01, 0.9, 0.9])[1] == [0, 3]


def test_who_is_left_alone_is_no_member() -> None:
    links = {(0, 1): TWO, (0, 2): {"network": 3.0}, (2, 3): {"device": 1.0}, (1, 3): FAINT}
    assert pruned(links, [0.9, 0.9, 0.9, 0.01]) == ([0, 0, 2, 3], [0], [0, 1])


@given(
    st.dictionaries(
        st.sampled_from([(a, b) for b in range(7) for a in range(b)]),
        st.sampled_from([TWO, FAINT, {"network": 3.0}, {"device": 1.0, "identity": 0.1}]),
        min_size=1,
    ),
    st.lists(st.sampled_from([0.01, 0.9]), min_size=7, max_size=7),
)
def test_every_ring_left_stands_by_two_kinds_of_evidence(links: Links, probability: list[float]) -> None:
    scored, grouping = ring_of(7, links)
    found, kept = stage._prune(scored, grouping, member(probability), Settings())
    assert np.array_equal(corroborated(scored, found.links, found.entity), found.entity)
    assert not set(kept.account.tolist()) & {n for n, p in enumerate(probability) if p < 0.03}
    for ring in found.rings:
        assert (found.entity[kept.account] == ring).sum() >= 2


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
    found, kept = stage._supported(index_of(5, {}), scored, grouping, field_guided_model(), Settings())
    assert seen == [[0], [0, 3]]
    assert found.rings.tolist() == [0]
    assert kept.account.tolist() == [0, 1]

"""Membership by resampling, and the weakest point of a ring."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from links.oracle import World
from links.strategies import worlds
from links.worlds import NO_USES, Held, Value, index_of, scores_of

from graphattr.links.index import Index
from graphattr.links.pieces import candidates
from graphattr.links.score import Scored
from graphattr.records import SIGNAL, Tier
from graphattr.rings.group import Grouping, resolution
from graphattr.rings.membership import KEPT, Membership, membership
from graphattr.rings.weakest import weakest_points
from graphattr.settings import LinkSettings, RingSettings
from models import field_guided_model

MODEL = field_guided_model()
LINKS, RINGS = LinkSettings(), RingSettings()
SIZE = 500
DEVICE: Value = ("device", "d")
CARD: Value = ("instrument", "i")
EMAIL: Value = ("email", "e")


def made(
    holders: dict[Value, list[int]], *rings: tuple[int, ...], size: int = SIZE
) -> tuple[Index, Scored, Grouping]:
    """Scores of a world in which `rings` were found."""
    index = index_of(size, {value: [Held(a) for a in of] for value, of in holders.items()})
    scored = scores_of(index, candidates(index, NO_USES, LINKS), np.arange(size), MODEL, LINKS)
    return index, scored, grouped(scored, size, *rings)


def grouped(scored: Scored, size: int, *rings: tuple[int, ...]) -> Grouping:
    entity = np.arange(size)
    for ring in rings:
        entity[list(ring)] = min(ring)
    found = scored.candidates
    inside = (entity[found.a] == entity[found.b]) & (scored.probability >= LINKS.min_probability)
    return Grouping(entity, np.flatnonzero(inside), np.array(sorted(min(ring) for ring in rings)))


def resampled(
    holders: dict[Value, list[int]], *rings: tuple[int, ...], draws: int = 200, seed: int = 0
) -> Membership:
    return membership(*made(holders, *rings), MODEL, draws, seed)


@settings(deadline=None, max_examples=25)
@given(worlds(), st.integers(0, 3), st.sampled_from([2, 20]))
def test_memberships_are_probabilities_of_all_members(world: World, seed: int, draws: int) -> None:
    index = index_of(
        world.size,
        world.holders,
        kinds=world.kinds,
        hubs=world.hubs,
        created=world.created,
        volume=world.volume,
    )
    scored = scores_of(index, candidates(index, NO_USES, LINKS), np.arange(world.size), MODEL, LINKS)
    grouping = grouped(scored, world.size, (0, 1, 2, 3), (4, 5, 6))
    found = membership(index, scored, grouping, MODEL, draws, seed)
    assert found.account.tolist() == list(range(7))
    for part in (found.probability, found.low, found.high):
        assert ((part >= 0) & (part <= 1)).all()
    assert (found.low <= found.high).all()
    again = membership(index, scored, grouping, MODEL, draws, seed)
    np.testing.assert_array_equal(again.probability, found.probability)
    np.testing.assert_array_equal(again.low, found.low)
    # Whatever is drawn, no account does better than with the best of the ring's evidence of every group.
    most = scored.groups[grouping.links].max(axis=0, initial=0).sum() + scored.prior
    assert found.high.max() <= 1 / (1 + 10**-most) + 1e-9


def test_a_membership_is_the_mean_over_the_draws_of_its_values() -> None:
    # One value: kept with probability 1 - 1/e, else the prior is all there is.
    index, scored, grouping = made({DEVICE: [0, 1]}, (0, 1))
    found = membership(index, scored, grouping, MODEL, 4000, 0)
    with_, without = float(scored.probability[0]), 1 / (1 + 10**-scored.prior)
    expected = KEPT * with_ + (1 - KEPT) * without
    assert found.probability == pytest.approx([expected] * 2, abs=0.03)
    assert found.low == pytest.approx([without] * 2)
    assert found.high == pytest.approx([with_] * 2)
    # All pairs of a value stand and fall together.
    assert found.probability[0] == found.probability[1]


def test_values_are_drawn_on_their_own() -> None:
    found = resampled({DEVICE: [0, 1], EMAIL: [2, 3]}, (0, 1), (2, 3), draws=50)
    assert abs(found.probability[0] - found.probability[2]) > 0.01


def test_more_evidence_makes_a_firmer_member() -> None:
    everybody = [0, 1, 2]
    one = resampled({DEVICE: everybody}, (0, 1, 2))
    two = resampled({DEVICE: everybody, CARD: everybody}, (0, 1, 2))
    three = resampled({DEVICE: everybody, CARD: everybody, EMAIL: everybody}, (0, 1, 2))
    assert (one.probability + 0.05 < two.probability).all()
    assert (two.probability + 0.02 < three.probability).all()
    # Account 2 lacks the card.
    less = resampled({DEVICE: everybody, CARD: [0, 1]}, (0, 1, 2))
    assert less.probability[2] + 0.05 < less.probability[0]


def test_the_seed_decides_the_draws() -> None:
    holders = {DEVICE: [0, 1], CARD: [0, 1]}
    one, again, other = (resampled(holders, (0, 1), draws=30, seed=seed) for seed in (1, 1, 2))
    assert one.probability.tolist() == again.probability.tolist()
    assert one.probability.tolist() != other.probability.tolist()


def test_evidence_shared_with_outsiders_does_not_count() -> None:
    outside = resampled({DEVICE: [0, 1, 2], CARD: [2, 9]}, (0, 1, 2))
    assert len(set(outside.probability.tolist())) == 1
    inside = resampled({DEVICE: [0, 1, 2], CARD: [2, 1]}, (0, 1, 2))
    assert inside.probability[2] > inside.probability[0]


def test_without_rings_there_are_no_members() -> None:
    found = resampled({DEVICE: [0, 1]})
    assert found.account.tolist() == found.probability.tolist() == found.low.tolist() == []
    assert found.tiers() == []


def test_the_tier_is_that_of_the_probability_as_published() -> None:
    p = np.array([0.8999997, 0.4999997])
    assert Membership(np.arange(2), p, p, p).tiers() == [Tier.CORE, Tier.PROBABLE]


def test_tiers() -> None:
    p = np.array([1.0, 0.9, 0.899, 0.5, 0.499, 0.0])
    tiers = Membership(np.arange(6), p, p, p).tiers()
    assert tiers == [Tier.CORE, Tier.CORE, Tier.PROBABLE, Tier.PROBABLE, Tier.UNRESOLVED, Tier.UNRESOLVED]


def weakest(
    holders: dict[Value, list[int]], *rings: tuple[int, ...], joined: bool = False, c: float = 1.25
) -> dict[int, str | None]:
    index, scored, grouping = made(holders, *rings)
    return weakest_points(index, scored, grouping, MODEL, LINKS, RingSettings(resolution=c), joined=joined)


def test_a_ring_built_on_one_value_names_it() -> None:
    assert weakest({DEVICE: [0, 1, 2]}, (0, 1, 2)) == {0: "device:d"}


def test_two_independent_supports_leave_no_weakest_point() -> None:
    everybody = [0, 1, 2]
    assert weakest({DEVICE: everybody, CARD: everybody}, (0, 1, 2)) == {0: None}


def test_the_value_that_joins_two_halves_is_the_weakest_point() -> None:
    # Two threes, each held by two values of its own, and one value across.
    halves: dict[Value, list[int]] = {}
    for name, of in (("x", [0, 1, 2]), ("y", [3, 4, 5]), ("z", [6, 7, 8])):
        halves["device", name] = of
        halves["instrument", name] = of
    across = {**halves, ("email", "joint"): list(range(9))}
    assert weakest(across, tuple(range(9))) == {0: "email:joint"}


def test_a_joined_ring_may_be_sparse_but_not_hang_on_one_value() -> None:
    # A chain of pairs, each held by a card and a device of its own: far below the density of a community.
    chain: dict[Value, list[int]] = {}
    for n in range(7):
        chain["device", f"d{n}"] = chain["instrument", f"i{n}"] = chain["email", f"e{n}"] = [n, n + 1]
    assert weakest(chain, tuple(range(8)), joined=True) == {0: None}
    # Even where a community would have to be denser.
    assert weakest(chain, tuple(range(8)), c=200.0)[0] is not None
    assert weakest(chain, tuple(range(8)), joined=True, c=200.0) == {0: None}
    weak: dict[Value, list[int]] = {DEVICE: [0, 1, 2], ("ip", "10.0.0.1"): [0, 1, 2]}
    assert weakest(weak, (0, 1, 2), joined=True) == {0: "device:d"}


def test_a_joined_ring_of_weak_links_alone_must_not_hang_on_one_value_either() -> None:
    # Five accounts with one address: no link of .5, and nothing else holds them together.
    assert weakest({("ip", "10.0.0.1"): list(range(5))}, tuple(range(5)), joined=True) == {0: "ip:10.0.0.1"}


def test_each_ring_has_its_own_weakest_point() -> None:
    holders: dict[Value, list[int]] = {
        ("device", "d"): [0, 1, 2], ("device", "f"): [3, 4, 5], ("instrument", "g"): [3, 4, 5],
        ("device", "h"): [6, 7],
    }  # fmt: skip
    assert weakest(holders, (0, 1, 2), (3, 4, 5), (6, 7)) == {0: "device:d", 3: None, 6: "device:h"}


def test_losses_added_up_one_at_a_time_give_the_same_weakest_points(monkeypatch: pytest.MonkeyPatch) -> None:
    holders: dict[Value, list[int]] = {
        ("device", "d"): [0, 1, 2], ("device", "f"): [3, 4, 5], ("instrument", "g"): [3, 4, 5],
        ("device", "h"): [6, 7],
    }  # fmt: skip
    rings = ((0, 1, 2), (3, 4, 5), (6, 7))
    together = weakest(holders, *rings)
    monkeypatch.setattr("graphattr.rings.weakest.CHUNK", 1)
    assert weakest(holders, *rings) == together == {0: "device:d", 3: None, 6: "device:h"}


def test_a_pair_that_hangs_on_one_weak_value_names_it() -> None:
    # Without the address only the prior is left, which in a small run is above the background density.
    assert weakest({("ip", "10.0.0.1"): [0, 1]}, (0, 1)) == {0: "ip:10.0.0.1"}


def oracle(index: Index, scored: Scored, ring: list[int], limit: float) -> str | None:
    """Leaves out each value in turn and looks at every pair of the ring."""
    texts = [f"{signal}:{text}" for signal, text in index.values.select("signal", "text").rows()]
    groups = [SIGNAL[signal].group for signal in index.values["signal"]]
    pieces = list(zip(scored.candidates.pieces.rows(named=True), scored.pieces.tolist(), strict=True))
    broken = []
    for gone in range(len(texts)):
        found = zip(scored.candidates.a.tolist(), scored.candidates.b.tolist(), strict=True)
        best: dict[tuple[int, int], dict[str, float]] = {pair: {} for pair in found if set(pair) <= set(ring)}
        for piece, ratio in pieces:
            if {piece["a"], piece["b"]} <= set(ring) and piece["value"] != gone:
                of = best[piece["a"], piece["b"]]
                group = groups[piece["value"]]
                of[group] = max(of.get(group, -np.inf), ratio)
        odds = {
            pair: scored.prior + sum(float(np.clip(r, -MODEL.caps[g], MODEL.caps[g])) for g, r in of.items())
            for pair, of in best.items()
        }
        left = {pair: 1 / (1 + 10**-value) for pair, value in odds.items()}
        density = sum(left.values()) / (len(ring) * (len(ring) - 1) / 2)
        graph = nx.Graph([pair for pair, p in left.items() if p >= LINKS.min_probability])
        graph.add_nodes_from(ring)
        largest = max(map(len, nx.connected_components(graph)))
        if density < limit or largest < max(2, len(ring) / 2):
            broken.append((round(density, 9), texts[gone]))
    return min(broken)[1] if broken else None


values = st.sampled_from(
    [DEVICE, CARD, EMAIL, ("tls_fingerprint", "t"), ("device", "d2"), ("ip", "10.0.0.1")]
)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(values, st.lists(st.integers(0, 5), unique=True, min_size=2), min_size=1),
    st.sampled_from([1.25, 20.0, 50.0, 200.0]),
)
def test_the_weakest_point_equals_the_oracle(holders: dict[Value, list[int]], c: float) -> None:
    index, scored, _ = made(holders)
    # The ring: whatever the links connect; the largest, if there are several.
    graph = nx.Graph(list(zip(scored.candidates.a.tolist(), scored.candidates.b.tolist(), strict=True)))
    strong = scored.probability >= LINKS.min_probability
    assume(strong.all())
    ring = sorted(max(nx.connected_components(graph), key=lambda of: (len(of), -min(of))))
    rings = RingSettings(resolution=c)
    grouping = grouped(scored, SIZE, tuple(ring))
    found = weakest_points(index, scored, grouping, MODEL, LINKS, rings, joined=False)
    assert found == {ring[0]: oracle(index, scored, ring, resolution(scored, SIZE, rings))}

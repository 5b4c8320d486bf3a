"""Scores against a plain-Python oracle, and the promises that the docstrings make of them."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links.pieces import Candidates, candidates
from graphattr.links.score import Scored, probability
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from links import oracle
from links.oracle import World
from links.strategies import entities, worlds
from links.worlds import NO_USES, Held, Value, index_of, occasions_of, scores_of
from models import field_guided_model

MODEL = field_guided_model()
SETTINGS = LinkSettings()
NETWORK, PAYMENT, DEVICE, IDENTITY, TIMING, BEHAVIOUR, GRAPH = range(7)


def scores(world: World, entity: Sequence[int] | None = None) -> Scored:
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created or None, volume=world.volume or None,
    )  # fmt: skip
    found = candidates(index, NO_USES, SETTINGS)
    of = np.arange(world.size) if entity is None else np.array(entity)
    return scores_of(index, found, of, MODEL, SETTINGS)


def by_piece(scored: Scored, world: World) -> dict[tuple[int, int, Value], tuple[float, float]]:
    values = sorted(world.shared)
    rows = scored.candidates.pieces.select("a", "b", "value").iter_rows()
    figures = zip(scored.pieces.tolist(), scored.entities.tolist(), strict=True)
    return {(a, b, values[v]): figure for (a, b, v), figure in zip(rows, figures, strict=True)}


def of_pair(scored: Scored, a: int, b: int) -> list[float]:
    found = scored.candidates
    return list(scored.groups[np.flatnonzero((found.a == a) & (found.b == b))[0]].tolist())


@settings(deadline=None, max_examples=60)
@given(worlds(), entities())
def test_scores_equal_the_oracle(world: World, entity: list[int]) -> None:
    scored = scores(world, entity)
    found = scored.candidates
    mine = by_piece(scored, world)
    expected = oracle.ratios(world, set(mine), {}, entity, MODEL)
    assert mine.keys() == expected.keys()
    for piece, (ratio, k_eff) in expected.items():
        assert mine[piece] == pytest.approx((ratio, max(k_eff, 1)), abs=2e-6), piece
    for n, pair in enumerate(zip(found.a.tolist(), found.b.tolist(), strict=True)):
        assert scored.groups[n].tolist() == pytest.approx(
            oracle.groups(world, pair, expected, MODEL), abs=2e-6
        )


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_the_parts_sum_to_the_log_odds(world: World) -> None:
    scored = scores(world)
    prior = round(math.log10(SETTINGS.prior_partners / (world.size - 1)), 6)
    assert scored.prior == prior
    for n, groups in enumerate(scored.groups.tolist()):
        odds = prior + sum(groups)
        assert scored.log_odds[n] == pytest.approx(odds, abs=1e-12)
        assert scored.probability[n] == pytest.approx(10**odds / (1 + 10**odds), rel=1e-9)
        assert [round(part, 6) for part in groups] == groups


@settings(deadline=None, max_examples=40)
@given(worlds(), st.permutations(range(12)), entities())
def test_other_account_ids_give_the_same_scores(world: World, new: list[int], entity: list[int]) -> None:
    moved = World(
        world.size,
        {v: [h._replace(account=new[h.account]) for h in of] for v, of in world.holders.items()},
        world.kinds, world.hubs, world.listed,
        [world.created[new.index(n)] for n in range(world.size)],
        [world.volume[new.index(n)] for n in range(world.size)],
    )  # fmt: skip
    one, two = scores(world, entity), scores(moved, [entity[new.index(n)] for n in range(world.size)])
    renamed = {
        tuple(sorted((new[a], new[b]))): groups
        for a, b, groups in zip(
            one.candidates.a.tolist(), one.candidates.b.tolist(), one.groups.tolist(), strict=True
        )
    }
    found = two.candidates
    again = dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), two.groups.tolist(), strict=True))
    assert renamed.keys() == again.keys()
    for pair, groups in renamed.items():
        assert groups == pytest.approx(again[pair], abs=2e-6)


def test_within_a_group_the_best_piece_counts_and_not_the_sum() -> None:
    one = scores(World(50, {("device", "d1"): [Held(0), Held(1)]}))
    both = scores(
        World(
            50, {("device", "d1"): [Held(0), Held(1)], ("tls_fingerprint", "t"): [Held(0), Held(1), Held(2)]}
        )
    )
    assert one.pieces[0] > 0
    # The fingerprint adds nothing to the device that is already there: another signal, the same group.
    assert of_pair(both, 0, 1)[DEVICE] == of_pair(one, 0, 1)[DEVICE]
    assert of_pair(both, 0, 1)[DEVICE] == max(both.pieces[both.candidates.pieces["pair"].to_numpy() == 0])


def test_groups_add_up() -> None:
    one = scores(World(50, {("device", "d1"): [Held(0), Held(1)]}))
    both = scores(World(50, {("device", "d1"): [Held(0), Held(1)], ("email", "e"): [Held(0), Held(1)]}))
    gain = both.log_odds[0] - one.log_odds[0]
    assert gain > 0
    assert gain == pytest.approx(of_pair(both, 0, 1)[IDENTITY], abs=1e-9)


def test_an_operator_who_repeats_a_value_does_not_make_it_look_common() -> None:
    world = World(100, {("ip", "10.0.0.1"): [Held(a) for a in range(8)]})
    entity = [0] * 8 + list(range(8, 100))
    strangers, one_operator = scores(world), scores(world, entity)
    assert (one_operator.groups[:, NETWORK] > strangers.groups[:, NETWORK] + 0.1).all()
    assert strangers.entities.tolist() == [7.0] * 28
    assert one_operator.entities.tolist() == [1.0] * 28


def test_merging_others_raises_the_pairs_ratio() -> None:
    world = World(100, {("ip", "10.0.0.1"): [Held(a) for a in range(8)]})
    entity = list(range(100))
    before = of_pair(scores(world, entity), 0, 1)[NETWORK]
    for account in range(3, 8):
        entity[account] = 2
        after = of_pair(scores(world, entity), 0, 1)[NETWORK]
        assert after > before
        before = after


def test_a_rarer_value_tells_more() -> None:
    ratios = [
        of_pair(scores(World(200, {("ip", "10.0.0.1"): [Held(a) for a in range(n)]})), 0, 1)[NETWORK]
        for n in (2, 3, 5, 9)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) == 4


def test_many_values_make_a_coincidence_likelier() -> None:
    single = scores(World(200, {("ip", "10.0.0.1"): [Held(0), Held(1)]}))
    # Both ends hold eight more addresses that are as rare and sort before: eight more chances for a stranger.
    more: dict[Value, list[Held]] = {("ip", "10.0.0.1"): [Held(0), Held(1)]}
    for n in range(8):
        more["ip", f"1.0.0.{n}"] = [Held(0), Held(10 + n)]
        more["ip", f"1.0.1.{n}"] = [Held(1), Held(20 + n)]
    assert of_pair(scores(World(200, more)), 0, 1)[NETWORK] < of_pair(single, 0, 1)[NETWORK] - 0.5


def test_use_far_apart_tells_less_but_never_less_than_a_tenth() -> None:
    ratios = []
    for days in (0, 14, 28, 10_000):
        of = [Held(0, 0, 86_400), Held(1, 86_400 * (1 + days), 86_400 * (2 + days))]
        ratios.append(of_pair(scores(World(1000, {("ip", "10.0.0.1"): of})), 0, 1)[NETWORK])
    assert ratios[0] - ratios[1] == pytest.approx(math.log10(2), abs=2e-6)
    assert ratios[1] - ratios[2] == pytest.approx(math.log10(2), abs=2e-6)
    assert ratios[0] - ratios[3] == pytest.approx(1.0, abs=2e-6)


def test_a_listed_hub_says_next_to_nothing() -> None:
    value = ("device", "stock")
    plain = scores(World(200, {value: [Held(0), Held(1)], ("email", "e"): [Held(0), Held(1)]}))
    listed = scores(
        World(200, {value: [Held(0), Held(1)], ("email", "e"): [Held(0), Held(1)]}, listed=frozenset({value}))
    )
    assert of_pair(plain, 0, 1)[DEVICE] > 2
    assert of_pair(listed, 0, 1)[DEVICE] < 0.1


def test_the_window_at_a_hub_makes_it_telling_again() -> None:
    value = ("ip", "10.0.0.1")
    holders = {value: [Held(a, a * 86_400) for a in range(2, 32)] + [Held(0, 0), Held(1, 600)]}
    index = index_of(300, holders, hubs={value})
    uses = [(h.account, value, h.first or 0) for h in holders[value] if h.account > 1]
    apart = candidates(index, occasions_of([*uses, (0, value, 0), (1, value, 86_400 // 2)]), SETTINGS)
    met = candidates(index, occasions_of([*uses, (0, value, 0), (1, value, 600)]), SETTINGS)

    def network(found: Candidates) -> float | None:
        scored = scores_of(index, found, np.arange(300), MODEL, SETTINGS)
        here = np.flatnonzero((found.a == 0) & (found.b == 1))
        return float(scored.groups[here[0], NETWORK]) if len(here) else None

    assert network(apart) is None
    # One rival in the window among 299 others: the chance is 1/299.
    assert network(met) == pytest.approx(math.log10(0.3) - math.log10(1 / 299), abs=2e-6)


def test_everybody_created_at_once_is_no_evidence_of_timing() -> None:
    burst = scores(World(40, {("email", "e"): [Held(0), Held(1)]}, created=[0.0] * 40))
    alone = scores(
        World(40, {("email", "e"): [Held(0), Held(1)]}, created=[0.0, 1.0, *(1e7 * n for n in range(1, 39))])
    )
    assert of_pair(burst, 0, 1)[TIMING] < 0
    assert of_pair(alone, 0, 1)[TIMING] > 0.5


@pytest.mark.parametrize("crowd", [0.1 * n for n in range(1, 30)])
def test_accounts_of_one_volume_count_in_full(crowd: float) -> None:
    # Forty accounts of exactly the same volume: each is as close to account 0 as account 1 is, whatever the rounding.
    world = World(42, {("email", "e"): [Held(0), Held(1)]}, volume=[0.7, *[crowd] * 40, 1000.0])
    share = 40 / 41
    expected = oracle.likeness(MODEL, "volume", share)
    assert of_pair(scores(world), 0, 1)[BEHAVIOUR] == pytest.approx(expected, abs=2e-6)


def test_unknown_times_and_volumes_add_nothing() -> None:
    world = World(10, {("email", "e"): [Held(0), Held(1)]})
    assert [n for n, part in enumerate(of_pair(scores(world), 0, 1)) if part] == [IDENTITY]


@given(st.floats(-1e6, 1e6))
def test_probability_stays_within_bounds(odds: float) -> None:
    p = float(probability(np.array([odds]))[0])
    assert 0 <= p <= 1
    if abs(odds) < 10:
        assert p == pytest.approx(10**odds / (1 + 10**odds), rel=1e-9)


def test_group_columns_are_in_the_order_of_the_records() -> None:
    assert GROUPS == ("network", "payment", "device", "identity", "timing", "behaviour", "graph")

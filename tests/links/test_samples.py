"""Samples of pairs: they stand for all pairs of the known accounts, and say what a run would say."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphattr.links import samples
from graphattr.links.likeness import likenesses
from graphattr.links.pieces import Candidates, candidate_pairs
from graphattr.links.profiles import Profiles
from graphattr.links.samples import Sample, curve_key, sample
from graphattr.links.score import score, traits
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from graphattr.training.measure import log10_lr
from links.oracle import World
from links.strategies import entities, worlds
from links.worlds import NO_USES, Held, index_of, profiles_of
from models import AdditiveModel, Curve, field_guided_model

MODEL = field_guided_model()
FITTED = MODEL.model_copy(
    update={
        "caps": dict.fromkeys(GROUPS, 1.0),
        "curves": {
            "device": Curve(group="device", knots=(0.0, 3.0), values=(-0.2, 1.5), extend=0.5, pairs=9),
            "ip:mobile": Curve(group="network", knots=(0.0, 2.0), values=(0.1, 0.9), pairs=9),
            "ip:none": Curve(group="network", knots=(0.0, 2.0), values=(0.2, 0.5), pairs=9),
            "creation": Curve(group="timing", knots=(0.0, 2.0), values=(-0.3, 1.0), pairs=9),
            "absent:device": Curve(group="device", knots=(0.0,), values=(-0.7,), pairs=9),
            "absent:email": Curve(group="identity", knots=(0.0,), values=(-0.1,), pairs=9),
        },
    }
)
SIZE = 12
owners = st.lists(st.integers(-1, 4), min_size=SIZE, max_size=SIZE)


def drawn(
    world: World, owner: list[int], entity: list[int], seed: int = 0
) -> tuple[Sample, Candidates, Profiles]:
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created, volume=world.volume,
    )  # fmt: skip
    pairs = candidate_pairs(index, NO_USES, LinkSettings())
    found = pairs.part(np.arange(len(pairs)))
    seen = profiles_of(index)
    for name in ("device", "email", "ip"):
        holds = [h.account for value, of in world.holders.items() if value[0] == name for h in of]
        seen.has[name] = np.isin(np.arange(world.size), holds)
    return sample(index, pairs, seen, np.array(entity), np.array(owner), MODEL, seed), found, seen


@settings(deadline=None, max_examples=40)
@given(worlds(), owners, st.integers(0, 9), st.booleans())
def test_a_sample_stands_for_all_pairs_of_known_accounts(
    world: World, owner: list[int], seed: int, few: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(samples, "MOST", 5)
            patch.setattr(samples, "STRANGERS", 60)
        pairs, found, _ = drawn(world, owner, list(range(SIZE)), seed)
    both = list(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))
    assert len(set(both)) == len(both)
    assert all(a < b and owner[a] >= 0 and owner[b] >= 0 for a, b in both)
    assert pairs.same.tolist() == [owner[a] == owner[b] for a, b in both]
    assert pairs.owner_a.tolist() == [owner[a] for a, _ in both]
    assert pairs.owner_b.tolist() == [owner[b] for _, b in both]
    close = set(zip(found.a.tolist(), found.b.tolist(), strict=True))
    assert pairs.candidate.tolist() == [pair in close for pair in both]

    known = [a for a in range(SIZE) if owner[a] >= 0]
    every = list(combinations(known, 2))
    for same in (True, False):
        for candidate in (True, False):
            expected = sum(
                (owner[a] == owner[b]) == same and ((a, b) in close) == candidate for a, b in every
            )
            got = pairs.weight[(pairs.same == same) & (pairs.candidate == candidate)].sum()
            if same or candidate or got:
                assert got == pytest.approx(expected), (same, candidate)
    share = sum(owner[a] == owner[b] for a, b in every) / max(len(every), 1)
    if 0 < share < 1:
        assert pairs.prior == pytest.approx(np.log(share / (1 - share)))
    assert np.isfinite(pairs.prior)


@settings(deadline=None, max_examples=40)
@given(worlds(), owners, entities(), st.sampled_from([MODEL, FITTED]))
def test_a_sample_says_what_a_run_says(
    world: World, owner: list[int], entity: list[int], model: AdditiveModel
) -> None:
    pairs, found, seen = drawn(world, owner, entity)
    assume(pairs.candidate.any())
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created, volume=world.volume,
    )  # fmt: skip
    scored = score(index, found, traits(seen, found, index, model), np.array(entity), model, LinkSettings())
    ran = dict(
        zip(zip(found.a.tolist(), found.b.tolist(), strict=True), scored.groups.sum(axis=1), strict=True)
    )
    here = pairs.candidate
    expected = [ran[pair] for pair in zip(pairs.a[here].tolist(), pairs.b[here].tolist(), strict=True)]
    np.testing.assert_allclose(log10_lr(model, pairs)[here], expected, atol=1e-5)


def test_likenesses_are_of_all_pairs_and_shared_values_of_candidates() -> None:
    # 0 and 1 share a device; 2 and 3 are of one controller and share nothing.
    world = World(
        SIZE, {("device", "d"): [Held(0), Held(1)], ("ip", "1"): [Held(4, own=True), Held(5)]},
        created=[1e9 * n for n in range(SIZE)], volume=[float(n * n) for n in range(SIZE)],
    )  # fmt: skip
    pairs, _, seen = drawn(world, [0, 0, 1, 1, *range(2, SIZE - 2)], list(range(SIZE)))
    rows = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(pairs.a, pairs.b, strict=True))}
    assert np.flatnonzero(~np.isnan(pairs.features["device"])).tolist() == [rows[0, 1]]
    assert np.flatnonzero(~np.isnan(pairs.features["ip:own"])).tolist() == [rows[4, 5]]
    assert pairs.same[rows[2, 3]]
    assert not pairs.candidate[rows[2, 3]]
    for name, values in likenesses(seen, pairs.a, pairs.b).items():
        np.testing.assert_array_equal(pairs.features[name], values)
    assert np.isnan(pairs.features["absent:device"]).all()
    assert pairs.features["absent:ip"].tolist().count(0.0) == 0


def test_a_known_value_that_is_not_shared() -> None:
    world = World(
        SIZE, {("device", "d"): [Held(0), Held(1)], ("device", "f"): [Held(2), Held(3)]},
        created=[1e9 * n for n in range(SIZE)], volume=[float(n) for n in range(SIZE)],
    )  # fmt: skip
    pairs, _, _ = drawn(world, list(range(SIZE)), list(range(SIZE)))
    absent = pairs.features["absent:device"] == 0
    found = set(zip(pairs.a[absent].tolist(), pairs.b[absent].tolist(), strict=True))
    assert found == {(0, 2), (0, 3), (1, 2), (1, 3)}


@settings(deadline=None, max_examples=10)
@given(worlds(), owners)
def test_the_seed_decides_the_draw(world: World, owner: list[int]) -> None:
    one, two = (drawn(world, owner, list(range(SIZE)), 3)[0] for _ in range(2))
    np.testing.assert_array_equal(one.a, two.a)
    np.testing.assert_array_equal(one.b, two.b)
    for key, values in one.features.items():
        np.testing.assert_array_equal(values, two.features[key])


def test_curve_keys_are_by_class_where_the_signal_has_classes() -> None:
    assert curve_key("ip", "vpn") == "ip:vpn"
    assert curve_key("ip", None) == "ip:none"
    assert curve_key("ip", "own") == "ip:own"
    assert curve_key("device", None) == curve_key("device", "own") == "device"


def test_one_large_controller_is_drawn_from_and_never_written_out() -> None:
    size = 200_000  # 20 billion pairs
    owner = np.zeros(size, dtype=np.int64)
    owner[-2:] = 7
    made = candidate_pairs(index_of(2, {}), NO_USES, LinkSettings())
    found = replace(made, a=np.array([0, size - 2]), b=np.array([5, size - 1]))
    pairs, weight = samples._missed(np.random.default_rng(0), found, owner, np.arange(2))
    assert len(pairs) == samples.MOST == len(np.unique(pairs, axis=0))
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert pairs.max() < size - 2
    assert pairs.min() >= 0
    assert weight * len(pairs) == (size - 2) * (size - 3) / 2 - 1

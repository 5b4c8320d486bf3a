"""The first look drops what the whole look would drop, however many pairs it takes at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links import hope
from graphattr.links.hope import hopeful
from graphattr.links.pieces import candidate_pairs, candidates, part_of
from graphattr.links.score import score, traits
from graphattr.settings import LinkSettings
from links.oracle import World
from links.strategies import worlds
from links.worlds import NO_USES, index_of, profiles_of
from models import field_guided_model

MODEL, SETTINGS = field_guided_model(), LinkSettings()


@settings(deadline=None, max_examples=30)
@given(worlds(), st.integers(1, 30), st.sampled_from([0.0, 0.05, 0.3, 1.1]), st.booleans())
def test_the_hopeful_of_parts_are_those_of_the_whole(
    world: World, at_a_time: int, least: float, estimate: bool
) -> None:
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created, volume=world.volume,
    )  # fmt: skip
    seen = profiles_of(index)
    pairs, found = (of(index, NO_USES, SETTINGS) for of in (candidate_pairs, candidates))
    of_pair = traits(seen, found, index, MODEL)
    scored = score(index, found, of_pair, np.arange(index.size), MODEL, SETTINGS, estimate=estimate)
    kept = np.flatnonzero(scored.probability >= least)
    expected, its = part_of(found, kept), of_pair.part(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hope, "ASIDE", at_a_time)
        made = hopeful(index, pairs, seen, MODEL, SETTINGS, least, estimate=estimate)
    some, traits_of = made.found, made.traits
    np.testing.assert_array_equal(made.probability, scored.probability)
    np.testing.assert_array_equal(some.a, expected.a)
    np.testing.assert_array_equal(some.b, expected.b)
    assert some.pieces.equals(expected.pieces)
    np.testing.assert_array_equal(traits_of.fixed, its.fixed)
    np.testing.assert_array_equal(traits_of.likeness, its.likeness)

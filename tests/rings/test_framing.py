"""A planted value does not put an innocent account into a ring: two kinds of evidence are needed."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from links.worlds import NO_USES, Held, Value, index_of, scores_of

from graphattr.links.pieces import candidates
from graphattr.rings.group import group, resolve
from graphattr.rings.guards import Vetoes
from graphattr.settings import LinkSettings, RingSettings
from models import field_guided_model

MODEL = field_guided_model()
LINKS, RINGS = LinkSettings(), RingSettings()
SIZE = 300
RING = list(range(6))
DAY = 86_400.0
PLANTS: tuple[Value, ...] = (("device", "d"), ("instrument", "i"), ("email", "e"), ("actor", "x"))


def ring_of(planted: dict[Value, set[int]], seed: int) -> list[int]:
    """Members of the ring that account 0 is in, after all passes; accounts 6 and up are innocent.

    The ring shares a device and a card and was made in one hour; innocents share addresses with each other, two by
    two, and were made on other days, using the service far less than the ring does.
    """
    draw = random.Random(seed)
    holders: dict[Value, set[int]] = {("device", "d"): set(RING), ("instrument", "i"): set(RING)}
    for n in range(6, SIZE, 2):
        holders["ip", f"10.0.{n // 250}.{n % 250}"] = {n, n + 1}
    for value, of in planted.items():
        holders[value] = holders.get(value, set()) | of
    index = index_of(
        SIZE,
        {value: [Held(a, 0, 0) for a in sorted(of)] for value, of in holders.items()},
        created=[60.0 * a for a in RING] + [DAY * draw.uniform(100, 400) for _ in range(6, SIZE)],
        volume=[6 + 0.01 * a for a in RING] + [draw.uniform(0, 3) for _ in range(6, SIZE)],
    )
    found = candidates(index, NO_USES, LINKS)
    veto = Vetoes(np.zeros(SIZE, dtype=bool), np.full(SIZE, -1))
    entity = np.arange(SIZE)
    for _ in range(LINKS.passes):
        scored = scores_of(index, found, entity, MODEL, LINKS)
        entity = resolve(scored, veto, SIZE, seed, LINKS, RINGS)
    grouping = group(scored, entity, veto, LINKS, RINGS)
    return np.flatnonzero(grouping.entity == grouping.entity[0]).tolist()


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(PLANTS),
    st.sets(st.sampled_from(RING), min_size=1),
    st.integers(6, SIZE - 1),
    st.integers(0, 3),
)
def test_one_planted_value_frames_nobody(value: Value, members: set[int], innocent: int, seed: int) -> None:
    assert ring_of({value: members | {innocent}}, seed) == RING


def test_a_value_planted_on_one_of_a_household_frames_neither() -> None:
    # 62 and 63 share an address and more: with the planted device 62 has two kinds of evidence, but not to the ring.
    assert ring_of({("device", "d"): {62}, ("email", "family"): {62, 63}}, 0) == RING


def test_two_kinds_of_planted_values_do() -> None:
    """What the guard cannot stop: an adversary who plants a card and a device."""
    assert ring_of({("device", "d"): {17}, ("instrument", "i"): {17}}, 0) == [*RING, 17]


def test_planting_among_innocents_leaves_the_ring_as_it_is() -> None:
    assert ring_of({("device", "other"): {20, 30, 40}, ("email", "other"): {20, 30, 40}}, 0) == RING

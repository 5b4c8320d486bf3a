"""Candidate pairs and their pieces against naive oracles; hubs never pair all their holders."""

from dataclasses import replace
from itertools import combinations

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links import pieces as pieces_module
from graphattr.links.candidates import (
    COUNTRY_NEIGHBOURS,
    COUNTRY_SECONDS,
    CREATION_NEIGHBOURS,
    WINDOW_NEIGHBOURS,
    creation_pairs,
    pairs_by_value,
    shared_pairs,
    window_pairs,
)
from graphattr.links.pieces import TELLING_SHARE, candidate_pairs, candidates, part_of
from graphattr.settings import LinkSettings
from links import oracle
from links.oracle import World
from links.strategies import worlds
from links.worlds import NO_USES, Held, Value, index_of, occasions_of

HOUR = 3600
SETTINGS = LinkSettings(window_seconds=6 * HOUR, max_window_fan=6)
IP: Value = ("ip", "10.0.0.1")
IP2: Value = ("ip", "10.0.0.2")
TLS: Value = ("tls_fingerprint", "t1")

rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), unique=True, max_size=30)


def naive(held: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    return sorted((a, b, v) for a, v in held for b, w in held if v == w and a < b)


@settings(deadline=None, max_examples=40)
@given(rows)
def test_pairs_by_value_on_every_engine(held: list[tuple[int, int]]) -> None:
    columns = {"account": [a for a, _ in held], "value": [v for _, v in held]}
    eager = pl.DataFrame(columns, schema={"account": pl.Int64, "value": pl.Int64})
    for frame in (eager, eager.lazy(), eager.to_arrow(), pd.DataFrame(columns, dtype="int64")):
        pairs = nw.from_native(pairs_by_value(frame)).lazy().collect().select("a", "b", "value")
        assert sorted(pairs.iter_rows()) == naive(held)


def test_pairs_by_value_stays_lazy_and_in_its_engine() -> None:
    held = pl.DataFrame({"account": [1, 2], "value": [7, 7]})
    assert isinstance(pairs_by_value(held.lazy()), pl.LazyFrame)
    assert isinstance(pairs_by_value(held.to_arrow()), pa.Table)


def test_hubs_pair_nobody() -> None:
    index = index_of(20, {IP: range(8), IP2: [3, 4], TLS: range(5, 9)}, hubs={IP}, listed={TLS})
    assert shared_pairs(index).select("a", "b").rows() == [(3, 4)]


uses = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from([IP, IP2, TLS]), st.integers(0, 40).map(lambda n: n * HOUR)),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(uses)
def test_window_pairs_equal_the_oracle(taken: list[tuple[int, Value, int]]) -> None:
    index = index_of(8, dict.fromkeys([IP, IP2, TLS], range(8)), hubs={IP, IP2, TLS})
    values = sorted([IP, IP2, TLS])
    frame = window_pairs(index, occasions_of(taken), SETTINGS)
    found = {
        (a, b, values[v]): (gap, crowd, rivals)
        for a, b, v, gap, crowd, rivals in frame.select("a", "b", "value", "gap", "crowd", "rivals").rows()
    }
    assert len(found) == frame.height
    assert found == oracle.windows(taken, SETTINGS.window_seconds, SETTINGS.max_window_fan, WINDOW_NEIGHBOURS)
    assert all(gap <= SETTINGS.window_seconds for gap, _, _ in found.values())


def test_ties_between_windows_do_not_depend_on_the_order_of_rows() -> None:
    # Account 0 is met by account 1 an hour before and an hour after, the second time among more rivals.
    taken = [(1, IP, 5 * HOUR), (0, IP, 6 * HOUR), (1, IP, 7 * HOUR), (2, IP, 13 * HOUR)]
    index = index_of(8, {IP: range(8)}, hubs={IP})
    frames = [window_pairs(index, occasions_of(order), SETTINGS) for order in (taken, taken[::-1])]
    assert frames[0].equals(frames[1])
    assert frames[0].row(0, named=True) | {"gap": 3600.0, "crowd": 3, "rivals": 2} == frames[0].row(
        0, named=True
    )


@pytest.mark.parametrize(("gap", "paired"), [(6 * HOUR, True), (6 * HOUR + 1, False)])
def test_only_inside_the_window(gap: int, paired: bool) -> None:
    index = index_of(5, {IP: range(5)}, hubs={IP})
    found = window_pairs(index, occasions_of([(0, IP, 0), (1, IP, gap)]), SETTINGS)
    assert found.select("a", "b").rows() == ([(0, 1)] if paired else [])


def test_a_crowded_window_pairs_nobody() -> None:
    index = index_of(20, {IP: range(20)}, hubs={IP})
    crowd = [(a, IP, 60 * a) for a in range(SETTINGS.max_window_fan + 1)]
    assert window_pairs(index, occasions_of(crowd[:-1]), SETTINGS).height == 15
    assert window_pairs(index, occasions_of(crowd), SETTINGS).height == 0


def test_pairs_of_a_hub_grow_with_its_holders_and_not_with_their_square() -> None:
    counts = []
    for size in (200, 400, 800):
        settings = LinkSettings(window_seconds=6 * HOUR, max_window_fan=size)
        index = index_of(size, {IP: range(size)}, hubs={IP}, created=[60.0 * n for n in range(size)])
        # Everybody within one window, so that only the limit of neighbours holds the pairs down.
        uses = occasions_of([(a, IP, a) for a in range(size)])
        counts.append(len(candidates(index, uses, settings)))
        assert counts[-1] <= size * (WINDOW_NEIGHBOURS + CREATION_NEIGHBOURS)
    assert counts[0] >= 200 * WINDOW_NEIGHBOURS * 0.9
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


created = st.lists(st.one_of(st.integers(0, 30).map(float), st.just(float("nan"))), min_size=1, max_size=25)


@given(created, st.data())
def test_creation_pairs(hours: list[float], data: st.DataObject) -> None:
    seconds = [h * HOUR for h in hours]
    country = data.draw(st.lists(st.integers(-1, 1), min_size=len(hours), max_size=len(hours)))
    index = index_of(len(hours), {}, created=seconds, country=country)

    def following(accounts: list[int], most: int, width: float) -> set[tuple[int, int]]:
        order = sorted((seconds[n], n) for n in accounts if seconds[n] == seconds[n])
        return {
            (min(a, b), max(a, b))
            for (i, (s, a)), (j, (t, b)) in combinations(enumerate(order), 2)
            if j - i <= most and t - s <= width
        }

    expected = following(list(range(len(hours))), CREATION_NEIGHBOURS, SETTINGS.window_seconds)
    for of in (0, 1):
        accounts = [n for n, declared in enumerate(country) if declared == of]
        expected |= following(accounts, COUNTRY_NEIGHBOURS, COUNTRY_SECONDS)
    assert creation_pairs(index, SETTINGS).rows() == sorted(expected)


def test_creations_of_one_country_are_found_among_many_others() -> None:
    # Between two of country 7 more strangers come than there are neighbours.
    between = CREATION_NEIGHBOURS + 5
    size = 3 * between + 3
    country = [7 if n % (between + 1) == 0 else n % 5 for n in range(size)]
    index = index_of(size, {}, created=[60.0 * n for n in range(size)], country=country)
    found = set(creation_pairs(index, SETTINGS).rows())
    assert (0, between + 1) in found
    assert (0, 2 * (between + 1)) in found
    unknown = index_of(size, {}, created=[60.0 * n for n in range(size)])
    assert (0, between + 1) not in set(creation_pairs(unknown, SETTINGS).rows())


def expected_pairs(world: World, met: oracle.Window) -> set[tuple[int, int]]:
    pairs = {(a, b) for a, b, _ in met}
    for value, of in world.shared.items():
        for a, b in combinations(sorted(of), 2):
            if not world.is_hub(value) or of[a].own != of[b].own:
                pairs.add((a, b))
    order = sorted(range(world.size), key=lambda n: world.created[n])
    for i, j in combinations(range(world.size), 2):
        near = world.created[order[j]] - world.created[order[i]] <= SETTINGS.window_seconds
        if near and j - i <= CREATION_NEIGHBOURS:
            pairs.add((min(order[i], order[j]), max(order[i], order[j])))
    return pairs


@settings(deadline=None, max_examples=60)
@given(worlds(size=30), st.data())
def test_candidates_are_complete(world: World, data: st.DataObject) -> None:
    # One more value with an owner: somebody's own wallet that others pay with, a hub or not.
    wallet: Value = ("instrument", "a0015")
    payers = data.draw(
        st.lists(st.integers(0, 29).filter(lambda n: n != 15), unique=True, min_size=1, max_size=5)
    )
    holders = {**world.holders, wallet: [Held(15, own=True), *(Held(p, 0) for p in payers)]}
    hubs = world.hubs | ({wallet} if data.draw(st.booleans()) else frozenset())
    world = replace(world, holders=holders, hubs=hubs)
    taken = data.draw(
        st.lists(st.tuples(st.sampled_from(sorted(world.shared)), st.integers(0, 29), st.integers(0, 30)))
    )
    # Only holders use a value.
    uses = [(a, v, h * HOUR) for v, a, h in taken if a in world.shared[v] and world.is_hub(v)]
    index = index_of(
        world.size, holders, kinds=world.kinds, hubs=hubs, listed=world.listed, created=world.created
    )
    found = candidates(index, occasions_of(uses), SETTINGS)
    met = oracle.windows(uses, SETTINGS.window_seconds, SETTINGS.max_window_fan, WINDOW_NEIGHBOURS)
    pairs = expected_pairs(world, met)
    assert list(zip(found.a.tolist(), found.b.tolist(), strict=True)) == sorted(pairs)

    values = sorted(world.shared)
    rows = found.pieces.rows(named=True)
    assert [(r["pair"], r["value"]) for r in rows] == sorted({(r["pair"], r["value"]) for r in rows})
    for r in rows:
        assert (r["a"], r["b"]) == (found.a[r["pair"]], found.b[r["pair"]])
    pieces = {(r["a"], r["b"], values[r["value"]]): r for r in rows}
    assert pieces.keys() == oracle.pieces(world, pairs, met, TELLING_SHARE * world.size)
    for (a, b, value), row in pieces.items():
        one, two = world.shared[value][a], world.shared[value][b]
        gap = oracle.gap_days(one, two, (a, b, value) in met)
        assert row["gap"] == (gap if gap is None else pytest.approx(gap))
        assert row["own"] == (one.own or two.own)
        assert (row["crowd"], row["rivals"]) == met.get((a, b, value), (0, None, None))[1:]
        number = values.index(value)
        assert [index.held["row"][row[f"held_{end}"]] for end in "ab"] == [100 * number + a, 100 * number + b]

    # A part that is looked up alone is that part of the whole.
    kept = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces_module, "CHUNK", data.draw(st.integers(1, 40)))
        part = candidate_pairs(index, occasions_of(uses), SETTINGS).part(kept)
    whole = part_of(found, kept)
    assert (part.a.tolist(), part.b.tolist()) == (whole.a.tolist(), whole.b.tolist())
    assert part.pieces.equals(whole.pieces)
    assert part.pieces.schema == whole.pieces.schema


def test_a_hub_raises_a_link_that_other_evidence_made_but_makes_none() -> None:
    index = index_of(100, {IP: range(8), ("email", "e"): [0, 1]}, hubs={IP})
    found = candidates(index, NO_USES, SETTINGS)
    assert (found.a.tolist(), found.b.tolist()) == ([0], [1])
    assert sorted(found.pieces["value"].to_list()) == [0, 1]


def test_a_hub_that_many_hold_is_not_looked_up() -> None:
    index = index_of(100, {IP: range(11), ("email", "e"): [0, 1]}, hubs={IP})
    found = candidates(index, NO_USES, SETTINGS)
    assert index.values["signal"].gather(found.pieces["value"]).to_list() == ["email"]


def test_uses_without_times_of_their_own_make_pairs_but_no_window_evidence() -> None:
    index = index_of(100, {IP: [Held(a) for a in range(8)]}, hubs={IP})
    found = candidates(index, occasions_of([(0, IP, 0), (1, IP, HOUR)], timed=False), SETTINGS)
    assert (found.a.tolist(), found.b.tolist()) == ([0], [1])
    assert found.pieces.select("gap", "crowd", "rivals").rows() == [(None, None, None)]


def test_no_signals_in_common() -> None:
    found = candidates(index_of(3, {}), NO_USES, SETTINGS)
    assert len(found) == 0
    assert found.pieces.height == 0
    assert found.a.dtype == np.int64

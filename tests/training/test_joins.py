"""Fitting how sets are joined: the worlds, what counts as right, limits, and the fit on small worlds."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.settings import Settings
from graphattr.training import joins
from graphattr.training.joins import (
    FIRST_SEED,
    Example,
    JoinWorld,
    example,
    fit_joining,
    join_worlds,
    member_limits,
)
from graphattr.training.rings import FIRST_SEED as RINGS_FROM
from models.joining import CASES, Joining
from models.linkage import shipped_linkage


def test_every_second_world_lacks_mechanisms_and_none_is_used_elsewhere() -> None:
    worlds = join_worlds()
    numbers = joins.WORLDS | joins.LARGE_WORLDS
    assert len({world.seed for world in worlds}) == len(worlds) == sum(numbers.values())
    assert all(FIRST_SEED <= world.seed < RINGS_FROM for world in worlds)
    assert {bool(world.without) for world in worlds[::2]} == {False}
    assert all(world.without for world in worlds[1::2])
    assert {world.preset for world in worlds} == set(numbers)
    # A small training has no large world.
    assert {world.preset for world in join_worlds(0.0)} == set(joins.WORLDS)


def test_share_of_pairs_across_two_sets() -> None:
    label = np.array([0, 0, 1, 1, 2])
    controller = np.array([0, 1, 0, 0, 1])
    found = joins._share(label, controller, np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert found.tolist() == [0.5, 0.5, 0.0]


def test_who_belongs_is_as_the_evaluation_has_it() -> None:
    # Two of one controller; level at two; nobody with two; alone.
    entity = np.array([0, 0, 0, 3, 3, 3, 3, 7, 7, 9])
    controller = np.array([1, 1, 2, 3, 3, 4, 4, 5, 6, 7])
    assert joins._belongs(entity, controller).tolist() == [1, 1, 0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0]


def drawn(worlds: int, spread: float, each: int = 400) -> pl.DataFrame:
    """Members who are right as often as stated on average, more or less often by world."""
    generator = np.random.default_rng(1)
    parts = []
    for world in range(worlds):
        stated = generator.uniform(0.5, 1.0, each)
        off = generator.normal(0, spread)
        true = 1 / (1 + np.exp(-np.log(stated / (1.0001 - stated)) - off))
        parts.append(
            pl.DataFrame(
                {"world": f"w{world}", "probability": stated, "belongs": generator.random(each) < true}
            ).with_columns(pl.col("belongs").cast(pl.Float64))
        )
    return pl.concat(parts)


def test_limits_widen_with_how_far_worlds_differ_and_hold_nine_in_ten() -> None:
    tight, wide = (member_limits(drawn(40, spread)) for spread in (0.0, 1.5))
    assert tight is not None
    assert wide is not None
    at = np.array([0.6, 0.8])
    (low, high), (lower, higher) = tight.of(at), wide.of(at)
    assert (lower < low).all()
    assert (higher > high).all()
    # Of groups of fifty all alike the binomial spread stays.
    assert low == pytest.approx(at - 1.64 * np.sqrt(at * (1 - at) / 50), abs=0.05)
    assert high == pytest.approx(at + 1.64 * np.sqrt(at * (1 - at) / 50), abs=0.05)


def test_without_enough_groups_there_are_no_limits() -> None:
    assert member_limits(drawn(2, 0.0)) is None
    assert member_limits(drawn(1, 0.0).clear()) is None


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    worlds = [JoinWorld("tiny", 90_001), JoinWorld("tiny", 90_002, ("vpn_exits",)), JoinWorld("tiny", 90_003)]
    return [example(world, shipped_linkage(), Settings()) for world in worlds]


def fitted(examples: list[Example]) -> Joining:
    return fit_joining(examples, Settings(), "a test", lambda _name, _done: None)


def test_what_is_learnt_joins_those_of_one_controller(examples: list[Example], tmp_path: Path) -> None:
    joining = fitted(examples)
    assert joining.join.cases
    assert joining.stay.cases
    right = wrong = 0
    for one in examples:
        grouping = joins.joined_rings(one.weighed, Settings(), joining.join)
        here = np.isin(grouping.entity, grouping.rings)
        belongs = joins._belongs(grouping.entity, one.controller)[here]
        right, wrong = right + belongs.sum(), wrong + (1 - belongs).sum()
    assert right > 2 * wrong


def test_the_same_worlds_teach_the_same(examples: list[Example]) -> None:
    assert fitted(examples) == fitted(examples)


def test_large_sets_are_not_told_apart_by_their_sizes(examples: list[Example]) -> None:
    joining = fitted(examples)
    for judge in (joining.join, joining.stay):
        for name, unread in joins.UNREAD.items():
            assert not set(unread) & set(judge.cases[name].parts if name in judge.cases else ())
    assert "larger" in joining.join.cases["one-few"].parts


def test_of_a_large_world_all_large_sets_are_read_and_some_of_the_others(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = fitted(examples).join

    def rows() -> tuple[list[int], int]:
        found = joins._joins(examples[0], Settings(), judge, 0.5)
        return np.bincount(found.case, minlength=len(CASES)).tolist(), len(
            joins._members(examples[0], Settings(), judge).share
        )

    (every, members), most = rows(), 7
    monkeypatch.setattr(joins, "LARGE", 0)
    monkeypatch.setattr(joins, "MOST_PAIRS", most)
    monkeypatch.setattr(joins, "MOST_MEMBERS", most)
    (some, few), large = rows(), CASES.index("many-many")
    assert some[large] == every[large] > 0
    assert all(0 < now <= most < before for now, before in zip(some[:large], every[:large], strict=True))
    assert 0 < few <= most < members

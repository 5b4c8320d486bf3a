"""Figures over reported accounts, on cases small enough to count by hand."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import InputError, RunError
from graphattr.evaluate.reported import reported, reported_members

Rings = dict[str, list[str]]
Members = Callable[[Rings], pl.DataFrame]

GROUPS = pl.DataFrame(
    {
        "account_id": ["a1", "a2", "a3", "a4", "b1", "b2", "z1", "z2", "z3"],
        "group": ["a"] * 4 + ["b"] * 2 + ["z"] * 3,
    }
)
RINGS = {"R1": ["a1", "a2", "a3", "u1"], "R2": ["a4", "b1"], "R3": ["z1", "z2", "z3", "a9", "u2"]}


def test_bcubed_is_over_reported_accounts_only(members: Members) -> None:
    got = reported_members(members(RINGS), GROUPS, exclude=["z"])
    # u1 costs no precision: a1, a2, a3 are right; a4 and b1 half right; b2 alone.
    assert got["accounts"] == 6
    assert got["groups"] == 2
    assert got["precision"] == pytest.approx((3 + 0.5 + 0.5 + 1) / 6)
    assert got["recall"] == pytest.approx((3 * 3 / 4 + 1 / 4 + 1 / 2 + 1 / 2) / 6)


def test_unreported_share_counts_rings_with_three_reported(members: Members) -> None:
    everyone = reported_members(members(RINGS), GROUPS)
    without = reported_members(members(RINGS), GROUPS, exclude=["z"])
    assert (everyone["rings"], everyone["ring_accounts"], everyone["unreported"]) == (2, 9, 3)
    assert (without["rings"], without["unreported_share"]) == (1, 0.25)


def test_accounts_of_an_excluded_group_are_not_called_unreported(members: Members) -> None:
    got = reported_members(members({"R1": ["a1", "a2", "a3", "z1"]}), GROUPS, exclude=["z"])
    assert (got["ring_accounts"], got["unreported_share"]) == (3, 0.0)


def test_consider_narrows_bcubed_and_not_the_share(members: Members) -> None:
    got = reported_members(members(RINGS), GROUPS, consider={"a1", "b1"})
    assert (got["accounts"], got["precision"], got["recall"]) == (2, 1.0, 1.0)
    assert got["rings"] == 2


def test_nothing_to_measure_is_none(members: Members) -> None:
    got = reported_members(members({"R1": ["u1", "u2"]}), GROUPS, consider=())
    assert (got["precision"], got["f1"], got["unreported_share"]) == (None, None, None)


@pytest.mark.parametrize(
    ("rings", "groups"),
    [
        ({"R1": ["a1"], "R2": ["a1"]}, GROUPS),
        ({"R1": ["a1"]}, pl.concat([GROUPS, GROUPS.head(1)])),
    ],
)
def test_an_account_named_twice_is_refused(members: Members, rings: Rings, groups: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="more than once"):
        reported_members(members(rings), groups)


def test_a_run_must_be_finished(make_run: Callable[[Rings], Path]) -> None:
    run = make_run(RINGS)
    assert reported(run, GROUPS)["accounts"] == 9
    (run / "run.json").unlink()
    with pytest.raises(RunError, match=r"no run\.json"):
        reported(run, GROUPS)

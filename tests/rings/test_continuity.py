"""Ring ids last: one id a ring, never twice, never again; splits, merges, births and ends told as they are."""

from __future__ import annotations

from itertools import permutations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.rings.continuity import CHANGES, Continuity, continuity, fresh_id, match, overlaps


def members(rings: dict[str, str]) -> pl.DataFrame:
    """Accounts are letters: {"ring": "abc"}."""
    rows = [(ring, account) for ring, accounts in rings.items() for account in accounts]
    return pl.DataFrame(rows, schema={"ring_id": pl.String, "account_id": pl.String}, orient="row")


def follow(before: dict[str, str], after: dict[str, str], retired: tuple[str, ...] = ()) -> Continuity:
    return continuity(members(before), members(after), retired)


def told(result: Continuity) -> list[tuple[str, str, list[str], list[str]]]:
    return list(result.changes.select("ring_id", "change", "from_ids", "to_ids").iter_rows())


def test_a_ring_that_grows_and_loses_an_account_lasts() -> None:
    result = follow({"old": "abc"}, {"new": "abxy"})
    assert result.ids == {"new": "old"}
    assert told(result) == [("old", "continued", ["old"], ["old"])]
    row = result.changes.row(0, named=True)
    assert (row["accounts_gained"], row["accounts_lost"]) == (["x", "y"], ["c"])
    assert result.changes.schema == pl.Schema(CHANGES)


def test_a_split_keeps_the_id_on_the_larger_part() -> None:
    result = follow({"old": "abcde"}, {"p": "ab", "q": "cde"})
    assert result.ids == {"q": "old", "p": "p"}
    assert told(result) == [("old", "split", ["old"], ["old", "p"]), ("p", "born", ["old"], ["p"])]


def test_a_merger_keeps_the_id_of_the_larger_part() -> None:
    result = follow({"r": "ab", "s": "cde"}, {"n": "abcde"})
    assert result.ids == {"n": "s"}
    assert told(result) == [("r", "ended", ["r"], ["s"]), ("s", "merged", ["r", "s"], ["s"])]
    assert result.ended == {"r": ["s"]}


def test_a_ring_that_splits_and_merges_at_once_is_told_twice() -> None:
    result = follow({"r": "abcdefg", "s": "xy"}, {"m": "abcdexy", "n": "fg"})
    assert result.ids == {"m": "r", "n": "n"}
    assert [row[:2] for row in told(result)] == [
        ("n", "born"),
        ("r", "merged"),
        ("r", "split"),
        ("s", "ended"),
    ]


def test_births_and_ends_without_kin() -> None:
    result = follow({"r": "ab"}, {"n": "xy"})
    assert told(result) == [("n", "born", [], ["n"]), ("r", "ended", ["r"], [])]
    rows = result.changes.rows_by_key("ring_id", named=True, unique=True)
    assert rows["n"]["accounts_gained"] == ["x", "y"]
    assert rows["r"]["accounts_lost"] == ["a", "b"]


def test_one_account_that_went_over_does_not_carry_an_id() -> None:
    result = follow({"old": "abcdefghij"}, {"new": "auvwxyz"})
    assert result.ids == {"new": "new"}
    assert told(result) == [("new", "born", ["old"], ["new"]), ("old", "ended", ["old"], ["new"])]


def test_an_account_that_moves_between_lasting_rings_is_no_split() -> None:
    result = follow({"r": "abcd", "s": "wxyz"}, {"m": "abc", "n": "dwxyz"})
    assert result.ids == {"m": "r", "n": "s"}
    assert told(result) == [("r", "continued", ["r"], ["r", "s"]), ("s", "continued", ["r", "s"], ["s"])]


def test_as_many_accounts_as_possible_keep_their_id() -> None:
    """Best pair first would hand r on to m (5 accounts); r to n and s to m keeps 8."""
    result = follow({"r": "abcdeijkl", "s": "pqrs"}, {"m": "abcdepqrs", "n": "ijkl"})
    assert result.ids == {"m": "s", "n": "r"}


def test_of_equal_overlaps_the_likest_ring_goes_on() -> None:
    result = follow({"r": "abcdef"}, {"m": "abcxy", "n": "def"})
    assert result.ids["n"] == "r"


def test_an_id_is_never_given_again() -> None:
    """The provisional id of a new ring may be one that another ring has, or had."""
    result = follow({"r": "abc", "s": "xyz"}, {"s": "abc", "r": "mn", "t": "op"}, retired=("t",))
    assert result.ids["s"] == "r"
    assert not {result.ids["r"], result.ids["t"]} & {"r", "s", "t"}
    assert result.ids["r"].startswith("ring-")


def test_fresh_ids_do_not_run_out() -> None:
    first = fresh_id("ring-1", {"ring-1"})
    assert fresh_id("ring-1", {"ring-1", first}) not in {"ring-1", first}


def test_nothing_to_follow() -> None:
    assert follow({}, {}).changes.is_empty()
    assert told(follow({}, {"n": "ab"})) == [("n", "born", [], ["n"])]


@st.composite
def partitions(draw: st.DrawFn, prefix: str) -> dict[str, str]:
    """Some of up to twelve accounts in rings of at least one."""
    places = draw(st.lists(st.integers(-1, 4), min_size=0, max_size=12))
    found: dict[str, str] = {}
    for account, place in zip("abcdefghijkl", places, strict=False):
        if place >= 0:
            name = f"{prefix}{place}"
            found[name] = found.get(name, "") + account
    return found


@given(
    partitions("r"), partitions("r"), st.lists(st.sampled_from([f"r{i}" for i in range(8)] + ["ring-old"]))
)
def test_every_ring_has_one_id_and_no_id_is_used_twice(
    before: dict[str, str], after: dict[str, str], retired: list[str]
) -> None:
    gone = tuple(set(retired) - set(before))
    result = follow(before, after, gone)
    assert result.ids.keys() == after.keys()
    assert len(set(result.ids.values())) == len(after)
    assert not set(result.ids.values()) & set(gone)
    for ring, name in result.ids.items():
        # An old id goes only to a ring that shares most of the smaller of the two.
        if name in before:
            shared = len(set(before[name]) & set(after[ring]))
            assert 2 * shared > min(len(before[name]), len(after[ring]))
    assert set(result.ended) == set(before) - set(result.ids.values())


@given(partitions("r"), st.permutations([f"r{i}" for i in range(5)]))
def test_the_same_rings_keep_their_ids_whatever_they_are_called(
    before: dict[str, str], names: list[str]
) -> None:
    called = dict(zip([f"r{i}" for i in range(5)], names, strict=True))
    result = follow(before, {called[ring]: accounts for ring, accounts in before.items()})
    assert result.ids == {called[ring]: ring for ring in before}
    assert set(result.changes["change"]) <= {"continued"}
    assert result.changes["accounts_gained"].list.len().sum() == 0


@given(partitions("o"), partitions("n"))
def test_changes_account_for_every_account(before: dict[str, str], after: dict[str, str]) -> None:
    result = follow(before, after)
    now = {result.ids[ring]: set(accounts) for ring, accounts in after.items()}
    assert set(result.changes["ring_id"]) == before.keys() | now.keys()
    for row in result.changes.iter_rows(named=True):
        ring, was = row["ring_id"], set(before.get(row["ring_id"], ""))
        assert now.get(ring, set()) == (was | set(row["accounts_gained"])) - set(row["accounts_lost"])
        if ring in now:
            assert set(row["from_ids"]) == {name for name, old in before.items() if set(old) & now[ring]}
        if ring in before:
            assert set(row["to_ids"]) == {name for name, new in now.items() if was & new}
        assert (row["change"] == "born") == (ring not in before)
        assert (row["change"] == "ended") == (ring not in now)


@given(partitions("o"), partitions("n"))
def test_the_match_is_the_best_there_is(before: dict[str, str], after: dict[str, str]) -> None:
    """Against all ways to pair the rings."""
    shared = {(o, n): len(set(before[o]) & set(after[n])) for o in before for n in after}
    close = {
        pair: count
        for pair, count in shared.items()
        if 2 * count > min(len(before[pair[0]]), len(after[pair[1]]))
    }
    many, few = sorted((list(before), list(after)), key=len, reverse=True)
    best = 0
    for order in permutations(many, len(few)):
        pairs = zip(order, few, strict=True)
        oriented = (pair if pair[0] in before else pair[::-1] for pair in pairs)
        best = max(best, sum(close.get(pair, 0) for pair in oriented))
    found = match(overlaps(members(before), members(after)))
    assert sum(close[pair] for pair in found.items()) == best


@given(partitions("o"), partitions("n"), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    before: dict[str, str], after: dict[str, str], random: object
) -> None:
    frames = [members(before), members(after)]
    result = continuity(*frames, ())
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=random.getrandbits(32)) for frame in frames]  # type: ignore[attr-defined]
    again = continuity(*shuffled, ())
    assert again.ids == result.ids
    assert again.changes.equals(result.changes)


@pytest.mark.parametrize("rings", [300])
def test_many_rings_at_once(rings: int) -> None:
    """Every ring gives half of its accounts to the next: one component, and every id must find a place."""
    before = pl.DataFrame(
        {
            "ring_id": [f"o{i // 4}" for i in range(4 * rings)],
            "account_id": [f"{i:05}" for i in range(4 * rings)],
        }
    )
    after = before.with_columns(ring_id=pl.Series([f"n{((i + 1) // 4) % rings}" for i in range(4 * rings)]))
    result = continuity(before, after, ())
    assert set(result.ids.values()) == {f"o{i}" for i in range(rings)}
    assert set(result.changes["change"]) == {"continued"}

"""Where a ring would come apart."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import polars as pl
import pytest

from graphattr.attribution.seams import RANGE, seams
from graphattr.records import LINKS
from models.joining import CASES, Case, Judge, Part

#: Odds of sets are those of the best link between them, less what a second and third are missing.
JUDGE = Judge(
    cases={
        name: Case(odds=0.0, parts={"best": Part(knots=(-9.0, 9.0), values=(-9.0, 9.0))}, rows=1)
        for name in CASES
    }
)
PRIOR = -3.0


def link(a: str, b: str, odds: float) -> dict[str, Any]:
    blank = {name: 0.0 for name in LINKS if name not in ("account_a", "account_b")}
    return {**blank, "account_a": a, "account_b": b, "log10_lr": odds - PRIOR, "log10_prior_odds": PRIOR}


def clique(names: Iterable[str], odds: float) -> list[dict[str, Any]]:
    return [link(a, b, odds) for a, b in combinations(names, 2)]


def found(links: list[dict[str, Any]], **rings: str) -> dict[str, tuple[float, int]]:
    members = pl.DataFrame(
        [(ring, name) for ring, names in rings.items() for name in names],
        schema={"ring_id": pl.String, "account_id": pl.String},
        orient="row",
    )
    rows = seams(members, pl.DataFrame(links, schema=LINKS), JUDGE)
    assert set(rows["statistic"]) <= {"seam"}
    return {ring: (value, n) for ring, _, value, n, _ in rows.iter_rows()}


def test_two_sound_halves_held_by_a_weak_link() -> None:
    links = [*clique("abcd", 2.5), *clique("efgh", 2.5), link("d", "e", -0.4)]
    assert found(links, r="abcdefgh") == {"r": (pytest.approx(-0.4), 4)}


def test_a_cell_has_no_seam_nor_has_one_with_a_few_around_it() -> None:
    links = [*clique("abcdef", 2.5), link("f", "x", -1.0), link("a", "y", -1.0)]
    assert found(links, r="abcdefxy") == {"r": (RANGE[1], 0)}


def test_the_least_sure_of_several_joins_counts_and_rings_are_apart() -> None:
    links = [
        *clique("abc", 2.5), *clique("def", 2.5), *clique("ghi", 2.5), link("c", "d", 1.0), link("f", "g", 0.5),
        *clique("uvw", 2.5), *clique("xyz", 2.5), link("w", "x", -0.2),
    ]  # fmt: skip
    assert found(links, one="abcdefghi", two="uvwxyz") == {
        "one": (pytest.approx(0.5), 3),
        "two": (pytest.approx(-0.2), 3),
    }


def test_the_odds_keep_within_their_range() -> None:
    judge_low = [*clique("abc", 2.5), *clique("def", 2.5), link("c", "d", -1.6)]
    assert found(judge_low, r="abcdef")["r"][0] == pytest.approx(-1.6)
    assert found([*clique("abc", 2.5)], r="abc") == {"r": (RANGE[1], 0)}
    # A link too weak to hold anything: the halves never meet.
    assert (
        found([*clique("abc", 2.5), *clique("def", 2.5), link("c", "d", -2.0)], r="abcdef")["r"][0]
        == RANGE[0]
    )


def test_a_part_counts_from_a_tenth_of_its_ring() -> None:
    names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for large, expected in ((27, (pytest.approx(-0.4), 3)), (28, (RANGE[1], 0))):
        whole, part = names[:large], names[large : large + 3]
        links = [*clique(whole, 2.5), *clique(part, 2.5), link(whole[0], part[0], -0.4)]
        assert found(links, r=whole + part) == {"r": expected}


def test_without_rings_there_is_nothing_to_say() -> None:
    assert found([]) == {}

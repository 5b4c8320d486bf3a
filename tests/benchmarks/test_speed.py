"""Candidate recall on accounts that can be counted by hand, exponents, and the sizes of worlds."""

import numpy as np
import polars as pl
import pytest

from benchmarks.same_bytes import differing
from benchmarks.scaled import COUNTS, scaled
from benchmarks.speed import Cost, exponent, growth_lines, look, looked, recall, recall_lines
from graphattr.simulate.presets import preset

ACCOUNTS = pl.Series("account_id", [f"a{number}" for number in range(9)])
#: 0 to 4 of one operator, 5 and 6 of another, 7 of one with a single account, 8 an innocent.
TRUTH = pl.DataFrame(
    {
        "account_id": ACCOUNTS,
        "controller": ["x"] * 5 + ["y"] * 2 + ["z", "i"],
        "kind": ["single_operator"] * 5 + ["reseller"] * 2 + ["single_operator", "independent"],
        "mechanism": ["operator"] * 5 + ["gateway"] * 2 + ["twin", "person"],
        "innocent": [False] * 8 + [True],
    }
)


def found(*pairs: tuple[int, int]) -> dict[str, tuple[int, int, int]]:
    a, b = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in range(2))
    rows = recall(ACCOUNTS, a, b, TRUTH)
    return {kind: of for kind, *of in rows.select("kind", "accounts", "reached", "together").rows()}


def test_only_pairs_inside_a_controller_count() -> None:
    # 0-1-2 and 3-4 are held apart: 4 and 8 is a stranger, who bridges nothing.
    held = found((0, 1), (1, 2), (3, 4), (2, 8), (3, 8), (5, 8))
    assert held == {"single_operator": [5, 5, 3], "reseller": [2, 0, 0]}


def test_a_chain_holds_all_together() -> None:
    held = found((0, 1), (1, 2), (2, 3), (3, 4), (5, 6))
    assert held == {"single_operator": [5, 5, 5], "reseller": [2, 2, 2]}


def test_without_candidates_nothing_is_reached() -> None:
    assert found() == {"single_operator": [5, 0, 0], "reseller": [2, 0, 0]}


def test_shares_are_of_accounts_and_the_lowest_of_controllers() -> None:
    rows = pl.DataFrame(
        {
            "kind": ["single_operator"] * 2,
            "mechanism": ["operator", "twin"],
            "accounts": [10, 30],
            "reached": [9, 30],
            "together": [5, 30],
        }
    )
    lines = list(recall_lines("A", "as made", rows))
    assert lines[0] == ["A", "as made", "all", "2", "40", "97.5%", "87.5%", "50.0%"]
    assert [line[2] for line in lines] == ["all", "single operator", "... operator", "... twin"]


def made(accounts: int, cpu: float) -> Cost:
    return Cost(accounts, accounts**2, cpu, cpu, 1024, [])


def test_exponents_are_slopes_between_sizes() -> None:
    costs = [made(10, 1.0), made(100, 10.0), made(1000, 1000.0)]
    assert exponent(costs[0], costs[1], "cpu") == pytest.approx(1.0)
    assert exponent(costs[0], costs[2], "candidates") == pytest.approx(2.0)
    lines = list(growth_lines("A", costs))
    assert [line[5] for line in lines] == ["", "1.00", "2.00", "1.50"]


def test_a_scaled_world_keeps_its_mix() -> None:
    chosen = preset("world100k")
    small = scaled(chosen, 10_000)
    assert small.accounts == 10_000
    assert small.fraudulent == 250
    assert all(getattr(small, name) >= 1 for name in COUNTS)
    assert small.operator_size == chosen.operator_size
    assert scaled(chosen, chosen.accounts) == chosen


def test_files_that_differ_or_are_missing_are_told() -> None:
    before = {"w/a.parquet": "1", "w/b.parquet": "2", "w/c.parquet": "3"}
    after = {"w/a.parquet": "1", "w/b.parquet": "9", "w/d.parquet": "3"}
    assert differing(before, after) == ["w/b.parquet", "w/c.parquet", "w/d.parquet"]
    assert differing(before, dict(before)) == []


def test_candidates_alone_are_counted_in_parts_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.speed.scaled", lambda _chosen, _accounts: preset("tiny"))
    monkeypatch.setattr("benchmarks.speed.alone", lambda what, *given: what(*given))
    whole = look("A", 400, 1)
    monkeypatch.setattr("benchmarks.speed.AT_A_TIME", 500)
    parts = look("A", 400, 1)
    assert (whole.accounts, whole.candidates) == (parts.accounts, parts.candidates)
    assert whole.candidates > 500
    assert whole.stages == parts.stages
    assert whole.stages[0]["pieces"] > whole.candidates / 2
    assert whole.cpu > 0
    assert whole.peak > 50
    (line,) = looked("A", [400], 1)
    assert line[:5] == [
        "A",
        f"{whole.accounts}",
        f"{whole.candidates:,}",
        "",
        f"{whole.stages[0]['pieces']:,}",
    ]
    assert len(line) == 9

"""The book of rules that figures are computed by, and what rules have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import polars as pl

from graphattr.evidence.case import Case
from graphattr.evidence.figures import Amount, Rule
from graphattr.records import HYPOTHESES

RULES: Final[dict[str, Rule]] = {}
#: From this probability on something is more likely than not.
EVEN: Final = 0.5


Computation = TypeVar("Computation", bound=Callable[..., Amount])


def rule(
    name: str, unit: str, needs: tuple[str, ...], derivation: str, parts: tuple[str, ...] = ()
) -> Callable[[Computation], Computation]:
    """Enters a computation in `RULES` (the arguments of `figures.Rule`)."""

    def add(compute: Computation) -> Computation:
        RULES[name] = Rule(name, unit, needs, derivation, compute, parts)
        return compute

    return add


def cell(frame: pl.DataFrame, column: str) -> Any:
    """The column of the first row; None where there is none."""
    return frame[column][0] if frame.height else None


def probability(log10_odds: float) -> float:
    """Odds as a decimal logarithm to a probability, without overflow."""
    if log10_odds >= 0:
        return 1.0 / (1.0 + math.pow(10.0, -log10_odds))
    odds = math.pow(10.0, log10_odds)
    return odds / (1.0 + odds)


def link_of(case: Case, a: str, b: str) -> pl.DataFrame:
    """The row of links of a pair (a < b), if there is one."""
    return case.tables["links"].filter((pl.col("account_a") == a) & (pl.col("account_b") == b))


def best_of(case: Case, ring: str, among: tuple[str, ...] | None) -> str:
    """The most probable hypothesis of some, or of all; among equals the first in order of `HYPOTHESES`."""
    row = case.of_ring("rings", ring)
    names = [name for name in HYPOTHESES if among is None or name in among]
    return max(names, key=lambda name: cell(row, f"p_{name}") or 0.0)

"""What an attribution asks of a ring, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from graphattr.explorer.text import NONE, count, odds

#: Said before the conditions.
ASKED: Final = (
    "An attribution asks all of this of the run, of the ring, and of its firm part: the members who stay together"
    " whichever kind of evidence is left out. The last two are the error control's: how right rings with"
    " known truth were at such a score, and whether there are enough of them for what this run has to attribute."
)


@dataclass(frozen=True)
class _Words:
    """A condition in words, and how its figures are read."""

    what: str
    figure: Callable[[float], str]

    def read(self, number: float | None) -> str:
        """A figure; a dash for none."""
        return NONE if number is None else self.figure(number)


def _plain(number: float) -> str:
    return f"{number:.3g}"


def _share(number: float) -> str:
    return f"{100 * number:.1f} %"


def _yes(number: float) -> str:
    return "yes" if number else "no"


_CONDITION: Final = {
    "tables": _Words("tables of the run that have times, of those that known rings were found with", count),
    "known_rings": _Words("rings with known truth that speak of this run", count),
    "firm_accounts": _Words("accounts in the firm part", count),
    "firm_share": _Words("the firm part's share of the ring", _share),
    "control": _Words("probability of common control of the firm part", _share),
    "evidence_groups": _Words("kinds of evidence that link it", count),
    "no_single_value": _Words("no single shared value whose loss would break the ring", _yes),
    "seam": _Words("odds that the two least sure pieces of the firm part share a controller", odds),
    "whole_seam": _Words("odds that the two least sure pieces of the whole ring do", odds),
    "score": _Words("score, by which rings are ranked", _plain),
    "e_value": _Words("e-value against rings with known truth", _plain),
}


def told(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of `records.CONDITIONS` in words: asked, ring, needed, met."""
    found = []
    for row in rows.iter_rows(named=True):
        words = _CONDITION[row["condition"]]
        figures = {"ring": words.read(row["value"]), "needed": words.read(row["needed"])}
        if not row["met"] and figures["ring"] == figures["needed"] != NONE:
            figures["ring"] = f"just below {figures['needed']}"
        found.append({"asked": words.what, **figures, "met": row["met"]})
    return found

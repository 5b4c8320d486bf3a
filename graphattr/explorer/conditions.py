"""What an attribution asks of a ring, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from graphattr.evidence.conditions import CONDITION_WORDS
from graphattr.explorer.text import NONE, count, odds


def _plain(number: float) -> str:
    return f"{number:.3g}"


def _share(number: float) -> str:
    return f"{100 * number:.1f} %"


def _yes(number: float) -> str:
    return "yes" if number else "no"


#: How the figures of a condition are read, where not as they are.
_READ: Final[dict[str, Callable[[float], str]]] = {
    **dict.fromkeys(("tables", "known_rings", "firm_accounts", "evidence_groups"), count),
    **dict.fromkeys(("firm_share", "control"), _share),
    **dict.fromkeys(("seam", "whole_seam"), odds),
    "no_single_value": _yes,
}


def _figure(condition: str, number: float | None) -> str:
    """A figure of a condition; a dash for none."""
    return NONE if number is None else _READ.get(condition, _plain)(number)


def told(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of `records.CONDITIONS` in words: asked, ring, needed, met."""
    found = []
    for row in rows.iter_rows(named=True):
        name = row["condition"]
        figures = {"ring": _figure(name, row["value"]), "needed": _figure(name, row["needed"])}
        if not row["met"] and figures["ring"] == figures["needed"] != NONE:
            figures["ring"] = f"just below {figures['needed']}"
        found.append({"asked": CONDITION_WORDS[name].what, **figures, "met": row["met"]})
    return found

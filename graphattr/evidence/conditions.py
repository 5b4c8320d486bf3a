"""What an attribution asks of a ring (`records.CONDITIONS`), as a bundle tells it and verification checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from graphattr.evidence.case import Case
from graphattr.evidence.document import Sentence
from graphattr.evidence.figures import Amount, Figures
from graphattr.evidence.rulebook import cell, rule
from graphattr.records import Status

#: Said before the conditions.
ASKED: Final = (
    "An attribution asks all of this of the run, of the ring, and of its firm part: the members who stay together"
    " whichever kind of evidence is left out. The last two are the error control's: how right rings with"
    " known truth were at such a score, and whether there are enough of them for what this run has to attribute."
)


@dataclass(frozen=True)
class Words:
    """A condition in words, and what its figure is measured in."""

    what: str
    unit: str


#: By name, in the order in which a page has them.
CONDITION_WORDS: Final = {
    "tables": Words("tables of the run that have times, of those that known rings were found with", "tables"),
    "known_rings": Words("rings with known truth that speak of this run", "rings"),
    "firm_accounts": Words("accounts in the firm part", "accounts"),
    "firm_share": Words("the firm part's share of the ring", "share"),
    "control": Words("probability of common control of the firm part", "probability"),
    "evidence_groups": Words("kinds of evidence that link it", "kinds"),
    "no_single_value": Words("no single shared value whose loss would break the ring", "yes or no"),
    "seam": Words("odds that the two least sure pieces of the firm part share a controller", "log10"),
    "whole_seam": Words("odds that the two least sure pieces of the whole ring do", "log10"),
    "score": Words("score, by which rings are ranked", "score"),
    "e_value": Words("e-value against rings with known truth", "e-value"),
}


def _condition_rules(name: str, unit: str) -> None:
    @rule(f"condition.{name}", unit, ("conditions",), f"`value` of the ring's condition `{name}`")
    def _value(case: Case, ring: str) -> Amount:
        return Amount(cell(_row(case, ring, name), "value"))

    @rule(f"needed.{name}", unit, ("conditions",), f"`needed` of the ring's condition `{name}`")
    def _needed(case: Case, ring: str) -> Amount:
        return Amount(cell(_row(case, ring, name), "needed"))


for _name, _words in CONDITION_WORDS.items():
    _condition_rules(_name, _words.unit)


def _row(case: Case, ring: str, name: str) -> pl.DataFrame:
    return case.of_ring("conditions", ring).filter(pl.col("condition") == name)


def asked(figures: Figures, ring_id: str) -> tuple[tuple[Sentence, ...], ...]:
    """What is asked, the ring's figure, what is needed, and whether it is met; nothing where the run did not say.

    Members who were set apart from an attributed ring have no conditions of their own: they are no firm part.
    """
    case = figures.case
    if not case.has("conditions") or case.of_ring("conditions", ring_id).is_empty():
        return ()
    return tuple(
        (
            (f"{words.what}, as a decimal logarithm" if words.unit == "log10" else words.what,),
            (figures.get(f"condition.{name}", ring_id),),
            (figures.get(f"needed.{name}", ring_id),),
            ("met" if cell(_row(case, ring_id, name), "met") else "not met",),
        )
        for name, words in CONDITION_WORDS.items()
    )


def wrong(case: Case) -> str | None:
    """Why conditions do not follow from their figures, or a ring's status from its conditions; None if they do."""
    if not case.has("conditions"):
        return None
    table = case.tables["conditions"]
    follows = (pl.col("value") >= pl.col("needed")).fill_null(value=False)
    bad = table.filter(pl.col("met").ne_missing(follows))
    if bad.height:
        row = bad.row(0, named=True)
        return f"whether {row['ring_id']} meets the condition {row['condition']} does not follow from its figures"
    for ring, status in case.tables["rings"].select("ring_id", "status").iter_rows():
        rows = case.of_ring("conditions", ring)
        if rows.height and set(rows["condition"]) != set(CONDITION_WORDS):
            return f"{ring} has other conditions than graphattr asks"
        if (status == Status.ATTRIBUTED) != (rows.height > 0 and bool(rows["met"].all())):
            return f"the status of {ring} does not follow from what an attribution asks"
    return None

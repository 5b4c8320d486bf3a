"""A ring in words and figures: the claim, its rivals, what speaks for and against, and what is missing.

The same record makes the command line's answer and a bundle's report. Each number in it is a `Figure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from graphattr.evidence.case import Case, read_facts, select
from graphattr.evidence.changes import changes
from graphattr.evidence.document import Code, Figure, Quote, Sentence
from graphattr.evidence.exculpatory import Search, against, searches
from graphattr.evidence.figures import Figures
from graphattr.evidence.levels import levels
from graphattr.evidence.rulebook import best_of
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import HYPOTHESIS_WORDS, STATUS_WORDS, support
from graphattr.records import GROUPS, HYPOTHESES, INNOCENT, PRIOR_ROW, Status

#: The hypotheses under which somebody controls the accounts and hides it.
CONTROLLED: Final = tuple(name for name in HYPOTHESES if name not in INNOCENT)
#: Rows of members and of links that a page shows; the tables hold all of them.
SHOWN_MEMBERS: Final = 100
SHOWN_LINKS: Final = 25
SHOWN_VALUES: Final = 25
#: A statistic below this log10 likelihood ratio, either way, is not said to speak for or against.
TELLING: Final = 0.05


@dataclass(frozen=True)
class Rival:
    """One hypothesis with what the evidence matrix says for and against it."""

    hypothesis: str
    innocent: bool
    claim: Sentence
    speaks_for: tuple[Sentence, ...]
    speaks_against: tuple[Sentence, ...]


@dataclass(frozen=True)
class RingPage:
    """What can be said of a ring.

    Attributes:
        claim: in neutral words, with the best innocent explanation beside it.
        rivals: every hypothesis, the most probable first.
        changes: what would let another hypothesis lead, and what would not.
        speaks_for, speaks_against: links and signals; `searches` says what was looked for.
        levels: who runs the accounts and who uses them, where that may be two.
        weakest_point: the value without which the ring breaks, if there is one.
        error_rate: what the run's error control promises, and under which condition.
        missing: groups of evidence and statistics that were not to be had.
        members: account, probability, low, high, tier; at most `SHOWN_MEMBERS`, the least certain first.
        links: account, account, probability, log10 likelihood ratio, the part of each group; at most
            `SHOWN_LINKS`, the weakest first.
        values: signal, value, links that it counts for, members and accounts that hold it; at most
            `SHOWN_VALUES`, those that count for most links first.
    """

    ring_id: str
    claim: Sentence
    rivals: tuple[Rival, ...]
    changes: tuple[Sentence, ...]
    speaks_for: tuple[Sentence, ...]
    speaks_against: tuple[Sentence, ...]
    levels: tuple[Sentence, ...]
    weakest_point: Sentence
    error_rate: Sentence
    missing: tuple[Sentence, ...]
    searches: tuple[Search, ...]
    members: tuple[tuple[Sentence, ...], ...]
    links: tuple[tuple[Sentence, ...], ...]
    values: tuple[tuple[Sentence, ...], ...]


def ring_page(run: Path, ring_id: str) -> RingPage:
    """The page of a ring.

    Raises:
        RunError: the run is unfinished or lacks a table.
        BundleError: the run has no such ring.
    """
    return ring_of(Figures(select(run, read_facts(run), [ring_id]), RULES), ring_id)


def ring_of(figures: Figures, ring_id: str) -> RingPage:
    """The page of a ring of a case; what the case's audience does not get stays away."""
    case = figures.case
    found = searches(figures, ring_id)
    return RingPage(
        ring_id=ring_id,
        claim=_claim(figures, ring_id),
        rivals=_rivals(figures, ring_id),
        changes=changes(figures, ring_id),
        speaks_for=_speaks_for(figures, ring_id),
        speaks_against=against(found),
        levels=levels(figures, ring_id),
        weakest_point=_weakest(case, ring_id),
        error_rate=(Quote(str(case.facts["guarantee"])),),
        missing=_missing(figures, ring_id, found),
        searches=found,
        members=_members(figures, ring_id) if case.has("members") else (),
        links=_links(figures, ring_id) if case.has("links") else (),
        values=_values(figures, ring_id) if case.has("evidence") else (),
    )


def _claim(figures: Figures, ring_id: str) -> Sentence:
    row = figures.case.of_ring("rings", ring_id)
    first = best_of(figures.case, ring_id, None)
    innocent = best_of(figures.case, ring_id, INNOCENT)
    said: list[str | Figure | Code] = [
        "The ",
        figures.get("ring.size", ring_id),
        " accounts of the ring ",
        Code(ring_id),
    ]
    requests = figures.get("ring.requests", ring_id)
    said += [" (requests: ", requests, ") are consistent with ", HYPOTHESIS_WORDS[first]]
    said += [" (probability ", figures.get("hypothesis.p", ring_id, first), "). "]
    if first == innocent:
        rival, what = best_of(figures.case, ring_id, CONTROLLED), "explanation by hidden common control"
    else:
        rival, what = innocent, "innocent explanation"
    said += [f"The best {what} is ", HYPOTHESIS_WORDS[rival], " (probability "]
    said += [figures.get("hypothesis.p", ring_id, rival), "). "]
    said += ["Status: ", STATUS_WORDS[Status(row["status"][0])], ". "]
    low = row["log10_bf_low"][0]
    if low is not None:
        words = support(low) if low >= 0 else "no support"
        said += ["The decimal logarithm of the factor against the best innocent explanation lies between "]
        said += [figures.get("ring.factor_low", ring_id), " and ", figures.get("ring.factor_high", ring_id)]
        said += [" (at its lower end ", words, "); factors are capped at "]
        said += [figures.get("ring.factor_cap", ring_id), ". "]
    said += _operator(figures, ring_id)
    return tuple(said)


def _operator(figures: Figures, ring_id: str) -> list[str | Figure | Code]:
    if not figures.case.has("rings.operator"):
        return ["Whether a known operator is alleged is not said to this audience."]
    operator = figures.case.of_ring("rings", ring_id)["operator"][0]
    if operator is None:
        return ["No known operator is alleged: the operator is unknown."]
    probability = figures.get("ring.operator_probability", ring_id)
    return ["The alleged operator is ", Code(operator), " (probability ", probability, ")."]


def _rivals(figures: Figures, ring_id: str) -> tuple[Rival, ...]:
    row = figures.case.of_ring("rings", ring_id)
    order = sorted(HYPOTHESES, key=lambda name: (-(row[f"p_{name}"][0] or 0.0), HYPOTHESES.index(name)))
    return tuple(_rival(figures, ring_id, name) for name in order)


def _rival(figures: Figures, ring_id: str, name: str) -> Rival:
    claim: Sentence = (HYPOTHESIS_WORDS[name], ": probability ", figures.get("hypothesis.p", ring_id, name))
    speaks: dict[bool, list[Sentence]] = {True: [], False: []}
    if figures.case.has("matrix"):
        rows = figures.case.of_ring("matrix", ring_id).select("statistic", f"log10_lr_{name}", "reason")
        for statistic, ratio, reason in rows.iter_rows():
            if statistic != PRIOR_ROW and ratio is not None and abs(ratio) >= TELLING:
                speaks[ratio > 0].append(_matrix_line(figures, ring_id, statistic, name, reason))
    return Rival(name, name in INNOCENT, claim, tuple(speaks[True]), tuple(speaks[False]))


def _matrix_line(
    figures: Figures, ring_id: str, statistic: str, hypothesis: str, reason: str | None
) -> Sentence:
    weight = figures.get("matrix.lr", ring_id, statistic, hypothesis)
    said: Sentence = (Quote(reason or ""), " (", Code(statistic), " weighs ", weight)
    if figures.case.has("matrix.value"):
        said = (*said, " at the value ", figures.get("matrix.value", ring_id, statistic))
    return (*said, ")")


def _speaks_for(figures: Figures, ring_id: str) -> tuple[Sentence, ...]:
    linked: Sentence = (
        figures.get("ring.links", ring_id),
        " of the ring's ",
        figures.get("ring.pairs", ring_id),
        " pairs of members are linked.",
    )
    return (linked, *_group_sentences(figures, ring_id))


def _group_sentences(figures: Figures, ring_id: str) -> list[Sentence]:
    counts = [(group, figures.get("ring.for", ring_id, group)) for group in GROUPS]
    return [
        (f"Links for which the {group} evidence speaks: ", count, ".")
        for group, count in counts
        if count.value != "0"
    ]


def _weakest(case: Case, ring_id: str) -> Sentence:
    if not case.has("rings.weakest_point"):
        return ("Whether the ring hangs on one value is not said to this audience.",)
    value = case.of_ring("rings", ring_id)["weakest_point"][0]
    if value is None:
        return ("The ring does not hang on one value: without any single one it still holds together.",)
    return ("The ring breaks without one value: ", Code(value), ".")


def _missing(figures: Figures, ring_id: str, found: tuple[Search, ...]) -> tuple[Sentence, ...]:
    silent = [
        group
        for group in GROUPS
        if all(figures.get(rule, ring_id, group).value == "0" for rule in ("ring.for", "ring.against"))
    ]
    lines: list[Sentence] = [
        (f"The {group} evidence says nothing of any link in the ring.",) for group in silent
    ]
    lines += [
        (f"Not searched, for want of the table or column: {s.question}",) for s in found if s.found is None
    ]
    return tuple(lines)


def _members(figures: Figures, ring_id: str) -> tuple[tuple[Sentence, ...], ...]:
    shown = figures.case.of_ring("members", ring_id).sort("probability", "account_id").head(SHOWN_MEMBERS)
    return tuple(
        (
            (Code(account),),
            *((figures.get(f"member.{name}", ring_id, account),) for name in ("probability", "low", "high")),
            (tier,),
        )
        for account, tier in shown.select("account_id", "tier").iter_rows()
    )


def _links(figures: Figures, ring_id: str) -> tuple[tuple[Sentence, ...], ...]:
    shown = (
        figures.case.inner("links", ring_id).sort("probability", "account_a", "account_b").head(SHOWN_LINKS)
    )
    return tuple(
        (
            (Code(a),),
            (Code(b),),
            (figures.get("link.probability", a, b),),
            (figures.get("link.lr", a, b),),
            *((figures.get("link.group", a, b, group),) for group in GROUPS),
        )
        for a, b in shown.select("account_a", "account_b").iter_rows()
    )


def _values(figures: Figures, ring_id: str) -> tuple[tuple[Sentence, ...], ...]:
    used = figures.case.inner("evidence", ring_id).filter(pl.col("used") & pl.col("value").is_not_null())
    counted = (
        used.group_by("signal", "value").len().sort("len", "signal", "value", descending=[True, False, False])
    )
    rules = ("value.links", "value.members", "value.holders")
    return tuple(
        ((signal,), (Code(value),), *((figures.get(rule, ring_id, signal, value),) for rule in rules))
        for signal, value in counted.head(SHOWN_VALUES).select("signal", "value").iter_rows()
    )

"""What would change which hypothesis leads: a statistic left out, or an answer from outside that is still to be had."""

from __future__ import annotations

from typing import Final

from graphattr.attribution.answers import ANSWER_ROW, SAYS
from graphattr.evidence.document import Code, Quote, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.ring_rules import with_answer, without_statistic
from graphattr.evidence.rulebook import best_of
from graphattr.evidence.words import HYPOTHESIS_WORDS
from graphattr.records import FAMILY_ROW, PRIOR_ROW

#: Statistics that are named at most; decision.json has the posterior without each one.
SHOWN: Final = 5


def changes(figures: Figures, ring_id: str) -> tuple[Sentence, ...]:
    """What would let another hypothesis lead, and what would not; nothing for an audience without the matrix."""
    if not figures.case.has("matrix"):
        return ()
    first = best_of(figures.case, ring_id, None)
    return (*_left_out(figures, ring_id, first), *_answered(figures, ring_id, first))


def _left_out(figures: Figures, ring_id: str, first: str) -> list[Sentence]:
    reasons = dict(figures.case.of_ring("matrix", ring_id).select("statistic", "reason").iter_rows())
    without = {name: without_statistic(figures.case, ring_id, name) for name in reasons if name != PRIOR_ROW}
    order = sorted(without, key=lambda name: (without[name][first], name))
    turning = [name for name in order if _leads(without[name]) != first]
    said: list[Sentence] = []
    for name in turning[:SHOWN]:
        other = _leads(without[name])
        p = figures.get("hypothesis.without", ring_id, other, name)
        words = ("the most probable would be ", HYPOTHESIS_WORDS[other])
        said.append(("Without ", *_named(name, reasons), " ", *words, " (probability ", p, ")."))
    if not turning and order:
        name = order[0]
        p = figures.get("hypothesis.without", ring_id, first, name)
        start = ("No single statistic turns this: whichever is left out, ", HYPOTHESIS_WORDS[first])
        least = (" stays the most probable, with a probability of ", p, " at least (without ")
        said.append((*start, *least, *_named(name, reasons), ")."))
    return said


def _named(name: str, reasons: dict[str, str | None]) -> Sentence:
    """A statistic, and what the curves of a family of worlds are, which no reader knows by name."""
    reason = reasons[name]
    return (Code(name), " (", Quote(reason), ")") if name.startswith(FAMILY_ROW) and reason else (Code(name),)


def _answered(figures: Figures, ring_id: str, first: str) -> list[Sentence]:
    there = set(figures.case.of_ring("matrix", ring_id)["statistic"])
    asked = {
        name: with_answer(figures.case, ring_id, name) for name in SAYS if ANSWER_ROW + name not in there
    }
    said: list[Sentence] = []
    for name, posterior in asked.items():
        other = _leads(posterior)
        if other != first:
            p = figures.get("hypothesis.answered", ring_id, other, name)
            start = ("If a source of Admiralty A reported ", Code(name), f" ({SAYS[name][0]}), ")
            words = ("the most probable would be ", HYPOTHESIS_WORDS[other])
            said.append((*start, *words, " (probability ", p, "), by a stated guess."))
    kept = [name for name, posterior in asked.items() if _leads(posterior) == first]
    if kept:
        listed = [part for name in kept for part in (", ", Code(name))][1:]
        said.append(("Answers from outside that would leave the most probable as it is: ", *listed, "."))
    return said


def _leads(posterior: dict[str, float]) -> str:
    return max(posterior, key=lambda name: posterior[name])

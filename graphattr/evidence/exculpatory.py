"""What speaks against: the same searches for every ring, each with what it looked at, found or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphattr.evidence.document import Figure, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.rulebook import best_of
from graphattr.evidence.words import HYPOTHESIS_WORDS
from graphattr.records import GROUPS, INNOCENT


@dataclass(frozen=True)
class Search:
    """One search for something that speaks against common control.

    Attributes:
        name: of the search.
        question: what was asked.
        tables: where it was looked for.
        answer: what was found, in one sentence.
        found: something was found; None: it could not be searched, since the table is not there.
        figures: the figures in the answer.
    """

    name: str
    question: str
    tables: tuple[str, ...]
    answer: Sentence
    found: bool | None
    figures: tuple[Figure, ...]


#: Searches that count something: rule, question, the count that is still nothing, and what is counted.
_COUNTS: Final[tuple[tuple[str, str, int, str], ...]] = (
    (
        "ring.unlinked",
        "Are there members without a link to each other?",
        0,
        "Pairs of members without a link",
    ),
    ("ring.single_group", "Do links rest on one group alone?", 0, "Links that rest on one group of evidence"),
    (
        "ring.shared_outside",
        "Do accounts outside the ring hold the shared values too?",
        0,
        "Shared values that count and are held outside the ring too",
    ),
    (
        "ring.outside_stronger",
        "Are members linked more strongly to accounts outside?",
        0,
        "Members whose most probable link leads out of the ring",
    ),
    (
        "ring.linked_outside",
        "Are accounts outside linked to members, and not taken in?",
        0,
        "Accounts outside the ring that are more likely than not linked to a member",
    ),
    ("ring.unresolved", "Are there members who hardly belong?", 0, "Members with an unresolved membership"),
    (
        "ring.doubtful",
        "May there be members who do not belong?",
        0,
        "Members whose interval reaches below one half",
    ),
    (
        "labels.independent",
        "Was a member verified as independent?",
        0,
        "Members with a label that names no operator (verified independent)",
    ),
    ("labels.operators", "Do labels name different operators?", 1, "Operators named by labels of members"),
    (
        "events.appealed",
        "Did a member appeal, or was one reinstated?",
        0,
        "Members who appealed or were reinstated",
    ),
    (
        "events.handed_over",
        "Did members change hands, so that the ring had them for a part of their life only?",
        0,
        "Members who changed hands, and were the ring's before or after that only",
    ),
    ("accounts.organisations", "Do members state different organisations?", 1, "Organisations stated"),
    ("accounts.countries", "Do members state different countries?", 1, "Countries stated"),
)


def searches(figures: Figures, ring_id: str) -> tuple[Search, ...]:
    """Every search, in a fixed order. The list is never empty, whatever was found."""
    counted = tuple(_count(figures, ring_id, *entry) for entry in _COUNTS)
    return (_innocent(figures, ring_id), *(_group(figures, ring_id, group) for group in GROUPS), *counted)


def against(found: tuple[Search, ...]) -> tuple[Sentence, ...]:
    """The answers of the searches that found something."""
    return tuple(search.answer for search in found if search.found)


def _count(figures: Figures, ring_id: str, rule: str, question: str, none: int, words: str) -> Search:
    figure = figures.get(rule, ring_id)
    if figure.value is None and figure.shown != "withheld":
        answer: Sentence = ("This could not be searched: the table or the column was not among the signals.",)
        return Search(rule, question, figure.tables, answer, None, ())
    found = figure.value is None or float(figure.value) > none
    return Search(rule, question, figure.tables, (f"{words}: ", figure, "."), found, (figure,))


def _group(figures: Figures, ring_id: str, group: str) -> Search:
    figure = figures.get("ring.against", ring_id, group)
    question = f"Does {group} evidence speak against links?"
    answer: Sentence = (f"Links against which the {group} evidence speaks: ", figure, ".")
    return Search(f"ring.against.{group}", question, figure.tables, answer, figure.value != "0", (figure,))


def _innocent(figures: Figures, ring_id: str) -> Search:
    name = best_of(figures.case, ring_id, INNOCENT)
    figure = figures.get("hypothesis.p", ring_id, name)
    answer: Sentence = (
        "The best innocent explanation is ",
        HYPOTHESIS_WORDS[name],
        ", with the probability ",
        figure,
        ".",
    )
    lead = best_of(figures.case, ring_id, None) in INNOCENT
    question = "Is an innocent explanation the most probable one?"
    found = lead or float(figure.value or 0) >= NOT_NEGLIGIBLE
    return Search("hypothesis.innocent", question, figure.tables, answer, found, (figure,))


#: From here on the best innocent explanation is listed among what speaks against.
NOT_NEGLIGIBLE: Final = 0.01

"""The report of a case as blocks, from which the HTML and the PDF are made alike."""

from __future__ import annotations

from typing import Any, Final

from graphattr.evidence.conditions import ASKED, asked
from graphattr.evidence.document import Block, Code, Grid, Heading, Items, Para, Quote, Sentence
from graphattr.evidence.explain import RingPage, ring_of
from graphattr.evidence.figures import Figures
from graphattr.records import GROUPS

TITLE: Final = "Evidence on alleged common control of accounts"

_PREFACE: Final = (
    "Three claims are kept apart. A link says that two accounts share a controller. A ring says that a set "
    "of accounts is under common control. An attribution says which explanation fits the ring, and perhaps "
    "which known operator. Control of an account and benefit from its traffic are different things. This "
    "report says what is alleged and what it is consistent with. It decides nothing that is for a court.",
    "Every number in this report has an entry in figures.json with the rule that it is computed by and the "
    "tables that it is computed from. Verification computes all of them again. Decimal logarithms of "
    "likelihood ratios above zero speak for a claim, below zero against it.",
)
_LIMITS: Final[tuple[Sentence, ...]] = (
    (
        "Whoever holds the signing key can build a bundle out of altered signals, and it will verify. Only "
        "something outside the bundle catches that: a time stamp, a second signer, the root of the hash tree "
        "lodged elsewhere, or digests of the signals kept by their owner.",
    ),
    (
        "The public key inside the bundle says nothing of who the signer is. Compare its fingerprint with "
        "one that the signer published elsewhere.",
    ),
    (
        "The bundle holds no time of its making: it can be built again, byte by byte, from the same run "
        "and key.",
    ),
    ("No guarantee survives somebody who changes tactics in order to look like others.",),
)
NO_ERROR_RATES: Final = "None were measured for this data: no validated truth came with the signals."
_CUT: Final = "Long lists are cut here; the tables hold every row."
_AUDIENCE_WORDS: Final = {
    "full": "everything, personal data included",
    "legal": "rows with keyed tokens for identifiers",
    "policy": "figures about rings and the evidence matrix",
    "public": "figures about rings",
}


def blocks(figures: Figures, case_id: str) -> tuple[list[Block], dict[str, RingPage]]:
    """The report's blocks, and the page of each ring by its id."""
    case = figures.case
    made: list[Block] = [Heading(1, (TITLE,))]
    made += [
        Para(
            (
                "Case ",
                Code(case_id),
                ". Audience ",
                Code(case.audience),
                f": {_AUDIENCE_WORDS[case.audience]}.",
            )
        )
    ]
    made += [Para((text,)) for text in _PREFACE]
    pages = {ring_id: ring_of(figures, ring_id) for ring_id in case.ring_ids}
    for page in pages.values():
        made += _ring(page, asked(figures, page.ring_id))
    made += _method(figures, case.facts)
    made += [Heading(2, ("What this bundle cannot show",)), Items(_LIMITS)]
    return made, pages


def _ring(page: RingPage, conditions: tuple[tuple[Sentence, ...], ...]) -> list[Block]:
    made: list[Block] = [Heading(2, ("Ring ", Code(page.ring_id))), Para(page.claim)]
    made += [Heading(3, ("What speaks for common control",)), Items(page.speaks_for)]
    made += [Heading(3, ("What speaks against it",))]
    made += (
        [Items(page.speaks_against)]
        if page.speaks_against
        else [Para(("Every search listed below found nothing.",))]
    )
    made += [Heading(3, ("Two levels",)), Items(page.levels)] if page.levels else []
    made += [Heading(3, ("Weakest point",)), Para(page.weakest_point)]
    if conditions:
        made += [Heading(3, ("What an attribution asks",)), Para((ASKED,))]
        made += [Grid(("Asked", "This ring", "At least", "Met"), conditions)]
    made += [Heading(3, ("What is missing",))]
    made += (
        [Items(page.missing)] if page.missing else [Para(("No evidence group and no search was left out.",))]
    )
    made += [Heading(3, ("Explanations side by side",))]
    for rival in page.rivals:
        made += [Para((*rival.claim, " (innocent)." if rival.innocent else "."))]
        told = [("Speaks for it: ", *line) for line in rival.speaks_for]
        told += [("Speaks against it: ", *line) for line in rival.speaks_against]
        made += [Items(tuple(told))] if told else []
    made += [Heading(3, ("What would change this",)), Items(page.changes)] if page.changes else []
    made += [Heading(3, ("Searches for what speaks against",))]
    searched = tuple(((search.question,), search.answer) for search in page.searches)
    made += [Grid(("Question", "Answer"), searched)]
    if page.members:
        made += [Heading(3, ("Members, the least certain first",))]
        made += [Para((_CUT,))]
        made += [Grid(("Account", "Probability", "Low", "High", "Tier"), page.members)]
    if page.values:
        made += [Heading(3, ("Shared values that count, those for most links first",))]
        made += [Para((_CUT,))]
        made += [
            Grid(("Signal", "Value", "Links", "Members who hold it", "Accounts who hold it"), page.values)
        ]
    if page.links:
        made += [Heading(3, ("Links inside the ring, the weakest first",))]
        made += [Para((_CUT,))]
        made += [Grid(("Account", "Account", "Probability", "Sum", *GROUPS), page.links)]
    return made


def _method(figures: Figures, facts: dict[str, Any]) -> list[Block]:
    model = facts["model"]
    trained = "trained" if model.get("trained") else "not trained: field-guided weights"
    return [
        Heading(2, ("Method and error rates",)),
        Items(
            (
                ("Error control: ", Quote(str(facts["guarantee"]))),
                (
                    "Share of wrongly attributed accounts that the error control aims at: ",
                    figures.get("run.alpha"),
                    ".",
                ),
                ("Error rates: ", NO_ERROR_RATES),
                (
                    "Rings with known truth that it leans on: ",
                    figures.get("run.known_rings"),
                    " (",
                    Quote(known_rings_source(facts)),
                    ").",
                ),
                ("Prior odds that two accounts share a controller: ", figures.get("run.prior"), "."),
                ("Candidate pairs that were scored: ", figures.get("run.candidates"), "."),
                (
                    "Links below the probability ",
                    figures.get("run.min_probability"),
                    " are not in the tables.",
                ),
                (
                    "Model ",
                    Code(str(model.get("name"))),
                    f" ({trained}), digest ",
                    Code(str(model.get("sha256"))),
                    ".",
                ),
                ("Of the model: ", Quote(model_note(facts))),
            )
        ),
    ]


def known_rings_source(facts: dict[str, Any]) -> str:
    """Where the rings with known truth come from, in the run's words."""
    return str((facts.get("known_rings") or {}).get("source") or "none was at hand")


def model_note(facts: dict[str, Any]) -> str:
    """What the run says of its model."""
    return str(facts["model"].get("note") or "no note was given")


def quotable(facts: dict[str, Any]) -> set[str]:
    """The sentences of a run that the report may quote, the reasons in its tables apart."""
    return {str(facts["guarantee"]), known_rings_source(facts), model_note(facts)}

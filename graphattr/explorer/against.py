"""What the evidence report says of a ring, in words: what was searched for that speaks against it, found or not, what
would change it, and its two levels."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import polars as pl

from graphattr.evidence.document import Figure, Sentence
from graphattr.evidence.explain import RingPage, ring_page
from graphattr.explorer.runs import Run

FOUND: Final = {True: "speaks against", False: "nothing found", None: "could not be searched"}
SEARCHES: Final = {"question": pl.String, "result": pl.String, "answer": pl.String}


@lru_cache(maxsize=32)
def _page(run: Run, ring_id: str) -> RingPage:
    return ring_page(run.root, ring_id)


def levels(run: Run, ring_id: str) -> list[str]:
    """What is said of who runs the accounts and who uses them; empty where a reseller is unlikely.

    Raises:
        GraphattrError: the run cannot be read as a case.
    """
    return [plain_text(sentence) for sentence in _page(run, ring_id).levels]


def changes(run: Run, ring_id: str) -> list[str]:
    """What would let another hypothesis lead, and what would not.

    Raises:
        GraphattrError: the run cannot be read as a case.
    """
    return [plain_text(sentence) for sentence in _page(run, ring_id).changes]


def searches(run: Run, ring_id: str) -> pl.DataFrame:
    """The searches of the evidence report, what was found first: question, result (of `FOUND`), answer.

    Raises:
        GraphattrError: the run cannot be read as a case.
    """
    page = _page(run, ring_id)
    order = list(FOUND)
    found = sorted(page.searches, key=lambda search: order.index(search.found))
    rows = [(search.question, FOUND[search.found], plain_text(search.answer)) for search in found]
    return pl.DataFrame(rows, schema=SEARCHES, orient="row")


def plain_text(sentence: Sentence) -> str:
    """A sentence of the report as text."""
    parts = (p if isinstance(p, str) else p.shown if isinstance(p, Figure) else p.text for p in sentence)
    return "".join(parts)

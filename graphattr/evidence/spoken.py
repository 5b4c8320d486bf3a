"""The page of a ring as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from graphattr.evidence.document import Sentence, plain
from graphattr.evidence.explain import RingPage
from graphattr.records import GROUPS


def page_text(page: RingPage) -> str:
    """The page under headings, one sentence a line; foreign text has its unseen characters spelled out."""
    made = [plain(page.claim), *_rivals(page)]
    made += section("What would change this", page.changes) if page.changes else []
    made += section("Speaks for common control", page.speaks_for)
    made += section("Speaks against it", page.speaks_against)
    made += section("Two levels", page.levels) if page.levels else []
    made += section("Weakest point", [page.weakest_point])
    made += section("Error rate", [page.error_rate])
    made += section("Missing", page.missing)
    made += _table("Members, the least certain first", "account probability low high tier", page.members)
    made += _table("Shared values that count", "signal value links members accounts", page.values)
    headers = f"account account probability sum {' '.join(GROUPS)}"
    made += _table("Links, the weakest first", headers, page.links)
    return "\n".join(made) + "\n"


def _rivals(page: RingPage) -> list[str]:
    made = ["", "Explanations, the most probable first:"]
    for rival in page.rivals:
        made.append(f"  {plain(rival.claim)}")
        made += [f"      for:     {plain(sentence)}" for sentence in rival.speaks_for]
        made += [f"      against: {plain(sentence)}" for sentence in rival.speaks_against]
    return made


def section(heading: str, sentences: Iterable[Sentence]) -> list[str]:
    """A heading and its sentences, one a line."""
    lines = [f"  {plain(sentence)}" for sentence in sentences]
    return ["", f"{heading}:", *(lines or ["  nothing"])]


def _table(heading: str, headers: str, rows: tuple[tuple[Sentence, ...], ...]) -> list[str]:
    cells = [headers.split(), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return ["", f"{heading}:", *(f"  {line.rstrip()}" for line in lines)] if rows else []

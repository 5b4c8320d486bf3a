"""A report as data: sentences whose every number is a figure and whose every foreign text is marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from graphattr.evidence.canonical import visible

#: Characters of a foreign text that a page shows.
LONGEST: Final = 1000


@dataclass(frozen=True)
class Figure:
    """A number that can be recomputed.

    Attributes:
        id: its name in figures.json.
        value: exact, as text; None: not known, or withheld.
        shown: as readers see it.
        unit: what it counts or measures.
        low: lower end of its interval, as `value`; None where there is none.
        high: upper end.
        rule: name of the rule in `rules.py` that computes it.
        args: arguments of the rule.
        derivation: the rule in words.
        tables: the tables it is computed from.
        carried: it was computed from the full bundle's tables, which this bundle does not hold.
    """

    id: str
    value: str | None
    shown: str
    unit: str
    low: str | None
    high: str | None
    rule: str
    args: tuple[str, ...]
    derivation: str
    tables: tuple[str, ...]
    carried: bool = False


@dataclass(frozen=True)
class Code:
    """An identifier, a value or a name out of signals or settings: shown as it is, never as markup."""

    text: str


@dataclass(frozen=True)
class Quote:
    """A sentence that stands in a table (a `reason`)."""

    text: str


Part = str | Figure | Code | Quote
Sentence = tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: Sentence


@dataclass(frozen=True)
class Para:
    """One paragraph."""

    text: Sentence


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Sentence, ...]


@dataclass(frozen=True)
class Grid:
    """A table: headers and rows of equal width."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Sentence, ...], ...]


Block = Heading | Para | Items | Grid


def plain(sentence: Sentence) -> str:
    """The sentence as one line of text, with unseen characters spelled out."""
    return "".join(part_text(part) for part in sentence)


def part_text(part: Part) -> str:
    """One part as text; very long foreign text is cut, since the tables hold it whole."""
    if isinstance(part, str):
        return part
    if isinstance(part, Figure):
        return part.shown
    text = visible(part.text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... (cut)"


def figures_of(sentence: Sentence) -> list[Figure]:
    """The figures in a sentence."""
    return [part for part in sentence if isinstance(part, Figure)]


def as_json(value: Any) -> Any:
    """Pages for machines: sentences become text, figures become {figure id: shown} beside it."""
    if isinstance(value, Figure):
        return {"id": value.id, "value": value.value, "shown": value.shown}
    if (
        isinstance(value, tuple)
        and value
        and all(isinstance(part, str | Figure | Code | Quote) for part in value)
    ):
        return {"text": plain(value), "figures": {f.id: f.value for f in figures_of(value)}}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value

"""The report as one HTML file: no script, no outside resource, every foreign text escaped; and its checks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from html import escape
from html.parser import HTMLParser
from typing import Final

from graphattr.evidence.canonical import has_unseen
from graphattr.evidence.document import (
    Block,
    Code,
    Figure,
    Grid,
    Heading,
    Items,
    Para,
    Quote,
    Sentence,
    part_text,
)

_STYLE: Final = (
    "body{font:16px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%;font-size:.85em}"
    "th,td{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top}"
    "code{overflow-wrap:anywhere}h2{border-bottom:2px solid #111;margin-top:2em}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"

_STRUCTURE: Final = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li"}
_TAGS: Final = _STRUCTURE | {"table", "thead", "tbody", "tr", "th", "td", "code", "bdi", "q", "span"}
_ATTRIBUTES: Final = {
    "html": {"lang"},
    "meta": {"charset", "http-equiv", "content", "name"},
    "th": {"scope"},
    "span": {"data-figure"},
}


def render(title: str, blocks: Sequence[Block]) -> bytes:
    """The page. Figures carry their id in `data-figure`."""
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )
    return (head + "".join(_block(block) for block in blocks) + "</body>\n</html>\n").encode()


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_sentence(block.text)}</h{block.level}>\n"
    if isinstance(block, Para):
        return f"<p>{_sentence(block.text)}</p>\n"
    if isinstance(block, Items):
        return "<ul>\n" + "".join(f"<li>{_sentence(item)}</li>\n" for item in block.items) + "</ul>\n"
    return _grid(block)


def _grid(block: Grid) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in block.headers)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_sentence(cell)}</td>" for cell in row) + "</tr>\n" for row in block.rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _sentence(sentence: Sentence) -> str:
    return "".join(_part(part) for part in sentence)


def _part(part: str | Figure | Code | Quote) -> str:
    text = escape(part_text(part))
    if isinstance(part, Figure):
        return f'<span data-figure="{escape(part.id)}">{text}</span>'
    if isinstance(part, Code):
        return f"<code><bdi>{text}</bdi></code>"
    return f"<q>{text}</q>" if isinstance(part, Quote) else text


class Reader(HTMLParser):
    """Reads a report and collects what is wrong with it.

    Args:
        shown: text of each figure by id.
        quotes: the sentences that may stand as quotations.

    Attributes:
        faults: what was found, in the order of the page.
        hidden: faults that hide text or run something.
        prose: the words that are neither value nor quotation.
    """

    def __init__(self, shown: Mapping[str, str], quotes: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.shown, self.quotes = shown, quotes
        self.faults: list[str] = []
        self.hidden: list[str] = []
        self.prose: list[str] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element opens."""
        names = [name for name, _ in attrs]
        if tag not in _TAGS or not set(names) <= _ATTRIBUTES.get(tag, set()) or len(set(names)) != len(names):
            self.hidden.append(f"the element <{tag} {' '.join(names)}> has no place in a report")
        if tag != "meta":
            self._open.append((tag, dict(attrs).get("data-figure") or ""))

    def handle_endtag(self, tag: str) -> None:
        """An element closes."""
        if not self._open or self._open.pop()[0] != tag:
            self.hidden.append(f"the element </{tag}> closes what was not open")

    def handle_data(self, data: str) -> None:
        """Text."""
        tags = [tag for tag, _ in self._open]
        figure = self._open[-1][1] if self._open else ""
        if "style" in tags:
            if data != _STYLE:
                self.hidden.append("its style is not the report's")
            return
        if has_unseen(data):
            self.hidden.append(f"the text {data[:80]!a} holds characters that cannot be seen")
        if figure:
            if self.shown.get(figure) != data:
                self.faults.append(
                    f"the figure {figure} shows {data!r} instead of {self.shown.get(figure)!r}"
                )
        elif "q" in tags:
            if data not in self.quotes:
                self.faults.append(f"the quotation {data[:80]!r} stands in no table")
        elif "code" not in tags:
            self.prose.append(data)
            if any(char.isnumeric() for char in data):
                self.faults.append(f"a number without a figure stands in {data.strip()[:80]!r}")

    def handle_comment(self, data: str) -> None:
        """A comment."""
        self.hidden.append(f"the comment {data[:80]!r} cannot be seen")

    def handle_pi(self, data: str) -> None:
        """A processing instruction."""
        self.hidden.append(f"the instruction {data[:80]!r} cannot be seen")

    def unknown_decl(self, data: str) -> None:
        """A marked section."""
        self.hidden.append(f"the section {data[:80]!r} cannot be seen")

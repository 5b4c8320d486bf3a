"""The report as a PDF without scripts, links or times: the same bytes for the same blocks and reportlab."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import ListFlowable, ListItem, LongTable, Paragraph, SimpleDocTemplate, TableStyle

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

_STYLES: Final = getSampleStyleSheet()
_BODY: Final = _STYLES["BodyText"]
_CELL: Final = ParagraphStyle("Cell", parent=_BODY, fontSize=7, leading=8.5, splitLongWords=1)
_TABLE: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)
_WIDTH: Final = landscape(A4)[0] - 30 * mm


def render(title: str, blocks: Sequence[Block]) -> bytes:
    """The document, A4 landscape. Characters outside the PDF's standard fonts are spelled out."""
    out = io.BytesIO()
    # No compression: its bytes depend on the zlib in use, and the text stays open to any reader.
    page = SimpleDocTemplate(
        out,
        pagesize=landscape(A4),
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=15 * mm,
        bottomMargin=15 * mm,
        invariant=1,
        pageCompression=0,
        title=title,
        author="graphattr",
        subject="",
        creator="graphattr",
    )
    page.build([_block(block) for block in blocks], onFirstPage=_number, onLaterPages=_number)
    return out.getvalue()


def _number(canvas: Any, page: Any) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.drawRightString(landscape(A4)[0] - 15 * mm, 8 * mm, f"page {page.page}")


def _block(block: Block) -> Any:
    if isinstance(block, Heading):
        return Paragraph(_sentence(block.text), _STYLES[f"Heading{block.level}"])
    if isinstance(block, Para):
        return Paragraph(_sentence(block.text), _BODY)
    if isinstance(block, Items):
        items = [ListItem(Paragraph(_sentence(item), _BODY)) for item in block.items]
        return ListFlowable(items, bulletType="bullet", start="-")
    return _grid(block)


def _grid(block: Grid) -> Any:
    rows = [[Paragraph(f"<b>{escape(header)}</b>", _CELL) for header in block.headers]]
    rows += [[Paragraph(_sentence(cell), _CELL) for cell in row] for row in block.rows]
    return LongTable(
        rows,
        colWidths=[_WIDTH / len(block.headers)] * len(block.headers),
        repeatRows=1,
        style=_TABLE,
        spaceBefore=4,
        spaceAfter=4,
    )


def _sentence(sentence: Sentence) -> str:
    return "".join(_part(part) for part in sentence)


def _part(part: str | Figure | Code | Quote) -> str:
    text = escape(_standard(part_text(part)))
    if isinstance(part, Code):
        return f'<font face="Courier">{text}</font>'
    return f'"{text}"' if isinstance(part, Quote) else text


def _standard(text: str) -> str:
    """Text in the encoding of the standard fonts, other characters spelled out."""
    return text.encode("cp1252", "backslashreplace").decode("cp1252")

"""The page of a pair as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from graphattr.evidence.document import Code, Figure, plain
from graphattr.evidence.pairs import PairPage
from graphattr.evidence.spoken import section


def pair_text(page: PairPage) -> str:
    """The page under headings, one sentence a line; foreign text has its unseen characters spelled out."""
    made = [plain(page.claim)]
    made += section("Speaks for common control", page.speaks_for)
    made += section("Speaks against it", page.speaks_against)
    if page.linked:
        made += _table(page)
        made += section("Least evidence that the link hangs on", page.least)
    made += section("Weakest point", [page.weakest_point])
    if page.linked:
        made += section("Comparable accounts", page.placebo)
        made += section("Under other assumptions", page.stability)
    made += section("Missing", page.missing)
    return "\n".join(made) + "\n"


def _table(page: PairPage) -> list[str]:
    """Prior, every piece under its group, and the sum."""
    rows: list[Sequence[str | Figure | Code]] = [("group", "piece", "value", "counts", "log10 LR", "sum")]
    if page.prior is not None and page.log10_odds is not None:
        rows.append(("prior odds", "", "", "", "", page.prior))
        for one in page.groups:
            rows.append((one.group, "", "", "", "", one.log10_lr))
            for piece in one.pieces:
                value = "" if piece.value is None else Code(piece.value)
                counts = "yes" if piece.counts else "no"
                rows.append(("", Code(piece.signal), value, counts, piece.log10_lr, ""))
            if one.cut is not None:
                rows.append(("", "cut at the cap", "", "yes", one.cut, ""))
        rows.append(("log10 odds", "", "", "", "", page.log10_odds))
    cells = [[plain((cell,)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(_set(row, widths)).rstrip() for row in cells]
    return ["", "Every piece of evidence (decimal logarithms):", *(f"  {line}" for line in lines)]


def _set(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Cells at the widths of their columns; the last two columns, of figures, to the right."""
    set_ = [cell.ljust(width) for cell, width in zip(row[:-2], widths, strict=False)]
    return set_ + [cell.rjust(width) for cell, width in zip(row[-2:], widths[-2:], strict=True)]

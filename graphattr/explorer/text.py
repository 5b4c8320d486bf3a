"""Figures and foreign text made fit to be shown: no signal is ever taken for Markdown, HTML or a formula."""

from __future__ import annotations

import io
import math
import re
import unicodedata
from datetime import datetime
from typing import Final

import polars as pl

#: Shown for a value that is not there.
NONE: Final = "–"
#: Control, format (bidirectional, zero-width), surrogate, private, unassigned characters; line separators.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLAIN: Final = re.compile(r"[ -~]*\Z")
_FORMULA: Final = ("=", "+", "-", "@", "|", "%")


def shown(value: object, limit: int | None = None) -> str:
    r"""A foreign value as one line of visible text: an invisible character stands as its escape (\u202e).

    Args:
        value: anything; None becomes a dash.
        limit: longest text wanted; the middle of a longer one is left out.
    """
    text = NONE if value is None else str(value)
    if not _PLAIN.match(text):
        text = "".join(_escape(c) if unicodedata.category(c) in _INVISIBLE else c for c in text)
    if limit is not None and len(text) > limit:
        head = limit // 2
        text = f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
    return text


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def code(value: object, limit: int | None = 80) -> str:
    """A foreign value as a Markdown code span, in which no mark-up, emoji name or directive has a meaning."""
    text = shown(value, limit)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or text != text.strip() else ""
    return f"{fence}{pad}{text or ' '}{pad}{fence}"


def printable(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text column passed through `shown`."""
    columns = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    hidden = r"[^ -~]"
    odd = [c for c in columns if frame[c].str.contains(hidden).any()]
    return frame.with_columns(pl.col(c).map_elements(shown, return_dtype=pl.String) for c in odd)


def to_csv(frame: pl.DataFrame) -> bytes:
    """UTF-8 CSV in which a text that a spreadsheet would compute starts with an apostrophe.

    A value that begins with spaces and then a formula sign is escaped too: spreadsheets trim.
    """
    out = printable(frame)
    texts = [name for name, dtype in out.schema.items() if dtype == pl.String]
    formula = r"^\s*[" + re.escape("".join(_FORMULA)) + "]"
    guarded = [
        pl.when(pl.col(c).str.contains(formula)).then(pl.lit("'") + pl.col(c)).otherwise(pl.col(c)).alias(c)
        for c in texts
    ]
    buffer = io.BytesIO()
    out.with_columns(guarded).write_csv(buffer, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return buffer.getvalue()


def count(number: float | None) -> str:
    """12345 as 12,345."""
    return NONE if number is None else f"{number:,.0f}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Counted noun: 1 account, 1,200 accounts."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def percent(share: float | None) -> str:
    """A probability in per cent, never rounded to 0 or 100."""
    if share is None or math.isnan(share):
        return NONE
    if share < 0.001:
        return "< 0.1 %"
    if share > 0.999:
        return "> 99.9 %"
    return f"{100 * share:.1f} %" if share < 0.01 or share > 0.99 else f"{100 * share:.0f} %"


def interval(low: float | None, high: float | None) -> str:
    """An interval of probabilities in whole per cent: 91 – 100 %, or > 99 %."""
    if low is None or high is None:
        return NONE
    return "> 99 %" if low > 0.99 else f"{100 * low:.0f} – {100 * high:.0f} %"


def ratio(log10: float | None) -> str:
    """A likelihood or Bayes factor in words: '× 250 for', '× 4 against'."""
    if log10 is None or math.isnan(log10):
        return NONE
    if abs(log10) < 0.02:
        return "neither way"
    size = abs(log10)
    if size > 6:
        factor = f"10^{size:.0f}"
    else:
        exact = 10**size
        factor = f"{exact:.1f}" if exact < 10 else f"{float(f'{exact:.2g}'):,.0f}"
    return f"×\N{NO-BREAK SPACE}{factor} {'for' if log10 > 0 else 'against'}"


def odds(log10: float | None) -> str:
    """Log-odds in words: 'about 40 to 1', '1 to 200', 'even'."""
    if log10 is None or math.isnan(log10):
        return NONE
    if abs(log10) < 0.05:
        return "even"
    size = f"10^{abs(log10):.0f}" if abs(log10) > 6 else f"{float(f'{10 ** abs(log10):.2g}'):,.0f}"
    if abs(log10) < 1:
        size = f"{10 ** abs(log10):.1f}"
    return f"{size} to 1" if log10 > 0 else f"1 to {size}"


def day(time: datetime | None) -> str:
    """A short date: 3 Mar 2026."""
    return NONE if time is None else f"{time.day} {time:%b %Y}"


def moment(time: datetime | None) -> str:
    """A date with the minute, UTC."""
    return NONE if time is None else f"{day(time)} {time:%H:%M}"


def period(first: datetime | None, last: datetime | None) -> str:
    """From one day to another, without what both share: 3 – 19 Mar 2026."""
    if first is None or last is None:
        return day(first or last)
    if first.date() == last.date():
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def gap(seconds: float | None) -> str:
    """A time between two uses: 40 s, 12 min, 3.5 h, 9 days."""
    if seconds is None or math.isnan(seconds):
        return NONE
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"

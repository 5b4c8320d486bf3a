"""Building blocks of the page: its shell, tables and figures. No script, nothing from outside, foreign text as text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from graphattr.evaluate.bootstrap import Estimate
from graphattr.evaluate.svg import text

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1a1d23;--paper:#fff;--soft:#5b6472;--rule:#c9ced6;--fill:#f1f3f6;
--a:#0072b2;--b:#c04f00;--band:#b9d6ea}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--paper:#14171c;--soft:#a3acb9;--rule:#3d4552;
--fill:#1f242c;--a:#56b4e9;--b:#f0a04b;--band:#274b63}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;max-width:76rem;margin:0 auto;padding:1.5rem 1rem 4rem;
color:var(--ink);background:var(--paper)}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}h2{margin:2.5rem 0 .5rem;border-bottom:2px solid var(--ink)}
h3{margin:1.6rem 0 .4rem;font-size:1.05rem}p,dd{max-width:68ch}
blockquote{margin:1rem 0;padding:.6rem 1rem;border-left:4px solid var(--b);background:var(--fill)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem}
caption{text-align:left;font-weight:600;font-size:1.05rem;padding:1.6rem 0 .3rem}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top}
th{font-weight:600}thead th{vertical-align:bottom;max-width:9.5rem}
th:first-child,td.words,th.words,th.fold{text-align:left}td.words{max-width:34rem;min-width:16rem}
th[scope=row]{white-space:nowrap}td.fold{text-align:left;overflow-wrap:anywhere;min-width:7.5rem}
data{font-variant-numeric:tabular-nums;font-size:.95rem}td small{display:block;color:var(--soft);white-space:nowrap}
.none{color:var(--soft)}tr.first{background:var(--fill)}td.hit{font-weight:700;background:var(--band)}
dt{font-weight:600;margin-top:.6rem}dd{margin:0;color:var(--soft)}
.plots{display:flex;flex-wrap:wrap;gap:1rem 1.5rem;margin:.8rem 0}figure{margin:0;max-width:100%}
svg{max-width:100%;height:auto;display:block;font:12px system-ui,sans-serif;fill:var(--ink)}
.grid{stroke:var(--rule);fill:none;stroke-width:.7}.head{font-weight:600;font-size:14px}.sub,.faint{fill:var(--soft)}
.ideal{stroke:var(--soft);stroke-dasharray:3 3;fill:none}.line{fill:none;stroke-width:2}
.line.a,.cross.a{stroke:var(--a)}.line.b{stroke:var(--b);stroke-dasharray:7 3}text.a{fill:var(--a)}text.b{fill:var(--b)}
.dot.a{fill:var(--a)}.cross{fill:none;stroke-width:2.5}.cross.b{stroke:var(--b)}
.open{fill:var(--paper);stroke:var(--a);stroke-width:2}.band{fill:var(--band)}.whisker{stroke:var(--ink);stroke-width:1.2;fill:none}
text.a,text.b,.faint{paint-order:stroke;stroke:var(--paper);stroke-width:4px}
@media(max-width:44rem){th[scope=row]{white-space:normal}.words{display:none}th,td{padding:.35rem .4rem}}
@media print{.wide{overflow:visible}}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


def page(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="referrer" content="no-referrer"/>\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    return head + "".join(body) + "</main>\n</body>\n</html>\n"


def number(value: float) -> str:
    """A figure for reading: three decimals, a fourth where those would hide that it is not 0, fewer from 10 on."""
    if abs(value) >= 10:
        return f"{value:,.1f}"
    if 0 < abs(value) < 0.0005:
        return f"{value:.4f}" if abs(value) >= 0.00005 else "<0.0001"
    return f"{value:.3f}"


def figure(pointer: str, got: Estimate, over: bool = True) -> str:
    """A figure with its interval and what it is `over`; `pointer` is its place in the JSON (RFC 6901)."""
    if got.value is None:
        return '<span class="none">none</span>'
    shown = f'<data data-figure="{text(pointer)}" value="{got.value!r}">{text(number(got.value))}</data>'
    if got.low is not None and got.high is not None:
        shown += f"<small>{text(number(got.low))} to {text(number(got.high))}</small>"
    return f"{shown}<small>of {got.n:,.0f}</small>" if over else shown


def pointer(*parts: str) -> str:
    """A JSON pointer."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def table(
    caption: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    first: bool = False,
    kinds: Mapping[str, str] | None = None,
) -> str:
    """A table that scrolls by itself where it is too wide.

    Args:
        caption: its heading, as text.
        headers: of the columns, as text.
        rows: a row heading as text, then cells: HTML, each with its `td`.
        first: sets the first row apart.
        kinds: classes of columns, by heading.
    """
    kinds = kinds or {}
    head = "".join(
        f'<th scope="col" class="{kinds.get(name, "number")}">{text(name)}</th>' for name in headers
    )
    body = ""
    for n, row in enumerate(rows):
        opened = '<tr class="first">' if first and n == 0 else "<tr>"
        body += f'{opened}<th scope="row">{text(row[0])}</th>{"".join(row[1:])}</tr>\n'
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{text(caption)}"><table>'
        f"<caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def cell(content: str, kind: str = "") -> str:
    """A table cell with HTML in it."""
    return f'<td class="{kind}">{content}</td>' if kind else f"<td>{content}</td>"

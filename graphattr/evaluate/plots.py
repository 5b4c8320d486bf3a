"""The plots of the page: reliability, Tippett, and coverage of member intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphattr.evaluate.bootstrap import Estimate
from graphattr.evaluate.svg import Plot

Row = Mapping[str, Any]
_FIFTHS: Final = (0, 0.2, 0.4, 0.6, 0.8, 1)


def reliability_plot(name: str, title: str, rows: Sequence[Row], what: str) -> str:
    """Share true against stated probability; on the diagonal probabilities are what they say.

    Args:
        name: id of the picture.
        title: its heading.
        rows: of `scores.reliability`.
        what: what is counted.
    """
    total = sum(row["n"] for row in rows)
    told = "; ".join(
        f"stated {row['probability']:.2f}, true {row['true']:.2f} of {row['n']:,}" for row in rows
    )
    plot = Plot(
        name,
        title,
        f"{total:,} {what} in {len(rows)} intervals of probability",
        f"Share true against stated probability. {told or 'Nothing to show'}.",
        x=(0.0, 1.0),
    )
    plot.axes(("stated probability", "share true"), (_FIFTHS, _FIFTHS))
    plot.line([(0, 0), (1, 1)], "ideal")
    plot.label(0.47, 0.5, "as stated", "end", "faint")
    plot.line([(row["probability"], row["true"]) for row in rows], "line a")
    most = max((row["n"] for row in rows), default=1)
    for row in rows:
        radius = 3 + 5 * math.sqrt(row["n"] / most)
        words = f"stated {row['probability']:.3f}, true {row['true']:.3f}, {row['n']:,} {what}"
        plot.dot(row["probability"], row["true"], radius, "dot a", words)
    return plot.svg()


def tippett_plot(name: str, title: str, rows: Sequence[Row], costs: Mapping[str, Estimate]) -> str:
    """Shares of same- and of different-controller pairs whose log10 LR is x or more, with Cllr and Cllr_min."""
    ends = (rows[0]["log10_lr"], rows[-1]["log10_lr"]) if rows else (-1.0, 1.0)
    low, high = min(math.floor(ends[0]), -1), max(math.ceil(ends[1]), 1)
    marked = ", ".join(
        f"{label} {_figure(costs[key])}" for key, label in (("cllr", "Cllr"), ("cllr_min", "Cllr_min"))
    )
    plot = Plot(
        name,
        title,
        marked,
        f"Tippett plot: {_told(rows)} {marked}.",
        x=(float(low), float(high)),
        width=360,
        height=350,
        legend=(("a", "one controller"), ("b", "two controllers")),
    )
    step = max(1, math.ceil((high - low) / 8))
    # Ticks through 0, where a likelihood ratio says nothing.
    ticks = [float(value) for value in range(low, high + 1) if value % step == 0]
    plot.axes(("log10 likelihood ratio at least x", "share of pairs"), (ticks, _FIFTHS))
    plot.line([(0, 0), (0, 1)], "ideal")
    for key, kind in (("same", "a"), ("different", "b")):
        plot.line([(row["log10_lr"], row[key]) for row in rows if row[key] is not None], f"line {kind}")
    return plot.svg()


def _told(rows: Sequence[Row]) -> str:
    at = [row for row in rows if row["log10_lr"] >= 0][:1]
    if not at:
        return "no pair has a likelihood ratio of 1 or more."
    shares = [
        f"{at[0][key]:.1%} of the pairs of {words}"
        for key, words in (("same", "one controller"), ("different", "two"))
        if at[0][key] is not None
    ]
    return f"{' and '.join(shares)} have a likelihood ratio of 1 or more."


def _figure(figure: Estimate) -> str:
    return "none" if figure.value is None else f"{figure.value:.3f}"


def coverage_plot(name: str, title: str, rows: Sequence[Row], coverage: Estimate) -> str:
    """Stated member intervals by group, and the share of each group that belongs to its ring."""
    hit = sum(row["verdict"] == "inside" for row in rows)
    plot = Plot(
        name,
        title,
        f"{hit} of {len(rows)} groups inside; coverage {_figure(coverage)} of members",
        f"Groups of members by stated probability: mean stated interval, and share that belongs. {hit} of "
        f"{len(rows)} groups lie inside.",
        x=(0.0, float(len(rows) + 1)),
        width=560,
    )
    shown = range(1, len(rows) + 1, max(1, math.ceil(len(rows) / 7)))
    labels = [f"{rows[n - 1]['probability']:.2f}" for n in shown]
    plot.axes(
        ("mean stated probability of the group", "share that belongs"),
        ([float(n) for n in shown], _FIFTHS),
        labels,
    )
    for n, row in enumerate(rows, start=1):
        plot.bar(n, row["low"], row["high"], 8, "band")
        if row["right_low"] is not None:
            plot.line([(n, row["right_low"]), (n, row["right_high"])], "whisker")
        words = (
            f"stated {row['low']:.3f} to {row['high']:.3f}, belongs {row['right']:.3f} of {row['n']:,}: "
            f"{row['verdict']}"
        )
        if row["verdict"] in ("inside", "close"):
            plot.dot(n, row["right"], 4.5, "dot a" if row["verdict"] == "inside" else "open", words)
        else:
            plot.cross(n, row["right"], "cross b", words)
    return plot.svg()

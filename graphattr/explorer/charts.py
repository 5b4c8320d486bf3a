"""Charts of the ring page: timeline, waterfall, hypotheses. Built from frames; no Streamlit here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import altair as alt
import polars as pl

from graphattr.explorer.palette import AGAINST, FOR, NEUTRAL
from graphattr.explorer.signals import CREATED, EXCHANGES, USES
from graphattr.explorer.text import odds, percent, ratio
from graphattr.explorer.words import GROUP, HYPOTHESIS, plain
from graphattr.records import GROUPS, HYPOTHESES, INNOCENT

#: Name of the timeline's brush, and so of its part of the selection state.
BRUSH: Final = "window"
_BARS: Final = {EXCHANGES: "Exchanges", USES: "Signal rows"}
_ODDS_LABEL: Final = (
    "datum.value == 0 ? 'even' : datum.value > 0 ? format(pow(10, datum.value), ',.0f') + ' to 1'"
    " : '1 to ' + format(pow(10, -datum.value), ',.0f')"
)


def timeline(rows: pl.DataFrame, step: str, window: tuple[datetime, datetime] | None) -> alt.LayerChart:
    """Bars of exchanges over time, and under them a lane each for creations and events; drag to select a time.

    Args:
        rows: `signals.activity`.
        step: width of a bar, 1h or 1d.
        window: a time selected beforehand.
    """
    folded = rows.group_by("kind", time=pl.col("time").dt.truncate(step)).agg(
        pl.col("count").sum(), accounts=pl.col("account_id").n_unique()
    )
    bars = folded.filter(pl.col("kind").is_in(list(_BARS))).with_columns(
        end=pl.col("time").dt.offset_by(step), what=pl.col("kind").replace(_BARS)
    )
    most = float(bars["count"].max() or 1)  # type: ignore[arg-type]
    others = folded.filter(~pl.col("kind").is_in(list(_BARS)))
    lanes = sorted(others["kind"].unique(), key=lambda kind: (kind != CREATED, kind))
    depth = 0.24 * most
    level = {kind: -(i + 0.75) * depth for i, kind in enumerate(lanes)}
    marks = others.with_columns(
        level=pl.col("kind").replace_strict(level, return_dtype=pl.Float64),
        what=pl.col("kind").map_elements(plain, return_dtype=pl.String),
    )
    preset = {"x": [{"expr": f"{int(t.timestamp() * 1000)}"} for t in window]} if window else None
    brush = alt.selection_interval(name=BRUSH, encodings=["x"], **({"value": preset} if preset else {}))
    scale = alt.Scale(domain=[-(len(lanes) + 0.3) * depth, most * 1.05], nice=False)
    ticks = [0, _round(most / 2), _round(most)]
    name = bars["what"][0] if bars.height else "Exchanges"
    axis = alt.Axis(
        values=ticks, format=",.0f", title=f"{name} {'an hour' if step == '1h' else 'a day'}", grid=True
    )
    time = alt.X(
        "time:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, labelOverlap=True)
    )
    tips = [
        alt.Tooltip("time:T", title="From", format="%-d %b %Y %H:%M UTC", timeUnit=None),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("count:Q", title="Count", format=",.0f"),
        alt.Tooltip("accounts:Q", title="Accounts", format=",.0f"),
    ]
    volume = (
        alt.Chart(bars)
        .mark_bar(color=FOR, opacity=0.75, binSpacing=0)
        .encode(x=time, x2="end:T", y=alt.Y("count:Q", scale=scale, axis=axis), tooltip=tips)
        .add_params(brush)
    )
    dots = (
        alt.Chart(marks)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=time,
            y=alt.Y("level:Q", scale=scale),
            size=alt.Size("count:Q", scale=alt.Scale(range=[30, 260]), legend=None),
            color=alt.Color("what:N", scale=_lane_colours(lanes), legend=None),
            tooltip=tips,
        )
    )
    names = pl.DataFrame({"what": [plain(kind) for kind in lanes], "level": list(level.values())})
    labels = (
        alt.Chart(names)
        .mark_text(align="left", baseline="middle", fontSize=11, fontWeight=600)
        .encode(
            x=alt.value(4),
            y=alt.Y("level:Q", scale=scale),
            text="what:N",
            color=alt.Color("what:N", scale=_lane_colours(lanes), legend=None),
        )
    )
    return alt.layer(volume, dots, labels).properties(height=110 + 22 * len(lanes))


def _lane_colours(lanes: list[str]) -> alt.Scale:
    colours = ["#0d9488", "#d9822b", "#c2410c", "#9333ea", "#64748b", "#a16207", "#be185d"]
    return alt.Scale(
        domain=[plain(kind) for kind in lanes], range=[colours[i % len(colours)] for i in range(len(lanes))]
    )


def _round(number: float) -> float:
    return float(f"{number:.1g}") if number >= 1 else 1.0


def waterfall_steps(link: dict[str, Any]) -> pl.DataFrame:
    """Prior, groups and result of a link: step, start, end (log10 odds), delta, words, side.

    A group that adds nothing is left out. The last row's end is the log-odds of the link's probability.
    """
    prior = float(link["log10_prior_odds"])
    rows: list[tuple[str, float, float, str, str]] = [("Before evidence", 0.0, prior, odds(prior), "prior")]
    at = prior
    for group in GROUPS:
        delta = float(link[f"log10_lr_{group}"] or 0.0)
        if abs(delta) < 0.005:
            continue
        rows.append((GROUP[group], at, at + delta, ratio(delta), "for" if delta > 0 else "against"))
        at += delta
    rows.append(("Together", 0.0, at, f"{odds(at)} ({percent(link['probability'])})", "result"))
    return pl.DataFrame(rows, schema=["step", "start", "end", "words", "side"], orient="row")


def waterfall(link: dict[str, Any], text: str) -> alt.LayerChart:
    """How prior and evidence groups add up to a link's odds.

    Args:
        link: a row of links.parquet.
        text: colour of labels on the page's ground.
    """
    steps = waterfall_steps(link).with_columns(
        right=pl.max_horizontal("start", "end"), left=pl.min_horizontal("start", "end")
    )
    low, high = float(steps["left"].min()), float(steps["right"].max())  # type: ignore[arg-type]
    pad = 0.34 * max(high - low, 1.0)
    scale = alt.Scale(domain=[low - 0.05 * (high - low), high + pad], nice=False)
    axis = alt.Axis(labelExpr=_ODDS_LABEL, title="odds of one controller (log scale)", tickCount=7, grid=True)
    order = alt.Y("step:N", sort=steps["step"].to_list(), title=None, axis=alt.Axis(labelLimit=160))
    sides = alt.Scale(domain=["prior", "for", "against", "result"], range=[NEUTRAL, FOR, AGAINST, text])
    base = alt.Chart(steps)
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        y=order,
        x=alt.X("start:Q", scale=scale, axis=axis),
        x2="end:Q",
        color=alt.Color("side:N", scale=sides, legend=None),
    )
    words = base.mark_text(align="left", dx=6, color=text).encode(
        y=order, x=alt.X("right:Q", scale=scale), text="words:N"
    )
    return alt.layer(bars, words).properties(height=28 * steps.height + 44)


def hypotheses(ring: dict[str, Any], text: str) -> alt.LayerChart:
    """Probabilities of the seven hypotheses, the innocent ones in grey."""
    rows = pl.DataFrame(
        {
            "name": [HYPOTHESIS[h] for h in HYPOTHESES],
            "p": [float(ring[f"p_{h}"] or 0.0) for h in HYPOTHESES],
            "words": [percent(ring[f"p_{h}"]) for h in HYPOTHESES],
            "side": ["innocent" if h in INNOCENT else "common control" for h in HYPOTHESES],
        }
    )
    order = alt.Y("name:N", sort=rows["name"].to_list(), title=None, axis=alt.Axis(labelLimit=200))
    x = alt.X("p:Q", title=None, scale=alt.Scale(domain=[0, 1.18], nice=False), axis=None)
    colours = alt.Scale(domain=["common control", "innocent"], range=[FOR, NEUTRAL])
    base = alt.Chart(rows)
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        y=order, x=x, color=alt.Color("side:N", scale=colours, legend=alt.Legend(title=None, orient="bottom"))
    )
    words = base.mark_text(align="left", dx=5, color=text).encode(y=order, x=x, text="words:N")
    return alt.layer(bars, words).properties(height=250)


def matrix(rows: pl.DataFrame, text: str) -> alt.LayerChart:
    """Which statistic speaks for which hypothesis: log10 likelihood ratios as a table of colours and figures."""
    columns = {f"log10_lr_{h}": HYPOTHESIS[h] for h in HYPOTHESES}
    cells = rows.select("statistic", "value", "n", "unit", *columns).unpivot(
        on=list(columns),
        index=["statistic", "value", "n", "unit"],
        variable_name="column",
        value_name="log10",
    )
    cells = cells.drop_nulls("log10").with_columns(
        hypothesis=pl.col("column").replace_strict(columns, return_dtype=pl.String),
        what=pl.col("statistic").map_elements(plain, return_dtype=pl.String),
        words=pl.col("log10").map_elements(ratio, return_dtype=pl.String),
        strong=pl.col("log10").abs() > 0.9,
    )
    x = alt.X(
        "hypothesis:N",
        sort=list(columns.values()),
        title=None,
        axis=alt.Axis(
            orient="top",
            labelAngle=0,
            labelLimit=120,
            labelExpr="split(datum.label, ' ')",
            domain=False,
            ticks=False,
        ),
    )
    y = alt.Y("what:N", title=None, axis=alt.Axis(labelLimit=260, domain=False, ticks=False))
    base = alt.Chart(cells)
    colour = alt.Scale(domain=[-1.5, 0, 1.5], range=[AGAINST, "#8a94a61f", FOR], clamp=True)
    tips = [
        alt.Tooltip("what:N", title="Statistic"),
        alt.Tooltip("hypothesis:N", title="Hypothesis"),
        alt.Tooltip("words:N", title="Speaks"),
        alt.Tooltip("value:Q", title="Value", format=".3~g"),
        alt.Tooltip("n:Q", title="Over", format=",.0f"),
        alt.Tooltip("unit:N", title="Unit"),
    ]
    fill = base.mark_rect(cornerRadius=3).encode(
        x=x, y=y, color=alt.Color("log10:Q", scale=colour, legend=None), tooltip=tips
    )
    ink = alt.condition("datum.strong", alt.value("#ffffff"), alt.value(text))
    figures = base.mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("log10:Q", format="+.1f"), color=ink)
    return alt.layer(fill, figures).properties(height=30 * max(cells["statistic"].n_unique(), 1) + 40)

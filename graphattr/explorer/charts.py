"""Charts of the evidence: waterfall, hypotheses and matrix. Built from rows; no Streamlit here."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import polars as pl

from graphattr.explorer.palette import AGAINST, FOR, NEUTRAL
from graphattr.explorer.text import odds, percent, ratio
from graphattr.explorer.words import GROUP, HYPOTHESIS, statistic
from graphattr.records import GROUPS, HYPOTHESES, INNOCENT, PRIOR_ROW

_ODDS_LABEL: Final = (
    "datum.value == 0 ? 'even' : abs(datum.value) > 5"
    " ? (datum.value > 0 ? '10^' + datum.value + ' to 1' : '1 to 10^' + -datum.value)"
    " : datum.value > 0 ? format(pow(10, datum.value), ',.0f') + ' to 1'"
    " : '1 to ' + format(pow(10, -datum.value), ',.0f')"
)


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
    axis = alt.Axis(
        labelExpr=_ODDS_LABEL,
        title="odds of one controller (log scale)",
        tickCount=7,
        tickMinStep=1,
        grid=True,
    )
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
    """Which statistic speaks for which hypothesis: log10 likelihood ratios in colours and figures."""
    columns = {f"log10_lr_{h}": HYPOTHESIS[h] for h in HYPOTHESES}
    cells = rows.select("statistic", "value", "n", "unit", *columns).unpivot(
        on=list(columns),
        index=["statistic", "value", "n", "unit"],
        variable_name="column",
        value_name="log10",
    )
    cells = cells.drop_nulls("log10").with_columns(
        hypothesis=pl.col("column").replace_strict(columns, return_dtype=pl.String),
        what=pl.col("statistic").map_elements(statistic, return_dtype=pl.String),
        words=pl.col("log10").map_elements(ratio, return_dtype=pl.String),
        strong=pl.col("log10").abs() > 1.2,
        figure=pl.col("log10").map_elements(
            lambda x: "0" if abs(x) < 0.05 else f"{x:+.1f}", return_dtype=pl.String
        ),
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
    order = [
        statistic(name) for name in sorted(rows["statistic"], key=lambda name: (name != PRIOR_ROW, name))
    ]
    y = alt.Y("what:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, domain=False, ticks=False))
    base = alt.Chart(cells)
    colour = alt.Scale(
        domain=[-1.5, 0, 1.5], range=[AGAINST, "#8a94a61f", FOR], clamp=True, interpolate="rgb"
    )
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
    figures = base.mark_text(fontSize=11).encode(x=x, y=y, text="figure:N", color=ink)
    return alt.layer(fill, figures).properties(height=30 * max(cells["statistic"].n_unique(), 1) + 40)

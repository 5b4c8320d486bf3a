"""The timeline of a ring: bars of exchanges, and a lane each for creations and events. No Streamlit here."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

import altair as alt
import polars as pl

from graphattr.explorer.palette import FOR, LANES
from graphattr.explorer.signals import CREATED, EXCHANGES, USES
from graphattr.explorer.words import plain

#: Name of the brush, and so of its part of the selection state.
BRUSH: Final = "window"
_BARS: Final = {EXCHANGES: "Exchanges", USES: "Signal rows"}
#: Height of a lane, as a share of the bars'.
_LANE: Final = 0.22


def timeline(rows: pl.DataFrame, step: str, window: tuple[datetime, datetime] | None) -> alt.LayerChart:
    """Exchanges over time, with creations and events under them; a drag selects a time.

    Args:
        rows: `signals.activity`.
        step: width of a bar, 1h or 1d.
        window: a time selected beforehand.
    """
    folded = rows.group_by("kind", time=pl.col("time").dt.truncate(step)).agg(
        pl.col("count").sum(), accounts=pl.col("account_id").n_unique()
    )
    volume = folded.filter(pl.col("kind").is_in(list(_BARS)))
    others = folded.filter(~pl.col("kind").is_in(list(_BARS)))
    most = float(volume.select(pl.max("count").fill_null(1)).item())
    lanes = sorted(others["kind"].unique(), key=lambda kind: (kind != CREATED, kind))
    level = {kind: -(i + 0.8) * _LANE * most for i, kind in enumerate(lanes)}
    name = _BARS[volume["kind"][0]] if volume.height else _BARS[EXCHANGES]
    scale = alt.Scale(domain=[-(len(lanes) + 0.4) * _LANE * most, most * 1.05], nice=False)
    axis = _axis(most, level, f"{name} / {'hour' if step == '1h' else 'day'}")
    time = _time(folded)
    bars = _bars(volume, step, time, scale, axis).add_params(_brush(window))
    return alt.layer(bars, _dots(others, level, time, scale, axis)).properties(height=110 + 20 * len(lanes))


def _bars(volume: pl.DataFrame, step: str, time: alt.X, scale: alt.Scale, axis: alt.Axis) -> alt.Chart:
    shown = volume.with_columns(end=pl.col("time").dt.offset_by(step), what=pl.col("kind").replace(_BARS))
    y = alt.Y("count:Q", scale=scale, axis=axis)
    bars = alt.Chart(shown).mark_bar(color=FOR, opacity=0.75)
    return bars.encode(x=time, x2="end:T", y=y, y2=alt.datum(0), tooltip=_tips())


def _dots(
    others: pl.DataFrame, level: dict[str, float], time: alt.X, scale: alt.Scale, axis: alt.Axis
) -> alt.Chart:
    shown = others.with_columns(
        level=pl.col("kind").replace_strict(level, return_dtype=pl.Float64),
        what=pl.col("kind").map_elements(plain, return_dtype=pl.String),
    )
    most = shown.select(pl.max("count").fill_null(1)).item()
    sizes: Any = alt.Scale(domain=[1, max(10, most)], range=[36, 240])
    names = [plain(kind) for kind in level]
    colours = alt.Scale(domain=names, range=[LANES[i % len(LANES)] for i in range(len(names))])
    dots = alt.Chart(shown).mark_point(filled=True, opacity=0.85)
    return dots.encode(
        x=time,
        y=alt.Y("level:Q", scale=scale, axis=axis),
        size=alt.Size("count:Q", scale=sizes, legend=None),
        color=alt.Color("what:N", scale=colours, legend=None),
        tooltip=_tips(),
    )


def _time(rows: pl.DataFrame) -> alt.X:
    days = rows.select((pl.max("time") - pl.min("time")).dt.total_days()).item() or 0
    words = "%-d %b" if days > 8 else "%-d %b %H:%M"
    ticks = alt.Axis(grid=False, labelOverlap=True, format=words, tickCount=10, labelFlush=True)
    return alt.X("time:T", title=None, scale=alt.Scale(type="utc"), axis=ticks)


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("time:T", title="From (UTC)", format="%-d %b %Y %H:%M"),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("count:Q", title="Count", format=",.0f"),
        alt.Tooltip("accounts:Q", title="Accounts", format=",.0f"),
    ]


def _brush(window: tuple[datetime, datetime] | None) -> alt.Parameter:
    preset: Any = {"x": [int(time.timestamp() * 1000) for time in window]} if window else alt.Undefined
    return alt.selection_interval(name=BRUSH, encodings=["x"], value=preset)


def _axis(most: float, level: dict[str, float], title: str) -> alt.Axis:
    """Figures beside the bars, and names beside the lanes under them, on one axis."""
    figures = [0.0, _round(most / 2), _round(most)]
    # json.dumps: an event's name comes out of the signals and must stay a text within the expression.
    names = [f"datum.value == {position} ? {json.dumps(plain(kind))} : " for kind, position in level.items()]
    return alt.Axis(
        values=[*sorted(level.values()), *figures],
        labelExpr="".join(names) + "format(datum.value, ',.0f')",
        title=title,
        grid=False,
        ticks=False,
        labelLimit=140,
        labelOverlap=False,
        minExtent=90,
    )


def _round(number: float) -> float:
    return float(f"{number:.1g}") if number >= 1 else 1.0

"""Charts say what the tables say."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.explorer import charts, queries, signals
from graphattr.explorer.runs import Run
from graphattr.explorer.timeline import BRUSH, timeline
from graphattr.records import GROUPS, HYPOTHESES

from .plans import TOP

LRS = st.lists(st.floats(-4, 4), min_size=len(GROUPS), max_size=len(GROUPS))


@given(LRS, st.floats(-6, -0.5))
def test_waterfall_leads_from_the_prior_to_the_links_odds(lrs: list[float], prior: float) -> None:
    total = prior + sum(lrs)
    link = {f"log10_lr_{group}": lr for group, lr in zip(GROUPS, lrs, strict=True)}
    steps = charts.waterfall_steps(link | {"log10_prior_odds": prior, "probability": 1 / (1 + 10**-total)})
    rows = steps.rows(named=True)
    assert rows[0]["end"] == prior
    for one, next_ in pairwise(rows[:-1]):
        assert next_["start"] == pytest.approx(one["end"])
    assert rows[-1]["end"] == pytest.approx(total, abs=0.005 * len(GROUPS))
    for row in rows[1:-1]:
        assert row["side"] == ("for" if row["end"] > row["start"] else "against")


def test_waterfall_of_a_real_link_ends_at_its_probability(run: Run) -> None:
    link = queries.links(run, TOP).row(3, named=True)
    end = charts.waterfall_steps(link)["end"][-1]
    assert 1 / (1 + 10**-end) == pytest.approx(link["probability"])


def _data(chart: object) -> list[dict[str, object]]:
    spec = json.loads(chart.to_json())  # type: ignore[attr-defined]
    return [row for rows in spec["datasets"].values() for row in rows]


def test_matrix_shows_every_cell(run: Run) -> None:
    rows = queries.matrix(run, TOP)
    cells = _data(charts.matrix(rows, "#000000"))
    assert len(cells) == rows.height * len(HYPOTHESES)
    assert {cell["figure"] for cell in cells if abs(cell["log10"]) < 0.05} <= {"0"}  # type: ignore[arg-type]


def test_hypotheses_are_all_there_and_sum_to_one(run: Run) -> None:
    bars = _data(charts.hypotheses(queries.ring(run, TOP), "#000000"))
    assert len(bars) == len(HYPOTHESES)
    assert math.isclose(sum(float(bar["p"]) for bar in bars), 1.0)  # type: ignore[arg-type]


def test_timeline_keeps_every_exchange_and_names_each_lane(run: Run) -> None:
    rows = signals.activity(run, TOP)
    chart = timeline(rows, "1d", None)
    data = _data(chart)
    spec = chart.to_json()
    assert (
        sum(row["count"] for row in data if row["what"] == "Exchanges") == queries.ring(run, TOP)["requests"]
    )
    assert {"Created", "Banned", "Key created"} <= {row["what"] for row in data}
    assert BRUSH in spec
    assert "Banned" in json.loads(spec)["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]


def test_timeline_opens_on_the_time_of_the_address(run: Run) -> None:
    window = (datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))
    spec = json.loads(timeline(signals.activity(run, TOP), "1d", window).to_json())
    (brush,) = [p for p in spec["params"] if p["name"] == BRUSH]
    assert brush["value"]["x"] == [1772582400000, 1772755200000]


def test_a_short_time_is_told_by_the_hour(run: Run) -> None:
    rows = signals.activity(run, TOP)
    first = rows["time"][0]
    for days, words in ((2, "%-d %b %H:%M"), (20, "%-d %b")):
        part = rows.filter(pl.col("time") < first + timedelta(days=days))
        spec = json.loads(timeline(part, "1h", None).to_json())
        assert spec["layer"][0]["encoding"]["x"]["axis"]["format"] == words


def test_an_events_name_stays_text_in_the_axis(run: Run) -> None:
    rows = signals.activity(run, TOP)
    evil = rows.with_columns(kind=pl.col("kind").replace("banned", "x' + warn('\"a\")"))
    label = json.loads(timeline(evil, "1d", None).to_json())["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert json.dumps("X' + warn('\"a\")") in label


def test_a_ring_without_use_has_a_timeline_of_creations(run: Run) -> None:
    rows = signals.activity(run, TOP).filter(pl.col("kind") == signals.CREATED)
    assert {row["what"] for row in _data(timeline(rows, "1d", None))} == {"Created"}

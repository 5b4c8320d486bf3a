"""The rival explanations of a ring side by side: how probable, what speaks for and against, who uses the accounts."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from graphattr.errors import GraphattrError
from graphattr.explorer import charts, queries, ui
from graphattr.explorer.against import FOUND, changes, levels, searches
from graphattr.explorer.runs import Run
from graphattr.explorer.text import code, count, plural, ratio, shown
from graphattr.explorer.words import HYPOTHESIS, statistic
from graphattr.records import HYPOTHESES, PRIOR_ROW

_TEXT = st.column_config.TextColumn
_NUMBER = st.column_config.NumberColumn


def show(run: Run, ring: dict[str, Any]) -> None:
    """Draws the section for a ring's row."""
    st.subheader("What could explain it", anchor=False)
    rows = queries.matrix(run, ring["ring_id"])
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.altair_chart(
            charts.hypotheses(ring, ui.ink()), alt=f"Probability of each hypothesis: {_said(ring)}"
        )
        _limits(ring)
    with right:
        if rows.is_empty():
            st.caption("The run holds no statistics of this ring.")
            return
        telling = rows.filter(pl.any_horizontal(pl.col(f"log10_lr_{h}").abs() >= 0.05 for h in HYPOTHESES))
        matrix = charts.matrix(telling, ui.ink())
        silent = rows.height - telling.height
        st.altair_chart(matrix, alt="Statistics by hypothesis; the table below holds the same")
        st.caption(
            "log10 of each statistic's likelihood ratio: +1 is ten times likelier under that hypothesis."
            " A column adds up to the hypothesis's log10 probability, but for a constant."
            + (f" {plural(silent, 'statistic')} that tell nothing apart are left out." if silent else "")
        )
    _sides(rows, ring)
    _reported(run, ring)


def _reported(run: Run, ring: dict[str, Any]) -> None:
    st.subheader("What speaks against it", anchor=False)
    ring_id = ring["ring_id"]
    try:
        found, two, turns = searches(run, ring_id), levels(run, ring_id), changes(run, ring_id)
    except GraphattrError as error:
        st.caption("The searches of the evidence report could not be made:")
        st.text(shown(error))
        return
    said = found.filter(pl.col("result") == FOUND[True]).height
    made = plural(found.height, "search", "searches")
    st.caption(f"{made}, the same for every ring; {count(said)} found something.")
    columns = {
        "question": _TEXT("Searched for", width=380),
        "result": _TEXT("Result", width=150),
        "answer": _TEXT("In figures", width=560),
    }
    ui.table(found, columns, key="against", alt="What was searched for that speaks against", height=620)
    ui.download(found, "against", "against_csv")
    if turns:
        st.subheader("What would change this", anchor=False)
        st.text("\n".join(turns))
    if two:
        st.subheader("Who runs the accounts, and who uses them", anchor=False)
        st.text(" ".join(two))


def _said(ring: dict[str, Any]) -> str:
    return ", ".join(f"{HYPOTHESIS[name]} {100 * (ring[f'p_{name}'] or 0):.0f} %" for name in HYPOTHESES)


def _limits(ring: dict[str, Any]) -> None:
    low, high, cap = ring["log10_bf_low"], ring["log10_bf_high"], ring["bf_cap"]
    lines = []
    if cap is not None and cap <= 1:
        lines.append("**Range.** None can be given: no known rings to calibrate a Bayes factor on.")
    elif low is not None and high is not None:
        lines.append(
            f"**Range.** A single operator or reseller against the best innocent explanation:"
            f" between {ratio(low)} and {ratio(high)}."
        )
    if cap is not None and cap > 1:
        lines.append(f"**Cap.** The rings it was calibrated on carry no factor above {cap:,.0f}.")
    if ring["weakest_point"] is not None:
        lines.append(f"**Weakest point.** Without {code(ring['weakest_point'])} the ring breaks.")
    else:
        lines.append("**Weakest point.** None: the ring holds without any single value.")
    st.markdown("  \n".join(lines))


def _sides(rows: pl.DataFrame, ring: dict[str, Any]) -> None:
    name = st.segmented_control(
        "What speaks for and against",
        list(HYPOTHESES),
        default=ring["hypothesis"] if ring["hypothesis"] in HYPOTHESES else HYPOTHESES[0],
        format_func=lambda h: HYPOTHESIS[h],
        required=True,
        key="explanation",
        bind="query-params",
    )
    column = f"log10_lr_{name}"
    table = (
        rows.filter(pl.col("statistic") != PRIOR_ROW, pl.col(column).abs() >= 0.02)
        .sort(column, descending=True)
        .with_columns(
            what=pl.col("statistic").map_elements(statistic, return_dtype=pl.String),
            speaks=pl.col(column).map_elements(ratio, return_dtype=pl.String),
        )
    )
    if table.is_empty():
        st.caption("No statistic speaks either way.")
        return
    columns = {
        "what": _TEXT("Statistic", width=200),
        "speaks": _TEXT("Speaks", width=120),
        "value": _NUMBER("Value", format="%.3g", width=80),
        "n": _NUMBER("Over", format="localized", width=70),
        "unit": _TEXT("Unit", width=90),
        "reason": _TEXT("Reason", width=620),
    }
    ui.table(table, columns, key="sides", alt="What speaks for and against the hypothesis")
    ui.download(rows, "evidence_matrix", "matrix_csv")

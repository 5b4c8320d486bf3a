"""One ring on one page: what it is consistent with, who is in it, when it was active, why it coheres."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from graphattr.errors import RunError
from graphattr.evidence.conditions import ASKED
from graphattr.explorer import conditions, queries, signals, state, ui
from graphattr.explorer.pages import ring_hypotheses, ring_links, ring_network
from graphattr.explorer.runs import Run
from graphattr.explorer.text import code, count, moment, percent, period, plural, shown
from graphattr.explorer.timeline import BRUSH, timeline
from graphattr.explorer.words import SET_APART, SPANS, STATUS, STATUS_COLOUR, STATUS_MEANS, headline, span
from graphattr.records import Status, Tier

_TEXT = st.column_config.TextColumn


@ui.guarded
def show() -> None:
    """Draws the page of the ring that the address names."""
    run = ui.current_run()
    title, box = st.columns([3, 2], vertical_alignment="center")
    with box:
        ui.search_box(run, ui.RING)
    ring = _chosen(run)
    if ring is None:
        with title:
            st.header("Ring", anchor=False)
        return
    with title, st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"Ring {code(ring['ring_id'])}", anchor=False, width="content")
        status = Status(ring["status"])
        st.badge(STATUS[status], color=STATUS_COLOUR[status], help=STATUS_MEANS[status])
    st.markdown(f"**{headline(ring)}** {STATUS_MEANS[Status(ring['status'])]}")
    _set_apart(run, ring["ring_id"])
    _conditions(run, ring["ring_id"])
    _spans(run, ring["ring_id"])
    _figures(run, ring)
    active = _timeline(run, ring)
    ring_network.show(run, ring, active)
    ring_links.show(run, ring, active)
    ring_hypotheses.show(run, ring)


def _chosen(run: Run) -> dict[str, Any] | None:
    ring_id = state.get(state.RING)
    if ring_id is None:
        st.info("Pick a ring in the queue, or search for an account or a value.")
        st.page_link(ui.page(ui.QUEUE), label="To the queue")
        return None
    try:
        return queries.ring(run, ring_id)
    except RunError:
        st.info(f"This run has no ring {code(ring_id)}. Its id may be of another run.")
        st.page_link(ui.page(ui.QUEUE), label="To the queue")
        return None


def _set_apart(run: Run, ring_id: str) -> None:
    """Names the rings of accounts that were grouped with these, where one part alone could be attributed."""
    for other in queries.set_apart(run, ring_id).iter_rows(named=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            many = plural(other["accounts"], "account")
            st.markdown(f"{SET_APART} {many} in", width="content")
            if st.button(shown(other["ring_id"]), key=f"apart_{other['ring_id']}", type="tertiary"):
                ui.open_ring(other["ring_id"])
            st.badge(STATUS[Status(other["status"])], color=STATUS_COLOUR[Status(other["status"])])


def _conditions(run: Run, ring_id: str) -> None:
    """What an attribution asks of the ring and whether it has it, folded away."""
    rows = conditions.told(queries.conditions(run, ring_id))
    if not rows:
        return
    met = sum(row["met"] for row in rows)
    with st.expander(f"What an attribution asks: {met} of {len(rows)} met"):
        st.markdown(ASKED)
        columns = {
            "asked": _TEXT("Asked", width=460),
            "ring": _TEXT("This ring", width=120),
            "needed": _TEXT("At least", width=120),
            "met": st.column_config.CheckboxColumn("Met", width=60),
        }
        ui.table(pl.DataFrame(rows), columns, key="conditions", alt="What an attribution asks", height=480)


def _spans(run: Run, ring_id: str) -> None:
    """Names the members who changed hands, folded away: the figures below are of their whole lives."""
    rows = queries.spans(run, ring_id)
    if rows.is_empty():
        return
    with st.expander(f"{plural(rows.height, 'account')} in part"):
        st.markdown(SPANS)
        st.markdown(
            "\n".join(f"- {code(row['account_id'])} {span(row)}" for row in rows.iter_rows(named=True))
        )


def _figures(run: Run, ring: dict[str, Any]) -> None:
    members = queries.members(run, ring["ring_id"])
    tiers = dict(members.group_by("tier").len().iter_rows())
    split = ", ".join(f"{count(tiers[tier])} {tier}" for tier in Tier if tier in tiers)
    named = ring["operator"] is not None
    each = (ring["requests"] or 0) / max(ring["size"], 1)
    cells = [
        ("Accounts", count(ring["size"]), split),
        ("Exchanges", count(ring["requests"]), f"{count(each)} an account"),
        ("Active", period(ring["first_seen"], ring["last_seen"]), "first to last signal"),
        ("Common control", percent(ring["control"]), "single operator, contractors or reseller"),
        (
            "Known operator",
            percent(ring["operator_probability"]) if named else "Unknown",
            code(ring["operator"], 40) if named else "no verified operator matches",
        ),
    ]
    ui.figures(cells)


def _timeline(run: Run, ring: dict[str, Any]) -> frozenset[str] | None:
    """Draws the timeline; the accounts active in the time selected on it, or None if none is selected."""
    rows = signals.activity(run, ring["ring_id"])
    st.subheader("Timeline", anchor=False)
    if rows.is_empty():
        st.caption("The signals of these accounts carry no times.")
        return None
    window = state.get_window()
    key = f"timeline_{ring['ring_id']}_{st.session_state.get('brush', 0)}"
    preset = st.session_state.setdefault(f"{key}_preset", window)
    chart = timeline(rows, signals.step(rows), preset)
    st.altair_chart(
        chart,
        key=key,
        on_select=lambda: state.put_window(_brushed(st.session_state[key])),
        selection_mode=BRUSH,
        alt="Exchanges, creations and events of the ring's accounts over time",
    )
    if window is None:
        st.caption("Times are UTC. Drag across the chart to see only the accounts active in that time.")
        return None
    active = signals.active(rows, *window)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{moment(window[0])} to {moment(window[1])} UTC: {plural(len(active), 'account')} of"
            f" {count(ring['size'])} active. Graph and tables show these.",
            width="content",
        )
        st.button("Show all", key="clear_window", type="tertiary", on_click=_clear_window)
    return active


def _clear_window() -> None:
    # A new key gives a chart without the brush's old place.
    st.session_state["brush"] = st.session_state.get("brush", 0) + 1
    state.put_window(None)


def _brushed(selection: Any) -> tuple[datetime, datetime] | None:
    span = dict(selection.get("selection", {}).get(BRUSH, {})).get("time")
    if not span or len(span) < 2:
        return None
    low, high = (datetime.fromtimestamp(float(ms) / 1000, UTC) for ms in (min(span), max(span)))
    return low, high

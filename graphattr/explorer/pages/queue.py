"""The queue: rings by weight, what they are consistent with, and how far that may be said."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from graphattr.explorer import queries, ui
from graphattr.explorer.text import count, plural, shown
from graphattr.explorer.words import HYPOTHESIS, STATUS
from graphattr.records import HYPOTHESES, Status

_NUMBER = st.column_config.NumberColumn
_DATE = st.column_config.DateColumn


@ui.guarded
def show() -> None:
    """Draws the page."""
    run = ui.current_run()
    rings = queries.rings(run)
    title, box = st.columns([3, 2], vertical_alignment="center")
    with title:
        st.header("Queue", anchor=False)
    with box:
        ui.search_box(run, ui.QUEUE)
    _figures(rings)
    st.text(shown(run.info.get("guarantee") or "This run states no guarantee."))
    chosen = _filtered(rings)
    if rings.is_empty():
        st.info("This run found no ring.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            f"{plural(chosen.height, 'ring')} of {count(rings.height)}, by weight:"
            " accounts × exchanges × probability of common control."
        )
        ui.download(chosen, "rings", "queue_csv")
    ui.table(
        _rows(chosen),
        _columns(),
        key="rings",
        alt="Rings by weight",
        height=740,
        opens=lambda row: st.session_state.update(go=row["ring_id"]),
    )
    if "go" in st.session_state:
        ui.open_ring(st.session_state.pop("go"))


def _figures(rings: pl.DataFrame) -> None:
    by_status = dict(rings.group_by("status").len().iter_rows())
    inside = int(rings["size"].sum())
    cells = [("Rings", count(rings.height), f"{plural(inside, 'account')}")]
    for status in Status:
        chosen = rings.filter(pl.col("status") == status)
        share = f"{plural(int(chosen['size'].sum()), 'account')}"
        cells.append((STATUS[status], count(by_status.get(status, 0)), share))
    ui.figures(cells)


def _filtered(rings: pl.DataFrame) -> pl.DataFrame:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        statuses = st.pills(
            "Status",
            [status.value for status in Status],
            selection_mode="multi",
            format_func=lambda name: STATUS[Status(name)],
            key="status",
            bind="query-params",
        )
        present = set(rings["hypothesis"])
        names = st.multiselect(
            "Consistent with",
            [name for name in HYPOTHESES if name in present],
            format_func=lambda name: HYPOTHESIS[name],
            key="hypothesis",
            bind="query-params",
            width=420,
            placeholder="Any hypothesis",
        )
        least = st.number_input(
            "Accounts, at least", min_value=2, step=1, key="size", bind="query-params", width=150
        )
    keep: list[Any] = [pl.col("size") >= least]
    if statuses:
        keep.append(pl.col("status").is_in(statuses))
    if names:
        keep.append(pl.col("hypothesis").is_in(names))
    return rings.filter(*keep)


def _rows(rings: pl.DataFrame) -> pl.DataFrame:
    best = pl.max_horizontal(f"p_{name}" for name in HYPOTHESES)
    return rings.with_columns(
        said=pl.col("hypothesis").replace(HYPOTHESIS),
        best=best * 100,
        common=pl.col("control") * 100,
        state=pl.col("status").replace({status.value: name for status, name in STATUS.items()}),
    )


def _columns() -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "ring_id": text("Ring", width=128),
        "said": text("Consistent with", width=170),
        "best": _NUMBER("Probability", format="%.0f %%", width=90),
        "state": text("Status", width=120),
        "size": _NUMBER("Accounts", format="localized", width=84),
        "requests": _NUMBER("Exchanges", format="localized", width=98),
        "common": st.column_config.ProgressColumn(
            "Common control",
            format="%.0f %%",
            min_value=0,
            max_value=100,
            width=150,
            help="Probability of a single operator, contractors or a reseller behind the accounts.",
        ),
        "weight": _NUMBER("Weight", format="compact", width=80),
        "first_seen": _DATE("First seen", format="D MMM YYYY", width=105),
        "last_seen": _DATE("Last seen", format="D MMM YYYY", width=105),
        "operator": text("Known operator", width=130),
        "weakest_point": text(
            "Weakest point", width=220, help="The one value without which the ring breaks."
        ),
    }

"""Pieces that the pages share: the run in use, the search box, tables that show foreign text as text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from graphattr.errors import GraphattrError, RunError
from graphattr.explorer import state
from graphattr.explorer.runs import RUN_VARIABLE, Run, open_run
from graphattr.explorer.search import Hit, search
from graphattr.explorer.text import code, plural, printable, shown, to_csv
from graphattr.explorer.words import plain, signal

QUEUE, RING, QUALITY = "queue", "ring", "quality"
_OPEN = "open"
_ROW = 31  # pixels


def current_run() -> Run:
    """The run that the explorer was started on; ends the page with plain words where it cannot be read."""
    try:
        return open_run(os.environ.get(RUN_VARIABLE))
    except RunError as error:
        st.header("This run cannot be shown")
        st.text(str(error))
        st.stop()


def guarded(show: Callable[[], None]) -> Callable[[], None]:
    """A page that ends with plain words where a file of the run cannot be read, for example while it is replaced."""

    @wraps(show)
    def page() -> None:
        try:
            show()
        except (OSError, pl.exceptions.PolarsError, GraphattrError) as error:
            st.header("This run cannot be shown")
            st.text(shown(f"{type(error).__name__}: {error}", 600))
            st.caption("If the run is being written anew, load this page again when it is done.")

    return page


def icon() -> str:
    """The browser tab's icon, from this machine."""
    return (Path(__file__).parent / "static" / "icon.svg").read_text(encoding="utf-8")


def page(name: str) -> Any:
    """A page of the navigation, by its url path."""
    return st.session_state["pages"][name]


def figures(cells: Sequence[tuple[str, str, str]]) -> None:
    """A row of boxes: a caption, a figure in Markdown, and a note under it."""
    for column, (name, value, note) in zip(st.columns(len(cells), gap="small"), cells, strict=True):
        with column.container(border=True, gap=None):
            st.caption(name)
            st.markdown(f"#### {value}")
            if note:
                st.caption(note)


def ink() -> str:
    """Colour of text in charts, on the ground of the theme in use."""
    return "#e6e9ef" if st.context.theme.type == "dark" else "#262c3a"


def open_ring(ring_id: str, focus: str | None = None) -> None:
    """Goes to a ring's page."""
    st.switch_page(page(RING), query_params={state.RING: ring_id, **({state.FOCUS: focus} if focus else {})})


def search_box(run: Run, where: str) -> None:
    """One box for an account, IP, device, instrument, operator or ring; a single find opens its ring.

    Args:
        run: the run.
        where: the page's name, part of the box's key.
    """
    key = f"search_{where}"
    st.text_input(
        "Search",
        value=state.get(state.QUESTION) or "",
        key=key,
        placeholder="Account, IP, device, instrument, operator or ring",
        icon=":material/search:",
        label_visibility="collapsed",
        on_change=lambda: state.put(**{state.QUESTION: str(st.session_state[key]).strip()}),
    )
    question = state.get(state.QUESTION)
    if question:
        _results(run, question, where)


def _results(run: Run, question: str, where: str) -> None:
    hits = search(run, question)
    if len(hits) == 1 and len(hits[0].rings) == 1:
        open_ring(hits[0].rings[0], _focus(hits[0]))
    if not hits:
        st.info(f"Nothing in this run is or contains {code(question)}.")
        return
    with st.container(border=True):
        st.caption(
            f"{plural(len(hits), 'find')} for {code(question)}"
            + (" (the first 20)" if len(hits) == 20 else "")
        )
        for number, hit in enumerate(hits):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{kind_of(hit)} {code(hit.text)}", width="content")
                for ring_id in hit.rings[:5]:
                    pressed = st.button(shown(ring_id), key=f"{where}_{number}_{ring_id}", type="tertiary")
                    if pressed:
                        open_ring(ring_id, _focus(hit))
                rest = (
                    "in no ring"
                    if not hit.rings
                    else f"and {len(hit.rings) - 5} more"
                    if len(hit.rings) > 5
                    else ""
                )
                if rest:
                    st.caption(rest, width="content")


def kind_of(hit: Hit) -> str:
    """What a find is, in a word."""
    return plain(hit.kind) if hit.kind in ("account", "operator", "ring") else signal(hit.kind)


def _focus(hit: Hit) -> str | None:
    if hit.kind in ("ring", "operator"):
        return None
    return f"a:{hit.text}" if hit.kind == "account" else f"v:{hit.kind}:{hit.text}"


def table(
    frame: pl.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    height: int = 360,
    opens: Callable[[dict[str, Any]], None] | None = None,
    verb: str = "Open",
) -> None:
    """A table of the named columns, with a CSV download that no spreadsheet takes for formulas.

    Args:
        frame: the rows.
        columns: column name to its `st.column_config`, in the order shown.
        key: key of the table in the session state.
        alt: name of the table for screen readers, and of the file.
        height: most pixels; a shorter table takes less.
        opens: called with a row when its button is pressed; None shows no buttons.
        verb: text of that button.
    """
    view = printable(frame.select([name for name in columns if name in frame.columns]))
    config = dict(columns)
    if opens is not None:
        view = view.insert_column(0, pl.Series(_OPEN, [verb] * view.height, dtype=pl.String))
        clicked = f"{key}_open"

        def on_click() -> None:
            opens(frame.row(int(st.session_state[clicked]["row"]), named=True))

        config[_OPEN] = st.column_config.ButtonColumn(
            "", type="secondary", width=66, key=clicked, on_click=on_click, pinned=True
        )
    st.dataframe(
        view,
        column_config=config,
        hide_index=True,
        placeholder="",
        height=min(_ROW * (max(view.height, 1) + 1) + 3, height),
        row_height=_ROW,
        key=key,
        alt=alt,
    )


def download(frame: pl.DataFrame, name: str, key: str) -> None:
    """A button that saves a table as CSV."""
    st.download_button(
        "CSV",
        data=lambda: to_csv(frame),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=key,
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help=f"Save {plural(frame.height, 'row')} as CSV",
    )

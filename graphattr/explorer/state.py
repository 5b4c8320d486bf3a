"""The state of a page lives in its address, so that a link opens what its sender saw."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

RING, FOCUS, FIRST, SECOND, PIECE, START, END, QUESTION = "id", "focus", "a", "b", "piece", "from", "to", "q"


def get(name: str) -> str | None:
    """A parameter of the address; None if it is absent or empty."""
    return st.query_params.get(name) or None


def put(**values: str | None) -> None:
    """Sets parameters of the address; None removes one."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def get_window() -> tuple[datetime, datetime] | None:
    """The time selected on the timeline, UTC; None if there is none or the address is garbled."""
    start, end = get(START), get(END)
    if not start or not end:
        return None
    try:
        low, high = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    except ValueError:
        return None
    return (low, high) if low < high else None


def put_window(window: tuple[datetime, datetime] | None) -> None:
    """Keeps the time selected on the timeline, to the minute, or forgets it."""
    texts = [t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") for t in window] if window else [None, None]
    put(**dict(zip((START, END), texts, strict=True)))

"""The drawn graph as a Streamlit component: own bundle of sigma.js and graphology, from this machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from graphattr.explorer.network import Drawing
from graphattr.explorer.palette import DARK, LIGHT
from graphattr.explorer.words import GROUP, TIER

#: With no more shared values than this, each one's name is drawn.
_NAMED = 20
#: With more nodes than this, marks are drawn smaller.
_ROOMY = 80
_STATIC = Path(__file__).parent / "static"


@cache
def _asset(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


_graph = st.components.v2.component("graphattr.graph", css=_asset("graph.css"), js=_asset("graph.js"))


def draw(
    drawing: Drawing,
    *,
    key: str,
    identity: str,
    selected: str | None,
    shown: frozenset[str] | None,
    alt: str,
    on_click: Callable[[], None],
    height: int = 520,
) -> str | None:
    """Draws the graph; answers with the id of the node just clicked, an empty text for the ground, or None.

    Args:
        drawing: nodes, edges and places.
        key: the component's key in the session state, where a callback reads `clicked`.
        identity: changes when the drawing does.
        selected: node in focus.
        shown: nodes left undimmed by a filter; None for all.
        alt: text alternative.
        on_click: called after a click, before the page runs again.
        height: pixels.
    """
    result = _graph(
        key=key,
        data=_data(drawing, identity, selected, shown, alt, height),
        on_clicked_change=on_click,
    )
    clicked = result.get("clicked")
    return clicked if isinstance(clicked, str) else None


def _data(
    drawing: Drawing, identity: str, selected: str | None, shown: frozenset[str] | None, alt: str, height: int
) -> dict[str, Any]:
    nodes, edges = drawing.nodes, drawing.edges
    shrink = max(0.35, min(1.0, math.sqrt(_ROOMY / max(len(nodes), 1))))
    named = sum(not node.accounts for node in nodes) <= _NAMED
    return {
        "key": identity,
        "nodes": {
            "id": [node.id for node in nodes],
            "x": list(drawing.x),
            "y": list(drawing.y),
            "size": [round(node.size * shrink, 1) for node in nodes],
            "tone": [node.tone for node in nodes],
            "shape": ["circle" if node.accounts else "square" for node in nodes],
            "label": [node.label for node in nodes],
            "named": [named and not node.accounts for node in nodes],
            "title": [list(node.title) for node in nodes],
        },
        "edges": {
            "source": [a for a, _, _ in edges],
            "target": [b for _, b, _ in edges],
            "tone": [tone for _, _, tone in edges],
            "size": [1.5 if tone == "likeness" else 1.0 for _, _, tone in edges],
        },
        "tones": {"light": LIGHT, "dark": DARK},
        "legend": _legend(drawing),
        "selected": selected,
        "shown": None if shown is None else sorted(shown),
        "alt": alt,
        "height": height,
    }


def _legend(drawing: Drawing) -> list[list[str]]:
    accounts = {node.tone for node in drawing.nodes if node.accounts}
    values = {node.tone for node in drawing.nodes if not node.accounts}
    rows = [["circle", tier, f"{name} account"] for tier, name in TIER.items() if tier in accounts]
    rows += [["square", group, f"{name} value"] for group, name in GROUP.items() if group in values]
    if any(tone == "likeness" for _, _, tone in drawing.edges):
        rows.append(["line", "likeness", "Alike, no shared value"])
    return rows

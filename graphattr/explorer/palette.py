"""Colours that say the same thing on every page, legible on a light and on a dark ground."""

from __future__ import annotations

from typing import Final

#: Evidence for and against, and what is neither.
FOR: Final = "#3b7dd8"
AGAINST: Final = "#d9822b"
NEUTRAL: Final = "#8a94a6"
#: Lanes of the timeline: creations first, then events by name.
LANES: Final = ("#0d9488", "#d9822b", "#9333ea", "#c2410c", "#64748b", "#a16207", "#be185d")

#: Tones of the graph: tiers of accounts, evidence groups of values, and the marks of its states.
LIGHT: Final = {
    "core": "#1d4ed8",
    "probable": "#6d9df5",
    "unresolved": "#a3aec0",
    "network": "#0d9488",
    "payment": "#d97706",
    "device": "#7c3aed",
    "identity": "#db2777",
    "timing": "#57534e",
    "behaviour": "#65a30d",
    "graph": "#475569",
    "edge": "#b4bfd0",
    "likeness": "#c084fc",
    "near": "#64748b",
    "dim": "#e3e7ee",
    "faint": "#eef1f5",
}
DARK: Final = {
    "core": "#60a5fa",
    "probable": "#3167b8",
    "unresolved": "#5b6678",
    "network": "#2dd4bf",
    "payment": "#fbbf24",
    "device": "#a78bfa",
    "identity": "#f472b6",
    "timing": "#d6d3d1",
    "behaviour": "#a3e635",
    "graph": "#94a3b8",
    "edge": "#4c5a72",
    "likeness": "#8b5cf6",
    "near": "#94a3b8",
    "dim": "#2b3342",
    "faint": "#222936",
}

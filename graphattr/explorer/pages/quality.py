"""How far the run can be trusted: what was loaded and refused, the guarantee, stages, versions and hashes."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl
import streamlit as st

from graphattr.explorer import ui
from graphattr.explorer.runs import Run
from graphattr.explorer.text import NONE, code, count, shown

_TEXT = st.column_config.TextColumn
_NUMBER = st.column_config.NumberColumn
#: Counts of load_report.json that every table has, as headed here; they add up to the first.
_COUNTS: Final = {
    "rows": "Rows in",
    "loaded": "Loaded",
    "quarantined": "Refused",
    "duplicates": "Exact duplicates",
    "not_selected": "Not selected",
}


@ui.guarded
def show() -> None:
    """Draws the page."""
    run = ui.current_run()
    st.header("Quality", anchor=False)
    st.markdown("**What the results promise**")
    st.text(shown(run.info.get("guarantee") or "This run states no guarantee."))
    _model(run)
    _loading(run)
    _stages(run)
    _provenance(run)


def _part(run: Run, name: str) -> dict[str, Any]:
    part = run.info.get(name)
    return part if isinstance(part, dict) else {}


def _model(run: Run) -> None:
    links, model = _part(run, "links"), _part(run, "model")
    prior = links.get("log10_prior_odds")
    before = f"1 to {count(10 ** -float(prior))}" if isinstance(prior, (int, float)) else NONE
    trained = "trained" if model.get("trained") else "default weights, not trained"
    cells = [
        ("Pairs looked at", count(links.get("candidates")), "candidates for a link"),
        ("Odds of a link", before, "before evidence"),
        ("Linkage model", code(model.get("name"), 24), trained),
        ("Seed", code(run.info.get("seed")), "of everything random"),
    ]
    ui.figures(cells)
    if model.get("note"):
        st.text(shown(model["note"]))


def _loading(run: Run) -> None:
    st.subheader("Loading", anchor=False)
    try:
        report = json.loads(run.paths.load_report.read_text(encoding="utf-8"))
        tables = {name: entry for name, entry in report["tables"].items() if isinstance(entry, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        st.caption("The run has no readable load report.")
        return
    rows = [
        {
            "table": name,
            **{column: entry.get(column) for column in _COUNTS},
            "times": "none: timing evidence is off" if entry.get("timeless") else "yes",
            "unknown": ", ".join(map(str, entry.get("unknown_columns") or [])),
        }
        for name, entry in tables.items()
    ]
    config = {
        "table": _TEXT("Table", width=120),
        **{column: _NUMBER(label, format="localized", width=120) for column, label in _COUNTS.items()},
        "times": _TEXT("Times", width=170),
        "unknown": _TEXT("Columns left out of the graph", width=320),
    }
    ui.table(pl.DataFrame(rows, infer_schema_length=None), config, key="loading", alt="Rows by table")
    _refused(tables)


def _refused(tables: dict[str, dict[str, Any]]) -> None:
    rows = [
        {"table": name, "reason": reason, "rows": number}
        for name, entry in tables.items()
        for reason, number in dict(entry.get("reasons") or {}).items()
    ]
    if not rows:
        st.caption("No row was refused.")
        return
    refused = pl.DataFrame(rows).sort(["rows", "table", "reason"], descending=[True, False, False])
    config = {
        "table": _TEXT("Table", width=120),
        "reason": _TEXT("Refused because of", width=420),
        "rows": _NUMBER("Rows", format="localized"),
    }
    ui.table(refused, config, key="refused", alt="Refused rows by reason")
    st.caption("The rows themselves lie in the run's quarantine folder.")


def _stages(run: Run) -> None:
    stages = [stage for stage in run.info.get("stages") or [] if isinstance(stage, dict)]
    if not stages:
        return
    st.subheader("Stages", anchor=False)
    config = {
        "name": _TEXT("Stage", width=180),
        "seconds": _NUMBER("Seconds", format="%.1f"),
        "peak_memory_mib": _NUMBER("Peak memory, MiB", format="localized"),
    }
    ui.table(
        pl.DataFrame(stages, infer_schema_length=None),
        config,
        key="stages",
        alt="Seconds and memory by stage",
    )


def _provenance(run: Run) -> None:
    st.subheader("Where it came from", anchor=False)
    versions = [f"{code(name)} {code(value)}" for name, value in sorted(_part(run, "versions").items())]
    st.markdown(", ".join([f"graphattr {code(run.info.get('graphattr'))}", *versions]))
    rows = [
        {"side": words, "file": str(name), "sha256": value if isinstance(value, str) else json.dumps(value)}
        for side, words in (("inputs", "In"), ("outputs", "Out"))
        for name, value in sorted(_part(run, side).items())
    ]
    if rows:
        config = {
            "side": _TEXT("", width=50),
            "file": _TEXT("File", width=260),
            "sha256": _TEXT("SHA-256", width=520),
        }
        ui.table(pl.DataFrame(rows), config, key="hashes", alt="SHA-256 of inputs and outputs")

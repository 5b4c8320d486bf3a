"""How far the run can be trusted: what was loaded and refused, the guarantee, the stages, versions and hashes."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from graphattr.explorer import ui
from graphattr.explorer.runs import Run
from graphattr.explorer.text import code, count, shown

_TEXT = st.column_config.TextColumn
_NUMBER = st.column_config.NumberColumn


def show() -> None:
    """Draws the page."""
    run = ui.current_run()
    st.header("Quality", anchor=False)
    st.subheader("What the results promise", anchor=False)
    st.text(shown(run.info.get("guarantee") or "This run states no guarantee."))
    _model(run)
    _loading(run)
    _stages(run)
    _provenance(run)


def _model(run: Run) -> None:
    links, model = dict(run.info.get("links") or {}), dict(run.info.get("model") or {})
    cells = [("Pairs looked at", count(links.get("candidates"))), ("Seed", shown(run.info.get("seed")))]
    prior = links.get("log10_prior_odds")
    if prior is not None:
        cells.append(("Odds of a link before evidence", f"1 to {count(10 ** -float(prior))}"))
    if model:
        cells.append(("Model", shown(model.get("name"))))
    for column, (name, value) in zip(st.columns(len(cells)), cells, strict=True):
        column.metric(name, value, border=True)
    if model.get("note"):
        st.text(shown(model["note"]))


def _loading(run: Run) -> None:
    st.subheader("Loading", anchor=False)
    try:
        report = json.loads(run.paths.load_report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        st.caption("The run has no readable load report.")
        return
    tables = report.get("tables", report) if isinstance(report, dict) else {}
    rows = [{"table": name, **_counts(entry)} for name, entry in tables.items() if isinstance(entry, dict)]
    if rows:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        config = {
            name: _TEXT(_label(name)) if dtype == pl.String else _NUMBER(_label(name), format="localized")
            for name, dtype in frame.schema.items()
        }
        ui.table(frame, config, key="loading", alt="Rows loaded and refused by table")
    _quarantine(run)


def _counts(entry: dict[str, Any]) -> dict[str, Any]:
    flat = {
        name: value for name, value in entry.items() if isinstance(value, int) and not isinstance(value, bool)
    }
    lists = {
        name: ", ".join(map(str, value)) for name, value in entry.items() if isinstance(value, list) and value
    }
    return {**flat, **lists}


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _quarantine(run: Run) -> None:
    files = sorted(run.paths.quarantine.glob("*.parquet"))
    parts = [
        pl.scan_parquet(file)
        .group_by("reason")
        .agg(rows=pl.len())
        .with_columns(table=pl.lit(file.stem))
        .collect()
        for file in files
        if "reason" in pl.read_parquet_schema(file)
    ]
    refused = (
        pl.concat(parts).sort(["rows", "table", "reason"], descending=[True, False, False]) if parts else None
    )
    if refused is None or refused.is_empty():
        st.caption("No row was refused.")
        return
    st.markdown("**Rows refused, by reason**")
    config = {
        "table": _TEXT("Table", width=120),
        "reason": _TEXT("Reason", width=420),
        "rows": _NUMBER("Rows", format="localized"),
    }
    ui.table(refused, config, key="quarantine", alt="Refused rows by reason")


def _stages(run: Run) -> None:
    stages = run.info.get("stages") or []
    if not stages:
        return
    st.subheader("Stages", anchor=False)
    frame = pl.DataFrame(stages, infer_schema_length=None)
    config = {
        "name": _TEXT("Stage", width=180),
        "seconds": _NUMBER("Seconds", format="%.1f"),
        "peak_memory_mib": _NUMBER("Peak memory, MiB", format="localized"),
    }
    ui.table(frame, config, key="stages", alt="Seconds and memory by stage")


def _provenance(run: Run) -> None:
    st.subheader("Where it came from", anchor=False)
    versions = ", ".join(
        f"{name} {code(value)}" for name, value in sorted(dict(run.info.get("versions") or {}).items())
    )
    st.markdown(f"graphattr {code(run.info.get('graphattr'))}" + (f"; {versions}" if versions else ""))
    rows = [
        {"side": side, "file": str(name), "sha256": value if isinstance(value, str) else json.dumps(value)}
        for side in ("inputs", "outputs")
        for name, value in sorted(dict(run.info.get(side) or {}).items())
    ]
    if rows:
        config = {
            "side": _TEXT("Side", width=80),
            "file": _TEXT("File", width=260),
            "sha256": _TEXT("SHA-256", width=520),
        }
        ui.table(pl.DataFrame(rows), config, key="hashes", alt="SHA-256 of inputs and outputs")

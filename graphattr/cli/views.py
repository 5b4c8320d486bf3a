"""`rings`, `ring`, `explain`, `query`, `explore`: looking at a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from graphattr.cli.output import emit, out, table
from graphattr.evidence import page_json, page_text, pair_page, pair_text, ring_page
from graphattr.evidence.conditions import ASKED
from graphattr.evidence.words import HYPOTHESIS_WORDS
from graphattr.explorer.conditions import told
from graphattr.explorer.queries import by_status, conditions, set_apart, spans
from graphattr.explorer.runs import open_run as opened
from graphattr.explorer.text import shown
from graphattr.explorer.words import SET_APART, SPANS, span
from graphattr.records import RunPaths, Status
from graphattr.settings import Secrets
from graphattr.store.base import Edge, Node
from graphattr.store.open import open_run

RunFolder = Annotated[Path, typer.Argument(help="Folder of a finished run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ring_rows(run: Path, limit: int, status: Status | None = None) -> list[dict[str, Any]]:
    """Prints the heaviest rings as a table and returns them."""
    rings = pl.read_parquet(RunPaths.finished(run).table("rings"))
    if status is not None:
        rings = rings.filter(pl.col("status") == status.value)
    shown = by_status(rings).head(limit)
    rows = [
        (
            row["ring_id"], row["size"], row["requests"], HYPOTHESIS_WORDS[row["hypothesis"]],
            row[f"p_{row['hypothesis']}"], row["operator"], row["status"].replace("_", " "),
        )
        for row in shown.to_dicts()
    ]  # fmt: skip
    headers = (
        "ring",
        "accounts",
        "exchanges",
        "most consistent with",
        "probability",
        "known operator",
        "status",
    )
    table(f"{shown.height} of {rings.height:,} rings", headers, rows)
    return shown.to_dicts()


def rings(
    run: RunFolder,
    status: Annotated[Status | None, typer.Option(help="Only rings of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rings to show.")] = 30,
    json_: AsJson = False,
) -> None:
    """List a run's rings, those that may be attributed first, then by size."""
    if json_:
        found = pl.read_parquet(RunPaths.finished(run).table("rings"))
        kept = found if status is None else found.filter(pl.col("status") == status.value)
        emit(kept.sort("size", "ring_id", descending=[True, False]).head(limit).to_dicts())
        return
    ring_rows(run, limit, status)


def ring(
    run: RunFolder, ring_id: Annotated[str, typer.Argument(help="Ring id.")], json_: AsJson = False
) -> None:
    """Say what one ring is consistent with, its rivals, what speaks for and against, and its weakest point."""
    RunPaths.finished(run)
    page = ring_page(run, ring_id)
    whole = opened(run)
    apart = set_apart(whole, ring_id).to_dicts()
    in_part = spans(whole, ring_id).to_dicts()
    asked = conditions(whole, ring_id)
    if json_:
        emit(page_json(page) | {"set_apart": apart, "spans": in_part, "conditions": asked.to_dicts()})
        return
    out.print(page_text(page))
    _conditions(asked)
    if in_part:
        out.print(SPANS)
    for row in in_part:
        out.print(f"  {shown(row['account_id'])} {span(row)}.", markup=False)
    for other in apart:
        status = other["status"].replace("_", " ")
        out.print(f"{SET_APART} {other['accounts']:,} accounts in {other['ring_id']}, {status}.")


def _conditions(asked: pl.DataFrame) -> None:
    """Prints what an attribution asks of a ring and whether it has it."""
    if asked.is_empty():
        return
    out.print(ASKED)
    rows = [
        (row["asked"], row["ring"], row["needed"], "met" if row["met"] else "not met") for row in told(asked)
    ]
    table("What an attribution asks", ("asked", "this ring", "at least", ""), rows)


def explain(
    run: RunFolder,
    account_a: Annotated[str, typer.Argument(help="An account.")],
    account_b: Annotated[str, typer.Argument(help="Another account.")],
    json_: AsJson = False,
) -> None:
    """Say why two accounts are linked, piece by piece, and how much the link bears. Exit status 1 if they are not."""
    RunPaths.finished(run)
    page = pair_page(run, account_a, account_b)
    if json_:
        emit(page_json(page))
    else:
        out.print(pair_text(page))
    if not page.linked:
        raise typer.Exit(1)


def query(
    run: RunFolder,
    cypher: Annotated[str, typer.Argument(help="Read-only Cypher.")],
    limit: Annotated[int, typer.Option(min=1, help="Most rows to return.")] = 1000,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the query is given up.")
    ] = 30.0,
    json_: AsJson = False,
) -> None:
    """Ask the run's graph a read-only question in Cypher."""
    store = open_run(RunPaths.finished(run).graph, Secrets())
    try:
        with store.view() as view:
            result = view.query(cypher, limit=limit, timeout=timeout)
    finally:
        store.close()
    if json_:
        rows = [dict(zip(result.columns, map(_open, row), strict=True)) for row in result.rows]
        emit({"columns": result.columns, "rows": rows, "truncated": result.truncated})
        return
    shown = [tuple(_short(value) for value in row) for row in result.rows]
    table(f"{len(shown)} rows" + (", cut at the limit" if result.truncated else ""), result.columns, shown)


def _open(value: Any) -> Any:
    if isinstance(value, Node):
        return {"label": value.label, "id": value.id, **value.properties}
    if isinstance(value, Edge):
        return {"type": value.type, "source": value.source, "target": value.target, **value.properties}
    return value


def _short(value: Any) -> Any:
    if isinstance(value, Node):
        return f"({value.label} {value.id})"
    if isinstance(value, Edge):
        return f"[{value.type}]"
    return value


def explore(
    run: RunFolder,
    port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1; 8501 or the next free one if not given.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Open the explorer on a run, on this machine's loopback address only."""
    # Imported late: starting Streamlit's code costs more than any other command takes.
    from graphattr.explorer.serve import serve

    RunPaths.finished(run)
    raise typer.Exit(serve(run, port, headless))

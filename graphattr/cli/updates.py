"""`graphattr update`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from graphattr.cli.output import emit, say, steps, table
from graphattr.pipeline.update import UpdatePlan
from graphattr.pipeline.update import update as update_run
from graphattr.pipeline.update_rings import CHANGES_FILE
from graphattr.rings.continuity import Change
from graphattr.settings import Secrets

#: Most rings in the table on the terminal; all are in changes.parquet.
_SHOWN: Final = 15
_ORDER: Final = (Change.SPLIT, Change.MERGED, Change.BORN, Change.ENDED, Change.CONTINUED)


def update(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    new_signals: Annotated[
        str, typer.Argument(help="Folder of new signal tables (any of them), or the URI of a Neo4j database.")
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(help="TOML file that says how the new tables are read; the run's own if not given."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model that the run was made with, if not the shipped one.")
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print run.json's content and the changes instead of text.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Fold new signals into a finished run. Ring ids last; splits, merges and births are listed.

    The run's settings and store are used again, and links and rings are made anew from all signals. The run is replaced
    in one step when all is done: a killed update leaves it as it was, and the same command resumes.

    A row that the run knows is a duplicate. An account sent again has its newest given cells; its earlier row goes to
    quarantine as superseded. changes.parquet says of every ring what became of it, retired.parquet which ids ended.
    """
    with steps(quiet) as step:
        document = update_run(UpdatePlan(run, new_signals, mapping, model), Secrets(), step)
    changes = pl.read_parquet(run / CHANGES_FILE)
    if json_:
        emit({**document, "changes": _listed(changes).to_dicts()})
        return
    _summary(run, document["updates"][-1], _listed(changes))


def _listed(changes: pl.DataFrame) -> pl.DataFrame:
    """The changes that a reader looks for first: with new or ended ids, then the largest of the others."""
    order = {change.value: place for place, change in enumerate(_ORDER)}
    moved = pl.col("accounts_gained").list.len() + pl.col("accounts_lost").list.len()
    return (
        changes.with_columns(
            order=pl.col("change").replace_strict(order, return_dtype=pl.Int64), moved=moved.cast(pl.Int64)
        )
        .filter((pl.col("change") != Change.CONTINUED.value) | (pl.col("moved") > 0))
        .sort("order", "moved", "ring_id", descending=[False, True, False])
        .drop("order", "moved")
    )


def _summary(run: Path, entry: dict[str, Any], changes: pl.DataFrame) -> None:
    counts = entry["changes"]
    rows = entry["tables"].values()
    total = {
        name: sum(part[name] for part in rows) for name in ("rows", "loaded", "duplicates", "quarantined")
    }
    say(
        f"Update {entry['number']}: {total['rows']:,} rows, of which {total['loaded']:,} new,"
        f" {total['duplicates']:,} known already, {total['quarantined']:,} refused"
    )
    say(
        f"Rings: {counts['continued']:,} continued, {counts['split']:,} split, {counts['merged']:,} merged,"
        f" {counts['born']:,} born, {counts['ended']:,} ended"
    )
    if changes.height:
        headers = ("ring", "change", "from", "to", "accounts gained", "lost")
        table(f"{min(_SHOWN, changes.height)} of {changes.height:,} changed rings", headers, _rows(changes))
    say(f"All changes: {run / CHANGES_FILE}")


def _rows(changes: pl.DataFrame) -> list[tuple[object, ...]]:
    return [
        (
            row["ring_id"], row["change"], _others(row["from_ids"], row["ring_id"]),
            _others(row["to_ids"], row["ring_id"]), len(row["accounts_gained"]), len(row["accounts_lost"]),
        )
        for row in changes.head(_SHOWN).to_dicts()
    ]  # fmt: skip


def _others(ids: list[str], ring: str) -> str | None:
    return ", ".join(name for name in ids if name != ring) or None

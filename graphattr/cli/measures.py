"""`evaluate`: how right a run is on a world with a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, say, table
from graphattr.evaluate import evaluate as evaluate_run
from graphattr.evaluate import write_page


def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    truth: Annotated[
        Path, typer.Option("--truth", help="truth.parquet of the world that the run was made from.")
    ],
    by: Annotated[str, typer.Option(help="Column of the truth that names the strata.")] = "kind",
    resamples: Annotated[
        int, typer.Option(min=0, help="Bootstrap resamples of controllers, for the intervals.")
    ] = 200,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with plots too; it needs no network.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Only the figures over all accounts.")] = False,
) -> None:
    """Measure a run against the truth: rings, links, names, hypotheses and innocents, by stratum with intervals."""
    report = evaluate_run(run, truth, by=by, resamples=resamples)
    if html is not None:
        write_page(report, html)
    if json_:
        emit(report.to_dict())
        return
    rows = [row for row in report.rows() if not brief or row[0] == "all"]
    table(
        f"{report.accounts:,} accounts, {report.rings:,} rings",
        ("stratum", "measure", "value", "95 % interval", "over"),
        rows,
    )
    if html is not None:
        say(f"Page with plots: {html}")

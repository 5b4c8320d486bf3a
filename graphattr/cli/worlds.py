"""`simulate`: worlds with a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, say, steps, table
from graphattr.simulate import simulate as simulate_world


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write: signals/ and truth.parquet.")],
    preset: Annotated[str, typer.Option(help="tiny, sample, none, resellers or companies.")] = "tiny",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a simulated world: signals, and apart from them the truth of who controls which account."""
    with steps(json_) as step:
        facts = simulate_world(out, preset, seed, step)
    if json_:
        emit(facts)
        return
    table("Rows by table", ("table", "rows"), list(facts["rows"].items()))
    table("Accounts by kind", ("kind", "accounts"), list(facts["kinds"].items()))
    say(
        f"Next:  graphattr run {out / 'signals'} --out RUN && graphattr evaluate RUN --truth {out / 'truth.parquet'}"
    )

"""`simulate`: worlds with a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, say, steps, table
from graphattr.errors import SettingsError
from graphattr.simulate import MECHANISMS, PRESETS
from graphattr.simulate import simulate as simulate_world
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.mechanisms import some


def simulate(
    out: Annotated[Path | None, typer.Argument(help="Folder to write: signals/ and truth.parquet.")] = None,
    preset: Annotated[str, typer.Option(help="Which world; --list names them.")] = "tiny",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    family: Annotated[str | None, typer.Option(help="Generator family: A or B.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave a mechanism out; repeatable.")] = None,
    without_some: Annotated[
        int,
        typer.Option(
            min=0, help="Leave so many mechanisms out, drawn by the seed, none that makes operators."
        ),
    ] = 0,
    list_: Annotated[bool, typer.Option("--list", help="Print the presets and mechanisms.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a simulated world: signals, and apart from them the truth of who controls which account."""
    if list_:
        _list(json_)
        return
    if out is None:
        raise SettingsError("no folder to write", "graphattr simulate OUT", "or --list to see what there is")
    with steps(json_) as step:
        facts = simulate_world(out, preset, seed, step, family, [*(without or ()), *some(without_some, seed)])
    if json_:
        emit(facts)
        return
    table("Rows by table", ("table", "rows"), list(facts["rows"].items()))
    table("Accounts by kind", ("kind", "accounts"), list(facts["kinds"].items()))
    say(
        f"Next:  graphattr run {out / 'signals'} --out RUN && graphattr evaluate RUN --truth {out / 'truth.parquet'}"
    )


def _list(json_: bool) -> None:
    if json_:
        emit(
            {
                "presets": {name: each.what for name, each in PRESETS.items()},
                "families": list(FAMILIES),
                "mechanisms": {name: each.what for name, each in MECHANISMS.items()},
            }
        )
        return
    table("Presets", ("preset", "world"), [(name, each.what) for name, each in PRESETS.items()])
    table(
        "Mechanisms", ("mechanism", "what it does"), [(name, each.what) for name, each in MECHANISMS.items()]
    )

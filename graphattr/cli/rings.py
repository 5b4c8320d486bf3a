"""`train-rings`: makes the ring classifier and the rings that calibrate the error control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, say, steps, table
from graphattr.errors import InputError
from graphattr.settings import Settings
from graphattr.training.joins import join_worlds
from graphattr.training.rings import ring_worlds
from graphattr.training.rings_train import RingTraining
from graphattr.training.rings_train import train_rings as make
from models import ModelError
from models.linkage import load_linkage, shipped_linkage


def train_rings(
    out: Annotated[Path, typer.Option("--out", help="Folder to write. The same command resumes.")],
    model: Annotated[
        Path | None, typer.Option(help="Linkage model to run the worlds with; the shipped one if not given.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the worlds to use: less than 1 for a trial.")
    ] = 1.0,
    workers: Annotated[
        int, typer.Option(min=1, help="Worlds that are run side by side, one a core; up to 5 GiB each.")
    ] = 1,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings of the runs.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Make what joins accounts into rings, the ring classifier, and the rings with known truth that error control
    leans on, from simulated worlds."""
    try:
        linkage = load_linkage(model) if model else shipped_linkage()
    except ModelError as error:
        raise InputError(str(error), hint="name a model made by graphattr, or none") from error
    worlds, joins = ring_worlds(share), join_worlds(share)
    plan = RingTraining(out, linkage, worlds, joins, Settings.read(config), workers=workers)
    with steps(quiet) as step:
        facts = make(plan, step)
    if json_:
        emit(facts)
        return
    rows = [(row["kind"].replace("_", " "), row["rings"], row["right"]) for row in facts["held_out"]["kinds"]]
    table("Rings of 10 accounts and more that it was not fitted to", ("true kind", "rings", "right"), rows)
    say(f"The card: {out / 'CARD.md'}")

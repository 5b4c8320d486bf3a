"""`train`: fits the linkage model on signals with a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, say, steps, table
from graphattr.cli.runs import Device
from graphattr.errors import InputError, SettingsError
from graphattr.settings import Settings
from graphattr.training import NetworkOptions, Training
from graphattr.training import train as train_model
from models import ModelError, field_guided_model, load_model


def train(
    signals: Annotated[list[Path], typer.Argument(help="Signal folders.")],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write. The same command resumes.")],
    truth: Annotated[
        list[Path] | None,
        typer.Option(
            "--truth",
            help="account_id and controller (Parquet or CSV), one for each signal folder in their order. Not given:"
            " truth.parquet beside the folder, else its labels.",
        ),
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="Model to start from; the field-guided parameters if not given.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the model; that of the folder if not given.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Do not also train on each world without some of its tables.")
    ] = False,
    gnn: Annotated[
        bool, typer.Option("--gnn/--no-gnn", help="Train a graph network too; that needs PyTorch.")
    ] = False,
    gnn_signals: Annotated[
        list[Path] | None,
        typer.Option(
            "--gnn-signals",
            help="Signal folder that the graph network alone is trained on too; once for each. The more worlds it sees"
            " that differ, the better it reads new ones.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the graph network is trained.")] = Device.AUTO,
    epochs: Annotated[
        int, typer.Option(min=1, help="Most epochs of the graph network; it stops early where none helps.")
    ] = NetworkOptions.epochs,
    workers: Annotated[
        int, typer.Option(min=1, help="Worlds that are looked at side by side, one a core; up to 5 GiB each.")
    ] = 1,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the model card as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Fit the linkage model on labelled signals, and measure it on worlds or controllers that it did not see."""
    if truth and len(truth) != len(signals):
        raise SettingsError(
            f"{len(truth)} --truth for {len(signals)} signal folders", "one for each, or none"
        )
    try:
        start = load_model(base) if base else field_guided_model()
    except ModelError as error:
        raise InputError(str(error), hint="name a model made by graphattr, or none") from error
    truths = tuple(truth) if truth else tuple(_beside(folder) for folder in signals)
    settings = Settings.read(config)
    network = NetworkOptions(device.value, epochs, settings.seed) if gnn else None
    more = tuple((folder, _beside(folder)) for folder in gnn_signals or ())
    plan = Training(
        tuple(signals), truths, out, start, name or out.name, settings, whole, network, workers, more
    )
    with steps(quiet) as step:
        facts = train_model(plan, step)
    if json_:
        emit(facts)
        return
    rows = [
        (stratum or "unknown", row["pairs"], *(row[key]["value"] if key in row else None for key in _SHOWN))
        for stratum, row in facts["figures"].items()
    ]
    table("On pairs it was not fitted on", ("stratum", "pairs", *_SHOWN), rows)
    say(f"Next:  graphattr run SIGNALS --model {out} --out RUN      (the card: {out / 'CARD.md'})")


_SHOWN = ("cllr", "cllr_min", "ece")


def _beside(folder: Path) -> Path | None:
    path = folder.parent / "truth.parquet"
    return path if path.is_file() else None

"""`graphattr run`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from graphattr.cli.output import emit, say, steps
from graphattr.cli.views import ring_rows
from graphattr.errors import SettingsError
from graphattr.pipeline import Plan
from graphattr.pipeline import run as run_pipeline
from graphattr.settings import Secrets, Settings


class Device(StrEnum):
    """Where the model computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def run(
    signals: Annotated[str, typer.Argument(help="Folder of signal tables, or the URI of a Neo4j database.")],
    out: Annotated[
        Path, typer.Option("--out", help="Run folder to write. The same command again resumes a killed run.")
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that says how foreign tables are read.")
    ] = None,
    store: Annotated[
        str, typer.Option(help="embedded, neo4j://, neo4j+s:// or bolt://; credentials from the environment.")
    ] = "embedded",
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder or file; the shipped model if not given.")
    ] = None,
    device: Annotated[
        Device, typer.Option(help="Where the model computes. The shipped model needs no GPU.")
    ] = Device.AUTO,
    engine: Annotated[str, typer.Option(help="Where tables are computed.")] = "local",
    seed: Annotated[int | None, typer.Option(help="Overrides the settings' seed.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print run.json's content instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Load signals, link accounts, group them into rings, and weigh what each ring is consistent with."""
    if engine != "local":
        raise SettingsError(f"the engine '{engine}'", "local", "this version computes on one machine")
    if device is Device.CUDA:
        raise SettingsError(
            "the device 'cuda'", "auto or cpu", "scoring needs no GPU: it computes on the CPU"
        )
    settings = Settings.read(config)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    plan = Plan(signals, out, mapping, store, settings, model)
    with steps(quiet) as step:
        document = run_pipeline(plan, Secrets(), step)
    if json_:
        emit(document)
        return
    _summary(out, document)


def _summary(out: Path, document: dict[str, Any]) -> None:
    links = document["links"]
    seconds = sum(stage["seconds"] for stage in document["stages"])
    peak = max(stage["peak_memory_mib"] for stage in document["stages"])
    say(
        f"{links['rings']:,} rings of {links['members']:,} accounts, out of {links['links']:,} links among"
        f" {links['candidates']:,} candidate pairs; {seconds:.1f} s, peak memory {peak:,} MiB"
    )
    for line in (*_drift(document), *_labels(links["labels"])):
        say(line)
    ring_rows(out, limit=15)
    say()
    say(document["guarantee"])
    say()
    say(f"Next:  graphattr explore {out}       the rings in a browser")
    say(f"       graphattr ring {out} RING_ID  one ring, with what speaks against it")


def _drift(document: dict[str, Any]) -> Iterator[str]:
    """How far the signals are from those that the model was fitted on, in words."""
    drift = document["links"]["drift"]
    if not document["model"]["trained"]:
        yield f"The model {document['model']['name']} was fitted to no data."
        return
    moved = [name for name, value in drift["index"].items() if value is not None and value > MOVED]
    if not drift["fitted"]:
        yield (
            "Drift: most shared values are of kinds that the model was not fitted on, so its curves were not used but"
            " field-guided parameters. Probabilities are less sure than they look."
        )
    if drift["unfamiliar"]:
        yield f"Drift: of kinds that no training saw: {', '.join(drift['unfamiliar'])}."
    if drift["strangers"] is not None and not drift["network"]:
        yield (
            f"Drift: the graph network was not used. It finds strangers alike here: the mean likelihood ratio of random"
            f" pairs is {drift['strangers']:.1f}, and would be 1 if the network could read these signals."
        )
    if drift["fitted"]:
        words = f"moved against the training: {', '.join(moved)}" if moved else "none worth a word"
        yield f"Drift: {words} (population stability index above {MOVED})."


def _labels(said: dict[str, Any]) -> Iterator[str]:
    """What the labels say of the links, in words."""
    if not said["operators"]:
        return
    yield (
        f"Labels: {said['same_linked']:,} of {said['same']:,} candidate pairs inside {said['operators']:,} labelled"
        f" operators are linked (a probability of one half or more), and {said['other_linked']:,} of"
        f" {said['other']:,} that labels tell apart."
    )
    if said["scale"] < 1:
        yield (
            f"Labels: all evidence counts {said['scale']:.2f} times as many powers of ten as the model says, which"
            f" serves operators better that this was not fitted on: {said['left_out']:.3f} bits a pair instead of"
            f" {said['cost']:.3f}."
        )


#: Population stability index from which a feature is said to have moved, by the usual reading.
MOVED: Final = 0.25

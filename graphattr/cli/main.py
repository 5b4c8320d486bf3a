"""The `graphattr` command: its commands, and how errors end."""

from __future__ import annotations

import json
import os
import sys

import typer

import graphattr
from graphattr.cli import bundles, measures, rings, runs, training, updates, views, worlds
from graphattr.cli.output import err
from graphattr.errors import GraphattrError
from graphattr.evidence.canonical import visible

app = typer.Typer(
    name="graphattr",
    help="Which accounts share a controller, which rings they form, and what the evidence can and cannot carry.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command, name, examples in (
    (runs.run, "run", "graphattr run sample_data/signals --out my-run"),
    (updates.update, "update", "graphattr update my-run new-signals"),
    (views.rings, "rings", "graphattr rings my-run --status lead"),
    (views.ring, "ring", "graphattr ring my-run ring-0a1b2c3d4e5f"),
    (views.explain, "explain", "graphattr explain my-run ACCOUNT_A ACCOUNT_B"),
    (
        views.query,
        "query",
        "graphattr query my-run 'MATCH (r:Ring) RETURN r.id, r.size ORDER BY r.size DESC LIMIT 5'",
    ),
    (bundles.bundle, "bundle", "graphattr bundle my-run ring-0a1b2c3d4e5f --out case.zip --key signer.pem"),
    (bundles.verify, "verify", "graphattr verify case.zip --key signer.pub.pem"),
    (views.explore, "explore", "graphattr explore my-run"),
    (training.train, "train", "graphattr train world-1/signals world-2/signals --out my-model"),
    (rings.train_rings, "train-rings", "graphattr train-rings --out my-rings"),
    (worlds.simulate, "simulate", "graphattr simulate world --preset tiny --seed 1"),
    (measures.evaluate, "evaluate", "graphattr evaluate my-run --truth world/truth.parquet"),
):
    app.command(name=name, epilog=f"Example: {examples}")(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"graphattr {graphattr.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Exit status: 0 it worked, 1 the answer is no, 2 bad input."""


def main() -> None:
    """Runs the command line. A GraphattrError ends in one message and its exit status, never in a traceback."""
    try:
        app()
    except GraphattrError as error:
        if "--json" in sys.argv:
            sys.stdout.write(json.dumps({"error": str(error), "kind": type(error).__name__}) + "\n")
        err.print(visible(f"graphattr: {error}"))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has seen enough: nothing is left to say, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)

"""What every notebook begins with: the run that it reads, and questions to its graph as tables."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import marimo as mo
import polars as pl

from graphattr.errors import RunError
from graphattr.explorer.queries import by_status
from graphattr.explorer.text import printable
from graphattr.records import RunPaths
from graphattr.settings import Secrets
from graphattr.store.base import View
from graphattr.store.open import open_run

#: Rows that a table shows.
MOST_ROWS = 200


def given(name: str) -> str | None:
    """What was asked for: `--NAME VALUE` on the command line, else GRAPHATTR_NAME of the environment."""
    if mo.running_in_notebook():
        asked = mo.cli_args().get(name)
    else:  # as a script, and in Jupyter, there is no line of marimo's own
        line = ArgumentParser(add_help=False, allow_abbrev=False)
        line.add_argument(f"--{name}")
        asked = vars(line.parse_known_args()[0])[name]
    return str(asked) if asked else os.environ.get(f"GRAPHATTR_{name.upper()}")


def run_folder() -> Path:
    """The run that `given` names, else demo-run (from `make demo`).

    Raises:
        RunError: it is no finished run.
    """
    return RunPaths.finished(Path(given("run") or "demo-run")).root


def view_of(run: Path) -> View:
    """The run's graph, embedded or in Neo4j (GRAPHATTR_NEO4J_USER and GRAPHATTR_NEO4J_PASSWORD), for reading only."""
    return open_run(RunPaths(run).graph, Secrets()).view()


def ask(view: View, cypher: str, limit: int = 1000, **params: Any) -> pl.DataFrame:
    """The answer to a read-only Cypher query as a table."""
    found = view.query(cypher, params, limit=limit)
    columns = {name: [_plain(row[n]) for row in found.rows] for n, name in enumerate(found.columns)}
    return pl.DataFrame(columns, strict=False)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def sheet(frame: pl.DataFrame) -> Any:
    """The frame as it is shown: foreign text as text, and no export that a spreadsheet could take for formulas.

    Marimo's own tables fetch what looks like the address of a picture, and draw Markdown: this one is plain HTML.
    """
    safe = printable(frame)
    if not mo.running_in_notebook():
        return safe
    with pl.Config(tbl_rows=MOST_ROWS, tbl_cols=-1, fmt_str_lengths=200):
        return mo.Html(safe._repr_html_())


def rings_of(run: Path) -> pl.DataFrame:
    """The run's rings, those that are attributed first, then leads, the largest first.

    Raises:
        RunError: it has none.
    """
    rings = pl.read_parquet(RunPaths(run).table("rings"))
    if rings.is_empty():
        raise RunError(f"the run {run.name} has no rings", "a run that found some")
    return by_status(rings)

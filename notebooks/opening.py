"""What every notebook begins with: the run that it reads, and questions to its graph as tables."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import marimo as mo
import polars as pl

from graphattr.explorer.text import printable
from graphattr.records import RunPaths
from graphattr.settings import Secrets
from graphattr.store.base import View
from graphattr.store.open import open_run


def given(name: str) -> str | None:
    """What was asked for: `--NAME VALUE` on the command line, else GRAPHATTR_NAME of the environment."""
    # As a script, and in Jupyter, there is none of marimo's own.
    line = mo.cli_args() if mo.running_in_notebook() else dict(pairwise(sys.argv))
    asked = line.get(name) or line.get(f"--{name}")
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
    """The frame as it is shown: foreign text as text, and no export that a spreadsheet could take for formulas."""
    safe = printable(frame)
    return mo.ui.table(safe, selection=None, show_download=False) if mo.running_in_notebook() else safe


def rings_of(run: Path) -> pl.DataFrame:
    """The run's rings, those that are attributed first, then leads, the largest first."""
    order = {"attributed": 0, "lead": 1, "not_attributable": 2}
    rings = pl.read_parquet(RunPaths(run).table("rings"))
    rank = pl.col("status").replace_strict(order, return_dtype=pl.Int64)
    return rings.sort(rank, "size", "ring_id", descending=[False, True, False])

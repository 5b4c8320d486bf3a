"""A finished run folder, opened for reading: checked once, then scanned lazily."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from graphattr.errors import RunError
from graphattr.records import TABLES, RunPaths

#: Handed from `graphattr explore` to the app: the run folder.
RUN_VARIABLE = "GRAPHATTR_RUN"


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        root: the run folder.
        stamp: changes when the run is written anew, so that nothing stale is served from a cache.
        info: run.json.
    """

    root: Path
    stamp: int
    info: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def paths(self) -> RunPaths:
        """Where the run's files lie."""
        return RunPaths(self.root)

    def scan(self, table: str) -> pl.LazyFrame:
        """A result table, lazily."""
        return pl.scan_parquet(self.paths.table(table))

    def signals(self, table: str) -> pl.LazyFrame | None:
        """A canonical signal table, lazily; None where the run has none of that name."""
        path = self.paths.signals / f"{table}.parquet"
        return pl.scan_parquet(path) if path.is_file() else None


def open_run(root: Path | str | None) -> Run:
    """The run in a folder.

    Raises:
        RunError: no folder is named, it does not exist, the run is unfinished, or a table lacks columns.
    """
    if not root:
        raise RunError(f"{RUN_VARIABLE} is not set", hint="start the explorer with: graphattr explore RUN")
    if not Path(root).is_dir():
        raise RunError(f"there is no folder {root}", "the folder of a finished run")
    paths = RunPaths.finished(Path(root))
    try:
        info = json.loads(paths.run_json.read_text(encoding="utf-8"))
        stamp = paths.run_json.stat().st_mtime_ns
    except (OSError, ValueError) as error:
        raise RunError(
            f"cannot read {paths.run_json}: {error}", "JSON, as graphattr run writes it"
        ) from error
    if not isinstance(info, dict):
        raise RunError(f"{paths.run_json} holds no object", "JSON, as graphattr run writes it")
    for name, (schema, _) in TABLES.items():
        _check(paths.table(name), schema)
    return Run(paths.root, stamp, info)


def _check(path: Path, schema: Mapping[str, Any]) -> None:
    try:
        found = pl.read_parquet_schema(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RunError(f"cannot read {path}: {error}", hint="run it again into a new folder") from error
    wrong = [name for name, dtype in schema.items() if found.get(name) != dtype]
    if wrong:
        raise RunError(
            f"{path} has no column {', '.join(wrong)} of the type expected",
            "the tables of this version of graphattr",
            "run it again into a new folder",
        )

"""Reading a finished run, the truth and the reports, with errors that name the file and the column."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from graphattr.errors import GraphattrError, InputError, RunError
from graphattr.records import TABLES, RunPaths


def _scan(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)
    return pl.read_parquet(path)


def read(path: Path, columns: tuple[str, ...], error: type[GraphattrError] = InputError) -> pl.DataFrame:
    """The named columns of a Parquet or CSV file (by its suffix).

    Raises:
        error: the file is missing or unreadable, or lacks a column.
    """
    try:
        frame = _scan(path)
    except (OSError, pl.exceptions.PolarsError) as cause:
        raise error(
            f"cannot read {path.name}", "a readable Parquet or CSV file", f"look at {path}"
        ) from cause
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise error(f"{path.name} has no column {', '.join(missing)}", f"the columns {', '.join(columns)}")
    return frame.select(columns)


def result(run: Path, table: str) -> pl.DataFrame:
    """A result table of a finished run, with exactly the columns of its schema.

    Raises:
        RunError: the run is unfinished, or the table is missing, unreadable or lacks a column.
    """
    return read(RunPaths.finished(run).table(table), tuple(TABLES[table][0]), RunError)

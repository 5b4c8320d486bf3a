"""Reading a finished run, the truth and the reports, with errors that name the file and the column."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.errors import GraphattrError, InputError, RunError
from graphattr.records import TABLES, RunPaths

#: Parts of run.json that say what made the run.
_FACTS: Final = ("guarantee", "graphattr", "seed", "model", "known_rings", "settings", "versions")


def _scan(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)
    return pl.read_parquet(path)


def read(
    path: Path,
    columns: tuple[str, ...],
    error: type[GraphattrError] = InputError,
    optional: tuple[str, ...] = (),
) -> pl.DataFrame:
    """The named columns of a Parquet or CSV file (by its suffix), and of the optional ones those that it has.

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
    return frame.select(*columns, *(name for name in optional if name in frame.columns))


def result(run: Path, table: str) -> pl.DataFrame:
    """A result table of a finished run, with exactly the columns of its schema.

    Raises:
        RunError: the run is unfinished, or the table is missing, unreadable or lacks a column.
    """
    return read(RunPaths.finished(run).table(table), tuple(TABLES[table][0]), RunError)


def known_operators(run: Path) -> list[str]:
    """Names of operators that the run was told of in its labels, sorted; none where it had no labels.

    Raises:
        RunError: the run's labels are unreadable.
    """
    path = RunPaths(run).signals / "labels.parquet"
    if not path.is_file():
        return []
    names = read(path, ("operator",), RunError)["operator"]
    return sorted(names.cast(pl.String).drop_nulls().unique().to_list())


def run_facts(run: Path) -> dict[str, Any]:
    """What run.json says of the run, as far as it says it: guarantee, settings, seed, model, versions.

    Raises:
        RunError: run.json is missing or is no JSON object.
    """
    path = RunPaths.finished(run).run_json
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise RunError("run.json is unreadable", "a JSON object", "run the signals again") from cause
    if not isinstance(facts, dict):
        raise RunError("run.json is no JSON object", "one", "run the signals again")
    return {name: facts[name] for name in _FACTS if name in facts}


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

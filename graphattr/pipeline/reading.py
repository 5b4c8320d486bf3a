"""Signals read as a run reads them, where no run folder is kept: for trainings and benchmarks."""

from __future__ import annotations

from pathlib import Path

from graphattr.errors import InputError
from graphattr.pipeline.grouping import Signals
from graphattr.settings import LoadSettings
from loaders import LoadError, load


def read_signals(source: Path, run: Path, settings: LoadSettings) -> Signals:
    """Loads a signal folder into the folder `run`.

    Raises:
        InputError: it cannot be read.
    """
    try:
        loaded = load(str(source), run, max_bad_share=settings.max_bad_share)
    except LoadError as error:
        raise InputError(error.got, error.expected, error.hint) from error
    tables = {table: run / "signals" / f"{table}.parquet" for table in loaded.tables}
    return Signals(tables, frozenset(loaded.timeless), run / "signals" / "lists.parquet")

"""Signal folders: finding the files of each table, and reading them in batches of bounded size."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from loaders.errors import LoadError
from loaders.schema import TABLES
from loaders.sources import BATCH_ROWS, Source

SUFFIXES: Final = (".parquet", ".csv", ".jsonl", ".ndjson")
MAX_LINE: Final = 16 * 2**20  # bytes in a line of CSV or JSON
SAMPLE_LINES: Final = 10_000  # JSON lines from which the columns are taken
_BLOCK: Final = 2**20


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns whatever a reader throws at a broken file into one LoadError that names the file."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise LoadError(
            f"cannot read {name}: {first}", "an intact file", "write the file again, or take it out"
        ) from error


class Folder:
    """A folder of signals. Nothing outside it is ever opened.

    Args:
        root: the folder.

    Attributes:
        inputs: SHA-256 of each file opened so far, by path relative to the folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise LoadError(f"{root} is not a folder", "a folder with accounts and at least one other table")
        self.root = root.resolve()
        self.inputs: dict[str, str] = {}

    def resolve(self, relative: str) -> Path:
        """The existing file or folder at a relative path.

        Raises:
            LoadError: it is missing, or leads out of the folder by `..`, an absolute path or a link.
        """
        path = self.root / relative
        if Path(relative).is_absolute() or ".." in Path(relative).parts:
            raise LoadError(f"the path {relative!r} leads out of the signal folder", "a path inside it")
        if not path.exists():
            raise LoadError(f"{relative} is missing", f"a file or folder of that name in {self.root.name}")
        if not path.resolve().is_relative_to(self.root):
            raise LoadError(f"{relative} is a link that leads out of the signal folder", "a file inside it")
        return path

    def parts(self, relative: str) -> list[str]:
        """The data files at a path, relative: the file itself, or those of a folder of parts in name order.

        Raises:
            LoadError: there is none, or the file's suffix is unknown.
        """
        path = self.resolve(relative)
        if path.is_dir():
            found = [
                f"{relative}/{child.name}"
                for child in sorted(path.iterdir())
                if child.suffix in SUFFIXES and not child.name.startswith((".", "_"))
            ]
            if not found:
                raise LoadError(
                    f"the folder {relative} holds no data file", f"files in {', '.join(SUFFIXES)}"
                )
            return found
        if path.suffix not in SUFFIXES:
            raise LoadError(f"{relative} has an unknown suffix", ", ".join(SUFFIXES))
        return [relative]

    def discover(self) -> tuple[dict[str, str], list[str]]:
        """Tables by file or folder name, and the names of all other entries.

        Raises:
            LoadError: a table is given twice.
        """
        found: dict[str, str] = {}
        unknown = []
        for entry in sorted(self.root.iterdir()):
            table = entry.name.removesuffix(entry.suffix)
            fits = entry.suffix in SUFFIXES or (entry.is_dir() and not entry.suffix)
            if table not in TABLES or not fits:
                unknown.append(entry.name)
            elif table in found:
                raise LoadError(
                    f"table {table} is given twice: {found[table]} and {entry.name}",
                    "one file or one folder of part files",
                    "take one out, or put both into a folder named after the table",
                )
            else:
                found[table] = entry.name
        return found, unknown

    def refuse_one_too_high(self) -> None:
        """Refuses a folder, of which one inside it holds the accounts: signals beside a truth, or a run's.

        Raises:
            LoadError: it is one.
        """
        names = [f"accounts{suffix}" for suffix in ("", *SUFFIXES)]
        for inner in sorted(path for path in self.root.iterdir() if path.is_dir()):
            if any((inner / name).exists() for name in names):
                raise LoadError(
                    f"{self.root.name} holds no table, but the folder {inner.name} in it does",
                    "the folder that holds the tables",
                    f"give {self.root.name}/{inner.name}",
                )

    def open(self, relative: str) -> Path:
        """The file at a relative path, hashed into `inputs` and checked for overlong lines.

        Raises:
            LoadError: it cannot be read, is empty, or has a line longer than MAX_LINE.
        """
        path = self.resolve(relative)
        if not path.is_file():
            raise LoadError(f"{relative} is not a regular file", "a file")
        if relative not in self.inputs:
            with reading(relative):
                self.inputs[relative] = _hash_lines(path, relative)
        return path

    def source(self, relative: str) -> Source:
        """The rows of one data file."""
        path = self.open(relative)
        if path.suffix == ".parquet":
            return _parquet(path, relative)
        return _csv(path, relative) if path.suffix == ".csv" else _json_lines(path, relative)


def _hash_lines(path: Path, name: str) -> str:
    digest, since, size = hashlib.sha256(), 0, 0
    by_line = path.suffix != ".parquet"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            first = block.find(b"\n")
            if by_line and since + (first if first >= 0 else len(block)) > MAX_LINE:
                raise LoadError(f"{name} has a line longer than {MAX_LINE // 2**20} MiB", "one record a line")
            since = since + len(block) if first < 0 else len(block) - block.rfind(b"\n") - 1
    if not size:
        raise LoadError(f"{name} is empty (0 bytes)", "a table", "was it cut off while it was written?")
    return digest.hexdigest()


@dataclass(frozen=True)
class _Scan:
    """Batches of a lazy scan; whatever the reader throws names the file."""

    name: str
    frame: Callable[[tuple[str, ...]], pl.LazyFrame]

    def __call__(self, columns: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        with reading(self.name):
            lazy = self.frame(columns).select(columns)
            batches = lazy.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True)
        while True:
            with reading(self.name):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


def _parquet(path: Path, name: str) -> Source:
    with reading(name):
        schema = pl.read_parquet_schema(path)
    for column, dtype in schema.items():
        if dtype.is_nested() and column in _ALL_COLUMNS:
            raise LoadError(f"{name}: column {column} holds {dtype}", "plain values, one a cell")
    return Source(
        name, tuple(schema), _Scan(name, lambda _: pl.scan_parquet(path, glob=False, hive_partitioning=False))
    )


def _csv(path: Path, name: str) -> Source:
    def scan(_: tuple[str, ...]) -> pl.LazyFrame:
        return pl.scan_csv(path, infer_schema=False, glob=False)

    with reading(name):
        columns = tuple(scan(()).collect_schema().names())
        header = pl.read_csv(path, has_header=False, n_rows=1, infer_schema=False, glob=False)
    _refuse_twice(name, [str(cell) for cell in header.row(0)] if header.height else [])
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        raise LoadError(f"{name} has a single column {columns[0]!r}", "cells separated by commas")
    return Source(name, columns, _Scan(name, scan))


def _json_lines(path: Path, name: str) -> Source:
    columns: dict[str, None] = {}
    with reading(name), path.open(encoding="utf-8") as file:
        for number, line in zip(range(1, SAMPLE_LINES + 1), file, strict=False):
            columns.update(dict.fromkeys(_keys(line, number, name)))

    def scan(wanted: tuple[str, ...]) -> pl.LazyFrame:
        # As text: a number where a word belongs is then a bad cell, not a broken file.
        return pl.scan_ndjson(glob.escape(str(path)), schema=dict.fromkeys(wanted, pl.String))

    return Source(name, tuple(columns), _Scan(name, scan), loose=True)


def _keys(line: str, number: int, name: str) -> list[str]:
    if not line.strip():
        return []
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{name}: line {number} is not JSON: {error}", "one JSON object a line") from error
    if not isinstance(record, dict):
        raise LoadError(f"{name}: line {number} is not a JSON object", "one JSON object a line")
    return list(record)


def _refuse_twice(name: str, columns: list[str]) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise LoadError(f"{name} has the column {twice[0]!r} twice", "each column once")


_ALL_COLUMNS: Final = {name for table in TABLES.values() for name in table.names}

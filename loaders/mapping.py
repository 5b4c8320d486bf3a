"""The mapping file (TOML) that lets foreign tables be read as they are, and names lists for enrichment."""

from __future__ import annotations

import math
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loaders.errors import LoadError
from loaders.schema import NUMBERS, SIGNAL_NAMES, TABLES

Scalar = str | bool | int | float | datetime | date


class _Strict(BaseModel):
    """Immutable, and an unknown key is an error: a misspelt one must not be silently without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableSource(_Strict):
    """One source of a contract table: a file (or folder of parts) in the signal folder, or a Cypher query."""

    file: str | None = None
    query: str | None = None
    columns: dict[str, str] = {}  # contract column = the source's column
    constants: dict[str, Scalar] = {}  # contract column = the value of every row
    scale: dict[str, float] = {}  # contract column = factor; the product is rounded to a whole number
    accounts_only: bool = False  # rows whose account is not in accounts are left out, not refused

    @property
    def texts(self) -> dict[str, str]:
        """The constants as the text that a cell would hold."""
        return {
            name: value.isoformat() if isinstance(value, date) else str(value)
            for name, value in self.constants.items()
        }


class ValueList(_Strict):
    """A list of known values of one signal, such as the addresses of exchanges."""

    file: str
    column: str
    signal: str
    kind_column: str | None = None
    kind: str = "known_hub"


class Enrich(_Strict):
    """Lists that fill in what the rows lack."""

    networks: list[str] = []  # tables with network (CIDR), kind, asn, country
    disposable_domains: list[str] = []  # text files, one mail domain a line


class Mapping(_Strict):
    """A whole mapping file. Paths are relative to the signal folder and stay inside it."""

    tables: dict[str, Annotated[list[TableSource], Field(min_length=1)]] = {}
    lists: dict[str, Annotated[list[ValueList], Field(min_length=1)]] = {}
    enrich: Enrich = Enrich()

    @property
    def files(self) -> set[str]:
        """First path component of every file that the mapping names."""
        paths = [source.file for group in self.tables.values() for source in group if source.file]
        paths += [entry.file for group in self.lists.values() for entry in group]
        paths += [*self.enrich.networks, *self.enrich.disposable_domains]
        return {Path(path).parts[0] for path in paths if Path(path).parts}


def read_mapping(path: Path | None, *, database: bool) -> Mapping:
    """The mapping file at `path`, checked; an empty mapping for None.

    Args:
        path: the TOML file.
        database: True if the signals come from a database, so that tables are queries and not files.

    Raises:
        LoadError: it cannot be read, or names a table, a column, a signal or a key that does not exist.
    """
    if path is None:
        return Mapping()
    try:
        mapping = Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LoadError(f"cannot read the mapping file {path.name}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadError(f"the mapping file {path.name} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise LoadError(
            f"mapping file {path.name}: {key}: {first['msg']}", hint="see docs/data-contract.md"
        ) from error
    for table, sources in mapping.tables.items():
        for source in sources:
            _check(path.name, table, source, database=database)
    for name, entries in mapping.lists.items():
        for entry in entries:
            if entry.signal not in SIGNAL_NAMES:
                raise LoadError(
                    f"mapping file {path.name}: list {name} is of the unknown signal {entry.signal!r}",
                    f"one of {', '.join(SIGNAL_NAMES)}",
                )
    return mapping


def _check(name: str, table: str, source: TableSource, *, database: bool) -> None:
    where = f"mapping file {name}: table {table}"
    if table not in TABLES:
        raise LoadError(f"{where} is unknown", f"one of {', '.join(TABLES)}")
    given, other = (source.query, source.file) if database else (source.file, source.query)
    if not given or other is not None:
        wanted = "a query (the signals come from a database)" if database else "a file"
        raise LoadError(f"{where} does not name {'a query' if database else 'a file'} alone", wanted)
    for column in (*source.columns, *source.constants):
        if column not in TABLES[table].names:
            raise LoadError(
                f"{where} maps to the unknown column {column!r}", f"one of {', '.join(TABLES[table].names)}"
            )
        if column in source.columns and column in source.constants:
            raise LoadError(f"{where} gives {column!r} both a column and a constant", "one of the two")
    numbers = [column.name for column in TABLES[table].columns if column.kind in NUMBERS]
    for column, factor in source.scale.items():
        if column not in numbers or not 0 < factor < math.inf:
            raise LoadError(
                f"{where} scales {column} by {factor}", "a column of numbers and a factor above 0"
            )
    if table == "accounts" and source.accounts_only:
        raise LoadError(f"{where} cannot be accounts_only", "that on another table")

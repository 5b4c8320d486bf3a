"""Which sources feed which table, and whether they have the columns that the contract asks for."""

from __future__ import annotations

from pathlib import Path

from loaders.errors import LoadError
from loaders.files import Folder
from loaders.mapping import Mapping, TableSource
from loaders.schema import TABLES, Table
from loaders.sources import Source

Tables = dict[str, list[Source]]


def file_tables(folder: Folder, mapping: Mapping, path: Path | None) -> tuple[Tables, list[str]]:
    """The sources of each table in the contract's order, and the names of files that nothing uses.

    Args:
        folder: the signals.
        mapping: what its tables are read from; others are found by their names.
        path: the mapping file, which is no unknown file where it lies in the folder.

    Raises:
        LoadError: a table is given twice, a file or column that the mapping names is missing, or a folder in
            this one holds the tables.
    """
    found, unknown = folder.discover()
    if not found and not mapping.tables:
        folder.refuse_one_too_high()
    tables: Tables = {}
    for name in TABLES:
        if name in mapping.tables:
            if found.get(name) is not None and found[name] not in mapping.files:
                raise LoadError(
                    f"table {name} is given twice: by the mapping and by {found[name]}",
                    "one of the two",
                    f'name file = "{found[name]}" in the mapping too, or take the file out',
                )
            tables[name] = [
                mapped(folder.source(part), entry)
                for entry in mapping.tables[name]
                for part in folder.parts(entry.file or "")
            ]
        elif name in found and found[name] not in mapping.files:
            tables[name] = [folder.source(part) for part in folder.parts(found[name])]
    used = {*mapping.files, path.name if path is not None and path.resolve().parent == folder.root else ""}
    return tables, [name for name in unknown if name not in used]


def mapped(source: Source, entry: TableSource) -> Source:
    """The source, read as a mapping entry says.

    Raises:
        LoadError: it lacks a column that the entry names.
    """
    for target, column in entry.columns.items():
        if column not in source.columns:
            raise LoadError(
                f"{source.name} has no column {column!r}, which the mapping gives to {target}",
                f"one of {', '.join(source.columns)}",
            )
    return Source(
        source.name,
        source.columns,
        source.batches,
        rename=entry.columns,
        constants=entry.texts,
        scale=entry.scale,
        accounts_only=entry.accounts_only,
        loose=source.loose,
    )


def check_tables(tables: Tables) -> frozenset[str]:
    """Sees that the tables and their required columns are there; returns the timeless tables.

    Raises:
        LoadError: there is no accounts table, no second table, or a column is missing.
    """
    hint = f"tables are files or folders named {', '.join(TABLES)}"
    if "accounts" not in tables:
        raise LoadError("there is no accounts table", "accounts and at least one other table", hint)
    if len(tables) < 2:
        raise LoadError("there is only the accounts table", "at least one other table", hint)
    timeless = set()
    for name, sources in tables.items():
        table = TABLES[name]
        with_time = [source for source in sources if source.has(table.time)]
        if not with_time:
            timeless.add(name)
        for source in sources:
            _check_columns(table, source, timed=bool(with_time))
    return frozenset(timeless)


def _check_columns(table: Table, source: Source, *, timed: bool) -> None:
    raw = {keyed: given for given, keyed in table.raw}
    has = f"it has {', '.join(source.columns)}"
    for column in table.columns:
        name = column.name
        if name == table.time and not timed:
            continue
        if column.required and not source.has(name) and not (name in raw and source.has(raw[name])):
            raise LoadError(
                f"{source.name} has no column {name}", f"the required column {name} of {table.name}", has
            )
    if table.one_of and not any(source.has(name) for name in table.one_of):
        names = " or ".join(table.one_of)
        raise LoadError(f"{source.name} has no column {names}", f"one of them, as {table.name} requires", has)

"""The sources of new signals, read by the mapping that the run was made with or by another one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from graphattr.settings import LoadSettings
from loaders import LoadError
from loaders.files import Folder
from loaders.mapping import Enrich, Mapping, read_mapping
from loaders.neo4j_source import SCHEMES, database_sources
from loaders.tables import Tables, file_tables


@dataclass(frozen=True)
class Reading:
    """Which new signals, and how they are read.

    Attributes:
        source: a folder, or the URI of a Neo4j database.
        number: of the update, from 1.
        mapping: a mapping file for the new signals; None: the run's own mapping.
        earlier: text of the run's mapping; None if it had none.
        settings: as the run was made with.
        key: secret for HMACs of raw identifiers.
        credentials: user and password of the database.
    """

    source: str
    number: int
    mapping: Path | None
    earlier: str | None
    settings: LoadSettings
    key: bytes | None
    credentials: tuple[str, str] | None


@dataclass(frozen=True)
class NewSources:
    """Sources of new signals.

    Attributes:
        mapping: what they are read by.
        folder: the signal folder, or the folder of the mapping's lists; None if there is neither.
        tables: the sources of each table in the contract's order.
        unknown: names of files that nothing uses.
    """

    mapping: Mapping
    folder: Folder | None
    tables: Tables
    unknown: list[str]


def open_sources(reading: Reading, work: Path, stack: ExitStack) -> NewSources:
    """Opens the new signals. Read by the run's own mapping, they need not hold every table that it names.

    Args:
        reading: which signals.
        work: folder for a copy of the run's mapping.
        stack: closes a database in the end.

    Raises:
        LoadError: there is no signal table, or the mapping names what is not there.
    """
    scheme = reading.source.partition("://")[0] if "://" in reading.source else None
    if scheme is not None and scheme not in SCHEMES:
        raise LoadError(f"unknown source {scheme}://", f"a folder, or {', '.join(SCHEMES)}")
    path = reading.mapping
    if path is None and reading.earlier is not None:
        path = work / "the run's mapping.toml"
        path.write_text(reading.earlier, encoding="utf-8")
    mapping = read_mapping(path, database=scheme is not None)
    if scheme is not None:
        if reading.mapping is None:
            mapping = _there(mapping, None)
        lists = Folder(reading.mapping.parent) if reading.mapping is not None else None
        tables = stack.enter_context(database_sources(reading.source, reading.credentials, mapping))
        return NewSources(mapping, lists, tables, [])
    folder = Folder(Path(reading.source))
    if reading.mapping is None:
        mapping = _there(mapping, folder.root)
    tables, unknown = file_tables(folder, mapping, path)
    if not tables:
        raise LoadError(
            f"{reading.source} holds no signal table", "at least one table", "see docs/data-contract.md"
        )
    return NewSources(mapping, folder, tables, unknown)


def _there(mapping: Mapping, root: Path | None) -> Mapping:
    """What of the run's mapping the new signals hold. Lists of known values stay in the run anyway."""

    def held(file: str | None) -> bool:
        return root is not None and file is not None and (root / file).exists()

    missing = [file for file in mapping.enrich.networks if not held(file)]
    if missing:
        raise LoadError(
            f"the run's mapping fills in networks from {missing[0]}, which the new signals lack",
            "the same list beside the new signals",
            "put it there, or name another mapping with --mapping",
        )
    tables = {
        name: [entry for entry in entries if entry.query is not None or held(entry.file)]
        for name, entries in mapping.tables.items()
    }
    lists = {
        name: [entry for entry in entries if held(entry.file)] for name, entries in mapping.lists.items()
    }
    domains = [file for file in mapping.enrich.disposable_domains if held(file)]
    return Mapping(
        tables={name: entries for name, entries in tables.items() if entries},
        lists={name: entries for name, entries in lists.items() if entries},
        enrich=Enrich(networks=mapping.enrich.networks, disposable_domains=domains),
    )

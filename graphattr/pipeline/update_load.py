"""New signals read as the run read its own, and folded into its canonical tables, quarantine and load report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.errors import InputError
from graphattr.pipeline.update_merge import (
    CLASH,
    SUPERSEDED,
    AccountsMerge,
    merge_accounts,
    merge_quarantine,
    merge_report,
    merge_rows,
    refused_rows,
)
from graphattr.pipeline.update_sources import NewSources, Reading, open_sources
from graphattr.records import RunPaths
from loaders import LoadError
from loaders.enrichment import private_addresses, read_lists, read_networks
from loaders.load import check_share, table_report, time_limits
from loaders.pseudonymise import Pseudonymiser
from loaders.schema import TABLES
from loaders.sources import Source
from loaders.stage import Context, Staged, settle, stage
from loaders.tables import Tables, check_tables

_ACCOUNTS: Final = TABLES["accounts"]
_LISTS: Final = "lists.parquet"
_KEY: Final = ["signal", "value", "kind"]


@dataclass(frozen=True)
class _Work:
    """Where new rows are staged, and what they are folded into."""

    before: RunPaths
    report: dict[str, Any]
    work: Path
    out: Path
    prefix: str

    def old(self, name: str) -> Path | None:
        """The run's rows of a table."""
        return self.before.signals / f"{name}.parquet" if name in self.report["tables"] else None

    def start(self, name: str) -> int:
        """Rows of a table that were read before, sound or not."""
        return int(self.report["tables"][name]["rows"]) if name in self.report["tables"] else 0


def fold(
    reading: Reading, before: RunPaths, work: Path, out: Path, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Writes signals/, quarantine/ and load_report.json of the run with the new signals into `out`.

    Args:
        reading: which new signals, and how they are read.
        before: the run.
        work: folder for what is thrown away; what a killed attempt left there and in `out` is cleared.
        out: folder to write into.
        progress: called after each table with its name, the number of tables done, and of all.

    Returns:
        tables, timeless, inputs (as a load), `new` (rows of the new signals by table, as in the report).

    Raises:
        InputError: the new signals are not as the data contract says, or do not fit the run's.
    """
    for folder in (work, out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    report = json.loads(before.load_report.read_text(encoding="utf-8"))
    place = _Work(before, report, work, out, f"update-{reading.number}/")
    try:
        with ExitStack() as stack:
            return _fold(open_sources(reading, work, stack), reading, place, progress)
    except LoadError as error:
        raise InputError(error.got, error.expected, error.hint) from error


def _fold(
    new: NewSources, reading: Reading, place: _Work, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    timeless = check_tables(_with_earlier(new.tables, place.report))
    limits = time_limits(reading.settings.as_of, reading.settings.clock_skew_seconds)
    known = pl.read_parquet(place.before.signals / "accounts.parquet", columns=["account_id", "created_at"])
    hasher = Pseudonymiser(reading.key, reading.settings.default_region)
    context = Context(hasher, read_networks(new.folder, new.mapping), limits)
    lists = read_lists(new.folder, new.mapping)
    (place.out / "signals").mkdir()
    parts = {}
    superseded = pl.DataFrame()
    for done, (name, sources) in enumerate(new.tables.items(), start=1):
        accounts = name == "accounts"
        context = replace(context, accounts=None if accounts else known)
        staged = stage(TABLES[name], sources, context, place.work, timeless=name in timeless)
        settle(
            TABLES[name], staged, place.work, _made(place.work, "signals"), _made(place.work, "quarantine")
        )
        if accounts:
            superseded = _fold_accounts(staged, place)
            known = pl.read_parquet(place.out / "signals" / "accounts.parquet", columns=known.columns)
        else:
            _fold_rows(name, staged, place)
        check_share(name, staged, reading.settings.max_bad_share)
        named = [replace(source, name=f"{place.prefix}{source.name}") for source in sources]
        parts[name] = table_report(name, named, staged, name in timeless)
        progress(name, done, len(new.tables))
    _keep_others(place, set(parts))
    if "ips" in parts:
        addresses = place.out / "signals" / "ips.parquet"
        lists = pl.concat([lists, private_addresses(addresses)])
    lists = pl.concat([pl.read_parquet(place.before.signals / _LISTS), lists]).unique().sort(_KEY)
    lists.write_parquet(place.out / "signals" / _LISTS)
    tables = _tables(place.report, parts, superseded.height)
    document = {
        **place.report,
        "as_of": limits.as_of.isoformat(),
        "tables": tables,
        "timeless": [name for name in tables if name in timeless],
        "unknown_files": sorted({*place.report["unknown_files"], *new.unknown}),
        "lists": dict(lists["kind"].value_counts().sort("kind").iter_rows()),
    }
    text = json.dumps(document, indent=2) + "\n"
    (place.out / "load_report.json").write_text(text, encoding="utf-8")
    inputs = dict(sorted(new.folder.inputs.items())) if new.folder is not None else {}
    return {"tables": list(tables), "timeless": sorted(timeless), "inputs": inputs, "new": parts}


def _with_earlier(tables: Tables, report: dict[str, Any]) -> Tables:
    """The new sources, with the run's own table before them: what one load of both would see."""
    combined: Tables = {}
    for name, table in TABLES.items():
        sources = list(tables.get(name, []))
        if name in report["tables"]:
            gone = {table.time} if report["tables"][name]["timeless"] else set()
            columns = tuple(column for column in table.schema if column not in gone)
            sources.insert(0, Source(f"the run's table {name}", columns, lambda _: iter(())))
        if sources:
            combined[name] = sources
    return combined


def _fold_accounts(staged: Staged, place: _Work) -> pl.DataFrame:
    """Folds accounts; returns the run's rows that newer ones took the place of."""
    start, name = place.start("accounts"), "accounts.parquet"
    old = place.before.signals / name
    new = place.work / "signals" / name
    merged: AccountsMerge = merge_accounts(_ACCOUNTS, old, new, place.out / "signals" / name, start)
    staged.duplicates += merged.duplicates
    if merged.clashes.height:
        staged.reasons[CLASH] += merged.clashes.height
        staged.first_refused[CLASH] = int(merged.clashes["row"].item(0)) - start
    refused = pl.concat(
        [
            refused_rows(_ACCOUNTS, merged.clashes, CLASH, f"{place.prefix}accounts"),
            refused_rows(_ACCOUNTS, merged.superseded, SUPERSEDED),
        ]
    )
    _quarantine("accounts", place, refused)
    return merged.superseded


def _fold_rows(name: str, staged: Staged, place: _Work) -> None:
    new, out = place.work / "signals" / f"{name}.parquet", place.out / "signals" / f"{name}.parquet"
    staged.duplicates += merge_rows(TABLES[name], place.old(name), new, out, place.start(name))
    _quarantine(name, place, pl.DataFrame())


def _quarantine(name: str, place: _Work, refused: pl.DataFrame) -> None:
    file = f"{name}.parquet"
    folders = (place.before.quarantine, place.work / "quarantine", place.out / "quarantine")
    old, new, out = (folder / file for folder in folders)
    merge_quarantine(TABLES[name], old, new, out, refused, place.start(name), place.prefix)


def _keep_others(place: _Work, folded: set[str]) -> None:
    """The run's tables of which there is nothing new."""
    for folder in ("signals", "quarantine"):
        for path in sorted((place.before.root / folder).glob("*.parquet")):
            if path.stem in TABLES and path.stem not in folded:
                shutil.copyfile(path, _made(place.out, folder) / path.name)


def _tables(report: dict[str, Any], parts: dict[str, Any], superseded: int) -> dict[str, Any]:
    merged = {}
    for name in TABLES:
        old = report["tables"].get(name)
        if name in parts:
            merged[name] = merge_report(old, parts[name], superseded if name == "accounts" else 0)
        elif old is not None:
            merged[name] = old
    return merged


def _made(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return folder / name

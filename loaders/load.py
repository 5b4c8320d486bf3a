"""Signals in: from a folder or a database to canonical tables, quarantine and report, or nothing at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from loaders.checks import Limits
from loaders.enrichment import private_addresses, read_lists, read_networks
from loaders.errors import LoadError
from loaders.files import Folder
from loaders.mapping import Mapping as MappingFile
from loaders.mapping import read_mapping
from loaders.neo4j_source import SCHEMES, database_sources
from loaders.pseudonymise import Pseudonymiser
from loaders.schema import TABLES
from loaders.sources import Source
from loaders.stage import Context, Staged, settle, stage
from loaders.tables import Tables, check_tables, file_tables

Progress = Callable[[str, int, int], None]
REPORT_VERSION: Final = 1
_WRITTEN: Final = ("signals", "quarantine", "load_report.json")


@dataclass(frozen=True)
class LoadResult:
    """What was loaded.

    Attributes:
        tables: path of each canonical table that was given, in the contract's order; not of `lists`.
        timeless: tables that have no time column.
        report: what load_report.json holds.
        inputs: SHA-256 of each file read, by path relative to the signal folder.
    """

    tables: dict[str, Path]
    timeless: frozenset[str]
    report: dict[str, Any]
    inputs: dict[str, str]


def load(
    source: str | Path,
    out: Path,
    *,
    mapping: Path | None = None,
    key: bytes | None = None,
    max_bad_share: float = 0.05,
    clock_skew_seconds: int = 3600,
    as_of: datetime | None = None,
    default_region: str | None = None,
    progress: Progress | None = None,
    credentials: tuple[str, str] | None = None,
) -> LoadResult:
    """Loads signals into out/signals, out/quarantine and out/load_report.json; writes nothing if it raises.

    Args:
        source: a folder, or the URI of a Neo4j database.
        out: folder to write into; the three names above must not stand in it yet.
        mapping: TOML file that says how foreign tables are read.
        key: secret for HMACs of raw e-mail addresses, phone and card numbers; at least 16 bytes.
        max_bad_share: share of refused rows above which a table stops the load.
        clock_skew_seconds: tolerated before a time is in the future, or before its account was created.
        as_of: "now" (UTC if it has no zone); None: the time of the call.
        default_region: ISO country of phone numbers without a country code.
        progress: called after each table with its name, the number of tables done, and of all.
        credentials: user and password of the database.

    Raises:
        LoadError: the signals are not as the data contract says; got, expected and hint say how.
    """
    limits = time_limits(as_of, clock_skew_seconds)
    hasher = Pseudonymiser(key, default_region)
    with ExitStack() as stack:
        described, folder, tables, unknown = _sources(source, mapping, credentials, stack)
        timeless = check_tables(tables)
        context = Context(hasher, read_networks(folder, described), limits)
        lists = read_lists(folder, described)
        work = stack.enter_context(_workplace(out))
        staged = _stage_all(tables, context, work, timeless, max_bad_share, progress)
        for name, result in staged.items():
            settle(TABLES[name], result, work, work / "signals", work / "quarantine")
        if (addresses := work / "signals" / "ips.parquet").exists():
            lists = pl.concat([lists, private_addresses(addresses)]).unique().sort("signal", "value", "kind")
        lists.write_parquet(work / "signals" / "lists.parquet")
        report = _report(tables, staged, timeless, limits, unknown, lists)
        (work / "load_report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        _publish(work, out)
    paths = {name: out / "signals" / f"{name}.parquet" for name in tables}
    inputs = dict(sorted(folder.inputs.items())) if folder is not None else {}
    return LoadResult(paths, timeless, report, inputs)


def time_limits(as_of: datetime | None, skew: int) -> Limits:
    """From when to when a row may be: to `as_of` (now, if None), by `skew` seconds more."""
    now = as_of or datetime.now(UTC)
    now = now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
    return Limits(now, timedelta(seconds=skew))


def _sources(
    source: str | Path, path: Path | None, credentials: tuple[str, str] | None, stack: ExitStack
) -> tuple[MappingFile, Folder | None, Tables, list[str]]:
    """The mapping, the folder of files and lists if there is one, the tables, and the unknown files."""
    scheme = str(source).partition("://")[0] if "://" in str(source) else None
    if scheme is not None and scheme not in SCHEMES:
        raise LoadError(f"unknown source {scheme}://", f"a folder, or {', '.join(SCHEMES)}")
    mapping = read_mapping(path, database=scheme is not None)
    if scheme is None:
        folder = Folder(Path(source))
        return mapping, folder, *file_tables(folder, mapping, path)
    lists = Folder(path.parent) if path is not None else None
    return mapping, lists, stack.enter_context(database_sources(str(source), credentials, mapping)), []


def _stage_all(
    tables: Mapping[str, Sequence[Source]],
    context: Context,
    work: Path,
    timeless: frozenset[str],
    max_bad_share: float,
    progress: Progress | None,
) -> dict[str, Staged]:
    staged = {}
    for done, (name, sources) in enumerate(tables.items(), start=1):
        staged[name] = stage(TABLES[name], sources, context, work, timeless=name in timeless)
        check_share(name, staged[name], max_bad_share)
        if name == "accounts":
            if not staged[name].loaded:
                raise LoadError("no row of accounts could be loaded", "at least one sound account")
            accounts = pl.read_parquet(work / "accounts.parquet", columns=["account_id", "created_at"])
            context = Context(context.hasher, context.networks, context.limits, accounts)
        if progress is not None:
            progress(name, done, len(tables))
    return staged


def check_share(name: str, staged: Staged, limit: float) -> None:
    """Refuses a table with too large a share of bad rows.

    Raises:
        LoadError: it names the commonest reason and a row.
    """
    considered = staged.rows_in - staged.not_selected
    if staged.quarantined > limit * considered:
        reason, count = sorted(staged.reasons.items(), key=lambda item: (-item[1], item[0]))[0]
        raise LoadError(
            f"table {name}: {staged.quarantined} of {considered} rows are bad"
            f" ({staged.quarantined / considered:.1%}), most often {reason} ({count} rows,"
            f" row {staged.first_refused[reason]} for one, counted from 0)",
            f"at most {limit:.1%}",
            "mend the table, or raise max_bad_share if such rows are to be left out",
        )


def _report(
    tables: Mapping[str, Sequence[Source]],
    staged: Mapping[str, Staged],
    timeless: frozenset[str],
    limits: Limits,
    unknown: Sequence[str],
    lists: pl.DataFrame,
) -> dict[str, Any]:
    return {
        "version": REPORT_VERSION,
        "as_of": limits.as_of.isoformat(),
        "clock_skew_seconds": int(limits.skew.total_seconds()),
        "tables": {name: table_report(name, tables[name], staged[name], name in timeless) for name in tables},
        "timeless": [name for name in tables if name in timeless],
        "unknown_files": list(unknown),
        "lists": dict(lists["kind"].value_counts().sort("kind").iter_rows()),
    }


def table_report(name: str, sources: Sequence[Source], staged: Staged, timeless: bool) -> dict[str, Any]:
    """A table's part of load_report.json."""
    accounted = staged.loaded + staged.quarantined + staged.duplicates + staged.not_selected
    if staged.rows_in != accounted or staged.loaded < 0:  # cannot be: the numbers come from disjoint masks
        raise LoadError(f"table {name}: {staged.rows_in} rows in, {accounted} accounted for", "the same")
    known = TABLES[name].names
    unknown = {
        column
        for source in sources
        for column in source.columns
        if column not in source.given(known).values()
    }
    return {
        "rows": staged.rows_in,
        "loaded": staged.loaded,
        "quarantined": staged.quarantined,
        "duplicates": staged.duplicates,
        "not_selected": staged.not_selected,
        "reasons": dict(sorted(staged.reasons.items())),
        "counts": {key: count for key, count in sorted(staged.counts.items()) if count},
        "timeless": timeless,
        "sources": [source.name for source in sources],
        "unknown_columns": sorted(unknown),
    }


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """A temporary folder inside `out`, gone in the end; `out` itself too, if it was made for nothing."""
    for name in _WRITTEN:
        if (out / name).exists():
            raise LoadError(f"{out.name} already holds {name}", "a fresh folder")
    made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".load-", dir=out) as work:
            (Path(work) / "signals").mkdir()
            yield Path(work)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LoadError(f"cannot write into {out.name}: {error}", "room and leave to write there") from error
    finally:
        if made and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _publish(work: Path, out: Path) -> None:
    for name in _WRITTEN:
        if (work / name).exists():
            (work / name).rename(out / name)

"""Canonical tables of a run and those of new signals, made one.

`row` stays the position in the whole input: the rows of new signals are numbered after all rows that were read before,
sound or not.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from loaders.quarantine import schema as quarantine_schema
from loaders.schema import Kind, Table
from loaders.sources import BATCH_ROWS

#: Reason of an account's row that a later one took the place of.
SUPERSEDED: Final = "superseded"
#: Reason of a row that gives a known account another time of creation.
CLASH: Final = "duplicate_account:created_at"
_EARLIER: Final = "earlier signals"
_SUMS: Final = ("rows", "loaded", "quarantined", "duplicates", "not_selected")
_COUNTERS: Final = ("reasons", "counts")
_TIME: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


@dataclass(frozen=True)
class AccountsMerge:
    """What became of the rows of new accounts.

    Attributes:
        duplicates: rows that say nothing new.
        clashes: canonical rows of known accounts with another time of creation: they are refused.
        superseded: canonical rows of the run that a newer one took the place of.
    """

    duplicates: int
    clashes: pl.DataFrame
    superseded: pl.DataFrame


def merge_rows(table: Table, old: Path | None, new: Path, out: Path, start: int) -> int:
    """Writes the old rows, then those of the new ones that are not among them; returns how many are.

    Args:
        table: any table but accounts.
        old: the run's rows, or None.
        new: the new rows, in the order of `row`, none twice.
        out: the Parquet file to write; the bytes of `old` where nothing is new.
        start: `row` of the first new row.
    """
    rows = pl.scan_parquet(new).with_columns(pl.col("row") + start)
    if old is None:
        _sink(rows, out)
        return 0
    columns = [name for name in table.schema if name != "row"]
    keys = ["account_id", table.time]
    near = pl.scan_parquet(old).join(rows.select(keys).unique(), on=keys, how="semi", nulls_equal=True)
    near = near.select(columns).unique()
    kept = rows.join(near, on=columns, how="anti", nulls_equal=True).sort("row").collect(engine="streaming")
    if kept.height:
        _sink(pl.concat([pl.scan_parquet(old), kept.lazy()]), out)
    else:
        shutil.copyfile(old, out)
    return int(rows.select(pl.len()).collect().item()) - kept.height


def merge_accounts(table: Table, old: Path, new: Path, out: Path, start: int) -> AccountsMerge:
    """Writes the accounts with what the new rows say: a cell that is given counts, an empty one leaves what was known.

    Args:
        table: the accounts table.
        old: the run's accounts.
        new: the new rows; no account twice.
        out: the Parquet file to write; the bytes of `old` where nothing is new.
        start: `row` of the first new row.
    """
    known, given = pl.read_parquet(old), pl.read_parquet(new).with_columns(pl.col("row") + start)
    fresh = given.join(known, on="account_id", how="anti")
    again = given.join(known, on="account_id", suffix="_old", maintain_order="left")
    clash = pl.col(table.time).ne_missing(pl.col(f"{table.time}_old"))
    cells = [name for name in table.schema if name not in ("account_id", "row", table.time)]
    said = pl.any_horizontal(
        pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in cells
    )
    changed = again.filter(~clash & said)
    merged = changed.with_columns(pl.coalesce(name, f"{name}_old").alias(name) for name in cells)
    superseded = known.join(changed, on="account_id", how="semi", maintain_order="left")
    added = pl.concat([fresh, merged.select(given.columns)]).sort("row")
    if added.height:
        kept = known.join(changed, on="account_id", how="anti", maintain_order="left")
        _sink(pl.concat([kept, added]).lazy(), out)
    else:
        shutil.copyfile(old, out)
    clashes = again.filter(clash).select(given.columns)
    return AccountsMerge(again.height - clashes.height - changed.height, clashes, superseded)


def merge_quarantine(
    table: Table, old: Path, new: Path, out: Path, refused: pl.DataFrame, start: int, prefix: str
) -> None:
    """Writes the refused rows, old and new; no file where there are none.

    Args:
        table: whose rows.
        old: the run's refused rows; the file may be missing.
        new: those of the new signals, likewise.
        out: the Parquet file to write.
        refused: more of them, as `refused_rows` gives them.
        start: `row` of the first row of the new signals.
        prefix: stands before the names of the new sources.
    """
    schema = quarantine_schema(table)
    parts = [pl.scan_parquet(old)] if old.exists() else []
    if new.exists():
        source = pl.concat_str(pl.lit(prefix), "source")
        parts.append(pl.scan_parquet(new).with_columns(pl.col("row") + start, source=source))
    if refused.height:
        parts.append(refused.lazy())
    if not parts:
        return
    out.parent.mkdir(exist_ok=True)
    if old.exists() and len(parts) == 1:
        shutil.copyfile(old, out)
    else:
        _sink(pl.concat(part.select(list(schema)) for part in parts), out)


def refused_rows(table: Table, rows: pl.DataFrame, reason: str, source: str = _EARLIER) -> pl.DataFrame:
    """Canonical rows in the form of the quarantine: cells as text, with the source and the reason."""
    schema = quarantine_schema(table)
    times = [column.name for column in table.columns if column.kind is Kind.TIME]
    texts = rows.with_columns(pl.col(times).dt.strftime(_TIME), source=pl.lit(source), reason=pl.lit(reason))
    absent = [pl.lit(None).alias(name) for name in schema if name not in texts.columns]
    return texts.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def merge_report(old: Mapping[str, Any] | None, new: Mapping[str, Any], superseded: int) -> dict[str, Any]:
    """A table's part of load_report.json over all signals so far.

    Args:
        old: the run's part, or None.
        new: that of the new signals.
        superseded: loaded rows of the run that now are refused.
    """
    if old is None:
        return dict(new)
    merged = {**new, **{name: old[name] + new[name] for name in _SUMS}}
    for name in _COUNTERS:
        merged[name] = dict(sorted((Counter(old[name]) + Counter(new[name])).items()))
    merged["sources"] = [*old["sources"], *new["sources"]]
    merged["unknown_columns"] = sorted({*old["unknown_columns"], *new["unknown_columns"]})
    if superseded:
        merged["loaded"] -= superseded
        merged["quarantined"] += superseded
        reasons = Counter(merged["reasons"]) + Counter({SUPERSEDED: superseded})
        merged["reasons"] = dict(sorted(reasons.items()))
    return merged


def _sink(rows: pl.LazyFrame, out: Path) -> None:
    rows.sink_parquet(out, row_group_size=BATCH_ROWS, maintain_order=True)

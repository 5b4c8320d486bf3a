"""One table from its sources to a staged Parquet file of sound rows, with every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loaders.checks import Limits, check_account, check_times
from loaders.duplicates import Hashes, RowHasher, SeenAccounts, repeated
from loaders.enrichment import Networks
from loaders.errors import LoadError
from loaders.pseudonymise import Pseudonymiser
from loaders.quarantine import refused
from loaders.quarantine import schema as quarantine_schema
from loaders.rows import Batch, Fault, batches
from loaders.schema import Table
from loaders.sources import BATCH_ROWS, Source


class Appender:
    """A Parquet file written frame by frame; absent if there was no row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: Any = None

    def append(self, frame: pl.DataFrame) -> None:
        """Writes the rows, if there are any."""
        if not frame.height:
            return
        rows = frame.to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, rows.schema, compression="lz4")
        self._writer.write_table(rows)

    def __enter__(self) -> Appender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass(frozen=True)
class Context:
    """What all tables are loaded with.

    Attributes:
        hasher: for raw identifiers.
        networks: known address ranges.
        limits: of times.
        accounts: account_id and created_at of the loaded accounts; None while accounts itself is loaded.
    """

    hasher: Pseudonymiser
    networks: Networks
    limits: Limits
    accounts: pl.DataFrame | None = None


@dataclass
class Staged:
    """A staged table.

    Attributes:
        rows_in: rows of its sources.
        duplicates: exact duplicates among them.
        not_selected: rows of accounts_only sources whose account is not loaded.
        reasons: refused rows by reason.
        first_refused: `row` of the first refused row of each reason.
        counts: other counters for the report.
        repeated: positions in the staged file of the exact duplicates that still stand there, ascending.
    """

    rows_in: int = 0
    duplicates: int = 0
    not_selected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_refused: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    repeated: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def quarantined(self) -> int:
        """Refused rows."""
        return self.reasons.total()

    @property
    def loaded(self) -> int:
        """Rows that remain."""
        return self.rows_in - self.quarantined - self.duplicates - self.not_selected


class _Stage:
    """Running state while a table is staged."""

    def __init__(self, table: Table, context: Context, *, timeless: bool) -> None:
        self.table, self.context, self.timeless = table, context, timeless
        self.staged = Staged()
        self.hash_rows, self.seen = RowHasher(), SeenAccounts()
        self.hashes: list[tuple[Hashes, Hashes]] = []

    def take(self, batch: Batch, source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Sound rows and refused rows of a batch; counts all of them."""
        staged, height = self.staged, batch.values.height
        batch.faults += check_times(self.table, batch, self.context.limits)
        out = pl.Series(np.zeros(height, np.bool_))
        if self.context.accounts is not None:
            faults = check_account(self.table, batch, self.context.accounts, self.context.limits)
            if source.accounts_only:
                out = next(fault.mask for fault in faults if fault.rule == "unknown_account")
                staged.not_selected += int(out.sum())
            batch.faults += faults
        reasons = batch.reasons(self.table).set(out, None)
        hashes = self.hash_rows(batch, repr(sorted(source.rename.items())))
        if self.context.accounts is None:
            sound = reasons.is_null()
            exact, other = self.seen.classify(batch.values["account_id"], hashes, sound=sound)
            batch.faults.append(Fault("duplicate_account", "", other & sound))
            reasons = batch.reasons(self.table)
            staged.duplicates += int(exact.sum())
            out = out | exact
        keep = reasons.is_null() & ~out
        if self.context.accounts is not None:
            kept = hashes.filter(keep)
            self.hashes.append((kept["h1"].to_numpy(), kept["h2"].to_numpy()))
        staged.rows_in += height
        staged.counts.update(batch.counts)
        quarantine = refused(self.table, batch, reasons, source.name)
        self._count(quarantine)
        sound_rows, filled = self.context.networks.fill(self.table, batch.values.filter(keep))
        staged.counts.update(filled)
        return sound_rows, quarantine

    def _count(self, quarantine: pl.DataFrame) -> None:
        firsts = quarantine.group_by("reason").agg(pl.len(), pl.col("row").min()).sort("reason")
        for reason, count, row in firsts.iter_rows():
            self.staged.reasons[reason] += count
            self.staged.first_refused.setdefault(reason, row)

    def finish(self) -> Staged:
        """Finds the duplicates among all sound rows."""
        if self.hashes:
            first = np.concatenate([pair[0] for pair in self.hashes])
            second = np.concatenate([pair[1] for pair in self.hashes])
            self.hashes.clear()
            self.staged.repeated = repeated(first, second)
            self.staged.duplicates += self.staged.repeated.size
        return self.staged


def stage(
    table: Table, sources: Sequence[Source], context: Context, folder: Path, *, timeless: bool
) -> Staged:
    """Reads a table's sources into folder/<table>.parquet (sound rows) and folder/<table>.refused.parquet.

    A file without rows is not written. Exact duplicates are left in the first file, but for accounts; their
    `row` is in the answer.

    Raises:
        LoadError: a source breaks off, the table has no row, or raw identifiers come without a key.
    """
    state = _Stage(table, context, timeless=timeless)
    with (
        Appender(folder / f"{table.name}.parquet") as sound,
        Appender(folder / f"{table.name}.refused.parquet") as refused_rows,
    ):
        for source in sources:
            for batch in batches(table, source, context.hasher, state.staged.rows_in, timeless=timeless):
                rows, quarantine = state.take(batch, source)
                sound.append(rows)
                refused_rows.append(quarantine)
    staged = state.finish()
    if not staged.rows_in:
        names = ", ".join(source.name for source in sources)
        raise LoadError(f"table {table.name} has no rows ({names})", "at least one")
    return staged


def settle(table: Table, staged: Staged, folder: Path, signals: Path, quarantine: Path) -> None:
    """Writes signals/<table>.parquet and quarantine/<table>.parquet of a staged table, by `row`."""
    sound, refused_rows = folder / f"{table.name}.parquet", folder / f"{table.name}.refused.parquet"
    rows = pl.scan_parquet(sound) if sound.exists() else pl.LazyFrame(schema=table.schema)
    if staged.repeated.size:
        again = pl.Series(staged.repeated, dtype=pl.UInt64).implode()
        rows = rows.with_row_index("position").filter(~pl.col("position").cast(pl.UInt64).is_in(again))
        rows = rows.drop("position")
    rows.sink_parquet(signals / f"{table.name}.parquet", row_group_size=BATCH_ROWS, maintain_order=True)
    if refused_rows.exists():
        quarantine.mkdir(exist_ok=True)
        bad = pl.scan_parquet(refused_rows).select(list(quarantine_schema(table)))
        bad.sink_parquet(quarantine / f"{table.name}.parquet", row_group_size=BATCH_ROWS, maintain_order=True)

"""What a generator family hands over: the tables of the data contract in parts, and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import polars as pl
import pyarrow.parquet as pq

#: Names of the tables, in the order they are written.
TABLES: Final = ("accounts", "payments", "ips", "devices", "usage", "events", "labels")
_ROW_GROUP: Final = 250_000


class Made(Protocol):
    """A world that is ready to be written."""

    def table(self, name: str) -> Iterator[pl.DataFrame]:
        """Rows of one of `TABLES` in parts, one part at least, each with the contract's columns and types."""
        ...

    def truth(self) -> pl.DataFrame:
        """Who controls each account and who benefits, one row an account; never an input of a run."""
        ...


def write(parts: Iterator[pl.DataFrame], path: Path) -> int:
    """Writes a table whole or not at all, and returns its rows; the same parts give the same bytes."""
    draft = path.with_name(path.name + ".part")
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for part in parts:
            table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(
                draft, table.schema, compression="zstd", compression_level=3, write_statistics=False
            )
            writer.write_table(table, row_group_size=_ROW_GROUP)
            rows += part.height
    finally:
        if writer is not None:
            writer.close()
    draft.replace(path)
    return rows

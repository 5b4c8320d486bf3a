"""What every source of rows looks like, be it a file or a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

BATCH_ROWS: Final = 262_144


@dataclass(frozen=True)
class Source:
    """Rows for one table.

    Attributes:
        name: how errors and the report call it: a relative path, or a numbered query.
        columns: its columns, as the source names them.
        batches: opens it and yields frames of at most BATCH_ROWS rows in the source's order; each holds the
            columns that are asked for.
        rename: contract column to the source's column, where the names differ.
        constants: contract column to the one value that all rows have.
        scale: contract column to the factor that its values are multiplied by, then rounded (an amount with
            cents, read as a whole number of cents).
        accounts_only: leave out rows whose account is not in `accounts`, instead of refusing them.
        loose: columns that are not listed may turn up in later rows (JSON Lines), and may be asked for.
    """

    name: str
    columns: tuple[str, ...]
    batches: Callable[[tuple[str, ...]], Iterator[pl.DataFrame]]
    rename: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    accounts_only: bool = False
    loose: bool = False

    def given(self, names: tuple[str, ...]) -> dict[str, str]:
        """Which of the contract columns `names` to read, each with the source's column; no constants."""
        found = {name: self.rename.get(name, name) for name in names if name not in self.constants}
        return {name: column for name, column in found.items() if self.loose or column in self.columns}

    def has(self, name: str) -> bool:
        """Whether the source gives the contract column `name`, by a column or a constant."""
        return name in self.constants or self.rename.get(name, name) in self.columns

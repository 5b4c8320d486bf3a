"""Exact duplicates, found by two independent 64-bit hashes of every column under secret random seeds.

Rows are equal when all their columns are, those of the contract in canonical form and those that the contract
does not know, and when their sources are mapped alike. With 128 bits two different rows of 30 million collide
with probability below 1e-23, and who does not know the seeds cannot make them; they change nothing else.
"""

from __future__ import annotations

import secrets

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loaders.rows import Batch

Hashes = NDArray[np.uint64]


class RowHasher:
    """Hashes of rows, comparable within one load."""

    def __init__(self) -> None:
        self._seeds: dict[str, tuple[int, int]] = {}

    def __call__(self, batch: Batch, reading: str) -> pl.DataFrame:
        """Two hashes of each row, as `h1` and `h2`. A missing column counts like a null cell.

        Args:
            batch: the rows.
            reading: how the source is read; a row read by either of its ends is two rows, not one twice.
        """
        columns = {f"={column.name}": column for column in batch.values.drop("row")}
        columns |= {f"?{column.name}": _plain(column) for column in batch.other}
        sums = [np.full(batch.values.height, seed, np.uint64) for seed in self._pair(f"!{reading}")]
        for name, column in columns.items():
            for total, seed in zip(sums, self._pair(name), strict=True):
                hashed = column.hash(seed).set(column.is_null(), 0)
                total += hashed.to_numpy()  # wraps around, as it may
        return pl.DataFrame({"h1": sums[0], "h2": sums[1]})

    def _pair(self, name: str) -> tuple[int, int]:
        return self._seeds.setdefault(name, (secrets.randbits(64), secrets.randbits(64)))


def repeated(first: Hashes, second: Hashes) -> NDArray[np.int64]:
    """Positions of all rows that equal an earlier one, ascending.

    Args:
        first: one hash a row.
        second: another hash a row.
    """
    ordered = np.sort(first)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if not twice.size:
        return np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(twice, first), twice.size - 1)
    suspects = np.flatnonzero(twice[place] == first)
    del place
    order = np.lexsort((second[suspects], first[suspects]))  # stable: equal rows stay in their order
    suspects = suspects[order]
    same = np.ones(suspects.size - 1, np.bool_)
    for hashes in (first, second):
        values = hashes[suspects]
        same &= values[1:] == values[:-1]
    return np.sort(suspects[1:][same])


def _plain(column: pl.Series) -> pl.Series:
    # The codes of a categorical column may differ from batch to batch; its words do not.
    return column.cast(pl.String) if isinstance(column.dtype, pl.Categorical | pl.Enum) else column


class SeenAccounts:
    """Accounts met so far, to tell an exact duplicate from a second row that says otherwise."""

    def __init__(self) -> None:
        self._seen = pl.DataFrame(schema={"account_id": pl.String, "h1": pl.UInt64, "h2": pl.UInt64})

    def classify(
        self, ids: pl.Series, hashes: pl.DataFrame, *, sound: pl.Series
    ) -> tuple[pl.Series, pl.Series]:
        """Which rows repeat an earlier account exactly, and which with other content.

        Args:
            ids: account_id of each row.
            hashes: h1 and h2 of each row.
            sound: rows that count; of an account's sound rows the first is kept.

        Returns:
            Two masks; a row that is not sound is in neither.
        """
        rows = hashes.with_columns(ids.alias("account_id")).with_row_index("place").filter(sound)
        firsts = pl.concat([self._seen, rows.drop("place")], how="diagonal").unique(
            "account_id", keep="first", maintain_order=True
        )
        known = rows.join(firsts, on="account_id", how="left", maintain_order="left")
        new = firsts.slice(self._seen.height)
        own = known.with_columns(first=pl.col("account_id").is_first_distinct()).with_columns(
            first=pl.col("first") & pl.col("account_id").is_in(new["account_id"].implode())
        )
        same = (pl.col("h1") == pl.col("h1_right")) & (pl.col("h2") == pl.col("h2_right"))
        places = [own.filter(~pl.col("first") & condition)["place"].to_numpy() for condition in (same, ~same)]
        self._seen = firsts
        exact, other = (np.zeros(len(ids), np.bool_) for _ in range(2))
        exact[places[0]], other[places[1]] = True, True
        return pl.Series(exact), pl.Series(other)

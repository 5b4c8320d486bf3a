"""The pieces of evidence behind candidate pairs: every value that both accounts hold, hubs included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphattr.links.candidates import SHARED, creation_pairs, shared_pairs, window_pairs
from graphattr.links.index import DAY_US, Index
from graphattr.settings import LinkSettings

#: A hub held by a larger share of all accounts says next to nothing of a pair and is not looked up for it.
TELLING_SHARE = 0.1
#: Pairs whose shared values are looked up at a time: few enough that what is made for them stays in the cache.
CHUNK: Final = 50_000

PIECES = {
    **SHARED,
    "own": pl.Boolean,  # one of the two owns the value (its own wallet)
    "gap": pl.Float64,  # days between the two uses; null if timeless
    "crowd": pl.Int64,  # accounts in the same window at the hub; null for values that are not taken by window
    "rivals": pl.Int64,
    "held_a": pl.UInt32,  # row of index.held
    "held_b": pl.UInt32,
}

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


def located(keys: Whole, asked: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Where each asked key stands among rising ones, shape (p,), and whether it does."""
    if not len(keys):
        return np.zeros(len(asked), dtype=np.int64), np.zeros(len(asked), dtype=np.bool_)
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return place, keys[place] == asked


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs and what they share.

    Attributes:
        a, b: account numbers, a < b, sorted, shape (n,).
        pieces: `PIECES` plus `pair`, the position in a and b; sorted by pair, value.
    """

    a: Whole
    b: Whole
    pieces: pl.DataFrame

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True)
class CandidatePairs:
    """Candidate pairs, of which what they share is looked up where it is asked for: 16 bytes a pair.

    Attributes:
        a, b: account numbers, a < b, sorted, shape (n,).
    """

    a: Whole
    b: Whole
    _shared: _Shared

    def __len__(self) -> int:
        return len(self.a)

    def part(self, kept: Whole) -> Candidates:
        """The pairs at positions `kept` (ascending), with all values that they share."""
        a, b = self.a[kept], self.b[kept]
        columns: dict[str, list[NDArray[np.generic]]] = {}
        for start in range(0, max(len(kept), 1), CHUNK):
            some = slice(start, start + CHUNK)
            for name, values in self._shared.pieces(a[some], b[some], kept[some], start).items():
                columns.setdefault(name, []).append(values)
        return Candidates(a, b, _frame(columns))


def candidate_pairs(index: Index, occasions: pl.LazyFrame, settings: LinkSettings) -> CandidatePairs:
    """Finds candidate pairs.

    Args:
        index: the run's index.
        occasions: uses of the hub values (holdings.occasions).
        settings: fans and windows.
    """
    windows = window_pairs(index, occasions, settings)
    owners = _owner_pairs(index)
    parts = (shared_pairs(index), windows, owners, creation_pairs(index, settings))
    key = np.sort(np.concatenate([_key(part, index.size) for part in parts]))
    key = key[np.diff(key, prepend=-1) > 0]
    a, b = np.divmod(key, index.size)
    return CandidatePairs(a, b, _Shared.of(index, key, windows, owners))


def candidates(index: Index, occasions: pl.LazyFrame, settings: LinkSettings) -> Candidates:
    """Finds candidate pairs and all values that they share (`candidate_pairs`)."""
    pairs = candidate_pairs(index, occasions, settings)
    return pairs.part(np.arange(len(pairs)))


def _key(pairs: pl.DataFrame, size: int) -> Whole:
    """Each pair as one number, in the order of a, then b."""
    a, b = (pairs[end].cast(pl.Int64).to_numpy() for end in "ab")
    return np.asarray(a * size + b)


def _frame(columns: dict[str, list[NDArray[np.generic]]]) -> pl.DataFrame:
    """The pieces as a frame, column by column, each let go of as it is taken. Gaps are given in us."""
    schema = {"pair": pl.UInt32, **PIECES}
    series = [pl.Series(name, np.concatenate(columns.pop(name)), schema[name]) for name in tuple(columns)]
    nothing = {"gap": (pl.col("gap") / DAY_US).fill_nan(None)}
    nothing |= {name: pl.when(pl.col(name) >= 0).then(pl.col(name)) for name in ("crowd", "rivals")}
    return pl.DataFrame(series, schema=schema).with_columns(**nothing)


@dataclass(frozen=True)
class _Shared:
    """Values that pairs share, with what is known of each.

    A value is looked up for every pair, but for hubs that say next to nothing: those count only where a window or
    their owner ties them to a pair.

    Attributes:
        row: accounts x values; 1 + the row of index.held, 0 where the account does not hold the value.
        tied: pair and value of the ties to hubs that are not looked up, rows of index.held; sorted by pair.
        met: pair * values + value of each timed meeting in a window, ascending, crowd, rivals.
        own, first, last: columns of index.held; times in us, nan where timeless.
    """

    row: csr_array
    tied: tuple[Whole, Whole, Whole, Whole]
    met: tuple[Whole, Whole, Whole]
    own: NDArray[np.bool_]
    first: Array
    last: Array

    @classmethod
    def of(cls, index: Index, key: Whole, windows: pl.DataFrame, owners: pl.DataFrame) -> Self:
        """What is needed to look at the candidate pairs of that `_key`."""
        account, value = (index.held[name].cast(pl.Int64).to_numpy() for name in ("account", "value"))
        silent = (index.values["hub"] & (index.values["holders"] > TELLING_SHARE * index.size)).to_numpy()
        rows = np.flatnonzero(~silent[value])
        shape = (index.size, index.values.height)
        row = csr_array((rows + 1, (account[rows], value[rows])), shape=shape)
        ties = pl.concat([owners.select(*SHARED), windows.select(*SHARED)]).unique(maintain_order=True)
        ties = ties.filter(pl.Series(silent[ties["value"].to_numpy()]))
        # index.held is sorted by value, account.
        held = value * index.size + account
        at = [np.searchsorted(held, _key(ties.select(a="value", b=end), index.size)) for end in "ab"]
        pair = np.searchsorted(key, _key(ties, index.size))
        order = np.argsort(pair, kind="stable")
        tied = (pair[order], ties["value"].cast(pl.Int64).to_numpy()[order], at[0][order], at[1][order])
        timed = windows.filter("timed")
        place = np.searchsorted(key, _key(timed, index.size)) * shape[1] + timed["value"].to_numpy()
        met = (place, timed["crowd"].to_numpy(), timed["rivals"].to_numpy())
        first, last = (
            index.held[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("first", "last")
        )
        return cls(row, tied, met, index.held["own"].to_numpy(), first, last)

    def pieces(self, a: Whole, b: Whole, place: Whole, start: int) -> dict[str, NDArray[np.generic]]:
        """Columns of the pieces of some pairs, sorted by pair, value; gap in us.

        Args:
            a, b: their accounts, shape (n,).
            place: their positions among all candidates, ascending, shape (n,).
            start: number that the first of them gets; the others follow.
        """
        rows_a, rows_b = self.row[a], self.row[b]
        of_a, of_b = rows_a.multiply(_ones(rows_b)), _ones(rows_a).multiply(rows_b)
        pair = np.repeat(np.arange(start, start + len(a)), np.diff(of_a.indptr))
        found = [pair, of_a.indices.astype(np.int64), of_a.data - 1, of_b.data - 1]
        tied, number = _within(self.tied[0], place, place + 1)
        if len(tied):
            more = [start + number, *(column[tied] for column in self.tied[1:])]
            found = [np.concatenate([x, y]) for x, y in zip(found, more, strict=True)]
            order = np.lexsort((found[1], found[0]))
            found = [column[order] for column in found]
        pair, value, held_a, held_b = found
        crowd, rivals = self._windows((pair - start) * self.row.shape[1] + value, place)
        # Distance of the two spans of use; spans that overlap are at distance 0.
        apart = np.fmax(self.first[held_b] - self.last[held_a], self.first[held_a] - self.last[held_b])
        gap = np.where(crowd >= 0, 0.0, np.maximum(apart, 0.0))
        gap[np.isnan(self.first[held_a] + self.first[held_b])] = np.nan
        numbers = {"pair": pair, "a": a[pair - start], "b": b[pair - start], "value": value}
        held = {"held_a": held_a, "held_b": held_b}
        return {
            **{name: column.astype(np.uint32) for name, column in numbers.items()},
            "own": self.own[held_a] | self.own[held_b],
            "gap": gap,
            "crowd": crowd,
            "rivals": rivals,
            **{name: column.astype(np.uint32) for name, column in held.items()},
        }

    def _windows(self, piece: Whole, place: Whole) -> tuple[Whole, Whole]:
        """Crowd and rivals of pieces with these numbers, ascending, of the pairs at `place`; -1 where no window is."""
        crowd, rivals = np.full(len(piece), -1), np.full(len(piece), -1)
        values = self.row.shape[1]
        some, number = _within(self.met[0], place * values, (place + 1) * values)
        at = np.searchsorted(piece, self.met[0][some] + (number - place[number]) * values)
        crowd[at], rivals[at] = self.met[1][some], self.met[2][some]
        return crowd, rivals


def _within(numbers: Whole, low: Whole, high: Whole) -> tuple[Whole, Whole]:
    """Positions of the (ascending) numbers in [low, high) for each of these ranges, and the range of each."""
    first, last = np.searchsorted(numbers, low), np.searchsorted(numbers, high)
    size = last - first
    which = np.repeat(np.arange(len(low)), size)
    return np.arange(len(which)) - np.repeat(np.cumsum(size) - size - first, size), which


def _ones(matrix: csr_array) -> csr_array:
    """Ones where the matrix holds something."""
    return csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)


def _owner_pairs(index: Index) -> pl.DataFrame:
    """The owner of a hub wallet with each account that used it: linear in the uses, so hubs may stay in."""
    hubs = index.held.join(index.values.filter("hub"), on="value", how="semi")
    owners = hubs.filter("own").select("value", owner="account")
    return (
        (
            hubs.filter(~pl.col("own"))
            .join(owners, on="value")
            .select(
                a=pl.min_horizontal("account", "owner"),
                b=pl.max_horizontal("account", "owner"),
                value="value",
            )
        )
        if owners.height
        else pl.DataFrame(schema=SHARED)
    )


def part_of(found: Candidates, kept: NDArray[np.int64]) -> Candidates:
    """The candidates at positions `kept` (ascending), with their pieces."""
    place = np.full(len(found), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    pieces = found.pieces.with_columns(pair=pl.Series(place[found.pieces["pair"].to_numpy()]))
    pieces = pieces.filter(pl.col("pair") >= 0).with_columns(pl.col("pair").cast(found.pieces.schema["pair"]))
    return Candidates(found.a[kept], found.b[kept], pieces)


def pairs_by_signal(index: Index, found: Candidates) -> dict[str, NDArray[np.int64]]:
    """By signal, the positions of the pairs that share a value of it; a pair as often as it shares one."""
    names = index.values["signal"].unique().sort().to_list()
    number = index.values["signal"].replace_strict(names, range(len(names)), return_dtype=pl.Int8).to_numpy()
    signal = number[found.pieces["value"].to_numpy()]
    pair = found.pieces["pair"].to_numpy()
    return {name: pair[signal == place].astype(np.int64) for place, name in enumerate(names)}

"""The pieces of evidence behind candidate pairs: every value that both accounts hold, hubs included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.candidates import PAIR, SHARED, creation_pairs, shared_pairs, window_pairs
from graphattr.links.index import DAY_US, Index
from graphattr.settings import LinkSettings

#: A hub held by a larger share of all accounts says next to nothing of a pair and is not looked up for it.
TELLING_SHARE = 0.1

PIECES = {
    **SHARED,
    "own": pl.Boolean,  # one of the two owns the value (its own wallet)
    "gap": pl.Float64,  # days between the two uses; null if timeless
    "crowd": pl.Int64,  # accounts in the same window at the hub; null for values that are not taken by window
    "rivals": pl.Int64,
    "held_a": pl.UInt32,  # row of index.held
    "held_b": pl.UInt32,
}


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs and what they share.

    Attributes:
        a, b: account numbers, a < b, sorted, shape (n,).
        pieces: `PIECES` plus `pair`, the position in a and b; sorted by pair, value.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    pieces: pl.DataFrame

    def __len__(self) -> int:
        return len(self.a)


def candidates(index: Index, occasions: pl.LazyFrame, settings: LinkSettings) -> Candidates:
    """Finds candidate pairs and all values that they share.

    Args:
        index: the run's index.
        occasions: uses of the hub values (holdings.occasions).
        settings: fans and windows.
    """
    shared = shared_pairs(index)
    windows = window_pairs(index, occasions, settings)
    owners = _owner_pairs(index)
    created = creation_pairs(index, settings)
    pairs = (
        pl.concat([part.select("a", "b") for part in (shared, windows, owners, created)])
        .unique()
        .sort("a", "b")
    )
    hubs = _hub_pieces(index, pairs)
    timed = windows.filter("timed").select("a", "b", "value", "crowd", "rivals")
    values = pl.concat([shared, owners, hubs, windows.select(*SHARED)]).unique()
    # Joined step by step: the lazy optimiser would join the two sides first, on the value alone, which explodes.
    pieces = values.join(timed, on=["a", "b", "value"], how="left")
    pieces = pieces.join(_side(index, "a"), on=["a", "value"]).join(_side(index, "b"), on=["b", "value"])
    pieces = (
        pieces.join(pairs.with_row_index("pair"), on=["a", "b"])
        .with_columns(
            own=pl.col("own_a") | pl.col("own_b"),
            # Distance of the two spans of use; spans that overlap are at distance 0.
            gap=pl.max_horizontal(
                pl.col("first_b") - pl.col("last_a"), pl.col("first_a") - pl.col("last_b"), pl.lit(0)
            )
            / DAY_US,
            timeless=pl.col("first_a").is_null() | pl.col("first_b").is_null(),
        )
        .with_columns(
            gap=pl.when("timeless").then(None).when(pl.col("crowd").is_not_null()).then(0.0).otherwise("gap")
        )
        .select("pair", *PIECES)
        .sort("pair", "value")
    )
    return Candidates(pairs["a"].cast(pl.Int64).to_numpy(), pairs["b"].cast(pl.Int64).to_numpy(), pieces)


def _side(index: Index, side: str) -> pl.DataFrame:
    held = index.held.select("account", "value", "own", "first", "last").with_row_index("held")
    return held.rename(
        {"account": side, **{name: f"{name}_{side}" for name in ("own", "first", "last", "held")}}
    )


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


def _hub_pieces(index: Index, pairs: pl.DataFrame) -> pl.DataFrame:
    """Hub values that both accounts of a pair hold: they may raise a link that other evidence made."""
    telling = index.values.filter(pl.col("hub") & (pl.col("holders") <= TELLING_SHARE * index.size))
    held = index.held.join(telling, on="value", how="semi").select("account", "value").lazy()
    return (
        pairs.select(*PAIR)
        .lazy()
        .join(held.rename({"account": "a"}), on="a")
        .join(held.rename({"account": "b"}), on=["b", "value"], how="semi")
        .select(*SHARED)
        .collect(engine="streaming")
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
    names = index.values["signal"].to_numpy()
    signal = names[found.pieces["value"].to_numpy()]
    pair = found.pieces["pair"].cast(pl.Int64).to_numpy()
    return {name: pair[signal == name] for name in sorted(set(names.tolist()))}

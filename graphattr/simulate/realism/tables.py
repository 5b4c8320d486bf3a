"""Signal tables to look at: a whole small world, or a sample of a large one that is never loaded whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from graphattr.simulate.draws import stream
from graphattr.simulate.made import TABLES, Made

#: A table in memory, or one that is read when needed.
Frame = pl.DataFrame | pl.LazyFrame
Signals = Mapping[str, Frame]
Tables = dict[str, pl.DataFrame]
Rows = npt.NDArray[np.int64]


def scan(world: Path) -> tuple[dict[str, pl.LazyFrame], pl.DataFrame]:
    """The signal tables of a world on disk, not yet read, and its truth.

    Raises:
        FileNotFoundError: the folder lacks one of the tables or the truth.
    """
    files = {name: world / "signals" / f"{name}.parquet" for name in TABLES}
    missing = [str(file) for file in [*files.values(), world / "truth.parquet"] if not file.is_file()]
    if missing:
        raise FileNotFoundError(f"{world} is not a world: no {missing[0]}")
    return {name: pl.scan_parquet(file) for name, file in files.items()}, pl.read_parquet(
        world / "truth.parquet"
    )


def made(world: Made) -> tuple[Tables, pl.DataFrame]:
    """The same of a world just made, without a disk."""
    return {name: pl.concat(list(world.table(name))) for name in TABLES}, world.truth()


def of_accounts(signals: Signals, accounts: pl.Series) -> Tables:
    """The rows of some accounts, by table."""
    wanted = pl.DataFrame({"account_id": accounts}).lazy()
    return {
        name: frame.lazy()
        .join(wanted, on="account_id", how="semi", maintain_order="left")
        .collect(engine="streaming")
        for name, frame in signals.items()
    }


def uniform(n: int, most: int, name: str) -> Rows:
    """`most` of `n` rows, each as likely as any other, in order; all of them where there are no more."""
    if n <= most:
        return np.arange(n, dtype=np.int64)
    return np.sort(stream(0, name).choice(n, most, replace=False)).astype(np.int64)

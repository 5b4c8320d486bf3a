"""A world's signals cut in two by time: what was known first, and what came later."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def cut(signals: Path, folder: Path, share: float) -> tuple[Path, Path]:
    """Folders with the rows of the accounts created first, up to when they were, and with all other rows.

    Args:
        signals: the whole.
        folder: where to write first/ and later/.
        share: of the time between the first and the last use at which to cut.
    """
    usage = pl.read_parquet(signals / "usage.parquet")["observed_at"]
    start, end = usage.min(), usage.max()
    moment = start + (end - start) * share  # type: ignore[operator]
    accounts = pl.read_parquet(signals / "accounts.parquet")
    early = accounts.filter(pl.col("created_at") <= moment)["account_id"].implode()
    parts = folder / "first", folder / "later"
    for part in parts:
        part.mkdir(parents=True)
    for path in sorted(signals.glob("*.parquet")):
        rows = pl.read_parquet(path)
        time = "created_at" if path.stem == "accounts" else "observed_at"
        first = (pl.col(time) <= moment).fill_null(value=False) & pl.col("account_id").is_in(early)
        for part, chosen in zip(parts, (rows.filter(first), rows.filter(~first)), strict=True):
            if chosen.height:
                chosen.write_parquet(part / path.name)
    return parts

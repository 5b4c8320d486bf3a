"""What gradient boosting sees of a pair: everything that the product publishes of it, without the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Classes of a shared value that get a count of their own.
KINDS = (
    *("residential", "mobile", "business", "education", "vpn", "proxy", "hosting"),
    *("credit", "debit", "prepaid", "virtual"),
)


def features(
    links: pl.DataFrame,
    evidence: pl.DataFrame,
    a: Whole,
    b: Whole,
    held: pl.DataFrame,
    created: Floats,
    volume: Floats,
) -> pl.DataFrame:
    """One row a candidate pair; NaN where a pair has nothing of the kind.

    The product's contribution of each evidence group; by signal or likeness (creation, volume ...) the best piece's
    log10 ratio, how many pieces, the fewest holders and resolved entities of a value, and the shortest time between
    the two uses; how many shared values of each class; how far apart creation and volume are; and at either end how
    many candidates and shared values the account has.

    Args:
        links, evidence: the tables of a run that cut nothing; links sorted by account_a, account_b.
        a, b: account numbers of the pairs, in the order of `links`.
        held, created, volume: as `Material` has them.
    """
    key = ["account_a", "account_b"]
    pairs = links.select(*key).with_row_index("pair")
    pieces = evidence.join(pairs, on=key)
    frame = pairs.select("pair").hstack(links.select(pl.col("^log10_lr_.*$")))
    for signal in sorted(pieces["signal"].unique()):
        of = pieces.filter(pl.col("signal") == signal)
        name = signal.replace(":", "_")  # LightGBM takes no colon in the name of a feature
        folded = of.group_by("pair").agg(
            pl.col("log10_lr").max().alias(f"{name}_best"),
            pl.len().alias(f"{name}_count"),
            pl.col("holders").min().alias(f"{name}_holders"),
            pl.col("entities").min().alias(f"{name}_entities"),
            pl.col("gap_seconds").min().alias(f"{name}_gap"),
        )
        frame = frame.join(folded, on="pair", how="left", maintain_order="left")
    kinds = pieces.group_by("pair").agg(
        *((pl.col("kind") == kind).sum().alias(f"kind_{kind}") for kind in KINDS)
    )
    frame = frame.join(kinds, on="pair", how="left", maintain_order="left").drop("pair")
    ends = pl.DataFrame(_ends(a, b, held, created, volume))
    return frame.hstack(ends).cast(pl.Float32).fill_null(float("nan"))


def _ends(a: Whole, b: Whole, held: pl.DataFrame, created: Floats, volume: Floats) -> dict[str, Floats]:
    degree = np.bincount(np.concatenate([a, b]), minlength=len(created)).astype(float)
    values = np.bincount(held["account"].to_numpy(), minlength=len(created)).astype(float)
    return {
        "created_apart": np.log10(1 + np.abs(created[a] - created[b])),
        "volume_apart": np.abs(volume[a] - volume[b]),
        "degree_low": np.minimum(degree[a], degree[b]),
        "degree_high": np.maximum(degree[a], degree[b]),
        "values_low": np.minimum(values[a], values[b]),
        "values_high": np.maximum(values[a], values[b]),
    }


def volumes(signals: Path, accounts: pl.Series) -> Floats:
    """log10(1 + all tokens) of each account, or all requests where no tokens were given; NaN without usage."""
    table = signals / "usage.parquet"
    if not table.is_file():
        return np.full(len(accounts), np.nan)
    tokens = pl.sum_horizontal(pl.col("input_tokens"), pl.col("output_tokens"), ignore_nulls=True)
    totals = (
        pl.scan_parquet(table)
        .group_by("account_id")
        .agg(tokens=tokens.cast(pl.Int64).sum(), requests=pl.col("requests").cast(pl.Int64).sum())
        .collect()
    )
    amount = "tokens" if totals["tokens"].sum() > 0 else "requests"
    frame = accounts.alias("account_id").to_frame()
    joined = frame.join(totals, on="account_id", how="left", maintain_order="left")
    amounts = joined[amount].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.asarray(np.log10(1 + amounts))

"""The user's own closed cases: rings of a run that labels tell the truth of (method.md, 6)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

#: Share of a ring's members that bear labels, from which on it is a closed case. Fewer would be those that somebody
#: happened to find, and would say that the ring went better than it did.
CLOSED: Final = 0.8
#: Sources whose labels close a case (Admiralty: fairly reliable and better).
RELIABLE: Final = ("A", "B", "C")


def closed_cases(members: pl.DataFrame, labels: Path | None) -> pl.DataFrame:
    """Rings whose truth is known from labels.

    An account counts as wrong where it is verified independent, of another operator than most of the ring's labelled
    members, or labelled in two ways; a member without a label counts as wrong too.

    Args:
        members: ring_id, account_id ...
        labels: labels.parquet, or None.

    Returns:
        ring_id, wrong (share of its members).
    """
    if labels is None:
        return pl.DataFrame(schema={"ring_id": pl.String, "wrong": pl.Float64})
    said = (
        pl.read_parquet(labels, columns=["account_id", "operator", "reliability"])
        .filter(pl.col("reliability").is_in(RELIABLE))
        .group_by("account_id")
        .agg(
            operator=pl.col("operator").drop_nulls().unique().sort().first(),
            ways=pl.col("operator").fill_null("").n_unique(),
        )
        .with_columns(operator=pl.when(pl.col("ways") == 1).then("operator"))
    )
    told = members.select("ring_id", "account_id").join(said, on="account_id", how="left")
    right = (
        told.drop_nulls("operator")
        .group_by("ring_id", "operator")
        .len()
        .group_by("ring_id")
        .agg(right=pl.col("len").max())
    )
    size = told.group_by("ring_id").agg(size=pl.len(), labelled=pl.col("ways").count())
    return (
        size.join(right, on="ring_id", how="left")
        .filter(pl.col("labelled") >= CLOSED * pl.col("size"))
        .select("ring_id", wrong=1 - pl.col("right").fill_null(0) / pl.col("size"))
        .sort("ring_id")
    )

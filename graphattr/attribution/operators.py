"""Known operators, verified one by one from labels. Unknown is the default (open set)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

Array = NDArray[np.float64]

#: Probability that a label is right, by the reliability of its source (Admiralty; F: cannot be judged).
RELIABILITY = {"A": 0.95, "B": 0.85, "C": 0.7, "D": 0.5, "E": 0.2, "F": 0.5}
#: A ring is named only with at least this probability, and by at least this many labelled members that agree.
NAMED_PROBABILITY = 0.8
NAMED_LABELS = 2
#: A ring with so few of an operator's labels for its size, as so small a share of the run's named rings have, is
#: taken for another's that a few of the operator's accounts strayed into.
STRAYED = 0.05
#: Before any named ring is seen, labels are assumed to be as frequent as so many on so many accounts.
ASSUMED = (2.0, 10.0)


def name_operators(members: pl.DataFrame, labels: Path | None) -> pl.DataFrame:
    """The operator that a ring's labelled members name, if they agree and are enough.

    A name is verified against impostors: unknown is the default, and a ring that bears fewer labels of the name than
    rings of its size do elsewhere in the run stays unknown.

    The probability is that of at least one right label among those that name the operator, each weighted by its
    member's own membership, times the weighted share of the ring's labels that agree.

    Args:
        members: ring_id, account_id, probability.
        labels: labels.parquet, or None.

    Returns:
        ring_id, operator, operator_probability; only rings with a name.
    """
    schema = {"ring_id": pl.String, "operator": pl.String, "operator_probability": pl.Float64}
    if labels is None:
        return pl.DataFrame(schema=schema)
    trust = pl.col("reliability").replace_strict(
        RELIABILITY, default=RELIABILITY["F"], return_dtype=pl.Float64
    )
    rows = (
        pl.read_parquet(labels, columns=["account_id", "operator", "reliability"])
        .join(members, on="account_id")
        .with_columns(weight=trust * pl.col("probability"))
        .sort("ring_id", "account_id", "operator", "weight")
        # One vote an account and operator: the best source's.
        .unique(["ring_id", "account_id", "operator"], keep="last", maintain_order=True)
    )
    votes = (
        rows.drop_nulls("operator")
        .group_by("ring_id", "operator", maintain_order=True)
        .agg(votes=pl.len(), weight=pl.col("weight").sum(), wrong=(1 - pl.col("weight")).product())
    )
    total = rows.group_by("ring_id", maintain_order=True).agg(total=pl.col("weight").sum())
    sizes = members.group_by("ring_id").agg(size=pl.len())
    named = (
        votes.join(total, on="ring_id")
        .join(sizes, on="ring_id")
        .with_columns(
            operator_probability=((1 - pl.col("wrong")) * pl.col("weight") / pl.col("total")).round(6)
        )
        .filter((pl.col("votes") >= NAMED_LABELS) & (pl.col("operator_probability") >= NAMED_PROBABILITY))
        .sort("ring_id", "operator_probability", "operator", descending=[False, True, False])
        .unique("ring_id", keep="first", maintain_order=True)
    )
    usual = _usual(named["votes"].to_numpy(), named["size"].to_numpy())
    named = named.filter(pl.Series(_chance(named["votes"], named["size"], usual) >= STRAYED))
    return named.select(*schema)


def _usual(votes: NDArray[np.int64], size: NDArray[np.int64]) -> Array:
    """Share of labels in the other named rings of the run, with what is assumed before any is seen."""
    labels, accounts = ASSUMED
    return np.asarray((votes.sum() - votes + labels) / (size.sum() - size + accounts), dtype=np.float64)


def _chance(votes: pl.Series, size: pl.Series, usual: Array) -> Array:
    """Chance of no more labels than these among so many accounts, of which usually such a share bears one."""
    return np.asarray(binom.cdf(votes.to_numpy(), size.to_numpy(), usual))

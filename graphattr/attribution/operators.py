"""Known operators, verified one by one from labels. Unknown is the default (open set)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

from graphattr.attribution.answers import RELIABILITY
from graphattr.attribution.rows import inside_rings
from graphattr.attribution.seams import LEAST_PART, Parts, joins
from models.joining import Judge

Array = NDArray[np.float64]

#: A ring is named only with at least this probability, and by at least this many labelled members that agree.
NAMED_PROBABILITY = 0.8
NAMED_LABELS = 2
#: A ring with so few of an operator's labels for its size, as so small a share of the run's named rings have, is
#: taken for another's that a few of the operator's accounts strayed into.
STRAYED = 0.05
#: Before any named ring is seen, labels are assumed to be as frequent as so many on so many accounts.
ASSUMED = (2.0, 10.0)
#: Least log10 odds that a part without a label is the named operator's too (`silent`).
LEAST_SILENT = 0.0
NAMES = {"ring_id": pl.String, "operator": pl.String, "operator_probability": pl.Float64}


def name_operators(
    members: pl.DataFrame, labels: Path | None, links: pl.DataFrame, judge: Judge
) -> pl.DataFrame:
    """The operator that a ring's labelled members name, if they agree, are enough, and speak for all of the ring.

    A name is verified against impostors: unknown is the default. A ring that bears fewer labels of the name than
    rings of its size do elsewhere in the run stays unknown, and so does one of which a part bears no label where that
    part is more likely another's than passed over by chance.

    The probability is that of at least one right label among those that name the operator, each weighted by its
    member's own membership, times the weighted share of the ring's labels that agree.

    Args:
        members: ring_id, account_id, probability.
        labels: labels.parquet, or None.
        links: links.parquet.
        judge: what joins sets of accounts.

    Returns:
        ring_id, operator, operator_probability; only rings with a name.
    """
    if labels is None:
        return pl.DataFrame(schema=NAMES)
    votes = _votes(members, labels)
    named = _candidates(members, votes)
    if not named.height:
        return named
    told = named.select("ring_id", "operator").join(votes, on=["ring_id", "operator"]).select("account_id")
    odds = silent(members.join(named, on="ring_id", how="semi"), told, links, judge)
    unsure = odds.filter(pl.col("odds") < LEAST_SILENT)
    return named.join(unsure, on="ring_id", how="anti").select(*NAMES)


def silent(members: pl.DataFrame, told: pl.DataFrame, links: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """How sure it is that parts of rings without a label are those of whom the other parts' labels name.

    Each ring is joined from its parts (`seams.joins`). Where one of two that are joined bears labels and the other
    none, the odds of their join are multiplied by the chance that labels passed all of the other's accounts over.

    Args:
        members: ring_id, account_id.
        told: account_id of those that bear a label of their ring's name.
        links: links.parquet.
        judge: what joins sets of accounts.

    Returns:
        ring_id, odds (log10, the least of the ring); rings all of whose parts bear labels have no row.
    """
    parts = Parts.of(members)
    bears = parts.rings["account_id"].is_in(told["account_id"].implode()).to_numpy()
    least = np.full(len(parts.names), np.inf)
    for join in joins(parts, inside_rings(members, links), judge):
        size, labels = np.bincount(join.label), np.bincount(join.label, bears)
        here = parts.ring_of(join.label)[join.first]
        for without, other in ((join.first, join.second), (join.second, join.first)):
            usual = (labels[other] + ASSUMED[0]) / (size[other] + ASSUMED[1])
            odds = join.odds + size[without] * np.log10(1 - usual)
            rows = (labels[without] == 0) & (labels[other] > 0) & (size[without] >= LEAST_PART)
            np.minimum.at(least, here[rows], odds[rows])
    found = pl.DataFrame({"ring_id": parts.names, "odds": least})
    return found.filter(pl.col("odds") < np.inf)


def _votes(members: pl.DataFrame, labels: Path) -> pl.DataFrame:
    """Labels of members, one an account and operator: the best source's. ring_id, account_id, operator, weight."""
    trust = pl.col("reliability").replace_strict(
        RELIABILITY, default=RELIABILITY["F"], return_dtype=pl.Float64
    )
    return (
        pl.read_parquet(labels, columns=["account_id", "operator", "reliability"])
        .join(members, on="account_id")
        .with_columns(weight=trust * pl.col("probability"))
        .sort("ring_id", "account_id", "operator", "weight")
        .unique(["ring_id", "account_id", "operator"], keep="last", maintain_order=True)
    )


def _candidates(members: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The names that rings' labels agree on: ring_id, operator, operator_probability."""
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
    return named.select(*NAMES)


def _usual(votes: NDArray[np.int64], size: NDArray[np.int64]) -> Array:
    """Share of labels in the other named rings of the run, with what is assumed before any is seen."""
    labels, accounts = ASSUMED
    return np.asarray((votes.sum() - votes + labels) / (size.sum() - size + accounts), dtype=np.float64)


def _chance(votes: pl.Series, size: pl.Series, usual: Array) -> Array:
    """Chance of no more labels than these among so many accounts, of which usually such a share bears one."""
    return np.asarray(binom.cdf(votes.to_numpy(), size.to_numpy(), usual))

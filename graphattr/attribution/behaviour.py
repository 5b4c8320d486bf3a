"""Ring statistics from `usage`: what the accounts do, alike or not, and whether by turns (method.md, 5)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.attribution.rows import row

#: Width of the windows in which members' loads are compared, in hours, and how many there must be.
WINDOW_HOURS: Final = 6
MIN_WINDOWS: Final = 8
_ACCOUNT: Final = ("ring_id", "account_id")


def behaviour(usage: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """All statistics of usage.

    Args:
        usage: the canonical table.
        keys: ring_id, account_id.
    """
    rows = (
        pl.scan_parquet(usage)
        .select("account_id", "template_id", "requests", "observed_at")
        .join(keys, on="account_id")
        .collect(engine="streaming")
    )
    timed = rows.drop_nulls("observed_at")
    return [*_work(templates(usage, rows)), _hours(timed), _loads(timed)]


def clusters(pairs: pl.DataFrame) -> pl.DataFrame:
    """How many sets of members a ring falls into, where two members that have a value in common are in one.

    Args:
        pairs: ring_id, account_id, value; a null value ties nobody.

    Returns:
        ring_id, clusters, n (members with a row).
    """
    pairs = pairs.select(*_ACCOUNT, "value").unique().sort(*_ACCOUNT, "value")
    account, value = (
        pairs.select(pl.struct("ring_id", name).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
        for name in ("account_id", "value")
    )
    held = pairs["value"].is_not_null().to_numpy()
    first = int(account.max(initial=-1)) + 1
    size = first + int(value.max(initial=-1)) + 1
    ones = np.ones(int(held.sum()), dtype=np.int8)
    graph = coo_array((ones, (account[held], first + value[held])), shape=(size, size))
    piece = connected_components(graph, directed=False)[1][account] if size else account
    return (
        pairs.select(*_ACCOUNT)
        .with_columns(piece=pl.Series(piece, dtype=pl.Int64))
        .group_by("ring_id")
        .agg(clusters=pl.col("piece").n_unique(), n=pl.col("account_id").n_unique())
    )


def templates(usage: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """Templates of each member, and whether they are the ring's own.

    Args:
        usage: the canonical table, for who else uses a template.
        rows: ring_id, account_id, template_id, requests.

    Returns:
        ring_id, account_id, template_id, requests, users (members that use it), value (the template, null where
        it is common: more outsiders than members use it).
    """
    everybody = (
        pl.scan_parquet(usage)
        .drop_nulls("template_id")
        .group_by("template_id")
        .agg(holders=pl.col("account_id").n_unique())
        .collect(engine="streaming")
    )
    common = pl.col("holders") > 2 * pl.col("users")
    return (
        rows.drop_nulls("template_id")
        .group_by(*_ACCOUNT, "template_id")
        .agg(pl.col("requests").sum().cast(pl.Float64))
        .with_columns(users=pl.len().over("ring_id", "template_id"))
        .join(everybody, on="template_id")
        .with_columns(value=pl.when(common).then(None).otherwise("template_id"))
        .drop("holders")
        .sort(*_ACCOUNT, "template_id")
    )


def _work(of: pl.DataFrame) -> list[pl.DataFrame]:
    """Variety within an account against the ring's, how much private work is shared, and sets that share some."""
    told = of.with_columns(share=pl.col("requests") / pl.col("requests").sum().over(*_ACCOUNT))
    mine = pl.col("value").is_not_null() & (pl.col("users") > 1)
    own = (
        told.group_by(*_ACCOUNT, maintain_order=True)
        .agg(entropy=_entropy(), shared=pl.col("share").filter(mine).sum())
        .group_by("ring_id", maintain_order=True)
        .agg(pl.col("entropy").mean(), pl.col("shared").mean(), n=pl.len())
    )
    # Each member has the same say in the ring's mixture, however much it does.
    ring = (
        told.group_by("ring_id", "template_id", maintain_order=True)
        .agg(pl.col("share").sum())
        .with_columns(share=pl.col("share") / pl.col("share").sum().over("ring_id"))
        .group_by("ring_id", maintain_order=True)
        .agg(ring=_entropy())
    )
    varied = own.join(ring, on="ring_id").filter(pl.col("ring") > 0)
    return [
        row(varied.with_columns(value=pl.col("entropy") / pl.col("ring")), "variety_within", "accounts"),
        row(own.with_columns(value="shared"), "shared_template_share", "accounts"),
        row(
            clusters(of).with_columns(value=pl.col("clusters") / pl.col("n")),
            "behaviour_clusters",
            "accounts",
        ),
    ]


def _entropy() -> pl.Expr:
    return -(pl.col("share") * pl.col("share").log()).sum()


def _hours(timed: pl.DataFrame) -> pl.DataFrame:
    """Mean similarity of two members' profiles of hours over their mean self-similarity: 1 where they are alike."""
    sums = (
        timed.group_by(*_ACCOUNT, hour=pl.col("observed_at").dt.hour())
        .agg(pl.col("requests").sum().cast(pl.Float64))
        .with_columns(share=pl.col("requests") / pl.col("requests").sum().over(*_ACCOUNT))
        .sort(*_ACCOUNT, "hour")
        .group_by("ring_id", "hour", maintain_order=True)
        .agg(total=pl.col("share").sum(), squares=(pl.col("share") ** 2).sum())
        .group_by("ring_id", maintain_order=True)
        .agg(cross=(pl.col("total") ** 2 - pl.col("squares")).sum(), own=pl.col("squares").sum())
    )
    seen = timed.group_by("ring_id").agg(n=pl.col("account_id").n_unique())
    alike = pl.col("cross") / (pl.col("n") - 1) / pl.col("own")
    found = sums.join(seen, on="ring_id").filter(pl.col("n") >= 2).with_columns(value=alike)
    return row(found, "hour_likeness", "accounts")


def _loads(timed: pl.DataFrame) -> pl.DataFrame:
    """log10 of the variance of the ring's load over the sum of its members' own.

    Below 0 members complement each other (one queue), above they rise and fall together.
    """
    load = (
        timed.group_by(*_ACCOUNT, window=pl.col("observed_at").dt.truncate(f"{WINDOW_HOURS}h"))
        .agg(load=pl.col("requests").sum().cast(pl.Float64).sqrt())
        .sort(*_ACCOUNT, "window")
    )
    spent = pl.col("window").max() - pl.col("window").min()
    span = load.group_by("ring_id").agg(windows=spent.dt.total_hours() / WINDOW_HOURS + 1.0)
    ring = load.group_by("ring_id", "window", maintain_order=True).agg(pl.col("load").sum())
    apart = (
        _variance(load, span, [*_ACCOUNT])
        .group_by("ring_id", maintain_order=True)
        .agg(apart=pl.col("variance").sum(), n=pl.len())
    )
    found = (
        _variance(ring, span, ["ring_id"])
        .join(apart, on="ring_id")
        .filter((pl.col("windows") >= MIN_WINDOWS) & (pl.col("n") >= 2) & (pl.col("apart") > 0))
        .with_columns(value=(pl.col("variance") / pl.col("apart")).clip(0.01).log10())
    )
    return row(found, "loads_together", "accounts")


def _variance(load: pl.DataFrame, span: pl.DataFrame, of: list[str]) -> pl.DataFrame:
    """Sum of squared deviations over all windows of the ring's span, those without a row included."""
    return (
        load.group_by(of, maintain_order=True)
        .agg(total=pl.col("load").sum(), squares=(pl.col("load") ** 2).sum())
        .join(span, on="ring_id", maintain_order="left")
        .with_columns(variance=pl.col("squares") - pl.col("total") ** 2 / pl.col("windows"))
    )

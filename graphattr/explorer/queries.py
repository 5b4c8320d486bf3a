"""What the pages ask of a run folder: lazy scans with the filter pushed down, answers kept in memory.

No Streamlit here. Frames are shared between sessions: callers never change one in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from graphattr.attribution.spans import in_hands
from graphattr.errors import RunError
from graphattr.explorer.runs import Run
from graphattr.records import CONDITIONS, GROUPS, INNOCENT, SPANS, UTC, Status

_KEEP = 32


@lru_cache(maxsize=4)
def rings(run: Run) -> pl.DataFrame:
    """Every ring with its probability of common control and its weight, the heaviest first.

    `control` is one less the innocent hypotheses. `weight` = accounts x exchanges x control; a ring without
    exchanges counts as one, so that a run without usage data is ranked by accounts.
    """
    control = 1 - pl.sum_horizontal(f"p_{name}" for name in INNOCENT).clip(0, 1)
    exchanges = pl.col("requests").fill_null(0).clip(lower_bound=1)
    return (
        run.scan("rings")
        .with_columns(control=control)
        .with_columns(weight=pl.col("size") * exchanges * pl.col("control"))
        .sort(["weight", "ring_id"], descending=[True, False])
        .collect()
    )


def by_status(rings: pl.DataFrame) -> pl.DataFrame:
    """Rings (columns of RINGS), those that are attributed first, then leads; the largest of each first."""
    order = {status.value: number for number, status in enumerate(Status)}
    rank = pl.col("status").replace_strict(order, return_dtype=pl.Int64)
    return rings.sort(rank, "size", "ring_id", descending=[False, True, False])


def ring(run: Run, ring_id: str) -> dict[str, Any]:
    """One ring's row of `rings`.

    Raises:
        RunError: the run has no such ring.
    """
    found = rings(run).filter(pl.col("ring_id") == ring_id)
    if found.is_empty():
        raise RunError(
            f"this run has no ring {ring_id}", "a ring of the queue", "its id may be of another run"
        )
    return found.row(0, named=True)


@lru_cache(maxsize=_KEEP)
def set_apart(run: Run, ring_id: str) -> pl.DataFrame:
    """The other rings that accounts grouped with this ring's stand in: ring_id, status, accounts of that group.

    An attributed ring holds those alone whom more than one kind of evidence holds there; the others that were grouped
    with them stand in a ring of their own (docs/decisions/0013-firm-parts.md).
    """
    if not run.paths.grouped.is_file():
        return pl.DataFrame(schema={"ring_id": pl.String, "status": pl.String, "accounts": pl.Int64})
    group = pl.scan_parquet(run.paths.grouped).select("account_id", group="ring_id")
    here = run.scan("members").filter(pl.col("ring_id") == ring_id).select("account_id")
    groups = group.join(here, on="account_id", how="semi").select("group").unique()
    return (
        group.join(groups, on="group", how="semi")
        .join(run.scan("members").select("account_id", "ring_id"), on="account_id")
        .filter(pl.col("ring_id") != ring_id)
        .group_by("ring_id")
        .agg(accounts=pl.len().cast(pl.Int64))
        .join(run.scan("rings").select("ring_id", "status"), on="ring_id")
        .select("ring_id", "status", "accounts")
        .sort("ring_id")
        .collect()
    )


def spans(run: Run, ring_id: str) -> pl.DataFrame:
    """Members who were in the ring's hands for a part of their life only (rows of `records.SPANS`)."""
    return _of_ring(run.paths.spans, SPANS, ring_id)


def conditions(run: Run, ring_id: str) -> pl.DataFrame:
    """What an attribution asks of the ring, in the order of asking (rows of `records.CONDITIONS`)."""
    return _of_ring(run.paths.conditions, CONDITIONS, ring_id)


def _of_ring(table: Path, schema: Mapping[str, Any], ring_id: str) -> pl.DataFrame:
    """The ring's rows of a table that runs of older versions do not have; none there."""
    if not table.is_file():
        return pl.DataFrame(schema=schema)
    return pl.read_parquet(table).filter(pl.col("ring_id") == ring_id)


@lru_cache(maxsize=_KEEP)
def members(run: Run, ring_id: str) -> pl.DataFrame:
    """A ring's members, the surest first: columns of MEMBERS and account facts.

    Adds created_at, country, closed_at, requests (null without usage data), first_seen and last_seen (of
    usage, else of any signal that has times). What a member did in other hands than the ring's does not count.
    """
    base = run.scan("members").filter(pl.col("ring_id") == ring_id)
    ids = base.select("account_id").collect()["account_id"]
    inside = pl.col("account_id").is_in(ids.implode())
    accounts = _columns(
        run.signals("accounts"),
        {"account_id": pl.String, "created_at": UTC, "closed_at": UTC, "country": pl.String},
    )
    used = _columns(run.signals("usage"), {"account_id": pl.String, "observed_at": UTC, "requests": pl.Int64})
    held = run.scan("holdings").filter(inside)
    usage = (
        in_hands(used.filter(inside), spans(run, ring_id))
        .group_by("account_id")
        .agg(
            requests=pl.col("requests").sum(),
            used_first=pl.col("observed_at").min(),
            used_last=pl.col("observed_at").max(),
        )
    )
    seen = held.group_by("account_id").agg(
        held_first=pl.col("first_seen").min(), held_last=pl.col("last_seen").max()
    )
    return (
        base.join(accounts.filter(inside), on="account_id", how="left")
        .join(usage, on="account_id", how="left")
        .join(seen, on="account_id", how="left")
        .with_columns(
            first_seen=pl.coalesce("used_first", "held_first"),
            last_seen=pl.coalesce("used_last", "held_last"),
        )
        .drop("used_first", "used_last", "held_first", "held_last")
        .sort(["probability", "account_id"], descending=[True, False])
        .collect()
    )


def _columns(table: pl.LazyFrame | None, wanted: dict[str, Any]) -> pl.LazyFrame:
    # A table or a column that the signals did not have reads as empty.
    if table is None:
        return pl.LazyFrame(schema=wanted)
    have = table.collect_schema()
    return table.select(
        pl.col(name).cast(dtype) if name in have else pl.lit(None, dtype).alias(name)
        for name, dtype in wanted.items()
    )


def _pairs(run: Run, table: str, ring_id: str) -> pl.LazyFrame:
    ids = members(run, ring_id)["account_id"].implode()
    return run.scan(table).filter(pl.col("account_a").is_in(ids) & pl.col("account_b").is_in(ids))


@lru_cache(maxsize=_KEEP)
def links(run: Run, ring_id: str) -> pl.DataFrame:
    """Links between members of a ring, the strongest first (columns of LINKS)."""
    order = ["log10_lr", "account_a", "account_b"]
    return _pairs(run, "links", ring_id).sort(order, descending=[True, False, False]).collect()


def link(run: Run, account_a: str, account_b: str) -> dict[str, Any] | None:
    """One link's row, whichever way round the accounts are named; None if the two are not linked."""
    low, high = sorted((account_a, account_b))
    found = run.scan("links").filter(pl.col("account_a") == low, pl.col("account_b") == high).collect()
    return found.row(0, named=True) if found.height else None


@lru_cache(maxsize=_KEEP)
def evidence(run: Run, account_a: str, account_b: str) -> pl.DataFrame:
    """Every piece of evidence behind a link, in the order of the groups, the piece that counts first."""
    low, high = sorted((account_a, account_b))
    order = {name: i for i, name in enumerate(GROUPS)}
    return (
        run.scan("evidence")
        .filter(pl.col("account_a") == low, pl.col("account_b") == high)
        .with_columns(order=pl.col("group").replace_strict(order, default=len(order), return_dtype=pl.Int64))
        .sort(["order", "used", "log10_lr", "signal", "value"], descending=[False, True, True, False, False])
        .drop("order")
        .collect()
    )


@lru_cache(maxsize=_KEEP)
def shared_values(run: Run, ring_id: str) -> pl.DataFrame:
    """Values that tie members of a ring together, the strongest first.

    Columns: group, signal, value, kind, log10_lr (of its best link), used (it counts in at least one link),
    links, members (in this ring), holders (in all), entities.
    """
    pieces = (
        _pairs(run, "evidence", ring_id)
        .filter(pl.col("value").is_not_null())
        .group_by("signal", "value")
        .agg(
            group=pl.col("group").first(),
            kind=pl.col("kind").drop_nulls().sort().first(),
            log10_lr=pl.col("log10_lr").max(),
            used=pl.col("used").any(),
            links=pl.len(),
            holders=pl.col("holders").max(),
            entities=pl.col("entities").min(),
        )
    )
    inside = (
        holders(run, ring_id).lazy().group_by("signal", "value").agg(members=pl.col("account_id").n_unique())
    )
    return (
        pieces.join(inside, on=["signal", "value"], how="left")
        .sort(
            ["log10_lr", "members", "signal", "value"], descending=[True, True, False, False], nulls_last=True
        )
        .collect()
    )


@lru_cache(maxsize=_KEEP)
def holders(run: Run, ring_id: str) -> pl.DataFrame:
    """Which member holds which value: the ring's rows of HOLDINGS, for values that are evidence in it."""
    ids = members(run, ring_id)["account_id"].implode()
    values = (
        _pairs(run, "evidence", ring_id)
        .filter(pl.col("value").is_not_null())
        .select("signal", "value")
        .unique()
    )
    return (
        run.scan("holdings")
        .filter(pl.col("account_id").is_in(ids))
        .join(values, on=["signal", "value"], how="semi")
        .sort("signal", "value", "account_id")
        .collect()
    )


@lru_cache(maxsize=_KEEP)
def matrix(run: Run, ring_id: str) -> pl.DataFrame:
    """The ring's evidence matrix (columns of MATRIX), by statistic."""
    return run.scan("matrix").filter(pl.col("ring_id") == ring_id).sort("statistic").collect()

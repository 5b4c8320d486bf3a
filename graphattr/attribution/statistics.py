"""Ring statistics that tell the hypotheses apart (method.md, 5). Each is a figure with the count it rests on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from graphattr.attribution.behaviour import behaviour
from graphattr.attribution.dealings import locales, networks, payers, payers_for_work, shared_use
from graphattr.attribution.habits import of_devices, of_usage
from graphattr.attribution.incidents import incidents, taken_up
from graphattr.attribution.rows import STATISTIC, inside_rings, row
from graphattr.attribution.seams import seams
from graphattr.records import GROUPS
from models.joining import Judge

__all__ = ["STATISTIC", "ring_statistics"]

#: Evidence of a group is telling where its log10 likelihood ratio is at least this.
TELLING = 0.3
#: An account this much older than its first shared use had a life of its own before.
PRIOR_LIFE_DAYS = 30


def ring_statistics(
    tables: dict[str, Path],
    members: pl.DataFrame,
    links: pl.DataFrame,
    holdings: Path,
    lists: Path | None,
    judge: Judge,
) -> pl.DataFrame:
    """All statistics of all rings that the signals allow.

    Args:
        tables: canonical signal tables by name.
        members: ring_id, account_id, probability.
        links: links.parquet; only those inside a ring count.
        holdings: holdings.parquet.
        lists: known hubs and public mailbox domains, or None.
        judge: what joins sets of accounts.

    Returns:
        ring_id, statistic, value, n, unit; a statistic without data for a ring has no row.
    """
    inside = inside_rings(members, links)
    parts = [
        _cohesion(members),
        _groups(inside),
        _creation(inside),
        seams(members, inside, judge),
        _organisation(tables, members, lists),
    ]
    keys = members.select("ring_id", "account_id").lazy()
    optional: list[tuple[tuple[str, ...], Callable[..., list[pl.DataFrame]]]] = [
        (("payments",), payers),
        (("usage",), behaviour),
        (("devices",), locales),
        (("ips",), networks),
        (("events",), incidents),
        (("usage",), of_usage),
        (("devices",), of_devices),
        (("payments", "usage"), payers_for_work),
        (("events", "usage"), taken_up),
    ]
    for names, statistic in optional:
        if all(name in tables for name in names):
            parts += statistic(*(tables[name] for name in names), keys)
    parts += shared_use(holdings, keys)
    parts.append(_prior_life(tables, members, holdings))
    return (
        pl.concat(parts).drop_nulls("value").filter(pl.col("value").is_finite()).sort("ring_id", "statistic")
    )


def _cohesion(members: pl.DataFrame) -> pl.DataFrame:
    ordered = members.sort("ring_id", "account_id").group_by("ring_id", maintain_order=True)
    return row(ordered.agg(value=pl.col("probability").mean(), n=pl.len()), "mean_membership", "accounts")


def _groups(inside: pl.DataFrame) -> pl.DataFrame:
    """Independent kinds of evidence: groups that are telling in at least a tenth of the ring's links."""
    telling = [(pl.col(f"log10_lr_{g}") >= TELLING).mean() >= 0.1 for g in GROUPS]
    return row(
        inside.group_by("ring_id").agg(value=pl.sum_horizontal(telling), n=pl.len()),
        "evidence_groups",
        "links",
    )


def _creation(inside: pl.DataFrame) -> pl.DataFrame:
    frame = inside.group_by("ring_id", maintain_order=True).agg(
        value=pl.col("log10_lr_timing").median(), n=pl.len()
    )
    return row(frame, "creation_closeness", "links")


def _organisation(tables: dict[str, Path], members: pl.DataFrame, lists: Path | None) -> pl.DataFrame:
    """Largest share of members with one organisation id, or one e-mail domain that is nobody's public mailbox."""
    accounts = pl.read_parquet(tables["accounts"], columns=["account_id", "organisation_id", "email_domain"])
    if lists is not None:
        public = pl.read_parquet(lists).filter(pl.col("signal") == "email_domain")["value"]
        common = pl.col("email_domain").is_in(public.implode())
        accounts = accounts.with_columns(email_domain=pl.when(common).then(None).otherwise("email_domain"))
    known = members.join(accounts, on="account_id")
    share = pl.max_horizontal(
        pl.col(c).drop_nulls().value_counts(sort=True).struct.field("count").first() / pl.len()
        for c in ("organisation_id", "email_domain")
    ).fill_null(0.0)
    return row(known.group_by("ring_id").agg(value=share, n=pl.len()), "organisation_share", "accounts")


def _prior_life(tables: dict[str, Path], members: pl.DataFrame, holdings: Path) -> pl.DataFrame:
    """Share of members whose first use of any value shared in the ring came long after they were created."""
    keys = members.select("ring_id", "account_id").lazy()
    held = (
        pl.scan_parquet(holdings)
        .select("account_id", "signal", "value", "first_seen")
        .drop_nulls("first_seen")
    )
    shared = held.join(keys, on="account_id").filter(pl.len().over("ring_id", "signal", "value") >= 2)
    first = shared.group_by("ring_id", "account_id").agg(pl.col("first_seen").min())
    created = pl.scan_parquet(tables["accounts"]).select("account_id", "created_at").drop_nulls()
    late = (pl.col("first_seen") - pl.col("created_at")) > pl.duration(days=PRIOR_LIFE_DAYS)
    frame = (
        first.join(created, on="account_id").group_by("ring_id").agg(value=late.mean(), n=pl.len()).collect()
    )
    return row(frame, "prior_life_share", "accounts")

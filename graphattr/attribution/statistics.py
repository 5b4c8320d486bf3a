"""Ring statistics that tell the hypotheses apart (method.md, 5). Each is a figure with the count it rests on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from graphattr.records import GROUPS

#: Columns of every statistic's table.
STATISTIC = {
    "ring_id": pl.String,
    "statistic": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,
    "unit": pl.String,
}

#: Evidence of a group is telling where its log10 likelihood ratio is at least this.
TELLING = 0.3
#: An account this much older than its first shared use had a life of its own before.
PRIOR_LIFE_DAYS = 30


def ring_statistics(
    tables: dict[str, Path], members: pl.DataFrame, links: pl.DataFrame, holdings: Path, lists: Path | None
) -> pl.DataFrame:
    """All statistics of all rings that the signals allow.

    Args:
        tables: canonical signal tables by name.
        members: ring_id, account_id, probability.
        links: links.parquet; only those inside a ring count.
        holdings: holdings.parquet.
        lists: known hubs and public mailbox domains, or None.

    Returns:
        ring_id, statistic, value, n, unit; a statistic without data for a ring has no row.
    """
    inside = _inside(members, links)
    parts = [
        _size(members),
        _cohesion(members),
        _groups(inside),
        _creation(inside),
        _organisation(tables, members, lists),
    ]
    optional: list[tuple[str, Callable[[Path, pl.LazyFrame], list[pl.DataFrame]]]] = [
        ("payments", _payers),
        ("usage", _behaviour),
        ("devices", _locale),
        ("ips", _networks),
        ("events", _events),
    ]
    keys = members.select("ring_id", "account_id").lazy()
    for name, statistic in optional:
        if name in tables:
            parts += statistic(tables[name], keys)
    parts.append(_prior_life(tables, members, holdings))
    return (
        pl.concat(parts).drop_nulls("value").filter(pl.col("value").is_finite()).sort("ring_id", "statistic")
    )


def _row(frame: pl.DataFrame, name: str, unit: str) -> pl.DataFrame:
    """A table of ring_id, value, n made into the common form; values keep six decimals."""
    return frame.select(
        "ring_id",
        pl.lit(name).alias("statistic"),
        pl.col("value").cast(pl.Float64).round(6),
        pl.col("n").cast(pl.Int64),
        pl.lit(unit).alias("unit"),
    )


def _inside(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    rings = members.select("account_id", "ring_id")
    return (
        links.join(rings.rename({"account_id": "account_a"}), on="account_a")
        .join(rings.rename({"account_id": "account_b", "ring_id": "ring_b"}), on="account_b")
        .filter(pl.col("ring_id") == pl.col("ring_b"))
        .sort("account_a", "account_b")
    )


def _size(members: pl.DataFrame) -> pl.DataFrame:
    return _row(members.group_by("ring_id").agg(value=pl.len(), n=pl.len()), "size", "accounts")


def _cohesion(members: pl.DataFrame) -> pl.DataFrame:
    ordered = members.sort("ring_id", "account_id").group_by("ring_id", maintain_order=True)
    return _row(ordered.agg(value=pl.col("probability").mean(), n=pl.len()), "mean_membership", "accounts")


def _groups(inside: pl.DataFrame) -> pl.DataFrame:
    """Independent kinds of evidence: groups that are telling in at least a tenth of the ring's links."""
    telling = [(pl.col(f"log10_lr_{g}") >= TELLING).mean() >= 0.1 for g in GROUPS]
    return _row(
        inside.group_by("ring_id").agg(value=pl.sum_horizontal(telling), n=pl.len()),
        "evidence_groups",
        "links",
    )


def _creation(inside: pl.DataFrame) -> pl.DataFrame:
    frame = inside.group_by("ring_id", maintain_order=True).agg(
        value=pl.col("log10_lr_timing").median(), n=pl.len()
    )
    return _row(frame, "creation_closeness", "links")


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
    return _row(known.group_by("ring_id").agg(value=share, n=pl.len()), "organisation_share", "accounts")


def _payers(payments: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Distinct instruments for each member who paid: far below 1 where one payer stands behind many accounts."""
    rows = (
        pl.scan_parquet(payments).select("account_id", "instrument_id", "outcome").join(keys, on="account_id")
    )
    paid = pl.col("account_id").n_unique()
    frame = rows.group_by("ring_id").agg(value=pl.col("instrument_id").n_unique() / paid, n=paid).collect()
    failed = (
        rows.drop_nulls("outcome")
        .group_by("ring_id")
        .agg(value=pl.col("outcome").is_in(["declined", "charged_back"]).mean(), n=pl.len())
    )
    return [
        _row(frame, "instruments_per_payer", "accounts"),
        _row(failed.collect(), "failed_payments", "payments"),
    ]


def _behaviour(usage: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Variety of prompt templates within an account against the ring, and how far the hours of the day agree."""
    rows = (
        pl.scan_parquet(usage)
        .select("account_id", "template_id", "requests", "observed_at")
        .join(keys, on="account_id")
    )
    templates = (
        rows.drop_nulls("template_id")
        .group_by("ring_id", "account_id")
        .agg(own=pl.col("template_id").n_unique(), templates=pl.col("template_id").unique())
    )
    of_ring = templates.group_by("ring_id").agg(
        within=pl.col("own").mean(), n=pl.len(), all=pl.col("templates").explode().n_unique()
    )
    # 1: all accounts work with the same templates; 1/n: no two accounts share one.
    shared = of_ring.select("ring_id", "n", value=pl.col("within") / pl.col("all")).collect()
    within = of_ring.select("ring_id", "n", value="within").collect()
    hours = (
        rows.drop_nulls("observed_at")
        .group_by("ring_id", "account_id", hour=pl.col("observed_at").dt.hour())
        .agg(pl.col("requests").sum().cast(pl.Float64))
        .with_columns(share=pl.col("requests") / pl.col("requests").sum().over("ring_id", "account_id"))
        .group_by("ring_id", "hour")
        .agg(total=pl.col("share").sum(), squares=(pl.col("share") ** 2).sum())
        .group_by("ring_id")
        .agg(cross=(pl.col("total") ** 2 - pl.col("squares")).sum(), own=pl.col("squares").sum())
    )
    # Mean similarity of two members' hour profiles over the mean self-similarity: 1 where they are alike.
    alike = (
        _seen(rows)
        .join(hours, on="ring_id")
        .filter(pl.col("n") >= 2)
        .select("ring_id", "n", value=(pl.col("cross") / (pl.col("n") - 1) / pl.col("own")))
        .collect()
    )
    return [
        _row(shared, "template_overlap", "accounts"),
        _row(within, "templates_per_account", "accounts"),
        _row(alike, "hour_likeness", "accounts"),
    ]


def _seen(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Accounts of each ring that have rows: ring_id, n."""
    return rows.drop_nulls("observed_at").group_by("ring_id").agg(n=pl.col("account_id").n_unique())


def _locale(devices: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Distinct locales (language and clock offset) for each member seen: 1 where every member has one of its own."""
    rows = pl.scan_parquet(devices).select("account_id", "language", "utc_offset_minutes", "device_id")
    rows = rows.join(keys, on="account_id")
    seen = pl.col("account_id").n_unique()
    locale = pl.struct("language", "utc_offset_minutes").n_unique() / seen
    frame = rows.drop_nulls("language").group_by("ring_id").agg(value=locale, n=seen).collect()
    shared = rows.group_by("ring_id").agg(value=pl.col("device_id").n_unique() / seen, n=seen).collect()
    return [_row(frame, "locales_per_member", "accounts"), _row(shared, "devices_per_member", "accounts")]


def _networks(ips: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Share of address rows from networks that many strangers use, and from rented ones."""
    rows = (
        pl.scan_parquet(ips)
        .select("account_id", "network_kind")
        .drop_nulls("network_kind")
        .join(keys, on="account_id")
    )
    kinds = {
        "public_network": ["mobile", "education", "business"],
        "rented_network": ["hosting", "vpn", "proxy", "tor"],
    }
    return [
        _row(
            rows.group_by("ring_id").agg(value=pl.col("network_kind").is_in(of).mean(), n=pl.len()).collect(),
            f"{name}_share",
            "address rows",
        )
        for name, of in kinds.items()
    ]


def _events(events: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Share of members with an event of a kind."""
    totals = keys.group_by("ring_id").agg(n=pl.len())
    rows = pl.scan_parquet(events).select("account_id", "event").join(keys, on="account_id")
    result = []
    for name, kinds in {
        "banned_share": ["banned"],
        "reset_share": ["password_reset", "email_changed"],
        "cleared_share": ["reinstated"],
    }.items():
        hit = (
            rows.filter(pl.col("event").is_in(kinds))
            .group_by("ring_id")
            .agg(hit=pl.col("account_id").n_unique())
        )
        share = totals.join(hit, on="ring_id", how="left").with_columns(
            value=pl.col("hit").fill_null(0) / pl.col("n")
        )
        result.append(_row(share.collect(), name, "accounts"))
    return result


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
    return _row(frame, "prior_life_share", "accounts")

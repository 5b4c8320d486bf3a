"""Ring statistics from `events`: bans and what follows them, changes of keys and passwords, appeals."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from graphattr.attribution.rows import row

#: Events by which whoever holds an account changes who can use it.
CONTROL: Final = ("password_reset", "email_changed", "key_created")
#: Changes within this time of each other are one act.
BURST: Final = "1h"
#: Work that a banned account did this long before its ban ...
BEFORE: Final = pl.duration(days=3)
#: ... is taken up where another member begins with it this soon afterwards.
AFTER: Final = pl.duration(hours=3)
SHARES: Final = {
    "banned_share": ("banned",),
    "reset_share": ("password_reset", "email_changed"),
    "appeal_share": ("appeal",),
}


def incidents(events: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Shares of members with an event of a kind, and the largest share changed in one hour or by one actor."""
    totals = keys.group_by("ring_id").agg(n=pl.len()).collect()
    rows = (
        pl.scan_parquet(events)
        .select("account_id", "event", "actor_id", "observed_at")
        .join(keys, on="account_id")
        .collect(engine="streaming")
    )
    accounts = pl.col("account_id").n_unique()
    hits = {
        name: rows.filter(pl.col("event").is_in(kinds)).group_by("ring_id").agg(hit=accounts)
        for name, kinds in SHARES.items()
    }
    hits["control_burst"] = _burst(rows)
    hits["common_actor_share"] = (
        rows.drop_nulls("actor_id")
        .group_by("ring_id", "actor_id")
        .agg(hit=accounts)
        .group_by("ring_id")
        .agg(pl.col("hit").max())
    )
    share = pl.col("hit").fill_null(0) / pl.col("n")
    return [
        row(totals.join(hit, on="ring_id", how="left").with_columns(value=share), name, "accounts")
        for name, hit in hits.items()
    ]


def _burst(rows: pl.DataFrame) -> pl.DataFrame:
    """Most members whose keys or passwords were changed within an hour; a member's first day does not count."""
    changed = rows.filter(pl.col("event").is_in(CONTROL)).drop_nulls("observed_at")
    first = pl.col("observed_at").min().over("ring_id", "account_id")
    changed = changed.filter(pl.col("observed_at") > first).sort("ring_id", "observed_at", "account_id")
    if not changed.height:
        return pl.DataFrame(schema={"ring_id": pl.String, "hit": pl.UInt32})
    windows = changed.rolling("observed_at", period=BURST, group_by="ring_id").agg(
        hit=pl.col("account_id").n_unique()
    )
    return windows.group_by("ring_id").agg(pl.col("hit").max())


def taken_up(events: Path, usage: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Share of the templates in a banned member's hands that another member begins with within hours.

    Only bans after which the ring goes on are counted; n is the number of such templates.
    """
    banned = (
        pl.scan_parquet(events)
        .filter(pl.col("event") == "banned")
        .drop_nulls("observed_at")
        .group_by("account_id")
        .agg(ban=pl.col("observed_at").min())
        .join(keys, on="account_id")
        .collect()
    )
    rings = banned.select("ring_id").unique()
    members = keys.collect().join(rings, on="ring_id")
    if not members.height:
        return []
    used = (
        pl.scan_parquet(usage)
        .select("account_id", "template_id", "observed_at")
        .drop_nulls()
        .join(members.lazy(), on="account_id")
        .collect(engine="streaming")
    )
    lost = (
        banned.join(used, on=["ring_id", "account_id"])
        .filter((pl.col("observed_at") < pl.col("ban")) & (pl.col("observed_at") >= pl.col("ban") - BEFORE))
        .select("ring_id", "account_id", "ban", "template_id")
        .unique()
    )
    others = lost.join(used.rename({"account_id": "heir"}), on=["ring_id", "template_id"]).filter(
        pl.col("heir") != pl.col("account_id")
    )
    since = pl.col("observed_at") - pl.col("ban")
    of_heir = others.group_by("ring_id", "account_id", "ban", "template_id", "heir").agg(
        before=((since < pl.duration()) & (since >= -BEFORE)).any(),
        after=((since >= pl.duration()) & (since < AFTER)).any(),
    )
    resumed = of_heir.group_by("ring_id", "account_id", "ban", "template_id").agg(
        taken=(pl.col("after") & ~pl.col("before")).any()
    )
    found = (
        lost.join(resumed, on=["ring_id", "account_id", "ban", "template_id"], how="left")
        .group_by("ring_id")
        .agg(value=pl.col("taken").fill_null(False).mean(), n=pl.len())
    )
    return [row(found, "taken_up_share", "templates")]

"""Ring statistics from `payments`, `devices`, `ips`: who pays, from where, and how much of it is shared."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from graphattr.attribution.behaviour import clusters, templates
from graphattr.attribution.rows import row

#: Classes of networks whose share tells hypotheses apart.
NETWORKS: Final = {
    "public_network": ("mobile", "education", "business"),
    "rented_network": ("hosting", "vpn", "proxy", "tor"),
    "business_network": ("business",),
    "education_network": ("education",),
}
#: Signals of which a member's use can be its own or the ring's.
USED: Final = ("ip", "device", "instrument")


def payers(payments: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Distinct instruments for each member who paid, the largest payer's share, prepaid payments."""
    rows = (
        pl.scan_parquet(payments)
        .select("account_id", "instrument_id", "kind")
        .join(keys, on="account_id")
        .collect(engine="streaming")
    )
    paid = pl.col("account_id").n_unique()
    frame = rows.group_by("ring_id").agg(value=pl.col("instrument_id").n_unique() / paid, n=paid)
    top = (
        rows.select("ring_id", "account_id", "instrument_id")
        .unique()
        .group_by("ring_id", "instrument_id")
        .len()
        .group_by("ring_id")
        .agg(pl.col("len").max())
        .join(frame.select("ring_id", "n"), on="ring_id")
        .with_columns(value=pl.col("len") / pl.col("n"))
    )
    prepaid = (
        rows.drop_nulls("kind")
        .group_by("ring_id")
        .agg(value=pl.col("kind").is_in(["prepaid", "virtual"]).mean(), n=pl.len())
    )
    return [
        row(frame, "instruments_per_payer", "accounts"),
        row(top, "largest_payer_share", "accounts"),
        row(prepaid, "prepaid_share", "payments"),
    ]


def payers_for_work(payments: Path, usage: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """log10 of sets of members with a common payer over sets with common work.

    Above 0: many payers behind one kind of work; below: one payer behind many kinds.
    """
    paid = (
        pl.scan_parquet(payments)
        .select("account_id", value="instrument_id")
        .join(keys, on="account_id")
        .collect()
    )
    money = clusters(paid.select("ring_id", "account_id", "value"))
    used = pl.scan_parquet(usage).select("account_id", "template_id", "requests").join(keys, on="account_id")
    work = clusters(templates(usage, used.collect(engine="streaming")))
    work = work.rename({"clusters": "works", "n": "workers"})
    found = money.join(work, on="ring_id").with_columns(
        value=(pl.col("clusters") / pl.col("n") / (pl.col("works") / pl.col("workers"))).log10(),
        n=pl.min_horizontal("n", "workers"),
    )
    return [row(found, "payers_for_work", "accounts")]


def locales(devices: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Distinct locales (language and clock offset), devices and client fingerprints for each member seen."""
    rows = (
        pl.scan_parquet(devices)
        .select("account_id", "language", "utc_offset_minutes", "device_id", "tls_fingerprint")
        .join(keys, on="account_id")
        .collect(engine="streaming")
    )
    seen = pl.col("account_id").n_unique()
    locale = pl.struct("language", "utc_offset_minutes").n_unique() / seen
    named = rows.drop_nulls("language")
    return [
        row(named.group_by("ring_id").agg(value=locale, n=seen), "locales_per_member", "accounts"),
        row(
            rows.group_by("ring_id").agg(value=pl.col("device_id").n_unique() / seen, n=seen),
            "devices_per_member",
            "accounts",
        ),
        row(
            rows.drop_nulls("tls_fingerprint")
            .group_by("ring_id")
            .agg(value=pl.col("tls_fingerprint").n_unique() / seen, n=seen),
            "clients_per_member",
            "accounts",
        ),
    ]


def networks(ips: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Shares of address rows by class of network, and the countries that members come from."""
    rows = (
        pl.scan_parquet(ips)
        .select("account_id", "network_kind", "country")
        .join(keys, on="account_id")
        .collect(engine="streaming")
    )
    known = rows.drop_nulls("network_kind").group_by("ring_id")
    shares = known.agg(
        n=pl.len(), **{name: pl.col("network_kind").is_in(of).mean() for name, of in NETWORKS.items()}
    )
    most = (
        rows.drop_nulls("country")
        .group_by("ring_id", "country")
        .len()
        .group_by("ring_id")
        .agg(value=pl.col("len").max() / pl.col("len").sum(), n=pl.col("len").sum())
    )
    return [
        *(row(shares.with_columns(value=name), f"{name}_share", "address rows") for name in NETWORKS),
        row(most, "main_country_share", "address rows"),
    ]


def shared_use(holdings: Path, keys: pl.LazyFrame) -> list[pl.DataFrame]:
    """Mean share of a member's use of addresses, devices and cards that falls on values shared in the ring.

    Owners of taken-over accounts go on with what is theirs; who only shares a network pays and works apart.
    """
    found = []
    for signal in USED:
        held = (
            pl.scan_parquet(holdings)
            .filter(pl.col("signal") == signal)
            .select("account_id", "value", "count")
            .join(keys, on="account_id")
            .with_columns(shared=pl.len().over("ring_id", "value") >= 2)
            .group_by("ring_id", "account_id")
            .agg(share=pl.col("count").filter("shared").sum() / pl.col("count").sum())
            .sort("ring_id", "account_id")
            .group_by("ring_id", maintain_order=True)
            .agg(value=pl.col("share").mean(), n=pl.len())
        )
        found.append(row(held.collect(engine="streaming"), f"shared_{signal}_use", "accounts"))
    return found

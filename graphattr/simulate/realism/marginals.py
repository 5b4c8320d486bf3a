"""Marginal distributions of a world: how many accounts an address, how often people come, what cards they pay with.

Of a large world per-account figures come from a uniform sample of accounts, and per-value figures (accounts an
address, a device, a card) from a sample of the values with all of their accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.draws import Floats
from graphattr.simulate.realism.rhythm import bans, rhythm
from graphattr.simulate.realism.statistics import (
    NAN,
    gini,
    mean,
    quantile,
    top_share,
    zipf_slope,
)
from graphattr.simulate.realism.tables import Signals, Tables, of_accounts, uniform

_MOST: Final = 50_000
#: Networks looked at one by one; "any" is all addresses.
NETWORKS: Final = ("any", "residential", "mobile", "business", "education", "vpn", "proxy", "hosting")
#: Columns of the result beside the key: who is looked at.
GROUPS: Final = ("all", "innocent", "others")
Figures = dict[str, float]


def marginals(signals: Signals, truth: pl.DataFrame) -> pl.DataFrame:
    """One row a figure: key, and its value over all accounts, the innocent ones, and the others.

    Args:
        signals: the tables of a world by name, in memory or lazy.
        truth: its truth.

    Returns:
        key, all, innocent, others; null where nobody of the group has what is asked for.
    """
    parts = {
        "all": truth,
        "innocent": truth.filter("innocent"),
        "others": truth.filter(~pl.col("innocent")),
    }
    columns = {name: figures(signals, part, whole=name == "all") for name, part in parts.items()}
    keys = list(columns["all"])
    frame = pl.DataFrame({"key": keys} | {name: list(part.values()) for name, part in columns.items()})
    return frame.with_columns(pl.col(*GROUPS).cast(pl.Float64).fill_nan(None))


def figures(signals: Signals, truth: pl.DataFrame, whole: bool) -> Figures:
    """Every figure of the accounts of `truth`; nan where there is nothing to count.

    Args:
        signals: the tables.
        truth: the accounts looked at.
        whole: whether these are all accounts, so values need not be searched for theirs.
    """
    ordered = truth.sort("account_id")
    chosen = ordered[uniform(ordered.height, _MOST, "realism marginals")]
    tables = of_accounts(signals, chosen["account_id"])
    every = -(-ordered.height // _MOST)
    only = None if whole else ordered["account_id"]
    holders = _Holders(signals, only, every)
    return (
        _addresses(tables, holders)
        | _devices(tables, holders)
        | _cards(tables, holders)
        | _identities(tables, holders, chosen)
        | rhythm(tables)
        | _work(tables)
        | bans(tables, chosen.height)
    )


class _Holders:
    """Counts the accounts of each value of a column."""

    def __init__(self, signals: Signals, only: pl.Series | None, every: int) -> None:
        self._signals, self._only, self._every = signals, only, every

    def __call__(self, table: str, column: str, where: pl.Expr | None = None) -> Floats:
        """Accounts a value, one number a value."""
        rows = self._signals[table].lazy()
        if self._only is not None:
            rows = rows.join(pl.LazyFrame({"account_id": self._only}), on="account_id", how="semi")
        if self._every > 1:
            rows = rows.filter(pl.col(column).hash(0) % self._every == 0)
        if where is not None:
            rows = rows.filter(where)
        pairs = rows.select("account_id", value=column).drop_nulls().unique()
        counts = pairs.group_by("value").len().sort("value").collect(engine="streaming")
        return counts["len"].cast(pl.Float64).to_numpy()


def _spread(name: str, counts: Floats) -> Figures:
    """Shares of values with 1, 2, 3 to 10 and more holders, and the mean."""
    return {
        f"{name}: one": mean((counts == 1).astype(np.float64)),
        f"{name}: two": mean((counts == 2).astype(np.float64)),
        f"{name}: 3 to 10": mean(((counts >= 3) & (counts <= 10)).astype(np.float64)),
        f"{name}: more than 10": mean((counts > 10).astype(np.float64)),
        f"{name}: mean": mean(counts),
    }


def _each(table: pl.DataFrame, aggregate: pl.Expr) -> Floats:
    """The aggregate of every account that has rows."""
    values = table.group_by("account_id").agg(value=aggregate.cast(pl.Float64)).sort("account_id")
    return values["value"].drop_nulls().drop_nans().to_numpy()


def _ratio(table: pl.DataFrame, condition: pl.Expr) -> float:
    """Share of the rows for which it holds, rows where it is unknown left out."""
    held = table.select(condition.mean()).item() if table.height else None
    return NAN if held is None else float(held)


def _addresses(tables: Tables, holders: Callable[..., Floats]) -> Figures:
    ips = tables["ips"]
    found: Figures = {}
    for kind in NETWORKS:
        where = None if kind == "any" else pl.col("network_kind") == kind
        found |= _spread(f"accounts an address ({kind})", holders("ips", "ip", where))
    held = _each(ips, pl.col("ip").n_unique())
    found |= {
        "addresses an account: median": quantile(held, 0.5),
        "addresses an account: 90th percentile": quantile(held, 0.9),
        "addresses an account: share with one": mean((held == 1).astype(np.float64)),
        "accounts with an address kept three weeks": _kept(ips, 21),
        "accounts with an IPv6 address": mean(_each(ips, pl.col("ip").str.contains(":").any())),
        "rows abroad (address country not the declared one)": _abroad(tables, "ips", "country"),
    }
    for kind in NETWORKS[1:]:
        found[f"rows by network: {kind}"] = _ratio(ips, pl.col("network_kind") == kind)
    return found


def _kept(ips: pl.DataFrame, days: int) -> float:
    """Of accounts seen over that many days or more, the share that came from one address as far apart."""
    at = pl.col("observed_at")
    span = (at.max() - at.min()).dt.total_days()
    seen = ips.group_by("account_id").agg(days=span).filter(pl.col("days") >= days)
    kept = ips.group_by("account_id", "ip").agg(days=span).filter(pl.col("days") >= days)
    if not seen.height:
        return NAN
    return len(set(seen["account_id"]) & set(kept["account_id"])) / seen.height


def _abroad(tables: Tables, table: str, column: str) -> float:
    home = tables["accounts"].select("account_id", home="country")
    return _ratio(tables[table].join(home, on="account_id"), pl.col(column) != pl.col("home"))


def _devices(tables: Tables, holders: Callable[..., Floats]) -> Figures:
    devices = tables["devices"]
    held = _each(devices, pl.col("device_id").n_unique())
    looks = devices.filter(pl.col("browser").is_not_null()).unique(["device_id"], maintain_order=True)
    parts = ["os", "browser", "tls_fingerprint", "utc_offset_minutes", "language"]
    sets = looks.group_by(parts).len()["len"].cast(pl.Float64).to_numpy()
    return {
        "devices an account: median": quantile(held, 0.5),
        "devices an account: mean": mean(held),
        "devices an account: share with one": mean((held == 1).astype(np.float64)),
        **_spread("accounts a device", holders("devices", "device_id")),
        **_spread("accounts a TLS client", holders("devices", "tls_fingerprint")),
        "devices alone with their looks (system, browser, TLS, offset, language)": _within(sets, 1, 1),
        "devices that share their looks with 50 others or more": _within(sets, 51, np.inf),
        "script rows": _ratio(devices, pl.col("browser").is_null()),
        "accounts with one language": mean(_each(devices, pl.col("language").n_unique() == 1)),
    }


def _within(sets: Floats, low: float, high: float) -> float:
    """Share of the members that are in sets of that size."""
    inside = (sets >= low) & (sets <= high)
    return float(sets[inside].sum() / sets.sum()) if len(sets) else NAN


def _cards(tables: Tables, holders: Callable[..., Floats]) -> Figures:
    payments = tables["payments"]
    held = _each(payments, pl.col("instrument_id").n_unique())
    prepaid = pl.col("kind").is_in(["prepaid", "virtual"])
    cards = payments.unique(["instrument_id"], maintain_order=True)
    plastic = payments.filter(pl.col("kind").is_in(["credit", "debit", "prepaid", "virtual"]))
    return {
        "accounts that pay": len(held) / max(tables["accounts"].height, 1),
        "cards a paying account: mean": mean(held),
        "cards a paying account: share with one": mean((held == 1).astype(np.float64)),
        **_spread("accounts a card", holders("payments", "instrument_id")),
        "prepaid and virtual share of cards": _ratio(cards, prepaid),
        "prepaid share of card payments": _ratio(plastic, pl.col("kind") == "prepaid"),
        "payments abroad (issuer country not the declared one)": _abroad(
            tables, "payments", "issuer_country"
        ),
        "declined payments": _ratio(payments, pl.col("outcome") == "declined"),
        "charged-back payments": _ratio(payments, pl.col("outcome") == "charged_back"),
        "accounts an issuer range: mean": mean(holders("payments", "bin")),
    }


def _identities(tables: Tables, holders: Callable[..., Floats], truth: pl.DataFrame) -> Figures:
    accounts = tables["accounts"]
    domains = np.sort(accounts["email_domain"].drop_nulls().value_counts()["count"].to_numpy())[::-1]
    total = max(int(domains.sum()), 1)
    own = truth.with_columns(extra=pl.int_range(pl.len()).over("controller") > 0)
    persons = own.filter(pl.col("kind").is_in(["independent", "shared_infrastructure"]))
    return {
        "accounts at the commonest mail domain": float(domains[:1].sum()) / total,
        "accounts at the three commonest mail domains": float(domains[:3].sum()) / total,
        "accounts alone at their mail domain": float((domains == 1).sum()) / total,
        "accounts without a phone": _ratio(accounts, pl.col("phone_id").is_null()),
        "accounts a phone: mean": mean(holders("accounts", "phone_id")),
        "accounts a name: mean": mean(holders("accounts", "name_id")),
        "accounts that are a person's second or later": _ratio(persons, pl.col("extra")),
    }


def _work(tables: Tables) -> Figures:
    usage = tables["usage"]
    requests = _each(usage, pl.col("requests").sum())
    weeks = _weeks(usage)
    popular = usage.group_by("template_id").agg(pl.col("requests").sum(), pl.col("account_id").n_unique())
    return {
        "requests an account and week: median": quantile(requests, 0.5) / weeks,
        "requests an account and week: mean": mean(requests) / weeks,
        "requests: share of the top 1 %": top_share(requests, 0.01),
        "requests: share of the top 10 %": top_share(requests, 0.1),
        "requests: Gini": gini(requests),
        "prompt tokens a request: median of accounts": quantile(
            _each(usage, pl.col("input_tokens").sum() / pl.col("requests").sum()), 0.5
        ),
        "answer tokens a request: median of accounts": quantile(
            _each(usage, pl.col("output_tokens").sum() / pl.col("requests").sum()), 0.5
        ),
        "templates an account: median": quantile(_each(usage, pl.col("template_id").n_unique()), 0.5),
        "template popularity: Zipf slope": zipf_slope(popular["requests"].cast(pl.Float64).to_numpy()),
        "templates of one account": _ratio(popular, pl.col("account_id") == 1),
    }


def _weeks(usage: pl.DataFrame) -> float:
    """Length of the observation in weeks, at least a day."""
    at = usage["observed_at"]
    if not len(at):
        return NAN
    span = usage.select((pl.col("observed_at").max() - pl.col("observed_at").min()).dt.total_seconds()).item()
    return max(float(span), 86_400.0) / (7 * 86_400)

"""What the tables of a case must have to do with each other, whoever wrote them.

Each check returns what is wrong, or None. They hold for redacted tables too: withheld columns are empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import polars as pl

from graphattr.attribution.spans import in_hands
from graphattr.evidence.case import Case
from graphattr.evidence.conditions import wrong as _conditions
from graphattr.evidence.ring_rules import handed_over
from graphattr.evidence.rulebook import best_of, probability
from graphattr.records import GROUPS, HYPOTHESES, INNOCENT, PRIOR_ROW, SIGNAL, Status, Tier

#: Rounding of published figures (six decimals) may add up to this.
TOLERANCE: Final = 1e-5


def problems(case: Case) -> str | None:
    """The first thing wrong with a case, or None."""
    for check in _CHECKS:
        found = check(case)
        if found:
            return found
    return None


def _rings(case: Case) -> str | None:
    if tuple(case.tables["rings"]["ring_id"]) != case.ring_ids:
        return "rings.jsonl holds other rings than the bundle is about"
    for row in case.tables["rings"].iter_rows(named=True):
        ring = row["ring_id"]
        parts = [row[f"p_{name}"] for name in HYPOTHESES]
        if any(p is None or not 0 <= p <= 1 for p in parts) or abs(math.fsum(parts) - 1) > TOLERANCE:
            return f"the probabilities of the hypotheses of {ring} do not sum to 1"
        if row["hypothesis"] not in HYPOTHESES or row[f"p_{row['hypothesis']}"] < max(parts):
            return f"the hypothesis of {ring} is not the most probable one ({best_of(case, ring, None)})"
        if row["status"] not in set(Status):
            return f"{ring} has the status {row['status']!r}"
    return None


def _posterior(case: Case) -> str | None:
    """Prior and matrix give the probabilities, and the factor's range (attribution.hypotheses)."""
    if not case.has("matrix"):
        return None
    for row in case.tables["rings"].iter_rows(named=True):
        ring = row["ring_id"]
        matrix = case.of_ring("matrix", ring).select(
            "statistic", *(f"log10_lr_{name}" for name in HYPOTHESES)
        )
        prior = [parts for statistic, *parts in matrix.iter_rows() if statistic == PRIOR_ROW]
        ratios = [parts for statistic, *parts in matrix.iter_rows() if statistic != PRIOR_ROW]
        if len(prior) != 1 or any(part is None for parts in [*prior, *ratios] for part in parts):
            return f"the evidence matrix of {ring} has no prior, or gaps"
        for name, expected in zip(HYPOTHESES, posterior(prior[0], ratios), strict=True):
            if abs(row[f"p_{name}"] - expected) > TOLERANCE:
                return f"p_{name} of {ring} does not follow from the prior and the evidence matrix"
        if row["log10_bf_low"] is not None:
            ends = factor_range(ratios, row["bf_cap"])
            if max(abs(row["log10_bf_low"] - ends[0]), abs(row["log10_bf_high"] - ends[1])) > TOLERANCE:
                return f"the factor's range of {ring} does not follow from the evidence matrix"
    return None


def posterior(prior: list[float], ratios: list[list[float]]) -> list[float]:
    """Posterior of each hypothesis from log10 priors and the log10 likelihood ratios of each statistic."""
    logs = [math.fsum(column) for column in zip(prior, *ratios, strict=True)]
    shares = [10.0 ** (log - max(logs)) for log in logs]
    return [share / math.fsum(shares) for share in shares]


def factor_range(ratios: list[list[float]], cap: float) -> tuple[float, float]:
    """Range of the log10 factor over the whole matrix, each statistic left out, and ratios halved; capped."""
    total = [math.fsum(column) for column in zip(*ratios, strict=True)] or [0.0] * len(HYPOTHESES)
    variants = [total, [part / 2 for part in total]]
    variants += [[part - out for part, out in zip(total, row, strict=True)] for row in ratios]
    factors = [_factor(dict(zip(HYPOTHESES, variant, strict=True))) for variant in variants]
    limit = math.log10(cap)
    low, high = (min(max(factor, -limit), limit) for factor in (min(factors), max(factors)))
    return low, high


def _factor(of: dict[str, float]) -> float:
    return max(of["single_operator"], of["reseller"]) - max(of[name] for name in INNOCENT)


def _members(case: Case) -> str | None:
    if not case.has("members"):
        return None
    members = case.tables["members"]
    if members["account_id"].is_duplicated().any():
        return "an account stands in two rings"
    sizes = dict(members.group_by("ring_id").len().iter_rows())
    stated = dict(case.tables["rings"].select("ring_id", "size").iter_rows())
    if sizes != stated:
        return "members.jsonl does not hold as many accounts a ring as `size` says"
    for account, p, low, high, tier in members.select(
        "account_id", "probability", "low", "high", "tier"
    ).iter_rows():
        if p is None or not 0 <= p <= 1 or (low is not None and not 0 <= low <= high <= 1):
            return f"the membership of {account} is no probability with an interval"
        if tier != tier_of(p):
            return f"the membership of {account} has the tier {tier!r} at the probability {p}"
    return None


def tier_of(p: float) -> str:
    """The tier of a membership probability (records.Tier)."""
    if p >= 0.9:
        return Tier.CORE
    return Tier.PROBABLE if p >= 0.5 else Tier.UNRESOLVED


def _requests(case: Case) -> str | None:
    usage = case.tables.get("signals/usage")
    if usage is None or "requests" not in usage.columns:
        return None
    for ring, stated in case.tables["rings"].select("ring_id", "requests").iter_rows():
        ours = usage.filter(pl.col("account_id").is_in(case.accounts(ring)))
        in_part = handed_over(case, ring)
        if in_part is not None and "observed_at" in ours.columns:
            ours = in_hands(ours.lazy(), in_part).collect()
        if ours["requests"].fill_null(1).sum() != stated:
            return f"the requests of {ring} are not the sum of its members' usage in its hands"
    return None


def _links(case: Case) -> str | None:
    if not case.has("links"):
        return None
    for row in case.tables["links"].iter_rows(named=True):
        pair = f"the link of {row['account_a']} and {row['account_b']}"
        if not row["account_a"] < row["account_b"]:
            return f"{pair} does not name its accounts in order"
        total = math.fsum(row[f"log10_lr_{group}"] or 0.0 for group in GROUPS)
        if abs(total - row["log10_lr"]) > TOLERANCE:
            return f"{pair}: its groups sum to {total:.6f}, not to {row['log10_lr']:.6f}"
        if abs(probability(row["log10_prior_odds"] + row["log10_lr"]) - row["probability"]) > TOLERANCE:
            return f"{pair}: its probability does not follow from prior and evidence"
    return None


def _evidence(case: Case) -> str | None:
    """A group's part of a link is the sum of the pieces that count, cut off at the model's cap for the group."""
    if not case.has("evidence"):
        return None
    evidence, pair = case.tables["evidence"], ["account_a", "account_b"]
    if evidence.join(case.tables["links"], on=pair, how="anti").height:
        return "a piece of evidence belongs to no link"
    caps = case.facts["model"].get("caps") or {}
    if set(caps) != set(GROUPS):
        return "the model's caps of the groups of evidence are not stated"
    caps = {group: float(cap) for group, cap in caps.items()}  # canonical JSON writes 4.0 as 4
    columns = {f"log10_lr_{group}": group for group in GROUPS}
    parts = (
        case.tables["links"]
        .select(*pair, *columns)
        .unpivot(index=pair, variable_name="group", value_name="part")
    )
    parts = parts.with_columns(
        pl.col("group").replace_strict(columns),
        cap=pl.col("group").replace_strict(columns).replace_strict(caps),
    )
    counted = evidence.filter("used").group_by(*pair, "group").agg(total=pl.col("log10_lr").sum())
    merged = parts.join(counted, on=[*pair, "group"], how="left").with_columns(
        expected=pl.col("total").fill_null(0.0).clip(-pl.col("cap"), pl.col("cap"))
    )
    wrong = merged.filter((pl.col("part").fill_null(0.0) - pl.col("expected")).abs() > TOLERANCE)
    if wrong.height:
        row = wrong.row(0, named=True)
        return (
            f"the {row['group']} part of the link of {row['account_a']} and {row['account_b']} is not the sum of"
            " the pieces of evidence that count"
        )
    return None


def _sources(case: Case) -> str | None:
    """Holdings and evidence of members are in the signal rows that they name."""
    if case.audience != "full":
        return None
    named = [
        ("holding", case.tables["holdings"].select("account_id", "signal", "value", "kind", row="first_row")),
        *(
            ("piece of evidence", case.tables["evidence"].select(
                "signal", "value", "kind", account_id=f"account_{end}", row=f"row_{end}"
            ))
            for end in ("a", "b")
        ),
    ]  # fmt: skip
    members = case.tables["members"].select("account_id")
    for what, frame in named:
        rows = frame.drop_nulls(["row", "value"]).join(members, on="account_id", how="semi")
        for (signal,), part in rows.group_by("signal", maintain_order=True):
            if _not_in_rows(case, str(signal), part):
                return f"a {what} of the signal {signal} names a row that does not say so"
    return None


def _not_in_rows(case: Case, name: str, named: pl.DataFrame) -> bool:
    signal = SIGNAL.get(name)
    table = case.tables.get(f"signals/{signal.table}") if signal else None
    if signal is None or table is None or signal.column not in table.columns:
        return False
    columns = [c for c in (signal.column, "ip_id" if signal.column == "ip" else "") if c in table.columns]
    held = table.select("row", holder="account_id", held=pl.coalesce(columns))
    joined = named.join(held, on="row", how="left")
    # An account's own wallet is named by a row of whoever dealt with it, who may stand outside the ring.
    own = pl.col("kind").eq_missing("own")
    wrong_value = pl.col("held").ne_missing(pl.col("value")) & ~(own & pl.col("holder").is_null())
    wrong_holder = pl.col("holder").ne_missing(pl.col("account_id")) & ~own
    return not joined.filter(wrong_value | wrong_holder).is_empty()


_CHECKS: Final[tuple[Callable[[Case], str | None], ...]] = (
    _rings,
    _posterior,
    _members,
    _requests,
    _links,
    _evidence,
    _sources,
    _conditions,
)

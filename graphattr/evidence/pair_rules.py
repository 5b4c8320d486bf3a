"""Rules for figures about one pair of accounts: its pieces, the fewest it hangs on, and comparable accounts."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import polars as pl

from graphattr.evidence.case import Case
from graphattr.evidence.figures import Amount
from graphattr.evidence.pair_sums import (
    MILLIONTHS,
    Ledger,
    Piece,
    Removal,
    least_removal,
    millionths,
    slots_of,
)
from graphattr.evidence.rulebook import link_of, probability, rule
from graphattr.records import GROUPS

#: Most accounts that one end of a pair is exchanged for.
PLACEBOS = 1000


# --- the sum ---


@rule("link.odds", "log10", ("links",), "the link's `log10_prior_odds` and `log10_lr` added")
def _odds(case: Case, a: str, b: str) -> Amount:
    return Amount(ledger_of(case, a, b).log_odds / MILLIONTHS)


@rule("link.cut", "log10", ("evidence", "links"), "the group's part of the link less the sum of its pieces")
def _cut(case: Case, a: str, b: str, group: str) -> Amount:
    ledger = ledger_of(case, a, b)
    stated = sum(slot[0].weight for slot in ledger.slots.get(group, ()))
    return Amount((ledger.parts[group] - stated) / MILLIONTHS)


@rule("piece.lr", "log10", ("evidence",), "`log10_lr` of the piece of evidence of the pair")
def _piece_lr(case: Case, a: str, b: str, group: str, signal: str, *value: str) -> Amount:
    same = pl.col("value").eq_missing(pl.lit(value[0] if value else None, pl.String))
    found = evidence_of(case, a, b).filter((pl.col("group") == group) & (pl.col("signal") == signal) & same)
    return Amount(found["log10_lr"][0] if found.height else None)


@rule("link.idle", "pieces", ("evidence",), "pieces of evidence of the pair that are not `used`")
def _idle(case: Case, a: str, b: str) -> Amount:
    return Amount(evidence_of(case, a, b).filter(~pl.col("used")).height)


def evidence_of(case: Case, a: str, b: str) -> pl.DataFrame:
    """The rows of evidence of a pair (a < b)."""
    return case.tables["evidence"].filter((pl.col("account_a") == a) & (pl.col("account_b") == b))


def ledger_of(case: Case, a: str, b: str) -> Ledger:
    """The sum behind a linked pair (a < b)."""
    link = link_of(case, a, b).row(0, named=True)
    columns = ("group", "signal", "value", "kind", "log10_lr", "used")
    pieces = [
        Piece(group, signal, value, kind, millionths(weight), used)
        for group, signal, value, kind, weight, used in evidence_of(case, a, b).select(columns).iter_rows()
    ]
    caps = case.facts["model"].get("caps") or {}
    return Ledger(
        millionths(link["log10_prior_odds"]),
        {group: millionths(link[f"log10_lr_{group}"]) for group in GROUPS},
        slots_of(pieces),
        {group: millionths(cap) for group, cap in caps.items()},
    )


# --- what would change the answer ---


@rule(
    "link.least",
    "pieces",
    ("evidence", "links"),
    "the fewest pieces without which the probability is below one half; a weaker one takes the place of each",
)
def _least(case: Case, a: str, b: str) -> Amount:
    removal = removal_of(case, a, b)
    return Amount(None if removal is None else len(removal.pieces))


@rule(
    "link.without_least",
    "probability",
    ("evidence", "links"),
    "the link's probability without the fewest pieces that it hangs on (`link.least`)",
)
def _without_least(case: Case, a: str, b: str) -> Amount:
    removal = removal_of(case, a, b)
    return Amount(None if removal is None else probability(removal.log_odds / MILLIONTHS))


@rule(
    "link.without_support",
    "probability",
    ("evidence", "links"),
    "the link's probability without any piece of evidence that speaks for it",
)
def _without_support(case: Case, a: str, b: str) -> Amount:
    ledger = ledger_of(case, a, b)
    total = ledger.prior
    for group in GROUPS:
        left = (
            next((piece.weight for piece in slot if piece.weight <= 0), 0)
            for slot in ledger.slots.get(group, ())
        )
        total += ledger.cut(group, sum(left))
    return Amount(probability(total / MILLIONTHS))


def removal_of(case: Case, a: str, b: str) -> Removal | None:
    """The fewest pieces that a linked pair (a < b) hangs on."""
    return least_removal(ledger_of(case, a, b))


@rule(
    "link.other_prior",
    "probability",
    ("links",),
    "the link's probability with its prior odds multiplied by the factor",
)
def _other_prior(case: Case, a: str, b: str, factor: str) -> Amount:
    return Amount(probability(ledger_of(case, a, b).log_odds / MILLIONTHS + math.log10(float(factor))))


# --- placebo: one end exchanged for accounts as active ---


@rule(
    "placebo.accounts",
    "accounts",
    ("signals/accounts", "signals/usage"),
    "accounts with between half and twice the requests of the one exchanged (all others without a table usage); a"
    " draw of at most a thousand of them, with a seed from the pair",
)
def _placebos(case: Case, kept: str, exchanged: str) -> Amount:
    return Amount(len(comparable(case, kept, exchanged)))


_AS_STRONG = (
    "comparable accounts (`placebo.accounts`) whose link to the kept one has at least the pair's `log10_lr`"
)


@rule("placebo.as_strong", "accounts", ("links", "signals/accounts", "signals/usage"), _AS_STRONG)
def _as_strong(case: Case, kept: str, exchanged: str) -> Amount:
    return Amount(len(as_strong(case, kept, exchanged)))


@rule(
    "placebo.share",
    "share",
    ("links", "signals/accounts", "signals/usage"),
    "`placebo.as_strong` divided by `placebo.accounts`",
)
def _share(case: Case, kept: str, exchanged: str) -> Amount:
    among = len(comparable(case, kept, exchanged))
    return Amount(round(len(as_strong(case, kept, exchanged)) / among, 6) if among else None)


@rule(
    "placebo.same_ring",
    "accounts",
    ("links", "members", "signals/accounts", "signals/usage"),
    f"{_AS_STRONG}, and who are members of its ring",
)
def _same_ring(case: Case, kept: str, exchanged: str) -> Amount:
    ring = case.tables["members"].filter(pl.col("account_id") == kept)["ring_id"]
    mates = case.tables["members"].filter(pl.col("ring_id").is_in(ring.implode()))["account_id"]
    return Amount(len(set(as_strong(case, kept, exchanged)) & set(mates)))


def comparable(case: Case, kept: str, exchanged: str) -> list[str]:
    """Accounts as active as `exchanged`, neither of the two among them, sorted; at most `PLACEBOS`."""
    others = case.tables["signals/accounts"].lazy().select("account_id").unique()
    usage = case.tables.get("signals/usage")
    if usage is not None:
        requests = pl.col("requests").fill_null(1).cast(pl.Float64).sum()
        amounts = usage.lazy().group_by("account_id").agg(amount=requests)
        own = usage.filter(pl.col("account_id") == exchanged).select(requests).item()
        near = amounts.filter((pl.col("amount") * 2 >= own) & (pl.col("amount") <= own * 2))
        # Accounts without a row made no request: as many as one that is exchanged and made none.
        others = (
            others.join(amounts.filter(pl.col("amount") > 0), on="account_id", how="anti")
            if own == 0
            else near
        )
    others = others.select("account_id").filter(~pl.col("account_id").is_in([kept, exchanged]))
    found = others.sort("account_id").collect()["account_id"]
    if len(found) > PLACEBOS:
        seed = int.from_bytes(hashlib.sha256(f"{kept}\0{exchanged}".encode()).digest()[:8], "big")
        drawn = np.random.default_rng(seed).choice(len(found), PLACEBOS, replace=False)
        found = found.gather(np.sort(drawn))
    return found.to_list()


def as_strong(case: Case, kept: str, exchanged: str) -> list[str]:
    """Comparable accounts with at least as strong a link to `kept` as `exchanged` has, sorted.

    Pairs that are not in links fell below the run's least probability: they count as weaker.
    """
    own = link_of(case, *sorted((kept, exchanged)))["log10_lr"][0]
    links = case.tables["links"].filter(pl.col("log10_lr") >= own)
    ends = (("account_a", "account_b"), ("account_b", "account_a"))
    linked = {other for this, that in ends for other in links.filter(pl.col(this) == kept)[that].to_list()}
    return [account for account in comparable(case, kept, exchanged) if account in linked]

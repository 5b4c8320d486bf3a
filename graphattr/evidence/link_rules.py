"""The rules of what is said of links and of shared values, in a ring and out of it."""

from __future__ import annotations

import polars as pl

from graphattr.evidence.case import Case
from graphattr.evidence.figures import Amount
from graphattr.evidence.rulebook import EVEN, cell, link_of, probability, rule
from graphattr.records import GROUPS


@rule("ring.pairs", "pairs", ("rings",), "`size` times (`size` - 1), halved")
def _pairs(case: Case, ring: str) -> Amount:
    size = int(cell(case.of_ring("rings", ring), "size"))
    return Amount(size * (size - 1) // 2)


@rule("ring.links", "pairs", ("links", "members"), "links with both accounts in the ring")
def _links(case: Case, ring: str) -> Amount:
    return Amount(case.inner("links", ring).height)


@rule("ring.unlinked", "pairs", ("links", "members"), "pairs of members without a link")
def _unlinked(case: Case, ring: str) -> Amount:
    size = len(case.accounts(ring))
    return Amount(size * (size - 1) // 2 - case.inner("links", ring).height)


@rule("ring.single_group", "pairs", ("links", "members"), "links in the ring for which only one group speaks")
def _single_group(case: Case, ring: str) -> Amount:
    speaks = pl.sum_horizontal((pl.col(f"log10_lr_{group}") > 0).cast(pl.Int64) for group in GROUPS)
    return Amount(case.inner("links", ring).filter(speaks == 1).height)


@rule("ring.for", "pairs", ("links", "members"), "links in the ring for which the group speaks (above zero)")
def _for(case: Case, ring: str, group: str) -> Amount:
    return Amount(case.inner("links", ring).filter(pl.col(f"log10_lr_{group}") > 0).height)


@rule(
    "ring.against",
    "pairs",
    ("links", "members"),
    "links in the ring against which the group speaks (below zero)",
)
def _against(case: Case, ring: str, group: str) -> Amount:
    return Amount(case.inner("links", ring).filter(pl.col(f"log10_lr_{group}") < 0).height)


@rule(
    "ring.outside_stronger",
    "accounts",
    ("links", "members"),
    "members whose most probable link leads out of the ring",
)
def _outside_stronger(case: Case, ring: str) -> Amount:
    best = {}
    for side in ("inner", "outer"):
        links = case.inner("links", ring) if side == "inner" else case.outer("links", ring)
        ends = pl.concat(
            [
                links.select(pl.col(end).alias("account_id"), "probability")
                for end in ("account_a", "account_b")
            ]
        )
        best[side] = ends.group_by("account_id").agg(pl.col("probability").max().alias(side))
    both = case.of_ring("members", ring).select("account_id")
    both = both.join(best["inner"], on="account_id", how="left").join(
        best["outer"], on="account_id", how="left"
    )
    return Amount(both.filter(pl.col("outer").fill_null(0) > pl.col("inner").fill_null(0)).height)


@rule(
    "ring.linked_outside",
    "accounts",
    ("links", "members"),
    "accounts outside the ring with a link of probability one half or more to a member",
)
def _linked_outside(case: Case, ring: str) -> Amount:
    links = case.outer("links", ring).filter(pl.col("probability") >= EVEN)
    ends = pl.concat([links["account_a"], links["account_b"]]).unique()
    return Amount(ends.filter(~ends.is_in(case.accounts(ring))).len())


@rule(
    "ring.shared_outside",
    "values",
    ("evidence", "holdings", "members"),
    "shared values that count for a link in the ring and that accounts outside the ring hold too",
)
def _shared_outside(case: Case, ring: str) -> Amount:
    used = case.inner("evidence", ring).filter(pl.col("used") & pl.col("value").is_not_null())
    ours = case.tables["holdings"].filter(pl.col("account_id").is_in(case.accounts(ring)))
    held = ours.group_by("signal", "value").agg(pl.col("account_id").n_unique().alias("inside"))
    values = used.group_by("signal", "value").agg(pl.col("holders").max())
    joined = values.join(held, on=["signal", "value"], how="left")
    return Amount(joined.filter(pl.col("holders") > pl.col("inside").fill_null(0)).height)


def _piece(case: Case, ring: str, signal: str, value: str) -> pl.DataFrame:
    return case.inner("evidence", ring).filter((pl.col("signal") == signal) & (pl.col("value") == value))


@rule("value.links", "pairs", ("evidence", "members"), "links in the ring for which the value counts")
def _value_links(case: Case, ring: str, signal: str, value: str) -> Amount:
    return Amount(_piece(case, ring, signal, value).filter("used").height)


@rule("value.holders", "accounts", ("evidence", "members"), "`holders` of the value in the evidence")
def _value_holders(case: Case, ring: str, signal: str, value: str) -> Amount:
    return Amount(cell(_piece(case, ring, signal, value), "holders"))


@rule("value.members", "accounts", ("holdings", "members"), "members who hold the value")
def _value_members(case: Case, ring: str, signal: str, value: str) -> Amount:
    held = case.tables["holdings"].filter((pl.col("signal") == signal) & (pl.col("value") == value))
    return Amount(held.filter(pl.col("account_id").is_in(case.accounts(ring)))["account_id"].n_unique())


@rule("link.probability", "probability", ("links",), "the link's `probability`")
def _probability(case: Case, a: str, b: str) -> Amount:
    return Amount(cell(link_of(case, a, b), "probability"))


@rule(
    "link.low",
    "probability",
    ("links",),
    "the link's `low`: where the calibration of one world in twenty lay below",
)
def _low(case: Case, a: str, b: str) -> Amount:
    return Amount(cell(link_of(case, a, b), "low"))


@rule(
    "link.high",
    "probability",
    ("links",),
    "the link's `high`: where the calibration of one world in twenty lay above",
)
def _high(case: Case, a: str, b: str) -> Amount:
    return Amount(cell(link_of(case, a, b), "high"))


@rule("link.lr", "log10", ("links",), "the link's `log10_lr`: the sum of its groups")
def _lr(case: Case, a: str, b: str) -> Amount:
    return Amount(cell(link_of(case, a, b), "log10_lr"))


@rule("link.prior", "log10", ("links",), "the link's `log10_prior_odds`")
def _prior(case: Case, a: str, b: str) -> Amount:
    return Amount(cell(link_of(case, a, b), "log10_prior_odds"))


@rule("link.group", "log10", ("links",), "the link's `log10_lr_` column of the group")
def _group(case: Case, a: str, b: str, group: str) -> Amount:
    return Amount(cell(link_of(case, a, b), f"log10_lr_{group}"))


@rule("link.without", "probability", ("links",), "the link's probability if the group's part is left out")
def _without(case: Case, a: str, b: str, group: str) -> Amount:
    link = link_of(case, a, b)
    log10_odds = (
        cell(link, "log10_prior_odds") + cell(link, "log10_lr") - (cell(link, f"log10_lr_{group}") or 0.0)
    )
    return Amount(probability(log10_odds))

"""The rules that figures are computed by. Each takes a case and text arguments; none looks anywhere else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import polars as pl

from graphattr.evidence.case import Case
from graphattr.evidence.figures import Amount, Rule
from graphattr.records import GROUPS, HYPOTHESES, Tier

RULES: Final[dict[str, Rule]] = {}
#: The matrix row with the log10 prior probabilities (attribution.hypotheses).
PRIOR_ROW: Final = "prior"
#: From this probability on something is more likely than not.
EVEN: Final = 0.5


Computation = TypeVar("Computation", bound=Callable[..., Amount])


def rule(
    name: str, unit: str, needs: tuple[str, ...], derivation: str, parts: tuple[str, ...] = ()
) -> Callable[[Computation], Computation]:
    """Enters a computation in `RULES` (the arguments of `figures.Rule`)."""

    def add(compute: Computation) -> Computation:
        RULES[name] = Rule(name, unit, needs, derivation, compute, parts)
        return compute

    return add


def _row(frame: pl.DataFrame, column: str) -> Any:
    return frame[column][0] if frame.height else None


# --- rings and members ---


@rule("ring.size", "accounts", ("rings",), "the ring's `size`")
def _size(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "size"))


@rule("ring.requests", "requests", ("rings",), "the ring's `requests`")
def _requests(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "requests"))


@rule("ring.factor_low", "log10", ("rings",), "the ring's `log10_bf_low`")
def _factor_low(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "log10_bf_low"))


@rule("ring.factor_high", "log10", ("rings",), "the ring's `log10_bf_high`")
def _factor_high(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "log10_bf_high"))


@rule("ring.factor_cap", "factor", ("rings",), "the ring's `bf_cap`")
def _factor_cap(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "bf_cap"))


@rule(
    "ring.operator_probability",
    "probability",
    ("rings", "rings.operator_probability"),
    "the ring's `operator_probability`",
)
def _operator(case: Case, ring: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), "operator_probability"))


_TIERS: Final = tuple(f"ring.{tier}" for tier in Tier)


def _tier_rule(tier: Tier) -> None:
    words = f"members of the ring with tier `{tier}`"

    @rule(f"ring.{tier}", "accounts", ("members",), words, _TIERS)
    def _tier(case: Case, ring: str) -> Amount:
        return Amount(case.of_ring("members", ring).filter(pl.col("tier") == tier.value).height)


for _name in Tier:
    _tier_rule(_name)


@rule("ring.doubtful", "accounts", ("members",), "members whose interval (`low`) reaches below one half")
def _doubtful(case: Case, ring: str) -> Amount:
    return Amount(case.of_ring("members", ring).filter(pl.col("low") < EVEN).height)


def _member_rule(column: str) -> None:
    @rule(f"member.{column}", "probability", ("members",), f"the member's `{column}`")
    def _member(case: Case, ring: str, account: str) -> Amount:
        found = case.of_ring("members", ring).filter(pl.col("account_id") == account)
        if column != "probability":
            return Amount(_row(found, column))
        return Amount(*(_row(found, name) for name in ("probability", "low", "high")))


for _column in ("probability", "low", "high"):
    _member_rule(_column)


# --- hypotheses ---


@rule("hypothesis.p", "probability", ("rings",), "the ring's `p_` column of the hypothesis")
def _p(case: Case, ring: str, hypothesis: str) -> Amount:
    return Amount(_row(case.of_ring("rings", ring), f"p_{hypothesis}"))


@rule(
    "hypothesis.sum",
    "log10",
    ("matrix",),
    "sum of the hypothesis's `log10_lr_` column over the ring's matrix, its prior apart",
)
def _sum(case: Case, ring: str, hypothesis: str) -> Amount:
    matrix = case.of_ring("matrix", ring).filter(pl.col("statistic") != PRIOR_ROW)
    return Amount(math.fsum(matrix[f"log10_lr_{hypothesis}"].drop_nulls()))


@rule("hypothesis.prior", "probability", ("matrix",), "ten to the power of the matrix's row `prior`")
def _hypothesis_prior(case: Case, ring: str, hypothesis: str) -> Amount:
    log = _row(_statistic(case, ring, PRIOR_ROW), f"log10_lr_{hypothesis}")
    return Amount(None if log is None else round(10.0**log, 9))


@rule(
    "hypothesis.without",
    "probability",
    ("matrix",),
    "the hypothesis's posterior from the matrix with the statistic left out",
)
def _hypothesis_without(case: Case, ring: str, hypothesis: str, statistic: str) -> Amount:
    rest = case.of_ring("matrix", ring).filter(pl.col("statistic") != statistic)
    logs = {name: math.fsum(rest[f"log10_lr_{name}"].drop_nulls()) for name in HYPOTHESES}
    shares = {name: 10.0 ** (log - max(logs.values())) for name, log in logs.items()}
    return Amount(round(shares[hypothesis] / math.fsum(shares.values()), 9))


@rule("matrix.value", "value", ("matrix", "matrix.value"), "`value` of the statistic in the ring's matrix")
def _value(case: Case, ring: str, statistic: str) -> Amount:
    return Amount(_row(_statistic(case, ring, statistic), "value"))


@rule("matrix.lr", "log10", ("matrix",), "the hypothesis's `log10_lr_` column of the statistic")
def _matrix_lr(case: Case, ring: str, statistic: str, hypothesis: str) -> Amount:
    return Amount(_row(_statistic(case, ring, statistic), f"log10_lr_{hypothesis}"))


def _statistic(case: Case, ring: str, statistic: str) -> pl.DataFrame:
    return case.of_ring("matrix", ring).filter(pl.col("statistic") == statistic)


# --- links ---


@rule("ring.pairs", "pairs", ("rings",), "`size` times (`size` - 1), halved")
def _pairs(case: Case, ring: str) -> Amount:
    size = int(_row(case.of_ring("rings", ring), "size"))
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
    return Amount(_row(_piece(case, ring, signal, value), "holders"))


@rule("value.members", "accounts", ("holdings", "members"), "members who hold the value")
def _value_members(case: Case, ring: str, signal: str, value: str) -> Amount:
    held = case.tables["holdings"].filter((pl.col("signal") == signal) & (pl.col("value") == value))
    return Amount(held.filter(pl.col("account_id").is_in(case.accounts(ring)))["account_id"].n_unique())


@rule("link.probability", "probability", ("links",), "the link's `probability`")
def _probability(case: Case, a: str, b: str) -> Amount:
    return Amount(_row(link_of(case, a, b), "probability"))


@rule(
    "link.low",
    "probability",
    ("links",),
    "the link's `low`: where the calibration of one world in twenty lay below",
)
def _low(case: Case, a: str, b: str) -> Amount:
    return Amount(_row(link_of(case, a, b), "low"))


@rule(
    "link.high",
    "probability",
    ("links",),
    "the link's `high`: where the calibration of one world in twenty lay above",
)
def _high(case: Case, a: str, b: str) -> Amount:
    return Amount(_row(link_of(case, a, b), "high"))


@rule("link.lr", "log10", ("links",), "the link's `log10_lr`: the sum of its groups")
def _lr(case: Case, a: str, b: str) -> Amount:
    return Amount(_row(link_of(case, a, b), "log10_lr"))


@rule("link.prior", "log10", ("links",), "the link's `log10_prior_odds`")
def _prior(case: Case, a: str, b: str) -> Amount:
    return Amount(_row(link_of(case, a, b), "log10_prior_odds"))


@rule("link.group", "log10", ("links",), "the link's `log10_lr_` column of the group")
def _group(case: Case, a: str, b: str, group: str) -> Amount:
    return Amount(_row(link_of(case, a, b), f"log10_lr_{group}"))


@rule("link.without", "probability", ("links",), "the link's probability if the group's part is left out")
def _without(case: Case, a: str, b: str, group: str) -> Amount:
    link = link_of(case, a, b)
    log10_odds = (
        _row(link, "log10_prior_odds") + _row(link, "log10_lr") - (_row(link, f"log10_lr_{group}") or 0.0)
    )
    return Amount(probability(log10_odds))


def probability(log10_odds: float) -> float:
    """Odds as a decimal logarithm to a probability, without overflow."""
    if log10_odds >= 0:
        return 1.0 / (1.0 + math.pow(10.0, -log10_odds))
    odds = math.pow(10.0, log10_odds)
    return odds / (1.0 + odds)


def link_of(case: Case, a: str, b: str) -> pl.DataFrame:
    """The row of links of a pair (a < b), if there is one."""
    return case.tables["links"].filter((pl.col("account_a") == a) & (pl.col("account_b") == b))


# --- what the other signals say of the members ---


def _signal(case: Case, table: str, ring: str, column: str) -> pl.DataFrame | None:
    frame = case.tables.get(f"signals/{table}")
    if frame is None or column not in frame.columns:
        return None
    return frame.filter(pl.col("account_id").is_in(case.accounts(ring)))


@rule("labels.rows", "rows", ("signals/labels",), "labels of members")
def _labels(case: Case, ring: str) -> Amount:
    found = _signal(case, "labels", ring, "operator")
    return Amount(None if found is None else found.height)


@rule("labels.independent", "accounts", ("signals/labels",), "members with a label that names no operator")
def _independent(case: Case, ring: str) -> Amount:
    found = _signal(case, "labels", ring, "operator")
    return Amount(
        None if found is None else found.filter(pl.col("operator").is_null())["account_id"].n_unique()
    )


@rule("labels.operators", "operators", ("signals/labels",), "different operators that labels of members name")
def _operators(case: Case, ring: str) -> Amount:
    found = _signal(case, "labels", ring, "operator")
    return Amount(None if found is None else found["operator"].drop_nulls().n_unique())


@rule("events.appealed", "accounts", ("signals/events",), "members with an event `appeal` or `reinstated`")
def _appealed(case: Case, ring: str) -> Amount:
    found = _signal(case, "events", ring, "event")
    if found is None:
        return Amount(None)
    return Amount(found.filter(pl.col("event").is_in(["appeal", "reinstated"]))["account_id"].n_unique())


def _distinct_rule(name: str, column: str, words: str) -> None:
    @rule(name, "values", ("signals/accounts",), words)
    def _distinct(case: Case, ring: str) -> Amount:
        found = _signal(case, "accounts", ring, column)
        return Amount(None if found is None else found[column].drop_nulls().n_unique())


_distinct_rule("accounts.organisations", "organisation_id", "different organisations that members state")
_distinct_rule("accounts.countries", "country", "different countries that members state")


# --- the run ---


def _fact_rule(name: str, unit: str, path: tuple[str, ...], words: str) -> None:
    @rule(name, unit, (), words)
    def _fact(case: Case) -> Amount:
        value: Any = case.facts
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return Amount(value if isinstance(value, int | float) else None)


_fact_rule("run.alpha", "share", ("settings", "attribution", "alpha"), "the setting attribution.alpha")
_fact_rule(
    "run.min_probability",
    "probability",
    ("settings", "links", "min_probability"),
    "the setting links.min_probability",
)
_fact_rule("run.prior", "log10", ("links", "log10_prior_odds"), "log10_prior_odds of the run's links")
_fact_rule("run.candidates", "pairs", ("links", "candidates"), "candidate pairs that the run scored")
_fact_rule("run.known_rings", "rings", ("known_rings", "n"), "known_rings.n of the run")


def best_of(case: Case, ring: str, among: tuple[str, ...] | None) -> str:
    """The most probable hypothesis of some, or of all; among equals the first in order of `HYPOTHESES`."""
    row = case.of_ring("rings", ring)
    names = [name for name in HYPOTHESES if among is None or name in among]
    return max(names, key=lambda name: _row(row, f"p_{name}") or 0.0)

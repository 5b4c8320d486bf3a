"""The rules of what is said of a ring, its members and its hypotheses, and of the run."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl

from graphattr.attribution.answers import RELIABILITY, ratios
from graphattr.attribution.spans import spans
from graphattr.evidence.case import Case
from graphattr.evidence.figures import Amount
from graphattr.evidence.rulebook import EVEN, cell, rule
from graphattr.records import HYPOTHESES, PRIOR_ROW, Tier

# --- rings and members ---


@rule("ring.size", "accounts", ("rings",), "the ring's `size`")
def _size(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "size"))


@rule("ring.requests", "requests", ("rings",), "the ring's `requests`")
def _requests(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "requests"))


@rule("ring.factor_low", "log10", ("rings",), "the ring's `log10_bf_low`")
def _factor_low(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "log10_bf_low"))


@rule("ring.factor_high", "log10", ("rings",), "the ring's `log10_bf_high`")
def _factor_high(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "log10_bf_high"))


@rule("ring.factor_cap", "factor", ("rings",), "the ring's `bf_cap`")
def _factor_cap(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "bf_cap"))


@rule(
    "ring.operator_probability",
    "probability",
    ("rings", "rings.operator_probability"),
    "the ring's `operator_probability`",
)
def _operator(case: Case, ring: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), "operator_probability"))


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
            return Amount(cell(found, column))
        return Amount(*(cell(found, name) for name in ("probability", "low", "high")))


for _column in ("probability", "low", "high"):
    _member_rule(_column)


# --- hypotheses ---


@rule("hypothesis.p", "probability", ("rings",), "the ring's `p_` column of the hypothesis")
def _p(case: Case, ring: str, hypothesis: str) -> Amount:
    return Amount(cell(case.of_ring("rings", ring), f"p_{hypothesis}"))


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
    log = cell(_statistic(case, ring, PRIOR_ROW), f"log10_lr_{hypothesis}")
    return Amount(None if log is None else round(10.0**log, 9))


@rule(
    "hypothesis.without",
    "probability",
    ("matrix",),
    "the hypothesis's posterior from the matrix with the statistic left out",
)
def _hypothesis_without(case: Case, ring: str, hypothesis: str, statistic: str) -> Amount:
    return Amount(without_statistic(case, ring, statistic)[hypothesis])


def without_statistic(case: Case, ring: str, statistic: str) -> dict[str, float]:
    """Each hypothesis's posterior from the ring's matrix with a statistic left out."""
    return _posterior(case.of_ring("matrix", ring).filter(pl.col("statistic") != statistic))


@rule(
    "hypothesis.answered",
    "probability",
    ("matrix",),
    "the hypothesis's posterior from the matrix and an answer from outside that it does not have, as a source of"
    " Admiralty A would report it of an account that surely is a member (`graphattr.attribution.answers`)",
)
def _hypothesis_answered(case: Case, ring: str, hypothesis: str, answer: str) -> Amount:
    return Amount(with_answer(case, ring, answer)[hypothesis])


def with_answer(case: Case, ring: str, answer: str) -> dict[str, float]:
    """Each hypothesis's posterior from the ring's matrix and an answer from outside of a source of Admiralty A."""
    more = dict(zip(HYPOTHESES, ratios(answer, RELIABILITY["A"]), strict=True))
    return _posterior(case.of_ring("matrix", ring), more)


def _posterior(matrix: pl.DataFrame, more: dict[str, float] | None = None) -> dict[str, float]:
    """Posterior of each hypothesis from rows of a matrix and log10 ratios that are not in it."""
    logs = {
        name: math.fsum([*matrix[f"log10_lr_{name}"].drop_nulls(), (more or {}).get(name, 0.0)])
        for name in HYPOTHESES
    }
    shares = {name: 10.0 ** (log - max(logs.values())) for name, log in logs.items()}
    return {name: round(share / math.fsum(shares.values()), 9) for name, share in shares.items()}


@rule("matrix.value", "value", ("matrix", "matrix.value"), "`value` of the statistic in the ring's matrix")
def _value(case: Case, ring: str, statistic: str) -> Amount:
    return Amount(cell(_statistic(case, ring, statistic), "value"))


@rule("matrix.lr", "log10", ("matrix",), "the hypothesis's `log10_lr_` column of the statistic")
def _matrix_lr(case: Case, ring: str, statistic: str, hypothesis: str) -> Amount:
    return Amount(cell(_statistic(case, ring, statistic), f"log10_lr_{hypothesis}"))


def _statistic(case: Case, ring: str, statistic: str) -> pl.DataFrame:
    return case.of_ring("matrix", ring).filter(pl.col("statistic") == statistic)


#: The statistic that tells how many sets without private work in common a ring's accounts fall into, a share of them.
WORK_SETS: Final = "behaviour_clusters"


@rule("ring.workers", "accounts", ("matrix", "matrix.n"), f"`n` of `{WORK_SETS}` in the ring's matrix")
def _workers(case: Case, ring: str) -> Amount:
    return Amount(cell(_statistic(case, ring, WORK_SETS), "n"))


@rule(
    "ring.work_sets",
    "sets",
    ("matrix", "matrix.value", "matrix.n"),
    f"`value` of `{WORK_SETS}` in the ring's matrix, times its `n`",
)
def _work_sets(case: Case, ring: str) -> Amount:
    row = _statistic(case, ring, WORK_SETS)
    share, accounts = cell(row, "value"), cell(row, "n")
    return Amount(None if share is None or accounts is None else round(share * accounts))


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


@rule(
    "events.handed_over",
    "accounts",
    ("holdings", "holdings.first_seen", "evidence", "signals/accounts", "signals/events"),
    "members who changed hands: at a change of their password or address, all devices before and after differ, and all"
    " values that link them with the ring lie on one side (`graphattr.attribution.spans`)",
)
def _handed_over(case: Case, ring: str) -> Amount:
    found = handed_over(case, ring)
    return Amount(None if found is None else found.height)


def handed_over(case: Case, ring: str) -> pl.DataFrame | None:
    """The members of a ring who changed hands, by the rows of the case (`records.SPANS`); None without such rows."""
    accounts = _signal(case, "accounts", ring, "created_at")
    events = _signal(case, "events", ring, "observed_at")
    if accounts is None or events is None:
        return None
    tables = (accounts, case.tables["holdings"], case.tables["evidence"], events)
    return spans(case.of_ring("members", ring), *(table.lazy() for table in tables))


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

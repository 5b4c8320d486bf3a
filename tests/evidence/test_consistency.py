"""What tables must have to do with each other: each contradiction is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graphattr.evidence.assemble import assemble
from graphattr.evidence.case import Case, read_case
from graphattr.evidence.consistency import factor_range, posterior, problems
from graphattr.evidence.rulebook import probability

from .hands import SOLD, handed
from .runs import TIME
from .tampering import forge
from .test_verify import failing_step

FIRST = pl.int_range(pl.len()) == 0


@pytest.fixture(scope="module")
def case(run: Path) -> Case:
    return read_case(run, ["ring-1"])


def altered(case: Case, table: str, *changes: pl.Expr) -> Case:
    return replace(case, tables=case.tables | {table: case.tables[table].with_columns(*changes)})


def first(column: str, value: object) -> pl.Expr:
    """The column with another value in the first row."""
    return pl.when(FIRST).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


def test_a_consistent_case(case: Case) -> None:
    assert problems(case) is None


def test_requests_in_other_hands_are_not_the_rings(case: Case) -> None:
    sold = handed(case)
    assert problems(sold) is None  # all that it did was before
    theirs = pl.col("account_id") == "acc-a2"
    later = pl.when(theirs).then(pl.lit(SOLD)).otherwise("observed_at").cast(TIME).alias("observed_at")
    used = altered(sold, "signals/usage", later)
    assert problems(used) == "the requests of ring-1 are not the sum of its members' usage in its hands"
    amount = used.tables["signals/usage"].filter(theirs)["requests"].sum()
    assert amount > 0
    assert problems(altered(used, "rings", pl.col("requests") - amount)) is None
    # Without times of use nobody can say whose it was.
    tables = used.tables | {"signals/usage": used.tables["signals/usage"].drop("observed_at")}
    assert problems(replace(used, tables=tables)) is None


CONTRADICTIONS: dict[str, tuple[str, list[pl.Expr], str]] = {
    "ring": ("rings", [pl.lit("ring-7").alias("ring_id")], "other rings"),
    "posterior sum": ("rings", [pl.col("p_reseller") + 0.1], "sum to 1"),
    "posterior negative": (
        "rings",
        [pl.col("p_reseller") - 0.2, pl.col("p_coincidence") + 0.2],
        "sum to 1",
    ),
    "posterior": (
        "rings",
        [pl.col("p_reseller") + 0.05, pl.col("p_organisation") - 0.05],
        "does not follow from the prior",
    ),
    "hypothesis": ("rings", [pl.lit("coincidence").alias("hypothesis")], "not the most probable"),
    "status": ("rings", [pl.lit("sure").alias("status")], "status 'sure'"),
    "factor": ("rings", [pl.col("log10_bf_high") + 0.3], "factor's range"),
    "factor low": ("rings", [pl.col("log10_bf_low") - 0.3], "factor's range"),
    "cap": ("rings", [pl.lit(1.1).alias("bf_cap")], "factor's range"),
    "size": ("rings", [pl.col("size") + 1], "as many accounts"),
    "requests": ("rings", [pl.col("requests") + 1], "sum of its members' usage"),
    "matrix": ("matrix", [pl.col("log10_lr_compromised") + 0.2], "does not follow from the prior"),
    "matrix gap": ("matrix", [first("log10_lr_reseller", None)], "gaps"),
    "no prior": ("matrix", [pl.lit("x").alias("statistic")], "no prior"),
    "tier": ("members", [first("tier", "unresolved")], "tier"),
    "probability": ("members", [first("probability", 1.2)], "no probability"),
    "interval": ("members", [first("low", 0.999)], "no probability with an interval"),
    "twice": ("members", [pl.lit("acc-a1").alias("account_id")], "two rings"),
    "group sum": ("links", [first("log10_lr_device", 0.5)], "groups sum to"),
    "link probability": ("links", [first("probability", 0.9)], "does not follow from prior"),
    "order": ("links", [first("account_a", "acc-z")], "in order"),
    "orphan": ("evidence", [first("account_a", "acc-0")], "belongs to no link"),
    "other sign": ("evidence", [pl.col("log10_lr").neg()], "is not the sum of"),
    "other group": ("evidence", [pl.lit("network").alias("group")], "is not the sum of"),
    "none counts": ("evidence", [pl.lit(False).alias("used")], "is not the sum of"),
    "row": ("evidence", [first("row_a", 5).cast(pl.UInt64)], "does not say so"),
    "value": ("holdings", [first("value", "card-9")], "does not say so"),
    "holder": ("holdings", [pl.lit("acc-a2").alias("account_id")], "does not say so"),
    "alleged": (
        "rings",
        [pl.lit("attributed").alias("status")],
        "does not follow from what an attribution asks",
    ),
    "condition": ("conditions", [pl.lit(True).alias("met")], "does not follow from its figures"),
    "condition unknown": (
        "conditions",
        [pl.lit(None, pl.Boolean).alias("met")],
        "does not follow from its figures",
    ),
    "condition's figure": ("conditions", [pl.col("needed") + 9], "does not follow from its figures"),
    "condition's name": ("conditions", [first("condition", "luck")], "other conditions than graphattr asks"),
    "signal row": ("signals/payments", [pl.lit("card-1").alias("instrument_id")], "does not say so"),
    "signal owner": ("signals/ips", [pl.lit("acc-a1").alias("account_id")], "does not say so"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions(case: Case, name: str) -> None:
    table, changes, message = CONTRADICTIONS[name]
    assert message in str(problems(altered(case, table, *changes)))


def met(case: Case) -> Case:
    """The case with every condition met."""
    rows = case.tables["conditions"].with_columns(
        value=pl.lit(9.0), needed=pl.lit(1.0), met=pl.lit(value=True)
    )
    return replace(case, tables=case.tables | {"conditions": rows})


def test_a_ring_is_alleged_where_it_has_all_that_is_asked(case: Case) -> None:
    attributed = pl.lit("attributed").alias("status")
    assert problems(altered(met(case), "rings", attributed)) is None
    assert "does not follow from what" in str(problems(met(case)))
    # Whoever was set apart has no firm part, and nothing is asked of them.
    none = replace(case, tables=case.tables | {"conditions": case.tables["conditions"].clear()})
    assert problems(none) is None
    assert "does not follow from what" in str(problems(altered(none, "rings", attributed)))


def test_a_group_is_cut_at_its_cap(case: Case) -> None:
    caps = case.facts["model"]["caps"]
    stated = dict.fromkeys(caps, 1.0)
    low = replace(case, facts=case.facts | {"model": case.facts["model"] | {"caps": stated}})
    assert "is not the sum of" in str(problems(low))
    columns = [pl.col(f"log10_lr_{group}").clip(-1.0, 1.0) for group in caps]
    links = case.tables["links"].with_columns(columns)
    links = links.with_columns(log10_lr=pl.sum_horizontal(f"log10_lr_{group}" for group in caps))
    odds = [prior + sum_ for prior, sum_ in links.select("log10_prior_odds", "log10_lr").iter_rows()]
    links = links.with_columns(probability=pl.Series([probability(one) for one in odds]))
    assert problems(replace(low, tables=low.tables | {"links": links})) is None
    none = replace(case, facts=case.facts | {"model": {"caps": {}}})
    assert "caps" in str(problems(none))


@pytest.mark.parametrize("name", ["posterior", "group sum", "row", "requests", "alleged", "condition"])
def test_signed_and_derived_anew_it_is_still_found(case: Case, tmp_path: Path, name: str) -> None:
    """Whoever holds the key changes a table and makes all else fit: tree, figures, report, signature."""
    table, changes, _ = CONTRADICTIONS[name]
    made = forge(assemble(altered(case, table, *changes), bytes(32), "full"))
    assert failing_step(made.write(tmp_path / "f.zip")) == "consistency"


def test_own_wallets_are_named_by_whoever_dealt_with_them(case: Case) -> None:
    """A holding of the kind `own` names a row of the other account, which may stand outside the ring."""
    own = (
        case.tables["holdings"]
        .head(1)
        .with_columns(
            account_id=pl.lit("acc-a8"),
            value=pl.lit("acc-a8"),
            kind=pl.lit("own"),
            first_row=pl.lit(99, pl.UInt64),
        )
    )
    held = replace(case, tables=case.tables | {"holdings": pl.concat([case.tables["holdings"], own])})
    assert problems(held) is None
    wrong = own.with_columns(first_row=pl.lit(0, pl.UInt64))
    held = replace(case, tables=case.tables | {"holdings": pl.concat([case.tables["holdings"], wrong])})
    assert "does not say so" in str(problems(held))


def test_posterior_and_factor_by_hand() -> None:
    logs = [0.0, -9, -9, 0.0, -9, -9, -9]
    assert posterior(logs, [[0.0] * 7]) == pytest.approx([0.5, 0, 0, 0.5, 0, 0, 0], abs=1e-8)
    ratios = [[1.0, 0, 0, 0, 0, 0, 0], [0.5, 0, 0, 0, 0, 0, 0]]
    assert factor_range(ratios, 1000) == pytest.approx((0.5, 1.5))
    assert factor_range(ratios, 10) == pytest.approx((0.5, 1.0))
    assert factor_range(ratios, 2) == pytest.approx((0.30103, 0.30103))
    assert factor_range(ratios, 1) == (0.0, 0.0)
    assert factor_range([], 10) == (0.0, 0.0)

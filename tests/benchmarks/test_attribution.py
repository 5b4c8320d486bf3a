"""The benchmark of attributions: shares by world, which worlds, and the page made of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.attribution.__main__ import FIRST_SEED, worlds
from benchmarks.attribution.figures import Control, _control, intervals, names, ratio, shares
from benchmarks.attribution.page import page
from graphattr.evaluate.bootstrap import Estimate
from graphattr.records import HYPOTHESES
from graphattr.training.rings_classifier import Collected
from models import KnownRings
from models.rings import shipped_ring_model


def test_worlds_are_of_both_families_and_of_seeds_that_nothing_is_fitted_to() -> None:
    found = worlds(40)
    assert min(world.seed for world in found) >= FIRST_SEED
    small = [world.family for world in found if world.preset == "small"]
    assert (small.count("A"), small.count("B")) == (20, 20)
    assert {"sample", "resellers", "companies", "none"} < {world.preset for world in found}
    assert len({world.name for world in found}) == len(found)


def test_a_ratio_is_of_sums_and_its_interval_by_world() -> None:
    top, bottom = np.array([1.0, 0.0, 9.0]), np.array([2.0, 2.0, 12.0])
    found = ratio(top, bottom)
    assert found.value == 10 / 16
    assert found.low is not None
    assert found.high is not None
    assert found.low < 10 / 16 < found.high
    # Nothing seen in three worlds is not nothing.
    none = ratio(np.zeros(3), bottom)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 3))
    assert ratio(np.zeros(2), np.zeros(2)).value is None


def test_shares_leave_no_world_out() -> None:
    rows = pl.DataFrame({"world": ["a", "a", "b"], "good": [True, False, True], "seen": [True, True, False]})
    parts = [("good of seen", pl.col("good") & pl.col("seen"), pl.col("seen"))]
    assert shares(rows, ["a", "b", "c"], parts)["good of seen"].value == 0.5


def ring(size: int, bad: float, score: float) -> dict[str, object]:
    innocents = size if bad == 1 else 0
    return {
        "size": size, "bad": bad, "score": score, "innocents": innocents, "controlled": 0.9, "groups": 3.0,
        "weakest_point": None, "seam": 1.0, "whole": size, "whole_seam": 1.0, "read": True,
    }  # fmt: skip


def test_error_control_is_measured_as_a_mean_over_worlds() -> None:
    schema = {"weakest_point": pl.String}
    of_world = {
        "a": pl.DataFrame([ring(20, 0.1, 2.0), ring(10, 1.0, 0.0)], schema_overrides=schema),
        "b": pl.DataFrame([ring(10, 1.0, 2.0), ring(10, 0.0, 2.0)], schema_overrides=schema),
        "c": pl.DataFrame([ring(10, 0.0, 0.0)], schema_overrides=schema),
    }
    one = KnownRings(
        "test",
        np.full(500, 1.0),
        np.full(500, 10),
        np.zeros(500),
        ("x",) * 500,
        ("A",) * 500,
        np.full(500, 0.9),
    )
    known = KnownRings(**{**vars(one), "tuning": one})
    # A run of the last world would attribute nothing.
    unread = pl.DataFrame([ring(10, 1.0, 2.0)], schema_overrides=schema).with_columns(read=False)
    counts = {"all_operated": 40, "all_innocent": 400}
    found = _control(
        {world: (part, counts) for world, part in {**of_world, "d": unread}.items()}, known, 0.05
    )
    assert found.worlds == 2
    assert found.wrong.value == pytest.approx((0.1 + 0.5 + 0 + 0) / 4)
    assert found.power.value == pytest.approx((20 + 10) / 160)
    assert found.innocent.value == pytest.approx(10 / 1600)


def test_names_are_measured_by_account() -> None:
    fact = {
        "ring_id": "r", "family": "A", "owner": 1, "kind": "single_operator", "accounts": 10, "bad": 0.0,
        "all_known": 20, "all_strangers": 10, "all_innocent": 100,
    }  # fmt: skip
    facts = pl.DataFrame(
        [
            {**fact, "world": "a", "operator": "x", "named_right": 7, "strangers": 2, "innocents": 1},
            {**fact, "world": "b", "operator": None, "named_right": 0, "strangers": 5, "innocents": 0},
        ]
    )
    rows = [{"world": world, "ring_id": "r", "statistic": "banned_share", "value": 0.6} for world in "ab"]
    statistics = pl.DataFrame(rows)
    prior = {name: 0.994 if name == "single_operator" else 0.001 for name in HYPOTHESES}
    model = shipped_ring_model().model_copy(update={"prior": prior})
    none = pl.DataFrame(schema={"world": pl.String, "probability": pl.Float64})
    found = list(names(Collected(facts, statistics, none), model).values())
    assert [one.value for one in found] == [7 / 40, 1.0, 2 / 20, 1 / 200]


def members_of(world: str, right: int, of: int) -> pl.DataFrame:
    belongs = [1.0] * right + [0.0] * (of - right)
    same = {"probability": 0.9, "low": 0.8, "high": 0.95}
    return pl.DataFrame({"world": [world] * of, "belongs": belongs}).with_columns(
        pl.lit(value).alias(name) for name, value in same.items()
    )


@pytest.mark.parametrize(("right", "covered"), [(47, 0), (48, 60), (57, 60), (58, 0)])
def test_intervals_are_kept_by_the_number_of_right_members(right: int, covered: int) -> None:
    rows = pl.concat([members_of("a", 54, 60), members_of("b", right, 60)])
    found = intervals(rows, ["a", "b", "without members"])
    kept = found["members in groups that their intervals cover"]
    assert kept.value == (60 + covered) / 120
    assert found["members who belong"].value == (54 + right) / 120
    assert found["width of an interval"].value == pytest.approx(0.15)


def test_the_page_holds_the_figures_and_says_what_was_kept() -> None:
    def estimate(value: float) -> Estimate:
        return Estimate(value, value / 2, value * 2, 9)

    figures = {family: {"leading hypothesis right": estimate(0.9)} for family in "AB"}
    crossed = {family: {"leading hypothesis right": estimate(0.7)} for family in "AB"}
    kept = Control(0.05, estimate(0.02), 0.1, estimate(0.3), estimate(0.0001), 8)
    broken = Control(0.01, estimate(0.04), 0.1, estimate(0.3), estimate(0.0001), 8)
    named = {family: {"names": estimate(0.5)} for family in "AB"}
    text = page(
        40,
        {"small": 40},
        ("linkage", "a" * 64, "b" * 64, "known"),
        figures,
        crossed,
        {"both families": [broken, kept]},
        named,
        {family: {"members that are covered": estimate(0.45)} for family in "AB"},
    )
    assert "| members that are covered | 45.0 % [22.5 %, 90.0 %] | 45.0 %" in text
    assert "| leading hypothesis right | 90.0 % [45.0 %, 180.0 %] | 90.0 %" in text
    assert "alpha 1%: the promise is broken" in text
    assert "alpha 5%: the promise is kept" in text
    assert "--worlds 40" in text

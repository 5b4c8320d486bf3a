"""What an attribution asks of each ring, and whether it has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.evidence.conditions import CONDITION_WORDS
from graphattr.pipeline.attributing import write_rings
from graphattr.pipeline.conditions import allow, conditions, eligible
from graphattr.pipeline.grouping import Signals
from graphattr.records import CONDITIONS, RunPaths
from graphattr.settings import AttributionSettings, Settings
from models import shipped_rings
from pipeline.test_attributing import known, rings
from pipeline.test_run import before_attribution

FEW = AttributionSettings(alpha=0.01)


def asked(frame: pl.DataFrame, number: int, tables: int = 5) -> pl.DataFrame:
    by = known(number)
    return conditions(frame, FEW, by, allow(frame, FEW, by), tables)


def row(table: pl.DataFrame, ring: str, condition: str) -> tuple[float | None, float | None, bool]:
    (found,) = table.filter(ring_id=ring, condition=condition).select("value", "needed", "met").rows()
    return found


def test_a_ring_that_meets_all_conditions_is_attributed_and_no_other() -> None:
    frame = rings(
        {}, {"size": 4, "whole": 6}, {"score": 0.5}, {"weakest_point": "ip 10.0.0.1"}, {"controlled": None}
    )
    nowhere = rings({"seam": float("nan")}, {"whole_seam": float("inf")})
    assert eligible(nowhere, FEW).to_list() == [False, False]
    table = asked(frame, 1000)
    assert table.schema == pl.Schema(CONDITIONS)
    assert table["ring_id"].is_sorted()
    assert table.filter(ring_id="r0")["condition"].to_list() == [
        "tables", "known_rings", "firm_accounts", "firm_share", "control", "evidence_groups", "no_single_value",
        "seam", "whole_seam", "score", "e_value",
    ]  # fmt: skip
    assert table.filter(ring_id="r0")["condition"].to_list() == list(CONDITION_WORDS)
    all_met = table.group_by("ring_id", maintain_order=True).agg(pl.col("met").all())
    assert all_met["met"].to_list() == [True, False, False, False, False]
    assert allow(frame, FEW, known(1000)).attributed.to_list() == all_met["met"].to_list()
    # One condition stands between each and an attribution, with what only those that meet it come to.
    unmet = table.filter(~pl.col("met")).group_by("ring_id").agg("condition").sort("ring_id")["condition"]
    assert [list(names) for names in unmet] == [
        ["firm_accounts", "e_value"], ["score", "e_value"], ["no_single_value", "e_value"], ["control", "e_value"],
    ]  # fmt: skip
    assert row(table, "r1", "firm_accounts") == (4.0, 5.0, False)
    assert row(table, "r2", "score") == (0.5, 1.0, False)
    assert row(table, "r3", "no_single_value") == (0.0, 1.0, False)
    assert row(table, "r4", "control") == (None, 0.5, False)


def test_the_e_value_that_was_needed_is_told() -> None:
    # Two rings of 20 accounts: each has e = (n + 1) / 20 by n known rings of a family, and needs 2 / (.01 * 40) = 5.
    assert row(asked(rings({}, {}), 200), "r0", "e_value") == (101 / 20, 5.0, True)
    assert row(asked(rings({}, {}), 196), "r0", "e_value") == (99 / 20, pytest.approx(10.0), False)
    assert row(asked(rings({}, {}), 196), "r1", "e_value") == (99 / 20, 5.0, False)


def test_a_run_that_nothing_is_known_of_says_so() -> None:
    frame, nothing = rings({}), replace(known(0), tuning=None)
    table = conditions(frame, FEW, nothing, allow(frame, FEW, nothing), 4)
    assert row(table, "r0", "tables") == (4.0, 5.0, False)
    assert row(table, "r0", "known_rings") == (0.0, 1.0, False)
    assert row(table, "r0", "score") == (2.0, None, False)
    assert row(table, "r0", "e_value") == (None, None, False)
    # Known rings that were never right enough leave no score that would do.
    wrong = known(1000, wrong=1.0)
    table = conditions(frame, FEW, wrong, allow(frame, FEW, wrong), 5)
    assert row(table, "r0", "score") == (2.0, None, False)


def test_what_is_eligible_meets_what_is_asked_of_a_ring() -> None:
    generator = np.random.default_rng(5)
    frame = rings(
        *[
            {
                "size": int(generator.integers(3, 30)), "whole": int(generator.integers(30, 40)),
                "seam": float(generator.normal(0.5)), "whole_seam": float(generator.normal(1.5)),
            }
            for _ in range(60)
        ]
    )  # fmt: skip
    of_ring = asked(frame, 1000).filter(~pl.col("condition").is_in(["score", "e_value"]))
    met = of_ring.group_by("ring_id").agg(pl.col("met").all())
    together = frame.select("ring_id", may=eligible(frame, FEW)).join(met, on="ring_id")
    assert together["may"].to_list() == together["met"].to_list()
    assert 0 < together["met"].sum() < 60


def test_a_run_asks_every_ring_as_it_was_grouped(finished: Path, tmp_path: Path) -> None:
    told = pl.read_parquet(RunPaths(finished).conditions)
    grouped = pl.read_parquet(RunPaths(finished).grouped)
    assert told.schema == pl.Schema(CONDITIONS)
    assert set(told["ring_id"]) == set(grouped["ring_id"])
    assert told.group_by("ring_id").len()["len"].unique().to_list() == [11]
    tables = before_attribution(finished, tmp_path)
    for alpha in (0.001, 0.99):
        settings = Settings(attribution=AttributionSettings(alpha=alpha))
        write_rings(Signals(tables, frozenset(), None), tmp_path / "out", settings, shipped_rings())
        said = RunPaths(tmp_path / "out")
        met = pl.read_parquet(said.conditions).group_by("ring_id").agg(pl.col("met").all()).filter("met")
        attributed = pl.read_parquet(said.table("rings")).filter(status="attributed")
        assert set(met["ring_id"]) == set(attributed["ring_id"])
        assert (alpha == 0.99) == (met.height > 0)

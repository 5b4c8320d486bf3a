"""The rows behind a figure, and when accounts were active."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl

from graphattr.explorer import queries, signals
from graphattr.explorer.runs import Run, open_run

from .plans import FORMULA, IMG, TOP


def test_activity_keeps_every_exchange_creation_and_event(run: Run) -> None:
    rows = signals.activity(run, TOP)
    ring = queries.ring(run, TOP)
    sums = dict(rows.group_by("kind").agg(pl.col("count").sum()).iter_rows())
    events = pl.read_parquet(run.paths.signals / "events.parquet")
    inside = queries.members(run, TOP)["account_id"].implode()
    assert sums["exchanges"] == ring["requests"]
    assert sums["created"] == ring["size"]
    assert (
        sums["banned"]
        == events.filter(pl.col("event") == "banned", pl.col("account_id").is_in(inside)).height
    )
    assert rows["time"].is_sorted()
    assert rows["time"].dt.hour().n_unique() > 12


def test_without_usage_the_bars_are_signal_rows(run_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    (copy / "signals" / "usage.parquet").unlink()
    rows = signals.activity(open_run(copy), TOP)
    assert rows.filter(pl.col("kind") == signals.USES)["count"].sum() > 20
    assert rows.filter(pl.col("kind") == signals.EXCHANGES).is_empty()


def test_active_accounts_are_those_with_anything_in_the_time(run: Run) -> None:
    rows = signals.activity(run, TOP)
    first = rows["time"][0]
    early = signals.active(rows, first, first + timedelta(hours=1))
    assert early == set(rows.filter(pl.col("time") <= first + timedelta(hours=1))["account_id"])
    assert 0 < len(early) < queries.ring(run, TOP)["size"]
    assert signals.active(rows, first - timedelta(days=9), first - timedelta(days=8)) == frozenset()


def test_bars_are_hours_for_three_weeks_and_days_beyond(run: Run) -> None:
    rows = signals.activity(run, TOP)
    first = rows["time"][0]
    assert signals.step(rows) == "1d"
    assert signals.step(rows.filter(pl.col("time") < first + timedelta(days=20))) == "1h"
    assert signals.step(rows.clear()) == "1d"


def test_rows_behind_a_value_are_the_two_accounts_rows(run: Run) -> None:
    link = next(
        row
        for row in queries.links(run, TOP).iter_rows(named=True)
        if FORMULA in set(queries.evidence(run, row["account_a"], row["account_b"])["value"])
    )
    pair = (link["account_a"], link["account_b"])
    piece = queries.evidence(run, *pair).filter(pl.col("value") == FORMULA).row(0, named=True)
    rows = signals.rows_behind(run, "instrument", FORMULA, pair, (piece["row_a"], piece["row_b"]))
    assert rows is not None
    assert set(rows["account_id"]) == set(pair)
    assert set(rows["instrument_id"]) == {FORMULA}
    assert {piece["row_a"], piece["row_b"]} <= set(rows["row"])
    assert rows["row"].is_sorted()


def test_rows_named_by_the_evidence_are_shown_even_without_the_value(run: Run) -> None:
    rows = signals.rows_behind(run, "ip_prefix", "203.0.113.0/24", ("acct-1001", "acct-1002"), (0, 5))
    assert rows is not None
    assert rows["row"].to_list() == [0, 5]


def test_a_likeness_shows_what_it_was_measured_on(run: Run) -> None:
    rows = signals.rows_behind(run, "creation", None, ("acct-1001", "acct-1002"))
    assert rows is not None
    assert set(rows["account_id"]) == {"acct-1001", "acct-1002"}
    assert "created_at" in rows.columns


def test_an_unknown_signal_or_a_missing_table_has_no_rows(run_folder: Path, run: Run, tmp_path: Path) -> None:
    assert signals.rows_behind(run, "no_such_signal", "x", ("a", "b")) is None
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    (copy / "signals" / "devices.parquet").unlink()
    assert signals.rows_behind(open_run(copy), "device", IMG, ("acct-1001", "acct-1002")) is None

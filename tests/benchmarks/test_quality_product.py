"""What the benchmark reads back from the product, on one tiny world."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.quality import control, worlds
from benchmarks.quality.measures import Truth
from benchmarks.quality.product import Material, go, material, statuses
from graphattr.pipeline import grouping

#: Some of its rings may be attributed.
WORLD = worlds.World("tiny", "A", 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quality")


@pytest.fixture(scope="module")
def world(folder: Path) -> Path:
    return worlds.make(WORLD, folder / "worlds")


@pytest.fixture(scope="module")
def read(world: Path, folder: Path) -> Material:
    return material(world / "signals", folder / "runs")


def test_a_world_is_made_once(world: Path, folder: Path) -> None:
    stamp = (world / "truth.parquet").stat().st_mtime_ns
    assert worlds.make(WORLD, folder / "worlds") == world
    assert (world / "truth.parquet").stat().st_mtime_ns == stamp
    assert [path.name for path in world.parent.iterdir()] == [WORLD.name]


def test_every_candidate_has_odds_as_published_or_below_the_cut(read: Material, folder: Path) -> None:
    links = pl.read_parquet(folder / "runs" / "plain" / "links.parquet")
    pairs = pl.DataFrame(
        {
            "account_a": read.accounts.gather(read.a),
            "account_b": read.accounts.gather(read.b),
            "odds": read.log_odds,
        }
    )
    joined = links.join(pairs, on=["account_a", "account_b"])
    assert joined.height == links.height
    assert np.allclose(joined["odds"], joined["log10_lr"] + joined["log10_prior_odds"])
    rest = pairs.join(links, on=["account_a", "account_b"], how="anti")
    assert rest.height > 0
    assert rest["odds"].max() <= np.log10(0.01 / 0.99)
    assert (np.diff(read.a * read.size + read.b) > 0).all()
    assert read.features.height == len(read.a)


def test_rings_values_and_truth_are_those_of_the_run(read: Material, world: Path, folder: Path) -> None:
    members = pl.read_parquet(folder / "runs" / "plain" / "members.parquet")
    ringed = pl.Series(read.accounts).is_in(members["account_id"].implode())
    _, counts = np.unique(read.label, return_counts=True)
    assert int(counts[counts > 1].sum()) == members.height == ringed.sum()
    whole = pl.read_parquet(folder / "runs" / "plain" / "grouped.parquet")
    _, counts = np.unique(read.grouped, return_counts=True)
    assert int(counts[counts > 1].sum()) == whole.height
    held = read.held.filter(pl.col("signal") == "instrument")
    payments = pl.read_parquet(world / "signals" / "payments.parquet")
    shared = (
        payments.group_by("instrument_id")
        .agg(pl.col("account_id").n_unique())
        .filter(pl.col("account_id") > 1)
    )
    assert held["value"].n_unique() == shared.height
    assert held["holders"].sum() == int((shared["account_id"] ** 2).sum())
    truth = Truth.read(world / "truth.parquet", read.accounts)
    assert truth.innocent.sum() == pl.read_parquet(world / "truth.parquet")["innocent"].sum()


@pytest.mark.usefixtures("read")
def test_statuses_at_the_default_alpha_are_the_runs_own(folder: Path) -> None:
    run = folder / "runs" / "plain"
    found = statuses(run, (0.01, 0.5))
    rings = pl.read_parquet(run / "rings.parquet").select("ring_id", "status").sort("ring_id")
    again = found[0.01].select("ring_id", "status").unique().sort("ring_id")
    assert again.equals(rings)
    members = pl.read_parquet(run / "members.parquet").select("ring_id", "account_id")
    assert found[0.01].select("ring_id", "account_id").equals(members)
    # Where more is attributed, more accounts are set apart from it.
    attributed = found[0.5].filter(pl.col("status") == "attributed")
    firm = pl.read_parquet(run / "grouped.parquet").filter("firm").select("ring_id", "account_id")
    assert attributed.height
    assert attributed.join(firm, on=["ring_id", "account_id"], how="anti").is_empty()


def test_nothing_is_attributed_at_any_alpha_where_the_run_could_promise_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "TOO_ALIKE", 0.0)  # a run whose graph network cannot read the signals
    run = go(worlds.make(WORLD, folder / "worlds") / "signals", folder / "runs" / "strange")
    assert json.loads((run / "run.json").read_text())["known_rings"]["n"] == 0
    assert "attributed" not in statuses(run, (0.5,))[0.5]["status"].to_list()


def test_wrong_is_not_of_the_largest_controller_or_innocent() -> None:
    members = pl.DataFrame(
        {
            "ring_id": ["r", "r", "r", "s", "s", "t"],
            "account_id": ["a", "b", "c", "d", "e", "f"],
            "status": ["attributed"] * 5 + ["lead"],
        }
    )
    truth = pl.DataFrame(
        {
            "account_id": ["a", "b", "c", "d", "e", "f"],
            "controller": ["x", "x", "y", "z", "z", "w"],
            "innocent": [False, False, False, True, True, True],
        }
    )
    found = control.count(members, truth)
    assert {name: found[name] for name in ("rings", "accounts", "right", "wrong", "innocent")} == {
        "rings": 2,
        "accounts": 5,
        "right": 2,
        "wrong": 3,
        "innocent": 2,
    }
    assert (found["lead_accounts"], found["lead_wrong"]) == (1, 1)

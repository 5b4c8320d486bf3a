"""A run of graphattr on edited tables, and what became of the operator's accounts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.adversary.scene import Edited, Scene, Tables
from graphattr.pipeline.attributing import Verdict, verdict
from graphattr.pipeline.grouping import write_groups, write_holdings
from graphattr.pipeline.reading import read_signals
from graphattr.pipeline.run import covering, find_models
from graphattr.records import GROUPED_FILE, Status, Tier
from graphattr.settings import Settings

#: A ring of fewer accounts than this is hardly a ring.
RING: Final = 3
#: Where the largest piece holds less than this share of the operator's accounts, the ring is broken.
WHOLE: Final = 0.5

Share = tuple[float, float]


@dataclass(frozen=True)
class Found:
    """Accounts in rings as a run grouped them, with what it says of them.

    Attributes:
        members: account_id, ring_id, tier, size, operator and status of the ring that it stands in at last (it may be
            set apart from an attributed one), eligible (it is firm in a ring whose firm part may be attributed).
        refused: rows of the tables that the run could not use.
    """

    members: pl.DataFrame
    refused: int


def judge(tables: Tables, work: Path) -> Found:
    """Runs graphattr on tables, up to the verdicts; nothing is kept.

    Args:
        tables: signal tables.
        work: an empty folder, or none.

    Raises:
        InputError: they are no signals.
    """
    settings = Settings()
    linkage, known = find_models(None)
    shutil.rmtree(work, ignore_errors=True)
    (work / "signals").mkdir(parents=True)
    for name, table in tables.items():
        table.write_parquet(work / "signals" / f"{name}.parquet")
    run = work / "run"
    signals = read_signals(work / "signals", run, settings.load)
    write_holdings(signals, run / "holdings.parquet")
    facts = write_groups(signals, run, settings, linkage, lambda _name, _done: None)
    said = verdict(signals, run, settings, covering(known, linkage, facts["drift"], settings))
    grouped = pl.read_parquet(run / GROUPED_FILE)
    refused = sum(pl.read_parquet(path).height for path in sorted((run / "quarantine").glob("*.parquet")))
    found = Found(_members(grouped, said), refused)
    shutil.rmtree(work)
    return found


def _members(grouped: pl.DataFrame, said: Verdict) -> pl.DataFrame:
    said_of = said.told.rings.select("ring_id", "status", "operator")
    now = said.members.select("account_id", "ring_id").join(said_of, on="ring_id").drop("ring_id")
    eligible = pl.col("ring_id").is_in(said.eligible.implode()) & pl.col("firm")
    return (
        grouped.join(now, on="account_id", how="left")
        .with_columns(size=pl.len().over("ring_id"), eligible=eligible)
        .select("account_id", "ring_id", "tier", "size", "status", "operator", "eligible")
        .sort("account_id")
    )


def largest_piece(found: Found, own: Sequence[str]) -> float:
    """Share of some accounts in the ring that holds most of them; an account in no ring is a piece of one."""
    counts = _mine(found, own).group_by("ring_id").len()["len"]
    return float(max([1, *counts.to_list()])) / len(own)


def measured(scene: Scene, edited: Edited, found: Found, before: Found) -> dict[str, Share]:
    """What an attack did, each figure as a part and what it is a part of (0: it is not measured here).

    Args:
        scene: the world.
        edited: the attack.
        found: the run after it.
        before: the run on the world as it was.

    Returns:
        Shares of the operator's accounts: `largest` (piece), `placed` (in rings of `RING` and more), `recall`
        (B-cubed), `leads`, `eligible` and `attributed` (in such rings), `named` (in rings that bear the rival's name);
        `bystanders`, a count; shares of the targets that did not stand with the operator before: `joined` one of its
        rings, as `core`, one that is eligible or attributed.
    """
    mine = _mine(found, scene.own)
    total = float(len(scene.own))
    leads = pl.col("status").is_in([Status.LEAD.value, Status.ATTRIBUTED.value])
    attributed = pl.col("status") == Status.ATTRIBUTED.value

    def of_mine(keep: pl.Expr) -> Share:
        return mine.filter(keep).height / total, 1.0

    targets = set(edited.targets) - _with(before, scene.own)
    there = found.members.filter(pl.col("account_id").is_in(sorted(targets & _with(found, scene.own))))

    def of_targets(keep: pl.Expr) -> Share:
        return float(there.filter(keep).height), float(len(targets))

    named = scene.rival_name is not None and scene.rival_name in before.members["operator"]
    together = float(mine.select(pl.len().over("ring_id")).to_series().sum()) + (total - mine.height)
    return {
        "largest": (largest_piece(found, scene.own), 1.0),
        "placed": of_mine(pl.col("size") >= RING),
        "recall": (together / total**2, 1.0),
        "leads": of_mine(leads),
        "eligible": of_mine(pl.col("eligible")),
        "attributed": of_mine(attributed),
        "bystanders": (float(_bystanders(scene, edited, found) - _bystanders(scene, edited, before)), 1.0),
        "joined": of_targets(pl.lit(value=True)),
        "core": of_targets(pl.col("tier") == Tier.CORE.value),
        "joined eligible": of_targets(pl.col("eligible")),
        "joined attributed": of_targets(attributed),
        "named": of_mine(pl.col("operator") == scene.rival_name) if named else (0.0, 0.0),
    }


def _mine(found: Found, own: Sequence[str]) -> pl.DataFrame:
    return found.members.filter(pl.col("account_id").is_in(list(own)))


def _with(found: Found, own: Sequence[str]) -> set[str]:
    """All accounts of the rings that hold accounts of the operator."""
    rings = _mine(found, own)["ring_id"].unique().to_list()
    return set(found.members.filter(pl.col("ring_id").is_in(rings))["account_id"])


def _bystanders(scene: Scene, edited: Edited, found: Found) -> int:
    """Innocents in rings of the operator who are no targets."""
    return len((set(scene.innocents) - set(edited.targets)) & _with(found, scene.own))

"""Error control on many little worlds: does the share of wrongly attributed accounts keep what was promised?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from benchmarks.quality.product import go, statuses
from benchmarks.quality.work import Workers, run_folder
from benchmarks.quality.worlds import World, families, make
from graphattr.records import Status

#: Promised shares.
ALPHAS: Final = (0.01, 0.05, 0.10)


def small_worlds(folder: Path, workers: Workers, preset: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Runs the product on `count` worlds, taking the families in turn."""
    of = families()
    listed = [World(preset, of[n % len(of)], seed + n) for n in range(count)]
    return workers.map("small worlds", partial(attributed, folder=folder), listed)


def attributed(world: World, folder: Path) -> dict[str, Any]:
    """What the product attributes in one world, at each alpha."""
    kept = make(world, folder / "worlds")
    truth = pl.read_parquet(kept / "truth.parquet")
    with run_folder(folder) as run:
        found = statuses(go(kept / "signals", run / "run"), ALPHAS)
    return {
        "world": world.name,
        "family": world.family,
        "accounts": truth.height,
        "innocent": int(truth["innocent"].sum()),
        "alphas": {str(alpha): count(members, truth) for alpha, members in found.items()},
    }


def count(members: pl.DataFrame, truth: pl.DataFrame) -> dict[str, int]:
    """Counts over the attributed rings and the leads of one world.

    Args:
        members: ring_id, account_id, status.
        truth: account_id, controller, innocent.

    Returns:
        rings, accounts, wrong (not of their ring's largest controller, or innocent), innocent and right of the
        attributed rings; the same names with lead_ of the leads.
    """
    judged = members.join(truth.select("account_id", "controller", "innocent"), on="account_id")
    counts: dict[str, int] = {}
    for prefix, status in (("", Status.ATTRIBUTED), ("lead_", Status.LEAD)):
        held = judged.filter(pl.col("status") == status.value)
        most = (
            held.group_by("ring_id", "controller")
            .len()
            .sort("ring_id", "len", "controller", descending=[False, True, False])
            .unique("ring_id", keep="first", maintain_order=True)
            .select("ring_id", largest="controller")
        )
        held = held.join(most, on="ring_id").with_columns(
            right=(pl.col("controller") == pl.col("largest")) & ~pl.col("innocent")
        )
        counts |= {
            f"{prefix}rings": held["ring_id"].n_unique(),
            f"{prefix}accounts": held.height,
            f"{prefix}innocent": int(held["innocent"].sum()),
            f"{prefix}right": int(held["right"].sum()),
            f"{prefix}wrong": held.height - int(held["right"].sum()),
        }
    return counts

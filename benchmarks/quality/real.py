"""The hop data: real accounts with third-party reports, the same methods with what they learnt on simulated worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from benchmarks.quality import methods
from benchmarks.quality.methods import Tuned
from benchmarks.quality.product import material
from benchmarks.quality.work import run_folder
from graphattr.evaluate.hop import LARGEST
from graphattr.evaluate.partition import sizes
from graphattr.evaluate.reported import reported_members

_MAPPING: Final = Path(__file__).parents[1] / "hop" / "mapping.toml"


def reports(data: Path, tuned: Tuned, folder: Path) -> dict[str, Any]:
    """By method, the figures of `graphattr.evaluate.reported` on the hop data, with and without the largest report."""
    with run_folder(folder) as run:
        world = material(data, run, _MAPPING)
    scored = methods.scores(world, tuned.weighted, tuned.m, tuned.booster)
    rings = methods.partitions(world, scored, tuned)
    groups = pl.read_csv(data / "reported_groups.csv").select(account_id="address", group="group")
    moves = pl.read_parquet(data / "transfers.parquet", columns=["source", "destination"])
    consider = set(moves["source"]) | set(moves["destination"])
    found = {}
    for name, label in rings.items():
        frame = pl.DataFrame({"ring_id": label, "account_id": world.accounts}).filter(
            pl.Series(sizes(label) >= 2)
        )
        members = frame.cast({"ring_id": pl.String})
        found[name] = {
            f"without {LARGEST}": reported_members(members, groups, consider, (LARGEST,)),
            "all reports": reported_members(members, groups, consider),
        }
    return {"accounts": world.size, "pairs": len(world.a), "methods": found}

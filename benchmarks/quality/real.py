"""The hop data: real accounts with third-party reports, the same methods with what they learnt on simulated worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from benchmarks.quality import methods
from benchmarks.quality.methods import Tuned
from benchmarks.quality.product import go, material
from benchmarks.quality.work import run_folder
from graphattr.evaluate.hop import LARGEST
from graphattr.evaluate.partition import sizes
from graphattr.evaluate.reported import reported_members
from graphattr.records import GROUPS
from models.gnn import write_weights
from models.linkage import NETWORK_FILE, shipped_linkage

#: A cap that leaves no weight; one of 0 is no model.
_NOTHING: Final = 1e-9
_MAPPING: Final = Path(__file__).parents[1] / "hop" / "mapping.toml"


def reports(data: Path, tuned: Tuned, folder: Path) -> dict[str, Any]:
    """By method, the figures of `graphattr.evaluate.reported` on the hop data, with and without the largest report.

    Also those of graphattr without each group of evidence that says anything there.
    """
    with run_folder(folder) as run:
        world = material(data, run, _MAPPING)
        alone = {group: _without(group, data, run) for group in _speaking(run / "plain")}
    scored = methods.scores(world, tuned.weighted, tuned.m, tuned.booster)
    rings = methods.partitions(world, scored, tuned)
    groups = pl.read_csv(data / "reported_groups.csv").select(account_id="address", group="group")
    moves = pl.read_parquet(data / "transfers.parquet", columns=["source", "destination"])
    consider = set(moves["source"]) | set(moves["destination"])

    def told(members: pl.DataFrame) -> dict[str, Any]:
        return {
            f"without {LARGEST}": reported_members(members, groups, consider, (LARGEST,)),
            "all reports": reported_members(members, groups, consider),
        }

    found = {}
    for name, label in rings.items():
        frame = pl.DataFrame({"ring_id": label, "account_id": world.accounts})
        found[name] = told(frame.filter(pl.Series(sizes(label) >= 2)).cast({"ring_id": pl.String}))
    without = {group: told(members) for group, members in alone.items()}
    return {"accounts": world.size, "pairs": len(world.a), "methods": found, "without": without}


def _speaking(run: Path) -> list[str]:
    """Groups of evidence that say something of some link."""
    links = pl.read_parquet(run / "links.parquet", columns=[f"log10_lr_{group}" for group in GROUPS])
    return [group for group in GROUPS if (links[f"log10_lr_{group}"] != 0).any()]


def _without(group: str, data: Path, folder: Path) -> pl.DataFrame:
    """Members of a run whose model gives a group of evidence no weight."""
    linkage = shipped_linkage()
    silent = linkage.model.model_copy(update={"caps": {**linkage.model.caps, group: _NOTHING}})
    path = folder / f"model-{group}"
    path.mkdir()
    (path / "model.json").write_text(silent.model_dump_json(), encoding="utf-8")
    if linkage.network is not None:
        write_weights(path / NETWORK_FILE, linkage.network)
    run = go(data, folder / f"without-{group}", _MAPPING, model=path)
    return pl.read_parquet(run / "members.parquet").select("ring_id", "account_id")

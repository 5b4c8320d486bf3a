"""Runs without one of the optional tables: links must stay calibrated when a table is missing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.quality.measures import Truth, pairs, strata
from benchmarks.quality.product import UNCUT, go, numbers
from benchmarks.quality.tables import figure, markdown, mean_of
from benchmarks.quality.work import Workers, run_folder
from benchmarks.quality.worlds import World, families, make
from graphattr.records import RunPaths
from graphattr.training.worlds import OPTIONAL

Outcome = dict[str, Any]

#: Kinds with fewer candidate pairs in a world are not judged there: a calibration error of ten pairs says nothing.
LEAST_PAIRS: Final = 200


@dataclass(frozen=True)
class Case:
    """A world, and the table that is left out of it; None for none."""

    world: World
    table: str | None


def missing_tables(folder: Path, workers: Workers, preset: str, count: int, seed: int) -> list[Outcome]:
    """Worlds of every family whole, and without each optional table in turn."""
    cases = [
        Case(World(preset, family, seed + n), table)
        for family in families()
        for n in range(count)
        for table in (None, *OPTIONAL)
    ]
    return workers.map("missing tables", partial(measured, folder=folder), cases)


def measured(case: Case, folder: Path) -> Outcome:
    """Cllr against the candidates' own odds and calibration error by kind, of every candidate pair of a run."""
    kept = make(case.world, folder / "worlds")
    with run_folder(folder) as place:
        ignored = shutil.ignore_patterns(f"{case.table}.*") if case.table else None
        signals = shutil.copytree(kept / "signals", place / "signals", ignore=ignored)
        run = RunPaths(go(signals, place / "run", settings=UNCUT))
        links = pl.read_parquet(run.table("links"))
        accounts = pl.read_parquet(run.signals / "accounts.parquet", columns=["account_id"])[
            "account_id"
        ].sort()
    truth = Truth.read(kept / "truth.parquet", accounts)
    a, b = (numbers(links[f"account_{side}"], accounts) for side in "ab")
    odds = (links["log10_lr"] + links["log10_prior_odds"]).to_numpy()
    same = truth.same(a, b)
    share = float(same.mean())
    prior = float(np.log10(share) - np.log10(1 - share))
    found = pairs(odds - prior, prior, same, strata(truth, a, b))
    here = {name: int(rows.sum()) for name, rows in strata(truth, a, b).items()}
    worst = [part["ece"] for name, part in found.items() if name != "all" and here[name] >= LEAST_PAIRS]
    return {
        "world": case.world.name,
        "preset": case.world.preset,
        "family": case.world.family,
        "seed": case.world.seed,
        "table": case.table,
        "pairs": len(same),
        "cllr": found["all"]["cllr"],
        "ece": found["all"]["ece"],
        "worst": max(worst) if worst else None,
    }


def section(worlds: Sequence[Outcome]) -> list[str]:
    """What the page says of them."""
    rows = []
    for family in sorted({world["family"] for world in worlds}):
        for table in (None, *OPTIONAL):
            here = [world for world in worlds if (world["family"], world["table"]) == (family, table)]
            figures = (mean_of(here, lambda world, key=key: world[key]) for key in ("cllr", "ece", "worst"))
            most = max(world["cllr"] for world in here)
            name = f"{family}, {'everything' if table is None else f'without {table}'}"
            rows.append([name, *(figure(one) for one in figures), f"{most:.3f}"])
    seeds = sorted({world["seed"] for world in worlds})
    return [
        "## One table missing",
        f"Worlds of preset `{worlds[0]['preset']}`, seeds {seeds[0]} to {seeds[-1]} of each family, run as they come"
        " and without each optional table. Cllr of the published probabilities of all candidate pairs, against the"
        " share of true pairs among the world's own candidates (1 is silence); calibration error over all pairs, and of"
        f" the worst kind of account with {LEAST_PAIRS} pairs and more.",
        markdown(["family", "Cllr", "ECE", "worst kind's ECE", "largest Cllr of a world"], rows),
    ]

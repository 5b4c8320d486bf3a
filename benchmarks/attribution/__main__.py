"""Writes docs/attribution-results.md: python -m benchmarks.attribution --out docs/attribution-results.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.attribution.figures import control, hypotheses, intervals, names
from benchmarks.attribution.page import page
from graphattr.evaluate.bootstrap import Estimate
from graphattr.training.rings import FAMILIES, RingWorld
from graphattr.training.rings_classifier import Collected, only
from graphattr.training.rings_train import RingTraining, collect
from models import shipped_rings
from models.joining import shipped_joining
from models.linkage import shipped_linkage
from models.rings import shipped_ring_model

#: Seeds that nothing is fitted to.
FIRST_SEED: Final = 90_000
ALPHAS: Final = (0.01, 0.05, 0.10)
#: Presets in which nobody hides that they run many accounts.
WITHOUT_OPERATORS: Final = ("none", "companies")
#: Worlds of other presets, for one of `small` in so many.
OTHERS: Final = {"sample": 20, "resellers": 12, "companies": 12, "none": 20}


def worlds(number: int) -> list[RingWorld]:
    """`number` small worlds, the families in turn, and some of other presets."""
    found = []
    for place in range(number):
        family = FAMILIES[place % len(FAMILIES)]
        found.append(RingWorld("small", family, FIRST_SEED + place, False))
        for preset, every in OTHERS.items():
            if place // len(FAMILIES) % every == 0:
                found.append(RingWorld(preset, family, FIRST_SEED + place, False))
    return found


def _intervals(rings: Collected, every: list[RingWorld], family: str) -> dict[str, Estimate]:
    names = [world.name for world in every if world.family == family]
    return intervals(rings.members.filter(pl.col("world").is_in(names)), names)


def main() -> None:
    """Runs the product on the worlds, as far as needed, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attribution", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    parser.add_argument("--worlds", type=int, default=200, help="small worlds, both families together")
    parser.add_argument(
        "--work", type=Path, default=Path("build/attribution"), help="folder for what is resumed"
    )
    parser.add_argument("--workers", type=int, default=2, help="worlds that are run side by side")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    linkage, model, known = shipped_linkage(), shipped_ring_model(), shipped_rings()
    plan = RingTraining(asked.work / "unused", linkage, worlds(asked.worlds), [], workers=asked.workers)
    told = ""

    def step(name: str, done: float) -> None:
        nonlocal told
        if name != told:
            sys.stderr.write(f"{done:4.0%} {name}\n")
            told = name

    rings, parts = collect(plan, asked.work, shipped_joining(), step)
    both = (rings, parts)
    of_preset = pl.col("world").str.split("-").list.get(0)
    small = tuple(some.where(of_preset == "small") for some in both)
    lawful = tuple(some.where(of_preset.is_in(WITHOUT_OPERATORS)) for some in both)
    of = {family: rings.where(pl.col("family") == family) for family in FAMILIES}
    crossed = {
        family: hypotheses(of[family], only(model, tuple(f for f in model.families if f != family)))
        for family in FAMILIES
    }
    text = page(
        asked.worlds,
        {preset: sum(w.preset == preset for w in plan.worlds) for preset in ("small", *OTHERS)},
        (linkage.model.name, linkage.model.sha256, model.sha256, known.source),
        {family: hypotheses(of[family], model) for family in FAMILIES},
        crossed,
        {"both families": control(*small, model, known, ALPHAS)}
        | {
            f"family {family}": control(
                *(some.where(pl.col("family") == family) for some in small), model, known, ALPHAS
            )
            for family in FAMILIES
        }
        | {"without operators": control(*lawful, model, known, ALPHAS)},
        {family: names(of[family], model) for family in FAMILIES},
        {family: _intervals(rings, plan.worlds, family) for family in FAMILIES},
    )
    asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

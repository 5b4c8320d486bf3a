"""The suites: which worlds, which methods, which figures. Each returns plain lists and dictionaries."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.quality import methods
from benchmarks.quality.measures import pairs, partition, strata
from benchmarks.quality.methods import Tuned
from benchmarks.quality.work import Prepared, Workers, prepare
from benchmarks.quality.worlds import World, families, mechanisms

#: What one world says: who and how many, and by method the measures of its rings and of its scores.
Outcome = dict[str, Any]

#: Worlds without operators, with resellers only, with companies only.
INNOCENT_PRESETS: Final = ("none", "resellers", "companies")
#: Seeds of test worlds start here; those of training worlds (`tuning`) lie elsewhere.
FIRST_SEED: Final = 1


def measured(world: World, tuned: Tuned, folder: Path, *, slow: bool = True) -> Outcome:
    """All methods on one world."""
    return judge(prepare(world, folder), tuned, slow=slow)


def judge(one: Prepared, tuned: Tuned, *, slow: bool = True) -> Outcome:
    """All methods on a prepared world; without the slow ones (Splink, Louvain) unless `slow`."""
    material, truth = one.material, one.truth
    scored = methods.scores(material, tuned.weighted, tuned.m, tuned.booster, slow=slow)
    same, of = truth.same(material.a, material.b), strata(truth, material.a, material.b)
    rings = methods.partitions(material, scored, tuned, slow=slow) | methods.ceilings(material, same)
    found: Outcome = {
        "world": one.world.name,
        "preset": one.world.preset,
        "family": one.world.family,
        "seed": one.world.seed,
        "without": one.world.without,
        "accounts": material.size,
        "innocent": int(truth.innocent.sum()),
        "pairs": len(same),
        "rings": {name: partition(label, truth) for name, label in rings.items()},
        "scores": {},
    }
    for name, score in scored.items():
        calibrated = tuned.calibrations[name](score)
        found["scores"][name] = {"calibrated": pairs(calibrated, tuned.prior, same, of)}
        if name in methods.ODDS:
            # Posterior odds over the odds of a candidate pair in worlds of family A: the same divisor for every method.
            found["scores"][name]["given"] = pairs(score - tuned.prior, tuned.prior, same, of)
    return found


def family_worlds(
    folder: Path, workers: Workers, tuned: Tuned, preset: str, count: int, seed: int
) -> list[Outcome]:
    """Test worlds of every family."""
    listed = [World(preset, family, seed + n) for family in families() for n in range(count)]
    return workers.map("test worlds", partial(measured, tuned=tuned, folder=folder), listed)


def innocent_worlds(folder: Path, workers: Workers, tuned: Tuned, count: int, seed: int) -> list[Outcome]:
    """The presets without operators."""
    listed = [
        World(preset, family, seed + n)
        for preset in INNOCENT_PRESETS
        for family in families()
        for n in range(count)
    ]
    return workers.map("presets", partial(measured, tuned=tuned, folder=folder), listed)


def mechanism_worlds(
    folder: Path, workers: Workers, tuned: Tuned, preset: str, count: int, seed: int
) -> list[Outcome]:
    """Worlds of family A with everything, and the same worlds without each mechanism in turn."""
    off: list[str | None] = [None, *mechanisms("A")]
    listed = [World(preset, "A", seed + n, without) for without in off for n in range(count)]
    return workers.map("mechanisms", partial(measured, tuned=tuned, folder=folder, slow=False), listed)

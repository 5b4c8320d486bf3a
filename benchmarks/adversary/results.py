"""All rungs on all worlds, and when each attack first does what it is for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.adversary.ladders import ATTACKS, Rung
from benchmarks.adversary.outcome import WHOLE, Share, judge, measured
from benchmarks.adversary.scene import Cost, Edited
from benchmarks.adversary.worlds import Standing
from benchmarks.attribution.figures import ratio
from graphattr.evaluate.bootstrap import Estimate

NOTHING: Final = Rung("none", "no attack", ())


@dataclass(frozen=True)
class Result:
    """An attack at one strength on one world.

    Attributes:
        world: its name.
        rung: the attack.
        cost: what it took.
        shares: `outcome.measured`.
    """

    world: str
    rung: Rung
    cost: Cost
    shares: dict[str, Share]

    def value(self, measure: str) -> float:
        """The figure of this world; 0 where it is not measured."""
        part, whole = self.shares[measure]
        return part / whole if whole else 0.0


def results(standing: Standing, attacks: Sequence[str], work: Path) -> list[Result]:
    """Every rung of some attacks on a world, the world as it was first; rungs that it cannot have are left out."""
    scene, before = standing.scene, standing.before
    untouched = Edited(scene.tables, Cost())
    found = [Result(scene.name, NOTHING, Cost(), measured(scene, untouched, before, before))]
    for name in attacks:
        for rung in ATTACKS[name]:
            sys.stderr.write(f"{scene.name}: {name}, {rung.strength}\n")
            tries = []
            for edit in rung.edits:
                edited = edit(scene)
                if edited is not None:
                    after = judge(edited.tables, work)
                    tries.append(
                        Result(scene.name, rung, edited.cost, measured(scene, edited, after, before))
                    )
            if tries:
                found.append(pooled(tries))
    return found


def pooled(tries: Sequence[Result]) -> Result:
    """Tries of one rung on one world together: parts and wholes added up, the cost that of the first."""
    shares = {
        name: (sum(one.shares[name][0] for one in tries), sum(one.shares[name][1] for one in tries))
        for name in tries[0].shares
    }
    return replace(tries[0], shares=shares)


def figure_of(found: Sequence[Result], measure: str) -> Estimate:
    """A figure over worlds, with its interval by world."""
    parts = np.array([result.shares[measure] for result in found]).reshape(-1, 2)
    return ratio(parts[:, 0], parts[:, 1])


@dataclass(frozen=True)
class Aim:
    """What an attack is for.

    Attributes:
        words: what happens then.
        attacks: which attacks are for that.
        met: whether it happened.
        measure: the measure that tells; a world without it is not counted.
        counts: whether that measure counts accounts aimed at.
    """

    words: str
    attacks: tuple[str, ...]
    met: Callable[[Result], bool]
    measure: str
    counts: bool = False


BREAK: Final = ("splitting", "camouflage", "splitting and camouflage", "hub inflation")
PULL_IN: Final = ("framing", "bridge to a household", "bridge to a company")
MERGE: Final = ("false flags", "bridge to a rival")
AIMS: Final = (
    Aim("the ring breaks", BREAK, lambda one: one.value("largest") < WHOLE, "largest"),
    Aim("an innocent is pulled in", PULL_IN, lambda one: one.value("joined") > 0, "joined", True),
    Aim(
        "an innocent is pulled into an eligible ring",
        PULL_IN,
        lambda one: one.value("joined eligible") > 0,
        "joined eligible",
        True,
    ),
    Aim(
        "half of the rival's accounts stand with the operator's",
        MERGE,
        lambda one: one.value("joined") >= WHOLE,
        "joined",
        True,
    ),
    Aim(
        "half of the operator's accounts bear the rival's name",
        MERGE,
        lambda one: one.value("named") >= WHOLE,
        "named",
    ),
)


@dataclass(frozen=True)
class Reached:
    """Where on its ladder an attack first does what it is for.

    Attributes:
        attack, aim: which.
        worlds: how many worlds can tell.
        first: of each world in which it happens, the weakest rung at which it does.
    """

    attack: str
    aim: Aim
    worlds: int
    first: list[Result]


def reached(found: Sequence[Result]) -> list[Reached]:
    """For each aim and attack that was tried."""
    rows = []
    for aim in AIMS:
        for attack in aim.attacks:
            known = [one for one in found if one.rung.attack == attack and one.shares[aim.measure][1]]
            if not known:
                continue
            first: dict[str, Result] = {}
            for one in known:
                if aim.met(one):
                    first.setdefault(one.world, one)
            rows.append(Reached(attack, aim, len({one.world for one in known}), list(first.values())))
    return rows


def framed_by_one(found: Sequence[Result]) -> dict[str, int]:
    """Accounts framed by one planted value: how many, and how many of them joined a ring and of which status."""
    one = [result for result in found if result.rung.attack == "framing" and result.rung.values == 1]
    counts = {"framed": int(sum(result.shares["joined"][1] for result in one))}
    for measure in ("joined", "core", "joined eligible", "joined attributed"):
        counts[measure] = int(sum(result.shares[measure][0] for result in one))
    return counts

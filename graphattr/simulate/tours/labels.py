"""The table `labels`: what earlier takedowns and verifications say of some accounts. Not always right."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, stamps
from graphattr.simulate.draws import Ints, draw
from graphattr.simulate.text import hashed
from graphattr.simulate.tours.world import World


def operator_names(world: World) -> pl.Series:
    """The name of each account's operator, known to anybody or not; null where it has none."""
    number = world.accounts["operator"]
    codes = np.where(number >= 0, number, -1)
    return "op-" + hashed(codes, "operator", world.plan.seed, 6)


def _known(world: World, rng: np.random.Generator) -> Ints:
    """Numbers of the operators that have been named; one at least, if there is any."""
    everybody = np.arange(world.plan.operators)
    rng.shuffle(everybody)
    share = draw(rng, world.plan.ways.labels.known)
    return everybody[: max(1, round(share * len(everybody)))]


def labels(world: World) -> pl.DataFrame:
    """One row a labelled account; `operator` null means verified independent."""
    rng = world.plan.rng("labels")
    how = world.plan.ways.labels
    accounts = world.accounts
    n = len(accounts["created"])
    named = np.isin(accounts["operator"], _known(world, rng)) & (accounts["operator"] >= 0)
    right = np.flatnonzero(named & (rng.random(n) < draw(rng, how.labelled)))
    others = np.flatnonzero(accounts["operator"] < 0)
    wrong = rng.choice(others, min(round(draw(rng, how.wrong) * len(right)), len(others)), replace=False)
    verified = np.flatnonzero(accounts["innocent"] & (rng.random(n) < draw(rng, how.verified)))
    verified = np.setdiff1d(verified, wrong)
    number = accounts["operator"].copy()
    if len(right):
        number[wrong] = rng.choice(number[right], len(wrong))
    takedown = np.concatenate([right, wrong])
    rows = np.concatenate([takedown, verified])
    seen = accounts["banned"][rows]
    sometime = rng.integers(world.plan.window[0], world.plan.window[1], len(rows))
    at = np.where(seen >= 0, seen + rng.integers(HOUR, 3 * DAY, len(rows)), sometime)
    at = np.maximum(at, accounts["created"][rows] + HOUR)
    frame = pl.DataFrame(
        {
            "account": rows,
            "operator": "op-"
            + hashed(
                np.where(np.arange(len(rows)) < len(takedown), number[rows], -1),
                "operator",
                world.plan.seed,
                6,
            ),
            "source": ["takedown"] * len(takedown) + ["verification"] * len(verified),
            "observed_at": stamps(at),
            "reliability": rng.choice(["A", "B", "C"], len(rows), p=[0.2, 0.5, 0.3]),
        }
    )
    return frame.sort("account")

"""The table `labels`: what earlier takedowns and verifications say of some accounts. Not always right."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, stamps
from graphattr.simulate.draws import Ints, draw, unit
from graphattr.simulate.text import hashed
from graphattr.simulate.tours.world import World

_SHOWS = 41


def operator_names(world: World) -> pl.Series:
    """The name of each account's operator, known to anybody or not; null where it has none."""
    return _names(world, world.accounts["operator"])


def _names(world: World, codes: Ints) -> pl.Series:
    return "op-" + hashed(codes, "operator", world.plan.seed, 6)


def _known(world: World, rng: np.random.Generator, bias: float) -> Ints:
    """Codes of the operators that have been named, the careless likelier; one at least, if there is any."""
    how = world.plan.ways.labels
    codes, first = np.unique(world.accounts["operator"], return_index=True)
    careless = world.accounts["careless"][first[codes >= 0]]
    codes = codes[codes >= 0]
    share = draw(rng, how.known)
    # The largest of independent exponential clocks with these rates are a sample without replacement.
    luck = bias * careless + rng.gumbel(size=len(codes))
    return codes[np.argsort(-luck, kind="stable")[: how.operators or max(1, round(share * len(codes)))]]


def labels(world: World) -> pl.DataFrame:
    """One row a labelled account; `operator` null means verified independent."""
    rng = world.plan.rng("labels")
    how = world.plan.ways.labels
    accounts = world.accounts
    n = len(accounts["created"])
    bias = draw(rng, how.bias)
    named = np.isin(accounts["operator"], _known(world, rng, bias)) & (accounts["operator"] >= 0)
    shows = unit(_SHOWS, accounts["key"])  # some accounts of an operator are handled with less care
    odds = draw(rng, how.labelled) * np.exp(bias * (shows - 0.5))
    right = np.flatnonzero(named & (rng.random(n) < odds / (1 + odds)))
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
            "operator": _names(world, np.where(np.arange(len(rows)) < len(takedown), number[rows], -1)),
            "source": ["takedown"] * len(takedown) + ["verification"] * len(verified),
            "observed_at": stamps(at),
            "reliability": rng.choice(["A", "B", "C"], len(rows), p=[0.2, 0.5, 0.3]),
        }
    )
    return frame.sort("account")

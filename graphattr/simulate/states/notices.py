"""The table `labels`: what earlier takedowns and verifications say of some accounts. Not always right."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, stamps
from graphattr.simulate.draws import Ints, draw, stream
from graphattr.simulate.states.parameters import RECORDS
from graphattr.simulate.states.world import World
from graphattr.simulate.text import hashed


def operator_names(world: World, numbers: Ints) -> pl.Series:
    """The name of each operator by number; null for -1."""
    return "op-" + hashed(numbers, "operator", world.seed, 6)


def labels(world: World) -> pl.DataFrame:
    """One row a labelled account; `operator` null means verified independent."""
    rng, accounts = stream(world.seed, "states labels"), world.accounts
    off = world.preset.without
    n = len(accounts["created"])
    share = max(1, round(draw(rng, RECORDS.known) * world.operators)) if world.operators else 0
    known = rng.permutation(world.operators)[:share]
    # Takedowns find what is loud: accounts already banned, then any.
    odds = np.full(n, draw(rng, RECORDS.labelled))
    if "biased_labels" not in off:
        odds = np.where(accounts["banned"] >= 0, np.minimum(2.0 * odds, 0.9), 0.6 * odds)
    right = np.flatnonzero(np.isin(accounts["operator"], known) & (rng.random(n) < odds))
    others = np.flatnonzero(accounts["operator"] < 0)
    errors = round(draw(rng, RECORDS.wrong) * len(right)) if "noisy_labels" not in off else 0
    wrong = rng.choice(others, min(errors, len(others)), replace=False)
    verified = np.flatnonzero((accounts["innocent"] > 0) & (rng.random(n) < draw(rng, RECORDS.verified)))
    verified = np.setdiff1d(verified, wrong)
    number = accounts["operator"].copy()
    if len(right):
        number[wrong] = rng.choice(number[right], len(wrong))
    takedown = np.concatenate([right, wrong])
    rows = np.concatenate([takedown, verified])
    is_takedown = np.arange(len(rows)) < len(takedown)
    banned = accounts["banned"][rows]
    sometime = rng.integers(world.window[0], world.window[1], len(rows))
    at = np.where(banned >= 0, banned + rng.integers(HOUR, 4 * DAY, len(rows)), sometime)
    at = np.maximum(at, accounts["created"][rows] + HOUR)
    return pl.DataFrame(
        {
            "account": rows,
            "operator": operator_names(world, np.where(is_takedown, number[rows], -1)),
            "source": np.where(is_takedown, "takedown", "verification"),
            "observed_at": stamps(at),
            "reliability": rng.choice(["A", "B", "C", "D"], len(rows), p=[0.15, 0.45, 0.3, 0.1]),
        },
        schema_overrides={"source": pl.String, "reliability": pl.String},
    ).sort("account")

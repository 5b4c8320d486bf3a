"""A plan made fast: arrays by table, and the sessions that the mechanics turn into signals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphattr.simulate.clock import DAY, HOUR, moments
from graphattr.simulate.draws import Bools, Ints, choose_rows, draw
from graphattr.simulate.tours.plan import MODES, Plan

Columns = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Drivers, accounts, tours and providers as arrays by column name; see `plan` for the columns."""

    plan: Plan
    drivers: Columns
    accounts: Columns
    tours: Columns
    providers: Columns

    @classmethod
    def of(cls, plan: Plan) -> World:
        """The world of a finished plan, with bans by mistake."""
        accounts = plan.columns("accounts")
        accounts |= _mistaken(plan, accounts)
        return cls(plan, plan.columns("drivers"), accounts, plan.columns("tours"), plan.columns("providers"))


def _mistaken(plan: Plan, accounts: Columns) -> Columns:
    """Bans some innocent accounts and reinstates most of those whose holders appeal."""
    rng = plan.rng("mistaken bans")
    how = plan.ways.bans
    first, last = plan.window
    n = len(accounts["created"])
    hit = (rng.random(n) < draw(rng, how.mistaken)) & accounts["innocent"] & (accounts["banned"] < 0)
    earliest = np.maximum(accounts["created"] + DAY, first)
    at = earliest + (rng.random(n) * np.maximum(last - DAY - earliest, 1)).astype(np.int64)
    hit &= at < last - DAY
    appeal = hit & (rng.random(n) < draw(rng, how.appealed))
    back = appeal & (rng.random(n) < draw(rng, how.reinstated))
    return {
        "banned": np.where(hit, at, accounts["banned"]),
        "appealed": np.where(appeal, at + rng.integers(HOUR, DAY, n), -1),
        "reinstated": np.where(back, at + rng.integers(DAY, 3 * DAY, n), -1),
    }


@dataclass(frozen=True)
class Sessions:
    """Spells of work, one row each, sorted by account and time.

    Attributes:
        tour: row of the tour.
        account: row of the account.
        driver: row of the driver.
        at: first second.
        seconds: length.
        mode: index of `plan.MODES`.
        script: whether a client library, not a person in a browser, was at work.
    """

    tour: Ints
    account: Ints
    driver: Ints
    at: Ints
    seconds: Ints
    mode: Ints
    script: Bools


def sessions(world: World) -> Sessions:
    """Draws the sessions of all tours: Poisson in number, at the driver's hours, some right after others."""
    rng = world.plan.rng("sessions")
    expected = np.where(world.tours["end"] > world.tours["start"], world.tours["sessions"], 0.0)
    tour = np.repeat(np.arange(len(expected)), rng.poisson(expected))
    of = {name: column[tour] for name, column in world.tours.items() if name in ("driver", "start", "end")}
    who = world.drivers
    driver = of["driver"]
    hours = [who[name][driver] for name in ("peak", "spread", "quiet", "steady", "utc")]
    at = moments(rng, of["start"], of["end"], *hours)
    at = _bursts(rng, tour, at, of["end"])
    seconds = np.minimum(1500 * np.exp(rng.standard_normal(len(at))), 8 * HOUR).astype(np.int64)
    seconds = np.minimum(seconds, of["end"] - at)
    weights = np.stack([who[f"w_{mode}"] for mode in MODES], axis=1)[driver]
    found = Sessions(
        tour=tour,
        account=world.tours["account"][tour],
        driver=driver,
        at=at,
        seconds=seconds,
        mode=choose_rows(rng, weights),
        script=np.asarray(rng.random(len(at)) < who["tool_share"][driver]),
    )
    banned, back = (world.accounts[name][found.account] for name in ("banned", "reinstated"))
    barred = (banned >= 0) & (found.at >= banned) & ((back < 0) | (found.at < back))
    order = np.lexsort((found.tour, found.at, found.account))
    order = order[~barred[order]]
    until_ban = np.where((banned > found.at), banned - found.at, found.seconds)
    found = replace(found, seconds=np.minimum(found.seconds, until_ban))
    return Sessions(**{name: column[order] for name, column in vars(found).items()})


def _bursts(rng: np.random.Generator, tour: Ints, at: Ints, end: Ints) -> Ints:
    """Moves a third of the sessions to within hours after the one before in the same tour."""
    n = len(at)
    alone = rng.random(n) > 0.33
    alone[:1] = True
    alone[1:] |= tour[1:] != tour[:-1]
    anchor = np.maximum.accumulate(np.where(alone, np.arange(n), 0)) if n else np.arange(0)
    later = at[anchor] + (rng.exponential(1.5 * HOUR, n) + 300).astype(np.int64)
    return np.where(alone | (later >= end), at, later)

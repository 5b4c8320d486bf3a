"""The sessions of a shard of accounts: spells of work that the mechanics turn into signals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graphattr.simulate.clock import HOUR, moments
from graphattr.simulate.draws import Bools, Floats, Ints, choose_rows, draw, unit
from graphattr.simulate.faults import skew
from graphattr.simulate.tours.plan import MODES
from graphattr.simulate.tours.world import World

_WAY = 62  # namespace


@dataclass(frozen=True)
class Sessions:
    """Spells of work, one row each, sorted by account and time.

    Attributes:
        shard: number of the shard.
        tour: row of the tour.
        account: row of the account.
        driver: row of the driver.
        at: first second.
        seconds: length.
        mode: index of `plan.MODES`.
        script: whether a client library, not a person in a browser, was at work.
    """

    shard: int
    tour: Ints
    account: Ints
    driver: Ints
    at: Ints
    seconds: Ints
    mode: Ints
    script: Bools

    def rng(self, world: World, name: str) -> np.random.Generator:
        """The stream of a mechanism in this shard."""
        return world.plan.rng(f"{name} {self.shard}")


def sessions(world: World, shard: int) -> Sessions:
    """Draws the sessions of a shard: Poisson in number, at the driver's hours, some right after others."""
    rng = world.plan.rng(f"sessions {shard}")
    rows = world.rows(shard)
    tours = {name: world.tours[name][rows] for name in ("start", "end", "sessions", "driver", "account")}
    expected = np.where(tours["end"] > tours["start"], tours["sessions"], 0.0)
    tour = np.repeat(np.arange(len(expected)), rng.poisson(expected))
    driver, end = tours["driver"][tour], tours["end"][tour]
    hours = [world.drivers[name][driver] for name in ("peak", "spread", "quiet", "steady", "utc")]
    at = moments(rng, tours["start"][tour], end, *hours)
    at = _bursts(rng, tour, at, end)
    weights = _preferred(world, tours["account"][tour], driver)
    seconds = np.minimum(1500 * np.exp(rng.standard_normal(len(at))), 8 * HOUR).astype(np.int64)
    found = Sessions(
        shard=shard,
        tour=rows[tour],
        account=tours["account"][tour],
        driver=driver,
        at=at,
        seconds=np.minimum(seconds, end - at),
        mode=choose_rows(rng, weights),
        script=np.asarray(rng.random(len(at)) < world.drivers["tool_share"][driver]),
    )
    return _standing(world, found)


def _preferred(world: World, account: Ints, driver: Ints) -> Floats:
    """Weights of the ways onto the network (sessions x modes); machines use another mix for each account."""
    machine = (world.drivers["home"] < 0)[driver]
    key = np.where(machine, world.accounts["key"][account], -1)
    columns = [
        world.drivers[f"w_{mode}"][driver] * np.where(machine, np.exp(5.0 * unit(_WAY, key, i) - 2.5), 1.0)
        for i, mode in enumerate(MODES)
    ]
    return np.stack(columns, axis=1)


def stamped(world: World, spells: Sessions, clock: Ints) -> Ints:
    """The times as the clocks of the log (one code a row) have them, never before the account was opened."""
    how = world.plan.ways.logs
    share = draw(world.plan.rng("clocks"), how.skewed)
    at = spells.at + skew(clock, share, how.skew_minutes)
    opened: Ints = world.accounts["created"][spells.account]
    return np.asarray(np.clip(at, opened, world.plan.window[1] - 1), dtype=np.int64)


def _standing(world: World, found: Sessions) -> Sessions:
    """The sessions that no ban forbids, cut short by one that comes, in order of account and time."""
    banned, back = (world.accounts[name][found.account] for name in ("banned", "reinstated"))
    barred = (banned >= 0) & (found.at >= banned) & ((back < 0) | (found.at < back))
    order = np.lexsort((found.tour, found.at, found.account))
    order = order[~barred[order]]
    until_ban = np.where((banned > found.at), banned - found.at, found.seconds)
    found = replace(found, seconds=np.minimum(found.seconds, until_ban))
    columns = {name: column[order] for name, column in vars(found).items() if name != "shard"}
    return Sessions(shard=found.shard, **columns)


def _bursts(rng: np.random.Generator, tour: Ints, at: Ints, end: Ints) -> Ints:
    """Moves a third of the sessions to within hours after the one before in the same tour."""
    n = len(at)
    alone = rng.random(n) > 0.33
    alone[:1] = True
    alone[1:] |= tour[1:] != tour[:-1]
    anchor = np.maximum.accumulate(np.where(alone, np.arange(n), 0)) if n else np.arange(0)
    later = at[anchor] + (rng.exponential(1.5 * HOUR, n) + 300).astype(np.int64)
    return np.where(alone | (later >= end), at, later)

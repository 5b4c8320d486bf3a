"""The table `events`: keys, passwords, mailboxes, bans and what follows them."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, MINUTE, stamps
from graphattr.simulate.draws import Ints, stream
from graphattr.simulate.forms import APPEAL, BANNED, EMAIL, KEY, PASSWORD, REINSTATED, EventLog
from graphattr.simulate.states.cast import KIND
from graphattr.simulate.states.logs import faulty
from graphattr.simulate.states.world import World

_DESK: Final = 7  # people at the provider's help desk: each acts on many accounts


def events(world: World) -> pl.DataFrame:
    """One row an event, by account and time; bans are never lost."""
    log, bans = (EventLog(world.accounts["created"], world.window[1], world.seed) for _ in range(2))
    _habits(log, world, stream(world.seed, "states events"))
    _control(log, world, stream(world.seed, "states control"))
    _bans(bans, world, stream(world.seed, "states bans"))
    kept = bans.table()
    kept = kept.with_columns(observed_at=stamps(kept["observed_at"].to_numpy()))
    return pl.concat([faulty(world, "events", 0, log.table()), kept]).sort(
        "account", "observed_at", "event", maintain_order=True
    )


def _habits(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """What all holders do: keys made with use (the more, the busier), forgotten passwords, new mailboxes."""
    accounts, n = world.accounts, len(world.accounts["created"])
    busy = np.bincount(world.spells["account"], minlength=n)
    wants = rng.random(n) < 0.75
    log.add(
        KEY,
        np.flatnonzero(wants),
        (accounts["created"] + rng.exponential(8 * HOUR, n).astype(np.int64) + 60)[wants],
    )
    more = rng.poisson(np.minimum(busy, 120) * 0.008)
    row = np.repeat(np.arange(n), more)
    log.add(KEY, row, _sometime(rng, world, row))
    lost = np.flatnonzero(rng.random(n) < 0.06)
    desk = np.where(rng.random(len(lost)) < 0.3, rng.integers(0, _DESK, len(lost)), -1)
    log.add(PASSWORD, lost, _sometime(rng, world, lost), desk)
    moved = np.flatnonzero(rng.random(n) < 0.02)
    log.add(EMAIL, moved, _sometime(rng, world, moved))


def _sometime(rng: np.random.Generator, world: World, row: Ints) -> Ints:
    created, banned = (world.accounts[name][row] for name in ("created", "banned"))
    start = np.maximum(created, world.window[0]) + 60
    end = np.maximum(np.where(banned >= 0, banned, world.window[1]), start + 1)
    at: Ints = start + (rng.random(len(row)) * (end - start)).astype(np.int64)
    return at


def _control(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """Planned acts of control: resets by who takes an account over or back, rotations of keys."""
    accounts = world.accounts
    actor = accounts["actor"]
    row = np.flatnonzero(accounts["reset"] >= 0)
    log.add(PASSWORD, row, accounts["reset"][row] + rng.integers(0, 20 * MINUTE, len(row)))
    taken = row[(accounts["kind"][row] != KIND["compromised"]) & (rng.random(len(row)) < 0.5)]
    log.add(EMAIL, taken, accounts["reset"][taken] + rng.integers(MINUTE, HOUR, len(taken)))
    row = np.flatnonzero(accounts["keys"] >= 0)
    log.add(KEY, row, accounts["keys"][row], actor[row])


def _bans(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """Bans; appeals by holders banned by mistake and by some operators; reinstatements."""
    accounts = world.accounts
    row = np.flatnonzero(accounts["banned"] >= 0)
    log.add(BANNED, row, accounts["banned"][row])
    tries = row[(accounts["innocent"][row] == 0) & (rng.random(len(row)) < 0.04)]
    log.add(APPEAL, tries, accounts["banned"][tries] + rng.integers(HOUR, 4 * DAY, len(tries)))
    for event, column in ((APPEAL, "appealed"), (REINSTATED, "reinstated")):
        there = np.flatnonzero(accounts[column] >= 0)
        log.add(event, there, accounts[column][there])

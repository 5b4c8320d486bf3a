"""The table `events`: keys, passwords, bans and what follows them."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, MINUTE, stamps
from graphattr.simulate.draws import Ints
from graphattr.simulate.forms import APPEAL, BANNED, EMAIL, KEY, PASSWORD, REINSTATED, EventLog
from graphattr.simulate.tours.world import World

_SUPPORT_DESK: Final = 6  # staff who reset passwords on request: each acts on many accounts


def events(world: World) -> pl.DataFrame:
    """One row an event, by account and time."""
    log = EventLog(world.accounts["created"], world.plan.window[1], world.plan.seed)
    _housekeeping(log, world, world.plan.rng("events"))
    _control(log, world, world.plan.rng("control events"))
    _bans(log, world, world.plan.rng("ban events"))
    table = log.table()
    return table.with_columns(observed_at=stamps(table["observed_at"].to_numpy()))


def _housekeeping(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """What all holders do: a key soon after joining, now and then a new key, password or mailbox."""
    created, banned = world.accounts["created"], world.accounts["banned"]
    first, last = world.plan.window
    start, end = np.maximum(created, first), np.where(banned >= 0, banned, last)

    def some(share: float) -> Ints:
        return np.flatnonzero(rng.random(len(created)) < share)

    def at(row: Ints) -> Ints:
        moment: Ints = start[row] + (rng.random(len(row)) * np.maximum(end - start, 1)[row]).astype(np.int64)
        return moment

    new = some(0.7)
    log.add(KEY, new, created[new] + rng.integers(2 * MINUTE, 2 * DAY, len(new)))
    again = np.concatenate([some(0.2), some(0.1)])
    log.add(KEY, again, at(again))
    lost = some(0.06)
    desk = np.where(rng.random(len(lost)) < 0.3, rng.integers(0, _SUPPORT_DESK, len(lost)), -1)
    log.add(PASSWORD, lost, at(lost), desk)
    moved = some(0.015)
    log.add(EMAIL, moved, at(moved))


def _control(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """The planned acts of control: a victim's or buyer's reset, a buyer's new mailbox, a rotation of keys."""
    moment, actor = world.accounts["control"], world.accounts["actor"]
    row = np.flatnonzero(moment >= 0)
    victim = (world.kinds["kind"] == "compromised").to_numpy()[row]
    sold = world.accounts["swap"][row] >= 0
    moved = sold & (rng.random(len(row)) < 0.6)
    for event, rows in (
        (PASSWORD, row[victim | sold]),
        (EMAIL, row[moved]),
        (KEY, row[~victim & ~sold]),
    ):
        log.add(event, rows, moment[rows] + rng.integers(0, 10 * MINUTE, len(rows)), actor[rows])


def _bans(log: EventLog, world: World, rng: np.random.Generator) -> None:
    """Bans; appeals by mistakenly banned holders and by some operators; reinstatements."""
    accounts = world.accounts
    row = np.flatnonzero(accounts["banned"] >= 0)
    log.add(BANNED, row, accounts["banned"][row])
    tries = row[~accounts["innocent"][row] & (rng.random(len(row)) < 0.03)]
    log.add(APPEAL, tries, accounts["banned"][tries] + rng.integers(HOUR, 3 * DAY, len(tries)))
    for event, column in ((APPEAL, "appealed"), (REINSTATED, "reinstated")):
        there = np.flatnonzero(accounts[column] >= 0)
        log.add(event, there, accounts[column][there])

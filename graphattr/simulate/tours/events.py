"""The table `events`: keys, passwords, bans and what follows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR, MINUTE, stamps
from graphattr.simulate.draws import Ints
from graphattr.simulate.text import hashed, named
from graphattr.simulate.tours.world import World

_EVENTS: Final = ("key_created", "password_reset", "email_changed", "banned", "appeal", "reinstated")
_KEY, _PASSWORD, _EMAIL, _BANNED, _APPEAL, _REINSTATED = range(len(_EVENTS))
_SUPPORT_DESK: Final = 6  # staff who reset passwords on request: each acts on many accounts


@dataclass
class _Log:
    """Collects events; those before the account or after the observation are dropped."""

    world: World
    parts: list[tuple[Ints, Ints, Ints, Ints]] = field(default_factory=list)

    def add(self, event: int, row: Ints, at: Ints, actor: Ints | int = -1) -> None:
        kept = (at > self.world.accounts["created"][row]) & (at < self.world.plan.window[1])
        actors = np.broadcast_to(np.asarray(actor), len(row))
        self.parts.append((row[kept], at[kept], np.full(int(kept.sum()), event), actors[kept]))

    def table(self) -> pl.DataFrame:
        row, at, event, actor = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.lexsort((event, at, row))
        return pl.DataFrame(
            {
                "account": row[order],
                "observed_at": stamps(at[order]),
                "event": named(event[order], _EVENTS),
                "actor_id": hashed(actor[order], "actor", self.world.plan.seed),
            }
        )


def events(world: World) -> pl.DataFrame:
    """One row an event, by account and time."""
    log = _Log(world)
    _housekeeping(log, world, world.plan.rng("events"))
    _control(log, world, world.plan.rng("control events"))
    _bans(log, world, world.plan.rng("ban events"))
    return log.table()


def _housekeeping(log: _Log, world: World, rng: np.random.Generator) -> None:
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
    log.add(_KEY, new, created[new] + rng.integers(2 * MINUTE, 2 * DAY, len(new)))
    again = np.concatenate([some(0.2), some(0.1)])
    log.add(_KEY, again, at(again))
    lost = some(0.06)
    desk = np.where(rng.random(len(lost)) < 0.3, rng.integers(0, _SUPPORT_DESK, len(lost)), -1)
    log.add(_PASSWORD, lost, at(lost), desk)
    moved = some(0.015)
    log.add(_EMAIL, moved, at(moved))


def _control(log: _Log, world: World, rng: np.random.Generator) -> None:
    """The planned acts of control: a victim's or buyer's reset, a buyer's new mailbox, a rotation of keys."""
    moment, actor = world.accounts["control"], world.accounts["actor"]
    row = np.flatnonzero(moment >= 0)
    victim = (world.kinds["kind"] == "compromised").to_numpy()[row]
    sold = world.accounts["swap"][row] >= 0
    moved = sold & (rng.random(len(row)) < 0.6)
    for event, rows in (
        (_PASSWORD, row[victim | sold]),
        (_EMAIL, row[moved]),
        (_KEY, row[~victim & ~sold]),
    ):
        log.add(event, rows, moment[rows] + rng.integers(0, 10 * MINUTE, len(rows)), actor[rows])


def _bans(log: _Log, world: World, rng: np.random.Generator) -> None:
    """Bans; appeals by mistakenly banned holders and by some operators; reinstatements."""
    accounts = world.accounts
    row = np.flatnonzero(accounts["banned"] >= 0)
    log.add(_BANNED, row, accounts["banned"][row])
    tries = row[~accounts["innocent"][row] & (rng.random(len(row)) < 0.03)]
    log.add(_APPEAL, tries, accounts["banned"][tries] + rng.integers(HOUR, 3 * DAY, len(tries)))
    for event, column in ((_APPEAL, "appealed"), (_REINSTATED, "reinstated")):
        there = np.flatnonzero(accounts[column] >= 0)
        log.add(event, there, accounts[column][there])

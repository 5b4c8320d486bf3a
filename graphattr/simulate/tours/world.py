"""A plan made fast: arrays by table, accounts by the time they were opened, tours by account."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Bools, Floats, Ints, draw, mix
from graphattr.simulate.faults import Outage, outages, share_lost
from graphattr.simulate.tours.flags import plant
from graphattr.simulate.tours.plan import MODES, Plan

Columns = dict[str, Any]

#: Accounts whose sessions are drawn together, from a stream of their own.
SHARD: Final = 25_000
_RENTED: Final = 61  # namespace of the codes of rented lines
#: Ways onto the network that are mechanisms of their own.
_WAYS_OFF: Final = (("vpn", "vpn_exits"), ("proxy", "residential_proxies"), ("tor", "tor"))


@dataclass(frozen=True)
class World:
    """Drivers, accounts, tours and providers as arrays by column name; see `plan` for the columns.

    `kinds` has the text columns of the accounts, `release` is the second at which the new model comes out
    (after the observation: never).
    """

    plan: Plan
    drivers: Columns
    accounts: Columns
    tours: Columns
    providers: Columns
    kinds: pl.DataFrame
    release: int
    _bounds: Ints = field(repr=False)

    @classmethod
    def of(cls, plan: Plan) -> World:
        """The world of a finished plan, with bans by mistake, false flags and the release of a model."""
        accounts, kinds, tours = _by_account(plan)
        drivers, providers = plan.columns("drivers"), plan.columns("providers")
        plan.release()
        accounts |= _mistaken(plan, accounts)
        single = (kinds["kind"] == "single_operator").to_numpy()
        codes, first = np.unique(accounts["operator"][single], return_index=True)
        plant(plan, accounts, tours, codes[np.argsort(first)] if plan.on("false_flags") else codes[:0])
        release, tours = _released(plan, tours)
        _leave_out(plan, drivers)
        if plan.preset.exchanges:
            _reach(plan, accounts, tours)
        bounds = np.searchsorted(tours["account"], np.arange(0, len(accounts["created"]) + SHARD, SHARD))
        return cls(plan, drivers, accounts, tours, providers, kinds, release, bounds)

    @property
    def shards(self) -> int:
        """How many shards the accounts make."""
        return len(self._bounds) - 1

    def rows(self, shard: int) -> Ints:
        """The rows of the tours of a shard."""
        return np.arange(self._bounds[shard], self._bounds[shard + 1])

    @cached_property
    def lines(self) -> Ints:
        """Codes of all home lines, and of the kits of devices, sorted: their positions are distinct numbers."""
        vendors = [homes for homes, _ in self.plan.rented]
        own = self.rented[~self.accounts["innocent"]]
        return np.unique(np.concatenate([self.drivers["home"], self.drivers["kit"], own, *vendors]))

    @cached_property
    def rented(self) -> Ints:
        """Code of the line, and of the phone, that each account's operator rents for it: one for up to four."""
        key, country = self.accounts["key"], self.accounts["country"]
        return mix(_RENTED, key // (1 + mix(self.accounts["operator"]) % 4), country)


def _by_account(plan: Plan) -> tuple[Columns, pl.DataFrame, Columns]:
    """Accounts in the order of their opening, as a provider has them, and tours in the order of accounts."""
    frame = plan.table("accounts")
    order = np.lexsort((frame["key"].to_numpy(), frame["created"].to_numpy()))
    frame = frame[order]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    tours = plan.columns("tours")
    tours["account"] = place[tours["account"]]
    by_account = np.argsort(tours["account"], kind="stable")
    accounts = {name: np.array(frame[name]) for name in frame.columns if frame[name].dtype != pl.String}
    return accounts, frame.select("kind", "mechanism"), {k: v[by_account] for k, v in tours.items()}


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


def _released(plan: Plan, tours: Columns) -> tuple[int, Columns]:
    """The moment of the release, and the tours with those that people make on its day besides."""
    rng = plan.rng("release")
    first, last = plan.window
    moment = first + int(draw(rng, plan.ways.shocks.moment) * (last - first)) // DAY * DAY + 16 * HOUR
    active = (tours["start"] <= moment) & (moment + HOUR < tours["end"]) & (tours["sessions"] > 0)
    come: Bools = active & (rng.random(len(active)) < draw(rng, plan.ways.shocks.surge))
    if not plan.on("release_shock"):
        return last, tours
    more = {name: column[come] for name, column in tours.items()}
    more["start"] = np.full(int(come.sum()), moment)
    more["end"] = np.minimum(more["end"], moment + DAY)
    more["sessions"] = np.full(int(come.sum()), 2.0)
    every = {name: np.concatenate([tours[name], more[name]]) for name in tours}
    order = np.argsort(every["account"], kind="stable")
    return moment, {name: column[order] for name, column in every.items()}


def _leave_out(plan: Plan, drivers: Columns) -> None:
    """Takes the ways that are switched off from everybody; who has no other left rents a server."""
    for mode, mechanism in _WAYS_OFF:
        if not plan.on(mechanism):
            drivers[f"w_{mode}"] = np.zeros(len(drivers["key"]))
    total: Floats = np.sum([drivers[f"w_{mode}"] for mode in MODES], axis=0)
    drivers["w_hosting"] = np.where(total > 0, drivers["w_hosting"], 1.0)
    lost = (total <= 0) & (drivers["hosting"] < 0)
    drivers["hosting"] = np.where(lost, plan.layout.hosters[0], drivers["hosting"])


def lost(plan: Plan, table: str) -> list[Outage]:
    """The outages of a table's log."""
    how = plan.ways.logs
    return outages(plan.rng(f"outages {table}"), plan.window, how.outages, how.outage_hours, how.lost)


#: Mean rows of usage a session, and mean requests a row over their median, as `sessions` and `usage` draw them.
ROWS_A_SESSION: Final = 2.18
REQUESTS_A_MEDIAN: Final = 1.197


def _reach(plan: Plan, accounts: Columns, tours: Columns) -> None:
    """Scales the requests of the accounts that are not innocent to the preset's exchanges (in place)."""
    theirs = ~accounts["innocent"][tours["account"]] & (tours["end"] > tours["start"])
    sessions, median = tours["sessions"][theirs], tours["requests"][theirs]
    wanted = plan.preset.exchanges / (1.0 - share_lost(lost(plan, "usage"), plan.window))
    rest = wanted - ROWS_A_SESSION * sessions.sum()
    factor = rest / (REQUESTS_A_MEDIAN * (sessions * median).sum())
    tours["requests"] = np.where(theirs, tours["requests"] * max(factor, 0.0), tours["requests"])

"""The seven tables of the data contract, and the truth, as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import stamps
from graphattr.simulate.draws import Ints
from graphattr.simulate.faults import kept
from graphattr.simulate.forms import accounts_table
from graphattr.simulate.text import hashed
from graphattr.simulate.tours.devices import devices
from graphattr.simulate.tours.events import events
from graphattr.simulate.tours.labels import labels, operator_names
from graphattr.simulate.tours.networks import ips
from graphattr.simulate.tours.payments import payments
from graphattr.simulate.tours.sessions import Sessions, sessions
from graphattr.simulate.tours.usage import usage
from graphattr.simulate.tours.world import World, lost


def account_ids(world: World) -> pl.Series:
    """The id of each account by row."""
    return hashed(world.accounts["key"], "account", world.plan.seed)


def accounts(world: World) -> pl.DataFrame:
    """The table `accounts`, one row an account by row number."""
    columns = world.accounts
    closed = np.where(columns["reinstated"] < 0, columns["banned"], -1)
    return accounts_table(columns, closed, world.plan.seed)


WHOLE: Final[dict[str, Callable[[World], pl.DataFrame]]] = {
    "accounts": accounts,
    "payments": payments,
    "events": events,
    "labels": labels,
}
BY_SHARD: Final[dict[str, Callable[[World, Sessions], pl.DataFrame]]] = {
    "ips": ips,
    "devices": devices,
    "usage": usage,
}
#: Tables that come out of logs, parts of which may be lost.
LOGGED: Final = ("ips", "devices", "usage", "events")


@dataclass
class Tours:
    """A world of this family (`made.Made`): sessions are drawn shard by shard, anew for each table."""

    world: World
    _last: tuple[int, Sessions] | None = None

    @cached_property
    def ids(self) -> pl.Series:
        """The id of each account by row."""
        return account_ids(self.world)

    def table(self, name: str) -> Iterator[pl.DataFrame]:
        """The table with ids in the place of row numbers, a part a shard where it comes from sessions."""
        if name in WHOLE:
            yield self._finished(name, 0, WHOLE[name](self.world))
            return
        for shard in range(self.world.shards):
            yield self._finished(name, shard, BY_SHARD[name](self.world, self._sessions(shard)))

    def _sessions(self, shard: int) -> Sessions:
        """The sessions of a shard; the last one drawn is kept, which is all of them in a small world."""
        if self._last is None or self._last[0] != shard:
            self._last = None  # so that two are never held at once
            self._last = shard, sessions(self.world, shard)
        return self._last[1]

    def _finished(self, name: str, shard: int, frame: pl.DataFrame) -> pl.DataFrame:
        plan = self.world.plan
        if name in LOGGED:
            frame = kept(frame, lost(plan, name), plan.rng(f"lost {name} {shard}"))
        at: Ints = frame["account"].to_numpy()
        return frame.select(self.ids.gather(at).alias("account_id"), pl.exclude("account"))

    def truth(self) -> pl.DataFrame:
        """See `truth`."""
        return truth(self.world)


def truth(world: World) -> pl.DataFrame:
    """Who controls each account and who benefits; never an input of a run.

    Columns: account_id; controller (the account itself where it is its holder's only one); beneficiary (who
    gets most of the results); beneficiaries (how many do); kind; mechanism (finer); innocent (nobody may be
    accused over it); operator (the name that labels use, whether or not any label does; else null);
    controlled_since (when the controller bought the account of whoever opened it; null: from its opening on).
    """
    ids = account_ids(world)
    codes = world.accounts["controller"]
    _, inverse, held = np.unique(codes, return_inverse=True, return_counts=True)
    entity = hashed(codes, "entity", world.plan.seed)
    alone = pl.Series(held[inverse] == 1)
    controller = pl.select(pl.when(alone).then(ids).otherwise(entity)).to_series()
    other = hashed(world.accounts["beneficiary"], "entity", world.plan.seed)
    return pl.DataFrame(
        {
            "account_id": ids,
            "controller": controller,
            "beneficiary": other.fill_null(controller),
            "beneficiaries": world.accounts["beneficiaries"],
            "kind": world.kinds["kind"],
            "mechanism": world.kinds["mechanism"],
            "innocent": world.accounts["innocent"],
            "operator": operator_names(world),
            "controlled_since": stamps(world.accounts["swap"]),
        }
    ).sort("account_id")

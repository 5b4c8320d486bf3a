"""The seven tables of the data contract, and the truth, as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import COUNTRIES
from graphattr.simulate.clock import stamps
from graphattr.simulate.draws import Ints
from graphattr.simulate.text import domains, hashed, named
from graphattr.simulate.tours.devices import devices
from graphattr.simulate.tours.events import events
from graphattr.simulate.tours.labels import labels, operator_names
from graphattr.simulate.tours.networks import ips
from graphattr.simulate.tours.payments import payments
from graphattr.simulate.tours.usage import usage
from graphattr.simulate.tours.world import Sessions, World, sessions


def account_ids(world: World) -> pl.Series:
    """The id of each account by row."""
    return hashed(np.arange(len(world.accounts["created"])), "account", world.plan.seed)


def accounts(world: World) -> pl.DataFrame:
    """The table `accounts`, one row an account by row number."""
    columns = world.accounts
    seed = world.plan.seed
    closed = np.where(columns["reinstated"] < 0, columns["banned"], -1)
    return pl.DataFrame(
        {
            "account": np.arange(len(columns["created"])),
            "created_at": stamps(columns["created"]),
            "email_domain": domains(columns["domain"], seed),
            "email_id": hashed(columns["mailbox"], "mailbox", seed),
            "phone_id": hashed(columns["phone"], "phone", seed),
            "name_id": hashed(columns["name"], "name", seed),
            "organisation_id": hashed(columns["organisation"], "organisation", seed),
            "country": named(columns["country"], tuple(country.code for country in COUNTRIES)),
            "closed_at": stamps(closed),
        }
    )


@dataclass
class Tours:
    """A world of this family (`made.Made`); the sessions are drawn when the first table asks for them."""

    world: World

    @cached_property
    def sessions(self) -> Sessions:
        """All spells of work."""
        return sessions(self.world)

    def table(self, name: str) -> Iterator[pl.DataFrame]:
        """The table with ids in the place of row numbers, in one part."""
        frame = _tables(self)[name]()
        at: Ints = frame["account"].to_numpy()
        yield frame.select(account_ids(self.world).gather(at).alias("account_id"), pl.exclude("account"))

    def truth(self) -> pl.DataFrame:
        """See `truth`."""
        return truth(self.world)


def _tables(made: Tours) -> dict[str, Callable[[], pl.DataFrame]]:
    world = made.world
    return {
        "accounts": lambda: accounts(world),
        "payments": lambda: payments(world),
        "ips": lambda: ips(world, made.sessions),
        "devices": lambda: devices(world, made.sessions),
        "usage": lambda: usage(world, made.sessions),
        "events": lambda: events(world),
        "labels": lambda: labels(world),
    }


def truth(world: World) -> pl.DataFrame:
    """Who controls each account and who benefits; never an input of a run.

    Columns: account_id; controller (the account itself where it is its holder's only one); beneficiary (who
    gets most of the results); beneficiaries (how many do); kind; mechanism (finer); innocent (nobody may be
    accused over it); operator (the name that labels use, whether or not any label does; else null).
    """
    table = world.plan.table("accounts")
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
            "beneficiaries": table["beneficiaries"],
            "kind": table["kind"],
            "mechanism": table["mechanism"],
            "innocent": table["innocent"],
            "operator": operator_names(world),
        }
    ).sort("account_id")

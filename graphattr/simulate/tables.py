"""The seven tables of the data contract, and the truth, as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import COUNTRIES
from graphattr.simulate.clock import stamps
from graphattr.simulate.devices import devices
from graphattr.simulate.draws import Ints
from graphattr.simulate.events import events
from graphattr.simulate.labels import labels, operator_names
from graphattr.simulate.networks import ips
from graphattr.simulate.payments import payments
from graphattr.simulate.text import domains, hashed, named
from graphattr.simulate.usage import usage
from graphattr.simulate.world import Sessions, World

#: Names of the tables, in the order they are written.
TABLES: Final = ("accounts", "payments", "ips", "devices", "usage", "events", "labels")
_ROW_GROUP: Final = 250_000


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


def signals(world: World, spells: Sessions) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each table with its name, with ids in the place of row numbers."""
    make: dict[str, Callable[[], pl.DataFrame]] = {
        "accounts": lambda: accounts(world),
        "payments": lambda: payments(world),
        "ips": lambda: ips(world, spells),
        "devices": lambda: devices(world, spells),
        "usage": lambda: usage(world, spells),
        "events": lambda: events(world),
        "labels": lambda: labels(world),
    }
    ids = account_ids(world)
    for name in TABLES:
        frame = make[name]()
        at: Ints = frame["account"].to_numpy()
        yield name, frame.select(ids.gather(at).alias("account_id"), pl.exclude("account"))


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


def write(frame: pl.DataFrame, path: Path) -> None:
    """Writes a table whole or not at all; the same rows give the same bytes."""
    draft = path.with_name(path.name + ".part")
    frame.rechunk().write_parquet(
        draft, compression="zstd", compression_level=3, statistics=False, row_group_size=_ROW_GROUP
    )
    draft.replace(path)

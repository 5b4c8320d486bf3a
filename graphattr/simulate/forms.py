"""Tables that both generator families write in one form, whatever made their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import COUNTRIES
from graphattr.simulate.clock import stamps
from graphattr.simulate.draws import Ints
from graphattr.simulate.text import domains, hashed, named

#: Events by code.
EVENTS: Final = ("key_created", "password_reset", "email_changed", "banned", "appeal", "reinstated")
KEY, PASSWORD, EMAIL, BANNED, APPEAL, REINSTATED = range(len(EVENTS))


def accounts_table(columns: Mapping[str, Any], closed: Ints, seed: int) -> pl.DataFrame:
    """The table `accounts`, one row an account by row number.

    Args:
        columns: one code an account of created (second), domain, mailbox, phone, name, organisation and country.
        closed: second of the closing, -1 for never.
        seed: of the world.
    """
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
class EventLog:
    """Collects events; those before the account or after the observation are dropped.

    Attributes:
        created: second of each account's creation.
        end: second after the observation.
        seed: of the world.
    """

    created: Ints
    end: int
    seed: int
    _parts: list[tuple[Ints, Ints, Ints, Ints]] = field(default_factory=list)

    def add(self, event: int, row: Ints, at: Ints, actor: Ints | int = -1) -> None:
        """Adds an event of one kind for each account row, at its second, by its actor (-1: not known)."""
        kept = (at > self.created[row]) & (at < self.end)
        actors = np.broadcast_to(np.asarray(actor), len(row))
        self._parts.append((row[kept], at[kept], np.full(int(kept.sum()), event), actors[kept]))

    def table(self) -> pl.DataFrame:
        """All events by account and time, the time in seconds."""
        row, at, event, actor = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.lexsort((event, at, row))
        return pl.DataFrame(
            {
                "account": row[order],
                "observed_at": at[order],
                "event": named(event[order], EVENTS),
                "actor_id": hashed(actor[order], "actor", self.seed),
            }
        )

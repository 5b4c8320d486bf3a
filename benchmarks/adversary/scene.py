"""What an attack sees of a world, what it hands back, and what it costs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]

#: Values that two accounts can share: table and column by kind.
VALUES: Final[dict[str, tuple[str, str]]] = {
    "card": ("payments", "instrument_id"),
    "device": ("devices", "device_id"),
    "fingerprint": ("devices", "tls_fingerprint"),
    "address": ("ips", "ip"),
    "template": ("usage", "template_id"),
    "phone": ("accounts", "phone_id"),
    "name": ("accounts", "name_id"),
    "mailbox": ("accounts", "email_id"),
    "mail domain": ("accounts", "email_domain"),
    "actor": ("events", "actor_id"),
}
#: Those that cost nothing: they are made up, or set in one's own software.
FREE: Final = ("fingerprint", "template", "name", "mailbox", "actor")
#: Ending of mail domains that somebody owns; all others are public providers (docs/worlds.md).
OWNED_DOMAIN: Final = ".example"


@dataclass(frozen=True)
class Cost:
    """What an attack takes, in counted units.

    Attributes:
        opened: accounts opened for it.
        values: values that must be got, by kind: bought, rented, or come by from others.
        made: values that are made up.
        rerouted: accounts whose sessions go another way than before.
        given_up: share of the operator's requests that is not made any more.
        shifted: mean time by which the remaining requests move, in days.
    """

    opened: int = 0
    values: Mapping[str, int] = field(default_factory=dict)
    made: int = 0
    rerouted: int = 0
    given_up: float = 0.0
    shifted: float = 0.0

    @property
    def got(self) -> int:
        """Values that must be got, of all kinds together."""
        return sum(self.values.values())

    def __add__(self, other: Cost) -> Cost:
        """Both attacks, one after the other; accounts re-routed by both count once where they are the same ones."""
        kinds = sorted({*self.values, *other.values})
        return Cost(
            self.opened + other.opened,
            {kind: self.values.get(kind, 0) + other.values.get(kind, 0) for kind in kinds},
            self.made + other.made,
            max(self.rerouted, other.rerouted),
            1 - (1 - self.given_up) * (1 - other.given_up),
            self.shifted + other.shifted,
        )


@dataclass(frozen=True)
class Scene:
    """A world, with all that an adversary may know of the truth.

    Attributes:
        name: preset, family and seed.
        family: generator family.
        seed: of the world; the draws of attacks hang on it too.
        tables: signal tables.
        own: accounts of the operator that attacks, sorted.
        rival: accounts of another operator whose values the attacker has come by, sorted; empty where there is none.
        rival_name: the name that labels give the rival, or None.
        innocents: accounts that the attacker knows to be innocent, sorted.
        sites: accounts of an innocent household and of an innocent company, where there is one.
    """

    name: str
    family: str
    seed: int
    tables: Tables
    own: tuple[str, ...]
    rival: tuple[str, ...]
    rival_name: str | None
    innocents: tuple[str, ...]
    sites: Mapping[str, tuple[str, ...]]

    def draw(self, purpose: str) -> np.random.Generator:
        """Random numbers for a purpose: the same for the same world."""
        digest = hashlib.sha256(f"{self.name}|{purpose}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def crowd(self) -> list[str]:
        """Everybody else who uses the service, as far as the attacker can tell: all accounts but its own."""
        mine = set(self.own)
        users = set(self.tables["usage"]["account_id"]) - mine
        return sorted(users)


@dataclass(frozen=True)
class Edited:
    """A world after an attack.

    Attributes:
        tables: signal tables.
        cost: what it took.
        targets: accounts of others that the attack is to bring into the operator's ring.
        touched: accounts of the world whose rows the attack changed or added to.
    """

    tables: Tables
    cost: Cost
    targets: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()


def fresh(kind: str, *parts: object) -> str:
    """A value that nobody had before, the same for the same parts."""
    digest = hashlib.sha256("|".join([kind, *map(str, parts)]).encode()).hexdigest()
    if kind == "mail domain":
        return digest[:8] + OWNED_DOMAIN
    if kind == "address":  # each in a network of its own, in the range that worlds do not use
        first, second, third = (int(digest[at : at + 2], 16) for at in (0, 2, 4))
        return f"{248 + first % 8}.{second}.{third}.{1 + int(digest[6:8], 16) % 254}"
    return digest[:16]


def rows_of(table: pl.DataFrame, accounts: Sequence[str]) -> pl.DataFrame:
    """The rows of some accounts, in their order."""
    return table.filter(pl.col("account_id").is_in(list(accounts)))


def created_at(tables: Tables) -> dict[str, datetime]:
    """When each account was created."""
    return dict(tables["accounts"].select("account_id", "created_at").iter_rows())

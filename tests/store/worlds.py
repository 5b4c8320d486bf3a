"""A tiny run made by hand, with text that tries to break out of every format it passes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from graphattr import records
from graphattr.store.graph import GraphTables

T0 = datetime(2024, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ACCOUNTS = {
    "account_id": pl.String,
    "created_at": records.UTC,
    "closed_at": records.UTC,
    "country": pl.String,
}

#: Ids and values that an account or a device may well be called.
HOSTILE = (
    "",
    " ",
    "quote ' and \" and `",
    "back\\slash \\n \\u0027",
    "line\nbreak\r\nand\ttab",
    "ends in backslash\\",
    '"',
    '""',
    "a,b;c|d",
    "<img src=x onerror=alert(1)>",
    "'}) DETACH DELETE n //",
    "$id",
    '=HYPERLINK("x")',
    "Zoë 漢字 🙂 \u202eabc",
    "nul\x00bell\x07escape\x1b",
    "null",
    "NaN",
    "x" * 5000,
)


@dataclass
class World:
    """Rows of a run's tables, written by `write`; columns that are left out are null."""

    accounts: list[dict[str, Any]] = field(default_factory=list)
    holdings: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    rings: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)

    def account(self, name: str, **more: Any) -> None:
        self.accounts.append({"account_id": name, "created_at": T0} | more)

    def hold(self, signal: str, value: str, *accounts: str, **more: Any) -> None:
        for day, account in enumerate(accounts):
            times = {"first_seen": T0 + timedelta(days=day), "last_seen": T0 + timedelta(days=day, seconds=1)}
            row = {"account_id": account, "signal": signal, "value": value, "count": day + 1, "first_row": 0}
            self.holdings.append(row | times | more)

    def link(self, a: str, b: str, probability: float = 0.9) -> None:
        groups = {f"log10_lr_{group}": index / 7 for index, group in enumerate(records.GROUPS)}
        row = {"account_a": min(a, b), "account_b": max(a, b), "probability": probability}
        self.links.append(row | groups | {"log10_lr": sum(groups.values()), "log10_prior_odds": -5.5})

    def ring(self, ring_id: str, *accounts: str, operator: str | None = None) -> None:
        shares = {f"p_{name}": 1 / 3 if index < 3 else 0.0 for index, name in enumerate(records.HYPOTHESES)}
        row = {"ring_id": ring_id, "size": len(accounts), "requests": 10**12, "hypothesis": "single_operator"}
        more = {"operator": operator, "operator_probability": 0.75 if operator else None, "status": "lead"}
        self.rings.append(row | shares | more | {"first_seen": T0, "bf_cap": 1e300, "log10_bf_low": -0.1})
        tiers = {"probability": 0.1 + 0.2, "low": 5e-324, "high": 1.0, "tier": "core"}
        self.members += [{"ring_id": ring_id, "account_id": account} | tiers for account in accounts]

    def write(self, run: Path) -> GraphTables:
        tables = GraphTables.of_run(run)
        tables.accounts.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(self.accounts, schema=ACCOUNTS).sort("account_id").write_parquet(tables.accounts)
        for name in ("holdings", "links", "rings", "members"):
            schema, keys = records.TABLES[name]
            rows = pl.DataFrame(getattr(self, name), schema=schema)
            rows.sort(keys).write_parquet(getattr(tables, name))
        return tables


def small_world() -> World:
    """Two rings: r1 of a, b, c over a device, a network, a card; r2 of d, e over a phone; f alone."""
    world = World()
    for name in "abcdef":
        world.account(name, country="DE" if name < "d" else None)
    world.hold("device", "dev1", "a", "b")
    world.hold("device", "dev-own", "a")
    world.hold("ip", "2001:db8::1", "b", "c", kind="hosting")
    world.hold("ip", "192.0.2.7", "c", kind="residential")
    world.hold("ip", "9f", "e", "f")
    world.hold("ip_prefix", "192.0.2.0/24", "a", "b", "c")  # not in the graph
    world.hold("instrument", "card1", "a", kind="credit")
    world.hold("instrument", "card1", "c", kind="debit")
    world.hold("instrument", "d", "d", kind="own", first_seen=None, last_seen=None)
    world.hold("phone", "tel1", "d", "e", first_seen=None, last_seen=None)
    world.link("a", "b")
    world.link("b", "c", 0.4)
    world.link("d", "e", 1.0)
    world.link("c", "f", 0.02)  # out of its ring
    world.ring("r1", "a", "b", "c", operator="op1")
    world.ring("r2", "d", "e")
    return world


def hostile_world() -> World:
    """One ring in which every id, value and text is one of HOSTILE."""
    world = World()
    for index, text in enumerate(HOSTILE):
        world.account(text, country=text)
        for signal in ("device", "ip", "instrument", "name"):
            world.hold(signal, text, text, HOSTILE[index - 1], kind=text)
    for index, text in enumerate(HOSTILE[1:]):
        world.link(text, HOSTILE[index])
    for text in HOSTILE:
        world.ring(text, text, operator=text)
        world.rings[-1] |= {"weakest_point": text, "hypothesis": text, "status": text}
    return world

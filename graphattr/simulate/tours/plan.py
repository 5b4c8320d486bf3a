"""The plan of a world before anything happens in it: who works, on which accounts, and when.

* A **driver** is one person or machine at work: hours, networks, devices.
* An **account** is what the provider sees: who controls it, how it was registered and paid.
* A **tour** is a driver at work on an account for a while. One account may have several: a buyer after the
  first owner, an intruder beside the owner, many tenants of a gateway.

Each is a table with one row an item and the columns below. Populations (people, companies, operators ...) add
rows; the mechanics (networks, devices, usage ...) turn them into signals. Everything is an integer code until
it is written; -1 is "none".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import DAY, WINDOW_DAY
from graphattr.simulate.draws import Ints, stream
from graphattr.simulate.mechanisms import MECHANISMS
from graphattr.simulate.presets import Preset
from graphattr.simulate.tours.parameters import Ways
from graphattr.simulate.tours.sizes import Sizes, sizes
from graphattr.simulate.tours.switches import switched

#: Ways onto the network, in the order of a driver's w_ columns.
MODES: Final = ("home", "mobile", "office", "campus", "vpn", "proxy", "hosting", "tor")

Schema = dict[str, tuple[Any, Any]]

DRIVER: Final[Schema] = {
    "key": (pl.Int64, -1),  # code of the driver
    "country": (pl.Int64, 0),  # index of catalogue.COUNTRIES
    "utc": (pl.Int64, 0),  # minutes east of UTC
    "peak": (pl.Float64, 14.0),  # local hour around which the work is done
    "spread": (pl.Float64, 3.5),  # its standard deviation, hours
    "quiet": (pl.Float64, 0.5),  # chance that a session on a weekend stands
    "steady": (pl.Float64, 0.0),  # share of work at any hour (scheduled)
    "home": (pl.Int64, -1),  # dwelling
    "isp": (pl.Int64, -1),  # provider of the dwelling's line
    "carrier": (pl.Int64, -1),  # provider of mobile data
    "office": (pl.Int64, -1),  # provider row of the employer's network
    "campus": (pl.Int64, -1),
    "vpn": (pl.Int64, -1),
    "proxy": (pl.Int64, -1),  # vendor of residential exits
    "hosting": (pl.Int64, -1),
    "servers": (pl.Int64, -1),  # pool of rented servers
    "server_count": (pl.Int64, 1),
    "hold_hours": (pl.Float64, 24.0),  # how long an account keeps the same exit, or a server its address
    **{f"w_{mode}": (pl.Float64, 0.0) for mode in MODES},
    "kit": (pl.Int64, -1),  # own devices
    "devices": (pl.Int64, 1),  # how many of them
    "shared_kit": (pl.Int64, -1),  # a device shared with others (family tablet, lab machine)
    "shared_use": (pl.Float64, 0.0),  # share of sessions on it
    "mask": (pl.Float64, 0.0),  # share of accounts only ever used in a browser profile of their own
    "refresh_days": (pl.Float64, 90.0),  # after which a device gets a new id (cleared cookies, new browser)
    "farm": (pl.Int64, -1),  # rented device farm, in the place of profiles of its own
    "tool": (pl.Int64, -1),  # client library used by scripts
    "tool_share": (pl.Float64, 0.0),  # share of sessions by script
}

ACCOUNT: Final[Schema] = {
    "key": (pl.Int64, -1),  # code of the account
    "controller": (pl.Int64, -1),  # entity in control: a person, operator or company
    "beneficiary": (pl.Int64, -1),  # who gets the results, mostly; -1: the controller
    "beneficiaries": (pl.Int64, 1),  # how many get results
    "kind": (pl.String, "independent"),
    "mechanism": (pl.String, "person"),
    "innocent": (pl.Boolean, True),
    "operator": (pl.Int64, -1),  # code of the operator that labels may name
    "careless": (pl.Float64, 0.0),  # how much of itself an operator shows there, 0 to 1
    "created": (pl.Int64, 0),
    "country": (pl.Int64, -1),  # as declared
    "domain": (pl.Int64, -1),
    "mailbox": (pl.Int64, -1),
    "phone": (pl.Int64, -1),
    "name": (pl.Int64, -1),
    "organisation": (pl.Int64, -1),
    "plan": (pl.Int64, 0),  # 0 free, 1 monthly, 2 top-ups
    "card": (pl.Int64, -1),
    "card_next": (pl.Int64, -1),  # another card, used from `swap` on
    "swap": (pl.Int64, -1),  # moment of the change of cards; -1: some time
    "card_kind": (pl.Int64, 0),  # index of catalogue.CARD_KINDS
    "bin": (pl.Int64, -1),
    "issuer": (pl.Int64, -1),  # country of the card's issuer
    "banned": (pl.Int64, -1),
    "reinstated": (pl.Int64, -1),
    "control": (pl.Int64, -1),  # moment of a key rotation or password reset by whoever runs the account
    "actor": (pl.Int64, -1),  # who did that, where the provider's log says
}

TOUR: Final[Schema] = {
    "account": (pl.Int64, -1),
    "driver": (pl.Int64, -1),
    "start": (pl.Int64, 0),
    "end": (pl.Int64, 0),
    "sessions": (pl.Float64, 0.0),  # expected number
    "requests": (pl.Float64, 4.0),  # median a session
    "job": (pl.Int64, -1),  # what is worked on: its templates, models, sizes
    "templates": (pl.Int64, 5),
    "pack": (pl.Int64, -1),  # bought or shared prompt pack
    "pack_share": (pl.Float64, 0.0),
    "private": (pl.Float64, 0.0),  # share of the job's templates reworded for each account
    "popular": (pl.Float64, 0.2),  # share of requests with templates everyone knows
    "tokens_in": (pl.Float64, 400.0),  # median a request
    "tokens_out": (pl.Float64, 300.0),
}

PROVIDER: Final[Schema] = {
    "kind": (pl.Int64, 0),  # index of catalogue.NETWORK_KINDS
    "country": (pl.Int64, 0),
    "asn": (pl.Int64, 0),
    "base": (pl.Int64, 0),  # first address, offset into the world's IPv4 space
    "size": (pl.Int64, 1),  # addresses
    "lease_hours": (pl.Float64, 24.0),  # after which a line gets another address
    "v6": (pl.Float64, 0.0),  # share of sessions over IPv6
}


def rows(schema: Schema, n: int, values: dict[str, Any]) -> pl.DataFrame:
    """`n` rows of a schema: arrays or scalars for the columns named, defaults for the others."""
    unknown = values.keys() - schema.keys()
    if unknown:
        raise KeyError(f"no such column: {sorted(unknown)}")
    columns: dict[str, pl.Series] = {}
    for name, (dtype, default) in schema.items():
        value = values.get(name, default)
        if isinstance(value, np.ndarray):
            columns[name] = pl.Series(np.broadcast_to(value, n)).cast(dtype)
        else:
            columns[name] = pl.repeat(value, n, dtype=dtype, eager=True)
    return pl.DataFrame(columns)


@dataclass(frozen=True)
class Layout:
    """Provider rows by country (countries x providers), VPN services, hosters, Tor, and the number of vendors."""

    isps: Ints
    carriers: Ints
    vpns: Ints
    hosters: Ints
    tors: Ints
    vendors: int


@dataclass
class Plan:
    """Collects the rows of a world; `codes` hands out numbers for its entities."""

    preset: Preset
    seed: int
    _blocks: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    _count: dict[str, int] = field(default_factory=dict)
    _population: str = ""
    _codes: dict[str, int] = field(default_factory=dict)
    _next_address: int = 256
    ways: Ways = field(init=False)
    sizes: Sizes = field(init=False)
    layout: Layout = field(init=False)
    #: (home, isp) of the innocent lines that each vendor of residential exits rents.
    rented: list[tuple[Ints, Ints]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draws the sizes, and switches off what the preset does without."""
        self.ways = switched(self.preset.ways, self.preset.without)
        self.sizes = sizes(self.preset, self.seed)

    def on(self, mechanism: str) -> bool:
        """Whether a mechanism is at work in this world."""
        return MECHANISMS[mechanism].name not in self.preset.without

    @property
    def window(self) -> tuple[int, int]:
        """First second of observation and the second after the last."""
        start = WINDOW_DAY * DAY
        return start, start + self.preset.days * DAY

    def rng(self, name: str) -> np.random.Generator:
        """The stream of the mechanism or population of that name."""
        return stream(self.seed, name)

    def population(self, name: str) -> np.random.Generator:
        """Begins a population: its stream, and from here on the codes are from a block of its own.

        So an entity has the same code whichever other populations are in the world.
        """
        self._population = name
        return self.rng(name)

    def codes(self, n: int) -> Ints:
        """`n` numbers that no other entity has."""
        name = self._population
        first = self._codes.get(name, (1 + zlib.crc32(name.encode())) << 28)
        self._codes[name] = first + n
        return np.arange(first, first + n, dtype=np.int64)

    def _add(self, table: str, frame: pl.DataFrame) -> Ints:
        first = self._count.get(table, 0)
        self._blocks.setdefault(table, []).append(frame)
        self._count[table] = first + frame.height
        return np.arange(first, first + frame.height, dtype=np.int64)

    def drivers(self, n: int, **values: Any) -> Ints:
        """Adds drivers; their row numbers."""
        return self._add("drivers", rows(DRIVER, n, {"key": self.codes(n)} | values))

    def driver(self, row: int) -> dict[str, Any]:
        """The columns of a driver that was just added."""
        last = self._blocks["drivers"][-1]
        return last.row(row - self._count["drivers"] + last.height, named=True)

    def accounts(self, n: int, **values: Any) -> Ints:
        """Adds accounts; their row numbers."""
        return self._add("accounts", rows(ACCOUNT, n, {"key": self.codes(n)} | values))

    def tours(self, n: int, **values: Any) -> Ints:
        """Adds tours; their row numbers."""
        return self._add("tours", rows(TOUR, n, values))

    def provider(self, size: int, **values: Any) -> int:
        """Adds a network of `size` addresses in a block of its own; its row number."""
        frame = rows(PROVIDER, 1, {"size": size, "base": self._next_address, **values})
        self._next_address += -(-size // 256) * 256
        return int(self._add("providers", frame)[0])

    def table(self, name: str) -> pl.DataFrame:
        """All rows of drivers, accounts, tours or providers so far."""
        schemas = {"drivers": DRIVER, "accounts": ACCOUNT, "tours": TOUR, "providers": PROVIDER}
        return pl.concat([rows(schemas[name], 0, {}), *self._blocks.get(name, [])], rechunk=True)

    def columns(self, name: str) -> dict[str, Any]:
        """The same table as arrays, text columns left out."""
        frame = self.table(name).drop(pl.selectors.string())
        return {column.name: column.to_numpy() for column in frame}

    def release(self) -> None:
        """Forgets all rows, once they have been taken over as arrays."""
        self._blocks.clear()

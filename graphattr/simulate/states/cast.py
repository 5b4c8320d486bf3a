"""Everything a world of family B holds before it is written: accounts, ways in, devices, wallets, spells.

Populations add rows to these tables; the tables of signals are computed from them. All cells are numbers; -1
is "none". The chance of each population comes from a stream of its own (`draws.stream`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from graphattr.simulate.clock import DAY, HOUR, WINDOW_DAY
from graphattr.simulate.draws import Ints, count, draw, stream
from graphattr.simulate.presets import Preset
from graphattr.simulate.states.lore import Lore
from graphattr.simulate.states.parameters import CUSTOMS, LIVES, SITES

Columns = dict[str, Any]

KINDS: Final = (
    "independent",
    "shared_infrastructure",
    "organisation",
    "single_operator",
    "contractors",
    "reseller",
    "compromised",
)
MECHANISMS: Final = (
    "person",
    "household",
    "campus",
    "company",
    "agency",
    "build_farm",
    "operator",
    "phone_farm",
    "contractors",
    "moonlighting",
    "gateway",
    "storefront",
    "compromised",
)
KIND: Final = {name: code for code, name in enumerate(KINDS)}
MECHANISM: Final = {name: code for code, name in enumerate(MECHANISMS)}

FREE, MONTHLY, RELOAD = range(3)
PERSON, MACHINE = range(2)

ACCOUNT: Final[dict[str, int]] = {
    "controller": -1,  # entity in control
    "beneficiary": -1,  # who gets most of the results; -1: the controller
    "beneficiaries": 1,
    "kind": 0,
    "mechanism": 0,
    "innocent": 1,
    "operator": -1,  # number of the operator that labels may name
    "created": 0,
    "country": -1,  # as declared
    "domain": -1,
    "mailbox": -1,
    "phone": -1,
    "name": -1,
    "organisation": -1,
    "funding": FREE,
    "wallet": -1,
    "next_wallet": -1,  # from `handed` on
    "handed": -1,  # moment of a change of hands
    "banned": -1,
    "closed": -1,  # by the holder
    "reset": -1,  # moment of a password reset by whoever takes or takes back control
    "keys": -1,  # moment of a rotation of keys
    "actor": -1,  # who did either, where the log says
}
ACCESS: Final[dict[str, int]] = {
    "way": 0,  # see grid
    "network": -1,  # row of grid.NETWORK
    "key": -1,  # subscriber, site, instance or session
    "sticky": 0,  # seconds for which an exit is kept; 0: not at all
    "wish": -1,  # country whose exits are asked for, where there is a choice
}
HARDWARE: Final[dict[str, int | float]] = {
    "genus": 0,  # see kits
    "code": -1,  # the thing itself, or the image or template it is made from
    "installed": 1,  # known by an id of its own, not by its attributes
    "os": 0,
    "browser": 0,
    "lag": 3.0,  # days after which it takes up an update
    "wear": 90.0,  # days until it loses its id
    "shown": -1,  # country whose language and clock it shows
    "tool": -1,  # client library, for machines
}
WALLET: Final[dict[str, int | float]] = {
    "code": -1,  # first instrument; the next ones follow in number
    "kind": 0,  # index of catalogue.CARD_KINDS
    "bin": -1,
    "issuer": -1,
    "charges": 1_000_000,  # charges on one instrument before the next
    "swap": -1,  # moment of one regular replacement
    "decline": 0.05,
    "dispute": 0.004,
}
SPELL: Final[dict[str, int | float]] = {
    "account": -1,
    "at": 0,
    "seconds": 60,
    "access": -1,
    "hardware": -1,
    "book": -1,
    "amount": 1.0,  # expected exchanges
    "style": PERSON,
    "stage": 0,  # where in a job's steps a machine starts
}
#: Instruments that a wallet may come to hold.
ROOM: Final = 64


class Rows:
    """A table that grows by blocks of columns; cells not given have the default."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self._defaults = defaults
        self._blocks: list[Columns] = []
        self._height = 0

    def __len__(self) -> int:
        return self._height

    def add(self, n: int, **values: Any) -> Ints:
        """Adds `n` rows of the values (arrays or scalars); their row numbers."""
        unknown = values.keys() - self._defaults.keys()
        if unknown:
            raise KeyError(f"no such column: {sorted(unknown)}")
        block = {}
        for name, default in self._defaults.items():
            dtype = np.float64 if isinstance(default, float) else np.int64
            block[name] = np.broadcast_to(np.asarray(values.get(name, default), dtype=dtype), n)
        self._blocks.append(block)
        self._height += n
        return np.arange(self._height - n, self._height, dtype=np.int64)

    def columns(self) -> Columns:
        """All rows, as arrays by column name."""
        empty = {
            name: np.empty(0, dtype=np.float64 if isinstance(default, float) else np.int64)
            for name, default in self._defaults.items()
        }
        return {name: np.concatenate([empty[name], *(b[name] for b in self._blocks)]) for name in empty}


@dataclass
class Cast:
    """Collects a world."""

    preset: Preset
    seed: int
    accounts: Rows = field(default_factory=lambda: Rows(ACCOUNT))
    access: Rows = field(default_factory=lambda: Rows(ACCESS))
    hardware: Rows = field(default_factory=lambda: Rows(HARDWARE))
    wallets: Rows = field(default_factory=lambda: Rows(WALLET))
    spells: Rows = field(default_factory=lambda: Rows(SPELL))
    operators: int = 0
    _next_code: int = 1_000_000

    def __post_init__(self) -> None:
        rng = self.rng("world")
        first, last = self.window
        self.release = first + int((last - first) * rng.uniform(0.3, 0.7)) // HOUR * HOUR
        self.shock = draw(rng, LIVES.shock) if self.has("release_shock") else 1.0
        self.lore = Lore(count(rng, CUSTOMS.communities), draw(rng, CUSTOMS.outward), self.codes)
        self.family_card = draw(rng, SITES.family_card)

    @property
    def window(self) -> tuple[int, int]:
        """First second of observation and the second after the last."""
        start = WINDOW_DAY * DAY
        return start, start + self.preset.days * DAY

    def has(self, mechanism: str) -> bool:
        """Whether the preset leaves that mechanism on."""
        return mechanism not in self.preset.without

    def rng(self, name: str) -> np.random.Generator:
        """The stream of the population or mechanism of that name."""
        return stream(self.seed, f"states {name}")

    def codes(self, n: int) -> Ints:
        """`n` consecutive numbers that no other entity has."""
        self._next_code += n
        return np.arange(self._next_code - n, self._next_code, dtype=np.int64)

    def code(self) -> int:
        """One such number."""
        return int(self.codes(1)[0])

    def operator(self) -> int:
        """Number of a new operator that labels may name."""
        self.operators += 1
        return self.operators - 1

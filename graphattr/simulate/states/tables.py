"""The seven tables of the data contract in parts, and the truth (`made.Made`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.clock import stamps
from graphattr.simulate.forms import accounts_table
from graphattr.simulate.made import Made
from graphattr.simulate.presets import Preset
from graphattr.simulate.states.billing import payments
from graphattr.simulate.states.cast import KIND, KINDS, MECHANISMS, Columns
from graphattr.simulate.states.journal import events
from graphattr.simulate.states.logs import devices, ips
from graphattr.simulate.states.notices import labels, operator_names
from graphattr.simulate.states.usage import usage
from graphattr.simulate.states.world import World, raised
from graphattr.simulate.text import hashed, named

_PART: Final = 100_000  # spells made into rows at once: memory is bounded by it

_SPELLED: Final[dict[str, Callable[[World, int, Columns], pl.DataFrame]]] = {
    "ips": ips,
    "devices": devices,
    "usage": usage,
}


def build(preset: Preset, seed: int) -> Made:
    """A world of family B."""
    return States(raised(preset, seed))


@dataclass
class States:
    """A world of this family, ready to be written."""

    world: World

    @cached_property
    def _ids(self) -> pl.Series:
        n = len(self.world.accounts["created"])
        return hashed(np.arange(n), "account", self.world.seed)

    def table(self, name: str) -> Iterator[pl.DataFrame]:
        """Rows of the table in parts, by account and time."""
        whole = {"accounts": accounts, "payments": payments, "events": events, "labels": labels}
        frames = iter([whole[name](self.world)]) if name in whole else _parts(self.world, name)
        for frame in frames:
            at = frame["account"].to_numpy()
            yield frame.select(self._ids.gather(at).alias("account_id"), pl.exclude("account"))

    def truth(self) -> pl.DataFrame:
        """Who controls each account and who benefits; see `tours.tables.truth` for the columns."""
        columns, seed = self.world.accounts, self.world.seed
        codes = columns["controller"]
        _, inverse, held = np.unique(codes, return_inverse=True, return_counts=True)
        alone = pl.Series(held[inverse] == 1)
        entity = hashed(codes, "entity", seed)
        controller = pl.select(pl.when(alone).then(self._ids).otherwise(entity)).to_series()
        other = hashed(columns["beneficiary"], "entity", seed)
        return pl.DataFrame(
            {
                "account_id": self._ids,
                "controller": controller,
                "beneficiary": other.fill_null(controller),
                "beneficiaries": columns["beneficiaries"],
                "kind": named(columns["kind"], KINDS),
                "mechanism": named(columns["mechanism"], MECHANISMS),
                "innocent": columns["innocent"] > 0,
                "operator": operator_names(self.world, columns["operator"]),
                # A storefront hands its accounts over to tenants and stays their controller.
                "controlled_since": stamps(
                    np.where(columns["kind"] == KIND["single_operator"], columns["handed"], -1)
                ),
            }
        ).sort("account_id")


def _parts(world: World, name: str) -> Iterator[pl.DataFrame]:
    """A table made from spells, an account never cut in two."""
    account = world.spells["account"]
    edges = np.searchsorted(account, account[np.arange(_PART, len(account), _PART)]) if len(account) else []
    bounds = np.unique(np.concatenate([[0], edges, [len(account)]])).astype(np.int64)
    for part, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        yield _SPELLED[name](world, part, {key: column[low:high] for key, column in world.spells.items()})


def accounts(world: World) -> pl.DataFrame:
    """The table `accounts`, one row an account by row number."""
    columns = world.accounts
    barred = np.where(columns["reinstated"] < 0, columns["banned"], -1)
    return accounts_table(columns, np.where(barred >= 0, barred, columns["closed"]), world.seed)

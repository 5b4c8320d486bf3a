"""The whole of a world of family B: the populations in their order, and what is settled at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Bools, Ints, count, draw
from graphattr.simulate.presets import Preset
from graphattr.simulate.states import kits
from graphattr.simulate.states.brokers import drawn, gateways, storefronts
from graphattr.simulate.states.cast import Cast, Columns
from graphattr.simulate.states.crews import operators
from graphattr.simulate.states.gigs import queues
from graphattr.simulate.states.grid import Grid, lay, rent
from graphattr.simulate.states.parameters import RECORDS
from graphattr.simulate.states.people import Town, cafes, people
from graphattr.simulate.states.registers import markets
from graphattr.simulate.states.sites import campuses, companies, households
from graphattr.simulate.states.thefts import thefts


@dataclass(frozen=True)
class World:
    """A settled world: tables of `cast` as arrays; spells sorted by account and time, none while barred.

    `library` is `lore.Lore.library`; accounts have further columns `appealed` and `reinstated` (-1: not).
    """

    preset: Preset
    seed: int
    window: tuple[int, int]
    release: int
    operators: int
    grid: Grid
    accounts: Columns
    access: Columns
    hardware: Columns
    wallets: Columns
    spells: Columns
    networks: Columns
    library: tuple[Ints, Ints, Ints, Ints]


def raised(preset: Preset, seed: int) -> World:
    """The world of a preset and seed."""
    cast = Cast(preset, seed)
    holders = max(preset.people + 3 * preset.households, preset.accounts)
    holders += int(preset.campuses * preset.campus_size[1] + preset.companies * preset.company_size[1])
    grid = lay(cast, holders)
    town = Town(cast, grid, kits.habits(cast), markets(cast), cafes(cast, grid, holders))
    sizes, pools, shops, crews = _rings(cast)
    households(town)
    campuses(town)
    companies(town)
    operators(town, sizes)
    gateways(town, pools)
    storefronts(town, shops)
    queues(town, crews)
    thefts(town)
    people(town, preset.people, max(preset.accounts - len(cast.accounts), 1) if preset.accounts else 0)
    rent(cast, grid, np.concatenate([np.empty(0, np.int64), *town.lines]))
    return _settled(cast, grid)


def _rings(cast: Cast) -> tuple[list[int], list[int], list[int], list[Ints]]:
    """Sizes of operators, gateways, storefronts, and (accounts by contractor) queues."""
    preset, rng = cast.preset, cast.rng("sizes of rings")
    low, high = (int(end) for end in preset.contractor_accounts)
    rings = (
        drawn(rng, preset.operators, preset.operator_size),
        drawn(rng, preset.gateways, preset.gateway_size),
        drawn(rng, preset.storefronts, preset.storefront_size),
        [rng.integers(low, high + 1, count(rng, preset.contractors)) for _ in range(preset.queues)],
    )
    total = sum(sum(sizes) for sizes in rings[:3])
    wanted = preset.fraudulent - sum(int(held.sum()) for held in rings[3])
    if preset.fraudulent and total and wanted > 0:
        scaled = [
            np.maximum(np.round(np.array(sizes) * wanted / total), 1).astype(int) for sizes in rings[:3]
        ]
        scaled[0][-1:] += wanted - sum(int(sizes.sum()) for sizes in scaled)
        return scaled[0].tolist(), scaled[1].tolist(), scaled[2].tolist(), rings[3]
    return rings


def _settled(cast: Cast, grid: Grid) -> World:
    """Bans by mistake, spells in order and none while an account is barred, and the preset's volume."""
    accounts, spells = cast.accounts.columns(), cast.spells.columns()
    accounts |= _mistaken(cast, accounts)
    account = spells["account"]
    created, banned, back, closed = (
        accounts[name][account] for name in ("created", "banned", "reinstated", "closed")
    )
    at = spells["at"]
    barred = (banned >= 0) & (at >= banned) & ((back < 0) | (at < back))
    fit: Bools = ~barred & (at > created) & (at >= cast.window[0]) & (at < cast.window[1])
    fit &= (closed < 0) | (at < closed)
    order = np.lexsort((spells["hardware"], at, account))
    order = order[fit[order]]
    spells = {name: column[order] for name, column in spells.items()}
    stop = np.where(banned >= 0, banned, cast.window[1])[order]
    stop = np.where((stop > spells["at"]), stop, cast.window[1])
    spells["seconds"] = np.maximum(np.minimum(spells["seconds"], stop - spells["at"]), 1)
    theirs = accounts["innocent"][spells["account"]] == 0
    if cast.preset.exchanges and theirs.any():
        factor = cast.preset.exchanges / spells["amount"][theirs].sum()
        spells["amount"] = np.where(theirs, spells["amount"] * factor, spells["amount"])
    return World(
        preset=cast.preset,
        seed=cast.seed,
        window=cast.window,
        release=cast.release,
        operators=cast.operators,
        grid=grid,
        accounts=accounts,
        access=cast.access.columns(),
        hardware=cast.hardware.columns(),
        wallets=cast.wallets.columns(),
        spells=spells,
        networks=grid.networks.columns(),
        library=cast.lore.library(),
    )


def _mistaken(cast: Cast, accounts: Columns) -> Columns:
    """Bans some innocent accounts and reinstates most of those whose holders appeal."""
    rng, (first, last) = cast.rng("mistaken bans"), cast.window
    n = len(accounts["created"])
    share = draw(rng, RECORDS.mistaken) if cast.has("mistaken_bans") else 0.0
    since = np.maximum(accounts["created"] + DAY, first)
    at = since + (rng.random(n) * np.maximum(last - DAY - since, 1)).astype(np.int64)
    hit = (rng.random(n) < share) & (accounts["innocent"] > 0) & (at < last - DAY) & (accounts["closed"] < 0)
    appeal = hit & (rng.random(n) < draw(rng, RECORDS.appealed))
    back = appeal & (rng.random(n) < draw(rng, RECORDS.reinstated))
    return {
        "banned": np.where(hit, at, accounts["banned"]),
        "appealed": np.where(appeal, at + rng.integers(HOUR, DAY, n), -1),
        "reinstated": np.where(back, at + rng.integers(DAY, 4 * DAY, n), -1),
    }

"""The table `payments`: monthly charges, balances filled up when they are low, declines and new tries.

A virtual-card service replaces a card after some charges by the next number of the same range.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import AMOUNTS, CARD_KINDS, COUNTRIES
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Ints, mix, stream, unit
from graphattr.simulate.states.cast import MONTHLY, RELOAD, ROOM
from graphattr.simulate.states.logs import faulty
from graphattr.simulate.states.world import World
from graphattr.simulate.text import hashed, named

_OUTCOMES: Final = ("approved", "declined", "refunded", "charged_back")
_APPROVED, _DECLINED, _REFUNDED, _DISPUTED = range(4)
#: When a declined charge is tried again.
_RETRIES: Final = (HOUR, DAY, 3 * DAY)
_PACK, _PRICE = 91, 92


def charges(world: World, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Account row, second and pack (index of AMOUNTS) of every charge that is due."""
    accounts = world.accounts
    last = world.window[1]
    created, funding = accounts["created"], accounts["funding"]
    end = np.where((accounts["banned"] >= 0) & (accounts["reinstated"] < 0), accounts["banned"], last)
    end = np.where(accounts["closed"] >= 0, np.minimum(end, accounts["closed"]), end)
    pack = 1 + mix(_PACK, np.arange(len(created))) % 4
    every = np.maximum((end - created) // (30 * DAY), 0) + 1
    month = np.repeat(np.arange(len(created)), np.where(funding == MONTHLY, every, 0))
    nth = np.arange(len(month)) - np.searchsorted(month, month)
    joins = np.flatnonzero(funding == RELOAD)
    due = [
        (month, created[month] + nth * 30 * DAY + rng.integers(2 * MINUTE, 2 * HOUR, len(month))),
        (joins, created[joins] + rng.integers(2 * MINUTE, DAY, len(joins))),
        _reloads(world, pack),
    ]
    account = np.concatenate([row for row, _ in due])
    at = np.concatenate([moment for _, moment in due])
    kept = at < end[account]
    account, at = account[kept], at[kept]
    return (
        account,
        at,
        np.where(funding[account] == MONTHLY, np.where(pack[account] < 4, 2, 5), pack[account]),
    )


def _reloads(world: World, pack: Ints) -> tuple[Ints, Ints]:
    """Balances that run low: whenever what was used since the last time costs as much as a pack."""
    spells, funding = world.spells, world.accounts["funding"]
    mine = np.flatnonzero(funding[spells["account"]] == RELOAD)
    account = spells["account"][mine]
    price = 0.02 * np.exp(2.0 * unit(_PRICE, account))
    spent = np.cumsum(spells["amount"][mine] * price)
    begins = np.searchsorted(account, account)
    spent = spent - np.concatenate([[0.0], spent])[begins]
    full = np.floor(spent / AMOUNTS[pack[account]])
    before = np.where(begins == np.arange(len(mine)), 0.0, np.concatenate([[0.0], full[:-1]]))
    crossed = full > before
    return account[crossed], spells["at"][mine][crossed]


def payments(world: World) -> pl.DataFrame:
    """The table. An instrument has the kind, range and issuer of its wallet wherever it is used."""
    rng = stream(world.seed, "states payments")
    account, at, pack = charges(world, rng)
    handed, later = (world.accounts[name][account] for name in ("handed", "next_wallet"))
    wallet = np.where((later >= 0) & (handed >= 0) & (at >= handed), later, world.accounts["wallet"][account])
    account, at, wallet, pack, outcome = _tried(world, rng, account, at, wallet, pack)
    order = np.lexsort((account, at, wallet))
    account, at, wallet, pack, outcome = (c[order] for c in (account, at, wallet, pack, outcome))
    of = {name: column[wallet] for name, column in world.wallets.items()}
    nth = np.arange(len(wallet)) - np.searchsorted(wallet, wallet)
    swapped = (of["swap"] >= 0) & (at >= of["swap"])
    step = np.minimum(nth // of["charges"].astype(np.int64) + swapped, ROOM - 1)
    frame = pl.DataFrame(
        {
            "account": account,
            "instrument_id": hashed(of["code"] + step, "instrument", world.seed),
            "observed_at": at,
            "kind": named(of["kind"], CARD_KINDS),
            "bin": hashed(of["bin"], "bin", world.seed, 6),
            "issuer_country": named(of["issuer"], tuple(country.code for country in COUNTRIES)),
            "amount": AMOUNTS[pack],
            "currency": pl.repeat("USD", len(account), eager=True),
            "outcome": named(outcome, _OUTCOMES),
        }
    ).sort("account", "observed_at", "instrument_id", "amount", "outcome")
    frame = frame.unique(maintain_order=True)
    return faulty(world, "payments", 0, frame)


def _tried(
    world: World, rng: np.random.Generator, account: Ints, at: Ints, wallet: Ints, pack: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Outcomes; what is declined is tried again up to three times, and may be declined again."""
    parts = []
    for delay in (*_RETRIES, 0):
        decline, dispute = (world.wallets[name][wallet] for name in ("decline", "dispute"))
        u = rng.random(len(at))
        outcome = np.select(
            [u < decline, u > 1 - dispute, u > 0.99 - dispute], [_DECLINED, _DISPUTED, _REFUNDED], _APPROVED
        )
        parts.append((account, at, wallet, pack, outcome))
        again = (outcome == _DECLINED) & (at + delay < world.window[1])
        account, wallet, pack = account[again], wallet[again], pack[again]
        at = at[again] + delay + rng.integers(0, 10 * MINUTE, len(account))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    barred = (world.accounts["banned"][joined[0]] >= 0) & (joined[1] >= world.accounts["banned"][joined[0]])
    kept = ~barred & (joined[1] < world.window[1])
    account, at, wallet, pack, outcome = (column[kept] for column in joined)
    return account, at, wallet, pack, outcome

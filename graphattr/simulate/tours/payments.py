"""Who is charged when, to which card."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import AMOUNT_SHARES, AMOUNTS, CARD_KINDS, COUNTRIES
from graphattr.simulate.clock import DAY, MINUTE, stamps
from graphattr.simulate.draws import Ints, choose, unit
from graphattr.simulate.text import hashed, named
from graphattr.simulate.tours.world import World

_OUTCOMES: Final = ("approved", "declined", "refunded", "charged_back")
_OUTCOME_SHARES: Final = np.array([0.925, 0.055, 0.014, 0.006])


def _charges(world: World, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Account rows and times: monthly from the day of joining, or top-ups at any time while observed."""
    accounts = world.accounts
    first, last = world.plan.window
    created = accounts["created"]
    end = np.where(accounts["banned"] >= 0, accounts["banned"], last)
    monthly = np.where(accounts["plan"] == 1, np.maximum((end - created) // (30 * DAY), 0) + 1, 0)
    month = np.repeat(np.arange(len(created)), monthly)
    nth = np.arange(len(month)) - np.repeat(np.cumsum(monthly) - monthly, monthly)
    delay = (unit(accounts["key"]) * 90 * MINUTE).astype(np.int64) + 120
    since = np.maximum(created, first)
    often = np.where(accounts["plan"] == 2, 1 + rng.poisson(3.0 * np.maximum(end - since, 0) / (28 * DAY)), 0)
    top = np.repeat(np.arange(len(created)), often)
    within = (rng.random(len(top)) * np.maximum(end - since - 200, 1)[top]).astype(np.int64)
    account = np.concatenate([month, top])
    at = np.concatenate([created[month] + delay[month] + nth * 30 * DAY, since[top] + 120 + within])
    kept = at < end[account]
    return account[kept], at[kept]


def payments(world: World) -> pl.DataFrame:
    """The table `payments`. A card has the same kind and issuer wherever it is used."""
    rng = world.plan.rng("payments")
    accounts = world.accounts
    account, at = _charges(world, rng)
    life = world.plan.window[1] - accounts["created"]
    some_time = accounts["created"] + (rng.random(len(life)) * life).astype(np.int64)
    swap = np.where(accounts["swap"] >= 0, accounts["swap"], some_time)
    second = (accounts["card_next"] >= 0)[account] & (at >= swap[account])
    card = np.where(second, accounts["card_next"][account], accounts["card"][account])
    amount = np.where(
        accounts["plan"][account] == 1,
        np.where(unit(accounts["key"][account]) < 0.85, 20.0, 100.0),
        AMOUNTS[choose(rng, AMOUNT_SHARES, len(account))],
    )
    outcome = choose(rng, _OUTCOME_SHARES, len(account))
    kind, bin_code, issuer = _cards(world, card)
    order = np.lexsort((at, account))
    frame = pl.DataFrame(
        {
            "account": account,
            "instrument_id": hashed(card, "instrument", world.plan.seed),
            "observed_at": stamps(at),
            "kind": named(kind, CARD_KINDS),
            "bin": hashed(bin_code, "bin", world.plan.seed, 6),
            "issuer_country": named(issuer, tuple(country.code for country in COUNTRIES)),
            "amount": amount,
            "currency": pl.repeat("USD", len(account), eager=True),
            "outcome": named(outcome, _OUTCOMES),
        }
    )
    return frame[order]


def _cards(world: World, card: Ints) -> tuple[Ints, Ints, Ints]:
    """Kind, issuer range and issuing country of each card, as the first account that holds it has them."""
    accounts = world.accounts
    held = np.concatenate([accounts["card"], accounts["card_next"]])
    codes, first = np.unique(held, return_index=True)
    holder = (first % len(accounts["card"]))[np.searchsorted(codes, card)]
    return accounts["card_kind"][holder], accounts["bin"][holder], accounts["issuer"][holder]

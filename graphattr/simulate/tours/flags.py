"""Planted false flags: operators put values of others on some of their accounts, to lead an analyst astray."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.draws import Ints, draw
from graphattr.simulate.tours.plan import Plan

Columns = dict[str, Any]


def plant(plan: Plan, accounts: Columns, tours: Columns, single: Ints) -> None:
    """Plants names, issuer ranges and templates (in place).

    Args:
        plan: the world's ranges and streams.
        accounts: columns of the accounts.
        tours: columns of the tours, `account` being rows of them.
        single: codes of the single operators, in the order of their making.
    """
    how = plan.ways.operators
    for number, operator in enumerate(single.tolist()):
        rng = plan.rng(f"false flags {number}")
        share, innocent, what = draw(rng, how.planted), rng.random() < 0.5, int(rng.integers(3))
        if rng.random() >= how.plants:
            continue
        rivals = (accounts["operator"] >= 0) & (accounts["operator"] != operator)
        victims = np.flatnonzero(accounts["innocent"] if innocent or not rivals.any() else rivals)
        own = np.flatnonzero(accounts["operator"] == operator)
        victim = int(victims[rng.integers(len(victims))])
        if what == 0:
            accounts["name"][own[rng.random(len(own)) < share]] = accounts["name"][victim]
        elif what == 1:
            _issuer(accounts, own[rng.random(len(own)) < share], victim)
        else:
            _template(rng, tours, own, victim, share)


def _issuer(accounts: Columns, chosen: Ints, victim: int) -> None:
    """Cards out of the victim's issuer range; whoever else holds such a card holds the same one."""
    cards = np.concatenate([accounts["card"][chosen], accounts["card_next"][chosen]])
    same = np.isin(accounts["card"], cards[cards >= 0])
    for column in ("bin", "issuer", "card_kind"):
        accounts[column][same] = accounts[column][victim]


def _template(rng: np.random.Generator, tours: Columns, own: Ints, victim: int, share: float) -> None:
    """The victim's templates, as a small part of the requests of some of the operator's work."""
    theirs = np.flatnonzero(tours["account"] == victim)
    rows = np.flatnonzero(np.isin(tours["account"], own))
    if len(theirs) and len(rows):
        chosen = rows[rng.random(len(rows)) < 0.5]
        tours["pack"][chosen] = tours["job"][theirs[0]]
        tours["pack_share"][chosen] = share / 2

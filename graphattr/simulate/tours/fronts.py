"""How somebody registers many accounts: batches, mailboxes, numbers, cards, and accounts bought from others.

Every value used twice is also used by strangers somewhere: rented numbers, throwaway domains, prepaid ranges,
names and prompt packs come out of the pools of `people`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Bools, Ints, choose, count, draw, partly, scale
from graphattr.simulate.tours.people import CARD, Persons, bins, joined, names, registration, rented_phones
from graphattr.simulate.tours.plan import Plan


def opened(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> Ints:
    """Creation times: batches at working hours, before and during the observation."""
    how = plan.ways.fronts
    first, last = plan.window
    batches = count(rng, how.batches)
    latest = last - 5 * DAY
    day = np.sort(rng.integers((first - 60 * DAY) // DAY, latest // DAY, batches)) * DAY
    opens = day + rng.integers(0, 24, batches) * HOUR
    batch = np.sort(choose(rng, rng.dirichlet(np.full(batches, 2.0)), n))
    gaps = rng.exponential(scale(rng, how.batch_gap_minutes) * MINUTE, n)
    first_of = np.searchsorted(batch, batch)
    waited = np.cumsum(gaps)
    at: Ints = opens[batch] + (waited - waited[first_of] + gaps[first_of]).astype(np.int64)
    return np.minimum(at, latest)


def fronts(
    plan: Plan,
    rng: np.random.Generator,
    who: Persons,
    created: Ints,
    cell: Ints,
) -> dict[str, Any]:
    """Account columns of accounts that one hand registers.

    Args:
        plan: hands out codes.
        rng: the operator's stream.
        who: one row an account; `country` is where the operator is, `person` who is in control.
        created: creation times.
        cell: group of each account; groups share no card and no domain.
    """
    how = plan.ways.fronts
    n = len(created)
    country = partly(rng, who.country, choose(rng, COUNTRY_SHARES, n), draw(rng, how.abroad))
    posing = Persons(who.driver, country, who.home, who.isp, who.person)
    columns = registration(plan, rng, posing, created)
    free = draw(rng, how.free)
    columns["plan"] = np.where(rng.random(n) < free, 0, rng.integers(1, 3, n))
    domain = groups(plan, rng, cell, draw(rng, how.domain_accounts))
    columns["domain"] = partly(rng, columns["domain"], domain, draw(rng, how.own_domain))
    other = columns["mailbox"][rng.integers(0, n, n)]
    columns["mailbox"] = partly(rng, columns["mailbox"], other, draw(rng, how.plus_alias))
    columns["phone"] = partly(rng, columns["phone"], rented_phones(plan, rng, n), draw(rng, how.rented_phone))
    other = names(rng, country)[rng.integers(0, max(n // 3, 1), n)]
    columns["name"] = partly(rng, columns["name"], other, draw(rng, how.reused_name))
    return columns | _cards(plan, rng, cell, country)


def groups(plan: Plan, rng: np.random.Generator, cell: Ints, size: float) -> Ints:
    """Codes shared by about `size` accounts each, never across cells."""
    n = len(cell)
    order = np.lexsort((rng.random(n), cell))
    starts = rng.random(n) < 1.0 / max(size, 1.0)
    starts[0] = True
    sorted_cell = cell[order]
    starts[1:] |= sorted_cell[1:] != sorted_cell[:-1]
    number = np.cumsum(starts) - 1
    code = np.empty(n, dtype=np.int64)
    code[order] = plan.codes(int(number[-1]) + 1)[number]
    return code


def _cards(
    plan: Plan,
    rng: np.random.Generator,
    cell: Ints,
    country: Ints,
) -> dict[str, Ints]:
    """A card for some accounts each; those of a vendor come out of few issuer ranges."""
    how = plan.ways.fronts
    card = groups(plan, rng, cell, draw(rng, how.card_accounts))
    rng = rng.spawn(1)[0]  # how many cards there are moves nothing else
    _, holder, number = np.unique(card, return_index=True, return_inverse=True)
    cards = int(number.max()) + 1
    bought = rng.random(cards) < draw(rng, how.vendor_cards)
    kind = np.where(bought, rng.choice([CARD["prepaid"], CARD["virtual"]], cards), rng.integers(0, 2, cards))
    foreign = bought & (rng.random(cards) < 0.5)  # the other half the vendor has for the country declared
    issuer = np.where(foreign, choose(rng, COUNTRY_SHARES, 1), country[holder])
    spare = np.where(rng.random(cards) < 0.5, plan.codes(cards), -1)
    return {
        "card": card,
        "card_next": spare[number],
        "card_kind": kind[number],
        "bin": bins(rng, issuer, kind)[number],
        "issuer": issuer[number],
    }


def bought(
    plan: Plan,
    rng: np.random.Generator,
    columns: dict[str, Any],
    which: Bools,
    seller: Persons,
) -> tuple[dict[str, Any], Ints]:
    """Makes some accounts ones that strangers opened and sold; the columns, and the day of the sale.

    The mailbox, number and name stay the seller's; the buyer's card comes second.
    """
    first, last = plan.window
    created = np.minimum(joined(plan, rng, seller), last - 12 * DAY)
    theirs = registration(plan, rng, seller, created)
    sold = np.maximum(created + 5 * DAY, first + rng.integers(-20 * DAY, 10 * DAY, len(created)))
    mixed = dict(columns)
    for name in ("created", "country", "domain", "mailbox", "phone", "name"):
        mixed[name] = np.where(which, theirs[name], columns[name])
    paid = which & (theirs["plan"] > 0)
    mixed["card_next"] = np.where(paid, columns["card"], columns["card_next"])
    for name in ("card", "card_kind", "bin", "issuer"):
        mixed[name] = np.where(paid, theirs[name], columns[name])
    mixed["control"] = np.where(which, sold, -1)
    mixed["swap"] = np.where(which, sold, -1)
    return mixed, np.where(which, sold, columns["created"])

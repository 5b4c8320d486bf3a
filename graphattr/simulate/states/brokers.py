"""Resellers: gateways that route many tenants over a pool, and storefronts that hand an account to each.

A gateway routes by consistent hashing (Karger and others, STOC 1997): a tenant stays on one account and moves
to the next one on the ring when that is banned; or to the least loaded account, which mixes all tenants.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Floats, Ints, choose, choose_rows, count, draw, mix
from graphattr.simulate.states.cast import KIND, MACHINE, MECHANISM, Columns
from graphattr.simulate.states.crews import acquired
from graphattr.simulate.states.parameters import BROKERS
from graphattr.simulate.states.people import Town, books, live, outings, residents, sized
from graphattr.simulate.states.registers import purses
from graphattr.simulate.states.suppliers import Trade, fronts, gear, trade


def gateways(town: Town, sizes: list[int]) -> None:
    """Adds gateways of these many accounts each."""
    if town.cast.has("gateway_resellers"):
        for number, n in enumerate(sizes):
            _gateway(town, town.cast.rng(f"gateway {number}"), n)


def hashed(tenant: Ints, at: Ints, banned: Ints, ready: Ints, nodes: int, salt: int) -> Ints:
    """The account of each request: the first one in use clockwise from the tenant's point; -1 without any.

    Args:
        tenant: code of each request's tenant.
        at: second.
        banned: moment of each account's ban, or -1.
        ready: from when each account is used.
        nodes: points of an account on the ring.
        salt: of the gateway.
    """
    owner = np.repeat(np.arange(len(banned)), nodes)
    points = mix(salt, owner, np.tile(np.arange(nodes), len(banned)))
    order = np.argsort(points, kind="stable")
    points, owner = points[order], owner[order]
    place = np.searchsorted(points, mix(salt, tenant))
    found = np.full(len(at), -1, dtype=np.int64)
    for step in range(len(owner)):
        open_ = np.flatnonzero(found < 0)
        if not len(open_):
            break
        candidate = owner[(place[open_] + step) % len(owner)]
        alive = (ready[candidate] <= at[open_]) & ((banned[candidate] < 0) | (at[open_] < banned[candidate]))
        found[open_[alive]] = candidate[alive]
    return found


def least_loaded(at: Ints, amount: Floats, banned: Ints, ready: Ints) -> Ints:
    """The account of each request (sorted by time): the one in use that has served the least; -1 without any."""
    heap = [(0.0, account) for account in range(len(banned))]
    found = np.full(len(at), -1, dtype=np.int64)
    for i, (moment, load) in enumerate(zip(at.tolist(), amount.tolist(), strict=True)):
        later = []
        while heap:
            served, account = heapq.heappop(heap)
            if 0 <= banned[account] <= moment:
                continue
            if ready[account] > moment:
                later.append((served, account))
                continue
            found[i] = account
            heapq.heappush(heap, (served + load, account))
            break
        for each in later:
            heapq.heappush(heap, each)
    return found


def _gateway(town: Town, rng: np.random.Generator, n: int) -> None:
    cast, how = town.cast, trade(town, rng)
    first, last = cast.window
    start = np.sort(first + rng.integers(-40 * DAY, int(0.4 * (last - first)), n))
    start[: max(1, n // 2)] = np.minimum(start[: max(1, n // 2)], first)
    columns = fronts(town, rng, how, acquired(rng, start, how.warm / 3, first))
    hit = rng.random(n) < draw(rng, BROKERS.banned)
    ban = first + rng.integers(3 * DAY, last - first, n)
    banned = np.where(hit & (ban > start + DAY), ban, -1)
    columns |= _staff_keys(town, rng, start)
    tenants = residents(
        town, rng, choose(rng, COUNTRY_SHARES, count(rng, cast.preset.tenants)), zeal=draw(rng, BROKERS.zeal)
    )
    work = _requests(town, rng, tenants)
    waits = how.schedule.failover
    if rng.random() < BROKERS.hashed:
        salt = cast.code()
        account = hashed(tenants.person[work["who"]], work["at"], banned, start, BROKERS.virtual_nodes, salt)
    else:
        account = least_loaded(work["at"], work["amount"], banned, start)
    most, distinct = benefits(n, account, work["who"], work["amount"])
    rows = cast.accounts.add(
        n,
        controller=cast.code(),
        kind=KIND["reseller"],
        mechanism=MECHANISM["gateway"],
        innocent=0,
        operator=cast.operator(),
        banned=banned,
        beneficiary=np.where(most >= 0, tenants.person[most], -1),
        beneficiaries=np.maximum(distinct, 1),
        **columns,
    )
    _route(town, rng, how, rows, columns["country"], account, work, banned, waits, len(tenants))
    _audits(town, rng, how, rows, columns["country"], columns["created"], np.where(banned >= 0, banned, last))


def _requests(town: Town, rng: np.random.Generator, who: Any) -> Columns:
    """What tenants ask for, in pieces of a few exchanges, by time."""
    work = outings(town, rng, who)
    pieces = 1 + (work["amount"] / 3).astype(np.int64)
    i = np.repeat(np.arange(len(pieces)), pieces)
    nth = np.arange(len(i)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    at = work["at"][i] + (work["seconds"] / pieces).astype(np.int64)[i] * nth
    order = np.lexsort((i, at))
    return {
        "who": work["who"][i][order],
        "at": at[order],
        "seconds": np.maximum(work["seconds"] // pieces, 20)[i][order],
        "amount": (work["amount"] / pieces)[i][order],
    }


def benefits(n: int, account: Ints, who: Ints, amount: Floats) -> tuple[Ints, Ints]:
    """The tenant with the most exchanges on each account (-1: nobody), and how many tenants use it."""
    served = account >= 0
    pairs, inverse = np.unique(account[served] << 32 | who[served], return_inverse=True)
    total = np.bincount(inverse, amount[served])
    most = np.full(n, -1, dtype=np.int64)
    order = np.argsort(total, kind="stable")
    most[pairs[order] >> 32] = pairs[order] & 0xFFFFFFFF  # the last assignment of an account is its largest
    return most, np.bincount(pairs >> 32, minlength=n).astype(np.int64)


def _route(
    town: Town,
    rng: np.random.Generator,
    how: Trade,
    rows: Ints,
    country: Ints,
    account: Ints,
    work: Columns,
    banned: Ints,
    waits: float,
    tenants: int,
) -> None:
    """Adds the tenants' traffic on the accounts; right after a ban it waits for the gateway to notice."""
    library = books(town, rng, tenants)
    tools = gear(town, rng, how, country)
    at = work["at"].copy()
    for moment in np.sort(banned[banned >= 0]).tolist():
        held = (at >= moment) & (at < moment + waits) & (mix(work["who"], moment) % len(rows) == 0)
        at = np.where(held, moment + int(waits), at)
    kept = (account >= 0) & (at < town.cast.window[1])
    row = account[kept]
    relayed = rng.random(len(rows)) < 0.5  # the tenant's own browser shows, not the gateway's client
    way = choose_rows(rng, tools.odds[row])
    usual = np.argmax(tools.odds[row], axis=1)
    way = np.where(rng.random(len(row)) < 0.85, usual, way)
    town.cast.spells.add(
        len(row),
        account=rows[row],
        at=at[kept],
        seconds=work["seconds"][kept],
        amount=work["amount"][kept],
        book=library[work["who"][kept]],
        access=tools.access[row, way],
        hardware=np.where(relayed[row], tools.masks[row], tools.scripts[row]),
    )


def _staff_keys(town: Town, rng: np.random.Generator, start: Ints) -> dict[str, Any]:
    """A rotation of all keys, as a gateway does now and then."""
    if not town.cast.has("key_rotation") or rng.random() < 0.5:
        return {}
    first, last = town.cast.window
    moment = int(rng.integers(first + 4 * DAY, last - DAY)) + rng.integers(0, 20 * MINUTE, len(start))
    return {"keys": np.where(start < moment, moment, -1)}


def _audits(
    town: Town, rng: np.random.Generator, how: Trade, rows: Ints, country: Ints, ready: Ints, end: Ints
) -> None:
    """Staff look into accounts (billing, limits): masked, seldom from their own line."""
    cast, n = town.cast, len(rows)
    staff = residents(town, rng, np.full(2, how.country), zeal=2.0)
    begin = np.maximum(ready, cast.window[0])
    looks = rng.poisson(draw(rng, BROKERS.audit) * np.maximum(end - begin, 0) / (7 * DAY))
    i = np.repeat(np.arange(n), looks)
    tools = gear(town, rng, how, country)
    leak = rng.random(len(i)) < 3 * how.leak
    who = rng.integers(0, 2, len(i))
    cast.spells.add(
        len(i),
        account=rows[i],
        at=begin[i] + (rng.random(len(i)) * (end - begin)[i]).astype(np.int64),
        seconds=rng.integers(60, 900, len(i)),
        access=np.where(leak, staff.home[who], tools.access[i, choose_rows(rng, tools.odds[i])]),
        hardware=np.where(leak, staff.laptop[who], tools.masks[i]),
        book=books(town, rng, n)[i],
        amount=1.0,
    )


def storefronts(town: Town, sizes: list[int]) -> None:
    """Adds storefronts of these many accounts each."""
    if town.cast.has("storefronts"):
        for number, n in enumerate(sizes):
            _storefront(town, town.cast.rng(f"storefront {number}"), n)


def _storefront(town: Town, rng: np.random.Generator, n: int) -> None:
    """Opens an account for each customer, who changes its password and uses it at home with his own card."""
    cast, how = town.cast, trade(town, rng)
    first, last = cast.window
    ready = np.sort(rng.integers(first - 60 * DAY, last - 5 * DAY, n))
    created = acquired(rng, ready, 4.0, first)
    columns = fronts(town, rng, how, created)
    anywhere = choose(rng, COUNTRY_SHARES, n)
    customer = residents(town, rng, np.where(rng.random(n) < 0.7, columns["country"], anywhere))
    handed = np.maximum(created, ready) + (draw(rng, BROKERS.handed_hours) * HOUR * rng.random(n)).astype(
        np.int64
    )
    own = purses(cast, rng, town.market, customer.country)
    rows = cast.accounts.add(
        n,
        controller=cast.code(),
        kind=KIND["reseller"],
        mechanism=MECHANISM["storefront"],
        innocent=0,
        operator=cast.operator(),
        beneficiary=customer.person,
        reset=np.where(rng.random(n) < 0.8, handed, -1),
        handed=handed,
        next_wallet=np.where(own["funding"] > 0, own["wallet"], -1),
        **columns,
    )
    relayed = rng.random(n) < draw(rng, BROKERS.relayed)
    tools = gear(town, rng, how, columns["country"])
    usual = tools.access[np.arange(n), np.argmax(tools.odds, axis=1)]
    home = np.where(relayed, usual, customer.home)
    mobile = np.where(relayed, usual, customer.mobile)
    customer = type(customer)(**(vars(customer) | {"home": home, "mobile": mobile}))
    live(town, rng, customer, rows, np.maximum(handed, first), np.full(n, last), books(town, rng, n))
    _audits(town, rng, how, rows, columns["country"], columns["created"], handed)
    m = 2 * n  # the account is tried out before it is sold
    i = np.tile(np.arange(n), 2)
    at = created[i] + (rng.random(m) * (handed - created)[i]).astype(np.int64)
    cast.spells.add(
        m,
        account=rows[i],
        at=at,
        seconds=rng.integers(60, 1200, m),
        access=tools.access[i, choose_rows(rng, tools.odds[i])],
        hardware=tools.masks[i],
        book=cast.lore.books(np.full(n, 1), *(np.tile(c[:1], n) for c in how.prompts))[i],
        amount=2.0,
        style=MACHINE,
    )


def drawn(rng: np.random.Generator, number: int, within: tuple[float, float]) -> list[int]:
    """Sizes of that many actors."""
    return [sized(rng, within) for _ in range(number)]

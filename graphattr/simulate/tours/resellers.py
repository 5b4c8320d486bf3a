"""Resellers: one in control of the accounts, many others who get the results, most of them in good faith.

A gateway pools its accounts and spreads every tenant's traffic over them. A storefront opens an account for
each tenant and hands it over. Behaviour alone does not tell either from an operator (method.md, 5).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import COUNTRY_SHARES, COUNTRY_UTC
from graphattr.simulate.clock import DAY
from graphattr.simulate.draws import Floats, Ints, choose, count, draw, draws, lognormal
from graphattr.simulate.tours.fronts import fronts, opened
from graphattr.simulate.tours.machines import machines, style
from graphattr.simulate.tours.operators import crew, rotated
from graphattr.simulate.tours.people import Persons, packs, persons, use
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import Work, add, bans, failed_over, visits


def gateways(plan: Plan) -> None:
    """Adds resellers with pooled accounts."""
    for number, n in enumerate(plan.sizes.gateways):
        _gateway(plan, plan.population(f"gateway {number}"), n)


def storefronts(plan: Plan) -> None:
    """Adds resellers with an account a tenant."""
    for number, n in enumerate(plan.sizes.storefronts):
        _storefront(plan, plan.population(f"storefront {number}"), n)


def _pool(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> tuple[dict[str, Any], Persons]:
    """Registration of a reseller's accounts, and the staff who look into each."""
    controller, country = int(plan.codes(1)[0]), int(choose(rng, COUNTRY_SHARES, 1)[0])
    mask = draw(rng, (0.3, 1.0))
    staff = crew(plan, rng, 2, country, mask)
    at = rng.integers(0, 2, n)
    owner = Persons(
        staff.driver[at], np.full(n, country), staff.home[at], staff.isp[at], np.full(n, controller)
    )
    columns = fronts(plan, rng, owner, opened(plan, rng, n), np.zeros(n, np.int64))
    columns["plan"] = np.maximum(columns["plan"], rng.integers(0, 3, n))
    columns |= {"careless": np.full(n, 1 - mask), "operator": np.full(n, plan.codes(1)[0])}
    return columns, owner


def _gateway(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> None:
    how = plan.ways.resellers
    tenants = count(rng, plan.preset.tenants)
    columns, staff = _pool(plan, rng, n)
    ready = columns["created"]
    banned = bans(plan, rng, ready, draw(rng, how.banned))
    machine = machines(plan, rng, np.zeros(n, np.int64), int(staff.country[0]), style(plan, rng))
    work, who = _tenants(plan, rng, machine, ready, tenants)
    most, distinct = _beneficiaries(n, work, who)
    accounts = plan.accounts(
        n,
        kind="reseller",
        mechanism="gateway",
        innocent=False,
        banned=banned,
        beneficiary=most,
        beneficiaries=distinct,
        **(columns | rotated(plan, rng, np.full(n, -1), ready)),
    )
    work = failed_over(rng, work, ready, banned, how.failover_minutes, draw(rng, how.failover))
    add(plan, accounts, work)
    add(
        plan,
        accounts,
        visits(plan, ready, banned, staff.driver, draws(rng, how.visits, n)),
    )


def _tenants(
    plan: Plan, rng: np.random.Generator, machine: Ints, ready: Ints, tenants: int
) -> tuple[Work, Ints]:
    """Traffic of the tenants over the pool: one tour a tenant and account; and each tour's tenant."""
    how = plan.ways.resellers
    first, last = plan.window
    country = choose(rng, COUNTRY_SHARES, tenants)
    # Each tenant's traffic goes the ways of one of the machines.
    ways = pl.DataFrame([plan.driver(int(row)) for row in rng.choice(machine, tenants)])
    ways = ways.drop("key", "utc", "peak", "spread", "steady", "quiet")
    driver = plan.drivers(
        tenants,
        **{column.name: column.to_numpy() for column in ways},
        utc=COUNTRY_UTC[country],
        peak=rng.normal(14.0, 3.0, tenants) % 24,
        spread=rng.uniform(2.0, 5.0, tenants),
        steady=rng.beta(0.5, 2.0, tenants),
        quiet=rng.beta(2.0, 2.0, tenants),
    )
    reach = rng.random((tenants, len(ready))) < draw(rng, how.spread)
    reach[np.arange(tenants), rng.integers(0, len(ready), tenants)] = True
    tenant, account = np.nonzero(reach)
    per_day = lognormal(rng, draw(rng, how.sessions_a_day), 1.0, tenants, 20.0) / reach.sum(axis=1)
    person = plan.codes(tenants)
    joins = first + (rng.random(tenants) ** 3 * (last - first - DAY)).astype(np.int64)
    work = {
        "account": account,
        "driver": driver[tenant],
        "start": np.maximum(ready[account], joins[tenant]),
        "end": np.full(len(tenant), last),
        "rate": per_day[tenant] / DAY,
        "requests": lognormal(rng, 5.0, 0.8, tenants, 60.0)[tenant],
        "job": person[tenant],
        "templates": 1 + lognormal(rng, 3, 0.9, tenants, 40).astype(np.int64)[tenant],
        "tokens_in": lognormal(rng, 900, 1.1, tenants, 60_000)[tenant],
        "tokens_out": lognormal(rng, 150, 1.0, tenants, 8_000)[tenant],
        "popular": rng.beta(0.5, 2.0, tenants)[tenant],
    }
    return work, person[tenant]


def _beneficiaries(n: int, work: Work, who: Ints) -> tuple[Ints, Ints]:
    """The tenant with the most traffic on each account, and how many tenants use it."""
    amount: Floats = work["rate"] * work["requests"] * (work["end"] - work["start"])
    order = np.lexsort((amount, work["account"]))
    most = np.full(n, -1)
    most[work["account"][order]] = who[order]  # the last assignment of an account is its largest
    return most, np.bincount(work["account"], minlength=n).astype(np.int64)


def _storefront(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> None:
    how = plan.ways.resellers
    columns, staff = _pool(plan, rng, n)
    ready = columns["created"]
    machine = machines(plan, rng, np.zeros(n, np.int64), int(staff.country[0]), style(plan, rng))
    tenant = persons(plan, rng, n)
    relayed = rng.random(n) < draw(rng, how.relayed)
    accounts = plan.accounts(
        n,
        kind="reseller",
        mechanism="storefront",
        innocent=False,
        beneficiary=tenant.person,
        **columns,
    )
    handed = ready + rng.integers(DAY // 24, 4 * DAY, n)
    use(plan, rng, accounts, np.where(relayed, machine, tenant.driver), handed)
    never = np.full(n, -1)
    add(
        plan,
        accounts,
        visits(plan, ready, never, staff.driver, draws(rng, how.visits, n)),
    )
    pack = int(packs(plan, rng, 1)[0])  # what the reseller hands out with the account
    setup = visits(plan, ready, handed, staff.driver, np.full(n, 60.0))
    add(plan, accounts, setup, pack=pack, pack_share=draw(rng, how.pack_share))

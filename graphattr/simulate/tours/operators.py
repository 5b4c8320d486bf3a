"""Single operators: one hand, many accounts that pose as strangers; styles are drawn, some values leak."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES, TOOL_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Ints, choose, count, draw, draws, scale
from graphattr.simulate.tours.fronts import bought, fronts, opened
from graphattr.simulate.tours.people import Persons, farms, packs, persons
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import add, bans, campaigns, failed_over, visits


def operators(plan: Plan) -> None:
    """Adds the preset's single operators."""
    for number in range(plan.preset.operators):
        _operator(plan, plan.rng(f"operator {number}"))


def crew(plan: Plan, rng: np.random.Generator, n: int, country: int, mask: float) -> Persons:
    """People who look in on an operator's accounts, mostly through a VPN or rented exits."""
    vpn = rng.random(n) < 0.5
    hidden = 1.0 / draw(rng, plan.ways.operators.careless) - 1.0
    return persons(
        plan,
        rng,
        n,
        country=np.full(n, country),
        w_vpn=np.where(vpn, hidden, 0.0),
        w_proxy=np.where(vpn, 0.0, hidden),
        proxy=rng.integers(0, plan.layout.vendors, n),
        hold_hours=scale(rng, plan.ways.operators.hold_hours),
        w_hosting=0.0,
        mask=mask,
        tool_share=0.0,
    )


def machines(plan: Plan, rng: np.random.Generator, cell: Ints, country: int) -> Ints:
    """Scripts and masked browsers on servers and rented exits: a driver for each account; its row.

    Accounts of a cell (`cell` numbers it) share servers and the real device behind the masks.
    """
    how = plan.ways.operators
    n, cells = len(cell), int(cell.max()) + 1
    uses_proxy, uses_servers, uses_vpn = (rng.random() < share for share in (0.5, 0.5, 0.4))
    size = np.bincount(cell, minlength=cells) / draw(rng, how.server_accounts)
    peak = rng.uniform(0, 24) + rng.normal(0, draw(rng, how.jitter_hours), n)
    return plan.drivers(
        n,
        country=country,
        utc=int(rng.integers(-5, 10)) * 60,
        peak=peak % 24,
        spread=rng.uniform(2.5, 6.0),
        quiet=draw(rng, (0.3, 1.0)),
        steady=draw(rng, (0.2, 1.0)),
        vpn=rng.choice(plan.layout.vpns, cells)[cell],
        proxy=int(rng.integers(plan.layout.vendors)),
        hosting=rng.choice(plan.layout.hosters, n),
        servers=plan.codes(cells)[cell],
        server_count=np.maximum(1, np.round(size)).astype(np.int64)[cell],
        hold_hours=scale(rng, how.hold_hours),
        w_hosting=draw(rng, how.hosting) * (uses_servers or not uses_proxy),
        w_proxy=draw(rng, how.proxy) * uses_proxy,
        w_vpn=draw(rng, how.vpn) * uses_vpn,
        kit=plan.codes(cells)[cell],
        devices=int(rng.integers(1, 4)),
        mask=draw(rng, how.mask),
        refresh_days=scale(rng, (5, 120)),
        farm=int(farms(plan, rng, 1)[0]) if rng.random() < how.farm else -1,
        tool=choose(rng, TOOL_SHARES, cells)[cell],
        tool_share=draw(rng, how.script),
    )


def _operator(
    plan: Plan,
    rng: np.random.Generator,
) -> None:
    how = plan.ways.operators
    n = count(rng, plan.preset.operator_size)
    controller, country = int(plan.codes(1)[0]), int(choose(rng, COUNTRY_SHARES, 1)[0])
    cells = min(count(rng, how.cells), max(1, n // 4))
    cell = np.sort(choose(rng, rng.dirichlet(np.full(cells, 3.0)), n))
    machine = machines(plan, rng, cell, country)
    workers = crew(plan, rng, count(rng, how.workers), country, draw(rng, how.mask))
    worker = workers.driver[rng.integers(0, len(workers.driver), n)]
    owner = Persons(worker, np.full(n, country), worker, worker, np.full(n, controller))
    columns = fronts(plan, rng, owner, opened(plan, rng, n), cell)
    which = rng.random(n) < draw(rng, how.bought)
    seller = persons(plan, rng, n)
    columns, ready = bought(plan, rng, columns, which, seller)
    banned = bans(plan, rng, ready, draw(rng, how.banned))
    accounts = plan.accounts(
        n,
        kind="single_operator",
        mechanism="operator",
        innocent=False,
        operator=plan.operator(),
        banned=banned,
        **(columns | rotated(plan, rng, columns["control"], ready)),
    )
    jobs = campaigns(
        plan,
        rng,
        ready,
        count(rng, how.jobs),
        machine,
        how.sessions_a_day,
        how.requests,
    )
    jobs["private"] = np.full(len(jobs["job"]), draw(rng, how.reworded))
    jobs = failed_over(rng, jobs, ready, banned, how.failover_minutes)
    share = draw(rng, how.pack_share) * (rng.random() < 0.6)
    add(plan, accounts, jobs, pack=int(packs(plan, rng, 1)[0]), pack_share=share)
    add(plan, accounts, visits(plan, ready, banned, worker, draws(rng, how.visits, n)))
    posing = np.where(rng.random(n) < draw(rng, how.personas), rng.uniform(4, 30, n), 0.0)
    add(plan, accounts, visits(plan, ready, banned, machine, posing), pack_share=0.0)
    first = np.maximum(columns["created"], plan.window[0])
    before = visits(plan, first, np.where(which, ready, first), seller.driver, np.full(n, 12.0))
    add(plan, accounts, before)


def rotated(plan: Plan, rng: np.random.Generator, control: Ints, ready: Ints) -> dict[str, Any]:
    """Columns of a key rotation in all accounts within an hour, with the actor in some providers' logs."""
    if rng.random() >= plan.ways.operators.key_rotation:
        return {}
    first, last = plan.window
    moment = int(rng.integers(first + 5 * DAY, last - DAY)) + rng.integers(0, HOUR, len(ready))
    seen = rng.random(len(ready)) < 0.3
    control = np.where((control < 0) & (ready < moment), moment, control)
    return {"control": control, "actor": np.where(seen, plan.codes(1)[0], -1)}

"""Single operators: one hand, many accounts that pose as strangers; styles are drawn, some values leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Floats, Ints, choose, count, draw, draws, scale, unit
from graphattr.simulate.tours.fronts import bought, fronts, opened
from graphattr.simulate.tours.machines import Style, machines, style
from graphattr.simulate.tours.people import Persons, packs, persons
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import Jobs, Work, add, bans, campaigns, failed_over, jobs, visits

_WORDED = 51


@dataclass(frozen=True)
class Tactics:
    """What twins have in common.

    Attributes:
        machines: hours, providers, browsers and tools.
        jobs: the style of the campaigns.
        per_day: sessions an account and day.
        pack, pack_share: the toolkit it bought, and its share of requests.
    """

    machines: Style
    jobs: Jobs
    per_day: float
    pack: int
    pack_share: float


def tactics(plan: Plan, rng: np.random.Generator) -> Tactics:
    """Draws tactics."""
    how = plan.ways.operators
    share = draw(rng, how.pack_share) * (rng.random() < how.packs)
    pack = int(packs(plan, rng, 1)[0])
    per_day = scale(rng, how.sessions_a_day)
    work = jobs(plan, rng, count(rng, how.jobs), how.requests)
    return Tactics(style(plan, rng), work, per_day, pack, share)


def twin_of(plan: Plan, number: int) -> int:
    """Number of the operator whose tactics this one has: mostly its own, for some the one before."""
    before = number - 1
    is_twin = number % 2 == 1 and plan.rng(f"twin {number}").random() < plan.ways.operators.twins
    return before if is_twin else number


def operators(plan: Plan) -> None:
    """Adds the preset's single operators."""
    for number, n in enumerate(plan.sizes.operators):
        model = twin_of(plan, number)
        next_twin = number + 1 < len(plan.sizes.operators) and twin_of(plan, number + 1) == number
        rng = plan.population(f"operator {number}")
        chosen = tactics(plan, plan.rng(f"tactics {model}"))
        _operator(plan, rng, n, chosen, twin=model != number or next_twin)


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


@dataclass(frozen=True)
class _Wave:
    """A wave of bans, and the accounts opened after it; `later` marks them, `at` is its moment or -1."""

    at: int
    later: Any
    created: Ints


def _wave(plan: Plan, rng: np.random.Generator, created: Ints) -> _Wave:
    how = plan.ways.operators
    first, last = plan.window
    at = first + int(draw(rng, (0.25, 0.7)) * (last - first))
    n, share, hours = len(created), draw(rng, how.next_wave), scale(rng, how.wave_hours)
    later = rng.random(n) < share
    opens = at + HOUR + np.cumsum(rng.exponential(hours * HOUR / max(n * share, 1), n)).astype(np.int64)
    if rng.random() >= how.rotates:
        return _Wave(-1, np.zeros(n, dtype=np.bool_), created)
    older = np.minimum(created, 2 * (at - DAY) - created)  # what was to be opened after the wave: before it
    return _Wave(at, later, np.where(later, np.minimum(opens, last - 2 * DAY), older))


def _banned(plan: Plan, rng: np.random.Generator, ready: Ints, wave: _Wave, share: float) -> Ints:
    """Moments of bans: now and then, or, in a wave, most of the older accounts within a day and a half."""
    alone = bans(plan, rng, ready, share)
    hit = rng.random(len(ready)) < draw(rng, (0.5, 0.95))
    at = wave.at + (rng.random(len(ready)) * 36 * HOUR).astype(np.int64)
    struck = (wave.at >= 0) & hit & ~wave.later & (at > ready + DAY) & (at < plan.window[1])
    return np.where(struck, at, np.where(wave.later, -1, alone))


def _operator(plan: Plan, rng: np.random.Generator, n: int, chosen: Tactics, twin: bool) -> None:
    how = plan.ways.operators
    controller, operator = plan.codes(2).tolist()
    country = int(choose(rng, COUNTRY_SHARES, 1)[0])
    apart = rng.spawn(1)[0]  # how many cells there are moves nothing else
    cells = min(count(apart, how.cells), max(1, n // 4))
    cell = np.sort(choose(apart, apart.dirichlet(np.full(cells, 3.0)), n))
    wave = _wave(plan, rng, opened(plan, rng, n))
    cell = np.where(wave.later, cell + cells, cell)
    machine = machines(plan, rng, cell, country, chosen.machines)
    mask = draw(rng, how.mask)
    workers = crew(plan, rng, count(rng, how.workers), country, mask)
    worker = workers.driver[rng.integers(0, len(workers.driver), n)]
    owner = Persons(worker, np.full(n, country), worker, worker, np.full(n, controller))
    columns = fronts(plan, rng, owner, wave.created, cell)
    which = (rng.random(n) < draw(rng, how.bought)) & ~wave.later
    seller = persons(plan, rng, n)
    columns, ready = bought(plan, rng, columns, which, seller)
    banned = _banned(plan, rng, ready, wave, draw(rng, how.banned))
    slowness, slow = draw(rng, how.slowness), rng.random() < how.slow
    accounts = plan.accounts(
        n,
        kind="single_operator",
        mechanism=_called(twin, slow, wave.at >= 0),
        innocent=False,
        operator=operator,
        careless=1 - (mask + chosen.machines.mask) / 2,
        banned=banned,
        **(columns | rotated(plan, rng, columns["control"], ready)),
    )
    work = campaigns(plan, rng, ready, machine, chosen.jobs, chosen.per_day * (slowness if slow else 1.0))
    reworded = draw(rng, how.reworded)
    work["private"] = np.where(unit(_WORDED, work["job"]) < reworded, 1.0, reworded)
    work = failed_over(rng, work, ready, banned, how.failover_minutes, draw(rng, how.failover))
    new = wave.later[work["account"]]  # the new accounts' own servers take the work over
    work["driver"] = np.where(new, machine[work["account"]], work["driver"])
    add(plan, accounts, work, pack=chosen.pack, pack_share=chosen.pack_share)
    _besides(plan, rng, accounts, ready, banned, worker, machine)
    first = np.maximum(columns["created"], plan.window[0])
    before = visits(plan, first, np.where(which, ready, first), seller.driver, np.full(n, 12.0))
    add(plan, accounts, before)


def _called(twin: bool, slow: bool, rotates: bool) -> str:
    """The mechanism that the truth names: what sets this operator apart most."""
    if twin:
        return "twin"
    if slow:
        return "low_and_slow"
    return "burn_and_rotate" if rotates else "operator"


def _besides(
    plan: Plan,
    rng: np.random.Generator,
    accounts: Ints,
    ready: Ints,
    banned: Ints,
    worker: Ints,
    machine: Ints,
) -> None:
    """Workers looking in, and personas: chat like a person's on some accounts."""
    how = plan.ways.operators
    n = len(accounts)
    often: Floats = draws(rng, how.visits, n)
    add(plan, accounts, visits(plan, ready, banned, worker, often))
    posing = np.where(rng.random(n) < draw(rng, how.personas), rng.uniform(4, 30, n), 0.0)
    chat: Work = visits(plan, ready, banned, machine, posing)
    add(plan, accounts, chat, pack_share=0.0)


def rotated(plan: Plan, rng: np.random.Generator, control: Ints, ready: Ints) -> dict[str, Any]:
    """Columns of a key rotation in all accounts within an hour, with the actor in some providers' logs."""
    first, last = plan.window
    moment = int(rng.integers(first + 5 * DAY, last - DAY)) + rng.integers(0, HOUR, len(ready))
    seen = rng.random(len(ready)) < 0.3
    actor = int(plan.codes(1)[0])
    if rng.random() >= plan.ways.operators.key_rotation:
        return {}
    control = np.where((control < 0) & (ready < moment), moment, control)
    return {"control": control, "actor": np.where(seen, actor, -1)}

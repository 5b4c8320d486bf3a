"""Contractors: several people, each with accounts of their own making, who work off one principal's queue."""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY
from graphattr.simulate.draws import Ints, choose, count, draw, draws, lognormal, mix, partly, scale, unit
from graphattr.simulate.tours.fronts import fronts, opened
from graphattr.simulate.tours.people import Persons, persons
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import add, campaigns, jobs


def contractors(plan: Plan) -> None:
    """Adds the preset's principals with their contractors."""
    for number, crew in enumerate(plan.sizes.queues):
        _queue(plan, plan.population(f"queue {number}"), crew)


def _queue(
    plan: Plan,
    rng: np.random.Generator,
    held: Ints,
) -> None:
    how = plan.ways.contractors
    people = len(held)
    who = np.repeat(np.arange(people), held)
    n = len(who)
    principal = int(plan.codes(1)[0])
    most = choose(rng, COUNTRY_SHARES, 1)
    country = partly(
        rng,
        np.full(people, most[0]),
        choose(rng, COUNTRY_SHARES, people),
        draw(rng, how.abroad),
    )
    mask = rng.uniform(0.0, 0.6, people)
    crew = persons(plan, rng, people, country=country, mask=mask)
    owner = Persons(crew.driver[who], crew.country[who], crew.home[who], crew.isp[who], np.full(n, principal))
    created = opened(plan, rng, n)
    columns = fronts(plan, rng, owner, created, who)
    paid = rng.random(n) < draw(rng, how.principal_card)
    for column, value in (
        ("card", int(plan.codes(1)[0])),
        ("card_kind", int(rng.integers(0, 4))),
        ("plan", 2),
        ("card_next", -1),
    ):
        columns[column] = np.where(paid, value, columns[column])
    accounts = plan.accounts(
        n,
        kind="contractors",
        mechanism="contractors",
        innocent=False,
        operator=int(plan.codes(1)[0]),
        careless=1 - mask[who],
        **columns,
    )
    work = jobs(plan, rng, count(rng, how.tasks), how.requests)
    tasks = campaigns(plan, rng, created, owner.driver, work, scale(rng, how.sessions_a_day))
    given = unit(tasks["job"]) < 0.5  # for some tasks the principal hands out the prompts, for others not
    tasks["pack"] = np.where(given, mix(int(plan.codes(1)[0]), tasks["job"]), -1)
    reworded = draw(rng, how.reworded)
    tasks["private"] = np.where(unit(tasks["job"], 1) < reworded, 1.0, reworded)
    add(plan, accounts, tasks, pack_share=draw(rng, how.queue))
    _own_use(plan, rng, accounts, owner, created)


def _own_use(plan: Plan, rng: np.random.Generator, accounts: object, owner: Persons, created: object) -> None:
    """What the contractors do for themselves, on one account each."""
    start = np.maximum(np.asarray(created), plan.window[0])
    _, first = np.unique(owner.driver, return_index=True)
    k = len(first)
    plan.tours(
        k,
        account=np.asarray(accounts)[first],
        driver=owner.driver[first],
        start=start[first],
        end=plan.window[1],
        sessions=draws(rng, (0.0, 0.6), k) * (plan.window[1] - start[first]) / DAY,
        requests=lognormal(rng, 4.0, 0.8, k, 40),
        job=plan.codes(k),
        popular=rng.beta(0.5, 2.0, k),
    )

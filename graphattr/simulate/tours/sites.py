"""People under one roof, households and campuses: they share much, and nobody controls anybody."""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Ints, choose, count, draw, draws, lognormal, partly
from graphattr.simulate.tours.people import Persons, joined, persons, registration, use
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.providers import KIND


def households(plan: Plan) -> Persons:
    """Adds homes with several account holders each."""
    how = plan.ways.households
    rng = plan.population("households")
    size = plan.sizes.households
    homes = len(size) if plan.on("households") else 0
    at = np.repeat(np.arange(homes), size[:homes])
    n = len(at)
    country = choose(rng, COUNTRY_SHARES, homes)
    isp = plan.layout.isps[country, rng.integers(0, plan.layout.isps.shape[1], homes)]
    common = np.where(rng.random(homes) < draw(rng, how.shared_device), plan.codes(homes), -1)
    who = persons(
        plan,
        rng,
        n,
        country=country[at],
        home=plan.codes(homes)[at],
        isp=isp[at],
        shared_kit=common[at],
        shared_use=np.where(common[at] >= 0, draws(rng, how.shared_use, n), 0.0),
    )
    created = joined(plan, rng, who)
    card, phone = plan.codes(homes)[at], plan.codes(homes)[at]
    columns = registration(plan, rng, who, created)
    columns["card"] = partly(rng, columns["card"], card, draw(rng, how.shared_card))
    columns["phone"] = partly(rng, columns["phone"], phone, draw(rng, how.shared_phone))
    account = plan.accounts(n, kind="shared_infrastructure", mechanism="household", **columns)
    use(plan, rng, account, who.driver, created)
    return who


def campuses(plan: Plan) -> None:
    """Adds universities with their account holders."""
    for number, n in enumerate(plan.sizes.campuses):
        _campus(plan, plan.population(f"campus {number}"), n)


def _campus(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> None:
    how = plan.ways.campuses
    country = int(choose(rng, COUNTRY_SHARES, 1)[0])
    network = plan.provider(
        count(rng, how.exits),
        kind=KIND["education"],
        country=country,
        asn=int(rng.integers(64512, 65535)),
    )
    who = persons(
        plan,
        rng,
        n,
        country=np.full(n, country),
        campus=network,
        w_campus=lognormal(rng, draw(rng, how.on_campus), 0.7, n, 50),
        shared_kit=plan.codes(1 + n // 25)[rng.integers(0, 1 + n // 25, n)],
        shared_use=np.full(n, draw(rng, how.lab_use)),
        peak=rng.normal(14.0, 3.0, n) % 24,
    )
    created = _hackathon(plan, rng, joined(plan, rng, who), draw(rng, how.hackathon))
    columns = registration(plan, rng, who, created)
    columns["domain"] = partly(rng, columns["domain"], plan.codes(1), draw(rng, how.own_domain))
    account = plan.accounts(n, kind="shared_infrastructure", mechanism="campus", **columns)
    course = rng.random(n) < draw(rng, how.course)
    pack = np.where(course, plan.codes(1)[0], -1)
    share = np.where(course, rng.uniform(0.2, 0.9, n), 0.0)
    use(plan, rng, account, who.driver, created, pack=pack, pack_share=share)


def _hackathon(plan: Plan, rng: np.random.Generator, created: Ints, share: float) -> Ints:
    """Moves the creation of some accounts into one afternoon of the observation."""
    first, last = plan.window
    opens = int(rng.integers(first // DAY, last // DAY - 3)) * DAY + 14 * HOUR
    moment = opens + (rng.random(len(created)) * 3 * HOUR).astype(np.int64)
    return np.where(rng.random(len(created)) < share, moment, created)

"""Lawful organisations, each in control of its accounts: employers of people, and farms of build machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES, TOOL_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Ints, choose, count, draw, lognormal, partly
from graphattr.simulate.tours.people import joined, persons, registration, use
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.providers import KIND


def companies(plan: Plan) -> None:
    """Adds employers of people."""
    for number, n in enumerate(plan.sizes.companies):
        _company(plan, plan.population(f"company {number}"), n, machines=False)


def build_farms(plan: Plan) -> None:
    """Adds companies whose accounts are run by machines."""
    for number, n in enumerate(plan.sizes.build_farms):
        _company(plan, plan.population(f"build farm {number}"), n, machines=True)


def _company(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
    machines: bool,
) -> None:
    how = plan.ways.companies
    company = int(plan.codes(1)[0])
    seat = int(choose(rng, COUNTRY_SHARES, 1)[0])
    away = rng.random(n) < draw(rng, how.abroad)
    country = np.where(away, choose(rng, COUNTRY_SHARES, n), seat)
    office = plan.provider(
        count(rng, how.exits),
        kind=KIND["business"],
        country=seat,
        asn=int(rng.integers(64512, 65535)),
    )
    way = {"w_office": lognormal(rng, draw(rng, how.at_office), 0.8, n, 50), "scripters": how.scripters}
    who = persons(
        plan,
        rng,
        n,
        country=country,
        office=office,
        peak=rng.normal(13.5, 1.5, n) % 24,
        spread=rng.uniform(1.5, 3.0, n),
        quiet=rng.beta(1.0, 6.0, n),
        **(_machines(rng, n, company) if machines else way),
    )
    created = _rollout(plan, rng, joined(plan, rng, who), draw(rng, how.rollout))
    columns = registration(plan, rng, who, created) | {"controller": company}
    account = plan.accounts(
        n,
        kind="organisation",
        mechanism="build_farm" if machines else "company",
        **_registered(plan, rng, columns, company),
    )
    share = draw(rng, how.shared_templates) if not machines else 0.8
    use(
        plan,
        rng,
        account,
        who.driver,
        created,
        pack=company,
        pack_share=np.clip(rng.normal(share, 0.15, n), 0, 1),
        **({"sessions": lognormal(rng, 60, 0.5, n, 300)} if machines else {}),
    )


def _machines(rng: np.random.Generator, n: int, company: int) -> dict[str, object]:
    """Driver columns of scheduled machines on the company's rented servers, all of one make."""
    return {
        "steady": rng.uniform(0.7, 1.0, n),
        "w_hosting": 40.0,
        "w_mobile": 0.0,
        "servers": company,
        "server_count": 2 + n // 4,
        "tool": int(choose(rng, TOOL_SHARES, 1)[0]),
        "tool_share": 0.97,
    }


def _registered(
    plan: Plan, rng: np.random.Generator, columns: dict[str, Any], company: int
) -> dict[str, Any]:
    """The account columns with what the company, not the person, put into the registration."""
    how = plan.ways.companies
    n = len(columns["created"])
    changed = {"domain": partly(rng, columns["domain"], plan.codes(1), draw(rng, how.own_domain))}
    if rng.random() < draw(rng, how.single_sign_on):
        changed["organisation"] = partly(rng, np.full(n, -1), company, 0.95)
    card, kind = int(plan.codes(1)[0]), int(rng.integers(0, 4))
    paid = rng.random(n) < draw(rng, how.company_card)
    for column, value in (("card", card), ("card_kind", kind), ("plan", 1), ("card_next", -1)):
        changed[column] = np.where(paid, value, columns[column])
    if rng.random() < draw(rng, how.key_rotation):
        first, last = plan.window
        moment = int(rng.integers(first + DAY, last - DAY)) + rng.integers(0, HOUR, n)
        changed["control"] = np.where(columns["created"] < moment, moment, -1)
        changed["actor"] = np.full(n, plan.codes(1)[0])
    return columns | changed


def _rollout(plan: Plan, rng: np.random.Generator, created: Ints, share: float) -> Ints:
    """Moves the creation of some accounts into the few days of a roll-out."""
    last = plan.window[1]
    opens = int(rng.integers(20 * DAY, last - 10 * DAY)) // DAY * DAY + 8 * HOUR
    day = rng.integers(0, 4, len(created)) * DAY
    moment = opens + day + (rng.random(len(created)) * 9 * HOUR).astype(np.int64)
    return np.where(rng.random(len(created)) < share, moment, created)

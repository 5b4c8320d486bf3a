"""Compromised accounts: unrelated people's, used by an intruder beside their owners.

The owner stays the controller in the truth: who puts such accounts into one ring with the intruder's own, and
attributes it, accuses victims. The intruder is the beneficiary.
"""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import choose, draw, draws, scale
from graphattr.simulate.tours.machines import machines, style
from graphattr.simulate.tours.people import joined, persons, registration, use
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import add, campaigns, jobs


def intruders(plan: Plan) -> None:
    """Adds the preset's intruders with their victims."""
    for number, n in enumerate(plan.sizes.intruders):
        _intruder(plan, plan.population(f"intruder {number}"), n)


def _intruder(
    plan: Plan,
    rng: np.random.Generator,
    n: int,
) -> None:
    how = plan.ways.intruders
    intruder, country = int(plan.codes(1)[0]), int(choose(rng, COUNTRY_SHARES, 1)[0])
    who = persons(plan, rng, n)
    created = np.minimum(joined(plan, rng, who), plan.window[0] - DAY)
    columns = registration(plan, rng, who, created)
    first, last = plan.window
    broken = rng.integers(first + DAY, last - 3 * DAY, n)
    until = np.minimum(broken + (draws(rng, how.days, n) * DAY).astype(np.int64), last - HOUR)
    noticed = rng.random(n) < draw(rng, how.noticed)
    accounts = plan.accounts(
        n,
        kind="compromised",
        mechanism="compromised",
        beneficiary=intruder,
        control=np.where(noticed, until, -1),
        **columns,
    )
    use(plan, rng, accounts, who.driver, created)
    driver = machines(plan, rng, np.zeros(n, np.int64), country, style(plan, rng))
    work = campaigns(
        plan, rng, broken, driver, jobs(plan, rng, 2, how.requests), scale(rng, how.sessions_a_day)
    )
    work["end"] = np.minimum(work["end"], until[work["account"]])
    add(plan, accounts, work)

"""Compromised accounts: unrelated people's, used by an intruder beside their owners.

The owner stays the controller in the truth: who puts such accounts into one ring with the intruder's own, and
attributes it, accuses victims. The intruder is the beneficiary.
"""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import choose, count, draw, draws
from graphattr.simulate.tours.operators import machines
from graphattr.simulate.tours.people import joined, persons, registration, use
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import add, campaigns


def intruders(plan: Plan) -> None:
    """Adds the preset's intruders with their victims."""
    for number in range(plan.preset.intruders):
        _intruder(plan, plan.rng(f"intruder {number}"))


def _intruder(
    plan: Plan,
    rng: np.random.Generator,
) -> None:
    how = plan.ways.intruders
    n = count(rng, plan.preset.victims)
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
    driver = machines(plan, rng, np.zeros(n, np.int64), country)
    work = campaigns(
        plan,
        rng,
        broken,
        2,
        driver,
        how.sessions_a_day,
        how.requests,
    )
    work["end"] = np.minimum(work["end"], until[work["account"]])
    add(plan, accounts, work)

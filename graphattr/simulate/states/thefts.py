"""Stolen sessions: logs of credentials of unrelated people, bought in batches and used beside their owners.

The owner stays the controller in the truth; the intruder is the beneficiary. With a stolen session the
victim's device is shown, but from the intruder's exits.
"""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import choose, choose_rows, count, draw
from graphattr.simulate.states.cast import KIND, MACHINE, MECHANISM
from graphattr.simulate.states.crews import job_books
from graphattr.simulate.states.parameters import THEFTS
from graphattr.simulate.states.people import Town, books, live, residents, sized, tenure
from graphattr.simulate.states.registers import joined, registration
from graphattr.simulate.states.suppliers import gear, trade


def thefts(town: Town) -> None:
    """Adds the preset's intruders with their victims."""
    if town.cast.has("compromised"):
        for number in range(town.cast.preset.intruders):
            _intruder(town, town.cast.rng(f"intruder {number}"))


def _intruder(town: Town, rng: np.random.Generator) -> None:
    cast, how = town.cast, trade(town, rng)
    first, last = cast.window
    n = sized(rng, cast.preset.victims)
    who = residents(town, rng, choose(rng, COUNTRY_SHARES, n))
    created = np.minimum(joined(cast, rng, who.utc), first - DAY)
    columns = registration(cast, rng, town.market, who.country, created)
    batches = np.sort(rng.integers(first + DAY, last - 7 * DAY, count(rng, THEFTS.batches)))
    spread = draw(rng, THEFTS.spread_days) * DAY
    broken = rng.choice(batches, n) + (rng.random(n) * spread).astype(np.int64)
    days = rng.uniform(*THEFTS.days, n) * DAY
    until = np.minimum(broken + days.astype(np.int64), last - HOUR)
    noticed = rng.random(n) < draw(rng, THEFTS.noticed)
    account = cast.accounts.add(
        n,
        controller=who.person,
        beneficiary=cast.code(),
        kind=KIND["compromised"],
        mechanism=MECHANISM["compromised"],
        reset=np.where(noticed, until, -1),
        **columns,
    )
    start, end = tenure(cast, rng, created)
    live(town, rng, who, account, start, end, books(town, rng, n))
    daily = draw(rng, THEFTS.daily)
    hits = rng.poisson(daily / 10 * (until - broken) / DAY)
    i = np.repeat(np.arange(n), hits)
    tools = gear(town, rng, how, who.country)
    cookie = rng.random(n) < draw(rng, THEFTS.cookie)
    shown = np.where(cookie, who.laptop, tools.masks)
    scripted = rng.random(len(i)) < how.scripted * 0.5
    library = job_books(town, rng, how, n)
    m = len(i)
    cast.spells.add(
        m,
        account=account[i],
        at=broken[i] + (rng.random(m) * (until - broken)[i]).astype(np.int64),
        seconds=rng.integers(60, HOUR, m),
        access=tools.access[i, choose_rows(rng, tools.odds[i])],
        hardware=np.where(scripted, tools.scripts[i], shown[i]),
        book=library[i, rng.integers(0, how.jobs, m)],
        amount=rng.gamma(2.0, 5.0, m),
        style=MACHINE,
        stage=rng.integers(0, 7, m),
    )

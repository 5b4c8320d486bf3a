"""What many accounts in one hand do together: campaigns spread over them, and what follows a ban.

Work is a set of columns of `plan.TOUR`, one row a tour, with `account` counted from 0 within the operator
until `add` puts it into the plan, and `rate` (sessions a second) in the place of `sessions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.clock import DAY, MINUTE
from graphattr.simulate.draws import Floats, Ints, Range, draw, draws, lognormal, scale
from graphattr.simulate.tours.plan import Plan

Work = dict[str, Any]


def bans(plan: Plan, rng: np.random.Generator, ready: Ints, share: float) -> Ints:
    """Moment of the ban of some accounts, -1 for the others; `ready` is when each came into use."""
    first, last = plan.window
    at = rng.integers(first + 3 * DAY, last, len(ready))
    return np.where((rng.random(len(ready)) < share) & (at > ready + DAY), at, -1)


def campaigns(
    plan: Plan, rng: np.random.Generator, ready: Ints, jobs: int, driver: Ints, rate: Range, requests: Range
) -> Work:
    """Spreads `jobs` campaigns over accounts, each on a part of them and for a part of the observation.

    Args:
        plan: hands out codes.
        rng: the operator's stream.
        ready: from when each account can be used.
        jobs: how many campaigns.
        driver: who works on each account.
        rate: sessions an account and day, drawn once.
        requests: median requests a session, drawn once a campaign.
    """
    first, last = plan.window
    n = len(ready)
    taken = rng.random((n, jobs)) < draws(rng, (0.3, 1.0), jobs)
    taken[np.arange(n), rng.integers(0, jobs, n)] = True
    account, job = np.nonzero(taken)
    opens = first + np.sort((rng.random(jobs) ** 1.5 * 0.7 * (last - first)).astype(np.int64))
    opens[0] = first
    lasts = (draws(rng, (0.25, 1.0), jobs) * (last - first)).astype(np.int64)
    codes, size = plan.codes(jobs), draws(rng, (0.3, 2.5), jobs)
    uneven = lognormal(rng, 1.0, draw(rng, (0.1, 0.9)), n, 6.0)
    per_day = scale(rng, rate) / max(jobs / 2.5, 1.0)
    return {
        "account": account,
        "driver": driver[account],
        "start": np.maximum(opens[job], ready[account]),
        "end": np.minimum(opens[job] + lasts[job], last),
        "rate": per_day * size[job] * uneven[account] / DAY,
        "requests": draws(rng, requests, jobs)[job] * lognormal(rng, 1.0, 0.3, len(job), 3.0),
        "job": codes[job],
        "templates": rng.integers(2, 40, jobs)[job],
        "tokens_in": lognormal(rng, 700, 0.9, jobs, 30_000)[job] * lognormal(rng, 1.0, 0.5, len(job), 4.0),
        "tokens_out": lognormal(rng, 450, 0.7, jobs, 8_000)[job] * lognormal(rng, 1.0, 0.4, len(job), 3.0),
        "popular": draws(rng, (0.0, 0.2), jobs)[job],
    }


def failed_over(rng: np.random.Generator, work: Work, ready: Ints, banned: Ints, minutes: Range) -> Work:
    """Ends the tours of banned accounts and takes the rest of each up on another, minutes later.

    Which account takes over is drawn among those never banned; with none left, the work is lost.
    """
    ban = banned[work["account"]]
    cut = (ban >= 0) & (ban < work["end"])
    ended = work | {"end": np.where(cut, ban, work["end"])}
    heirs = np.flatnonzero(banned < 0)
    if not len(heirs) or not cut.any():
        return ended
    moved = {name: column[cut] for name, column in work.items()}
    heir = heirs[rng.integers(0, len(heirs), int(cut.sum()))]
    delay = (draws(rng, minutes, len(heir)) * MINUTE).astype(np.int64)
    moved["account"] = heir
    moved["start"] = np.maximum(np.maximum(moved["start"], ban[cut] + delay), ready[heir])
    return {name: np.concatenate([ended[name], moved[name]]) for name in work}


def visits(plan: Plan, ready: Ints, banned: Ints, driver: Ints, often: Floats) -> Work:
    """A person who looks in on accounts now and then (console, billing); `often` a four weeks, by account."""
    first, last = plan.window
    n = len(ready)
    return {
        "account": np.arange(n),
        "driver": driver,
        "start": np.maximum(ready, first),
        "end": np.where(banned >= 0, banned, last),
        "rate": often / (28 * DAY),
        "requests": np.full(n, 1.5),
        "job": plan.codes(n),
        "templates": np.full(n, 4),
        "tokens_in": np.full(n, 200.0),
        "tokens_out": np.full(n, 250.0),
        "popular": np.full(n, 0.6),
    }


def add(plan: Plan, accounts: Ints, work: Work, **values: Any) -> None:
    """Puts work into the plan: `accounts` are the rows of the operator's accounts."""
    kept = work["end"] > work["start"]
    columns = {name: column[kept] for name, column in work.items()}
    rate = columns.pop("rate")
    columns["account"] = accounts[columns["account"]]
    length = columns["end"] - columns["start"]
    picked = {name: value[kept] if isinstance(value, np.ndarray) else value for name, value in values.items()}
    plan.tours(len(rate), **columns, sessions=rate * length, **picked)

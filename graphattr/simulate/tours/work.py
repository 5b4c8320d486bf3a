"""What many accounts in one hand do together: campaigns spread over them, and what follows a ban.

Work is a set of columns of `plan.TOUR`, one row a tour, with `account` counted from 0 within the operator
until `add` puts it into the plan, and `rate` (sessions a second) in the place of `sessions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphattr.simulate.clock import DAY, MINUTE
from graphattr.simulate.draws import Floats, Ints, Range, draw, draws, lognormal
from graphattr.simulate.tours.plan import Plan

Work = dict[str, Any]


def bans(plan: Plan, rng: np.random.Generator, ready: Ints, share: float) -> Ints:
    """Moment of the ban of some accounts, -1 for the others; `ready` is when each came into use."""
    first, last = plan.window
    at = rng.integers(first + 3 * DAY, last, len(ready))
    return np.where((rng.random(len(ready)) < share) & (at > ready + DAY), at, -1)


@dataclass(frozen=True)
class Jobs:
    """The campaigns of an operator, one entry each; the style of an operator, without whose they are.

    Attributes:
        opens, lasts: seconds from the first day observed on.
        reach: share of the accounts that work on it.
        size: load beside the others.
        requests: median a session.
        templates: how many prompts.
        tokens_in, tokens_out: median a request.
        popular: share of requests with templates everyone knows.
    """

    opens: Ints
    lasts: Ints
    reach: Floats
    size: Floats
    requests: Floats
    templates: Ints
    tokens_in: Floats
    tokens_out: Floats
    popular: Floats


def jobs(plan: Plan, rng: np.random.Generator, number: int, requests: Range) -> Jobs:
    """Draws `number` campaigns, each for a part of the observation; the first opens with it."""
    first, last = plan.window
    opens = np.sort((rng.random(number) ** 1.5 * 0.7 * (last - first)).astype(np.int64))
    opens[0] = 0
    return Jobs(
        opens=opens,
        lasts=(draws(rng, (0.25, 1.0), number) * (last - first)).astype(np.int64),
        reach=draws(rng, (0.15, 0.9), number),
        size=draws(rng, (0.3, 2.5), number),
        requests=draws(rng, requests, number),
        templates=1 + lognormal(rng, 6, 0.9, number, 40).astype(np.int64),
        tokens_in=lognormal(rng, 900, 0.9, number, 30_000),
        tokens_out=lognormal(rng, 150, 0.7, number, 8_000),
        popular=draws(rng, (0.0, 0.4), number),
    )


def campaigns(
    plan: Plan, rng: np.random.Generator, ready: Ints, driver: Ints, work: Jobs, per_day: float
) -> Work:
    """Spreads campaigns over accounts, each on a part of them.

    Args:
        plan: hands out codes.
        rng: the operator's stream.
        ready: from when each account can be used.
        driver: who works on each account.
        work: the campaigns.
        per_day: sessions an account and day.
    """
    first, last = plan.window
    n, number = len(ready), len(work.opens)
    taken = rng.random((n, number)) < work.reach
    taken[np.arange(n), rng.integers(0, number, n)] = True
    account, job = np.nonzero(taken)
    late = rng.exponential(DAY, number).astype(np.int64)  # no two begin the same work in the same minute
    opens = first + np.where(np.arange(number) > 0, work.opens + late, 0)
    uneven = lognormal(rng, 1.0, draw(rng, (0.1, 0.9)), n, 6.0)
    return {
        "account": account,
        "driver": driver[account],
        "start": np.maximum(opens[job], ready[account]),
        "end": np.minimum(opens[job] + work.lasts[job], last),
        "rate": per_day / max(number / 2.5, 1.0) * work.size[job] * uneven[account] / DAY,
        "requests": work.requests[job] * lognormal(rng, 1.0, 0.3, len(job), 3.0),
        "job": plan.codes(number)[job],
        "templates": work.templates[job],
        "tokens_in": work.tokens_in[job] * lognormal(rng, 1.0, 0.8, len(job), 8.0),
        "tokens_out": work.tokens_out[job] * lognormal(rng, 1.0, 0.7, len(job), 6.0),
        "popular": work.popular[job],
    }


def failed_over(
    rng: np.random.Generator, work: Work, ready: Ints, banned: Ints, minutes: Range, share: float = 1.0
) -> Work:
    """Ends the tours of banned accounts and takes a share of the rest up on another, minutes later.

    Which account takes over is drawn among those never banned; with none left, the work is lost.
    """
    ban = banned[work["account"]]
    cut = (ban >= 0) & (ban < work["end"])
    ended = work | {"end": np.where(cut, ban, work["end"])}
    heirs = np.flatnonzero(banned < 0)
    if not len(heirs) or not cut.any():
        return ended
    cut &= rng.random(len(cut)) < share
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
        "tokens_in": np.full(n, 400.0),
        "tokens_out": np.full(n, 150.0),
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

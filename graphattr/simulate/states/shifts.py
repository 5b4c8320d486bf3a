"""How work is dealt out over accounts: used up to a quota one after another, burnt, and replaced.

An account is not one of many that share the load: a scheduler's run goes to one account until its quota is
full, then to the next; an account that is banned or worn out is followed by a fresh one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphattr.simulate.clock import DAY
from graphattr.simulate.draws import Floats, Ints


@dataclass(frozen=True)
class Shifts:
    """Stretches of work, by time: position of the account, first second, length, exchanges, run."""

    account: Ints
    at: Ints
    seconds: Ints
    amount: Ints
    run: Ints


@dataclass(frozen=True)
class Schedule:
    """How a team works.

    Attributes:
        daily: exchanges an account in use and day.
        quota: exchanges on an account before the next is taken.
        period: seconds between runs; `jitter` is the share of it by which a run may be late.
        service: seconds an exchange.
        failover: seconds until work goes on elsewhere after a ban.
    """

    daily: float
    quota: int
    period: float
    jitter: float
    service: float
    failover: float


def lives(
    rng: np.random.Generator, n: int, window: tuple[int, int], days: float, gap: float
) -> tuple[Ints, Ints]:
    """When each of `n` accounts is in use: chains of accounts, each taken up `gap` seconds after the last.

    Args:
        rng: the stream.
        n: accounts.
        window: the observation; the first of a chain may have been in use before.
        days: median time in use.
        gap: seconds between an account's end and its successor's start.
    """
    first, last = window
    life = days * DAY * np.exp(0.6 * rng.standard_normal(n))
    chains = int(np.clip(np.ceil(life.sum() / (last - first)), 1, n))
    length = -(-n // chains)
    block = np.full(length * chains, gap)
    block[:n] = life + gap
    ends = np.cumsum(block.reshape(length, chains), axis=0)
    ends = ends - rng.random(chains) * ends[0]
    end = first + (ends.ravel()[:n] - gap).astype(np.int64)
    start = end - life.astype(np.int64)
    late = start > last - 2 * DAY
    start = np.where(late, first + rng.integers(0, last - first - 2 * DAY, n), start)
    return start, np.where(late, start + life.astype(np.int64), end)


def dealt(rng: np.random.Generator, start: Ints, end: Ints, window: tuple[int, int], how: Schedule) -> Shifts:
    """Deals the work of a team over its accounts.

    Args:
        rng: the stream.
        start: first second of each account in use.
        end: second after its last (a ban, or given up).
        window: the observation.
        how: the schedule.
    """
    unit = max(1, min(how.quota, 4))
    parts: list[tuple[Ints, Ints, Ints]] = []
    hand, run = 0, 0
    phase = rng.random() * how.period
    for day in range(window[0], window[1], DAY):
        roster = np.flatnonzero((start < day + DAY) & (end > day))
        roster = roster[np.argsort(start[roster], kind="stable")]
        units = int(rng.poisson(how.daily * len(roster) / unit))
        if not units:
            continue
        runs = max(1, round(DAY / how.period))
        of_run = np.sort(rng.integers(0, runs, units))
        turn = hand + np.arange(units) * unit // how.quota
        hand = int(turn[-1]) + 1
        begins = day + (np.arange(runs) + rng.random(runs) * how.jitter) * DAY / runs + phase
        sizes = np.bincount(of_run, minlength=runs)
        pace = np.minimum(how.service * unit, 0.9 * DAY / runs / np.maximum(sizes, 1))
        nth = np.arange(units) - (np.cumsum(sizes) - sizes)[of_run]
        at = (begins[of_run] + nth * pace[of_run]).astype(np.int64)
        account, at = _taken_over(roster, turn, at, start, end, how.failover)
        parts.append((account, at, run + of_run))
        run += runs
    none = np.empty(0, dtype=np.int64)
    account, at, of = (
        (np.concatenate([none, *column]) for column in zip(*parts, strict=True)) if parts else (none,) * 3
    )
    inside = (account >= 0) & (at < window[1]) & (at >= window[0])
    return _stretches(account[inside], at[inside], of[inside], unit, how.service)


def _taken_over(
    roster: Ints, turn: Ints, at: Ints, start: Ints, end: Ints, failover: float
) -> tuple[Ints, Ints]:
    """The account of each unit of work and its time; what falls to one not in use goes on with the next.

    After an account's end the work waits for `failover` seconds. -1 where nobody can take it.
    """
    waiting = failover * (end[roster[turn % len(roster)]] <= at)
    at = at + waiting.astype(np.int64)
    found = np.full(len(turn), -1, dtype=np.int64)
    for step in range(min(len(roster), 12)):
        candidate = roster[(turn + step) % len(roster)]
        good = (found < 0) & (start[candidate] <= at) & (end[candidate] > at)
        found = np.where(good, candidate, found)
    return found, at


def _stretches(account: Ints, at: Ints, run: Ints, unit: int, service: float) -> Shifts:
    """Joins units of one run that follow each other on the same account."""
    if not len(account):
        return Shifts(account, at, at, at, run)
    new = np.ones(len(account), dtype=np.bool_)
    new[1:] = (account[1:] != account[:-1]) | (run[1:] != run[:-1]) | (np.diff(at) > 3600)
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(account)))
    last = at[first + size - 1]
    seconds = np.maximum(last - at[first] + int(service * unit), 1)
    return Shifts(account[first], at[first], seconds, size * unit, run[first])


def queued(at: Ints, capacity: Floats, arrivals: Floats) -> Floats:
    """Tasks done in each spell of work on a common queue, in order of time.

    The backlog follows Lindley's recursion (Lindley 1952), W' = max(0, W + A - C), solved by running minima.

    Args:
        at: start of each spell, ascending.
        capacity: tasks that fit into it.
        arrivals: tasks that came in since the spell before.
    """
    if np.any(np.diff(at) < 0):
        raise ValueError("spells out of order")
    walk = np.cumsum(arrivals - capacity)
    left = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
    before = np.concatenate([[0.0], left[:-1]])
    return np.maximum(before + arrivals - left, 0.0)

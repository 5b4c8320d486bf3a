"""Operators: a principal with teams that acquire accounts over months, warm them up, use them up, replace them.

Teams are compartments with suppliers of their own. Work is dealt out by `shifts`; people of a team look in
from masked devices, and once in a while from their own home.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES, COUNTRY_UTC
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Bools, Floats, Ints, choose, choose_rows, count, draw, unit
from graphattr.simulate.states.cast import KIND, MACHINE, MECHANISM, Columns
from graphattr.simulate.states.parameters import CREWS
from graphattr.simulate.states.people import Town, books, live, outings, residents
from graphattr.simulate.states.registers import joined, registration
from graphattr.simulate.states.shifts import dealt, lives
from graphattr.simulate.states.suppliers import Gear, Trade, fronts, gear, groups, trade


def operators(town: Town, sizes: list[int]) -> None:
    """Adds single operators of these many accounts each."""
    if town.cast.has("single_operators"):
        for number, n in enumerate(sizes):
            _operator(town, town.cast.rng(f"operator {number}"), n)


def _operator(town: Town, rng: np.random.Generator, n: int) -> None:
    cast = town.cast
    how = trade(town, rng)
    principal, name = cast.code(), cast.operator()
    teams = count(rng, CREWS.teams) if cast.has("compartments") else 1
    teams = max(1, min(teams, n // 5))
    sizes = np.bincount(choose(rng, rng.dirichlet(np.full(teams, 3.0)), n), minlength=teams)
    for size in sizes[sizes > 0].tolist():
        fields = {
            "controller": principal,
            "operator": name,
            "kind": KIND["single_operator"],
            "mechanism": MECHANISM["phone_farm" if how.phones else "operator"],
        }
        _team(town, rng, how, size, fields)
        other = trade(town, rng)  # the next team has suppliers of its own
        own = {
            f: getattr(other, f) for f in ("proxy", "masker", "card_service", "sms_service", "tool", "ways")
        }
        how = replace(how, **own)
    town.trades.append(how)


def _team(town: Town, rng: np.random.Generator, how: Trade, n: int, fields: dict[str, Any]) -> None:
    cast = town.cast
    first, last = cast.window
    start, end = lives(rng, n, cast.window, how.life, how.schedule.failover)
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    banned = (rng.random(n) < how.banned) & (end < last) & (end > first)
    aged: Bools = rng.random(n) < how.aged
    created = acquired(rng, start, how.warm, first)
    columns = fronts(town, rng, how, created)
    sellers: dict[str, Any] = {}
    if aged.any():
        columns, sellers = _aged(town, rng, columns, start, aged)
    if cast.has("key_rotation") and rng.random() < CREWS.rotation:
        columns |= _rotated(cast.code(), rng, start, cast.window, columns)
    account = cast.accounts.add(n, innocent=0, banned=np.where(banned, end, -1), **fields, **columns)
    if sellers:
        _sold(town, rng, sellers, account, start)
    tools = gear(town, rng, how, columns["country"])
    work = dealt(rng, start, end, cast.window, how.schedule)
    library = job_books(town, rng, how, n)
    spells = machine_spells(rng, tools, how, work.account, work.at)
    cast.spells.add(
        len(work.at),
        account=account[work.account],
        at=work.at,
        seconds=work.seconds,
        amount=work.amount.astype(np.float64),
        book=library[work.account, work.run % how.jobs],
        style=MACHINE,
        stage=work.run % 7,
        **spells,
    )
    ready = np.where(aged, start, columns["created"])
    _chatter(town, rng, how, account, ready, start, end, tools)
    _visits(town, rng, how, account, ready, end, tools)


def acquired(rng: np.random.Generator, start: Ints, warm: float, first: int) -> Ints:
    """When accounts are opened: ahead of their use, mostly in small batches within hours."""
    n = len(start)
    lead = (warm * DAY * rng.gamma(2.0, 0.5, n)).astype(np.int64) + HOUR
    batch = groups(rng, n, draw(rng, (1.5, 7)))
    head = np.searchsorted(batch, batch)
    gaps = rng.exponential(draw(rng, (5, 400)) * MINUTE, n)
    waited = np.cumsum(gaps)
    together = start[head] - lead[head] + (waited - waited[head]).astype(np.int64)
    joint = (rng.random(n) < 0.7) & (together < start - 10 * MINUTE)
    at = np.where(joint, together, start - lead)
    return np.maximum(at, 2 * DAY + rng.integers(0, first - 3 * DAY, n) * (at < 2 * DAY))


def _aged(
    town: Town, rng: np.random.Generator, columns: dict[str, Any], start: Ints, aged: Bools
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Makes some accounts ones that strangers opened and sold; the columns, and the sellers."""
    cast = town.cast
    which = np.flatnonzero(aged)
    who = residents(town, rng, choose(rng, COUNTRY_SHARES, len(which)))
    created = np.minimum(joined(cast, rng, who.utc), start[which] - 5 * DAY)
    created = np.where(created < DAY, DAY + rng.integers(0, DAY, len(which)), created)
    theirs = registration(cast, rng, town.market, who.country, created)
    mixed = {name: column.copy() for name, column in columns.items()}
    for name in ("created", "country", "domain", "mailbox", "phone", "name"):
        mixed[name][which] = theirs[name]
    paid = theirs["funding"] > 0
    mixed["next_wallet"] = np.full(len(start), -1)
    mixed["next_wallet"][which] = np.where(paid, columns["wallet"][which], -1)
    mixed["wallet"][which] = np.where(paid, theirs["wallet"], columns["wallet"][which])
    mixed["handed"] = np.full(len(start), -1)
    mixed["handed"][which] = start[which]
    mixed["reset"] = mixed["handed"].copy()
    return mixed, {"who": who, "which": which, "created": created}


def _sold(town: Town, rng: np.random.Generator, sellers: dict[str, Any], account: Ints, start: Ints) -> None:
    """What the sellers did with their accounts until the sale."""
    which = sellers["which"]
    begin = np.maximum(sellers["created"] + 30, town.cast.window[0])
    live(town, rng, sellers["who"], account[which], begin, start[which], books(town, rng, len(which)))


def _rotated(
    actor: int, rng: np.random.Generator, start: Ints, window: tuple[int, int], columns: dict[str, Any]
) -> dict[str, Any]:
    moment = int(rng.integers(window[0] + 4 * DAY, window[1] - DAY)) + rng.integers(
        0, 30 * MINUTE, len(start)
    )
    seen = rng.random(len(start)) < 0.3
    fit = (start < moment) & (columns.get("handed", np.full(len(start), -1)) < 0)
    return {"keys": np.where(fit, moment, -1), "actor": np.where(fit & seen, actor, -1)}


def job_books(town: Town, rng: np.random.Generator, how: Trade, n: int) -> Ints:
    """A book for each account and job (accounts x jobs): the job's steps, edited for the account."""
    lore = town.cast.lore
    codes, roots = (np.tile(column, n) for column in how.prompts)
    codes = lore.edited(rng, codes, how.reworded)
    rivals = [each for each in town.trades if each is not how]
    if rivals and town.cast.has("false_flags") and rng.random() < CREWS.flag:
        victim: Trade = rivals[int(rng.integers(len(rivals)))]
        pick = rng.integers(0, len(victim.prompts[0]), len(codes))
        planted = np.repeat(rng.random(n) < draw(rng, CREWS.flagged), len(how.prompts[0]))
        planted &= rng.random(len(codes)) < 0.5
        codes = np.where(planted, victim.prompts[0][pick], codes)
        roots = np.where(planted, victim.prompts[1][pick], roots)
    sizes = np.full(n * how.jobs, len(how.prompts[0]) // how.jobs)
    return lore.books(sizes, codes, roots).reshape(n, how.jobs)


def machine_spells(rng: np.random.Generator, tools: Gear, how: Trade, account: Ints, at: Ints) -> Columns:
    """Way in and hardware of stretches of work; an account keeps its way in for a day."""
    way = choose_rows(rng, tools.odds[account])
    usual = np.argmax(tools.odds[account] * (0.3 + _tastes(account, at)), axis=1)
    way = np.where(rng.random(len(at)) < 0.8, usual, way)
    scripted = rng.random(len(at)) < how.scripted
    return {
        "access": tools.access[account, way],
        "hardware": np.where(scripted, tools.scripts[account], tools.masks[account]),
    }


def _tastes(account: Ints, at: Ints) -> Floats:
    return np.stack([unit(account, at // DAY, way) for way in range(5)], axis=1)


def _chatter(
    town: Town,
    rng: np.random.Generator,
    how: Trade,
    account: Ints,
    ready: Ints,
    start: Ints,
    end: Ints,
    tools: Gear,
) -> None:
    """Light traffic: all accounts while they are warmed up, personas for as long as they are in use."""
    cast, n = town.cast, len(account)
    first, last = cast.window
    persona = rng.random(n) < how.personas
    begin = np.maximum(ready + HOUR, first)
    until = np.minimum(np.where(persona, end, start), last)
    spells = rng.poisson(draw(rng, (0.1, 0.6)) * np.maximum(until - begin, 0) / DAY)
    i = np.repeat(np.arange(n), spells)
    day = begin[i] + (rng.random(len(i)) * (until - begin)[i]).astype(np.int64)
    utc = COUNTRY_UTC[how.country]
    hour = (rng.triangular(8, 15, 23, len(i)) * HOUR).astype(np.int64)
    at = day // DAY * DAY + hour - utc * 60
    kept = (at >= begin[i]) & (at < until[i])
    i, at = i[kept], at[kept]
    way = choose_rows(rng, tools.odds[i])
    cast.spells.add(
        len(i),
        account=account[i],
        at=at,
        seconds=rng.integers(2 * MINUTE, 40 * MINUTE, len(i)),
        access=tools.access[i, way],
        hardware=tools.masks[i],
        book=books(town, rng, n)[i],
        amount=rng.gamma(2.0, 1.2, len(i)),
    )


def _visits(
    town: Town, rng: np.random.Generator, how: Trade, account: Ints, ready: Ints, end: Ints, tools: Gear
) -> None:
    """People of the team look in, masked like the account; now and then from their own line and device."""
    cast = town.cast
    crew = residents(town, rng, np.full(count(rng, CREWS.workers), how.country), zeal=3.0)
    visits = outings(town, rng, crew)
    often = how.visits * (cast.window[1] - cast.window[0]) / (28 * DAY)
    m = int(rng.poisson(often * len(account))) * (len(visits["at"]) > 0)
    when = rng.integers(0, max(len(visits["at"]), 1), m)
    visits = {name: column[when] for name, column in visits.items()}
    which = rng.integers(0, len(account), m)
    at = visits["at"] + rng.integers(0, 600, m)
    kept = (at >= ready[which]) & (at < end[which])
    which, at = which[kept], at[kept]
    leak = rng.random(len(at)) < how.leak
    way = choose_rows(rng, tools.odds[which])
    cast.spells.add(
        len(at),
        account=account[which],
        at=at,
        seconds=rng.integers(60, 900, len(at)),
        access=np.where(leak, visits["access"][kept], tools.access[which, way]),
        hardware=np.where(leak, visits["hardware"][kept], tools.masks[which]),
        book=books(town, rng, len(account))[which],
        amount=rng.gamma(1.5, 1.0, len(at)),
    )

"""What somebody with many accounts works with: suppliers, tools, cards, mailboxes, and how he uses them up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Ints, choose, count, draw, lognormal, mix, partly, scale
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits
from graphattr.simulate.states.cast import FREE, MONTHLY, RELOAD, Cast
from graphattr.simulate.states.parameters import CREWS, GRIDS, KITS, PURSES, REGISTERS
from graphattr.simulate.states.people import Town, fixed_lines, instances, phone_lines, vpn_lines
from graphattr.simulate.states.registers import CARD, registration, rented_numbers, virtual, wallets
from graphattr.simulate.states.shifts import Schedule


@dataclass(frozen=True)
class Trade:
    """An operator's way of doing things. Shares are of accounts; see `parameters.Crews`."""

    country: int
    phones: bool
    schedule: Schedule
    life: float
    warm: float
    banned: float
    aged: float
    sms: float
    sms_service: int
    virtual: float
    card_service: int
    charges: int
    card_accounts: float
    stolen: float
    free: float
    alias: float
    catch_all: float
    domain_accounts: float
    reworded: float
    market: float
    stages: int
    jobs: int
    leak: float
    visits: float
    personas: float
    ways: tuple[float, ...]  # proxy, cloud, VPN, onion, own lines and phones
    proxy: int
    sticky: int
    server_days: float
    server_accounts: float
    masker: int
    masked: float
    image_accounts: float
    scripted: float
    tool: int
    abroad: float
    aimed: float
    #: Prompts: templates and roots of the jobs.
    prompts: tuple[Ints, Ints]


def _schedule(cast: Cast, rng: np.random.Generator) -> Schedule:
    slow = cast.has("low_and_slow") and rng.random() < CREWS.slow
    failover = draw(rng, CREWS.failover_minutes) * MINUTE
    return Schedule(
        daily=draw(rng, CREWS.daily) * (0.2 if slow else 1.0),
        quota=count(rng, CREWS.slow_quota if slow else CREWS.quota),
        period=scale(rng, CREWS.period_hours) * HOUR,
        jitter=draw(rng, CREWS.jitter),
        service=scale(rng, CREWS.service_seconds) * (10 if slow else 1),
        failover=failover if cast.has("failover") else draw(rng, (0.5, 3)) * DAY,
    )


def _ways(cast: Cast, rng: np.random.Generator) -> tuple[float, ...]:
    open_to = [cast.has("residential_proxies"), True, cast.has("vpn_exits"), cast.has("tor"), True]
    odds = rng.dirichlet([1.3, 0.35, 0.45, 0.02, 1.3])
    return tuple(
        float(o) * there + 1e-3 * (i == 1) for i, (o, there) in enumerate(zip(odds, open_to, strict=True))
    )


def trade(town: Town, rng: np.random.Generator) -> Trade:
    """Draws a way of doing things; a twin takes most of an earlier one's over."""
    cast = town.cast
    bought = cast.has("toolkits")
    jobs, stages = count(rng, CREWS.jobs), count(rng, CREWS.stages)
    share = draw(rng, CREWS.market) if bought else 0.0
    fresh = Trade(
        country=int(choose(rng, COUNTRY_SHARES, 1)[0]),
        phones=cast.has("device_farms") and rng.random() < CREWS.phones,
        schedule=_schedule(cast, rng),
        life=draw(rng, CREWS.life_days) if cast.has("burn_and_rotate") else 10_000.0,
        warm=draw(rng, CREWS.warm_days),
        banned=draw(rng, CREWS.banned),
        aged=draw(rng, CREWS.aged) if cast.has("aged_accounts") else 0.0,
        sms=draw(rng, CREWS.sms) if cast.has("rented_phones") else 0.0,
        sms_service=int(rng.integers(REGISTERS.services)),
        virtual=draw(rng, CREWS.virtual) if cast.has("card_vendors") else 0.0,
        card_service=int(rng.integers(PURSES.services)),
        charges=count(rng, CREWS.card_charges),
        card_accounts=draw(rng, CREWS.card_accounts),
        stolen=draw(rng, CREWS.stolen),
        free=draw(rng, CREWS.free),
        alias=draw(rng, CREWS.alias),
        catch_all=draw(rng, CREWS.catch_all),
        domain_accounts=draw(rng, CREWS.domain_accounts),
        reworded=draw(rng, CREWS.reworded),
        market=share,
        stages=stages,
        jobs=jobs,
        leak=draw(rng, CREWS.leak),
        visits=draw(rng, CREWS.visits),
        personas=draw(rng, CREWS.personas) if cast.has("personas") else 0.0,
        ways=_ways(cast, rng),
        proxy=int(rng.integers(GRIDS.vendors)),
        sticky=0 if rng.random() < 0.15 else int(scale(rng, (10 * MINUTE, 3 * DAY))),
        server_days=scale(rng, (0.1, 30)),
        server_accounts=scale(rng, (1, 8)),
        masker=int(rng.integers(KITS.maskers)),
        masked=draw(rng, (0.2, 1.0)),
        image_accounts=scale(rng, (1.5, 12)),
        scripted=draw(rng, (0.1, 0.85)),
        tool=int(kits.tools(rng, 1)[0]),
        abroad=draw(rng, (0.2, 0.95)),
        aimed=draw(rng, (0.75, 1.0)),
        prompts=_prompts(town, rng, jobs * stages, share),
    )
    if not town.trades or not cast.has("twin_operators") or rng.random() >= CREWS.twin:
        return fresh
    model: Trade = town.trades[int(rng.integers(len(town.trades)))]
    prompts = cast.lore.edited(rng, model.prompts[0], 0.5), model.prompts[1]
    return replace(model, prompts=prompts, leak=fresh.leak, free=fresh.free, warm=fresh.warm)


def _prompts(town: Town, rng: np.random.Generator, n: int, market: float) -> tuple[Ints, Ints]:
    lore = town.cast.lore
    anywhere = rng.integers(0, lore.communities, n)
    bought = lore.spread(rng, partly(rng, anywhere, lore.communities, 0.6), 0.1, 0.3)
    own = town.cast.codes(n)
    which = rng.random(n) < market
    return np.where(which, bought[0], own), np.where(which, bought[1], own)


def groups(rng: np.random.Generator, n: int, size: float) -> Ints:
    """Numbers from 0 on, each for about `size` neighbours in a row."""
    starts = rng.random(n) < 1.0 / max(size, 1.0)
    starts[:1] = True
    return np.cumsum(starts) - 1


def fronts(
    town: Town, rng: np.random.Generator, how: Trade, created: Ints, country: Ints | None = None
) -> dict[str, Any]:
    """Account columns of accounts that one team registers, in the order of their use.

    `country` is where each pretends to be; drawn if not given.
    """
    cast, n = town.cast, len(created)
    if country is None:
        country = partly(rng, np.full(n, how.country), choose(rng, COUNTRY_SHARES, n), how.abroad)
    columns = registration(cast, rng, town.market, country, created)
    number = groups(rng, n, how.domain_accounts)
    domain = cast.codes(int(number[-1]) + 1)[number]
    columns["domain"] = partly(rng, columns["domain"], domain, how.catch_all)
    before = np.maximum(np.arange(n) - rng.integers(1, 4, n), 0)
    alias = rng.random(n) < how.alias
    for name in ("mailbox", "domain"):
        columns[name] = np.where(alias, columns[name][before], columns[name])
    rented = rented_numbers(rng, town.market, np.full(n, how.sms_service), created)
    columns["phone"] = partly(rng, columns["phone"], rented, how.sms)
    return columns | _wallets(cast, rng, how, country)


def _wallets(cast: Cast, rng: np.random.Generator, how: Trade, country: Ints) -> dict[str, Any]:
    """A wallet for some accounts each: of a virtual-card service, stolen, or like everybody's."""
    n = len(country)
    number = groups(rng, n, how.card_accounts)
    k = int(number[-1]) + 1
    kind = choose(rng, np.array([0.3, 0.25, 0.2, 0.0, 0.05, 0.15, 0.05]), k)
    if how.phones:
        kind = np.full(k, CARD["wallet"])
    near, far = country[np.searchsorted(number, np.arange(k))], choose(rng, COUNTRY_SHARES, k)
    plain = wallets(cast, rng, near, kind)
    stolen = wallets(
        cast, rng, np.where(rng.random(k) < 0.6, near, far), rng.integers(0, 2, k), dispute=0.2, decline=0.2
    )
    service = virtual(cast, rng, np.full(k, how.card_service), np.full(k, how.charges), near)
    is_virtual = (rng.random(k) < how.virtual) & (not how.phones)
    chosen = np.where(is_virtual, service, np.where(rng.random(k) < how.stolen, stolen, plain))
    pays = rng.random(n) >= how.free
    funding = np.where(rng.random(n) < 0.5, RELOAD, MONTHLY)
    return {"wallet": chosen[number], "funding": np.where(pays, funding, FREE)}


@dataclass(frozen=True)
class Gear:
    """What each account is used with: five ways in (accounts x 5, rows of ACCESS), odds, hardware."""

    access: Ints
    odds: Any
    masks: Ints
    scripts: Ints


def _lines(town: Town, rng: np.random.Generator, country: Ints) -> Ints:
    """A fixed line or phone in the country of each account; a few neighbours there share one."""
    number = groups(rng, len(country), scale(rng, (1, 4))) * len(COUNTRY_SHARES) + country
    where, which = np.unique(number, return_inverse=True)
    there = where % len(COUNTRY_SHARES)
    mobile = rng.random(len(where)) < draw(rng, (0.2, 0.8))
    return np.where(mobile, phone_lines(town, rng, there), fixed_lines(town, rng, there))[which]


def gear(town: Town, rng: np.random.Generator, how: Trade, country: Ints) -> Gear:
    """Sets the accounts of a team up; `country` is where each pretends to be."""
    cast, n = town.cast, len(country)
    wish = np.where(rng.random(n) < how.aimed, country, -1)
    session = cast.access.add(
        n, way=ways.PROXY, network=how.proxy, key=cast.codes(n), sticky=how.sticky, wish=wish
    )
    number = groups(rng, n, how.server_accounts)
    machine = cast.codes(int(number[-1]) + 1)
    days = lognormal(rng, how.server_days, 0.5, len(machine), 200)
    server = instances(town, machine, days, wish[np.searchsorted(number, np.arange(len(machine)))])[number]
    vpn = vpn_lines(town, rng, wish)
    vpn = np.where(vpn < 0, server, vpn)
    onion = server
    if cast.has("tor"):
        onion = cast.access.add(n, way=ways.ONION, network=town.grid.onion, key=cast.codes(n))
    line = _lines(town, rng, country)
    odds = np.tile(np.asarray(how.ways), (n, 1))
    odds[np.arange(n), choose(rng, np.asarray(how.ways), n)] += 4.0 * sum(how.ways)
    image = kits.images(rng, n)
    own = mix(cast.codes(n)[groups(rng, n, how.image_accounts)])
    clones = kits.clones(
        cast,
        rng,
        town.kits,
        np.where(rng.random() < 0.5, own, mix(image, groups(rng, n, how.image_accounts) % 4)),
        country,
    )
    masked = kits.masks(cast, rng, town.kits, how.masker, country)
    hardware = np.where(rng.random(n) < how.masked, masked, clones)
    if how.phones:
        sims = phone_lines(town, rng, np.full(n, how.country))
        session = server = vpn = onion = line = sims
        hardware = kits.handsets(cast, rng, town.kits, np.full(n, how.country))
    tool = np.where(rng.random(n) < 0.75, how.tool, kits.tools(rng, n))
    return Gear(
        access=np.stack([session, server, vpn, onion, line], axis=1),
        odds=odds,
        masks=hardware,
        scripts=kits.scripts(cast, rng, town.kits, tool),
    )

"""People who share much by right: households, campuses, companies, agencies, build farms."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR, MINUTE, weekend
from graphattr.simulate.draws import Ints, choose, count, draw, draws, mix, partly
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits
from graphattr.simulate.states.cast import FREE, KIND, MACHINE, MECHANISM, MONTHLY, RELOAD
from graphattr.simulate.states.parameters import SITES
from graphattr.simulate.states.people import (
    Residents,
    Town,
    books,
    closing,
    fixed_lines,
    instances,
    live,
    residents,
    sized,
    tenure,
)
from graphattr.simulate.states.registers import joined, registration, wallets


def households(town: Town) -> None:
    """Adds homes with several account holders each, on one line; nobody controls anybody."""
    cast, preset = town.cast, town.cast.preset
    if not cast.has("households") or not preset.households:
        return
    rng = cast.rng("households")
    homes = preset.households
    low, high = preset.household_size
    at = np.repeat(np.arange(homes), rng.integers(int(low), int(high) + 1, homes))
    country = choose(rng, COUNTRY_SHARES, homes)
    line = fixed_lines(town, rng, country)
    town.lines.append(line)
    tablet = kits.handsets(cast, rng, town.kits, country)
    has_tablet = rng.random(homes) < draw(rng, SITES.family_device)
    who = residents(town, rng, country[at], home=line[at])
    uses = has_tablet[at] & (rng.random(len(at)) < 0.7)
    handset = np.where(uses, tablet[at], who.handset)
    who = Residents(**(vars(who) | {"handset": handset}))
    created = joined(cast, rng, who.utc)
    columns = registration(cast, rng, town.market, who.country, created)
    card = wallets(cast, rng, country, rng.integers(0, 2, homes))
    columns["wallet"] = partly(rng, columns["wallet"], card[at], cast.family_card)
    number = cast.codes(homes)
    columns["phone"] = partly(rng, columns["phone"], number[at], 0.1)
    start, end = tenure(cast, rng, created)
    account = cast.accounts.add(
        len(at),
        controller=who.person,
        kind=KIND["shared_infrastructure"],
        mechanism=MECHANISM["household"],
        closed=closing(rng, end, cast.window[1]),
        **columns,
    )
    circle = rng.integers(0, cast.lore.communities, homes)[at]
    live(town, rng, who, account, start, end, books(town, rng, len(at), circle))


def campuses(town: Town) -> None:
    """Adds universities with their account holders."""
    if town.cast.has("campuses"):
        for number in range(town.cast.preset.campuses):
            _campus(town, town.cast.rng(f"campus {number}"))


def _campus(town: Town, rng: np.random.Generator) -> None:
    cast = town.cast
    n = sized(rng, cast.preset.campus_size)
    country = int(choose(rng, COUNTRY_SHARES, 1)[0])
    network = town.grid.site(rng, "education", country, count(rng, SITES.exits) + n // 40)
    desk = cast.access.add(n, way=ways.SITE, network=network, key=cast.code())
    pool = kits.computers(cast, rng, town.kits, np.full(2 + n // 30, country))
    station = rng.choice(pool, n)
    who = residents(town, rng, np.full(n, country), desk=desk)
    own = rng.random(n) < 0.7  # most bring their own computer
    who = Residents(**(vars(who) | {"station": np.where(own, who.laptop, station)}))
    created = joined(cast, rng, who.utc)
    if cast.has("hackathons"):
        created = _together(town, rng, created, draw(rng, SITES.rollout) / 2, 1)
    columns = registration(cast, rng, town.market, who.country, created)
    columns["domain"] = partly(rng, columns["domain"], cast.code(), draw(rng, SITES.own_domain))
    start, end = tenure(cast, rng, created)
    account = cast.accounts.add(
        n,
        controller=who.person,
        kind=KIND["shared_infrastructure"],
        mechanism=MECHANISM["campus"],
        closed=closing(rng, end, cast.window[1]),
        **columns,
    )
    circle = rng.integers(0, cast.lore.communities, 3)[rng.integers(0, 3, n)]  # three faculties
    live(town, rng, who, account, start, end, books(town, rng, n, circle))


def _together(town: Town, rng: np.random.Generator, created: Ints, share: float, days: int) -> Ints:
    """Moves the opening of some accounts into the working hours of a few days of the observation."""
    first, last = town.cast.window
    opens = (first + int(rng.random() * (last - first - (days + 3) * DAY))) // DAY * DAY
    day = rng.integers(0, days, len(created)) * DAY
    moment = opens + day + 8 * HOUR + (rng.random(len(created)) * 9 * HOUR).astype(np.int64)
    return np.where(rng.random(len(created)) < share, moment, created)


def companies(town: Town) -> None:
    """Adds employers, some of them agencies, and companies whose accounts are run by build machines."""
    cast = town.cast
    if cast.has("companies"):
        for number in range(cast.preset.companies):
            rng = cast.rng(f"company {number}")
            employer(town, rng, sized(rng, cast.preset.company_size))
    if cast.has("build_farms"):
        for number in range(cast.preset.build_farms):
            rng = cast.rng(f"build farm {number}")
            _build_farm(town, rng, sized(rng, cast.preset.build_farm_size))


def employer(town: Town, rng: np.random.Generator, n: int) -> Residents:
    """Adds a company of `n` accounts, which it controls; its people."""
    cast = town.cast
    seat = int(choose(rng, COUNTRY_SHARES, 1)[0])
    who = staff(town, rng, n, seat)
    agency = rng.random() < SITES.agency
    created = _together(town, rng, joined(cast, rng, who.utc), draw(rng, SITES.rollout), 4)
    company = cast.code()
    columns = registration(cast, rng, town.market, who.country, created) | {"controller": company}
    if agency:
        client = cast.codes(1 + n // 4)
        columns["beneficiary"] = client[rng.integers(0, len(client), n)]
    start, end = tenure(cast, rng, created)
    account = cast.accounts.add(
        n,
        kind=KIND["organisation"],
        mechanism=MECHANISM["agency" if agency else "company"],
        **(columns | _registered(town, rng, columns, company, seat)),
    )
    house = _house(town, count(rng, SITES.house_prompts))
    circle = np.full(n, int(rng.integers(0, cast.lore.communities)))
    live(town, rng, who, account, start, end, books(town, rng, n, circle, house))
    return who


def staff(town: Town, rng: np.random.Generator, n: int, seat: int) -> Residents:
    """People of a company: an office, for some its VPN's concentrator, for freelancers neither."""
    cast = town.cast
    network = town.grid.site(rng, "business", seat, count(rng, SITES.exits))
    country = np.where(rng.random(n) < 0.1, choose(rng, COUNTRY_SHARES, n), seat)
    office = cast.access.add(n, way=ways.SITE, network=network, key=cast.code())
    desk = np.where(rng.random(n) < draw(rng, SITES.freelance), -1, office)
    station = kits.computers(cast, rng, town.kits, country)
    if rng.random() < SITES.image:
        image = np.full(n, cast.code())
        station = np.where(rng.random(n) < 0.5, kits.clones(cast, rng, town.kits, image, country), station)
    who = residents(town, rng, country, desk=desk, station=station, zeal=draw(rng, SITES.zeal), early=0.8)
    if rng.random() < SITES.concentrator:
        through = (desk >= 0) & (rng.random(n) < 0.7)
        own = np.where(through, office, who.vpn)
        share = np.where(through, draw(rng, (0.2, 0.9)), who.vpn_share)
        who = Residents(**(vars(who) | {"vpn": own, "vpn_share": share}))
    return who


def _house(town: Town, n: int) -> Ints:
    """Prompts of a house: templates and roots."""
    code = town.cast.codes(n)
    return np.stack([code, code])


def _registered(
    town: Town, rng: np.random.Generator, columns: dict[str, Any], company: int, seat: int
) -> dict[str, Any]:
    """What the company, not its people, put into the registration."""
    cast = town.cast
    n = len(columns["created"])
    changed: dict[str, Any] = {
        "domain": partly(rng, columns["domain"], cast.code(), draw(rng, SITES.own_domain))
    }
    if rng.random() < SITES.sign_on:
        changed["organisation"] = partly(rng, np.full(n, -1), company, 0.95)
    card = int(wallets(cast, rng, np.array([seat]), rng.integers(0, 5, 1))[0])
    paid = rng.random(n) < draw(rng, SITES.company_card)
    changed["wallet"] = np.where(paid, card, columns["wallet"])
    changed["funding"] = np.where(paid, RELOAD if rng.random() < 0.5 else MONTHLY, columns["funding"])
    if cast.has("key_rotation") and rng.random() < SITES.rotation:
        first, last = cast.window
        moment = int(rng.integers(first + DAY, last - DAY)) + rng.integers(0, 40 * MINUTE, n)
        changed["keys"] = np.where(columns["created"] < moment, moment, -1)
        changed["actor"] = np.full(n, cast.code())
    return changed


def _build_farm(town: Town, rng: np.random.Generator, n: int) -> None:
    """A company whose accounts are called by build machines: bursts of builds follow each commit."""
    cast = town.cast
    seat = int(choose(rng, COUNTRY_SHARES, 1)[0])
    company = cast.code()
    created = _together(town, rng, joined(cast, rng, np.zeros(n, np.int64)), draw(rng, SITES.rollout), 4)
    columns = registration(cast, rng, town.market, np.full(n, seat), created) | {"controller": company}
    columns["funding"] = np.maximum(columns["funding"], FREE)
    account = cast.accounts.add(
        n,
        kind=KIND["organisation"],
        mechanism=MECHANISM["build_farm"],
        **(columns | _registered(town, rng, columns, company, seat)),
    )
    machines = 2 + n // 4
    days = draws(rng, (0.2, 60), machines)
    server = instances(town, cast.codes(machines), days, np.full(machines, seat))
    tool = kits.scripts(cast, rng, town.kits, kits.tools(rng, 2)[rng.integers(0, 2, machines)])
    at = _commits(town, rng, draw(rng, (3, 12)) * n)
    i, machine = rng.integers(0, n, len(at)), rng.integers(0, machines, len(at))
    kept = at > created[i]
    i, machine, at = i[kept], machine[kept], at[kept]
    book = books(town, rng, n, house=_house(town, count(rng, (2, 8))))
    cast.spells.add(
        len(at),
        account=account[i],
        at=at,
        seconds=rng.integers(MINUTE, 30 * MINUTE, len(at)),
        access=server[machine],
        hardware=tool[machine],
        book=book[i],
        amount=draw(rng, (2, 9)),
        style=MACHINE,
        stage=mix(at) % 8,
    )


def _commits(town: Town, rng: np.random.Generator, a_day: float) -> Ints:
    """Builds: commits on working days, each followed by a cluster of builds that set off others."""
    first, last = town.cast.window
    commits = rng.poisson(a_day / 3 * (last - first) / DAY)
    at = first + rng.integers(0, (last - first) // DAY, commits) * DAY
    at = at + ((8 + 10 * rng.beta(2, 2, commits)) * HOUR).astype(np.int64)
    at = at[~weekend(at) | (rng.random(commits) < 0.15)]
    every = [at]
    for _ in range(4):
        at = np.repeat(at, rng.poisson(0.65, len(at)))
        at = at + rng.exponential(20 * MINUTE, len(at)).astype(np.int64)
        every.append(at)
    found = np.concatenate(every)
    return np.sort(found[found < last - HOUR])

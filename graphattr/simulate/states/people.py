"""Ordinary people: where they live and work, what with, and the spells of work that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES, COUNTRY_UTC
from graphattr.simulate.clock import DAY, HOUR, MINUTE
from graphattr.simulate.draws import Bools, Floats, Ints, choose, count, draw, lognormal, mix, partly, unit
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits
from graphattr.simulate.states.cast import MACHINE, Cast, Columns
from graphattr.simulate.states.grid import Grid
from graphattr.simulate.states.kits import Habits
from graphattr.simulate.states.parameters import CUSTOMS, GRIDS, KITS, LIVES, REGISTERS
from graphattr.simulate.states.presence import AWAY, DESK, OUT, THIRD, Rhythm, rhythms, walk
from graphattr.simulate.states.registers import Markets, joined, registration

_CHUNK: Final = 16_384  # people whose chains run at once: memory is bounded by it
_DESK_VPN = 61


@dataclass
class Town:
    """A world under construction and what everybody in it can use.

    Attributes:
        cast: collects the world.
        grid: its networks.
        kits: what its devices have in common.
        market: what anybody can buy.
        cafes: third places of each country (rows of ACCESS).
        lines: fixed lines of innocent people, for vendors to rent (rows of ACCESS).
        trades: what earlier operators of this world work with, for twins to copy and false flags to plant.
    """

    cast: Cast
    grid: Grid
    kits: Habits
    market: Markets
    cafes: list[Ints]
    lines: list[Ints] = field(default_factory=list)
    trades: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Residents:
    """People: where they are to be found (rows of ACCESS), with what (rows of HARDWARE); -1 is none."""

    person: Ints
    country: Ints
    utc: Ints
    home: Ints
    mobile: Ints
    third: Ints
    desk: Ints
    vpn: Ints
    vpn_share: Floats
    laptop: Ints
    handset: Ints
    station: Ints
    rhythm: Rhythm
    burst: Floats

    def __len__(self) -> int:
        return len(self.person)


def cafes(cast: Cast, grid: Grid, holders: int) -> list[Ints]:
    """Cafés and coworking spaces: a fixed line each, which all guests share."""
    rng = cast.rng("cafes")
    found = []
    for country, share in enumerate(COUNTRY_SHARES):
        n = 1 + round(holders * share / draw(rng, GRIDS.holders_a_cafe))
        network = rng.choice(grid.isps[country], n)
        found.append(cast.access.add(n, way=ways.LINE, network=network, key=cast.codes(n)))
    return found


def fixed_lines(town: Town, rng: np.random.Generator, country: Ints) -> Ints:
    """New fixed lines in these countries, one each."""
    network = town.grid.isps[country, rng.integers(0, town.grid.isps.shape[1], len(country))]
    way = np.where(np.isin(network, list(town.grid.natted)), ways.NAT, ways.LINE)
    return town.cast.access.add(len(country), way=way, network=network, key=town.cast.codes(len(country)))


def phone_lines(town: Town, rng: np.random.Generator, country: Ints) -> Ints:
    """New mobile subscriptions."""
    network = town.grid.carriers[country, rng.integers(0, town.grid.carriers.shape[1], len(country))]
    way = np.full(len(country), ways.PHONE if town.cast.has("carrier_nat") else ways.LINE)
    return town.cast.access.add(len(country), way=way, network=network, key=town.cast.codes(len(country)))


def vpn_lines(town: Town, rng: np.random.Generator, wish: Ints) -> Ints:
    """New customers of VPN services, who ask for exits in these countries; -1 without such services."""
    n = len(wish)
    if not town.cast.has("vpn_exits"):
        return np.full(n, -1)
    network = rng.choice(town.grid.vpns, n)
    return town.cast.access.add(n, way=ways.VPN, network=network, key=town.cast.codes(n), wish=wish)


def instances(town: Town, key: Ints, days: Floats, wish: Ints) -> Ints:
    """Rented servers: `key` says which machine it is, `days` for how long it keeps an address.

    `wish` is the country asked for; -1 is any.
    """
    network = np.asarray(town.grid.clouds)[mix(key) % len(town.grid.clouds)]
    sticky = np.maximum(days * DAY, HOUR).astype(np.int64)
    return town.cast.access.add(len(key), way=ways.CLOUD, network=network, key=key, sticky=sticky, wish=wish)


def residents(town: Town, rng: np.random.Generator, country: Ints, **given: Any) -> Residents:
    """New people of these countries. `given`: home, desk, station, zeal, early."""
    cast, n = town.cast, len(country)
    home = given["home"] if "home" in given else fixed_lines(town, rng, country)
    desk = np.asarray(given["desk"]) if "desk" in given else np.full(n, -1)
    elsewhere = rng.random(n) < draw(rng, LIVES.desk)
    third = np.full(n, -1)
    guest = rng.random(n) < draw(rng, LIVES.cafe)
    for one in np.unique(country).tolist():
        here = np.flatnonzero(guest & (country == one))
        third[here] = rng.choice(town.cafes[one], len(here))
    utc = COUNTRY_UTC[country]
    rhythm = rhythms(
        rng, utc, (desk >= 0) | elsewhere, third >= 0, given.get("zeal", 1.0), given.get("early", 0.0)
    )
    vpn = vpn_lines(town, rng, np.where(rng.random(n) < 0.6, country, -1))
    if cast.has("tor"):
        onion = cast.access.add(n, way=ways.ONION, network=town.grid.onion, key=cast.codes(n))
        vpn = partly(rng, vpn, onion, draw(rng, LIVES.onion) / LIVES.vpn_users[1])
    uses = (rng.random(n) < draw(rng, LIVES.vpn_users)) & (vpn >= 0)
    laptop = kits.computers(cast, rng, town.kits, country)
    cautious = np.flatnonzero(rng.random(n) < draw(rng, KITS.mask_users))
    for vendor in range(KITS.maskers):
        some = cautious[cautious % KITS.maskers == vendor]
        laptop[some] = kits.masks(cast, rng, town.kits, vendor, country[some])
    handset = kits.handsets(cast, rng, town.kits, country)
    return Residents(
        person=cast.codes(n),
        country=country,
        utc=utc,
        home=home,
        mobile=phone_lines(town, rng, country),
        third=third,
        desk=desk,
        vpn=np.where(uses, vpn, -1),
        vpn_share=np.where(uses, rng.beta(2, 1, n), 0.0),
        laptop=laptop,
        handset=handset,
        station=np.asarray(given.get("station", laptop)),
        rhythm=rhythm,
        burst=lognormal(rng, draw(rng, LIVES.burst), 1.1, n, 30.0),
    )


def outings(town: Town, rng: np.random.Generator, who: Residents) -> Columns:
    """Spells of work of these people as columns of SPELL, without `account` and `book`, with `who`."""
    cast = town.cast
    spells = walk(rng, who.rhythm, cast.window, cast.release, cast.shock)
    i, place = spells.who, spells.place
    at_desk = (place == DESK) & (who.desk[i] >= 0)
    out = (place == OUT) | ((place == DESK) & ~at_desk & (unit(who.person[i], _DESK_VPN) < 0.5))
    third = ((place == THIRD) | (place == AWAY)) & (who.third[i] >= 0)
    access = np.where(at_desk, who.desk[i], np.where(third, who.third[i], who.home[i]))
    access = np.where(out | ((place == AWAY) & ~third), who.mobile[i], access)
    hidden = rng.random(len(i)) < who.vpn_share[i]
    access = np.where(hidden, who.vpn[i], access)
    on_phone = (place == OUT) | (~at_desk & (unit(who.person[i], spells.at // HOUR) < 0.2))
    hardware = np.where(on_phone, who.handset[i], np.where(at_desk, who.station[i], who.laptop[i]))
    return {
        "who": i,
        "at": spells.at,
        "seconds": spells.seconds,
        "access": access,
        "hardware": hardware,
        "amount": who.burst[i] * (0.3 + spells.seconds / 1800),
    }


def books(
    town: Town, rng: np.random.Generator, n: int, circle: Ints | None = None, house: Ints | None = None
) -> Ints:
    """A repertoire for each of `n` people: their own, copied in their circle, and a house's for all.

    Args:
        town: its lore is added to.
        rng: the stream.
        n: how many.
        circle: of each person; drawn if not given.
        house: templates and roots (two rows) that each of them uses beside.
    """
    lore = town.cast.lore
    if circle is None:
        shops = draw(rng, CUSTOMS.shoppers) if town.cast.has("toolkits") else 0.0
        circle = partly(rng, rng.integers(0, lore.communities, n), lore.communities, shops)
    size = 1 + lognormal(rng, draw(rng, CUSTOMS.repertoire), 1.0, n, 60).astype(np.int64)
    every = np.repeat(circle, size)
    codes, roots = lore.spread(rng, every, draw(rng, CUSTOMS.fresh), draw(rng, CUSTOMS.edited))
    if house is not None and house.shape[1]:
        known = rng.random(len(codes)) < 0.35
        pick = rng.integers(0, house.shape[1], len(codes))
        codes = np.where(known, house[0][pick], codes)
        roots = np.where(known, house[1][pick], roots)
    return lore.books(size, codes, roots)


def live(
    town: Town,
    rng: np.random.Generator,
    who: Residents,
    account: Ints,
    start: Ints,
    end: Ints,
    book: Ints,
    second: Ints | None = None,
) -> None:
    """Adds the spells of people on accounts of their own.

    Args:
        town: gets the spells.
        rng: the stream.
        who: the people.
        account: of each, with `book`, used from `start` until `end`.
        start: first second.
        end: second after the last.
        book: prompts.
        second: another account of theirs, used on some days instead; -1 is none.
    """
    cast = town.cast
    columns = outings(town, rng, who)
    _schedule(town, rng, who, account, start, end, book)
    i, at = columns.pop("who"), columns["at"]
    used = account[i]
    if second is not None:
        used = np.where((second[i] >= 0) & (unit(used, at // DAY) < 0.4), second[i], used)
    kept = (at >= start[i]) & (at < end[i])
    columns = {name: column[kept] for name, column in columns.items()}
    cast.spells.add(int(kept.sum()), account=used[kept], book=book[i][kept], **columns)


def _schedule(
    town: Town, rng: np.random.Generator, who: Residents, account: Ints, start: Ints, end: Ints, book: Ints
) -> None:
    """Adds the runs of people's own scheduled scripts, on a rented server or at home."""
    cast = town.cast
    one = np.flatnonzero(rng.random(len(who)) < draw(rng, LIVES.scripters))
    on_server = rng.random(len(one)) < draw(rng, LIVES.cloud)
    server = instances(town, who.person[one], lognormal(rng, 15, 1.0, len(one), 400), who.country[one])
    hardware = kits.scripts(cast, rng, town.kits, kits.tools(rng, len(one)))
    period = np.exp(rng.uniform(np.log(2 * HOUR), np.log(7 * DAY), len(one)))
    begins = start[one] + (rng.random(len(one)) * (end - start)[one]).astype(np.int64)
    begins = np.where(rng.random(len(one)) < 0.5, start[one], begins)
    runs = np.maximum((end[one] - begins) / period, 0).astype(np.int64)
    i = np.repeat(np.arange(len(one)), runs)
    nth = np.arange(len(i)) - np.repeat(np.cumsum(runs) - runs, runs)
    jitter = np.abs(rng.standard_normal(len(i))) * 40
    cast.spells.add(
        len(i),
        account=account[one][i],
        at=(begins[i] + (nth + unit(i)) * period[i] * 0.999 + jitter).astype(np.int64),
        seconds=rng.integers(MINUTE, HOUR, len(one))[i],
        access=np.where(on_server, server, who.home[one])[i],
        hardware=hardware[i],
        book=book[one][i],
        amount=lognormal(rng, 4.0, 1.1, len(one), 60)[i],
        style=MACHINE,
        stage=nth,
    )


def tenure(cast: Cast, rng: np.random.Generator, created: Ints) -> tuple[Ints, Ints]:
    """From when to when people use an account: from its opening on, and some leave for good."""
    first, last = cast.window
    start = np.maximum(created + 30, first)
    leaves = rng.random(len(created)) < draw(rng, LIVES.leavers)
    end = np.where(leaves, start + (rng.random(len(created)) * (last - start)).astype(np.int64), last)
    return start, end


def closing(rng: np.random.Generator, end: Ints, last: int) -> Ints:
    """When the holders who leave close their accounts; most never do."""
    at = end + rng.integers(HOUR, 5 * DAY, len(end))
    return np.where((end < last) & (at < last) & (rng.random(len(end)) < 0.1), at, -1)


def people(town: Town, n: int, fill: int = 0) -> None:
    """Adds people with an account of their own; some have a second one.

    Args:
        town: gets them.
        n: how many people.
        fill: how many accounts they are to have in all; then `n` says nothing. 0: as it comes.
    """
    share = draw(town.cast.rng("second accounts"), LIVES.second_account)
    share *= town.cast.has("second_accounts")
    if fill:
        n = max(round(fill / (1 + share)), 1)
    more = max(fill - n, 0) if fill else round(n * share)
    for number, first in enumerate(range(0, n, _CHUNK)):
        size = min(_CHUNK, n - first)
        again = (first + size) * more // n - first * more // n
        _people(town, town.cast.rng(f"people {number}"), size, again)


def _people(town: Town, rng: np.random.Generator, n: int, again_of: int) -> None:
    cast = town.cast
    dormant: Bools = rng.random(n) < draw(rng, cast.preset.ways.people.dormant)
    who = residents(town, rng, choose(rng, COUNTRY_SHARES, n), zeal=1.0)
    who.rhythm.eager[dormant] *= 0.1
    town.lines += [who.home, who.mobile[::3]]
    created = joined(cast, rng, who.utc)
    columns = registration(cast, rng, town.market, who.country, created)
    start, end = tenure(cast, rng, created)
    account = cast.accounts.add(n, controller=who.person, closed=closing(rng, end, cast.window[1]), **columns)
    second = np.full(n, -1)
    again = np.sort(rng.permutation(n)[:again_of])
    if len(again):
        later = np.minimum(created[again] + rng.integers(HOUR, 90 * DAY, len(again)), cast.window[1] - DAY)
        other = registration(cast, rng, town.market, who.country[again], later)
        alias = draw(rng, REGISTERS.alias)
        for name, share in (("mailbox", alias), ("phone", 0.5), ("name", 0.8), ("wallet", 0.6)):
            other[name] = partly(rng, other[name], columns[name][again], share)
        same = other["mailbox"] == columns["mailbox"][again]
        other["domain"] = np.where(same, columns["domain"][again], other["domain"])
        second[again] = cast.accounts.add(len(again), controller=who.person[again], **other)
        late = np.full(n, 0)
        late[again] = later
        start = np.maximum(start, np.where(second >= 0, late, 0))
    live(town, rng, who, account, start, end, books(town, rng, n), second)


def sized(rng: np.random.Generator, within: tuple[float, float]) -> int:
    """A size out of its range, one at least."""
    return max(count(rng, within), 1)

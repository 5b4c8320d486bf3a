"""Which address a session comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import COUNTRIES, NETWORK_KINDS
from graphattr.simulate.clock import DAY, HOUR, MINUTE, stamps
from graphattr.simulate.draws import Bools, Floats, Ints, draw, mix, unit, zipf
from graphattr.simulate.text import addresses, named
from graphattr.simulate.tours.plan import MODES
from graphattr.simulate.tours.providers import KIND
from graphattr.simulate.tours.sessions import Sessions, stamped
from graphattr.simulate.tours.world import Columns, World

_HOME, _MOBILE, _OFFICE, _CAMPUS, _VPN, _PROXY, _HOSTING, _TOR = range(len(MODES))

_SERVER, _TARGET = 31, 32


@dataclass(frozen=True)
class Origins:
    """Addresses of sessions: `high` and `low` as in `text.addresses`, and the row of the provider."""

    high: Ints
    low: Ints
    provider: Ints


def origins(world: World, spells: Sessions) -> Origins:
    """The address of each session, by its mode.

    A line keeps one for a lease, a phone for a while; a server gets another when it is rented anew
    (`hold_hours`), and an account changes servers after eight of those. VPN users have four favourite exits.
    """
    rng = spells.rng(world, "addresses")
    n = len(spells.at)
    driver, at, mode = spells.driver, spells.at, spells.mode
    who = {name: column[driver] for name, column in world.drivers.items()}
    v6 = rng.random(n)
    home, isp, carrier, phone = _own(world, spells, who)
    key = world.accounts["key"][spells.account]
    declared = world.accounts["country"][spells.account]
    asked = draw(world.plan.rng("targeted exits"), world.plan.ways.networks.targeted)
    _rent(world, spells, who["proxy"], who["hold_hours"], home, isp, asked)
    found = _line(world, home, isp, at, v6, unit(who["key"], at // DAY))
    held = (at // (who["hold_hours"] * HOUR)).astype(np.int64)
    slot = mix(key, held // 8) % who["server_count"]
    hosters = world.plan.layout.hosters
    hoster = np.where(
        (who["home"] < 0) & (unit(_SERVER, key) < 0.5), hosters[mix(key) % len(hosters)], who["hosting"]
    )
    servers = mix(who["servers"], slot, held)
    masked = np.where(who["mask"] > 0, key, -1)
    favourite = mix(who["kit"], masked, zipf(rng.random(n), 4))
    # Which of a provider's addresses, for the modes that are no line.
    pick = {
        _OFFICE: (who["office"], mix(who["key"], at // DAY)),
        _CAMPUS: (who["campus"], mix(who["key"], at // (4 * HOUR))),
        _VPN: (who["vpn"], _region(world, who["vpn"], favourite, declared, unit(_TARGET, favourite) < 0.6)),
        _HOSTING: (hoster, _region(world, hoster, servers, declared, unit(_TARGET, key) < asked)),
        _TOR: _circuit(world, key, at),
        _MOBILE: (carrier, _phone(world, carrier, phone, at)),
    }
    for this, (provider, choice) in pick.items():
        here = mode == this
        row = provider[here]
        found.high[here] = 0
        found.low[here] = world.providers["base"][row] + choice[here] % world.providers["size"][row]
        found.provider[here] = row
    return found


def _line(world: World, home: Ints, isp: Ints, at: Ints, v6: Floats, suffix: Floats) -> Origins:
    """Addresses of home lines: IPv4 by lease, or an IPv6 network by lease and a host part by day."""
    lease = (world.providers["lease_hours"][isp] * HOUR).astype(np.int64)
    epoch = (at + mix(home) % lease) // lease
    pick = mix(home, epoch)
    if not world.plan.on("lease_recycling"):
        pick, epoch = np.searchsorted(world.lines, home), np.zeros_like(epoch)
    low = world.providers["base"][isp] + pick % world.providers["size"][isp]
    six = v6 < world.providers["v6"][isp]
    network = 1 + mix(home, epoch, 6) % 2**32
    return Origins(
        high=np.where(six, network, 0),
        low=np.where(six, (suffix * 2**62).astype(np.int64), low),
        provider=isp.copy(),
    )


def _phone(world: World, carrier: Ints, kit: Ints, at: Ints) -> Ints:
    if not world.plan.on("carrier_nat"):
        return np.searchsorted(world.lines, kit)
    hop = (world.providers["lease_hours"][carrier] * HOUR).astype(np.int64)
    return mix(kit, (at + mix(kit) % hop) // hop)


def _own(world: World, spells: Sessions, who: Columns) -> tuple[Ints, Ints, Ints, Ints]:
    """Dwelling and its provider, carrier and phone of each session.

    Machines have none: they use lines and phones rented in the country that the account declares.
    """
    layout, rented = world.plan.layout, who["home"] < 0
    line, country = world.rented[spells.account], world.accounts["country"][spells.account]
    isp = layout.isps[country, line % layout.isps.shape[1]]
    carrier = layout.carriers[country, line % layout.carriers.shape[1]]
    return (
        np.where(rented, line, who["home"]),
        np.where(rented, isp, who["isp"]),
        np.where(rented, carrier, who["carrier"]),
        np.where(rented, line, who["kit"]),
    )


def _region(world: World, service: Ints, choice: Ints, declared: Ints, asked: Bools) -> Ints:
    """The address of a VPN or hoster: of the country declared where `asked`; the i-th is in country i mod 12."""
    each = world.providers["size"][service] // len(COUNTRIES)
    country = np.where(asked, declared, choice % len(COUNTRIES))
    return np.asarray(mix(choice) % np.maximum(each, 1) * len(COUNTRIES) + country, dtype=np.int64)


def _circuit(world: World, key: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Provider and choice of a Tor exit: another every ten minutes, most through a few large ones."""
    circuit = mix(key, at // (10 * MINUTE))
    row = world.plan.layout.tors[circuit % len(world.plan.layout.tors)]
    return row, np.floor(unit(circuit) ** 3 * world.providers["size"][row]).astype(np.int64)


def _rent(
    world: World, spells: Sessions, vendor: Ints, hold: Floats, home: Ints, isp: Ints, share: float
) -> None:
    """Puts sessions through rented exits on the innocent line that the account holds just then (in place)."""
    key = world.accounts["key"]
    for number, (homes, isps) in enumerate(world.plan.rented):
        here: Bools = (spells.mode == _PROXY) & (vendor == number)
        held = (spells.at[here] // (hold[here] * HOUR)).astype(np.int64)
        account = spells.account[here]
        code = mix(key[account], held, number)
        country = world.accounts["country"][account]
        ends = np.searchsorted(world.providers["country"][isps], np.arange(len(COUNTRIES) + 1))
        there = ends[country + 1] - ends[country]
        asked = (unit(_TARGET, key[account]) < share) & (there > 0)
        line = np.where(asked, ends[country] + code % np.maximum(there, 1), code % len(homes))
        home[here], isp[here] = homes[line], isps[line]


def _server(world: World, spells: Sessions) -> Ints:
    """The log server that took down each session: one of a few dozen, by account and day."""
    return mix(_SERVER, mix(world.accounts["key"][spells.account], spells.at // DAY) % 48)


def ips(world: World, spells: Sessions) -> pl.DataFrame:
    """The table `ips`: one row an account, address and hour of use."""
    rng = spells.rng(world, "network kinds")
    where = origins(world, spells)
    kind = world.providers["kind"][where.provider]
    known = unit(where.provider, where.high, where.low)
    kind = np.where((spells.mode == _PROXY) & (known < 0.08), KIND["proxy"], kind)
    kind = np.where((kind == KIND["vpn"]) & (known < 0.3), KIND["hosting"], kind)
    kind = np.where((kind == KIND["tor"]) & (known < 0.05), KIND["hosting"], kind)
    kind = np.where(rng.random(len(kind)) < 0.03, -1, kind)
    codes = tuple(country.code for country in COUNTRIES)
    country = world.providers["country"][where.provider]
    exit_country = (where.low - world.providers["base"][where.provider]) % len(COUNTRIES)
    country = np.where((spells.mode == _VPN) | (spells.mode == _HOSTING), exit_country, country)
    frame = pl.DataFrame(
        {
            "account": spells.account,
            "ip": addresses(where.high, where.low),
            "observed_at": stamps(stamped(world, spells, _server(world, spells))),
            "asn": world.providers["asn"][where.provider],
            "network_kind": named(kind, NETWORK_KINDS),
            "country": named(country, codes),
        }
    )
    hour = pl.col("observed_at").dt.truncate("1h").alias("hour")
    return (
        frame.with_columns(hour)
        .unique(["account", "ip", "hour"], keep="first", maintain_order=True)
        .drop("hour")
    )

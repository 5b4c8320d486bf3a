"""Networks with structure: pools by region, leases among neighbours, carrier NAT, exits, elastic addresses.

A way in (`cast.ACCESS`) is a line, a phone, a site, an instance or a session with a vendor; `addresses` says
which address it has at a moment. Fixed lines get addresses by DHCP out of a /22 of their region, mostly of one
/24 (Padmanabhan and others, IMC 2016: many renewals stay in the prefix). A carrier's NAT maps a region's
subscribers to few addresses (Richter and others, IMC 2016). IPv6 lines keep their /64, hosts in it change
daily (RFC 8981).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from graphattr.simulate.catalogue import COUNTRIES, COUNTRY_SHARES, NETWORK_KINDS
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Bools, Ints, count, draw, mix, scale, unit, zipf
from graphattr.simulate.states.cast import Cast, Columns, Rows
from graphattr.simulate.states.parameters import GRIDS

NET_KINDS: Final = tuple(dict.fromkeys((*NETWORK_KINDS, "tor")))
NET_KIND: Final = {name: code for code, name in enumerate(NET_KINDS)}
#: Ways in.
LINE, NAT, PHONE, SITE, VPN, CLOUD, PROXY, ONION = range(8)
NETWORK: Final[dict[str, int | float]] = {
    "kind": 0,
    "country": 0,
    "asn": 0,
    "base": 0,  # offset into the world's IPv4 space
    "regions": 1,  # each has `stride` addresses, of which `exits` are in use
    "stride": 1024,
    "exits": 1,
    "lease": 86_400,  # seconds
    "stay": 0.8,  # share of renewals within the same /24
    "v6": 0.0,  # share of lines with IPv6
    "shuffled": 0,  # whether leases move at all
}
_V6, _REGION, _MOVE, _HOST, _CITY = 31, 32, 33, 34, 35


@dataclass
class Grid:
    """The networks of a world; rows of NETWORK by use (arrays countries x providers, or lists)."""

    networks: Rows = field(default_factory=lambda: Rows(NETWORK))
    isps: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    carriers: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    vpns: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    clouds: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    onion: int = -1
    natted: set[int] = field(default_factory=set)
    #: Lines (rows of ACCESS) with a vendor's relay, by vendor and sorted by country, and where each starts.
    relays: list[tuple[Ints, Ints]] = field(default_factory=list)
    _next: int = 1024

    def add(self, stride: int, regions: int, **values: int | float) -> int:
        """Adds a network in a block of its own; its row."""
        row = self.networks.add(1, base=self._next, stride=stride, regions=regions, **values)
        self._next += -(-stride * regions // 1024) * 1024
        return int(row[0])

    def site(self, rng: np.random.Generator, kind: str, country: int, exits: int) -> int:
        """A network with a few fixed addresses (office, campus, café)."""
        asn = int(rng.integers(64512, 65535))
        return self.add(256, 1, kind=NET_KIND[kind], country=country, asn=asn, exits=exits)


def lay(cast: Cast, holders: int) -> Grid:
    """The networks of a world with about `holders` account holders."""
    rng = cast.rng("grid")
    grid = Grid()

    def provider(country: int, kind: str) -> int:
        """A provider of fixed or mobile lines in one country."""
        own = holders * COUNTRIES[country].share / GRIDS.isps
        asn = int(rng.integers(64512, 65535))
        mobile = kind == "mobile"
        behind = scale(rng, GRIDS.holders_an_exit)
        nat = cast.has("carrier_nat") and (mobile or rng.random() < draw(rng, GRIDS.cgn))
        hours = scale(rng, GRIDS.attach_hours if mobile else GRIDS.lease_hours)
        regions = max(2, round(draw(rng, GRIDS.spare) * own / 1024))
        v6 = draw(rng, GRIDS.v6) if rng.random() < (0.3 if mobile else 0.6) else 0.0
        if nat:
            regions = int(np.clip(own / 60, 2, 12))
        exits = max(2, round(own / regions / behind))
        row = grid.add(
            -(-exits // 256) * 256 if nat else 1024,
            regions,
            kind=NET_KIND[kind],
            country=country,
            asn=asn,
            exits=exits,
            lease=int(hours * HOUR),
            stay=draw(rng, GRIDS.stay),
            v6=v6,
            shuffled=int(cast.has("lease_recycling")),
        )
        if nat:
            grid.natted.add(row)
        return row

    each = range(len(COUNTRIES))
    grid.isps = np.array([[provider(c, "residential") for _ in range(GRIDS.isps)] for c in each])
    grid.carriers = np.array([[provider(c, "mobile") for _ in range(2)] for c in each])
    grid.vpns = np.array([_service(rng, grid, "vpn") for _ in range(GRIDS.vpns)])
    grid.clouds = np.array([_service(rng, grid, "hosting") for _ in range(GRIDS.clouds)])
    exits = count(rng, GRIDS.relays)
    grid.onion = grid.add(256, 1, kind=NET_KIND["tor"], country=0, asn=64_496, exits=exits)
    return grid


def _service(rng: np.random.Generator, grid: Grid, kind: str) -> int:
    vpn = kind == "vpn"
    exits = count(rng, GRIDS.exits if vpn else GRIDS.elastic)
    return grid.add(
        -(-exits // 256) * 256,
        count(rng, GRIDS.cities if vpn else GRIDS.regions),
        kind=NET_KIND[kind],
        country=int(rng.choice(len(COUNTRIES), p=COUNTRY_SHARES)),
        asn=int(rng.integers(64512, 65535)),
        exits=exits,
    )


def rent(cast: Cast, grid: Grid, lines: Ints) -> None:
    """Puts each vendor's relays on some of the given lines and on lines of people outside the world."""
    rng = cast.rng("relays")
    every = np.concatenate([grid.isps.ravel(), grid.carriers.ravel()])
    country = grid.networks.columns()["country"]
    for _ in range(GRIDS.vendors):
        inside = lines[rng.random(len(lines)) < draw(rng, GRIDS.rented)]
        n = count(rng, GRIDS.outside)
        network = rng.choice(every, n)
        way = np.where(np.isin(network, list(grid.natted)), NAT, LINE)
        outside = cast.access.add(n, way=way, network=network, key=cast.codes(n))
        rows = np.concatenate([inside, outside])
        at = country[cast.access.columns()["network"][rows]]
        order = np.argsort(at, kind="stable")
        starts = np.searchsorted(at[order], np.arange(len(COUNTRIES) + 1))
        grid.relays.append((rows[order], starts))


@dataclass(frozen=True)
class Found:
    """Addresses as `text.addresses` takes them, the row of the network seen, the country, and
    whether a vendor of exits has a relay there."""

    high: Ints
    low: Ints
    network: Ints
    country: Ints
    relay: Bools


def addresses(grid: Grid, ways: Columns, nets: Columns, access: Ints, host: Ints, at: Ints) -> Found:
    """The address of each use.

    Args:
        grid: the networks.
        ways: the table ACCESS.
        nets: the table NETWORK.
        access: row of ACCESS.
        host: the device in use (a host of an IPv6 network, a person behind a site's exits).
        at: second.
    """
    real = _relayed(grid, ways, access, at)
    way, network, key = (ways[name][real] for name in ("way", "network", "key"))
    of = {name: column[network] for name, column in nets.items()}
    region = mix(_REGION, key, network) % of["regions"]
    chosen = (way == VPN) | (way == CLOUD)
    region = np.where(chosen, _city(key, network, of["regions"], ways["wish"][access]), region)
    lease = np.where(ways["sticky"][real] > 0, ways["sticky"][real], of["lease"])
    epoch = np.where(of["shuffled"] > 0, (at + mix(key) % lease) // lease, 0)
    epoch = np.where(way == CLOUD, (at + mix(key) % lease) // lease, epoch)
    offset = np.select(
        [way == LINE, (way == NAT) | (way == PHONE), way == SITE, way == VPN, way == CLOUD],
        [
            _leased(key, epoch, of["stay"]),
            mix(key, epoch) % of["exits"],
            mix(host, at // (3 * DAY)) % of["exits"],
            zipf(unit(key, network, at // (6 * HOUR), host), 16) % of["exits"],
            mix(key, epoch) % of["exits"],
        ],
        default=mix(key, at // 600) % of["exits"],
    )
    # VPN users have a favourite city and now and then take another.
    away = (way == VPN) & (unit(_MOVE, key, at // DAY) < 0.2)
    region = np.where(away, mix(_REGION, key, at // DAY) % of["regions"], region)
    low = of["base"] + region * of["stride"] + offset
    fixed = (way == LINE) | (way == NAT) | (way == PHONE)
    six = fixed & (unit(_V6, key) < of["v6"]) & (unit(_V6, key, at // HOUR) < 0.6)
    prefix = 1 + ((network % 256) << 24 | (region % 64) << 18 | mix(key, epoch // 8) % 2**18)
    return Found(
        high=np.where(six, prefix, 0),
        low=np.where(six, mix(_HOST, host, at // DAY), low),
        network=network,
        country=np.where(chosen, _country(network, region), of["country"]),
        relay=np.isin(real, np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in grid.relays)])),
    )


def _country(network: Ints, region: Ints) -> Ints:
    """Where a region of a service with exits in many countries lies."""
    edges = np.cumsum(COUNTRY_SHARES) / COUNTRY_SHARES.sum()
    return np.searchsorted(edges, unit(_CITY, network, region), side="right").astype(np.int64)


def _city(key: Ints, network: Ints, regions: Ints, wish: Ints) -> Ints:
    """The region of a service that a customer takes: one in the country asked for, if a few looks find it."""
    region = mix(_REGION, key, network) % regions
    for look in range(6):
        other = mix(_REGION, key, network, look) % regions
        miss = (wish >= 0) & (_country(network, region) != wish)
        region = np.where(miss & (_country(network, other) == wish), other, region)
    return region


def _leased(key: Ints, epoch: Ints, stay: Ints) -> Ints:
    """Offset into a region's /22: the home /24 for most leases, a neighbouring one else."""
    moved: Bools = unit(_MOVE, key, epoch) > stay
    block = np.where(moved, mix(_MOVE, key, epoch), mix(_MOVE, key)) % 4
    return block * 256 + 1 + mix(key, epoch) % 254


def _relayed(grid: Grid, ways: Columns, access: Ints, at: Ints) -> Ints:
    """The access itself, or for sessions with a vendor the innocent line that they leave through just then.

    A session keeps its line for `sticky` seconds, or with 0 for one minute only.
    """
    real = access.copy()
    for vendor, (lines, starts) in enumerate(grid.relays):
        here = np.flatnonzero((ways["way"][access] == PROXY) & (ways["network"][access] == vendor))
        row = access[here]
        span = np.where(ways["sticky"][row] > 0, ways["sticky"][row], 60)
        wish = ways["wish"][row]
        first = np.where(wish >= 0, starts[wish], 0)
        many = np.where(wish >= 0, starts[wish + 1] - starts[wish], len(lines))
        pick = mix(ways["key"][row], at[here] // span, vendor)
        real[here] = lines[np.where(many > 0, first + pick % np.maximum(many, 1), pick % len(lines))]
    return real

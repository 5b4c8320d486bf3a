"""Networks of a world: home lines, mobile data, VPN exits, rented servers, vendors of residential exits."""

from __future__ import annotations

from typing import Final

import numpy as np

from graphattr.simulate.catalogue import COUNTRIES, NETWORK_KINDS
from graphattr.simulate.draws import Ints, count, draw, scale
from graphattr.simulate.tours.plan import Layout, Plan

KIND = {name: code for code, name in enumerate(NETWORK_KINDS)}

_ROOM: Final = 40_000  # lines beyond those of account holders: rented ones of other people
_RELAYS: Final = 8  # networks that Tor exits stand in


def lay_networks(plan: Plan) -> Layout:
    """Adds the networks of a world, sized for its users; their rows."""
    how = plan.ways.networks
    rng = plan.population("networks")
    people = plan.sizes.users
    own = 2 * people + _ROOM  # enough for every line or phone to have an address of its own

    def asn() -> int:
        return int(rng.integers(64512, 65535))  # for private use: nobody's

    def line(country: int) -> int:
        size = max(
            64,
            int(draw(rng, how.homes_spare) * people * COUNTRIES[country].share / how.isps),
        )
        size = size if plan.on("lease_recycling") else own
        v6 = draw(rng, how.v6_share) if rng.random() < 0.5 else 0.0
        lease = scale(rng, how.lease_hours)
        return plan.provider(
            size, kind=KIND["residential"], country=country, asn=asn(), lease_hours=lease, v6=v6
        )

    def mobile(country: int) -> int:
        users = people * COUNTRIES[country].share / how.isps
        size = max(2, int(users / scale(rng, how.users_an_exit)))
        size = size if plan.on("carrier_nat") else own
        hop = scale(rng, how.hop_hours)
        return plan.provider(size, kind=KIND["mobile"], country=country, asn=asn(), lease_hours=hop)

    def named(kind: str, size: int) -> int:
        country = int(rng.integers(len(COUNTRIES)))
        return plan.provider(size, kind=KIND[kind], country=country, asn=asn())

    each = range(len(COUNTRIES))
    return Layout(
        isps=np.array([[line(c) for _ in range(how.isps)] for c in each]),
        carriers=np.array([[mobile(c) for _ in range(how.isps)] for c in each]),
        vpns=np.array([named("vpn", count(rng, how.vpn_exits)) for _ in range(how.vpns)]),
        hosters=np.array([named("hosting", count(rng, how.hosting_size)) for _ in range(how.hosters)]),
        tors=np.array([named("tor", count(rng, how.tor_exits) // _RELAYS) for _ in range(_RELAYS)]),
        vendors=how.vendors,
    )


def rent_lines(
    plan: Plan,
    home: Ints,
    isp: Ints,
) -> None:
    """Lets each vendor rent some of the given home lines, and lines of people outside the world."""
    how = plan.ways.networks
    rng = plan.population("rented lines")
    lines, first = np.unique(home, return_index=True)
    every = plan.layout.isps.ravel()
    country = np.zeros(int(every.max()) + 1, dtype=np.int64)
    country[every] = np.repeat(np.arange(len(COUNTRIES)), plan.layout.isps.shape[1])
    for _ in range(how.vendors):
        share = draw(rng, how.rented_share)
        picked = np.flatnonzero(rng.random(len(lines)) < share)
        if not len(picked):
            picked = rng.integers(0, len(lines), 1)
        outside = count(rng, how.outside_lines)
        homes = np.concatenate([lines[picked], plan.codes(outside)])
        isps = np.concatenate([isp[first[picked]], rng.choice(every, outside)])
        order = np.argsort(country[isps], kind="stable")  # by country, so that customers can ask for one
        plan.rented.append((homes[order], isps[order]))

"""What works for an operator: servers, rented exits and masked browsers, in a style of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphattr.simulate.catalogue import TOOL_SHARES
from graphattr.simulate.draws import Ints, choose, draw, scale
from graphattr.simulate.tours.people import farms
from graphattr.simulate.tours.plan import Plan


@dataclass(frozen=True)
class Style:
    """How an operator's machines behave, without whose they are: two rivals may have the same style.

    Attributes:
        peak, jitter, spread, quiet, steady, utc: hours, as of a driver; `jitter` apart between accounts.
        vpn, vendor, hosting: providers it rents from.
        w_hosting, w_proxy, w_own, w_vpn, w_tor: weights of its ways onto the network.
        server_accounts: accounts behind a server.
        hold_hours: how long an account keeps its exit.
        devices, mask, refresh_days, farm: what its browsers show.
        tool, tool_share: client library, share of sessions by script.
    """

    peak: float
    jitter: float
    spread: float
    quiet: float
    steady: float
    utc: int
    vpn: int
    vendor: int
    hosting: int
    w_hosting: float
    w_proxy: float
    w_own: float
    w_vpn: float
    w_tor: float
    server_accounts: float
    hold_hours: float
    devices: int
    mask: float
    refresh_days: float
    farm: int
    tool: int
    tool_share: float


def style(plan: Plan, rng: np.random.Generator) -> Style:
    """Draws a style; how much is drawn does not depend on how many accounts there are."""
    how = plan.ways.operators
    uses_proxy, uses_servers, uses_vpn = (bool(rng.random() < share) for share in (0.5, 0.5, 0.4))
    uses_own, own = bool(rng.random() < 0.7), draw(rng, how.own)
    farm, rented = int(farms(plan, rng, 1)[0]), rng.random() < how.farm
    w_hosting, w_proxy, w_vpn = draw(rng, how.hosting), draw(rng, how.proxy), draw(rng, how.vpn)
    return Style(
        peak=rng.uniform(0, 24),
        jitter=draw(rng, how.jitter_hours),
        spread=rng.uniform(2.5, 6.0),
        quiet=draw(rng, (0.3, 1.0)),
        steady=draw(rng, (0.2, 1.0)),
        utc=int(rng.integers(-5, 10)) * 60,
        vpn=int(rng.choice(plan.layout.vpns)),
        vendor=int(rng.integers(plan.layout.vendors)),
        hosting=int(rng.choice(plan.layout.hosters)),
        w_hosting=w_hosting * (uses_servers or not (uses_proxy or uses_own)),
        w_proxy=w_proxy * uses_proxy,
        w_own=own * uses_own,
        w_vpn=w_vpn * uses_vpn,
        w_tor=draw(rng, how.tor) * (rng.random() < 0.15),
        server_accounts=draw(rng, how.server_accounts),
        hold_hours=scale(rng, how.hold_hours),
        devices=int(rng.integers(1, 4)),
        mask=draw(rng, how.mask),
        refresh_days=scale(rng, (15, 200)),
        farm=farm if rented else -1,
        tool=int(choose(rng, TOOL_SHARES, 1)[0]),
        tool_share=draw(rng, how.script),
    )


def machines(plan: Plan, rng: np.random.Generator, cell: Ints, country: int, own: Style) -> Ints:
    """Scripts and masked browsers on servers and rented exits: a driver for each account; its row.

    Accounts of a cell (`cell` numbers it) share servers and the real device behind the masks. The first cell
    has the providers and the client library of the style, others now and then another. Without a dwelling of
    its own (`home` -1), a machine uses lines and phones rented for its accounts (`networks`).
    """
    n, cells = len(cell), int(cell.max()) + 1
    apart = rng.spawn(1)[0]  # how many cells there are moves nothing else
    size = np.bincount(cell, minlength=cells) / own.server_accounts
    other = (apart.random(cells) < 0.5) & (np.arange(cells) > 0)
    vpn = np.where(other, apart.choice(plan.layout.vpns, cells), own.vpn)
    tool = np.where(other, choose(apart, TOOL_SHARES, cells), own.tool)
    hosting = np.where(rng.random(n) < 0.5, rng.choice(plan.layout.hosters, n), own.hosting)
    return plan.drivers(
        n,
        country=country,
        utc=own.utc,
        peak=(own.peak + rng.normal(0, own.jitter, n)) % 24,
        spread=own.spread,
        quiet=own.quiet,
        steady=own.steady,
        vpn=vpn[cell],
        proxy=own.vendor,
        hosting=hosting,
        servers=plan.codes(cells)[cell],
        server_count=np.maximum(1, np.round(size)).astype(np.int64)[cell],
        hold_hours=own.hold_hours,
        w_hosting=own.w_hosting,
        w_proxy=own.w_proxy,
        w_vpn=own.w_vpn,
        w_home=own.w_own,
        w_mobile=own.w_own * 0.6,
        w_tor=own.w_tor,
        kit=plan.codes(cells)[cell],
        devices=own.devices,
        mask=own.mask,
        refresh_days=own.refresh_days,
        farm=own.farm,
        tool=tool[cell],
        tool_share=np.clip(own.tool_share + rng.normal(0, 0.25, n), 0, 1),
    )

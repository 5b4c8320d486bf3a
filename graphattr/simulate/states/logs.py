"""The tables `ips` and `devices`, by part, and what goes missing or wrong in any log."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import BROWSERS, COUNTRIES, COUNTRY_UTC, OS_NAMES
from graphattr.simulate.clock import HOUR, WEEK, stamps
from graphattr.simulate.draws import Ints, count, draw, mix, stream, unit
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits
from graphattr.simulate.states.cast import Columns
from graphattr.simulate.states.grid import NET_KIND, NET_KINDS
from graphattr.simulate.states.parameters import RECORDS
from graphattr.simulate.states.world import World
from graphattr.simulate.text import addresses, hashed, named, tls

_COLLECTORS: Final = 12
_SKEW, _CLASS = 81, 82


def ips(world: World, part: int, spells: Columns) -> pl.DataFrame:
    """One row a connection: at the start of a spell, hourly after that, and more often where exits change."""
    rng = stream(world.seed, f"states ips {part}")
    way, sticky = (world.access[name][spells["access"]] for name in ("way", "sticky"))
    turns = (way == ways.PROXY) & (sticky < HOUR)
    every = np.where(turns, np.maximum(sticky, 600), 2 * HOUR)
    lines = np.minimum(1 + spells["seconds"] // every, 8)
    row = np.repeat(np.arange(len(lines)), lines)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
    at = spells["at"][row] + nth * every[row]
    host = spells["hardware"][row]
    found = ways.addresses(world.grid, world.access, world.networks, spells["access"][row], host, at)
    kind = world.networks["kind"][found.network]
    # What a list of network kinds knows: few lines with a relay (whoever uses them), most VPN exits.
    known = unit(_CLASS, found.high, found.low)
    relay = found.relay & (unit(_CLASS, found.high, found.low, at // WEEK) < 0.05)
    kind = np.where(relay, NET_KIND["proxy"], kind)
    kind = np.where((kind == NET_KIND["vpn"]) & (known < 0.15), NET_KIND["hosting"], kind)
    kind = np.where(rng.random(len(kind)) < 0.04, -1, kind)
    frame = pl.DataFrame(
        {
            "account": spells["account"][row],
            "ip": addresses(found.high, found.low),
            "observed_at": at,
            "asn": world.networks["asn"][found.network],
            "network_kind": named(kind, NET_KINDS),
            "country": named(found.country, _codes()),
        }
    )
    return faulty(world, "ips", part, frame.unique(maintain_order=True))


def devices(world: World, part: int, spells: Columns) -> pl.DataFrame:
    """One row an account, device, client and half day; of scripts only those that send an id."""
    rng = stream(world.seed, f"states devices {part}")
    row = spells["hardware"]
    of = {name: column[row] for name, column in world.hardware.items()}
    script = of["genus"] == kits.SCRIPT
    code, client = kits.seen(world.hardware, row, spells["at"])
    away = (of["genus"] != kits.SCRIPT) & (unit(row, 3) < 0.03)  # some clocks stand on another zone
    offset = COUNTRY_UTC[np.where(away, mix(row) % len(COUNTRIES), of["shown"])]
    frame = pl.DataFrame(
        {
            "account": spells["account"],
            "device_id": hashed(code, "device", world.seed),
            "observed_at": spells["at"],
            "os": named(of["os"], OS_NAMES),
            "browser": named(np.where(script, -1, of["browser"]), BROWSERS),
            "tls_fingerprint": tls(client),
            "utc_offset_minutes": pl.select(pl.when(pl.Series(~script)).then(pl.Series(offset))).to_series(),
            "language": named(np.where(script, -1, of["shown"]), tuple(c.language for c in COUNTRIES)),
        }
    )
    sends = ~script | (rng.random(len(row)) < 0.25)
    frame = frame.filter(pl.Series(sends)).with_columns(half=pl.col("observed_at") // (12 * HOUR))
    once = ["account", "device_id", "tls_fingerprint", "half"]
    frame = frame.unique(once, keep="first", maintain_order=True).drop("half")
    return faulty(world, "devices", part, frame)


def _codes() -> tuple[str, ...]:
    return tuple(country.code for country in COUNTRIES)


def faulty(world: World, table: str, part: int, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that the log kept, with the clocks of their collectors; `observed_at` becomes a time.

    Args:
        world: says what goes wrong.
        table: its name: every table has outages of its own.
        part: which part of it.
        frame: rows with `account` and `observed_at` in seconds.
    """
    rng, whole = (
        stream(world.seed, f"states faults {table} {part}"),
        stream(world.seed, f"states {table} log"),
    )
    at = frame["observed_at"].to_numpy().copy()
    first, last = world.window
    kept = np.ones(len(at), dtype=np.bool_)
    if "lost_logs" not in world.preset.without:
        kept &= rng.random(len(at)) >= draw(whole, RECORDS.lost)
        for _ in range(count(whole, RECORDS.outages)):
            start = int(whole.integers(first, last))
            during = (at >= start) & (at < start + draw(whole, RECORDS.outage_hours) * HOUR)
            kept &= ~during | (rng.random(len(at)) < 0.1)
    if "clock_skew" not in world.preset.without:
        at = at + _skew(world, frame["account"].to_numpy(), table)
        at = np.clip(at, world.accounts["created"][frame["account"].to_numpy()] + 1, last - 1)
    return frame.with_columns(observed_at=stamps(at)).filter(pl.Series(kept))


def _skew(world: World, account: Ints, table: str) -> Ints:
    """Seconds by which the collector that an account's rows come from is off."""
    rng = stream(world.seed, f"states clocks {table}")
    most = draw(rng, RECORDS.skew_seconds)
    off = np.round(rng.normal(0, most / 2, _COLLECTORS)).astype(np.int64)
    off[: _COLLECTORS // 2] = 0
    return np.clip(off, -1800, 1800)[mix(_SKEW, account) % _COLLECTORS]

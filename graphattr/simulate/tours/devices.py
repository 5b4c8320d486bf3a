"""Which device, browser and client a session shows."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import (
    BROWSER_SHARES,
    BROWSERS,
    COUNTRIES,
    COUNTRY_UTC,
    OS_NAMES,
    OS_SHARES,
)
from graphattr.simulate.clock import DAY, stamps
from graphattr.simulate.draws import Bools, Floats, Ints, draw, mix, unit, zipf
from graphattr.simulate.text import hashed, named, tls
from graphattr.simulate.tours.sessions import Sessions, stamped
from graphattr.simulate.tours.world import World

#: Namespaces of hashes that stand for catalogues anybody may draw from.
_STOCK, _FARM, _MASK, _SCRIPT, _TOOL, _LEAK, _ENGLISH = 11, 12, 13, 14, 15, 16, 17


def device_codes(world: World, spells: Sessions) -> tuple[Ints, Bools]:
    """The device of each session, and whether it is posing as the account's own.

    People use their own few devices, sometimes one they share. Masked accounts show a profile kept for them
    (or a place on a rented farm), careless ones now and then the real device. Some devices are stock models
    whose fingerprints collide; ids wear out (`refresh_days`).
    """
    rng = spells.rng(world, "devices")
    key = world.accounts["key"][spells.account]
    n = len(spells.at)
    who = {name: column[spells.driver] for name, column in world.drivers.items()}
    epoch = (spells.at / DAY / who["refresh_days"] + unit(who["kit"])).astype(np.int64)
    own = mix(who["kit"], zipf(rng.random(n), 3) % who["devices"], epoch)
    shared = (who["shared_kit"] >= 0) & (rng.random(n) < who["shared_use"])
    own = np.where(shared, mix(who["shared_kit"]), own)
    leaky = (unit(_LEAK, key, who["kit"]) >= who["mask"]) & (rng.random(n) < 0.25)
    posing = (who["mask"] > 0) & ~leaky & ~spells.script
    kept = (spells.at / DAY / (20 + 180 * unit(_MASK, key)) + unit(key)).astype(np.int64)
    profile = mix(_MASK, key, kept)  # whoever is at work
    place = mix(_FARM, who["farm"], mix(key, epoch) % 120)
    code = np.where(posing, np.where(who["farm"] >= 0, place, profile), own)
    code = np.where((who["farm"] >= 0) & ~posing & (who["mask"] == 0), place, code)
    client = mix(_SCRIPT, key, who["tool"], epoch)
    code = np.where(spells.script, client, code)
    share = draw(world.plan.rng("stock devices"), world.plan.ways.devices.stock)
    models = 20 + world.plan.preset.people // 40
    stock = mix(_STOCK, zipf(unit(_STOCK, code, 1), models))
    return np.where((unit(_STOCK, code) < share) & ~spells.script, stock, code), posing


def _by_share(position: Floats, shares: Floats) -> Ints:
    """Index of the share that a number in [0, 1) falls into."""
    return np.searchsorted(np.cumsum(shares) / shares.sum(), position, side="right").astype(np.int64)


def devices(world: World, spells: Sessions) -> pl.DataFrame:
    """The table `devices`: one row an account, device, client and day."""
    rng = spells.rng(world, "device log")
    code, posing = device_codes(world, spells)
    script = spells.script
    os = np.where(script, OS_NAMES.index("Linux"), _by_share(unit(code, 1), OS_SHARES))
    browser = _by_share(unit(code, 2), BROWSER_SHARES)
    month = spells.at // (28 * DAY)
    late = (unit(code, month) < 0.3).astype(np.int64)  # some update a month late
    build = zipf(unit(code, 3), 12)  # extensions, virus scanners and company proxies change the handshake
    client = mix(os, browser, month - late, build)
    tool = mix(_TOOL, world.drivers["tool"][spells.driver], zipf(unit(code, 4), 6))
    country = world.drivers["country"][spells.driver]
    declared = world.accounts["country"][spells.account]
    shown = np.where(posing, declared, country)
    at = stamped(world, spells, code)
    english = draw(world.plan.rng("english"), world.plan.ways.people.english)
    same = np.where(posing, world.accounts["key"][spells.account], code)  # profiles of an account agree
    spoken = np.where(unit(_ENGLISH, same) < english, 0, shown)  # the first of the countries speaks it
    frame = pl.DataFrame(
        {
            "account": spells.account,
            "device_id": hashed(code, "device", world.plan.seed),
            "observed_at": stamps(at),
            "os": named(os, OS_NAMES),
            "browser": named(np.where(script, -1, browser), BROWSERS),
            "tls_fingerprint": tls(np.where(script, tool, client)),
            "utc_offset_minutes": pl.select(
                pl.when(pl.Series(~script)).then(pl.Series(COUNTRY_UTC[shown]))
            ).to_series(),
            "language": named(np.where(script, -1, spoken), tuple(each.language for each in COUNTRIES)),
        }
    )
    logged = ~script | (rng.random(len(code)) < 0.3)  # most scripts send no device id
    day = pl.col("observed_at").dt.truncate("1d").alias("day")
    return (
        frame.filter(pl.Series(logged))
        .with_columns(day)
        .unique(["account", "device_id", "tls_fingerprint", "day"], keep="first", maintain_order=True)
        .drop("day")
    )

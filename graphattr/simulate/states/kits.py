"""Devices: what they are, and what of them a provider sees.

A device with an id of its own is known by it until it loses it. The others are known by their attributes, so
popular makes collide (Gomez-Boix and others, WWW 2018), and the attributes drift as browsers are updated.
Machines cloned from one image have one id. Masking browsers show a template out of their vendor's pool, in
which rivals and testers meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from graphattr.simulate.catalogue import BROWSER_SHARES, OS_SHARES, TOOL_SHARES
from graphattr.simulate.clock import DAY
from graphattr.simulate.draws import Ints, choose, draw, lognormal, mix, unit, zipf
from graphattr.simulate.states.cast import Cast, Columns
from graphattr.simulate.states.parameters import KITS

DESKTOP, HANDSET, CLONE, MASK, SCRIPT = range(5)
_ANDROID, _IOS = 3, 4
_MAKE, _TEMPLATE, _IMAGE, _BUILD, _TOOL, _OWN = 41, 42, 43, 44, 45, 46
#: Popular attribute vectors an operating system and language; Zipf in popularity.
_MAKES: Final = 400
_RELEASE: Final = 28 * DAY


@dataclass(frozen=True)
class Habits:
    """What a world's devices have in common."""

    installed: float
    wear: float
    lag: float
    masks: tuple[int, ...]


def habits(cast: Cast) -> Habits:
    """Draws them."""
    rng = cast.rng("kits")
    installed = draw(rng, KITS.installed) if cast.has("fingerprint_collisions") else 1.0
    masks = tuple(int(draw(rng, KITS.masks)) for _ in range(KITS.maskers))
    return Habits(installed, draw(rng, KITS.wear_days), draw(rng, KITS.lag_days), masks)


def _add(cast: Cast, rng: np.random.Generator, how: Habits, shown: Ints, **values: object) -> Ints:
    n = len(shown)
    columns: dict[str, object] = {
        "genus": DESKTOP,
        "code": cast.codes(n),
        "installed": (rng.random(n) < how.installed).astype(np.int64),
        "os": choose(rng, OS_SHARES[:3], n),
        "browser": choose(rng, BROWSER_SHARES, n),
        "lag": rng.exponential(how.lag, n),
        "wear": lognormal(rng, how.wear, 0.8, n, 600.0),
        "shown": shown,
    }
    return cast.hardware.add(n, **(columns | values))


def computers(cast: Cast, rng: np.random.Generator, how: Habits, country: Ints) -> Ints:
    """Computers of people who speak the language of `country`; rows of HARDWARE."""
    return _add(cast, rng, how, country)


def handsets(cast: Cast, rng: np.random.Generator, how: Habits, country: Ints) -> Ints:
    """Phones."""
    n = len(country)
    apple = rng.random(n) < OS_SHARES[_IOS] / OS_SHARES[_ANDROID:].sum()
    return _add(
        cast,
        rng,
        how,
        country,
        genus=HANDSET,
        os=np.where(apple, _IOS, _ANDROID),
        browser=np.where(apple, 1, 0),
    )


def clones(cast: Cast, rng: np.random.Generator, how: Habits, image: Ints, country: Ints) -> Ints:
    """Virtual machines or emulators, each a copy of an image (a code); all copies have one id."""
    os = unit_choice(mix(_IMAGE, image), OS_SHARES[:4])  # an emulated phone is an Android one
    browser = np.where(unit(_IMAGE, image, 1) < 0.8, 0, 3)
    return _add(cast, rng, how, country, genus=CLONE, code=image, os=os, browser=browser, wear=10_000.0)


def images(rng: np.random.Generator, n: int) -> Ints:
    """Images from the market, popular ones more often."""
    return mix(_IMAGE, zipf(rng.random(n), KITS.images))


def masks(cast: Cast, rng: np.random.Generator, how: Habits, vendor: int, country: Ints) -> Ints:
    """Profiles of a masking browser; half of them carry some noise of their own besides the template."""
    n = len(country)
    template = mix(_TEMPLATE, vendor, zipf(rng.random(n) ** 0.5, how.masks[vendor % len(how.masks)]))
    own = rng.random(n) < 0.7
    code = np.where(own, cast.codes(n), template)
    os = unit_choice(template, OS_SHARES)
    browser = np.select([os == _IOS, os == _ANDROID], [1, 0], unit_choice(mix(template), BROWSER_SHARES))
    return _add(cast, rng, how, country, genus=MASK, code=code, os=os, browser=browser)


def unit_choice(code: Ints, shares: np.ndarray) -> Ints:
    """An index by share, the same for the same code."""
    edges = np.cumsum(shares) / shares.sum()
    return np.searchsorted(edges, unit(code, 9), side="right").astype(np.int64)


def scripts(cast: Cast, rng: np.random.Generator, how: Habits, tool: Ints) -> Ints:
    """Client libraries at work, on servers and on people's own computers; most send no device id."""
    n = len(tool)
    os = choose(rng, np.array([0.25, 0.25, 0.5]), n)
    return _add(cast, rng, how, np.full(n, -1), genus=SCRIPT, tool=tool, os=os)


def tools(rng: np.random.Generator, n: int) -> Ints:
    """Client libraries by popularity."""
    return choose(rng, TOOL_SHARES, n)


def seen(hardware: Columns, row: Ints, at: Ints) -> tuple[Ints, Ints]:
    """The device's id and the client's handshake, as codes, at each moment."""
    of = {name: column[row] for name, column in hardware.items()}
    worn = (at / DAY / of["wear"] + unit(of["code"])).astype(np.int64)
    version = ((at - of["lag"] * DAY) // _RELEASE).astype(np.int64)
    version = np.where(of["browser"] == 1, version // 3, version)  # one vendor releases thrice a year
    make = mix(_MAKE, of["os"], of["browser"], zipf(unit(of["code"], 5), _MAKES), of["shown"], version // 4)
    known = (of["installed"] > 0) | np.isin(of["genus"], (CLONE, SCRIPT))
    copied = np.isin(of["genus"], (CLONE, MASK))  # an image or a template outlasts every copy of it
    own = mix(_OWN, of["code"], np.where(copied, 0, worn))
    build = zipf(unit(of["code"], 6), 8)  # proxies and virus scanners on the machine alter the handshake
    client = mix(_BUILD, of["os"], of["browser"], version, build)
    tool = mix(_TOOL, of["tool"], zipf(unit(of["code"], 7), 9))
    return np.where(known, own, make), np.where(of["genus"] == SCRIPT, tool, client)

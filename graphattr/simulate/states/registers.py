"""How accounts are registered and paid by ordinary people: names, mailboxes, numbers, wallets.

Names are a given name and a family name, both by Zipf within a country, so that strangers share one as often
as people do. Numbers may be rented: a service has a few at a time, and who rents in the same days gets the
same. Wallets hold instruments of issuer ranges by popularity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import CARD_KINDS, COUNTRY_SHARES
from graphattr.simulate.clock import DAY, HOUR
from graphattr.simulate.draws import Bools, Ints, choose, choose_rows, draw, mix, partly, unit, zipf
from graphattr.simulate.states.cast import FREE, MONTHLY, RELOAD, ROOM, Cast
from graphattr.simulate.states.parameters import PURSES, REGISTERS
from graphattr.simulate.text import DISPOSABLE_DOMAINS, PUBLIC_DOMAINS

CARD = {name: code for code, name in enumerate(CARD_KINDS)}
_NAME, _SMS, _BIN, _MAIL = 51, 52, 53, 54


@dataclass(frozen=True)
class Markets:
    """What can be bought by anybody in a world.

    Attributes:
        numbers: numbers a rental service has at a time; `number_days` until it changes them.
        brokers: wallets of brokers of credit.
        resold: wallets with prepaid cards on resale.
    """

    numbers: int
    number_days: float
    brokers: Ints
    resold: Ints


def markets(cast: Cast) -> Markets:
    """Draws them; there are more brokers' customers and resold cards in larger worlds."""
    rng = cast.rng("markets")
    n = PURSES.brokers
    country = choose(rng, COUNTRY_SHARES, n)
    brokers = wallets(cast, rng, country, rng.choice([CARD["virtual"], CARD["bank"]], n))
    n = 4 + cast.preset.people // 150
    country = choose(rng, COUNTRY_SHARES, n)
    resold = wallets(cast, rng, country, np.full(n, CARD["prepaid"]))
    growth = 1 + cast.preset.people / 3000
    return Markets(
        int(draw(rng, REGISTERS.numbers) * growth), draw(rng, REGISTERS.number_days), brokers, resold
    )


def wallets(cast: Cast, rng: np.random.Generator, issuer: Ints, kind: Ints, **values: Any) -> Ints:
    """Wallets with a card each, replaced once in a while; rows of WALLET."""
    n = len(issuer)
    first, last = cast.window
    swap = np.where(rng.random(n) < 0.2, rng.integers(first - 60 * DAY, last, n), -1)
    columns: dict[str, Any] = {
        "code": cast.codes(n * ROOM)[::ROOM],
        "kind": kind,
        "bin": bins(rng, issuer, kind),
        "issuer": issuer,
        "swap": swap,
        "decline": draw(rng, PURSES.decline),
        "dispute": draw(rng, PURSES.dispute),
    }
    return cast.wallets.add(n, **(columns | values))


def bins(rng: np.random.Generator, issuer: Ints, kind: Ints) -> Ints:
    """Issuer ranges of a country and kind by popularity."""
    return mix(_BIN, issuer, kind, zipf(rng.random(len(issuer)), PURSES.issuers))


def virtual_bins(service: Ints, issuer: Ints, rank: Ints) -> Ints:
    """Issuer ranges of a virtual-card service; it has three in a country."""
    return mix(_BIN, 1_000, service, issuer, rank % 3)


def virtual(cast: Cast, rng: np.random.Generator, service: Ints, charges: Ints, country: Ints) -> Ints:
    """Wallets at a virtual-card service: the next card is the next number of the same range.

    Some services have ranges of issuers in the customer's country, others in one only.
    """
    n = len(service)
    seat = mix(_BIN, service) % len(COUNTRY_SHARES)
    issuer = np.where(service % 2 == 0, country, seat)
    return wallets(
        cast,
        rng,
        issuer,
        np.full(n, CARD["virtual"]),
        bin=virtual_bins(service, issuer, rng.integers(0, 3, n)),
        charges=charges,
        swap=-1,
    )


def names(rng: np.random.Generator, country: Ints) -> Ints:
    """Full names: given and family name by Zipf."""
    n = len(country)
    given, family = zipf(rng.random(n), 400), zipf(rng.random(n), 2500)
    return mix(_NAME, country, given, family)


def mail_domains(rng: np.random.Generator, country: Ints) -> Ints:
    """Open mail domains: popularity falls with rank, and differs from country to country."""
    ranks = np.arange(len(PUBLIC_DOMAINS))
    countries = np.arange(len(COUNTRY_SHARES))
    taste = np.exp(1.2 * unit(_MAIL, np.repeat(countries, len(ranks)), np.tile(ranks, len(countries))))
    weight = taste.reshape(len(countries), len(ranks)) / (1.0 + ranks) ** 1.3
    return choose_rows(rng, weight[country])


def rented_numbers(rng: np.random.Generator, market: Markets, service: Ints, created: Ints) -> Ints:
    """Numbers rented at a moment: out of those that the service has in those days."""
    epoch = (created / DAY / market.number_days).astype(np.int64)
    return mix(_SMS, service, epoch, zipf(rng.random(len(service)), market.numbers))


def registration(
    cast: Cast, rng: np.random.Generator, market: Markets, country: Ints, created: Ints
) -> dict[str, Any]:
    """Account columns of people who register one account each, as ordinary people do."""
    n = len(created)
    domain = mail_domains(rng, country)
    throwaway = len(PUBLIC_DOMAINS) + rng.integers(0, len(DISPOSABLE_DOMAINS), n)
    domain = partly(rng, domain, throwaway, draw(rng, REGISTERS.throwaway))
    own = cast.codes(n)
    domain = np.where(rng.random(n) < draw(rng, REGISTERS.custom_domain), own, domain)
    phone = cast.codes(n)
    if cast.has("rented_phones"):
        rented = rented_numbers(rng, market, rng.integers(0, REGISTERS.services, n), created)
        phone = partly(rng, phone, rented, draw(rng, REGISTERS.sms))
    return {
        "created": created,
        "country": country,
        "domain": domain,
        "mailbox": cast.codes(n),
        "phone": partly(rng, phone, -1, draw(rng, REGISTERS.no_phone)),
        "name": names(rng, country),
        **purses(cast, rng, market, country),
    }


def purses(cast: Cast, rng: np.random.Generator, market: Markets, country: Ints) -> dict[str, Any]:
    """Payment columns of ordinary people."""
    n = len(country)
    kind = choose(rng, np.array([0.40, 0.36, 0.05, 0.0, 0.03, 0.14, 0.02]), n)
    issuer = np.where(rng.random(n) < 0.95, country, choose(rng, COUNTRY_SHARES, n))
    wallet = wallets(cast, rng, issuer, kind)
    pays: Bools = rng.random(n) >= draw(rng, PURSES.free)
    if cast.has("card_vendors"):
        some = np.flatnonzero(rng.random(n) < draw(rng, PURSES.virtual))
        service = rng.integers(0, PURSES.services, len(some))
        wallet[some] = virtual(cast, rng, service, rng.integers(2, 30, len(some)), country[some])
    for share, pool in ((PURSES.brokered, market.brokers), (PURSES.resold, market.resold)):
        wallet = partly(rng, wallet, rng.choice(pool, n), draw(rng, share))
    reload = rng.random(n) < draw(rng, PURSES.reload)
    return {"funding": np.where(pays, np.where(reload, RELOAD, MONTHLY), FREE), "wallet": wallet}


def joined(cast: Cast, rng: np.random.Generator, utc: Ints) -> Ints:
    """When ordinary people opened their accounts: by word of mouth (exponential growth), in waves of news."""
    n = len(utc)
    last = cast.window[1]
    waves = rng.integers(10 * DAY, last - 5 * DAY, 5)
    if cast.has("release_shock"):
        waves = np.concatenate([waves, [cast.release]])
    growth = np.log1p(rng.random(n) * (np.exp(2.0) - 1)) / 2.0
    at = 2 * DAY + (growth * (last - 4 * DAY)).astype(np.int64)
    wave = waves[rng.integers(0, len(waves), n)] + (rng.exponential(2.5 * DAY, n)).astype(np.int64)
    at = np.where(rng.random(n) < 0.25, wave, at)
    hour = (rng.triangular(7, 14, 24, n) * HOUR).astype(np.int64)
    at = at // DAY * DAY + hour - utc * 60 + rng.integers(0, 60, n)
    return np.asarray(np.clip(at, DAY, last - DAY), dtype=np.int64)

"""Ordinary account holders: where they live, when and how they work, how they registered and pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphattr.simulate.catalogue import (
    CARD_KINDS,
    COUNTRY_SHARES,
    COUNTRY_UTC,
    TOOL_SHARES,
)
from graphattr.simulate.clock import DAY, WEEK, moments
from graphattr.simulate.draws import Floats, Ints, choose, draw, lognormal, mix, partly
from graphattr.simulate.text import DISPOSABLE_DOMAINS, PUBLIC_DOMAINS
from graphattr.simulate.tours.plan import MODES, Plan

CARD = {name: code for code, name in enumerate(CARD_KINDS)}
#: Codes of the small pools that anybody may draw from. Below the first code that a plan hands out.
_NAMES, _RENTED_PHONES, _BINS, _PACKS, _FARMS = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Persons:
    """Drivers that are people: their rows and what registration needs of them (arrays of one length)."""

    driver: Ints
    country: Ints
    home: Ints
    isp: Ints
    person: Ints


def persons(plan: Plan, rng: np.random.Generator, n: int, **values: Any) -> Persons:
    """Adds `n` people as drivers. `values` overrides columns, `country`, `home`, `isp`, `scripters` (range) too."""
    how = plan.ways.people
    country = np.asarray(values.pop("country", choose(rng, COUNTRY_SHARES, n)))
    home = np.asarray(values.pop("home", plan.codes(n)))
    isp = np.asarray(
        values.pop("isp", plan.layout.isps[country, rng.integers(0, plan.layout.isps.shape[1], n)])
    )
    person = plan.codes(n)
    scripts = rng.random(n) < draw(rng, values.pop("scripters", how.scripters))
    columns: dict[str, Any] = {
        "country": country,
        "utc": COUNTRY_UTC[country],
        "peak": rng.normal(15.0, 3.5, n) % 24,
        "spread": rng.uniform(2.0, 5.0, n),
        "quiet": rng.beta(2.0, 2.0, n),
        "steady": np.where(scripts, rng.uniform(0.1, 0.9, n), 0.03),
        "home": home,
        "isp": isp,
        "carrier": plan.layout.carriers[country, rng.integers(0, plan.layout.carriers.shape[1], n)],
        "vpn": rng.choice(plan.layout.vpns, n),
        "hosting": rng.choice(plan.layout.hosters, n),
        "servers": person,
        "server_count": rng.integers(1, 4, n),
        "hold_hours": lognormal(rng, 400, 1.0, n, 5000),
        **_ways(rng, n, scripts, draw(rng, how.vpn_users), draw(rng, how.tor_users)),
        "kit": person,
        "devices": 1 + rng.binomial(3, 0.35, n),
        "refresh_days": lognormal(rng, 60, 0.8, n, 400),
        "farm": np.where(rng.random(n) < draw(rng, how.farm_users), farms(plan, rng, n), -1),
        "tool": choose(rng, TOOL_SHARES, n),
        "tool_share": np.where(scripts, rng.uniform(0.3, 1.0, n), 0.0),
    }
    driver = plan.drivers(n, **(columns | values))
    return Persons(driver, country, home, isp, person)


def _ways(
    rng: np.random.Generator, n: int, scripts: Any, vpn_users: float, tor_users: float
) -> dict[str, Floats]:
    """Weights of the ways onto the network: mostly home and mobile, for some a VPN, Tor or their own server."""
    weights = {f"w_{mode}": np.zeros(n) for mode in MODES}
    weights["w_mobile"] = rng.beta(1.2, 2.5, n)
    weights["w_home"] = 1.0 - weights["w_mobile"]
    weights["w_vpn"] = np.where(rng.random(n) < vpn_users, rng.uniform(0.5, 8.0, n), 0.01 * (vpn_users > 0))
    weights["w_tor"] = np.where(rng.random(n) < tor_users, rng.uniform(0.5, 8.0, n), 0.0)
    weights["w_hosting"] = np.where(scripts & (rng.random(n) < 0.75), np.exp(rng.uniform(-1.2, 2.5, n)), 0.0)
    return weights


def registration(plan: Plan, rng: np.random.Generator, who: Persons, created: Ints) -> dict[str, Any]:
    """Account columns of people who register and pay as ordinary people do, one account each."""
    return {
        "created": created,
        "country": partly(
            rng, who.country, choose(rng, COUNTRY_SHARES, len(created)), draw(rng, plan.ways.people.abroad)
        ),
        "controller": who.person,
        **_identity(plan, rng, who),
        **pays(plan, rng, who.country, draw(rng, plan.ways.people.free)),
    }


def joined(plan: Plan, rng: np.random.Generator, who: Persons) -> Ints:
    """When ordinary people opened their accounts: over the whole year so far, more of them lately."""
    n = len(who.driver)
    last = plan.window[1]
    latest = (np.sqrt(rng.random(n)) * (last - 2 * DAY)).astype(np.int64) + DAY
    hours = np.full(n, 14.0), np.full(n, 4.0), np.full(n, 0.6), np.full(n, 0.1)
    return moments(rng, latest - DAY, latest, *hours, COUNTRY_UTC[who.country])


def _identity(
    plan: Plan,
    rng: np.random.Generator,
    who: Persons,
) -> dict[str, Any]:
    how = plan.ways.people
    n = len(who.driver)
    domain = choose(rng, np.arange(1.0, len(PUBLIC_DOMAINS) + 1) ** -1.4, n)
    throwaway = len(PUBLIC_DOMAINS) + rng.integers(0, len(DISPOSABLE_DOMAINS), n)
    domain = partly(rng, domain, throwaway, draw(rng, how.throwaway))
    domain = partly(rng, domain, plan.codes(n), draw(rng, how.custom_domain))
    phone = partly(rng, plan.codes(n), rented_phones(plan, rng, n), draw(rng, how.rented_phone))
    phone = partly(rng, phone, -1, draw(rng, how.no_phone))
    return {"domain": domain, "mailbox": plan.codes(n), "phone": phone, "name": names(rng, who.country)}


def names(rng: np.random.Generator, country: Ints) -> Ints:
    """Name codes: drawn with a bias from the names of a country, so that strangers bear the same one."""
    return mix(_NAMES, country, np.floor(rng.random(len(country)) ** 2 * 20_000).astype(np.int64))


def rented_phones(plan: Plan, rng: np.random.Generator, n: int) -> Ints:
    """Numbers out of the pool that every customer of the rental services draws from."""
    pool = 10 + (plan.preset.people + 10 * plan.preset.operators) // 30
    return mix(_RENTED_PHONES, rng.integers(0, pool, n))


def bins(rng: np.random.Generator, country: Ints, kind: Ints) -> Ints:
    """Issuer ranges: a dozen of each kind in a country."""
    return mix(_BINS, country, kind, rng.integers(0, 12, len(country)))


def packs(plan: Plan, rng: np.random.Generator, n: int) -> Ints:
    """Prompt packs on sale to anybody."""
    return mix(_PACKS, rng.integers(0, 8 + plan.preset.people // 60, n))


def farms(plan: Plan, rng: np.random.Generator, n: int) -> Ints:
    """Device farms for rent."""
    return mix(_FARMS, rng.integers(0, 2 + plan.preset.operators // 4, n))


def pays(plan: Plan, rng: np.random.Generator, country: Ints, free: float) -> dict[str, Any]:
    """Payment columns of ordinary people: a card of their own, a second one for some."""
    n = len(country)
    kind = choose(rng, np.array([0.42, 0.34, 0.06, 0.06, 0.03, 0.08, 0.01]), n)
    issuer = np.where(rng.random(n) < 0.96, country, choose(rng, COUNTRY_SHARES, n))
    return {
        "plan": np.where(rng.random(n) < free, 0, np.where(rng.random(n) < 0.7, 1, 2)),
        "card": plan.codes(n),
        "card_next": np.where(rng.random(n) < 0.3, plan.codes(n), -1),
        "card_kind": kind,
        "bin": bins(rng, issuer, kind),
        "issuer": issuer,
    }


def use(
    plan: Plan,
    rng: np.random.Generator,
    account: Ints,
    driver: Ints,
    created: Ints,
    **values: Any,
) -> None:
    """Adds one tour of ordinary use an account, from its creation or the first day observed on."""
    how = plan.ways.people
    n = len(account)
    first, last = plan.window
    start = np.maximum(created + 60, first)
    leaves = rng.random(n) < draw(rng, how.leavers)
    end = np.where(leaves, start + (rng.random(n) * (last - start)).astype(np.int64), last)
    weekly = lognormal(rng, draw(rng, how.sessions_a_week), 1.5, n, 200.0)
    dormant = rng.random(n) < draw(rng, how.dormant)
    weekly = np.where(dormant, 0.1, 1.0) * weekly
    columns: dict[str, Any] = {
        "account": account,
        "driver": driver,
        "start": start,
        "end": end,
        "sessions": weekly * np.maximum(end - start, 0) / WEEK,
        "requests": lognormal(rng, 4.0, 1.2, n, 200.0),
        "job": plan.codes(n),
        "templates": 1 + lognormal(rng, 7, 1.2, n, 200).astype(np.int64),
        "pack": packs(plan, rng, n),
        "pack_share": np.where(rng.random(n) < draw(rng, how.pack_users), rng.uniform(0.1, 0.9, n), 0.0),
        "popular": rng.beta(0.5, 2.0, n),
        "tokens_in": lognormal(rng, 900, 1.1, n, 60_000),
        "tokens_out": lognormal(rng, 150, 1.0, n, 8_000),
    }
    plan.tours(n, **(columns | values))


def people(plan: Plan) -> Persons:
    """Adds the preset's ordinary people with their accounts; some have a second one."""
    rng = plan.population("people")
    again = draw(rng, plan.ways.people.second_account)
    n, total = plan.sizes.people, plan.sizes.accounts
    if total >= 0:
        n = total - int(total * again / (1 + again))
    who = persons(plan, rng, n)
    created = joined(plan, rng, who)
    first = registration(plan, rng, who, created)
    account = plan.accounts(len(created), **first)
    use(plan, rng, account, who.driver, created)
    more = round(again * n) if total < 0 else total - n
    if more:
        at = np.sort(rng.choice(n, more, replace=False))
        second_accounts(plan, rng, _subset(who, at), first, at)
    return who


def _subset(who: Persons, rows: Ints) -> Persons:
    return Persons(who.driver[rows], who.country[rows], who.home[rows], who.isp[rows], who.person[rows])


def second_accounts(
    plan: Plan,
    rng: np.random.Generator,
    who: Persons,
    first: dict[str, Any],
    at: Ints,
) -> None:
    """Adds second accounts of the same people: same hands and hours, often the same mailbox, number or card.

    Args:
        plan: gets the accounts.
        rng: the stream.
        who: the people.
        first: columns of everybody's first account.
        at: the rows of `who` in it.
    """
    created = joined(plan, rng, who)
    columns = registration(plan, rng, who, created)
    for column, share in (("mailbox", 0.3), ("phone", 0.4), ("name", 0.8), ("card", 0.6)):
        columns[column] = partly(rng, columns[column], first[column][at], share)
    use(plan, rng, plan.accounts(len(at), **columns), who.driver, created)

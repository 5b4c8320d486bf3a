"""The worlds to be had by name: how many of whom. How they behave is drawn anew in every world."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from graphattr.errors import SettingsError
from graphattr.simulate.draws import Range, choose, count, stream
from graphattr.simulate.mechanisms import named
from graphattr.simulate.tours.parameters import Ways

_WAYS: Final = Ways()
_NONE: Final = (0, 0)


@dataclass(frozen=True)
class Preset:
    """Sizes of a world. Every `Range` is drawn once for each site, company, operator ...

    Attributes:
        what: what is in it, in a phrase.
        family: which generator family makes it (families.FAMILIES).
        without: names of mechanisms that are switched off (mechanisms.MECHANISMS).
        ways: how everybody behaves.
        days: length of the observation.
        accounts: how many in all; people fill them up. 0: as many as the sizes below make.
        fraudulent: how many of them in operators, resellers and contractors' hands, whose drawn sizes are
            stretched to that sum. 0: as drawn.
        exchanges: requests of those accounts over the observation (expected). 0: as drawn.
        rings: how many operators, gateways, storefronts and queues together, their kinds drawn by
            `RING_ODDS`, beside those counted below.
        drawn: other fields whose number is drawn anew in every world, with their ranges.
        people: persons with an account of their own and nothing special.
        households: homes with `household_size` account holders each.
        campuses: universities, `campus_size` account holders each.
        companies: employers, `company_size` accounts each.
        build_farms: companies whose accounts are run by scheduled machines, `build_farm_size` each.
        operators: single operators, `operator_size` accounts each.
        gateways: resellers with pooled accounts: `gateway_size` accounts, `tenants` customers.
        storefronts: resellers with one account a customer, `storefront_size` accounts.
        queues: principals who hire contractors: `contractors` people, `contractor_accounts` each.
        intruders: each in `victims` accounts of unrelated people.
    """

    what: str = ""
    family: str = "A"
    without: frozenset[str] = frozenset()
    ways: Ways = _WAYS
    days: int = 28
    accounts: int = 0
    fraudulent: int = 0
    exchanges: int = 0
    rings: Range = _NONE
    drawn: tuple[tuple[str, Range], ...] = ()
    people: int = 0
    households: int = 0
    household_size: Range = (2, 4)
    campuses: int = 0
    campus_size: Range = _NONE
    companies: int = 0
    company_size: Range = _NONE
    build_farms: int = 0
    build_farm_size: Range = _NONE
    operators: int = 0
    operator_size: Range = _NONE
    gateways: int = 0
    gateway_size: Range = _NONE
    tenants: Range = _NONE
    storefronts: int = 0
    storefront_size: Range = _NONE
    queues: int = 0
    contractors: Range = _NONE
    contractor_accounts: Range = _NONE
    intruders: int = 0
    victims: Range = _NONE


#: Odds of the kinds that `Preset.rings` draws.
RING_ODDS: Final = {"operators": 0.5, "gateways": 0.2, "storefronts": 0.15, "queues": 0.15}

_TINY: Final = Preset(
    what="some 400 accounts, a little of everything; for tests",
    people=190,
    households=20,
    campuses=1,
    campus_size=(20, 30),
    companies=2,
    company_size=(8, 14),
    operators=2,
    operator_size=(10, 22),
    gateways=1,
    gateway_size=(10, 14),
    tenants=(20, 40),
    storefronts=1,
    storefront_size=(8, 12),
    queues=1,
    contractors=(3, 4),
    contractor_accounts=(2, 4),
    intruders=1,
    victims=(5, 8),
)
_BYSTANDERS: Final = Preset(
    what="some 700 accounts, innocents only",
    people=420,
    households=45,
    campuses=2,
    campus_size=(20, 40),
    companies=3,
    company_size=(8, 20),
)

_SAMPLE: Final = Preset(
    what="some 2,500 accounts, what sample_data/ ships",
    days=28,
    people=1500,
    households=110,
    campuses=2,
    campus_size=(50, 90),
    companies=8,
    company_size=(6, 35),
    build_farms=1,
    build_farm_size=(10, 16),
    operators=7,
    operator_size=(12, 60),
    gateways=1,
    gateway_size=(24, 36),
    tenants=(90, 150),
    storefronts=1,
    storefront_size=(20, 30),
    queues=1,
    contractors=(5, 7),
    contractor_accounts=(2, 6),
    intruders=2,
    victims=(8, 16),
)
_MANY: Final = Preset(
    days=45,
    ways=replace(_WAYS, people=replace(_WAYS.people, dormant=(0.85, 0.93))),
    household_size=(2, 4),
    campus_size=(50, 600),
    company_size=(4, 60),
    build_farm_size=(8, 40),
    tenants=(20, 300),
    contractors=(6, 20),
    contractor_accounts=(2, 8),
    victims=(20, 120),
)
_WORLD100K: Final = replace(
    _MANY,
    what="100,000 accounts, 2,500 of them in operators', resellers' and contractors' hands",
    accounts=100_000,
    fraudulent=2_500,
    exchanges=2_880_000,
    people=85_000,
    households=2_500,
    campuses=8,
    companies=150,
    build_farms=8,
    operators=14,
    operator_size=(15, 250),
    gateways=3,
    gateway_size=(60, 250),
    storefronts=3,
    storefront_size=(30, 150),
    queues=2,
    intruders=3,
)
_CASE: Final = replace(
    _MANY,
    what="1,000,000 accounts, 25,000 of them in such hands with 28.8 million exchanges in 45 days",
    accounts=1_000_000,
    fraudulent=25_000,
    exchanges=28_800_000,
    people=850_000,
    households=25_000,
    campuses=80,
    companies=1_500,
    build_farms=80,
    operators=24,
    operator_size=(100, 1_800),
    gateways=6,
    gateway_size=(300, 2_000),
    storefronts=6,
    storefront_size=(150, 1_000),
    queues=4,
    intruders=15,
)
_SMALL: Final = Preset(
    what="400 to 700 accounts with one to three operators, resellers or principals; no two alike",
    rings=(1, 3),
    drawn=(
        ("accounts", (400, 700)),
        ("households", (5, 40)),
        ("campuses", (0, 2)),
        ("companies", (0, 4)),
        ("build_farms", (0, 1)),
        ("intruders", (0, 1)),
    ),
    people=350,
    campus_size=(15, 45),
    company_size=(4, 25),
    build_farm_size=(6, 14),
    operator_size=(8, 40),
    gateway_size=(8, 24),
    tenants=(20, 90),
    storefront_size=(8, 24),
    contractors=(3, 6),
    contractor_accounts=(2, 4),
    victims=(5, 12),
)
_NAMED: Final = replace(
    _SAMPLE, operators=34, operator_size=(6, 20), gateways=2, gateway_size=(10, 20), storefronts=2
)


def _known(number: int) -> Preset:
    labels = replace(_WAYS.labels, operators=number, bias=(2.0, 5.0))
    return replace(
        _NAMED,
        what=f"some 2,700 accounts, {number} of 39 operators named by earlier takedowns of the careless",
        ways=replace(_WAYS, labels=labels),
    )


PRESETS: Final[dict[str, Preset]] = {
    "tiny": _TINY,
    "small": _SMALL,
    "sample": _SAMPLE,
    "none": _BYSTANDERS,
    "resellers": replace(
        _BYSTANDERS,
        what="some 800 accounts, innocents and six resellers",
        gateways=3,
        gateway_size=(12, 30),
        tenants=(20, 120),
        storefronts=3,
        storefront_size=(10, 30),
    ),
    "companies": replace(
        _BYSTANDERS,
        what="some 850 accounts, innocents only, half of them of companies",
        people=250,
        companies=14,
        company_size=(5, 40),
        build_farms=3,
        build_farm_size=(8, 20),
    ),
    "world100k": _WORLD100K,
    "case": _CASE,
    **{f"known{number}": _known(number) for number in (3, 10, 30)},
}


def sized(chosen: Preset, seed: int) -> Preset:
    """The preset with its drawn numbers settled for one seed; families get such a one."""
    rng = stream(seed, "sizes")
    numbers = {name: count(rng, within) for name, within in chosen.drawn}
    kinds = choose(rng, np.array(list(RING_ODDS.values())), count(rng, chosen.rings))
    for position, name in enumerate(RING_ODDS):
        numbers[name] = getattr(chosen, name) + int((kinds == position).sum())
    return replace(chosen, **numbers, drawn=(), rings=_NONE)  # type: ignore[arg-type]


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        SettingsError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset '{name}'", f"one of {', '.join(PRESETS)}")
    return PRESETS[name]


def off(chosen: Preset, names: Iterable[str]) -> Preset:
    """The preset with these mechanisms switched off too.

    Raises:
        SettingsError: a name is no mechanism; the message lists those there are.
    """
    return replace(chosen, without=chosen.without | named(names))

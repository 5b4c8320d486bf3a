"""The worlds to be had by name: how many of whom. How they behave is drawn anew in every world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from graphattr.errors import SettingsError
from graphattr.simulate.draws import Range
from graphattr.simulate.tours.parameters import Ways

_WAYS: Final = Ways()
_NONE: Final = (0, 0)


@dataclass(frozen=True)
class Preset:
    """Sizes of a world. Every `Range` is drawn once for each site, company, operator ...

    Attributes:
        family: which generator family makes it (world.FAMILIES).
        ways: how everybody behaves.
        days: length of the observation.
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

    family: str = "A"
    ways: Ways = _WAYS
    days: int = 28
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


_TINY: Final = Preset(
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
    people=420, households=45, campuses=2, campus_size=(20, 40), companies=3, company_size=(8, 20)
)

PRESETS: Final[dict[str, Preset]] = {
    "tiny": _TINY,
    "sample": Preset(
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
    ),
    "none": _BYSTANDERS,
    "resellers": replace(
        _BYSTANDERS,
        gateways=3,
        gateway_size=(12, 30),
        tenants=(20, 120),
        storefronts=3,
        storefront_size=(10, 30),
    ),
    "companies": replace(
        _BYSTANDERS,
        people=250,
        companies=14,
        company_size=(5, 40),
        build_farms=3,
        build_farm_size=(8, 20),
    ),
}


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        SettingsError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset '{name}'", f"one of {', '.join(PRESETS)}")
    return PRESETS[name]

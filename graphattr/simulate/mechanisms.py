"""What can happen in a world, by name, so that each can be left out: `graphattr simulate --without NAME`.

A mechanism left out leaves no trace of its own, and the random streams of all others stay as they were: what
does not depend on it comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from graphattr.errors import SettingsError

_BOTH: Final = ("A", "B")


@dataclass(frozen=True)
class Mechanism:
    """One thing that happens in worlds.

    Attributes:
        name: as --without takes it.
        what: what it does, in one sentence.
        parameters: where its ranges or sizes stand, as Section.field of `tours.parameters` or Preset.field.
        source: what has been published about it; None: nothing that could be used, the ranges are a guess.
        families: the generator families that have it.
    """

    name: str
    what: str
    parameters: tuple[str, ...]
    source: str | None = None
    families: tuple[str, ...] = _BOTH


_ALL: Final = (
    # Networks that strangers share.
    Mechanism(
        "carrier_nat",
        "Phones of strangers leave through a few public addresses of their carrier.",
        ("Networks.users_an_exit", "Networks.hop_hours"),
        "Richter and others, A Multi-perspective Analysis of Carrier-Grade NAT Deployment, IMC 2016",
    ),
    Mechanism(
        "lease_recycling",
        "A home line gets another address when its lease ends, and another line gets the old one.",
        ("Networks.lease_hours", "Networks.homes_spare"),
        "Padmanabhan and others, Reasons Dynamic Addresses Change, IMC 2016",
    ),
    Mechanism(
        "vpn_exits",
        "Customers of a VPN, innocent or not, leave through a few dozen exits.",
        ("Networks.vpn_exits", "People.vpn_users", "Operators.vpn"),
    ),
    Mechanism(
        "residential_proxies",
        "Vendors rent out innocent people's home lines, to rivals at the same time.",
        ("Networks.rented_share", "Networks.outside_lines", "Operators.proxy"),
        "Mi and others, Resident Evil: Understanding Residential IP Proxy as a Dark Service, IEEE S&P 2019",
    ),
    Mechanism(
        "tor",
        "Some people and operators come through Tor, from another exit every ten minutes.",
        ("Networks.tor_exits", "People.tor_users", "Operators.tor"),
        "Tor manual, MaxCircuitDirtiness: a circuit takes new streams for ten minutes",
    ),
    # People and organisations who share much, and control nothing together.
    Mechanism(
        "households",
        "People of one home share its line, often a card, a device or a number.",
        ("Preset.households", "Households"),
    ),
    Mechanism(
        "campuses",
        "Students share a campus network, its mail domain, lab machines and course templates.",
        ("Preset.campuses", "Campuses"),
    ),
    Mechanism(
        "hackathons",
        "Part of a campus opens its accounts on one and the same afternoon.",
        ("Campuses.hackathon",),
    ),
    Mechanism(
        "companies",
        "Staff share an office network, a mail domain, a card, templates and a day of roll-out.",
        ("Preset.companies", "Companies"),
    ),
    Mechanism(
        "build_farms",
        "A company's accounts are run by scheduled machines on its rented servers.",
        ("Preset.build_farms", "Companies"),
    ),
    Mechanism(
        "second_accounts",
        "Some people hold two accounts, often with the same mailbox, number or card.",
        ("People.second_account",),
    ),
    Mechanism(
        "fingerprint_collisions",
        "Devices of strangers have the same fingerprint: they are stock models.",
        ("Devices.stock",),
        "Gomez-Boix and others, Hiding in the Crowd, WWW 2018: a third of 2 million fingerprints is unique",
    ),
    Mechanism(
        "rented_phones",
        "Numbers for one verification are rented out of pools that all renters share.",
        ("People.rented_phone", "Fronts.rented_phone"),
        "Thomas and others, Dialing Back Abuse on Phone Verified Accounts, CCS 2014",
    ),
    # What operators buy.
    Mechanism(
        "card_vendors",
        "Prepaid and virtual cards come in batches out of few issuer ranges.",
        ("Fronts.vendor_cards",),
    ),
    Mechanism(
        "aged_accounts",
        "Operators buy accounts that strangers opened and used for a while.",
        ("Operators.bought",),
        "Thomas and others, Trafficking Fraudulent Accounts, USENIX Security 2013",
    ),
    Mechanism(
        "device_farms",
        "Devices are rented on farms, by rivals and by testers.",
        ("Operators.farm", "People.farm_users"),
    ),
    Mechanism(
        "toolkits",
        "Prompt packs with their templates are sold to rivals and to the public.",
        ("Operators.pack_share", "People.pack_users", "Resellers.pack_share"),
    ),
    # Who runs many accounts.
    Mechanism(
        "single_operators",
        "One hand works on many accounts that pose as strangers.",
        ("Preset.operators", "Operators", "Fronts"),
    ),
    Mechanism(
        "gateway_resellers",
        "A reseller spreads the traffic of many tenants over a pool of accounts.",
        ("Preset.gateways", "Resellers"),
    ),
    Mechanism(
        "storefronts",
        "A reseller opens an account for each tenant and hands it over.",
        ("Preset.storefronts", "Resellers"),
    ),
    Mechanism(
        "contractors",
        "People with accounts of their own making work off one principal's queue.",
        ("Preset.queues", "Contractors"),
    ),
    Mechanism(
        "compromised",
        "An intruder uses accounts of unrelated people beside their owners.",
        ("Preset.intruders", "Intruders"),
    ),
    # Tactics.
    Mechanism(
        "twin_operators",
        "Two rivals behave alike: same toolkit, vendors, hours and style of campaigns.",
        ("Operators.twins",),
    ),
    Mechanism(
        "compartments",
        "An operator keeps cells that share no server, card or domain.",
        ("Operators.cells",),
    ),
    Mechanism(
        "burn_and_rotate",
        "After a wave of bans an operator goes on with new accounts, servers, cards and domains.",
        ("Operators.rotates", "Operators.next_wave", "Operators.wave_hours"),
    ),
    Mechanism(
        "failover",
        "The work of a banned account is taken up by another within minutes.",
        ("Operators.failover", "Operators.failover_minutes", "Resellers.failover"),
    ),
    Mechanism(
        "personas", "Some accounts of an operator chat like a person besides.", ("Operators.personas",)
    ),
    Mechanism(
        "low_and_slow",
        "An operator keeps every account far below the usual load of its kind.",
        ("Operators.slow", "Operators.slowness"),
    ),
    Mechanism(
        "false_flags",
        "An operator plants a template, an issuer range or a name of another operator or an innocent.",
        ("Operators.plants", "Operators.planted"),
    ),
    Mechanism(
        "key_rotation",
        "All keys of an operator, or of a company, are renewed within an hour.",
        ("Operators.key_rotation", "Companies.key_rotation"),
    ),
    # The provider's own shocks, mistakes and gaps.
    Mechanism(
        "release_shock",
        "A new model comes out: everybody moves to it, and many come on that day.",
        ("Shocks.surge", "Shocks.moment"),
    ),
    Mechanism(
        "mistaken_bans",
        "Some innocent accounts are banned, and most of those who appeal come back.",
        ("Bans.mistaken",),
    ),
    Mechanism(
        "lost_logs",
        "In some hours part of the rows of a table is missing.",
        ("Logs.outages", "Logs.outage_hours", "Logs.lost"),
    ),
    Mechanism(
        "clock_skew",
        "Some devices and log servers stamp minutes off.",
        ("Logs.skewed", "Logs.skew_minutes"),
    ),
    Mechanism(
        "noisy_labels",
        "Some labels of earlier takedowns stand on somebody else's account.",
        ("Labels.wrong",),
    ),
    Mechanism(
        "biased_labels",
        "Earlier takedowns found the careless: careful operators and accounts bear no label.",
        ("Labels.bias",),
    ),
)

#: Every mechanism by name, in the order of the documentation.
MECHANISMS: Final[dict[str, Mechanism]] = {each.name: each for each in _ALL}

#: Mechanisms that put accounts in the hands of operators, resellers or principals.
HANDS: Final = ("single_operators", "gateway_resellers", "storefronts", "contractors")


def some(number: int, seed: int) -> list[str]:
    """Names of so many mechanisms, drawn by the seed, so that worlds differ in what happens in them; none of `HANDS`.

    Raises:
        SettingsError: there are not so many.
    """
    drawn_from = [name for name in MECHANISMS if name not in HANDS]
    if number > len(drawn_from):
        raise SettingsError(f"{number} mechanisms to leave out", f"at most {len(drawn_from)}")
    chosen = np.random.default_rng([seed, len(drawn_from)]).choice(drawn_from, number, replace=False)
    return sorted(chosen.tolist())


def named(names: Iterable[str]) -> frozenset[str]:
    """The names as a set.

    Raises:
        SettingsError: one is no mechanism; the message lists those there are.
    """
    chosen = frozenset(names)
    unknown = sorted(chosen - MECHANISMS.keys())
    if unknown:
        raise SettingsError(f"no mechanism '{unknown[0]}'", f"one of {', '.join(MECHANISMS)}")
    return chosen

"""How each mechanism is switched off in this family: by its ranges, or by leaving a population out.

The draws of a mechanism are made whether it is on or off; off, they come out as nothing. So the streams of the
others stay where they were.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from graphattr.simulate.tours.parameters import Ways

_NEVER: Final = (0.0, 0.0)

#: Sections and fields of `Ways` that take another value when the mechanism is off.
RANGES: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "vpn_exits": {"people": {"vpn_users": _NEVER}, "operators": {"vpn": _NEVER}},
    "residential_proxies": {"operators": {"proxy": _NEVER}},
    "tor": {"people": {"tor_users": _NEVER}, "operators": {"tor": _NEVER}},
    "hackathons": {"campuses": {"hackathon": _NEVER}},
    "second_accounts": {"people": {"second_account": _NEVER}},
    "fingerprint_collisions": {"devices": {"stock": _NEVER}},
    "rented_phones": {"people": {"rented_phone": _NEVER}, "fronts": {"rented_phone": _NEVER}},
    "card_vendors": {"fronts": {"vendor_cards": _NEVER}},
    "aged_accounts": {"operators": {"bought": _NEVER}},
    "device_farms": {"operators": {"farm": 0.0}, "people": {"farm_users": _NEVER}},
    "toolkits": {
        "operators": {"pack_share": _NEVER},
        "people": {"pack_users": _NEVER},
        "resellers": {"pack_share": _NEVER},
    },
    "twin_operators": {"operators": {"twins": 0.0}},
    "compartments": {"operators": {"cells": (1, 1)}},
    "burn_and_rotate": {"operators": {"rotates": 0.0}},
    "failover": {"operators": {"failover": _NEVER}, "resellers": {"failover": _NEVER}},
    "personas": {"operators": {"personas": _NEVER}},
    "low_and_slow": {"operators": {"slow": 0.0}},
    "false_flags": {"operators": {"plants": 0.0}},
    "key_rotation": {"operators": {"key_rotation": 0.0}, "companies": {"key_rotation": _NEVER}},
    "release_shock": {"shocks": {"surge": _NEVER}},
    "mistaken_bans": {"bans": {"mistaken": _NEVER}},
    "lost_logs": {"logs": {"outages": _NEVER}},
    "clock_skew": {"logs": {"skewed": _NEVER}},
    "noisy_labels": {"labels": {"wrong": _NEVER}},
    "biased_labels": {"labels": {"bias": _NEVER}},
}


def switched(ways: Ways, without: frozenset[str]) -> Ways:
    """The ways of a world without these mechanisms."""
    changed: dict[str, Any] = {}
    for name in sorted(without & RANGES.keys()):
        for section, fields in RANGES[name].items():
            changed[section] = replace(changed.get(section, getattr(ways, section)), **fields)
    return replace(ways, **changed)

"""Generator families: which populations make a world, and with which mechanics.

Family A is made of drivers on tours (see `tours.plan`). Family B has other mechanics (hidden states, quotas,
chains of accounts; see `states.world`), to test what was trained on A.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from graphattr.simulate.made import Made
from graphattr.simulate.presets import Preset
from graphattr.simulate.states.tables import build as _family_b
from graphattr.simulate.tours.companies import build_farms, companies
from graphattr.simulate.tours.contractors import contractors
from graphattr.simulate.tours.intruders import intruders
from graphattr.simulate.tours.operators import operators
from graphattr.simulate.tours.people import people
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.providers import lay_networks, rent_lines
from graphattr.simulate.tours.resellers import gateways, storefronts
from graphattr.simulate.tours.sites import campuses, households
from graphattr.simulate.tours.tables import Tours
from graphattr.simulate.tours.world import World

#: Populations of family A that are mechanisms of their own.
POPULATIONS: Final[dict[str, Callable[[Plan], None]]] = {
    "campuses": campuses,
    "companies": companies,
    "build_farms": build_farms,
    "single_operators": operators,
    "gateway_resellers": gateways,
    "storefronts": storefronts,
    "contractors": contractors,
    "compromised": intruders,
}


def plan_tours(preset: Preset, seed: int) -> Plan:
    """The finished plan of a world of family A."""
    plan = Plan(preset, seed)
    plan.layout = lay_networks(plan)
    crowd, homes = people(plan), households(plan)
    rent_lines(plan, np.concatenate([crowd.home, homes.home]), np.concatenate([crowd.isp, homes.isp]))
    for mechanism, population in POPULATIONS.items():
        if plan.on(mechanism):
            population(plan)
    return plan


def _family_a(preset: Preset, seed: int) -> Made:
    return Tours(World.of(plan_tours(preset, seed)))


FAMILIES: Final[dict[str, Callable[[Preset, int], Made]]] = {"A": _family_a, "B": _family_b}

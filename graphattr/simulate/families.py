"""Generator families: which populations make a world, and with which mechanics.

Family A is made of drivers on tours (see `plan`). A second family with other mechanics, to test what was
trained on this one, goes beside it as another entry of FAMILIES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from graphattr.simulate.made import Made
from graphattr.simulate.presets import Preset
from graphattr.simulate.tours.companies import companies
from graphattr.simulate.tours.contractors import contractors
from graphattr.simulate.tours.intruders import intruders
from graphattr.simulate.tours.operators import operators
from graphattr.simulate.tours.people import people
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.providers import lay_networks, rent_lines
from graphattr.simulate.tours.resellers import resellers
from graphattr.simulate.tours.sites import campuses, households
from graphattr.simulate.tours.tables import Tours
from graphattr.simulate.tours.world import World


def plan_tours(preset: Preset, seed: int) -> Plan:
    """The finished plan of a world of family A."""
    plan = Plan(preset, seed)
    users = preset.people + 3 * preset.households
    users += int(preset.campuses * preset.campus_size[1] + preset.companies * preset.company_size[1])
    plan.layout = lay_networks(plan, users)
    crowd, homes = people(plan), households(plan)
    rent_lines(plan, np.concatenate([crowd.home, homes.home]), np.concatenate([crowd.isp, homes.isp]))
    campuses(plan)
    companies(plan)
    operators(plan)
    resellers(plan)
    contractors(plan)
    intruders(plan)
    return plan


def _family_a(preset: Preset, seed: int) -> Made:
    return Tours(World.of(plan_tours(preset, seed)))


FAMILIES: Final[dict[str, Callable[[Preset, int], Made]]] = {"A": _family_a}

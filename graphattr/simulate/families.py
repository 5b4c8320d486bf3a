"""Generator families: which populations make a world, and with which mechanics.

Family A is made of drivers on tours (see `plan`). A second family with other mechanics, to test what was
trained on this one, goes beside it as another entry of FAMILIES: a function that fills an empty plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from graphattr.simulate.companies import companies
from graphattr.simulate.contractors import contractors
from graphattr.simulate.intruders import intruders
from graphattr.simulate.operators import operators
from graphattr.simulate.people import people
from graphattr.simulate.plan import Plan
from graphattr.simulate.providers import lay_networks, rent_lines
from graphattr.simulate.resellers import resellers
from graphattr.simulate.sites import campuses, households


def _family_a(plan: Plan) -> None:
    preset = plan.preset
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


FAMILIES: Final[dict[str, Callable[[Plan], None]]] = {"A": _family_a}

"""Is a simulated world realistic? `python -m graphattr.simulate.realism WORLD` prints three tables.

- Marginal distributions beside what is published (`marginals`, `published`).
- How far each single feature links the accounts of one controller (`link_power`): no circumstance alone may.
- How far each single feature tells accounts that are not innocent from the others (`account_power`).
"""

from graphattr.simulate.realism.accounts import MARKER, account_power
from graphattr.simulate.realism.features import MEASURED, MIXES, SHARED, WEIGHTED
from graphattr.simulate.realism.links import TOO_EASY, link_power
from graphattr.simulate.realism.marginals import marginals
from graphattr.simulate.realism.published import Status, published

__all__ = [
    "MARKER",
    "MEASURED",
    "MIXES",
    "SHARED",
    "TOO_EASY",
    "WEIGHTED",
    "Status",
    "account_power",
    "link_power",
    "marginals",
    "published",
]

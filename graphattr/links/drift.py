"""How far the signals of a run are from those that the model was fitted on, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import ALL_LIKENESSES, likenesses
from graphattr.links.pieces import Candidates
from graphattr.links.profiles import Profiles
from graphattr.records import SIGNAL
from models import AdditiveModel

Array = NDArray[np.float64]

#: Candidate pairs that the drift is measured on.
PAIRS: Final = 100_000
#: Population stability index above which a likeness is not what the training saw: its curve is not used.
FAR: Final = 2.0
#: Share of a signal's uses in classes without a curve from which the signal counts as unfamiliar.
STRANGE: Final = 0.5


@dataclass(frozen=True)
class Drift:
    """How far the signals are from the training's.

    Attributes:
        index: population stability index of each likeness with a curve; nan where the run has no values.
        strange: signals whose values are mostly of classes that no training saw.
        model: the model without the curves that do not fit these signals.
    """

    index: dict[str, float]
    strange: tuple[str, ...]
    model: AdditiveModel

    @property
    def familiar(self) -> bool:
        """Whether the signals are of the kinds that the training saw."""
        return bool(self.model.curves)

    @property
    def far(self) -> tuple[str, ...]:
        """Likenesses that are too far from the training's to be read by its curves."""
        return tuple(name for name, value in self.index.items() if value > FAR)


def drift(
    index: Index, profiles: Profiles, found: Candidates, model: AdditiveModel, gnn: Array | None = None
) -> Drift:
    """Compares the likenesses of candidate pairs, and the classes of shared values, with the training's.

    Args:
        index: the run's index.
        profiles: its profiles.
        found: its candidate pairs.
        model: the evidence model; one without curves drifts from nothing.
        gnn: log10 odds of the graph network for the candidate pairs, if there is one.
    """
    step = max(len(found) // PAIRS, 1)
    values = likenesses(profiles, found.a[::step], found.b[::step]) if model.curves else {}
    if gnn is not None:
        values["gnn"] = gnn[::step]
    curves = {name: model.curves[name] for name in ALL_LIKENESSES if name in model.curves}
    measured = {name: curve.drift(values.get(name, np.empty(0))) for name, curve in curves.items()}
    strange = _strange(index, model) if model.curves else ()
    found_far = Drift(measured, strange, model)
    if 2 * len(found_far.far) > sum(not np.isnan(value) for value in measured.values()):
        # The curves were fitted together: what is left of them when most do not fit is no model.
        return Drift(measured, strange, model.restricted(()))
    dropped = {*found_far.far, *(f"absent:{name}" for name in strange)}
    return Drift(measured, strange, model.restricted(model.curves.keys() - dropped))


def _strange(index: Index, model: AdditiveModel) -> tuple[str, ...]:
    """Signals of which most uses of shared values have no curve."""
    uses: dict[str, list[int]] = {}
    for signal, kind, holders in index.values.select("signal", "kind", "holders").iter_rows():
        known, unknown = uses.setdefault(signal, [0, 0])
        fits = model.key(signal, kind) is not None
        uses[signal] = [known + holders * fits, unknown + holders * (not fits)]
    return tuple(name for name in SIGNAL if name in uses and uses[name][1] > STRANGE * sum(uses[name]))


def told(values: Array) -> Array:
    """Deciles of a feature's values without the two ends, rounded; empty without values."""
    known = values[~np.isnan(values)]
    return np.round(np.quantile(known, np.arange(1, 10) / 10), 4) if len(known) else np.empty(0)

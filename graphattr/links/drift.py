"""How far the signals of a run are from those that the model was fitted on, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import LIKENESSES, likenesses
from graphattr.links.profiles import Profiles
from graphattr.records import SIGNAL
from models import AdditiveModel
from models.additive import NO_CLASS
from models.linkage import CURVE

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Candidate pairs that the drift is measured on.
PAIRS: Final = 100_000
#: Share of the uses of shared values without a curve from which no curve is used.
STRANGE: Final = 0.5
#: Mean likelihood ratio of random pairs above which the graph network is not used, and how many pairs it is taken of.
TOO_ALIKE: Final = 3.0
RANDOM: Final = 50_000


@dataclass(frozen=True)
class Drift:
    """How far the signals are from the training's.

    Attributes:
        index: population stability index of each likeness with a curve; nan where the run has no values.
        strange: signals whose values are mostly of classes that no training saw.
        model: the model as it is to be used: without any curve where most shared values have none.
    """

    index: dict[str, float]
    strange: tuple[str, ...]
    model: AdditiveModel

    @property
    def familiar(self) -> bool:
        """Whether the signals are of the kinds that the training saw."""
        return bool(self.model.curves)


def drift(index: Index, profiles: Profiles, a: Whole, b: Whole, model: AdditiveModel) -> Drift:
    """Compares the likenesses of candidate pairs, and the classes of shared values, with the training's.

    Curves are used all together or not at all: they were fitted so that their sum is a likelihood ratio, and a sum
    with one of them left out is none.

    Args:
        index: the run's index.
        profiles: its profiles.
        a, b: account numbers of its candidate pairs, shape (n,).
        model: the evidence model; one without curves drifts from nothing.
    """
    if not model.curves:
        return Drift({}, (), model)
    step = max(len(a) // PAIRS, 1)
    values = likenesses(profiles, a[::step], b[::step])
    curves = {name: model.curves[name] for name in LIKENESSES if name in model.curves}
    measured = {name: curve.drift(values.get(name, np.empty(0))) for name, curve in curves.items()}
    uses = _uses(index, model)
    strange = tuple(name for name in SIGNAL if name in uses and uses[name][1] > STRANGE * sum(uses[name]))
    known, unknown = (sum(one[end] for one in uses.values()) for end in (0, 1))
    foreign = unknown > STRANGE * (known + unknown)
    return Drift(measured, strange, model.restricted(()) if foreign else model)


def strangers(model: AdditiveModel, odds: Array, linked: Array) -> float:
    """Mean likelihood ratio that the network's curve gives random pairs of two controllers, cut at the group's cap.

    Over pairs of two controllers the mean of a likelihood ratio is 1, whatever the evidence (Turing and Good). A
    network that finds strangers alike is out of its depth, and this shows it without any label. What the other evidence
    holds to be pairs of one controller is left out: in a small run they are so many that they alone would raise it.

    Args:
        model: the evidence model, with a curve for the network.
        odds: what the network says of random pairs (`graph_input.log10_odds`), shape (n,).
        linked: probability that each pair shares a controller, by all other evidence, shape (n,).

    Returns:
        The mean, weighted by the probability of two controllers; 0 without any pair.
    """
    strange = float((1 - linked).sum())
    if not strange:
        return 0.0  # no stranger to be found alike
    curve = model.curves[CURVE]
    ratio = np.power(10.0, np.minimum(curve.at(odds), model.caps[curve.group]))
    return float((ratio * (1 - linked)).sum()) / strange


def _uses(index: Index, model: AdditiveModel) -> dict[str, tuple[int, int]]:
    """Uses of shared values by signal: of classes with a curve, and of others."""
    uses: dict[str, tuple[int, int]] = {}
    for signal, kind, holders in index.values.select("signal", "kind", "holders").iter_rows():
        known, unknown = uses.get(signal, (0, 0))
        # A class that no training saw is foreign, although its values can be read as of no known class.
        fits = model.key(signal, kind) in (signal, f"{signal}:{kind or NO_CLASS}")
        uses[signal] = (known + holders * fits, unknown + holders * (not fits))
    return uses


def told(values: Array) -> Array:
    """Deciles of a feature's values without the two ends, rounded; empty without values."""
    known = values[~np.isnan(values)]
    return np.round(np.quantile(known, np.arange(1, 10) / 10), 4) if len(known) else np.empty(0)

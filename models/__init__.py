"""Numbers in, scores out: the linkage model's parameters and arithmetic. Knows nothing of runs or stores."""

from models.additive import (
    AdditiveModel,
    Curve,
    SignalParameters,
    field_guided_model,
    load_model,
    shipped_model,
)
from models.calibration import NO_RINGS, KnownRings, load_rings, shipped_rings
from models.documents import ModelError

__all__ = [
    "NO_RINGS",
    "AdditiveModel",
    "Curve",
    "KnownRings",
    "ModelError",
    "SignalParameters",
    "field_guided_model",
    "load_model",
    "load_rings",
    "shipped_model",
    "shipped_rings",
]

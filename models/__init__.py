"""Numbers in, scores out: the linkage model's parameters and arithmetic. Knows nothing of runs or stores."""

from models.additive import AdditiveModel, ModelError, SignalParameters, load_model, shipped_model

__all__ = ["AdditiveModel", "ModelError", "SignalParameters", "load_model", "shipped_model"]

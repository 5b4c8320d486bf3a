"""What a run links accounts with: the evidence model, and the graph network that it may read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from models.additive import AdditiveModel, load_model
from models.documents import ModelError
from models.gnn.weights import Weights, read_weights

#: Name of the curve that reads the network, and of the network's file beside the model's.
CURVE: Final = "gnn"
NETWORK_FILE: Final = "gnn.npz"


@dataclass(frozen=True)
class Linkage:
    """A model as it is used.

    Attributes:
        model: the evidence model.
        network: the graph network that its curve "gnn" was fitted to; None where it has no such curve.
    """

    model: AdditiveModel
    network: Weights | None = None


def load_linkage(path: Path) -> Linkage:
    """Reads a model folder, or a model file with the network beside it where its curves name one.

    Raises:
        ModelError: a file is unreadable or holds something else, or the network is missing.
    """
    model = load_model(path)
    if CURVE not in model.curves:
        return Linkage(model)
    beside = (path if path.is_dir() else path.parent) / NETWORK_FILE
    if not beside.is_file():
        raise ModelError(f"the model '{model.name}' reads a graph network, but there is no {beside}")
    return Linkage(model, read_weights(beside))


def shipped_linkage() -> Linkage:
    """The model that ships with the project, used where no other is named."""
    with resources.as_file(resources.files("models").joinpath("shipped/linkage")) as folder:
        return load_linkage(folder)

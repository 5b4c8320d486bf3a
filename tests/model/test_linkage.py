"""A model folder: the network is read where the curves name one, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models import AdditiveModel, Curve, ModelError, field_guided_model, shipped_model
from models.gnn import Weights, write_weights
from models.gnn.weights import Layout
from models.linkage import NETWORK_FILE, Linkage, load_linkage, shipped_linkage

PLAIN = field_guided_model()
READING = PLAIN.model_copy(
    update={"curves": {"gnn": Curve(group="graph", knots=(0.0, 1.0), values=(-1.0, 1.0), pairs=9)}}
)
NETWORK = Weights(
    Layout("full", 4, 2, 1.0, ("device",), ("created",), ("hub",), ("gap",)), {"x": np.ones(3, np.float32)}
)


def folder(path: Path, model: AdditiveModel, network: Weights | None = NETWORK) -> Path:
    path.mkdir()
    (path / "model.json").write_text(json.dumps(model.model_dump(mode="json")))
    if network is not None:
        write_weights(path / NETWORK_FILE, network)
    return path


def test_the_network_is_read_beside_the_model(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", READING)
    for path in (made, made / "model.json"):
        found = load_linkage(path)
        assert found.model == READING
        assert found.network is not None
        assert found.network.sha256 == NETWORK.sha256


def test_a_model_that_reads_no_network_has_none(tmp_path: Path) -> None:
    assert load_linkage(folder(tmp_path / "m", PLAIN)) == Linkage(PLAIN, None)
    assert load_linkage(folder(tmp_path / "n", PLAIN, None)) == Linkage(PLAIN, None)


def test_a_missing_network_is_told(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", READING, None)
    with pytest.raises(ModelError, match=r"reads a graph network, but there is no .*gnn\.npz"):
        load_linkage(made)


def test_an_altered_network_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", READING)
    content = bytearray((made / NETWORK_FILE).read_bytes())
    place = content.index(np.ones(3, np.float32).tobytes())
    content[place] ^= 1
    (made / NETWORK_FILE).write_bytes(content)
    with pytest.raises(ModelError):
        load_linkage(made)


def test_the_shipped_model_is_found() -> None:
    assert shipped_linkage().model == shipped_model()

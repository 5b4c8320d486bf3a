"""The weights file: same bytes, nothing altered, nothing of another kind."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.gnn.toy import network, random_world
from models import ModelError
from models.gnn import Weights, read_weights, write_weights
from models.gnn import weights as module


@pytest.fixture
def weights() -> Weights:
    return replace(network(random_world(1))[1], note="of a test")


def test_what_is_read_is_what_was_written(tmp_path: Path, weights: Weights) -> None:
    digest = write_weights(tmp_path / "one.npz", weights)
    back = read_weights(tmp_path / "one.npz")
    assert (back.layout, back.note, back.sha256) == (weights.layout, "of a test", digest)
    for name, array in weights.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array)
    write_weights(tmp_path / "two.npz", back)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "two.npz"]


def test_the_digest_covers_every_number_and_name(weights: Weights) -> None:
    name = "decoder.last.bias"
    other = {**weights.arrays, name: weights.arrays[name] + np.float32(1e-6)}
    digests = {
        weights.sha256,
        replace(weights, arrays=other).sha256,
        replace(weights, layout=replace(weights.layout, norm=0.0)).sha256,
        replace(weights, note="of another").sha256,
    }
    assert len(digests) == 4


def rewritten(path: Path, **changes: object) -> None:
    """Changes the file's description and leaves the rest as it is."""
    with np.load(path) as file:
        stored = {name: file[name] for name in file.files}
    document = {**json.loads(stored["description"].tobytes()), **changes}
    np.savez(path, **{**stored, "description": np.frombuffer(json.dumps(document).encode(), np.uint8)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "is of format 2, expected 1"),
        ({"norm": 0.5}, "was altered"),
        ({"relations": ["ip"]}, "was altered"),
        ({"sha256": "0" * 64}, "was altered"),
        ({"colour": "red"}, "does not hold a graph network"),
    ],
)
def test_an_altered_file_is_refused(
    tmp_path: Path, weights: Weights, changes: dict[str, object], words: str
) -> None:
    path = tmp_path / "file.npz"
    write_weights(path, weights)
    rewritten(path, **changes)
    with pytest.raises(ModelError, match=words):
        read_weights(path)


def test_what_is_no_weights_file_is_refused(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "file.npz"
    write_weights(path, weights)
    half = path.read_bytes()[:-200]
    buffer = io.BytesIO()
    np.savez(buffer, description=np.array([{"format": 1}], dtype=object))
    for content in (b"", b"not an archive", half, buffer.getvalue()):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"does not hold a graph network|cannot read"):
            read_weights(path)
    with pytest.raises(ModelError, match="cannot read the graph network"):
        read_weights(tmp_path / "none.npz")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.npz"
    write_weights(path, weights)
    old = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_weights(path, replace(weights, note="new"))
    assert path.read_bytes() == old

"""The trained network as a file: arrays and their description in one .npz, without pickle, with a digest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.documents import ModelError
from models.gnn.graph import Floats, Graph, Pairs
from models.gnn.prepare import Inputs, Scale, prepare

#: Raised when the arithmetic or the arrays change, so that no file is read by code that means something else.
FORMAT: Final = 1
MODES: Final = ("full", "sign")


@dataclass(frozen=True)
class Layout:
    """What the network was made for.

    Attributes:
        mode: "full" (message passing) or "sign" (features propagated beforehand).
        hidden: width of the embeddings.
        layers: message passing layers; hops in mode "sign".
        norm: exponent of the degree that a sum of messages is divided by: 0 sum, 1 mean.
        relations, account_names, value_names, pair_names: what it was trained on, in order.
    """

    mode: str
    hidden: int
    layers: int
    norm: float
    relations: tuple[str, ...]
    account_names: tuple[str, ...]
    value_names: tuple[str, ...]
    pair_names: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """A trained network.

    Attributes:
        layout: what it was made for.
        arrays: float32 arrays by parameter name, the scales of the features among them ("scale.values.centre").
        note: where it comes from, in a sentence.
    """

    layout: Layout
    arrays: Mapping[str, Floats] = field(repr=False)
    note: str = ""

    @property
    def sha256(self) -> str:
        """Digest of layout, note and arrays, independent of the file around them."""
        digest = hashlib.sha256(_described(self).encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name], "<f4")
            digest.update(f"{name}{array.shape}".encode() + array.tobytes())
        return digest.hexdigest()

    def scale(self, name: str) -> Scale:
        """Scale of the features of "values" or "pairs"."""
        return Scale(self.arrays[f"scale.{name}.centre"], self.arrays[f"scale.{name}.spread"])

    def prepare(self, graph: Graph) -> Inputs:
        """The graph, ready for this network.

        Raises:
            ModelError: the graph has other features, or relations that the network does not know.
        """
        check_names(self.layout, graph)
        return prepare(graph, self.scale("values"), self.layout.relations)


def check_names(layout: Layout, graph: Graph | None = None, pairs: Pairs | None = None) -> None:
    """Refuses a graph or pairs with other features than the network was trained on; missing relations are fine.

    Raises:
        ModelError: the names differ.
    """
    named: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    if graph is not None:
        named.append(("account features", layout.account_names, graph.account_names))
        named.append(("value features", layout.value_names, graph.value_names))
    if pairs is not None:
        named.append(("pair features", layout.pair_names, pairs.feature_names))
    for what, wanted, got in named:
        if got != wanted:
            raise ModelError(f"the graph network expects {what} {list(wanted)}, got {list(got)}")
    unknown = sorted(set(graph.relations) - set(layout.relations)) if graph else []
    if unknown:
        raise ModelError(
            f"the graph network does not know the relations {unknown}; it has {list(layout.relations)}"
        )


def write_weights(path: Path, weights: Weights) -> str:
    """Writes the file, whole or not at all; the same weights give the same bytes. Returns the digest."""
    buffer = io.BytesIO()
    described = json.dumps({"format": FORMAT, "sha256": weights.sha256, **json.loads(_described(weights))})
    arrays: dict[str, Any] = {f"array.{name}": weights.arrays[name] for name in sorted(weights.arrays)}
    np.savez(buffer, description=np.frombuffer(described.encode(), np.uint8), **arrays)
    write_whole(path, buffer.getvalue())
    return weights.sha256


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the file, then renames: whoever looks sees the old file or the new one, never half of it."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_weights(path: Path) -> Weights:
    """Reads a file of `write_weights`.

    Raises:
        ModelError: the file is unreadable, of another format, or its content is not what its digest says.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        document = json.loads(stored.pop("description").tobytes().decode())
        kind, sha256, note = document.pop("format"), document.pop("sha256"), document.pop("note")
        if kind != FORMAT:
            raise ModelError(f"{path} is of format {kind}, expected {FORMAT}: train the model anew")
        names: dict[str, Any] = {
            key: tuple(item) if isinstance(item, list) else item for key, item in document.items()
        }
        arrays = {name.removeprefix("array."): array for name, array in stored.items()}
        weights = Weights(Layout(**names), arrays, str(note))
    except OSError as error:
        raise ModelError(f"cannot read the graph network {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} does not hold a graph network: {error}") from error
    if weights.sha256 != sha256 or weights.layout.mode not in MODES:
        raise ModelError(f"{path} was altered: its content has SHA-256 {weights.sha256}, it says {sha256}")
    return weights


def _described(weights: Weights) -> str:
    return json.dumps({**asdict(weights.layout), "note": weights.note}, sort_keys=True)

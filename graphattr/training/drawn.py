"""Samples of worlds on disk, so that a training that was stopped goes on where it was."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graphattr.links.samples import Sample
from models.gnn.weights import write_whole

#: Arrays of a sample with one entry a pair.
ARRAYS: Final = ("a", "b", "same", "weight", "candidate", "owner_a", "owner_b")


@dataclass(frozen=True)
class Drawn:
    """A sample of a world with the stratum of each of the world's accounts, shape (N,)."""

    sample: Sample
    stratum: NDArray[np.str_]


def write_drawn(drawn: Drawn, path: Path) -> None:
    """Writes a sample whole or not at all."""
    pairs = drawn.sample
    arrays: dict[str, Any] = {f"feature {key}": values for key, values in pairs.features.items()}
    arrays |= {name: getattr(pairs, name) for name in ARRAYS} | {"stratum": drawn.stratum}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, prior=np.array(pairs.prior), **arrays)
    write_whole(path, buffer.getvalue())


def read_drawn(path: Path) -> Drawn:
    """Reads what `write_drawn` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    mark = "feature "
    features = {name.removeprefix(mark): values for name, values in arrays.items() if name.startswith(mark)}
    pairs = Sample(features=features, prior=float(arrays["prior"]), **{name: arrays[name] for name in ARRAYS})
    return Drawn(pairs, arrays["stratum"])

"""The state of a training after an epoch: enough to go on as if nothing had happened."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.documents import ModelError
from models.gnn.graph import Graph, Pairs
from models.gnn.weights import write_whole


@dataclass
class State:
    """Where a training stands after `epoch` epochs.

    No random state is among it: every epoch seeds its own generators with its number.

    Attributes:
        epoch: epochs done.
        network: parameters. optimizer: its state.
        best: parameters of the epoch with the smallest validation loss. best_loss, best_epoch: that epoch's.
        losses: training and validation loss of each epoch.
    """

    epoch: int
    network: dict[str, Tensor]
    optimizer: dict[str, Any]
    best: dict[str, Tensor]
    best_loss: float
    best_epoch: int
    losses: list[tuple[float, float]]


def save(path: Path, state: State, fingerprint: str) -> None:
    """Writes the checkpoint, whole or not at all."""
    buffer = io.BytesIO()
    torch.save({**vars(state), "fingerprint": fingerprint}, buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path, fingerprint: str, device: torch.device) -> State | None:
    """Reads a checkpoint; None if there is none.

    Raises:
        ModelError: the file is no checkpoint, or one of another training (other data or options).
    """
    if not path.exists():
        return None
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("not an archive")
        stored = torch.load(path, map_location=device, weights_only=True)
        made_for = stored.pop("fingerprint")
        state = State(**stored)
    except (
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise ModelError(f"{path} is not a checkpoint of a training: {error}") from error
    if made_for != fingerprint:
        raise ModelError(
            f"{path} is the checkpoint of a training with other worlds or options;"
            " expected the same ones. Remove it to train anew"
        )
    return state


def fingerprint(worlds: Sequence[tuple[Graph, Pairs]], options: dict[str, Any]) -> str:
    """Digest of everything that a training depends on."""
    digest = hashlib.sha256(json.dumps([options, torch.__version__, np.__version__]).encode())
    for graph, pairs in worlds:
        tables: list[Any] = [graph.accounts, pairs.a, pairs.b, pairs.table, pairs.label, pairs.weight]
        tables += [pairs.group_a, pairs.group_b]
        names: list[Any] = [graph.account_names, graph.value_names, pairs.feature_names, graph.window_days]
        for name, relation in sorted(graph.relations.items()):
            names.append(name)
            tables += [getattr(relation, key) for key in relation.__dataclass_fields__]
        digest.update(json.dumps(names).encode())
        for table in tables:
            digest.update(b"none" if table is None else f"{table.shape}".encode() + table.tobytes())
    return digest.hexdigest()

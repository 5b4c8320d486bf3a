"""Encoder and decoder together, and the logits of some pairs of a training world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.gnn.decoder import PairDecoder
from models.gnn.encoder import Encoder, SignEncoder
from models.gnn.graph import Floats, Pairs, Whole
from models.gnn.prepare import Common, Scale, Seen, pair_side
from models.gnn.sign import Propagated, account_factor, propagate, value_factor
from models.gnn.tensors import GraphTensors, SharedTensors, graph_tensors, shared_tensors, tensor
from models.gnn.weights import Layout
from models.gnn.worlds import World


class Network(nn.Module):
    """The whole network; its parameter names are those of the weights file."""

    def __init__(self, layout: Layout, dropout: float = 0.0) -> None:
        super().__init__()
        self.layout = layout
        self.encoder = SignEncoder(layout, dropout) if layout.mode == "sign" else Encoder(layout, dropout)
        self.decoder = PairDecoder(layout, dropout)

    def arrays(self) -> dict[str, Floats]:
        """Copies of the parameters as numpy arrays."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.state_dict().items()}

    def load_arrays(self, arrays: Mapping[str, Floats]) -> None:
        """Sets the parameters from arrays of those names; others (scales) are left alone."""
        self.load_state_dict({name: torch.from_numpy(arrays[name].copy()) for name in self.state_dict()})


@dataclass(frozen=True)
class OnDevice:
    """A training world as the network reads it: `graph` in mode "full", `rows` in mode "sign"."""

    world: World
    scale: Scale
    device: torch.device
    graph: GraphTensors | None
    rows: Propagated | None


def on_device(
    world: World, scale: Scale, layout: Layout, device: torch.device, folder: Path | None = None
) -> OnDevice:
    """Moves a world to the device ("full"), or propagates its features ("sign"; into `folder` if given)."""
    if layout.mode == "sign":
        return OnDevice(world, scale, device, None, propagate(world.inputs, layout, folder))
    return OnDevice(world, scale, device, graph_tensors(world.inputs, layout, device), None)


def encode(network: Network, given: OnDevice, seen: Seen) -> tuple[Tensor, dict[str, Tensor]]:
    """Embeddings of a whole graph in mode "full": accounts (n, d), values by relation (v, d)."""
    if given.graph is None:
        raise ValueError('encode is for mode "full"; mode "sign" embeds the rows of a batch')
    h, values = network.encoder(given.graph.shown(network.layout.relations, seen))
    return h, values


def logits(
    network: Network,
    given: OnDevice,
    pairs: Whole,
    seen: Seen,
    encoded: tuple[Tensor, dict[str, Tensor]] | None = None,
) -> Tensor:
    """Logits of the pairs at some (sorted) positions of a world, shape (k,).

    Args:
        network: the network.
        given: the world.
        pairs: positions in `world.pairs`.
        seen: what is shown.
        encoded: result of `encode` for the same graph and `seen`, to spare doing it again (mode "full").
    """
    world, device = given.world, given.device
    part = Pairs(
        world.pairs.a[pairs], world.pairs.b[pairs], world.pairs.table[pairs], world.pairs.feature_names
    )
    factor = np.concatenate([np.tile(seen.accounts, 3), np.tile(seen.pairs, 2)])
    side = tensor(pair_side(world.inputs.accounts, part, given.scale) * factor, device)
    common = {name: rows.take(pairs) for name, rows in world.common.items() if name in seen.active}
    if given.rows is not None:
        h, values, a, b, common = _encode_rows(network, given.rows, device, part, common, seen)
    else:
        h, values = encode(network, given, seen) if encoded is None else encoded
        a, b = torch.from_numpy(part.a).to(device), torch.from_numpy(part.b).to(device)
    shared: dict[str, SharedTensors] = {
        name: shared_tensors(rows, device, name in seen.timed) for name, rows in common.items()
    }
    out: Tensor = network.decoder(h[a], h[b], side, values, shared)
    return out


def _encode_rows(
    network: Network,
    features: Propagated,
    device: torch.device,
    pairs: Pairs,
    common: Mapping[str, Common],
    seen: Seen,
) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor, dict[str, Common]]:
    """Mode "sign": embeddings of the batch's accounts and values alone, and the numbers of those in the batch."""
    layout = network.layout
    met, ends = np.unique(np.concatenate([pairs.a, pairs.b]), return_inverse=True)
    accounts = tensor(features.accounts[met] * account_factor(layout, seen), device)
    values, renumbered = {}, {}
    for name, rows in common.items():
        held, place = np.unique(rows.value, return_inverse=True)
        values[name] = tensor(features.values[name][held] * value_factor(layout, name, seen), device)
        renumbered[name] = Common(rows.pair, place, rows.features, rows.weight)
    h, embedded = network.encoder(accounts, values)
    a, b = (torch.from_numpy(part).to(device) for part in np.split(ends, 2))
    return h, embedded, a, b, renumbered

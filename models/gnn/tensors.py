"""Prepared numpy arrays as tensors of PyTorch and PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch_geometric import EdgeIndex  # type: ignore[import-untyped]

from models.gnn.graph import Floats, Whole
from models.gnn.prepare import SHARED_TIMED, TIMED, Common, Inputs, Part, Seen, dropped_columns
from models.gnn.weights import Layout


@dataclass(frozen=True)
class Edges:
    """One relation on a device.

    Attributes:
        up: edges (value, account), down: (account, value), each with its compressed forms stored: neither a product
            nor its gradient has to sort.
        to_value, to_account: factor of the sum at each value (v, 1) and account (n, 1), degree ** -norm.
        value_side: as in `prepare.Part`.
    """

    up: EdgeIndex
    down: EdgeIndex
    to_value: Tensor
    to_account: Tensor
    value_side: Tensor

    def gather(self, h: Tensor) -> Tensor:
        """Sums over the holders of each value, divided: (n, d) to (v, d)."""
        return _product(self.up, h) * self.to_value

    def spread(self, h: Tensor) -> Tensor:
        """Sums over the values of each account, divided: (v, d) to (n, d)."""
        return _product(self.down, h) * self.to_account

    def timeless(self) -> Edges:
        """The relation as it would be in a table without times."""
        factor = dropped_columns(TIMED, False, self.value_side.shape[1] - len(TIMED))
        return replace(self, value_side=self.value_side * torch.from_numpy(factor).to(self.value_side.device))


@dataclass(frozen=True)
class GraphTensors:
    """A prepared graph on a device.

    Attributes:
        accounts: account channels, (n, 2 F).
        account_sides: `prepare.Part.account_side` of all relations of the layout side by side, (n, 7 R); 0 for one
            that the graph lacks.
        edges: by relation.
    """

    accounts: Tensor
    account_sides: Tensor
    edges: Mapping[str, Edges]

    def shown(self, relations: Sequence[str], seen: Seen) -> GraphTensors:
        """The graph as a step is shown it; `relations` are those of the layout."""
        keep = np.concatenate([seen.accounts, seen.accounts])
        sides = [dropped_columns(TIMED, name in seen.timed) * (name in seen.active) for name in relations]
        edges = {
            name: edges if name in seen.timed else edges.timeless()
            for name, edges in self.edges.items()
            if name in seen.active
        }
        device = self.accounts.device
        return GraphTensors(
            self.accounts * tensor(keep, device),
            self.account_sides * tensor(np.concatenate(sides), device),
            edges,
        )


@dataclass(frozen=True)
class SharedTensors:
    """Common values of one relation on a device: pair (k,), value (k,), features (k, 6), weight (k, 1)."""

    pair: Tensor
    value: Tensor
    features: Tensor
    weight: Tensor


def graph_tensors(inputs: Inputs, layout: Layout, device: torch.device) -> GraphTensors:
    """Moves a prepared graph to a device."""
    edges = {name: _edges(part, layout.norm, device) for name, part in inputs.parts.items()}
    sides = tensor(inputs.account_sides(layout.relations), device)
    return GraphTensors(tensor(inputs.accounts, device), sides, edges)


def shared_tensors(common: Common, device: torch.device, timed: bool = True) -> SharedTensors:
    """Moves common values to a device; `timed` false: as if the relation had no times."""
    features = common.features if timed else common.features * dropped_columns(SHARED_TIMED, False)
    pair, value = (torch.from_numpy(numbers).to(device) for numbers in (common.pair, common.value))
    return SharedTensors(pair, value, tensor(features, device), tensor(common.weight[:, None], device))


def tensor(array: Floats, device: torch.device) -> Tensor:
    """A float32 tensor on a device."""
    return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(device)


def degree_factor(degree: Whole, norm: float) -> Floats:
    """degree ** -norm, shape (m, 1); degree 0 counts as 1."""
    factor = np.power(np.maximum(degree, 1).astype(np.float64), -norm)
    return factor.astype(np.float32)[:, None]


def _edges(part: Part, norm: float, device: torch.device) -> Edges:
    order = np.argsort(part.value, kind="stable")
    accounts, values = len(part.held), len(part.holders)
    return Edges(
        _index(part.value[order], part.account[order], (values, accounts), device),
        _index(part.account, part.value, (accounts, values), device),
        tensor(degree_factor(part.holders, norm), device),
        tensor(degree_factor(part.held, norm), device),
        tensor(part.value_side, device),
    )


def _index(to: Whole, of: Whole, shape: tuple[int, int], device: torch.device) -> EdgeIndex:
    ends = torch.from_numpy(np.stack([to, of])).to(device)
    return EdgeIndex(ends, sparse_size=shape, sort_order="row").fill_cache_()


def _product(index: EdgeIndex, h: Tensor) -> Tensor:
    # Half precision is for dense products only: a hub's sum over thousands of holders needs all digits.
    with torch.autocast(h.device.type, enabled=False):
        product: Tensor = index.matmul(h.float())
        return product

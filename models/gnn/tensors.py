"""Prepared numpy arrays as tensors of PyTorch and PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch_geometric import EdgeIndex  # type: ignore[import-untyped]

from models.gnn.graph import Floats, Whole
from models.gnn.prepare import SHARED_TIMED, TIMED, Common, Inputs, Part, dropped_columns


@dataclass(frozen=True)
class Edges:
    """One relation on a device.

    Attributes:
        up: edges (value, account), down: (account, value), each with its compressed forms stored: neither a product
            nor its gradient has to sort.
        to_value, to_account: factor of the sum at each value (v, 1) and account (n, 1), degree ** -norm.
        value_side, account_side: as in `prepare.Part`.
    """

    up: EdgeIndex
    down: EdgeIndex
    to_value: Tensor
    to_account: Tensor
    value_side: Tensor
    account_side: Tensor

    def gather(self, h: Tensor) -> Tensor:
        """Sums over the holders of each value, divided: (n, d) to (v, d)."""
        return _product(self.up, h) * self.to_value

    def spread(self, h: Tensor) -> Tensor:
        """Sums over the values of each account, divided: (v, d) to (n, d)."""
        return _product(self.down, h) * self.to_account

    def timeless(self) -> Edges:
        """The relation as it would be in a table without times."""
        return replace(
            self,
            value_side=self.value_side * self._columns(self.value_side.shape[1] - len(TIMED)),
            account_side=self.account_side * self._columns(0),
        )

    def _columns(self, before: int) -> Tensor:
        return torch.from_numpy(dropped_columns(TIMED, False, before)).to(self.value_side.device)


@dataclass(frozen=True)
class GraphTensors:
    """A prepared graph on a device: account channels (n, 2 F) and edges by relation."""

    accounts: Tensor
    edges: Mapping[str, Edges]


@dataclass(frozen=True)
class SharedTensors:
    """Common values of one relation on a device: pair (k,), value (k,), features (k, 6), weight (k, 1)."""

    pair: Tensor
    value: Tensor
    features: Tensor
    weight: Tensor


def graph_tensors(inputs: Inputs, norm: float, device: torch.device) -> GraphTensors:
    """Moves a prepared graph to a device."""
    edges = {name: _edges(part, norm, device) for name, part in inputs.parts.items()}
    return GraphTensors(tensor(inputs.accounts, device), edges)


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
        tensor(part.account_side, device),
    )


def _index(to: Whole, of: Whole, shape: tuple[int, int], device: torch.device) -> EdgeIndex:
    ends = torch.from_numpy(np.stack([to, of])).to(device)
    return EdgeIndex(ends, sparse_size=shape, sort_order="row").fill_cache_()


def _product(index: EdgeIndex, h: Tensor) -> Tensor:
    # Half precision is for dense products only: a hub's sum over thousands of holders needs all digits.
    with torch.autocast(h.device.type, enabled=False):
        product: Tensor = index.matmul(h.float())
        return product

"""The forward pass in numpy and scipy alone: what a run needs of a trained network, without PyTorch.

The same arithmetic as `encoder`, `decoder` and `sign`, to rounding; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from models.gnn.graph import Floats, Graph, Pairs
from models.gnn.prepare import Common, Inputs, Part, common_values, pair_side
from models.gnn.sign import blocks
from models.gnn.weights import Weights, check_names
from models.threads import side_by_side

#: Pairs scored at a time: bounds memory, changes no figure beyond rounding.
CHUNK: Final = 32_768
#: Added to the variance by layer norm, as in PyTorch.
EPSILON: Final = 1e-5


@dataclass(frozen=True)
class Embedded:
    """Embeddings of the accounts (n, d) and of each relation's values (v, d)."""

    accounts: Floats
    values: Mapping[str, Floats]


def embeddings(graph: Graph, weights: Weights) -> Floats:
    """Embeddings of all accounts.

    Returns:
        Shape (n, hidden).

    Raises:
        ModelError: the graph's features or relations are not the network's.
    """
    return embed(weights.prepare(graph), weights).accounts


def pair_logits(graph: Graph, pairs: Pairs, weights: Weights) -> Floats:
    """Logits (natural log-odds) that the accounts of each pair share a controller, uncalibrated.

    Returns:
        Shape (p,).

    Raises:
        ModelError: the graph's or the pairs' features, or the relations, are not the network's.
    """
    check_names(weights.layout, pairs=pairs)
    inputs = weights.prepare(graph)
    embedded = embed(inputs, weights)
    parts = side_by_side(lambda chunk: decode(inputs, embedded, chunk, weights), _chunks(pairs))
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def embed(inputs: Inputs, weights: Weights) -> Embedded:
    """Embeddings of a prepared graph, in the mode that the network was trained in."""
    net = _Net(weights.arrays)
    return (
        _embed_sign(inputs, weights, net)
        if weights.layout.mode == "sign"
        else _embed_full(inputs, weights, net)
    )


def decode(inputs: Inputs, embedded: Embedded, pairs: Pairs, weights: Weights) -> Floats:
    """Logits of some pairs of a graph that is embedded already, shape (p,)."""
    net, names = _Net(weights.arrays), weights.layout.relations
    common = np.zeros((len(pairs), weights.layout.hidden), np.float32)
    counts = np.zeros((len(pairs), len(names)), np.float32)
    for column, name in enumerate(names):
        if name not in inputs.parts:
            continue
        rows = common_values(inputs.parts[name], pairs.a, pairs.b)
        common += _sum_common(net, name, embedded.values[name], rows, len(pairs))
        counts[:, column] = np.log1p(np.bincount(rows.pair, minlength=len(pairs)))
    a, b = embedded.accounts[pairs.a], embedded.accounts[pairs.b]
    side = pair_side(inputs.accounts, pairs, weights.scale("pairs"))
    seen = np.concatenate([a * b, np.abs(a - b), common, side, counts], axis=1)
    return net.linear("decoder.last", _relu(net.linear("decoder.first", seen)))[:, 0]


class _Net:
    """The arrays of a network, applied by name."""

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        self.arrays = arrays

    def linear(self, name: str, x: Floats) -> Floats:
        out: Floats = x @ self.arrays[f"{name}.weight"].T
        bias = self.arrays.get(f"{name}.bias")
        return out if bias is None else out + bias

    def norm(self, name: str, x: Floats) -> Floats:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(EPSILON))
        out: Floats = scaled * self.arrays[f"{name}.weight"] + self.arrays[f"{name}.bias"]
        return out


def _embed_full(inputs: Inputs, weights: Weights, net: _Net) -> Embedded:
    norm = weights.layout.norm
    parts = {name: _Operators(part, norm) for name, part in inputs.parts.items()}

    def values(place: str, name: str, h: Floats) -> Floats:
        part = parts[name]
        up = net.linear(f"{place}.up.{name}", part.gather @ h)
        return _relu(up + net.linear(f"{place}.side.{name}", part.value_side))

    sides = inputs.account_sides(weights.layout.relations)
    h = _relu(net.linear("encoder.input", inputs.accounts))
    for number in range(weights.layout.layers):
        layer = f"encoder.layers.{number}"
        total = net.linear(f"{layer}.own", h) + net.linear(f"{layer}.edge", sides)
        for name, part in parts.items():
            held = net.linear(f"{layer}.down.{name}", values(f"{layer}.values", name, h))
            total += part.spread @ held
        h = net.norm(f"{layer}.norm", h + _relu(total))
    return Embedded(h, {name: values("encoder.values", name, h) for name in parts})


def _embed_sign(inputs: Inputs, weights: Weights, net: _Net) -> Embedded:
    # Block by block: the tables of all blocks side by side, as training reads them, could outgrow memory.
    def start(rows: int) -> Floats:
        return np.zeros((rows, weights.layout.hidden), np.float32)

    accounts = start(len(inputs.accounts)) + net.arrays["encoder.input.bias"]
    values = {
        name: start(len(part.holders)) + net.arrays[f"encoder.value.{name}.bias"]
        for name, part in inputs.parts.items()
    }
    for block in blocks(inputs, weights.layout):
        name, table = ("encoder.input", accounts)
        if block.name is not None:
            name, table = f"encoder.value.{block.name}", values[block.name]
        columns = slice(block.start, block.start + block.columns.shape[1])
        table += block.columns @ net.arrays[f"{name}.weight"][:, columns].T
    h = net.linear("encoder.hidden", _relu(net.norm("encoder.norm", accounts)))
    return Embedded(h, {name: _relu(table) for name, table in values.items()})


class _Operators:
    """Divided sums over the holders of each value and over the values of each account, as sparse matrices."""

    def __init__(self, part: Part, norm: float) -> None:
        shape = (len(part.held), len(part.holders))
        edges = sparse.csr_array(
            (np.ones(len(part.account), np.float32), part.value, part.start), shape=shape
        )
        holders, held = (np.maximum(degree, 1.0) ** -norm for degree in (part.holders, part.held))
        self.gather = sparse.csr_array(sparse.diags_array(holders.astype(np.float32)) @ edges.T.tocsr())
        self.spread = sparse.csr_array(sparse.diags_array(held.astype(np.float32)) @ edges)
        self.value_side = part.value_side


def _sum_common(net: _Net, name: str, values: Floats, rows: Common, pairs: int) -> Floats:
    """Rarity-weighted sum over the common values of each pair, shape (pairs, d)."""
    met, place = np.unique(rows.value, return_inverse=True)
    seen = net.linear(f"decoder.value.{name}", values[met])[place]
    seen = _relu(seen + net.linear(f"decoder.use.{name}", rows.features))
    ends = np.searchsorted(rows.pair, np.arange(pairs + 1))
    by_pair = sparse.csr_array((rows.weight, np.arange(len(rows.pair)), ends), shape=(pairs, len(rows.pair)))
    out: Floats = by_pair @ seen
    return out


def _chunks(pairs: Pairs) -> Iterator[Pairs]:
    for start in range(0, len(pairs), CHUNK):
        rows = slice(start, start + CHUNK)
        yield Pairs(pairs.a[rows], pairs.b[rows], pairs.table[rows], pairs.feature_names)


def _relu(x: Floats) -> Floats:
    return np.maximum(x, np.float32(0))

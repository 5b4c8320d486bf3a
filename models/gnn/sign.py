"""Mode "sign": neighbourhood features taken once, without weights (SIGN, arXiv 2004.11198).

Training then reads rows of these tables in mini-batches, so its memory depends on the batch alone, not on the graph
or the hops. Arrays may live in files (memory maps) where they outgrow memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from models.gnn.graph import Floats
from models.gnn.prepare import SUMMARY, TIMED, Inputs, Part, Seen, dropped_columns
from models.gnn.weights import Layout


@dataclass(frozen=True)
class Propagated:
    """Features of accounts and values with those of their neighbourhood.

    Attributes:
        accounts: shape (n, `account_width`): own channels, then one block of `block_width` a relation of the layout.
        values: by relation, shape (v, `value_width`).
    """

    accounts: Floats
    values: Mapping[str, Floats]


def block_width(layout: Layout) -> int:
    """Columns an account has of each relation: edge summary, mean held value, mean neighbours of each hop."""
    return len(SUMMARY) + _side(layout) + layout.layers * 2 * len(layout.account_names)


def account_width(layout: Layout) -> int:
    """Columns of an account."""
    return 2 * len(layout.account_names) + len(layout.relations) * block_width(layout)


def value_width(layout: Layout) -> int:
    """Columns of a value: features and edge summary, mean holder of each hop."""
    return _side(layout) + layout.layers * 2 * len(layout.account_names)


@dataclass(frozen=True)
class Block:
    """Some columns of the accounts (`name` None) or of a relation's values, from column `start` on."""

    name: str | None
    start: int
    columns: Floats


def blocks(inputs: Inputs, layout: Layout) -> Iterator[Block]:
    """Averages features over neighbours, hop by hop, one block of columns at a time; columns not given are 0.

    x_0 are the account channels; u_r,k the mean x_k over a value's holders; d_r,k the mean u_r,k over an account's
    values; x_{k+1} the mean of d_r,k over the relations in which the account holds a value.
    """
    own, side = inputs.accounts.shape[1], _side(layout)
    place = {name: own + n * block_width(layout) for n, name in enumerate(layout.relations)}
    operators = {name: _means(part) for name, part in inputs.parts.items()}
    yield Block(None, 0, inputs.accounts)
    for name, part in inputs.parts.items():
        yield Block(name, 0, part.value_side)
        yield Block(None, place[name], part.account_side)
        yield Block(None, place[name] + len(SUMMARY), operators[name][1] @ part.value_side)
    x = inputs.accounts
    for hop in range(layout.layers):
        total, seen = np.zeros_like(x), np.zeros((len(x), 1), np.float32)
        for name, part in inputs.parts.items():
            gather, spread = operators[name]
            u = gather @ x
            yield Block(name, side + hop * own, u)
            d = spread @ u
            yield Block(None, place[name] + len(SUMMARY) + side + hop * own, d)
            total += d
            seen += (part.held > 0)[:, None]
        x = (total / np.maximum(seen, 1)).astype(np.float32)


def propagate(inputs: Inputs, layout: Layout, folder: Path | None = None) -> Propagated:
    """All blocks side by side.

    Args:
        inputs: the prepared graph.
        layout: relations and hops.
        folder: where to keep the tables as files; None keeps them in memory.
    """
    accounts = _array(folder, "accounts", (len(inputs.accounts), account_width(layout)))
    values = {
        name: _array(folder, f"values-{name}", (len(part.holders), value_width(layout)))
        for name, part in inputs.parts.items()
    }
    for block in blocks(inputs, layout):
        table = accounts if block.name is None else values[block.name]
        table[:, block.start : block.start + block.columns.shape[1]] = block.columns
    return Propagated(accounts, values)


def account_factor(layout: Layout, seen: Seen) -> Floats:
    """Factor of each account column under what a step is shown, shape (`account_width`,)."""
    own = np.tile(seen.accounts, 2)
    blocks = [own]
    for name in layout.relations:
        block = [_times(name, seen), np.ones(2 * len(layout.value_names)), _times(name, seen)]
        blocks.append(np.concatenate([*block, *[own] * layout.layers]) * (name in seen.active))
    return np.concatenate(blocks).astype(np.float32)


def value_factor(layout: Layout, name: str, seen: Seen) -> Floats:
    """Factor of each column of a relation's values, shape (`value_width`,)."""
    own = np.tile(seen.accounts, 2)
    side = [np.ones(2 * len(layout.value_names)), _times(name, seen)]
    return np.concatenate([*side, *[own] * layout.layers]).astype(np.float32)


def _times(name: str, seen: Seen) -> Floats:
    return dropped_columns(TIMED, name in seen.timed)


def _side(layout: Layout) -> int:
    return 2 * len(layout.value_names) + len(SUMMARY)


def _means(part: Part) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Mean over holders (v, n) and mean over held values (n, v)."""
    shape = (len(part.held), len(part.holders))
    one = np.ones(len(part.account), np.float32)
    edges = sparse.csr_array((one, part.value, part.start), shape=shape)
    return tuple(
        sparse.csr_array(sparse.diags_array(1 / np.maximum(degree, 1).astype(np.float32)) @ matrix)
        for degree, matrix in ((part.holders, edges.T.tocsr()), (part.held, edges))
    )


def _array(folder: Path | None, name: str, shape: tuple[int, int]) -> Floats:
    if folder is None:
        return np.zeros(shape, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=shape)

"""Positions for drawing a graph: seeded force placement of each connected part, the parts side by side.

Fruchterman and Reingold (1991), with their grid variant's idea for larger parts: only near nodes push each
other, found with a k-d tree, from a spectral start (Koren 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigsh
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
Edges = NDArray[np.int64]

_DENSE = 500  # up to here every pair of nodes pushes; beyond, only pairs nearer than _REACH
_REACH = 2.5
_ASPECT = 1.5  # width to height of the packed drawing


def positions(nodes: int, edges: Edges, seed: int = 0) -> Points:
    """Places nodes in the plane, edges about one unit long.

    Args:
        nodes: how many there are.
        edges: node numbers, shape (m, 2); direction and repeats do not matter.
        seed: of the starting places.

    Returns:
        Shape (nodes, 2), the same for the same arguments.
    """
    if nodes == 0:
        return np.zeros((0, 2))
    ends = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    ones = np.ones(len(ends))
    adjacency = coo_array((ones, (ends[:, 0], ends[:, 1])), shape=(nodes, nodes)).tocsr()
    _, part = connected_components(adjacency, directed=False)
    order = np.argsort(part, kind="stable")
    starts = np.flatnonzero(np.diff(part[order], prepend=-1))
    local = np.empty(nodes, dtype=np.int64)
    drawn: list[tuple[NDArray[np.int64], Points]] = []
    edge_part = part[ends[:, 0]] if len(ends) else np.zeros(0, dtype=np.int64)
    for number, members in enumerate(np.split(order, starts[1:])):
        local[members] = np.arange(len(members))
        inner = local[ends[edge_part == number]]
        drawn.append((members, _place(len(members), inner, seed)))
    return _pack(nodes, drawn)


def _place(n: int, edges: Edges, seed: int) -> Points:
    if n == 1:
        return np.zeros((1, 2))
    if n == 2:
        return np.array([[-0.5, 0.0], [0.5, 0.0]])
    rng = np.random.default_rng(seed)
    size = np.sqrt(n)
    at = rng.normal(size=(n, 2)) * size * (0.02 if n > 50 else 0.5)
    if n > 50:
        at += _spectral(n, edges) * size
    rounds = 150 if n <= _DENSE else 60
    for heat in np.linspace(0.15 * size, 0.01, rounds):
        push = _push_all(at) if n <= _DENSE else _push_near(at)
        move = push + _pull(at, edges, n) - 0.02 * at
        length = np.linalg.norm(move, axis=1, keepdims=True)
        at += move / np.maximum(length, 1e-9) * np.minimum(length, heat)
    return _turn(at - at.mean(axis=0))


def _spectral(n: int, edges: Edges) -> Points:
    ones = np.ones(len(edges))
    half = coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(n, n)).tocsr()
    adjacency: csr_array = half + half.T
    scale = 1 / np.sqrt(np.maximum(adjacency.sum(axis=1), 1e-9))
    walk = diags_array(scale) @ adjacency @ diags_array(scale)
    try:
        _, vectors = eigsh(walk, k=3, which="LA", v0=np.linspace(1, 2, n), maxiter=300, tol=1e-3)
    except ArpackError:
        return np.zeros((n, 2))
    flat = vectors[:, :2] * scale[:, None]
    return np.asarray(flat / np.maximum(np.abs(flat).max(axis=0), 1e-12), dtype=np.float64)


def _push_all(at: Points) -> Points:
    apart = at[:, None, :] - at[None, :, :]
    square = (apart**2).sum(axis=2)
    np.fill_diagonal(square, 1.0)
    pushed: Points = (apart / np.maximum(square, 1e-4)[:, :, None]).sum(axis=1)
    return pushed


def _push_near(at: Points) -> Points:
    pairs = cKDTree(at).query_pairs(_REACH, output_type="ndarray")
    a, b = pairs[:, 0], pairs[:, 1]
    apart = at[a] - at[b]
    force = apart / np.maximum((apart**2).sum(axis=1), 1e-4)[:, None]
    return _sum_at(a, force, len(at)) - _sum_at(b, force, len(at))


def _pull(at: Points, edges: Edges, n: int) -> Points:
    a, b = edges[:, 0], edges[:, 1]
    apart = at[b] - at[a]
    force = apart * np.linalg.norm(apart, axis=1, keepdims=True)
    return _sum_at(a, force, n) - _sum_at(b, force, n)


def _sum_at(index: NDArray[np.int64], force: Points, n: int) -> Points:
    return np.column_stack([np.bincount(index, weights=force[:, k], minlength=n) for k in (0, 1)])


def _turn(at: Points) -> Points:
    # The long side lies flat: a drawing is wider than high.
    _, _, axes = np.linalg.svd(at, full_matrices=False)
    turned: Points = at @ axes.T
    return turned


def _pack(nodes: int, drawn: list[tuple[NDArray[np.int64], Points]]) -> Points:
    """Sets the parts in rows, the largest first, in a box of about the aspect wanted."""
    drawn = sorted(drawn, key=lambda item: (-len(item[0]), int(item[0][0])))
    spans = [np.ptp(at, axis=0) + 1.6 for _, at in drawn]
    width = max(float(np.sqrt(_ASPECT * sum(w * h for w, h in spans))), max(float(w) for w, _ in spans))
    out = np.zeros((nodes, 2))
    x = y = row = 0.0
    for (members, at), (w, h) in zip(drawn, spans, strict=True):
        if x > 0 and x + w > width:
            x, y, row = 0.0, y + row, 0.0
        out[members] = at - at.min(axis=0) + [x + 0.8, y + 0.8]
        x, row = x + float(w), max(row, float(h))
    return out

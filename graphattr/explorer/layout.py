"""Positions for drawing a graph: seeded force placement of each connected part, the parts side by side.

Fruchterman and Reingold (1991). In a large part only near nodes push one by one, the others as masses of
cells (the idea of Barnes and Hut 1986), from a spectral start (Koren 2005).
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

_DENSE = 500  # up to here every pair of nodes pushes; beyond, see _push_near
_NEAR = 8
_CELLS = 9
_CLOSEST = 1e-4  # square of the distance below which a push grows no more
_STAR = 1.1  # an edge at a node of degree d may be this times sqrt(d) long: its neighbours need the area
_GRAVITY = 0.15  # towards the middle, so that long arms do not shrink all else
_ASPECT = 1.5  # width to height of the packed drawing


def positions(nodes: int, edges: Edges, seed: int = 0) -> Points:
    """Places nodes in the plane, most edges about one unit long.

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
    rounds = 150 if n <= _DENSE else 40
    degree = np.bincount(edges.ravel(), minlength=n)
    length = np.maximum(1.0, _STAR * np.sqrt(degree[edges].max(axis=1)))[:, None]
    for heat in np.linspace(0.15 * size, 0.01, rounds):
        push = _push_all(at) if n <= _DENSE else _push_near(at)
        move = push + _pull(at, edges, length) - _GRAVITY * at
        far = np.linalg.norm(move, axis=1, keepdims=True)
        at += move / np.maximum(far, 1e-9) * np.minimum(far, heat)
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
    return _push(at, at, np.ones(len(at)))


def _push_near(at: Points) -> Points:
    """Push of the nearest nodes one by one, and of all others as the masses of a coarse grid's cells."""
    _, near = cKDTree(at).query(at, k=_NEAR + 1)
    x, y = (at[:, k, None] - at[near[:, 1:], k] for k in (0, 1))
    square = np.maximum(x * x + y * y, _CLOSEST)
    low, span = at.min(axis=0), np.maximum(np.ptp(at, axis=0), 1e-9)
    cell = np.minimum(((at - low) / span * _CELLS).astype(np.int64), _CELLS - 1) @ [_CELLS, 1]
    mass = np.bincount(cell, minlength=_CELLS**2).astype(np.float64)
    middle = _sum_at(cell, at, _CELLS**2) / np.maximum(mass, 1)[:, None]
    pushed = np.column_stack([(x / square).sum(axis=1), (y / square).sum(axis=1)])
    return pushed + _push(at, middle[mass > 0], mass[mass > 0], closest=1.0)


def _push(at: Points, others: Points, mass: NDArray[np.float64], closest: float = _CLOSEST) -> Points:
    """Each other body pushes with its mass over the distance; never more than at the closest one."""
    x, y = (at[:, k, None] - others[None, :, k] for k in (0, 1))
    force = mass / np.maximum(x * x + y * y, closest)
    return np.column_stack([(force * x).sum(axis=1), (force * y).sum(axis=1)])


def _pull(at: Points, edges: Edges, length: Points) -> Points:
    a, b = edges[:, 0], edges[:, 1]
    apart = at[b] - at[a]
    force = apart * np.linalg.norm(apart, axis=1, keepdims=True) / length
    return _sum_at(a, force, len(at)) - _sum_at(b, force, len(at))


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

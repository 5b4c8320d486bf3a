"""Small worlds with a planted signal, random graphs, and untrained networks on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.gnn import Graph, Pairs, Relation, Weights
from models.gnn.network import Network
from models.gnn.worlds import layout_of, scales_of

ACCOUNT_NAMES = ("created", "volume")
VALUE_NAMES = ("listed", "prepaid")


def planted(seed: int, rings: int = 14, homes: int = 40) -> tuple[Graph, Pairs]:
    """Rings and homes of 3 to 6 accounts that share two devices each and one address with everybody.

    A ring's accounts were created together, a home's were not; the pairs are those that share a device. So what
    tells them apart is who holds the value, not that one is held.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 7, rings + homes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    n = len(group)
    ring = group < rings
    created = np.where(ring, np.repeat(rng.uniform(0, 30, len(sizes)), sizes) + rng.normal(0, 1, n), 0)
    created = np.where(ring, created, rng.uniform(0, 30, n))
    controller = np.where(ring, group, rings + np.arange(n)) + 10_000 * seed
    accounts = np.stack([created, rng.normal(2, 1, n)], axis=1)
    account = np.repeat(np.arange(n), 2)
    device = _relation(rng, account, np.repeat(group, 2) * 2 + np.tile([0, 1], n), 2 * len(sizes))
    address = _relation(rng, np.arange(n), rng.integers(0, 3, n), 3)
    graph = Graph(_f(accounts), ACCOUNT_NAMES, VALUE_NAMES, {"device": device, "ip": address}, 30.0)
    a, b = np.triu_indices(n, 1)
    near = group[a] == group[b]
    a, b = a[near], b[near]
    one, two = controller[a], controller[b]
    return graph, Pairs(
        a, b, _f(rng.normal(size=(len(a), 1))), ("noise",), label=_f(one == two), group_a=one, group_b=two
    )


def random_world(
    seed: int, n: int = 30, values: int = 12, edges: int = 70, pairs: int = 60
) -> tuple[Graph, Pairs]:
    """Anything goes: unknown features, timeless edges, accounts and values without an edge, a hub."""
    rng = np.random.default_rng(seed)
    relations = {}
    for name in ("device", "ip", "phone"):
        key = np.unique(np.minimum(rng.integers(0, n * values, edges), n * values - 1))
        account, value = key // values, np.where(rng.random(len(key)) < 0.3, 0, key % values)
        both = np.unique(np.stack([account, value]), axis=1)
        relations[name] = _relation(rng, both[0], both[1], values)
    accounts = np.where(rng.random((n, 2)) < 0.2, np.nan, rng.normal(5, 3, (n, 2)))
    graph = Graph(_f(accounts), ACCOUNT_NAMES, VALUE_NAMES, relations, 30.0)
    a = rng.integers(0, n - 1, pairs)
    b = rng.integers(a + 1, n)
    features = np.where(rng.random((pairs, 2)) < 0.3, np.nan, rng.normal(size=(pairs, 2)))
    label = _f(rng.random(pairs) < 0.4)
    return graph, Pairs(a, b, _f(features), ("gap", "crowd"), label=label, group_a=a % 7, group_b=b % 7)


def network(
    world: tuple[Graph, Pairs], mode: str = "full", layers: int = 2, norm: float = 1.0, seed: int = 0
) -> tuple[Network, Weights]:
    """An untrained network that fits the world, in both forms; its biases and norms are not at their rest."""
    import torch

    torch.manual_seed(seed)
    layout = layout_of([world], mode, 16, layers, norm)
    net = Network(layout)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net.eval(), Weights(layout, {**scales_of([world], layout), **net.arrays()})


def without(graph: Graph, name: str) -> Graph:
    """The graph as if the table of a relation were missing."""
    return replace(graph, relations={key: part for key, part in graph.relations.items() if key != name})


def _relation(rng: np.random.Generator, account: np.ndarray, value: np.ndarray, size: int) -> Relation:
    first = np.where(rng.random(len(account)) < 0.2, np.nan, rng.uniform(0, 20, len(account)))
    features = np.where(rng.random((size, 2)) < 0.2, np.nan, rng.integers(0, 2, (size, 2)))
    count = rng.integers(0, 50, len(account))
    return Relation(
        account, value, _f(features), _f(count), _f(first), _f(first + rng.uniform(0, 9, len(account)))
    )


def _f(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32)

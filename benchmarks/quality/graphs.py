"""Rivals that only look at who shares a value: components, Louvain and Leiden with modularity, label propagation.

igraph (GPL-2.0) is used here as a tool of measurement; nothing of the product imports this file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

import igraph
import networkx
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Signals whose values name a thing that one party holds, unlike a client's build or a mail provider.
IDENTIFIERS: Final = ("ip", "instrument", "device", "phone", "email", "name", "actor")
_SEED: Final = 0


@dataclass(frozen=True)
class View:
    """Which shared values a method looks at.

    Attributes:
        cap: most holders of a value; None for any number.
        identifiers: only signals of `IDENTIFIERS`.
    """

    cap: int | None = None
    identifiers: bool = False

    def of(self, held: pl.DataFrame) -> pl.DataFrame:
        """The rows of `Material.held` that are looked at; known hubs only where there is no cap."""
        if self.identifiers:
            held = held.filter(pl.col("signal").is_in(IDENTIFIERS))
        return held if self.cap is None else held.filter((pl.col("holders") <= self.cap) & ~pl.col("listed"))

    def __str__(self) -> str:
        which = "identifiers" if self.identifiers else "all signals"
        return f"{which}, {'any value' if self.cap is None else f'values with at most {self.cap} holders'}"


@dataclass(frozen=True)
class Graph:
    """Pairs of accounts that share values.

    Attributes:
        size: number of accounts.
        a, b: pairs, a < b, sorted.
        weight: sum over the shared values of 1 / (holders - 1), as in Newman's co-authorship graphs (2001).
    """

    size: int
    a: Whole
    b: Whole
    weight: Floats


def project(size: int, held: pl.DataFrame) -> Graph:
    """Pairs of holders of the same value, weighted."""
    rows = held.lazy().select("account", "value", weight=1 / (pl.col("holders") - 1))
    pairs = (
        rows.join(rows.select("value", other="account"), on="value")
        .filter(pl.col("account") < pl.col("other"))
        .group_by("account", "other")
        # Rounded: the order in which the terms are summed is not fixed.
        .agg(pl.col("weight").sum().round(9))
        .sort("account", "other")
        .collect(engine="streaming")
    )
    return Graph(size, pairs["account"].to_numpy(), pairs["other"].to_numpy(), pairs["weight"].to_numpy())


def components(size: int, held: pl.DataFrame) -> Whole:
    """Accounts that chains of shared values connect."""
    _, value = np.unique(held["value"].to_numpy(), return_inverse=True)
    account = held["account"].to_numpy()
    nodes = size + int(value.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(account), np.int8), (account, value + size)), shape=(nodes, nodes))
    return canonical(connected_components(graph, directed=False)[1][:size])


def linked(size: int, a: Whole, b: Whole) -> Whole:
    """Components of pairs."""
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(size, size))
    return canonical(connected_components(graph, directed=False)[1])


def louvain(graph: Graph, resolution: float) -> Whole:
    """Louvain with modularity (networkx)."""
    made = networkx.Graph()
    made.add_nodes_from(range(graph.size))
    made.add_weighted_edges_from(zip(graph.a.tolist(), graph.b.tolist(), graph.weight.tolist(), strict=True))
    found = networkx.community.louvain_communities(made, weight="weight", resolution=resolution, seed=_SEED)
    label = np.empty(graph.size, dtype=np.int64)
    for number, community in enumerate(found):
        label[list(community)] = number
    return canonical(label)


def leiden(graph: Graph, resolution: float) -> Whole:
    """Leiden with modularity (igraph)."""
    made = _igraph(graph)
    found = made.community_leiden(
        objective_function="modularity", weights="weight", resolution=resolution, n_iterations=10
    )
    return canonical(np.asarray(found.membership))


def propagation(graph: Graph) -> Whole:
    """Label propagation (Raghavan, Albert, Kumara 2007; igraph), weighted."""
    return canonical(np.asarray(_igraph(graph).community_label_propagation(weights="weight").membership))


def _igraph(graph: Graph) -> Any:
    igraph.set_random_number_generator(random.Random(_SEED))
    made = igraph.Graph(n=graph.size, edges=np.stack([graph.a, graph.b], axis=1))
    made.es["weight"] = graph.weight
    return made


def pair_weight(graph: Graph, a: Whole, b: Whole) -> Floats:
    """Weight of each pair, 0 where the two share nothing that the graph looks at."""
    edges = pl.DataFrame({"a": graph.a, "b": graph.b, "weight": graph.weight})
    pairs = pl.DataFrame({"a": a, "b": b})
    return (
        pairs.join(edges, on=["a", "b"], how="left", maintain_order="left")["weight"]
        .fill_null(0.0)
        .to_numpy()
    )


def canonical(label: NDArray[Any]) -> Whole:
    """The same partition, each part numbered by its first account."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)

"""Raw graph to the arrays that the network multiplies: the one preparation for training and scoring alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.gnn.graph import Floats, Graph, Pairs, Relation, Whole

#: Standardised features are cut here, so that one wild account cannot drown the others.
CLIP = 5.0
#: Columns that `edge_summary` gives of the edges at one end; all but the first two need times.
SUMMARY = ("holders", "count", "first", "last", "known", "first_spread", "last_spread")
TIMED = np.array([0, 0, 1, 1, 1, 1, 1], bool)
#: Columns of a value that both accounts of a pair hold; all but the first two need times.
SHARED = ("count_sum", "count_gap", "known", "span_gap", "first_gap", "last_gap")
SHARED_TIMED = np.array([0, 0, 1, 1, 1, 1], bool)
#: Smallest distance told apart by the logarithm of a difference of standardised features.
NEAREST = 1e-3


@dataclass(frozen=True)
class Scale:
    """Centre and spread of features over the training worlds, each of shape (K,)."""

    centre: Floats
    spread: Floats

    def channels(self, raw: Floats) -> Floats:
        """Standardised features, 0 where unknown, and beside them whether they are known: (m, K) to (m, 2 K)."""
        known = np.isfinite(raw)
        scaled = np.clip((np.where(known, raw, self.centre) - self.centre) / self.spread, -CLIP, CLIP)
        return np.concatenate([np.where(known, scaled, 0), known], axis=1).astype(np.float32)


def fit_scale(tables: Sequence[Floats], width: int) -> Scale:
    """Scale of the rows of all tables together; columns never known or constant keep spread 1."""
    total, square, known = (np.zeros(width) for _ in range(3))
    for table in tables:
        rows = table.astype(np.float64)
        finite = np.isfinite(rows)
        total += np.where(finite, rows, 0).sum(axis=0)
        square += np.square(np.where(finite, rows, 0)).sum(axis=0)
        known += finite.sum(axis=0)
    centre = total / np.maximum(known, 1)
    spread = np.sqrt(np.maximum(square / np.maximum(known, 1) - centre**2, 0))
    return Scale(centre.astype(np.float32), np.where(spread > 1e-6, spread, 1).astype(np.float32))


@dataclass(frozen=True)
class Part:
    """One relation, ready: edges sorted by account, then value.

    Attributes:
        account, value: ends of each edge, shape (e,).
        start: position of each account's first edge, shape (n + 1,). key: account * v + value, rising, shape (e,).
        value_side: value features' channels and the summary of the value's edges, shape (v, 2 D + 7).
        account_side: summary of the account's edges, shape (n, 7); 0 for accounts that hold no value.
        holders: degree of each value, shape (v,). held: degree of each account, shape (n,).
        count, first, last: as in `Relation`, first and last in days; in the order of the edges.
    """

    account: Whole
    value: Whole
    start: Whole
    key: Whole
    value_side: Floats
    account_side: Floats
    holders: Whole
    held: Whole
    count: Floats
    first: Floats
    last: Floats


@dataclass(frozen=True)
class Inputs:
    """A graph, ready: account channels (n, 2 F) and the parts by relation."""

    accounts: Floats
    parts: Mapping[str, Part]

    def account_sides(self, relations: Sequence[str]) -> Floats:
        """`Part.account_side` of the relations side by side, (n, 7 R); 0 for those that the graph lacks."""
        nothing = np.zeros((len(self.accounts), len(SUMMARY)), np.float32)
        sides = [self.parts[name].account_side if name in self.parts else nothing for name in relations]
        return np.concatenate([*sides, nothing[:, :0]], axis=1)


@dataclass(frozen=True)
class Common:
    """Values of one relation that both accounts of a pair hold, sorted by pair, then value: k rows.

    Attributes:
        pair: position of the pair, shape (k,). value: number of the value, shape (k,).
        features: columns `SHARED`, shape (k, 6). weight: rarity of the value, shape (k,).
    """

    pair: Whole
    value: Whole
    features: Floats
    weight: Floats

    def take(self, pairs: Whole) -> Common:
        """The rows of some pairs (sorted), renumbered by their position in `pairs`."""
        low, high = np.searchsorted(self.pair, pairs), np.searchsorted(self.pair, pairs, "right")
        rows = spans(low, high - low)
        new = np.repeat(np.arange(len(pairs)), high - low)
        return Common(new, self.value[rows], self.features[rows], self.weight[rows])


@dataclass(frozen=True)
class Seen:
    """What a training step is shown: missing tables and columns are met in training, so that they break nothing.

    Attributes:
        active: relations that are seen. timed: those of them whose times are seen.
        accounts: 1 or 0 by account feature, shape (F,). pairs: by pair feature, shape (P,).
    """

    active: frozenset[str]
    timed: frozenset[str]
    accounts: Floats
    pairs: Floats


def everything(relations: Sequence[str], accounts: int, pairs: int) -> Seen:
    """Nothing dropped, for so many account and pair features."""
    names = frozenset(relations)
    return Seen(names, names, np.ones(accounts, np.float32), np.ones(pairs, np.float32))


def normal_scores(raw: Floats) -> Floats:
    """Channels of account features, (n, F) to (n, 2 F): normal scores of their ranks, 0 if unknown, then whether known.

    Ranks within the graph and not a scale of the training's: how much is much differs from one provider to the
    next, who uses more than others does not. Ties share their mean rank, so a constant column is 0.
    """
    known = np.isfinite(raw)
    scores = np.zeros(raw.shape)
    for column in range(raw.shape[1]):
        rows = known[:, column]
        scores[rows, column] = np.clip(ndtri(_rank_shares(raw[rows, column])), -CLIP, CLIP)
    return np.concatenate([scores, known], axis=1).astype(np.float32)


def _rank_shares(values: Floats) -> NDArray[np.float64]:
    """Middle of each value's ranks as a share of all: (mean rank - 1/2) / n, in (0, 1)."""
    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(ties) - ties / 2)[place] / max(len(values), 1)


def prepare(graph: Graph, values: Scale, relations: Sequence[str]) -> Inputs:
    """Standardises and sums up what no weight depends on; relations that the graph lacks are left out."""
    parts = {
        name: _part(graph.relations[name], graph.size, graph.window_days, values)
        for name in relations
        if name in graph.relations and len(graph.relations[name].account)
    }
    return Inputs(normal_scores(graph.accounts), parts)


def _part(relation: Relation, accounts: int, window: float, scale: Scale) -> Part:
    order = np.lexsort((relation.value, relation.account))
    account, value = relation.account[order], relation.value[order]
    count, first, last = relation.count[order], relation.first[order], relation.last[order]
    holders, held = np.bincount(value, minlength=relation.size), np.bincount(account, minlength=accounts)
    edges = (count, first / window, last / window)
    values = np.concatenate([scale.channels(relation.values), edge_summary(value, holders, *edges)], axis=1)
    return Part(
        account, value, np.concatenate([[0], np.cumsum(held)]),
        account * relation.size + value, values, edge_summary(account, held, *edges),
        holders, held, count, first, last,
    )  # fmt: skip


def edge_summary(end: Whole, degree: Whole, count: Floats, first: Floats, last: Floats) -> Floats:
    """Columns `SUMMARY` of the edges at each account or value.

    Sums over edges of features without weights are the same in every layer and epoch: they are taken here, once.

    Args:
        end: the account or the value of each edge, shape (e,).
        degree: edges at each, shape (m,).
        count: uses, shape (e,). first, last: times as shares of the window, shape (e,); NaN where timeless.

    Returns:
        log(1 + degree), mean log(1 + count), mean times, share with times, standard deviations of times: (m, 7).
    """
    size = len(degree)
    timed = np.isfinite(first) & np.isfinite(last)
    known = np.bincount(end, timed, size)
    columns = [np.log1p(degree), np.bincount(end, np.log1p(count.astype(np.float64)), size)]
    columns[1] = columns[1] / np.maximum(degree, 1)
    means, spreads = [], []
    for time in (first, last):
        filled = np.where(timed, time, 0).astype(np.float64)
        mean = np.bincount(end, filled, size) / np.maximum(known, 1)
        off = np.where(timed, filled - mean[end], 0)
        means.append(mean)
        spreads.append(np.sqrt(np.bincount(end, off**2, size) / np.maximum(known, 1)))
    return np.stack([*columns, *means, known / np.maximum(degree, 1), *spreads], axis=1).astype(np.float32)


def common_values(part: Part, a: Whole, b: Whole) -> Common:
    """Finds the values that both ends of each pair hold: cost is the smaller degree of each pair, summed."""
    swap = part.held[a] > part.held[b]
    few, many = np.where(swap, b, a), np.where(swap, a, b)
    degree = part.held[few]
    edge = spans(part.start[few], degree)
    pair = np.repeat(np.arange(len(a)), degree)
    size = len(part.holders)
    wanted = many[pair] * size + part.value[edge]
    other = np.minimum(np.searchsorted(part.key, wanted), max(len(part.key) - 1, 0))
    hit = np.flatnonzero(part.key[other] == wanted) if len(part.key) else np.empty(0, np.int64)
    pair, edge, other = pair[hit], edge[hit], other[hit]
    weight = 1 / np.log1p(part.holders[part.value[edge]])
    return Common(pair, part.value[edge], _shared(part, edge, other), weight.astype(np.float32))


def _shared(part: Part, one: Whole, two: Whole) -> Floats:
    """Columns `SHARED`: what the two uses of one value have in common. Symmetric in the two."""
    count = [np.log1p(part.count[edge]) for edge in (one, two)]
    first, last = ([times[edge] for edge in (one, two)] for times in (part.first, part.last))
    gap = np.maximum(np.maximum(first[1] - last[0], first[0] - last[1]), 0)
    times = [np.log1p(days) for days in (gap, abs(first[0] - first[1]), abs(last[0] - last[1]))]
    known = np.isfinite(times).all(axis=0)
    columns = [count[0] + count[1], abs(count[0] - count[1]), known, *(np.where(known, t, 0) for t in times)]
    return np.stack(columns, axis=1).astype(np.float32)


def pair_side(accounts: Floats, pairs: Pairs, scale: Scale) -> Floats:
    """What is seen of a pair beside the network: account features apart, and the pair's own features.

    Args:
        accounts: account channels, shape (n, 2 F).
        pairs: p pairs.
        scale: scale of the pair features.

    Returns:
        Distance, its logarithm and whether both are known, by account feature, then the pair channels, (p, 3 F + 2 P).
    """
    width = accounts.shape[1] // 2
    one, two = accounts[pairs.a], accounts[pairs.b]
    known = one[:, width:] * two[:, width:]
    apart = np.abs(one[:, :width] - two[:, :width])
    close = np.log(apart + np.float32(NEAREST))
    return np.concatenate([apart * known, close * known, known, scale.channels(pairs.table)], axis=1)


def spans(start: Whole, length: Whole) -> Whole:
    """start[0], start[0] + 1, ... of length[0] numbers, then the same of each next span."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - length - start, length)


def dropped_columns(timed: NDArray[np.bool_], keep: bool, before: int = 0) -> Floats:
    """Factor of each column when a relation's times are dropped: `before` columns stay, then those of `timed`."""
    return np.concatenate([np.ones(before), np.where(timed & (not keep), 0, 1)]).astype(np.float32)

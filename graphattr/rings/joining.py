"""Cells by community detection, joined into rings by what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphattr.rings.between import Between, Links, between
from graphattr.rings.guards import Vetoes
from graphattr.rings.leiden import leiden
from models.joining import Judge

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A cell is a community of links at least this probable, with this mean probability over all its pairs.
CELL_LINK: Final = 0.9
CELL_DENSITY: Final = 0.3


@dataclass(frozen=True)
class Round:
    """One round of joining: what lies between the sets, the log10 odds that they share a controller, and the sets."""

    between: Between
    odds: Array
    label: Whole


def cells(links: Links, seed: int, iterations: int) -> Whole:
    """Small sets that hold together by themselves, shape (N,), numbered by their smallest member."""
    strong = links.probability >= CELL_LINK
    return leiden(
        links.size,
        links.a[strong],
        links.b[strong],
        links.probability[strong],
        resolution=CELL_DENSITY,
        seed=seed,
        iterations=iterations,
    )


def joined(
    links: Links, label: Whole, judge: Judge, vetoes: Vetoes, least: float, rounds: list[Round] | None = None
) -> Whole:
    """Sets that grow together as long as two of them are told to share a controller.

    In each round every two sets join that are each other's best (reciprocal nearest neighbours, as in agglomerative
    clustering; Murtagh 1983), so that the order of accounts decides nothing but between equals. Sets with labels of
    different operators never join, and a cell that has such labels is taken apart first.

    Args:
        links: the links.
        label: the sets to start from, shape (N,).
        judge: reads what lies between two sets.
        vetoes: what the labels rule out.
        least: probability from which on sets join.
        rounds: where to keep the rounds, for training; None: they are not kept.

    Returns:
        Set of each account, shape (N,), numbered by its smallest member.
    """
    limit = np.log10(least) - np.log10(1 - least)
    label = np.unique(label, return_inverse=True)[1]
    low, high = _named(label, vetoes.operator)
    torn = (low < high)[label]
    label = np.unique(np.where(torn, len(label) + np.arange(len(label)), label), return_inverse=True)[1]
    while True:
        links = links.across(label)
        found = between(links, label)
        odds = judge.odds(found.case, found.figures)
        if rounds is not None:
            rounds.append(Round(found, odds, label))
        low, high = _named(label, vetoes.operator)
        first, second = found.first, found.second
        agree = np.maximum(high[first], high[second]) <= np.minimum(low[first], low[second])
        may = np.flatnonzero((odds >= limit) & agree)
        if not len(may):
            _, start, back = np.unique(label, return_index=True, return_inverse=True)
            return np.asarray(start[back], dtype=np.int64)
        pairs = may[mutual(first[may], second[may], odds[may])]
        label = merged(label, first[pairs], second[pairs])


def _named(label: Whole, operator: Whole) -> tuple[Whole, Whole]:
    """Lowest and highest operator that labels name in each set; where they name none the highest is the lower one."""
    count = int(label.max(initial=-1)) + 1
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    known = np.flatnonzero(operator >= 0)
    np.minimum.at(low, label[known], operator[known])
    np.maximum.at(high, label[known], operator[known])
    return low, high


def mutual(first: Whole, second: Whole, odds: Array) -> Whole:
    """Positions of the pairs of sets that are each other's best; among equals the one with lower numbers is better."""
    rank = np.lexsort((second, first, -odds))
    turn = np.empty(len(rank), dtype=np.int64)
    turn[rank] = np.arange(len(rank))
    best = np.full(int(np.maximum(first, second).max(initial=-1)) + 1, len(rank))
    np.minimum.at(best, first, turn)
    np.minimum.at(best, second, turn)
    return np.flatnonzero((best[first] == turn) & (best[second] == turn))


def merged(label: Whole, first: Whole, second: Whole) -> Whole:
    """The sets after each pair has become one; numbered anew from 0."""
    to = np.arange(int(label.max(initial=-1)) + 1)
    to[second] = first
    return np.unique(to[label], return_inverse=True)[1]

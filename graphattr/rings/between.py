"""Figures of the links between two sets of accounts, and between a member and the rest of its ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from graphattr.links.score import Scored
from graphattr.rings.guards import TELLING
from models.joining import FEATURES, case_of

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: log10 odds of a second or third link where there is none.
NO_LINK: Final = -3.0
#: Links less probable hold nothing together.
LEAST_LINK: Final = 0.02


@dataclass(frozen=True)
class Links:
    """Pairs that may hold a ring together, the strongest first.

    Attributes:
        size: N, number of accounts.
        a, b: their accounts, shape (n,).
        odds: log10 odds of a common controller, descending, shape (n,).
        probability: the same as a probability, shape (n,).
        kinds: bit set of the kinds of evidence that tell, shape (n,).
    """

    size: int
    a: Whole
    b: Whole
    odds: Array
    probability: Array
    kinds: NDArray[np.uint8]

    @classmethod
    def of(cls, scored: Scored, used: Whole, size: int) -> Self:
        """The scored pairs at positions `used`."""
        used = used[np.argsort(-scored.log_odds[used], kind="stable")]
        telling = scored.groups[used] >= TELLING
        kinds = np.packbits(telling, axis=1, bitorder="little")[:, 0]
        found = scored.candidates
        return cls(size, found.a[used], found.b[used], scored.log_odds[used], scored.probability[used], kinds)

    def across(self, label: Whole) -> Links:
        """The links between different sets."""
        kept = label[self.a] != label[self.b]
        return Links(
            self.size, self.a[kept], self.b[kept], self.odds[kept], self.probability[kept], self.kinds[kept]
        )


@dataclass(frozen=True)
class Between:
    """Pairs of sets with what lies between them.

    Attributes:
        first, second: the sets, or a member and its set, shape (m,).
        case: case of their sizes, shape (m,).
        figures: shape (m, len(FEATURES)).
    """

    first: Whole
    second: Whole
    case: Whole
    figures: Array


def between(links: Links, label: Whole) -> Between:
    """All pairs of sets that a link connects, by number.

    Args:
        links: the links.
        label: set of each account, numbered from 0, shape (N,).
    """
    x, y = label[links.a], label[links.b]
    swap = x > y
    x, y = np.where(swap, y, x), np.where(swap, x, y)
    u, v = np.where(swap, links.b, links.a), np.where(swap, links.a, links.b)
    stride = np.int64(label.max(initial=0)) + 1
    key = np.where(x == y, -1, x * stride + y)
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key[order], 0) :]
    sizes = np.bincount(label, minlength=int(stride))
    runs = _Runs.of(key[order])
    first, second = x[order][runs.start], y[order][runs.start]
    lone = (sizes[first] == 1)[runs.run], (sizes[second] == 1)[runs.run]
    best = _three_best(runs, links.odds[order], u[order], v[order], *lone)
    expected = np.bincount(runs.run, links.probability[order], len(first))
    outward = np.bincount(first, expected, stride) + np.bincount(second, expected, stride)
    pulls = expected / outward[first], expected / outward[second]
    figures = _figures(links, order, runs, (sizes[first], sizes[second]), best, pulls)
    return Between(first, second, case_of(*_ordered(sizes[first], sizes[second])), figures)


def own(links: Links, label: Whole, support: Array | None = None) -> Between:
    """Each account that a link connects to the rest of its set, with that rest: `first` is the account.

    Args:
        links: the links.
        label: set of each account, numbered from 0, shape (N,).
        support: how firmly each account holds to its set when evidence is resampled, shape (N,); None: not known.
    """
    inside = np.flatnonzero(label[links.a] == label[links.b])
    account = np.concatenate([links.a[inside], links.b[inside]])
    # Both directions of a link, all links of an account together and its strongest first.
    order = np.lexsort((np.tile(np.arange(len(inside)), 2), account))
    runs = _Runs.of(account[order])
    member = account[order][runs.start]
    sizes = np.bincount(label)
    rest = sizes[label[member]] - 1
    rows = np.tile(inside, 2)[order]
    best = np.full((3, len(member)), NO_LINK)
    rank = np.arange(len(rows)) - runs.start[runs.run]
    for place in range(3):
        here = np.flatnonzero(rank == place)
        best[place, runs.run[here]] = links.odds[rows[here]]
    expected = np.bincount(runs.run, links.probability[rows], len(member))
    every = np.bincount(links.a, links.probability, links.size)
    every += np.bincount(links.b, links.probability, links.size)
    cross = label[links.a] != label[links.b]
    outward = np.bincount(label[links.a[cross]], links.probability[cross], len(sizes))
    outward += np.bincount(label[links.b[cross]], links.probability[cross], len(sizes))
    # Of the rest: what leads out of the set, but not from the member, and what leads to the member.
    others = outward[label[member]] - (every[member] - expected) + expected
    pulls = expected / every[member], expected / np.maximum(others, expected)
    figures = _figures(links, rows, runs, (np.ones_like(rest), rest), best, pulls)
    if support is not None:
        figures[:, FEATURES.index("support")] = support[member]
    return Between(member, label[member], case_of(np.ones_like(rest), rest), figures)


@dataclass(frozen=True)
class _Runs:
    """Rows that belong together and lie together: `start` of each run, and the `run` of each row."""

    start: Whole
    run: Whole

    @classmethod
    def of(cls, key: Whole) -> Self:
        start = np.flatnonzero(np.diff(key, prepend=-1) != 0)
        return cls(start, np.repeat(np.arange(len(start)), np.diff(np.append(start, len(key)))))


def _three_best(
    runs: _Runs, odds: Array, u: Whole, v: Whole, lone_u: NDArray[np.bool_], lone_v: NDArray[np.bool_]
) -> Array:
    """log10 odds of the three strongest links of each run that share no account with each other, shape (3, m).

    A set of one account is at the end of all its links, which therefore may share it. Rows of a run descend.
    """
    count = len(runs.start)
    best = np.full((3, count), NO_LINK)
    free = np.ones(len(odds), dtype=bool)
    place = runs.start
    best[0] = odds[place]
    for turn in (1, 2):
        taken = place[runs.run]
        open_ = taken >= 0
        free &= open_ & ((u != u[taken]) | lone_u) & ((v != v[taken]) | lone_v)
        free[place[place >= 0]] = False
        rows = np.flatnonzero(free)
        # The first free row of a run is its strongest.
        runs_left, at = np.unique(runs.run[rows], return_index=True)
        place = np.full(count, -1)
        place[runs_left] = rows[at]
        best[turn, runs_left] = odds[rows[at]]
    return best


def _ordered(first: Whole, second: Whole) -> tuple[Whole, Whole]:
    return np.minimum(first, second), np.maximum(first, second)


def _figures(
    links: Links, rows: Whole, runs: _Runs, size: tuple[Whole, Whole], best: Array, pulls: tuple[Array, Array]
) -> Array:
    """The columns of `FEATURES` but for the support, which is 0.

    Args:
        links: all links.
        rows: positions of those at hand, run by run.
        runs: which of them lie between the same sets.
        size: accounts of both sets of each run.
        best: log10 odds of its strongest links, shape (3, m).
        pulls: its share of all expected links of either set that lead elsewhere or to each other.
    """
    smaller, larger = _ordered(*size)
    tied = np.bincount(runs.run, minlength=len(smaller))
    expected = np.bincount(runs.run, links.probability[rows], len(smaller))
    kinds = np.bitwise_or.reduceat(links.kinds[rows], runs.start) if len(rows) else links.kinds[:0]
    told = {
        "smaller": np.log10(smaller),
        "larger": np.log10(larger),
        "tied": np.log10(tied / (smaller * larger)),
        "best": best[0],
        "second": best[1],
        "third": best[2],
        "expected": np.log10(expected),
        "density": np.log10(expected / (smaller * larger)),
        "each": np.log10(expected / smaller),
        "pull_least": np.minimum(*pulls),
        "pull_most": np.maximum(*pulls),
        "kinds": np.bitwise_count(kinds).astype(np.float64),
        "support": np.zeros(len(smaller)),
    }
    return np.stack([told[name] for name in FEATURES], axis=1)

"""Prompts as a tree of copies: who uses a prompt has written it, copied it, or copied and changed it.

A new entry copies a uniformly drawn earlier one of its circle, so the popular become more popular: the
process of Yule and Simon (Simon 1955), with mutation. A template is what remains equal after copying; an
edit makes another template with the same root.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from graphattr.simulate.draws import Bools, Ints

_STARTERS: Final = 14


def _followed(pointer: Ints) -> Ints:
    """Where each chain of pointers ends; an end points to itself."""
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer
        pointer = further


class Lore:
    """The prompts of a world, and the books (repertoires) that accounts draw on.

    Attributes:
        communities: circles of people; circle `communities` is the market that operators buy on.
    """

    def __init__(self, communities: int, outward: float, codes: Callable[[int], Ints]) -> None:
        self.communities = communities
        self._outward = outward
        self._new = codes
        self._past: dict[int, tuple[Ints, Ints]] = {}
        self._codes: list[Ints] = []
        self._roots: list[Ints] = []
        self._sizes: list[Ints] = []
        self._count = 0

    def past(self, circle: int) -> tuple[Ints, Ints]:
        """Templates and roots used in a circle so far, with repetitions."""
        if circle not in self._past:
            start = self._new(_STARTERS)
            self._past[circle] = (start, start)
        return self._past[circle]

    def spread(
        self, rng: np.random.Generator, circle: Ints, fresh: float, edited: float
    ) -> tuple[Ints, Ints]:
        """One template and its root for each entry; an entry is added to what its circle has used.

        Args:
            rng: the stream.
            circle: of each entry.
            fresh: share of entries that copy nothing.
            edited: share of copies that are changed.
        """
        n = len(circle)
        anywhere = rng.integers(0, self.communities + 1, n)
        circle = np.where(rng.random(n) < self._outward, anywhere, circle)
        codes, roots = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        is_fresh, is_edited = rng.random(n) < fresh, rng.random(n) < edited
        rank = rng.random(n)
        for one in np.unique(circle).tolist():
            here = np.flatnonzero(circle == one)
            codes[here], roots[here] = self._copied(one, rank[here], is_fresh[here], is_edited[here])
        return codes, roots

    def _copied(self, circle: int, rank: np.ndarray, fresh: Bools, edited: Bools) -> tuple[Ints, Ints]:
        codes, roots = self.past(circle)
        old, n = len(codes), len(rank)
        own = np.arange(old, old + n)
        target = np.floor(rank * own).astype(np.int64)
        before = np.arange(old)
        value = _followed(np.concatenate([before, np.where(fresh | edited, own, target)]))
        root = _followed(np.concatenate([before, np.where(fresh, own, target)]))
        made = self._new(n)
        all_codes, all_roots = np.concatenate([codes, made]), np.concatenate([roots, made])
        found = all_codes[value], all_roots[root]
        self._past[circle] = found
        return found[0][old:], found[1][old:]

    def books(self, sizes: Ints, codes: Ints, roots: Ints) -> Ints:
        """Adds books of the given sizes, filled with templates and roots in order; their numbers."""
        if int(sizes.sum()) != len(codes):
            raise ValueError(f"books of {int(sizes.sum())} templates, {len(codes)} given")
        self._sizes.append(sizes)
        self._codes.append(codes)
        self._roots.append(roots)
        self._count += len(sizes)
        return np.arange(self._count - len(sizes), self._count, dtype=np.int64)

    def edited(self, rng: np.random.Generator, codes: Ints, share: float) -> Ints:
        """The templates, about `share` of them changed into one of their own each."""
        return np.where(rng.random(len(codes)) < share, self._new(len(codes)), codes)

    def library(self) -> tuple[Ints, Ints, Ints, Ints]:
        """First entry of each book, its size, and the template and root of each entry."""
        none = np.empty(0, dtype=np.int64)
        sizes = np.concatenate([none, *self._sizes])
        return (
            np.cumsum(sizes) - sizes,
            sizes,
            np.concatenate([none, *self._codes]),
            np.concatenate([none, *self._roots]),
        )

"""Adding up a pair's pieces of evidence: the best of each slot, summed within its group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.records import GROUPS, SIGNAL
from models import AdditiveModel
from models.additive import OWN

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Small = NDArray[np.int16]


@dataclass(frozen=True)
class Slots:
    """Places for pieces of evidence: of the pieces in one slot only the best counts.

    The first seven slots, one a group, take pieces that no training saw; each curve for shared values has one more.

    Attributes:
        model: the evidence model.
        keys: the curve of each slot; None for the first seven.
        group: position in `GROUPS` of each slot, shape (S,).
    """

    model: AdditiveModel
    keys: tuple[str | None, ...]
    group: Whole

    @classmethod
    def of(cls, model: AdditiveModel) -> Self:
        """The slots of a model."""
        keys = sorted(key for key in model.curves if key.split(":")[0] in SIGNAL)
        groups = [*range(len(GROUPS)), *(GROUPS.index(model.curves[key].group) for key in keys)]
        return cls(model, (*(None for _ in GROUPS), *keys), np.array(groups, dtype=np.int64))

    def of_values(self, index: Index) -> Small:
        """Slot of each value, and of the pieces of its owner: shape (values, 2)."""
        place = {key: number for number, key in enumerate(self.keys) if key is not None}

        @cache
        def slot(signal: str, kind: str | None) -> int:
            key = self.model.key(signal, kind)
            return GROUPS.index(SIGNAL[signal].group) if key is None else place[key]

        kinds = index.values.select("signal", "kind")
        both = [(slot(signal, kind), slot(signal, OWN)) for signal, kind in kinds.iter_rows()]
        return np.array(both, dtype=np.int16).reshape(-1, 2)

    def weigh(self, slot: Small, ratio: Array) -> Array:
        """log10 likelihood ratio of each piece as it counts, from the one by its signal's parameters; shape kept."""
        weight = ratio.copy()
        for number, rows in by_number(slot):
            key = self.keys[number]
            if key is not None:
                weight[rows] = self.model.curves[key].at(ratio[rows])
        return weight


def by_number(numbers: Small) -> Iterator[tuple[int, Whole]]:
    """Each number that occurs, ascending from 0, with the positions where it does, ascending."""
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers)).tolist()
    for number, (start, stop) in enumerate(pairwise([0, *ends])):
        if start < stop:
            yield number, order[start:stop]


class Tally:
    """Sums pieces by pair and group, again and again with other pieces left out.

    Args:
        slots: the slots of the model.
        pairs: n, the number of pairs.
        pair: pair of each piece, shape (m,).
        slot: slot of each piece, shape (m,).
        fixed: log10 likelihood ratio that each pair has from elsewhere, shape (n, 7).
        likeness: best likeness of each group that competes with its first seven slots, shape (n, 7), -inf for none;
            None where there is not any.
    """

    def __init__(
        self, slots: Slots, pairs: int, pair: Whole, slot: Small, fixed: Array, likeness: Array | None
    ) -> None:
        self._slots, self._pairs, self._fixed, self._likeness = slots, pairs, fixed, likeness
        key = pair.astype(np.int64) * len(slots.group) + slot
        self._order = np.argsort(key, kind="stable")
        key = key[self._order]
        self._starts = np.flatnonzero(np.diff(key, prepend=-1))
        of, place = np.divmod(key[self._starts], len(slots.group))
        # A place for every pair and slot that has a piece: in the row of its group, of those that have no curve apart.
        self._at = of * len(GROUPS) + slots.group[place]
        self._guided = place < len(GROUPS)
        caps = [slots.model.caps[name] for name in GROUPS]
        self._caps = np.array(caps)

    def groups(
        self, weight: Array, kept: NDArray[np.bool_] | None = None, whole: NDArray[np.bool_] | None = None
    ) -> Array:
        """log10 likelihood ratio of each pair by group, capped, shape (n, 7).

        Args:
            weight: log10 likelihood ratio of each piece (`Slots.weigh`), shape (m,).
            kept: pieces that count, shape (m,); None for all.
            whole: pairs that keep what does not come from pieces, shape (n,); None for all.
        """
        there = weight if kept is None else np.where(kept, weight, -np.inf)
        best = np.maximum.reduceat(there[self._order], self._starts) if len(weight) else there
        guided = np.full_like(self._fixed, -np.inf) if self._likeness is None else self._likeness.copy()
        total = self._fixed.copy()
        if whole is not None:
            guided[~whole], total[~whole] = -np.inf, 0.0
        at = self._at[self._guided]
        guided.reshape(-1)[at] = np.maximum(guided.reshape(-1)[at], best[self._guided])
        guided[guided == -np.inf] = 0.0
        total += guided
        fitted = ~self._guided & (best > -np.inf)
        np.add.at(total.reshape(-1), self._at[fitted], best[fitted])
        return np.asarray(np.clip(total, -self._caps, self._caps, out=total))

    def leading(self, weight: Array) -> NDArray[np.bool_]:
        """Pieces that are the best of their pair and slot, shape (m,): only their loss can change anything."""
        if not len(weight):
            return np.zeros(0, dtype=bool)
        best = np.maximum.reduceat(weight[self._order], self._starts)
        size = np.diff(np.append(self._starts, len(weight)))
        found = np.empty(len(weight), dtype=bool)
        found[self._order] = weight[self._order] >= np.repeat(best, size)
        return found

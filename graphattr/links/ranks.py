"""How close two accounts' figures are among those of all accounts."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class Ranks:
    """A figure of all accounts, sorted once for many pairs.

    Args:
        values: the figure by account number, shape (N,); nan where unknown.
    """

    def __init__(self, values: Array) -> None:
        self._values = values
        self.known = ~np.isnan(values)
        self._sorted = np.sort(values[self.known])
        self._below = np.searchsorted(self._sorted, values, "left")
        self._upto = np.searchsorted(self._sorted, values, "right")

    def share(self, a: Whole, b: Whole) -> Array:
        """Share of all other accounts that are at least as close as each pair is, seen from either end, shape (n,).

        Ties and crowds count in full, so a burst of sign-ups after a release does not look like closeness.

        Args:
            a, b: account numbers whose figures are known, shape (n,).
        """
        distance = np.abs(self._values[a] - self._values[b])
        result = np.zeros(len(a))
        for end, other in ((a, b), (b, a)):
            from_, to = self._values[end], self._values[other]
            # The other end itself bounds the range: `from_ + distance` may round to just short of it and of its ties.
            first = self._place(np.minimum(from_ - distance, to), to, self._below[other], "left")
            last = self._place(np.maximum(from_ + distance, to), to, self._upto[other], "right")
            result += (last - first - 1) / (2 * (len(self._sorted) - 1))
        return np.asarray(np.clip(result, 0, 1))

    def _place(self, edge: Array, other: Array, place: Whole, side: Literal["left", "right"]) -> Whole:
        """Where the edge of a range falls among the known values; `place` where it is the other end."""
        result = place.copy()
        rows = np.flatnonzero(edge != other)
        result[rows] = np.searchsorted(self._sorted, edge[rows], side)
        return result

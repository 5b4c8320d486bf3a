"""Intervals by resampling controllers: the accounts of one controller come and go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Probability left out at each end of an interval.
TAIL: Final = 0.025


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % percentile interval, and what it was taken over (None: over nothing)."""

    value: float | None
    low: float | None
    high: float | None
    n: float


def replicates(controllers: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `controllers` is drawn, for each resample (with replacement)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(resamples):
        drawn = rng.integers(0, controllers, controllers)
        yield np.bincount(drawn, minlength=controllers).astype(np.float64)


def estimate(value: float, resampled: Floats, n: float) -> Estimate:
    """The estimate of a figure from its value and its values on resamples; nan counts as absent.

    A figure that no resample moves (one controller's, say) has no interval: it is not certain, it is unknown how
    uncertain it is.
    """
    if not np.isfinite(value):
        return Estimate(None, None, None, n)
    there = resampled[np.isfinite(resampled)]
    if not len(there) or np.ptp(there) <= 1e-12 * abs(value):
        return Estimate(float(value), None, None, n)
    low, high = np.quantile(there, (TAIL, 1 - TAIL))
    return Estimate(float(value), float(low), float(high), n)


def counted(place: Ints, weight: Floats, size: int = 0) -> Floats:
    """Sum of the weights at each place, from 0 to `size` - 1 or further."""
    # Of no rows at all numpy's counts are whole numbers, whatever the weights are.
    return np.bincount(place, weight, minlength=size).astype(np.float64)


def sums(values: Floats, controller: Ints, controllers: int) -> Floats:
    """Column sums by controller: shape controllers x measures, from accounts x measures."""
    columns = [counted(controller, column, controllers) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((controllers, 0))


def effective(size: Floats) -> float:
    """How many controllers of one size would tell as much as these (Kish: square of the sum over sum of squares).

    It is the effective number of accounts where those of one controller are all alike: the worst case.
    """
    squares = float((size**2).sum())
    return float(size.sum()) ** 2 / squares if squares > 0 else 0.0


def edge(share: float, controllers: float) -> tuple[float, float]:
    """The interval of a share that is exactly 0 or exactly 1, of so many `effective` controllers.

    There every resample gives the same figure, and a bootstrap says that nothing is uncertain. The far limit is
    that of Clopper and Pearson instead, at the effective number (Korn and Graubard 1998).
    """
    far = TAIL ** (1 / controllers)
    return (0.0, 1.0 - far) if share == 0 else (far, 1.0)

"""Intervals by resampling controllers: the accounts of one controller come and go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
    """The estimate of a figure from its value and its values on resamples; nan counts as absent."""
    if not np.isfinite(value):
        return Estimate(None, None, None, n)
    there = resampled[np.isfinite(resampled)]
    if not len(there):
        return Estimate(float(value), None, None, n)
    low, high = np.quantile(there, (0.025, 0.975))
    return Estimate(float(value), float(low), float(high), n)


def sums(values: Floats, controller: Ints, controllers: int) -> Floats:
    """Column sums by controller: shape controllers x measures, from accounts x measures."""
    totals = np.zeros((controllers, values.shape[1]))
    np.add.at(totals, controller, values)
    return totals

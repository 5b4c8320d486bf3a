"""Seeded chance: parameter ranges, one random stream a mechanism, and a hash that serves as a stateless draw.

Two kinds of chance are kept apart. A `Generator` draws what happens once (who lives where, when a session
starts). `mix` turns integers into an integer and is used where the same thing must come out again without
being stored: the address of a home in one lease, the exit that an account keeps for an hour. Both depend on
the seed alone, so a mechanism can be switched off or run on a part of the accounts without moving any other.
"""

from __future__ import annotations

import zlib
from typing import cast

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]


#: An interval that a parameter is drawn from, both ends included.
Range = tuple[float, float]


def draw(rng: np.random.Generator, within: Range) -> float:
    """One uniform draw."""
    return float(rng.uniform(*within))


def draws(rng: np.random.Generator, within: Range, n: int) -> Floats:
    """`n` uniform draws."""
    return rng.uniform(*within, n)


def scale(rng: np.random.Generator, within: Range) -> float:
    """One draw uniform in the logarithm: for rates, gaps and sizes that span decades."""
    return float(np.exp(rng.uniform(np.log(within[0]), np.log(within[1]))))


def count(rng: np.random.Generator, within: Range) -> int:
    """One whole number, uniform."""
    return int(rng.integers(int(within[0]), int(within[1]) + 1))


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one mechanism: it depends on the seed and the name, not on what ran before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def _finish(word: _Words) -> _Words:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): a bijection of 64-bit words."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def words(*parts: Ints | int) -> _Words:
    """A 64-bit hash of each row of the parts (arrays of one length, or scalars)."""
    state = np.zeros(1, dtype=np.uint64)
    for part in parts:
        word = np.atleast_1d(np.asarray(part, dtype=np.int64)).view(np.uint64)
        state = _finish(state + word + np.uint64(0x9E3779B97F4A7C15))
    return state


def mix(*parts: Ints | int) -> Ints:
    """The same hash as a non-negative int64: an entity code, or a number to take modulo a size."""
    return cast(Ints, (words(*parts) >> np.uint64(2)).astype(np.int64))


def unit(*parts: Ints | int) -> Floats:
    """The same hash as a number in [0, 1)."""
    return (words(*parts) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choose(rng: np.random.Generator, weights: Floats, n: int) -> Ints:
    """`n` draws of an index with the given weights."""
    return np.searchsorted(np.cumsum(weights) / np.sum(weights), rng.random(n), side="right").astype(np.int64)


def choose_rows(rng: np.random.Generator, weights: Floats) -> Ints:
    """One index a row, by that row's weights (shape rows x choices)."""
    cumulative = np.cumsum(weights, axis=1)
    at = rng.random(len(weights)) * cumulative[:, -1]
    return cast(Ints, (at[:, None] >= cumulative).sum(axis=1).astype(np.int64))


def partly(rng: np.random.Generator, otherwise: Ints, value: Ints | int, share: float) -> Ints:
    """`value` for about that share of the rows, `otherwise` for the rest."""
    return np.where(rng.random(len(otherwise)) < share, value, otherwise)


def zipf(rank: Floats, size: int) -> Ints:
    """Ranks 0 to size - 1 from uniform numbers, the rank k with odds of about 1 / (k + 1)."""
    return np.minimum(np.floor((size + 1.0) ** rank - 1.0), size - 1).astype(np.int64)


def lognormal(rng: np.random.Generator, median: float, sigma: float, n: int, most: float) -> Floats:
    """`n` draws with the given median and log standard deviation, cut off at `most`."""
    return np.minimum(median * np.exp(sigma * rng.standard_normal(n)), most)

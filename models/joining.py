"""How sets of linked accounts become rings: what tells that two sets share a controller, and that a member belongs.

Both are additive: piecewise-linear curves in log10 odds over a few figures of the links between two sets, one set of
curves for each case of their sizes (a single link between two accounts and the tenth link between two large sets are
not read alike). They read posterior log-odds of links, so they go with any linkage model whose links are calibrated.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.documents import Frozen, read_document

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

FILE: Final = "joining.json"
#: Figures of the links between two sets, in the order of their columns (`graphattr.rings.between` computes them).
FEATURES: Final = (
    "smaller", "larger", "tied", "best", "second", "third", "expected", "density", "each", "pull_least", "pull_most",
    "kinds", "support",
)  # fmt: skip
#: Cases by the accounts of the smaller and of the larger set. Few are two to so many.
FEW: Final = 4
CASES: Final = ("one-one", "one-few", "one-many", "few-any", "many-many")


def case_of(smaller: Whole, larger: Whole) -> Whole:
    """Number of the case of two sets, by the accounts in each, smaller <= larger; shape kept."""
    one = np.where(larger == 1, 0, np.where(larger <= FEW, 1, 2))
    return np.asarray(np.where(smaller == 1, one, np.where(smaller <= FEW, 3, 4)), dtype=np.int64)


class Part(Frozen):
    """What one figure adds: log10 odds at ascending knots, linear between them and flat outside."""

    knots: tuple[float, ...] = Field(min_length=1)
    values: tuple[float, ...]

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if len(self.knots) != len(self.values) or np.any(np.diff(self.knots) <= 0):
            raise ValueError("expected ascending knots and a value for each")
        return self


class Case(Frozen):
    """Curves for one case of sizes.

    Attributes:
        odds: log10 odds before any figure is looked at.
        parts: by figure of `FEATURES`.
        rows: pairs of sets, or members, that it rests on.
    """

    odds: float
    parts: dict[str, Part]
    rows: int = Field(ge=0)


class Judge(Frozen):
    """Curves for all cases; a case without curves is never told to belong together."""

    cases: dict[str, Case]

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = set(self.cases) - set(CASES)
        unknown |= {name for case in self.cases.values() for name in set(case.parts) - set(FEATURES)}
        if unknown:
            raise ValueError(f"unknown cases or figures: {', '.join(sorted(unknown))}")
        return self

    def odds(self, case: Whole, figures: Array) -> Array:
        """log10 odds of each row.

        Args:
            case: number of the case, shape (n,).
            figures: shape (n, len(FEATURES)) in the order of `FEATURES`.
        """
        told = np.full(len(case), -np.inf)
        for number, name in enumerate(CASES):
            rows = np.flatnonzero(case == number)
            if name not in self.cases or not len(rows):
                continue
            told[rows] = self.cases[name].odds
            for figure, part in self.cases[name].parts.items():
                told[rows] += np.interp(figures[rows, FEATURES.index(figure)], part.knots, part.values)
        return told


class Limits(Frozen):
    """Between which shares the members of nine in ten groups of like probability were right, in fresh worlds.

    Attributes:
        at: probabilities, ascending.
        low, high: 5 % and 95 % quantiles of the share that was right there.
        groups: groups of members that they rest on.
    """

    at: tuple[float, ...] = Field(min_length=1)
    low: tuple[float, ...]
    high: tuple[float, ...]
    groups: int = Field(ge=1)

    @model_validator(mode="after")
    def _alike(self) -> Self:
        if not len(self.at) == len(self.low) == len(self.high) or np.any(np.diff(self.at) <= 0):
            raise ValueError("expected ascending probabilities and a low and a high for each")
        return self

    def of(self, probability: Array) -> tuple[Array, Array]:
        """Low and high of each probability, which lies between them; shapes kept."""
        low, high = (np.interp(probability, self.at, side) for side in (self.low, self.high))
        return np.minimum(low, probability), np.maximum(high, probability)


class Joining(Frozen):
    """The whole of it.

    Attributes:
        name, note: what it is and what it was fitted to.
        join: reads the links between two sets: do they share a controller?
        stay: reads the links between a member and the rest of its ring: does it belong with most of it?
        limits: how far the probabilities of members may be off; None: nobody has measured.
    """

    name: str
    note: str
    join: Judge
    stay: Judge
    limits: Limits | None = None

    @property
    def sha256(self) -> str:
        """Digest of everything in it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_joining(path: Path) -> Joining:
    """Reads a file, or the folder that holds joining.json.

    Raises:
        ModelError: the file is unreadable or holds something else.
    """
    return read_document(Joining, path, FILE, "how sets are joined,", "say how sets are joined")


@cache
def shipped_joining() -> Joining:
    """What ships with the project."""
    with resources.as_file(resources.files("models").joinpath("shipped/rings")) as folder:
        return load_joining(folder)

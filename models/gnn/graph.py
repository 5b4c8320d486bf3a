"""The network's input: an account-value graph and the pairs to score, as plain numpy arrays.

There are no account-account edges and no id embeddings: a value is known by its features and its holders only, so a
trained network reads graphs whose accounts and values it never saw. Nothing that follows from an investigation
(bans, tags, labels) belongs in the features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Relation:
    """Who holds which value of one signal: e edges between accounts and v values.

    Attributes:
        account: account number of each edge, shape (e,), in [0, n).
        value: value number of each edge, shape (e,), in [0, v); an (account, value) occurs once.
        values: features of the values, shape (v, D), in natural units; NaN where unknown.
        count: uses, shape (e,), >= 0.
        first: first use in days since the window's start, shape (e,); NaN where timeless.
        last: last use, likewise.
    """

    account: Whole
    value: Whole
    values: Floats
    count: Floats
    first: Floats
    last: Floats

    def __post_init__(self) -> None:
        edges = len(self.account)
        for name in ("value", "count", "first", "last"):
            if getattr(self, name).shape != (edges,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected ({edges},)")
        if self.values.ndim != 2:
            raise ValueError(f"values has {self.values.ndim} dimensions, expected 2")
        _within("value", self.value, self.size)

    @property
    def size(self) -> int:
        """v, the number of values."""
        return len(self.values)


@dataclass(frozen=True)
class Graph:
    """The account-value graph of one world or run.

    Attributes:
        accounts: account features, shape (n, F); NaN where unknown. Only their ranks in the graph are used.
        account_names: names of the F account features.
        value_names: names of the D value features, the same for every relation.
        relations: by signal name; a signal without data is left out.
        window_days: length of the observation in days, > 0.
    """

    accounts: Floats
    account_names: tuple[str, ...]
    value_names: tuple[str, ...]
    relations: Mapping[str, Relation]
    window_days: float

    def __post_init__(self) -> None:
        if self.accounts.shape != (len(self.accounts), len(self.account_names)):
            raise ValueError(f"accounts has shape {self.accounts.shape} for {self.account_names}")
        if not self.window_days > 0:
            raise ValueError(f"window_days is {self.window_days}, expected more than 0")
        for name, relation in self.relations.items():
            _within(f"account of {name}", relation.account, self.size)
            if relation.values.shape[1] != len(self.value_names):
                raise ValueError(f"values of {name} has shape {relation.values.shape} for {self.value_names}")

    @property
    def size(self) -> int:
        """n, the number of accounts."""
        return len(self.accounts)

    @property
    def edges(self) -> int:
        """Number of edges over all relations."""
        return sum(len(relation.account) for relation in self.relations.values())


@dataclass(frozen=True)
class Pairs:
    """Account pairs to score or to learn from: p of them. The order within a pair does not matter.

    Attributes:
        a, b: account numbers, shape (p,).
        features: facts of the pair that the graph does not hold (window at a hub ...), shape (p, P); NaN if unknown.
        feature_names: names of the P features.
        label: 1 same controller, 0 not, shape (p,); None outside training.
        weight: weight in the loss, shape (p,), >= 0; None: 1 each.
        group_a, group_b: controller of each end, shape (p,): folds keep a controller whole. None outside training.
    """

    a: Whole
    b: Whole
    features: Floats | None = None
    feature_names: tuple[str, ...] = ()
    label: Floats | None = None
    weight: Floats | None = None
    group_a: Whole | None = field(default=None, repr=False)
    group_b: Whole | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("b", "label", "weight", "group_a", "group_b"):
            given = getattr(self, name)
            if given is not None and given.shape != self.a.shape:
                raise ValueError(f"{name} has shape {given.shape}, expected {self.a.shape}")
        if self.table.shape != (len(self), len(self.feature_names)):
            raise ValueError(f"features has shape {self.table.shape} for {self.feature_names}")

    def __len__(self) -> int:
        return len(self.a)

    @property
    def table(self) -> Floats:
        """`features`, of width 0 where there are none."""
        return np.empty((len(self), 0), np.float32) if self.features is None else self.features


def _within(name: str, numbers: Whole, size: int) -> None:
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < size):
        raise ValueError(f"{name} goes from {numbers.min()} to {numbers.max()}, expected 0 to {size - 1}")

"""Measures of a partition of accounts against the true one: B-cubed and pairwise precision, recall and F1.

A partition is an integer label an account; accounts with the same label stand together, and an account in no
ring is a ring of one. Every measure here is a ratio of sums over accounts; `PerAccount` holds the terms, so a
stratum is a subset of its rows and a bootstrap by controller is a weight on them. Nothing compares pairs one
by one: the cost is that of sorting the labels.

B-cubed: Bagga and Baldwin 1998. Pairwise: the usual counts of pairs (Menestrina and others 2010 on how the
two differ).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Precision, recall and their harmonic mean, each in [0, 1]; nan where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class PerAccount:
    """Terms of the measures, one row an account.

    Attributes:
        together: accounts that share the account's ring and its controller, itself included.
        ring: accounts in its ring.
        controller: accounts of its controller.
    """

    together: Floats
    ring: Floats
    controller: Floats


def codes(members: pl.DataFrame, accounts: pl.Series) -> Labels:
    """Ring label of each account, in the order of `accounts`; an account in no ring gets a label of its own.

    Args:
        members: account_id, ring_id; one row an account at most.
        accounts: distinct account ids; accounts outside it are ignored.
    """
    frame = pl.DataFrame({"account_id": accounts}).join(
        members.select("account_id", "ring_id"), on="account_id", how="left", maintain_order="left"
    )
    ring = frame["ring_id"]
    label = ring.rank("dense").cast(pl.Int64).fill_null(0).to_numpy().copy()
    alone = label == 0
    label[alone] = label.max(initial=0) + 1 + np.arange(int(alone.sum()))
    return np.asarray(label, dtype=np.int64)


def sizes(label: Labels) -> Floats:
    """How many accounts carry each account's label."""
    _, inverse, counts = np.unique(label, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse], dtype=np.float64)


def joint(first: Labels, second: Labels) -> Labels:
    """One label for each distinct pair of labels."""
    _, first_code = np.unique(first, return_inverse=True)
    values, second_code = np.unique(second, return_inverse=True)
    return np.asarray(first_code * max(len(values), 1) + second_code, dtype=np.int64)


def per_account(pred: Labels, truth: Labels) -> PerAccount:
    """The terms for every account; `pred` and `truth` are aligned and of one length."""
    return PerAccount(sizes(joint(pred, truth)), sizes(pred), sizes(truth))


def harmonic(precision: Floats, recall: Floats) -> Floats:
    """Harmonic mean, by element; 0 where both are 0, nan where one is."""
    total = np.asarray(precision + recall)
    return np.divide(
        2 * precision * recall, total, out=np.where(np.isnan(total), np.nan, 0.0), where=total > 0
    )


def _agreement(precision: float, recall: float) -> Agreement:
    return Agreement(precision, recall, float(harmonic(np.asarray(precision), np.asarray(recall))))


def _ratio(numerator: Floats, denominator: Floats, weight: Floats) -> float:
    below = float(weight @ denominator)
    return float(weight @ numerator) / below if below > 0 else float("nan")


def bcubed_of(terms: PerAccount, weight: Floats) -> Agreement:
    """B-cubed averaged over accounts with the given weights (0 leaves an account out of the average)."""
    one = np.ones_like(weight)
    precision = _ratio(terms.together / terms.ring, one, weight)
    return _agreement(precision, _ratio(terms.together / terms.controller, one, weight))


def pairwise_of(terms: PerAccount, weight: Floats) -> Agreement:
    """Pairwise agreement; each pair is counted half at each of its two accounts, by its weight."""
    right = (terms.together - 1) / 2
    precision = _ratio(right, (terms.ring - 1) / 2, weight)
    return _agreement(precision, _ratio(right, (terms.controller - 1) / 2, weight))


def bcubed(pred: Labels, truth: Labels) -> Agreement:
    """B-cubed precision, recall and F1 of a partition over all accounts given."""
    return bcubed_of(per_account(pred, truth), np.ones(len(truth)))


def pairwise(pred: Labels, truth: Labels) -> Agreement:
    """Precision, recall and F1 over pairs of accounts; nan where a side has no pair at all."""
    return pairwise_of(per_account(pred, truth), np.ones(len(truth)))

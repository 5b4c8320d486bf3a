"""One set of measures for every method, and intervals over worlds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.evaluate.bootstrap import Estimate, estimate, replicates
from graphattr.evaluate.partition import bcubed_of, per_account, sizes
from graphattr.evaluate.scores import brier, cllr, cllr_min, ece, penalties

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]

_NAN: Final = float("nan")
#: Resamples of worlds.
RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Truth:
    """What is true of each account, in the order of `Material.accounts`.

    Attributes:
        owner: number of its controller.
        innocent: whether it did nothing wrong.
        kind: what it is part of.
    """

    owner: Whole
    innocent: Bools
    kind: NDArray[np.object_]

    @classmethod
    def read(cls, path: Path, accounts: pl.Series) -> Truth:
        """Reads truth.parquet for these accounts."""
        rows = (
            accounts.alias("account_id")
            .to_frame()
            .join(pl.read_parquet(path), on="account_id", how="left", maintain_order="left")
        )
        if rows["controller"].null_count():
            raise ValueError(f"{rows['controller'].null_count()} accounts are not in {path.name}")
        owner = rows["controller"].rank("dense").cast(pl.Int64).to_numpy()
        return cls(owner, rows["innocent"].to_numpy(), rows["kind"].to_numpy())

    def same(self, a: Whole, b: Whole) -> Bools:
        """Whether one party controls both accounts of each pair."""
        return np.asarray(self.owner[a] == self.owner[b])


def partition(label: Whole, truth: Truth) -> dict[str, float]:
    """Measures of a partition; a ring is a part with two accounts or more.

    precision, recall, f1: B-cubed averaged over the accounts that are not innocent, their rings whole, so an
    innocent in the ring of an operator costs precision. f1_all: over all accounts. wrong: accounts that are not of
    their ring's largest controller, over all in rings. mixed: innocents among the accounts of the rings that hold
    somebody who is not innocent. exposed: the share of all innocents who stand in such a ring.
    """
    terms = per_account(label, truth.owner)
    involved = ~truth.innocent
    over = bcubed_of(terms, involved.astype(float))
    everybody = bcubed_of(terms, np.ones(len(label)))
    ringed = sizes(label) >= 2
    bad = np.unique(label[involved & ringed])
    beside = np.isin(label, bad) & ringed
    return {
        "precision": over.precision,
        "recall": over.recall,
        "f1": over.f1,
        "f1_all": everybody.f1,
        "wrong": _share(_strangers(label, truth.owner), int(ringed.sum())),
        "mixed": _share(int((beside & truth.innocent).sum()), int(beside.sum())),
        "exposed": _share(int((beside & truth.innocent).sum()), int(truth.innocent.sum())),
        "innocent_in_rings": _share(int((ringed & truth.innocent).sum()), int(truth.innocent.sum())),
    }


def _strangers(label: Whole, owner: Whole) -> int:
    """Accounts that are not of their part's largest controller."""
    counts = pl.DataFrame({"label": label, "owner": owner}).group_by("label", "owner").len()
    largest = counts.group_by("label").agg(pl.col("len").max())["len"].sum()
    return len(label) - int(largest)


def _share(above: int, below: int) -> float:
    return above / below if below else _NAN


def pairs(
    log10_lr: Floats, prior: float, same: Bools, strata: dict[str, Bools]
) -> dict[str, dict[str, float]]:
    """Measures of pair scores, by stratum.

    Args:
        log10_lr: likelihood ratio of each candidate pair: one controller, against two.
        prior: log10 prior odds of a candidate pair, for the probabilities behind ece and brier.
        same: what is true of each pair.
        strata: pairs of each stratum; "all" among them.

    Returns:
        cllr, cllr_min, cost_true, cost_untrue (its two halves), ece, brier and true (the share of true pairs); nan
        where there is nothing to divide by.
    """
    probability = 1 / (1 + np.power(10.0, -np.clip(log10_lr + prior, -300, 300)))
    report = {}
    for name, here in strata.items():
        lr, true, p = log10_lr[here], same[here], probability[here]
        one = np.ones(len(lr))
        cost = penalties(lr, true)
        both = bool(true.any() and (~true).any())
        report[name] = {
            "cllr": cllr(lr, true, one) if both else _NAN,
            "cllr_min": cllr_min(lr, true, one) if both else _NAN,
            "cost_true": float(cost[true].mean()) if true.any() else _NAN,
            "cost_untrue": float(cost[~true].mean()) if (~true).any() else _NAN,
            "ece": ece(p, true, one) if len(lr) else _NAN,
            "brier": brier(p, true, one) if len(lr) else _NAN,
            "true": float(true.mean()) if len(lr) else _NAN,
        }
    return report


def strata(truth: Truth, a: Whole, b: Whole) -> dict[str, Bools]:
    """All pairs, and those with an end of each kind: a pair belongs to the strata of both its ends."""
    found = {"all": np.ones(len(a), dtype=np.bool_)}
    for kind in sorted(set(truth.kind.tolist())):
        of = np.asarray(truth.kind == kind, dtype=np.bool_)
        found[str(kind)] = of[a] | of[b]
    return found


@cache
def _draws(worlds: int, seed: int) -> NDArray[np.float64]:
    """How often each world is drawn, RESAMPLES rows: with replacement, the same for every figure of as many worlds."""
    return np.stack(list(replicates(worlds, RESAMPLES, seed)))


def over_worlds(values: list[float], seed: int = 0) -> Estimate:
    """Mean over worlds with a 95 % interval by resampling worlds; worlds without the figure are left out."""
    there = np.array([value for value in values if np.isfinite(value)])
    if not len(there):
        return Estimate(None, None, None, 0)
    return estimate(float(there.mean()), _means(there, seed), len(there))


def _means(values: Floats, seed: int) -> Floats:
    """Means of resamples; none of a single world, which says nothing of others."""
    return np.asarray(_draws(len(values), seed) @ values / len(values)) if len(values) > 1 else np.array([])


def pooled(above: list[float], below: list[float], seed: int = 0) -> Estimate:
    """Ratio of two sums over worlds with a 95 % interval by resampling worlds."""
    top, bottom = np.array(above), np.array(below)
    if not bottom.sum() > 0:
        return Estimate(None, None, None, len(bottom))
    weight = _draws(len(bottom), seed)
    with np.errstate(invalid="ignore"):
        drawn = np.asarray((weight @ top) / (weight @ bottom))
    return estimate(float(top.sum() / bottom.sum()), drawn, len(bottom))


def difference(first: list[float], second: list[float], seed: int = 0) -> Estimate:
    """Mean of `second` less mean of `first`, over worlds apart from each other, each side resampled by world."""
    sides = [np.array([value for value in side if np.isfinite(value)]) for side in (first, second)]
    if not all(len(side) for side in sides):
        return Estimate(None, None, None, 0)
    drawn = [_means(side, seed + number) for number, side in enumerate(sides)]
    value = float(sides[1].mean() - sides[0].mean())
    enough = all(len(side) for side in drawn)
    return estimate(value, drawn[1] - drawn[0] if enough else np.array([]), len(sides[0]) + len(sides[1]))

"""Measures over links.

The pairs are those in the run's links.parquet, no others: pairs that the run looked at and kept, so mostly
ones that share something. A run that keeps fewer is measured over fewer: read with `found`. A pair is true
if one entity controls both accounts. `cllr`, `cllr_min` are of log10_lr, without the prior; `cost_true` and
`cost_untrue` are the two means that Cllr is the mean of, so a stratum with pairs of one sort only still says
something; `brier` and `ece` are of `probability`. `found` is the share of all true pairs, among the accounts
of the truth, that stand in links.parquet. A pair belongs to the strata of both its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from graphattr.evaluate.bootstrap import Estimate, Ints, estimate, replicates
from graphattr.evaluate.scores import cllr_min, penalties

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_BINS: Final = 10


@dataclass(frozen=True)
class _Pairs:
    """Pairs of one stratum, with the terms of every measure worked out once (rows: pairs).

    Attributes:
        first: owner of account_a, as a row of a resample's weights; `second` of account_b.
        true: whether the two are one.
        terms: cost where true, true, cost where untrue, untrue, squared error, one.
        gap: outcome less probability; `bin` its interval of the calibration error.
    """

    lr: Floats
    first: Ints
    second: Ints
    true: Bools
    terms: Floats
    gap: Floats
    bin: Ints

    @classmethod
    def of(cls, table: pl.DataFrame) -> _Pairs:
        lr, probability = table["log10_lr"].to_numpy(), table["probability"].to_numpy()
        true = table["same"].to_numpy()
        cost, one = penalties(lr, true), np.ones(len(lr))
        terms = np.stack(
            [cost * true, one * true, cost * ~true, one * ~true, (probability - true) ** 2, one], axis=1
        )
        bins = np.minimum((probability * _BINS).astype(np.int64), _BINS - 1)
        first, second = (table[f"owner_{side}"].to_numpy() - 1 for side in ("a", "b"))
        return cls(lr, first, second, true, terms, true - probability, bins)

    def weighted(self, drawn: Floats) -> Floats:
        """How often each pair counts: as its controller was drawn, or the product of its two."""
        return np.where(self.true, drawn[self.first], drawn[self.first] * drawn[self.second])

    def figures(self, weight: Floats) -> dict[str, float]:
        """Every measure but cllr_min, with weighted pairs."""
        hit, trues, miss, untrues, square, total = (weight @ self.terms).tolist()
        gap = np.abs(np.bincount(self.bin, weight * self.gap, minlength=_BINS)).sum()
        cost_true, cost_untrue = _over(hit, trues), _over(miss, untrues)
        return {
            "cllr": (cost_true + cost_untrue) / 2,
            "cost_true": cost_true,
            "cost_untrue": cost_untrue,
            "brier": _over(square, total),
            "ece": _over(float(gap), total),
        }


def _over(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


def links(
    table: pl.DataFrame, accounts: pl.DataFrame, resamples: int, seed: int
) -> dict[str, dict[str, Estimate]]:
    """Figures of `Judged.links`, over all pairs and by stratum, with intervals by controller.

    `cllr_min` and `found` come without an interval: each resample would sort all pairs anew.
    """
    strata = {"all": _Pairs.of(table)}
    for name in sorted(accounts["stratum"].unique()):
        strata[name] = _Pairs.of(table.filter((pl.col("stratum_a") == name) | (pl.col("stratum_b") == name)))
    drawn: dict[str, list[dict[str, float]]] = {name: [] for name in strata}
    owners = accounts["owner"].n_unique()
    for weight in replicates(owners, resamples, seed):
        for name, pairs in strata.items():
            drawn[name].append(pairs.figures(pairs.weighted(weight)))
    report: dict[str, dict[str, Estimate]] = {}
    for name, pairs in strata.items():
        one = np.ones(len(pairs.lr))
        report[name] = {
            measure: estimate(value, np.array([row[measure] for row in drawn[name]]), len(one))
            for measure, value in pairs.figures(one).items()
        }
        report[name]["cllr_min"] = estimate(cllr_min(pairs.lr, pairs.true, one), np.array([]), len(one))
    report["all"]["found"] = _found(strata["all"].true, accounts)
    return report


def _found(true: Bools, accounts: pl.DataFrame) -> Estimate:
    """Share of all true pairs that were kept, hubs and all."""
    held = accounts.group_by("owner").len()["len"].cast(pl.Float64)
    pairs = float((held * (held - 1) / 2).sum())
    return Estimate(float(true.sum()) / pairs if pairs else None, None, None, pairs)

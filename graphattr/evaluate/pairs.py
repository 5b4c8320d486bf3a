"""Measures over links.

The pairs are those in the run's links.parquet, no others: pairs that the run looked at and kept, so mostly
ones that share something. A run that keeps fewer is measured over fewer: read with `found`. A pair is true
if one entity controls both accounts. A pair is counted in the stratum of either end, once where both are of
one: the figures of a stratum say how good the likelihood ratios are for whoever is in it, so pairs of two
strata count in both, and strata do not add up to "all".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from graphattr.evaluate.bootstrap import Estimate, Floats, Ints, counted, estimate, replicates
from graphattr.evaluate.ratios import ALL, Ratio, Rows, ratio_figures
from graphattr.evaluate.scores import BINS, bin_of, cllr_min, least_cllr, penalties

#: Distinct scores beyond this are merged with their neighbours on resamples, for the interval of Cllr_min.
MAX_SCORES: Final = 4096
#: Columns of `_Pairs.terms`.
_HIT, _TRUES, _MISS, _UNTRUES, _SQUARE, _ONE = range(6)


@dataclass(frozen=True)
class _Sums:
    """Weighted sums of pairs: terms, gap by interval of probability, true and untrue weights by score."""

    terms: Floats
    gap: Floats
    hits: Floats
    misses: Floats

    def figures(self) -> dict[str, float]:
        terms = self.terms
        cost_true = _over(terms[_HIT], terms[_TRUES])
        cost_untrue = _over(terms[_MISS], terms[_UNTRUES])
        least = least_cllr(self.hits, self.misses)
        return {
            "cllr": (cost_true + cost_untrue) / 2,
            "cllr_min": least,
            "cllr_cal": (cost_true + cost_untrue) / 2 - least,
            "cost_true": cost_true,
            "cost_untrue": cost_untrue,
            "brier": _over(terms[_SQUARE], terms[_ONE]),
            "ece": _over(float(np.abs(self.gap).sum()), terms[_ONE]),
        }


@dataclass(frozen=True)
class _Pairs:
    """All pairs, sorted by the two strata of their ends (a cell), with the terms of every measure worked out once.

    Attributes:
        lr, true: log10 likelihood ratio, and whether the two are one.
        first, second: owner of each account, from 0.
        cell, cut: number of a pair's cell, and the rows of each.
        ends: the two strata of each cell.
        terms, gap: see `_Sums`; `bin` and `score` say where a pair's gap and weight go.
    """

    lr: Floats
    true: np.ndarray[tuple[int], np.dtype[np.bool_]]
    first: Ints
    second: Ints
    cell: Ints
    cut: list[slice]
    ends: list[tuple[int, int]]
    terms: Floats
    gap: Floats
    bin: Ints
    score: Ints

    @classmethod
    def of(cls, table: pl.DataFrame, strata: list[str]) -> _Pairs:
        place = {name: n for n, name in enumerate(strata)}
        code = [
            table[f"stratum_{side}"].replace_strict(place, return_dtype=pl.Int64).to_numpy() for side in "ab"
        ]
        key = np.minimum(*code) * len(strata) + np.maximum(*code)
        order = np.argsort(key, kind="stable")
        keys, start, cell = np.unique(key[order], return_index=True, return_inverse=True)
        lr, probability, true = (
            table[name].to_numpy()[order] for name in ("log10_lr", "probability", "same")
        )
        cost, one = penalties(lr, true), np.ones(len(lr))
        columns = [cost * true, one * true, cost * ~true, one * ~true, (probability - true) ** 2, one]
        first, second = (table[f"owner_{side}"].to_numpy()[order] - 1 for side in "ab")
        return cls(
            lr,
            true,
            first,
            second,
            cell,
            [slice(a, b) for a, b in itertools.pairwise([*start.tolist(), len(order)])],
            [divmod(int(number), len(strata)) for number in keys],
            np.stack(columns, axis=1),
            true - probability,
            bin_of(probability),
            _coarse(lr),
        )

    def weighted(self, drawn: Floats) -> Floats:
        """How often each pair counts: as its controller was drawn, or the product of its two."""
        first = drawn[self.first]
        return np.where(self.true, first, first * drawn[self.second])

    def summed(self, weight: Floats) -> _Sums:
        """Sums by cell (rows)."""
        cells, scores = len(self.cut), int(self.score.max(initial=-1)) + 1
        hits = weight * self.true
        at = self.cell * scores + self.score
        return _Sums(
            np.array([weight[cut] @ self.terms[cut] for cut in self.cut]).reshape(cells, 6),
            counted(self.cell * BINS + self.bin, weight * self.gap, cells * BINS).reshape(cells, BINS),
            counted(at, hits, cells * scores).reshape(cells, scores),
            counted(at, weight - hits, cells * scores).reshape(cells, scores),
        )

    def rows(self, cell: int) -> Ints:
        """Row numbers of a cell."""
        return np.arange(self.cut[cell].start, self.cut[cell].stop)

    def inside(self, stratum: int | None) -> list[int]:
        """Cells with an end in a stratum; all of them for None."""
        return [n for n, ends in enumerate(self.ends) if stratum is None or stratum in ends]


def _coarse(lr: Floats) -> Ints:
    """Scores in order as numbers from 0, neighbours merged where there are more than MAX_SCORES."""
    values, number = np.unique(lr, return_inverse=True)
    return np.asarray(number * MAX_SCORES // len(values) if len(values) > MAX_SCORES else number)


def _over(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")


def links(
    table: pl.DataFrame, accounts: pl.DataFrame, resamples: int, seed: int
) -> dict[str, dict[str, Estimate]]:
    """Figures of `Judged.links`, over all pairs and by stratum, with intervals by controller."""
    strata = sorted(accounts["stratum"].unique().to_list())
    pairs = _Pairs.of(table, strata)
    cells = {ALL: pairs.inside(None)} | {name: pairs.inside(n) for n, name in enumerate(strata)}
    drawn: dict[str, list[dict[str, float]]] = {name: [] for name in cells}
    for weight in replicates(accounts["owner"].n_unique(), resamples, seed):
        summed = pairs.summed(pairs.weighted(weight))
        for name, where in cells.items():
            drawn[name].append(_merged(summed, where).figures())
    whole = pairs.summed(np.ones(len(pairs.lr)))
    found = _found(table, accounts, resamples, seed)
    report = {}
    for name, where in cells.items():
        merged = _merged(whole, where)
        rows = np.concatenate([np.arange(0), *(pairs.rows(n) for n in where)])
        value = _exact(merged.figures(), cllr_min(pairs.lr[rows], pairs.true[rows], np.ones(len(rows))))
        over = {"cost_true": merged.terms[_TRUES], "cost_untrue": merged.terms[_UNTRUES]}
        report[name] = {
            measure: estimate(
                figure,
                np.array([row[measure] for row in drawn[name]]),
                float(over.get(measure, merged.terms[_ONE])),
            )
            for measure, figure in value.items()
        }
        report[name]["found"] = found[name]
    return report


def _exact(value: dict[str, float], least: float) -> dict[str, float]:
    """The figures with Cllr_min of the scores as they are, not merged."""
    return value | {"cllr_min": least, "cllr_cal": value["cllr"] - least}


def _merged(summed: _Sums, cells: list[int]) -> _Sums:
    parts = (part[cells].sum(axis=0) for part in (summed.terms, summed.gap, summed.hits, summed.misses))
    return _Sums(*parts)


def _found(table: pl.DataFrame, accounts: pl.DataFrame, resamples: int, seed: int) -> dict[str, Estimate]:
    """Share of all true pairs that were kept, hubs and all; by stratum, of those with an end in it."""
    own = table.filter(pl.col("same")).select(owner="owner_a", stratum="stratum_a", other="stratum_b")
    turned = own.filter(pl.col("stratum") != pl.col("other")).select("owner", stratum="other")
    ends = pl.concat([own.select("owner", "stratum"), turned])
    owners = accounts["owner"].n_unique()
    figures: dict[str, Estimate] = {}
    for strata in (False, True):
        keys = ["owner", "stratum"] if strata else ["owner"]
        kept = (ends if strata else own).group_by(keys).len("kept")
        size = pl.col("size").cast(pl.Float64)
        rest = (size - pl.col("n")).cast(pl.Float64)
        there = (
            accounts.with_columns(size=pl.len().over("owner"))
            .group_by(keys)
            .agg(n=pl.len(), size=pl.col("size").first())
            .join(kept, on=keys, how="left")
            .with_columns(pl.col("kept").fill_null(0), pairs=(size * (size - 1) - rest * (rest - 1)) / 2)
            .sort(keys)
        )
        names = sorted(there["stratum"].unique().to_list()) if strata else [ALL]
        code = (
            there["stratum"].rank("dense").cast(pl.Int64) - 1
            if strata
            else pl.zeros(there.height, eager=True)
        )
        rows = Rows(there["owner"].to_numpy() - 1, owners, code.cast(pl.Int64).to_numpy(), names)
        shares = Ratio("found", there["kept"].cast(pl.Float64).to_numpy(), there["pairs"].to_numpy())
        got = ratio_figures([shares], rows, resamples, seed)
        figures |= {name: got[name]["found"] for name in names}
    return figures

"""The seven hypotheses of a ring: posterior probabilities, the evidence matrix, the Bayes factor's range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.attribution.rules import PRIOR, RULES, TEMPER, Rule
from graphattr.records import HYPOTHESES, INNOCENT, MATRIX

Array = NDArray[np.float64]

#: Name of the matrix row that holds the log10 prior probabilities, so that a ring's rows sum to its posterior.
PRIOR_ROW = "prior"
RATIOS = [f"log10_lr_{name}" for name in HYPOTHESES]


@dataclass(frozen=True)
class Posterior:
    """What the statistics say of each ring.

    Attributes:
        matrix: the evidence matrix, `MATRIX`; a ring's rows, the prior's among them, sum to its log10 posterior up
            to a constant.
        rings: ring_id, hypothesis, p_<hypothesis>..., log10_bf_low, log10_bf_high, bf_cap.
    """

    matrix: pl.DataFrame
    rings: pl.DataFrame


def weigh(statistics: pl.DataFrame, cap: float) -> Posterior:
    """Weighs every ring's statistics by the rules.

    Args:
        statistics: ring_id, statistic, value, n, unit.
        cap: largest Bayes factor (>= 1) that the validation rings can carry: n known rings of a kind support no
            factor above about n (empirical lower and upper bounds, ELUB; Vergeer and others 2016).

    Returns:
        The posteriors. The Bayes factor compares single operator or reseller, whichever fits better, with the best
        innocent explanation; its range is over the full matrix, each statistic left out, and ratios halved.
    """
    known = {rule.statistic: rule for rule in RULES}
    read = statistics.filter(pl.col("statistic").is_in(list(known)))
    parts = [_prior(statistics), *(_read(rule, read) for rule in known.values())]
    matrix = pl.concat(parts).select(*MATRIX).cast(pl.Schema(MATRIX)).sort("ring_id", "statistic")
    rows = [
        _posterior(str(ring), part.filter(pl.col("statistic") != PRIOR_ROW).select(RATIOS).to_numpy(), cap)
        for (ring,), part in sorted(matrix.partition_by("ring_id", as_dict=True).items())
    ]
    return Posterior(matrix, pl.DataFrame(rows, schema=_RING_COLUMNS, orient="row"))


_RING_COLUMNS = {
    "ring_id": pl.String,
    "hypothesis": pl.String,
    **{f"p_{name}": pl.Float64 for name in HYPOTHESES},
    "log10_bf_low": pl.Float64,
    "log10_bf_high": pl.Float64,
    "bf_cap": pl.Float64,
}


def _prior(statistics: pl.DataFrame) -> pl.DataFrame:
    logs = {f"log10_lr_{name}": pl.lit(float(np.log10(p))) for name, p in PRIOR.items()}
    rings = statistics.select("ring_id").unique()
    return rings.with_columns(
        statistic=pl.lit(PRIOR_ROW), value=pl.lit(None, pl.Float64), n=pl.lit(None, pl.Int64), unit=pl.lit(""),
        reason=pl.lit("how often such a set of accounts is expected to be of each kind, before its statistics"), **logs,
    ).select(*MATRIX)  # fmt: skip


def _read(rule: Rule, statistics: pl.DataFrame) -> pl.DataFrame:
    rows = statistics.filter(pl.col("statistic") == rule.statistic)
    bins = np.searchsorted(np.array(rule.bounds), rows["value"].to_numpy(), side="right")
    ratios = np.round(np.array(rule.ratios)[bins].reshape(-1, len(HYPOTHESES)) * TEMPER, 6)
    says = [rule.says[n] for n in bins]
    return rows.with_columns(
        *(pl.Series(column, ratios[:, n], pl.Float64) for n, column in enumerate(RATIOS)),
        pl.Series("reason", says, pl.String),
    ).select(*MATRIX)


def _posterior(ring: str, ratios: Array, cap: float) -> tuple[object, ...]:
    total = ratios.sum(axis=0)
    logs = np.log10(np.array(list(PRIOR.values()))) + total
    share = np.power(10.0, logs - logs.max())
    share /= share.sum()
    variants = [total, total / 2, *(total - row for row in ratios)]
    factors = [_bayes_factor(variant) for variant in variants]
    limit = float(np.log10(cap))
    low, high = (float(np.clip(f, -limit, limit)) for f in (min(factors), max(factors)))
    return (ring, HYPOTHESES[int(share.argmax())], *share.tolist(), low, high, cap)


def _bayes_factor(total: Array) -> float:
    """log10 P(statistics | operator or reseller) / P(statistics | the best innocent explanation)."""
    of = dict(zip(HYPOTHESES, total.tolist(), strict=True))
    return float(max(of["single_operator"], of["reseller"]) - max(of[name] for name in INNOCENT))

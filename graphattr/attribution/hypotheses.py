"""The seven hypotheses of a ring: posterior probabilities, the evidence matrix, the Bayes factor's range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.attribution.readings import READINGS
from graphattr.records import FAMILY_ROW, HYPOTHESES, INNOCENT, MATRIX, PRIOR_ROW
from models.rings import RingCurve, RingModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATIOS = [f"log10_lr_{name}" for name in HYPOTHESES]
#: Hypotheses that the Bayes factor sets against the innocent ones.
OPERATED = ("single_operator", "reseller")

_RING_COLUMNS = {
    "ring_id": pl.String,
    "hypothesis": pl.String,
    **{f"p_{name}": pl.Float64 for name in HYPOTHESES},
    "log10_bf_low": pl.Float64,
    "log10_bf_high": pl.Float64,
    "bf_cap": pl.Float64,
}


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


def weigh(statistics: pl.DataFrame, model: RingModel, answers: pl.DataFrame | None = None) -> Posterior:
    """Weighs every ring's statistics.

    Of a hypothesis with several variants each ring is read as the variant that fits it best. The matrix has a row
    for each statistic that the model reads, and one for each family of worlds that it was fitted to: what that family
    adds, so that leaving the row out gives what the other families alone would say. These rows sum to zero.

    Args:
        statistics: ring_id, statistic, value, n, unit.
        model: the classifier.
        answers: rows of the matrix beside the statistics (`answers.answers`).

    Returns:
        The posteriors. The Bayes factor compares single operator or reseller, whichever fits better, with the best
        innocent explanation; its range is over the full matrix, each row left out, and ratios halved. It is capped by
        the known rings of the rarer of the two kinds: n rings support no factor above about n (empirical lower and
        upper bounds, ELUB; Vergeer and others 2016).
    """
    read = statistics.filter(pl.col("statistic").is_in(list(model.curves))).sort("ring_id", "statistic")
    every = statistics["ring_id"].unique().sort()
    ring = every.search_sorted(read["ring_id"]).to_numpy().astype(np.int64)
    by_family = np.stack([_ratios(read, model, family) for family in model.families])
    total = np.zeros((len(model.families), len(every), len(model.variants)))
    for place, ratios in enumerate(by_family):
        np.add.at(total[place], ring, ratios)
    chosen = _variants(total.mean(axis=0), model)
    rows = np.round(np.take_along_axis(by_family.mean(axis=0), chosen[ring], axis=1), 6)
    of_ring = np.take_along_axis(total, np.broadcast_to(chosen, (len(total), *chosen.shape)), axis=2)
    added = _added(of_ring)
    matrix = pl.concat(
        [_prior(every, model), _statistics(read, rows, model), *_families(every, added, of_ring, model)]
    )
    if answers is not None:
        matrix = pl.concat([matrix, answers.filter(pl.col("ring_id").is_in(every.implode()))])
    matrix = matrix.select(*MATRIX).cast(pl.Schema(MATRIX)).sort("ring_id", "statistic")
    parts = [list(added[:, place]) for place in range(len(every))]
    for place, row in zip(ring.tolist(), rows, strict=True):
        parts[place].append(row)
    if answers is not None:
        numbers = {name: number for number, name in enumerate(every)}
        for name, *ratios in answers.select("ring_id", *RATIOS).iter_rows():
            if name in numbers:
                parts[numbers[name]].append(np.array(ratios))
    prior = np.log10([model.prior[name] for name in HYPOTHESES])
    table = [_posterior(name, np.array(part), prior, model) for name, part in zip(every, parts, strict=True)]
    return Posterior(matrix, pl.DataFrame(table, schema=_RING_COLUMNS, orient="row"))


def _ratios(read: pl.DataFrame, model: RingModel, family: str) -> Array:
    """Tempered ratios of each statistic's row by variant, shape (rows, v)."""
    found = np.zeros((read.height, len(model.variants)))
    names, values = read["statistic"].to_numpy(), read["value"].to_numpy()
    for name, curve in model.curves.items():
        here = names == name
        if here.any():
            found[here] = curve.read(values[here], family) * model.temper
    return found


def _variants(total: Array, model: RingModel) -> Whole:
    """Of each ring and hypothesis the variant that fits best, shape (rings, 7)."""
    kinds = np.array([variant.hypothesis for variant in model.variants])
    columns = [np.flatnonzero(kinds == name) for name in HYPOTHESES]
    return np.stack([column[total[:, column].argmax(axis=1)] for column in columns], axis=1)


def _added(of_ring: Array) -> Array:
    """What each family adds to the mean of all, shape (families, rings, 7): the mean less that of the others."""
    number = len(of_ring)
    if number < 2:
        return np.zeros((0, *of_ring.shape[1:]))
    others = (of_ring.sum(axis=0) - of_ring) / (number - 1)
    return np.asarray(np.round(of_ring.mean(axis=0) - others, 6)) + 0.0


def _prior(rings: pl.Series, model: RingModel) -> pl.DataFrame:
    logs = {f"log10_lr_{name}": pl.lit(float(np.log10(model.prior[name]))) for name in HYPOTHESES}
    return rings.alias("ring_id").to_frame().with_columns(
        statistic=pl.lit(PRIOR_ROW), value=pl.lit(None, pl.Float64), n=pl.lit(None, pl.Int64), unit=pl.lit(""),
        reason=pl.lit("how often such a set of accounts is expected to be of each kind, before its statistics"), **logs,
    ).select(*MATRIX)  # fmt: skip


def _statistics(read: pl.DataFrame, ratios: Array, model: RingModel) -> pl.DataFrame:
    reasons = [
        reason(name, value, row, model.curves[name])
        for name, value, row in zip(read["statistic"], read["value"], ratios, strict=True)
    ]
    return read.with_columns(
        *(pl.Series(column, ratios[:, n] + 0.0, pl.Float64) for n, column in enumerate(RATIOS)),
        pl.Series("reason", reasons, pl.String),
    ).select(*MATRIX)


def reason(name: str, value: float, ratios: Array, curve: RingCurve) -> str:
    """What a value means, and where known rings lie of the kinds that it speaks most for and against."""
    said = READINGS[name].of(value) if name in READINGS else name.replace("_", " ")
    known = [n for n, kind in enumerate(HYPOTHESES) if kind in curve.reference]
    if len(known) < 2:
        return said
    ends = (max(known, key=lambda n: float(ratios[n])), min(known, key=lambda n: float(ratios[n])))
    spans = []
    for kind in (HYPOTHESES[n] for n in dict.fromkeys(ends)):
        low, _, high = curve.reference[kind]
        spans.append(f"{kind.replace('_', ' ')} {low:.3g} to {high:.3g}")
    return f"{said}; the middle half of known rings: {', '.join(spans)}"


def _families(rings: pl.Series, added: Array, of_ring: Array, model: RingModel) -> list[pl.DataFrame]:
    """Rows of what each family adds; their value is the largest ratio that the family alone gives."""
    found = []
    for place in range(len(added)):
        spread = np.round(np.ptp(of_ring[place], axis=1), 6)
        found.append(
            rings.alias("ring_id").to_frame().with_columns(
                pl.Series("value", spread, pl.Float64),
                *(pl.Series(column, added[place][:, n], pl.Float64) for n, column in enumerate(RATIOS)),
                statistic=pl.lit(FAMILY_ROW + model.families[place].lower()),
                n=pl.lit(len(model.curves), pl.Int64), unit=pl.lit("curves"),
                reason=pl.lit(
                    f"what known rings of the worlds of family {model.families[place]} add to the other families'"
                ),
            ).select(*MATRIX)
        )  # fmt: skip
    return found


def _posterior(ring: str, ratios: Array, prior: Array, model: RingModel) -> tuple[object, ...]:
    ratios = ratios.reshape(-1, len(HYPOTHESES))
    total = ratios.sum(axis=0)
    logs = prior + total
    share = np.power(10.0, logs - logs.max())
    share /= share.sum()
    factors = _factors(np.concatenate([[total, total / 2], total - ratios]))
    cap = _cap(total, model)
    limit = float(np.log10(cap))
    low, high = (float(np.clip(f, -limit, limit)) for f in (factors.min(), factors.max()))
    return (ring, HYPOTHESES[int(share.argmax())], *share.tolist(), low, high, cap)


_OURS = [HYPOTHESES.index(name) for name in OPERATED]
_THEIRS = [HYPOTHESES.index(name) for name in INNOCENT]


def _factors(totals: Array) -> Array:
    """log10 P(statistics | operator or reseller) / P(statistics | the best innocent explanation), shape (n,)."""
    return np.asarray(totals[:, _OURS].max(axis=1) - totals[:, _THEIRS].max(axis=1))


def _cap(total: Array, model: RingModel) -> float:
    """Known rings of the rarer of the two kinds that are compared, 1 at least."""
    kinds = (HYPOTHESES[of[int(total[of].argmax())]] for of in (_OURS, _THEIRS))
    return float(max(1, min(model.known.get(kind, 0) for kind in kinds)))

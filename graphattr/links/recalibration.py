"""What a user's own labels say of the model's ratios on their data, and the scale of its evidence that follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from graphattr.links.index import Index
from graphattr.links.score import Scored
from graphattr.records import SIGNAL
from models import AdditiveModel
from models.additive import Curve, Kinds

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Probability that a label is right, by the reliability of its source (Admiralty); others say nothing here.
TRUST: Final = {"A": 0.95, "B": 0.85, "C": 0.7}
#: Of a label whose source states no reliability.
UNSTATED: Final = TRUST["C"]
#: Scales that are tried. None is above 1: takedowns find what is easy to link, so that the pairs of a labelled operator
#: may be stronger than others, which is no ground to make links stronger.
SCALES: Final = np.round(np.arange(50, 101) / 100, 2)
#: Standard deviation of the scale's natural logarithm before any label is seen. An operator counts as two pairs, one
#: inside and one across.
SPREAD: Final = 0.3
#: What one operator can take off the scale at most: two names of one operator look like a model that links strangers.
STEP: Final = 0.02
#: Operators with two labelled accounts below which no scale is fitted.
FEWEST: Final = 2
#: Parts that operators are dealt into, to see whether a scale holds for operators that it was not fitted on.
FOLDS: Final = 5
#: Most labelled pairs of a kind that are looked at, evenly taken.
PAIRS: Final = 200_000


@dataclass(frozen=True)
class Labelled:
    """What labels say of accounts.

    Attributes:
        operator: number of the operator that the account is labelled with, from 0; -1 for none; shape (N,).
        independent: whether it is verified as independent, shape (N,).
        trust: probability that this is right, shape (N,); 0 where nothing usable is said.
    """

    operator: Whole
    independent: Bools
    trust: Array

    @classmethod
    def of(cls, index: Index, labels: Path | None, operator: Whole, independent: Bools) -> Self:
        """Labels that do not contradict each other, with the trust in each account's best source.

        Args:
            index: the run's index.
            labels: labels.parquet, or None.
            operator: any number of the operator, -1 for none, shape (N,) (`rings.guards.Vetoes`).
            independent: as above.
        """
        trust = np.zeros(index.size)
        if labels is not None:
            stated = pl.col("reliability").replace_strict(TRUST, default=0.0, return_dtype=pl.Float64)
            rows = (
                pl.read_parquet(labels, columns=["account_id", "reliability"])
                .with_columns(trust=pl.when(pl.col("reliability").is_null()).then(UNSTATED).otherwise(stated))
                .join(
                    index.accounts.alias("account_id").to_frame().with_row_index("account"), on="account_id"
                )
            )
            np.maximum.at(trust, rows["account"].to_numpy(), rows["trust"].to_numpy())
        trust[(operator < 0) & ~independent] = 0.0
        number = np.full(index.size, -1, dtype=np.int64)
        named = np.flatnonzero((operator >= 0) & (trust > 0))
        number[named] = np.unique(operator[named], return_inverse=True)[1]
        return cls(number, independent & (trust > 0), trust)


@dataclass(frozen=True)
class Recalibration:
    """What labels say of the model's ratios.

    Attributes:
        scale: what log10 ratios are to be multiplied by, at most 1.
        operators: with two labelled accounts or more.
        same, other: candidate pairs inside a labelled operator, and of one and another or a verified independent.
        same_linked, other_linked: of those, the pairs to which the model gives a probability of one half or more.
        cost: Cllr over all labelled pairs in bits, where a pair that is no candidate costs nothing, and each counts by
            how probably its labels are right; of the model's ratios; None where labels are too few.
        left_out: the same with the pairs of each operator scaled as fitted without it.
    """

    scale: float = 1.0
    operators: int = 0
    same: int = 0
    other: int = 0
    same_linked: int = 0
    other_linked: int = 0
    cost: float | None = None
    left_out: float | None = None

    def document(self) -> dict[str, Any]:
        """What run.json says of it."""
        return asdict(self)


def recalibration(scored: Scored, labelled: Labelled) -> Recalibration:
    """The scale of the evidence at which labelled pairs cost least, kept near 1 unless many operators object.

    The cost is Cllr (Bruemmer and du Preez 2006): whether ratios are right, whatever the prior, as labelled pairs are
    no sample of the run's. Every operator counts the same, however many of its pairs are labelled. A label may be
    wrong, as often as its source is, so that no pair costs more than its labels can carry. A scale is taken only
    where it serves operators better that it was not fitted on.

    Args:
        scored: the scored candidate pairs.
        labelled: what labels say of the accounts.
    """
    found, number, trust = scored.candidates, labelled.operator, labelled.trust
    a, b = number[found.a], number[found.b]
    usable = (trust[found.a] > 0) & (trust[found.b] > 0)
    same = np.flatnonzero(usable & (a == b) & (a >= 0))
    other = np.flatnonzero(usable & (a != b))
    linked = scored.probability >= 0.5
    operators = int((_held(number) >= 2).sum())
    linked_same, linked_other = int(linked[same].sum()), int(linked[other].sum())
    told = Recalibration(1.0, operators, len(same), len(other), linked_same, linked_other)
    if operators < FEWEST or not len(same) or not len(other):
        return told
    costs = _Costs.of(scored, labelled, same, other)
    everybody = np.ones(len(costs.fold), dtype=bool)
    as_it_is = costs.mean(np.full(len(costs.fold), len(SCALES) - 1))
    fitted = np.array([costs.best(costs.fold != fold, fold) for fold in range(FOLDS)])
    left_out = costs.mean(fitted[costs.fold])
    scale = float(SCALES[costs.best(everybody, None)]) if left_out < as_it_is else 1.0
    return replace(told, scale=scale, cost=round(as_it_is, 6), left_out=round(left_out, 6))


@dataclass(frozen=True)
class _Costs:
    """What the labelled pairs of each of K operators cost at each of S `SCALES`, in bits.

    Attributes:
        fold: of each operator, shape (K,).
        same: summed cost of the pairs inside the operator, shape (K, S).
        pairs: what such pairs weigh, candidates or not: by how probably their labels are right; shape (K,).
        counts: what the operator counts: that probability on average; shape (K,).
        other: summed cost of its pairs with operators of each fold and, last, with verified independents, shape
            (K, FOLDS + 1, S).
        others: what such pairs weigh, candidates or not, shape (K, FOLDS + 1).
    """

    fold: Whole
    same: Array
    pairs: Array
    counts: Array
    other: Array
    others: Array

    @classmethod
    def of(cls, scored: Scored, labelled: Labelled, same: Whole, other: Whole) -> Self:
        """The costs of the candidates at positions `same` and `other`, as `recalibration` tells them apart."""
        found, number, trust = scored.candidates, labelled.operator, labelled.trust
        held = _held(number)
        size = len(held)
        # Those with pairs inside are dealt first, so that every fold has some of them.
        fold = np.empty(size, dtype=np.int64)
        fold[np.argsort(held < 2, kind="stable")] = np.arange(size) % FOLDS
        kept, stands_for = _some(same)
        a, b = found.a[kept], found.b[kept]
        inside = _costs(scored.groups[kept].sum(axis=1), trust[a] * trust[b], number[a], size) * stands_for
        kept, stands_for = _some(other)
        ends = np.concatenate([found.a[kept], found.b[kept]])
        far = np.concatenate([found.b[kept], found.a[kept]])
        ratio = np.tile(scored.groups[kept].sum(axis=1), 2)[number[ends] >= 0]
        ends, far = ends[number[ends] >= 0], far[number[ends] >= 0]
        place = number[ends] * (FOLDS + 1) + np.append(fold, FOLDS)[number[far]]
        # Two accounts have one controller in spite of their labels only if both are wrong.
        right = 1 - (1 - trust[ends]) * (1 - trust[far])
        across = _costs(-ratio, right, place, size * (FOLDS + 1)) * stands_for
        named = number >= 0
        sure, doubt = (np.bincount(number[named], x[named]) for x in (trust, 1 - trust))
        pairs = (sure**2 - np.bincount(number[named], trust[named] ** 2)) / 2
        counts = pairs / np.maximum(held * (held - 1) / 2, 1.0)
        own = fold[:, None] == np.arange(FOLDS + 1)
        free = labelled.independent
        there = np.append(np.bincount(fold, held, minlength=FOLDS), free.sum()) - own * held[:, None]
        doubts = np.append(np.bincount(fold, doubt, minlength=FOLDS), (1 - trust[free]).sum())
        others = held[:, None] * there - doubt[:, None] * (doubts - own * doubt[:, None])
        others[there == 0] = 0.0  # not what rounding left
        shape = (size, FOLDS + 1, len(SCALES))
        return cls(fold, inside, pairs, counts, across.reshape(shape), others)

    def best(self, chosen: Bools, without: int | None) -> int:
        """Position of the scale at which the chosen operators cost least, their pairs with those of a fold left out."""
        columns = np.arange(FOLDS + 1) != (-1 if without is None else without)
        others = self.others[:, columns].sum(axis=1)
        inside, outside = chosen & (self.pairs > 0), chosen & (others > 0)
        if not inside.any() or not outside.any():
            return len(SCALES) - 1
        within = self.same[inside] / self.pairs[inside, None]
        across = self.other[:, columns].sum(axis=1)[outside] / others[outside, None]
        distance = np.log(SCALES) ** 2 / (2 * SPREAD**2) / np.log(2)
        total = self.counts[inside].sum() * (within.mean(axis=0) + across.mean(axis=0)) + distance
        total[STEP * inside.sum() + 1e-9 < 1 - SCALES] = np.inf
        return int(np.argmin(total))

    def mean(self, scale: Whole) -> float:
        """Cllr with the pairs of each operator at the scale at its position in `SCALES`, shape (K,)."""
        rows = np.arange(len(scale))
        others = self.others.sum(axis=1)
        within, across = self.same[rows, scale], self.other.sum(axis=1)[rows, scale]
        inside, outside = self.pairs > 0, others > 0
        mean = (within[inside] / self.pairs[inside]).mean() + (across[outside] / others[outside]).mean()
        return float(mean) / 2


def _held(number: Whole) -> Array:
    """Labelled accounts of each operator."""
    return np.bincount(number[number >= 0]).astype(np.float64)


def _some(rows: Whole) -> tuple[Whole, float]:
    """`PAIRS` of the rows at most, and how many rows each stands for."""
    kept = rows[:: max(-(-len(rows) // PAIRS), 1)]
    return kept, len(rows) / max(len(kept), 1)


def _costs(ratio: Array, right: Array, place: Whole, size: int) -> Array:
    """Cost in bits of pairs whose labels say what a high `ratio` says, summed by place, shape (size, S).

    Args:
        ratio: log10 likelihood ratio of what the labels say, shape (n,).
        right: probability that the labels are right, shape (n,); else they say nothing.
        place: where each pair counts, shape (n,).
        size: number of places.
    """
    nats = ratio * np.log(10.0)
    # What the doubt about labels costs whatever the ratio is no cost of the ratio.
    most = (1 + right) / 2
    columns = [
        np.bincount(place, -np.log2((right * expit(nats * scale) + (1 - right) / 2) / most), minlength=size)
        for scale in SCALES
    ]
    return np.stack(columns, axis=1)


class Tempered(AdditiveModel):
    """A model all of whose evidence is worth `scale` times as many powers of ten; caps of groups stay.

    Attributes:
        scale: in (0, 1].
    """

    scale: float

    def shared_value(self, signal: str, kinds: Kinds, chance: Array, gap_days: Array) -> Array:
        """As `AdditiveModel.shared_value`, scaled."""
        return self.scale * super().shared_value(signal, kinds, chance, gap_days)

    def likeness_ratio(self, name: str, rank: Array) -> Array:
        """As `AdditiveModel.likeness_ratio`, scaled."""
        return self.scale * super().likeness_ratio(name, rank)


def tempered(model: AdditiveModel, scale: float) -> AdditiveModel:
    """The model with its evidence scaled, its curves and the limits of its sums with it; itself at a scale of 1."""
    if scale == 1.0:
        return model
    limits = model.limits and model.limits.model_copy(
        update={"at": tuple(scale * at for at in model.limits.at)}
    )
    curves = {key: _scaled(key, curve, scale) for key, curve in model.curves.items()}
    parts = {name: getattr(model, name) for name in AdditiveModel.model_fields}
    before = model.scale if isinstance(model, Tempered) else 1.0
    return Tempered.model_construct(**parts | {"curves": curves, "limits": limits, "scale": before * scale})


def _scaled(key: str, curve: Curve, scale: float) -> Curve:
    values = tuple(scale * value for value in curve.values)
    if key.split(":")[0] in SIGNAL:  # it reads a ratio, which is scaled already
        return curve.model_copy(
            update={"knots": tuple(scale * knot for knot in curve.knots), "values": values}
        )
    return curve.model_copy(update={"values": values, "extend": scale * curve.extend})

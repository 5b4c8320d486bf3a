"""The additive score of candidate pairs, with the pieces that made it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.pieces import Candidates
from graphattr.records import GROUPS, SIGNAL
from graphattr.settings import LinkSettings
from models import AdditiveModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Decimals kept of every published figure: far below what the evidence can carry.
DECIMALS = 6


@dataclass(frozen=True)
class Scored:
    """Candidate pairs with their scores.

    Attributes:
        candidates: the pairs, n of them.
        prior: log10 prior odds that two accounts share a controller.
        groups: log10 likelihood ratio by evidence group, shape (n, 7), in the order of `GROUPS`.
        pieces: log10 likelihood ratio of each row of candidates.pieces.
        entities: k_eff of each row of candidates.pieces: the pair counted as one entity, plus the others.
        likeness: log10 likelihood ratio by likeness name, each of shape (n,); 0 where unknown.
    """

    candidates: Candidates
    prior: float
    groups: Array
    pieces: Array
    entities: Array
    likeness: dict[str, Array]

    @property
    def log_odds(self) -> Array:
        """log10 posterior odds, shape (n,)."""
        return np.asarray(self.groups.sum(axis=1) + self.prior)

    @property
    def probability(self) -> Array:
        """Posterior probability that the pair shares a controller, shape (n,)."""
        return probability(self.log_odds)


def probability(log10_odds: Array) -> Array:
    """Probability of log10 odds, without overflow at either end."""
    return np.asarray(1 / (1 + np.power(10.0, -np.clip(log10_odds, -300, 300))))


def score(
    index: Index, found: Candidates, entities: Whole, model: AdditiveModel, settings: LinkSettings
) -> Scored:
    """Scores every candidate pair.

    Args:
        index: the run's index.
        found: candidate pairs with their shared values.
        entities: the entity (ring of the pass before) that each account was resolved to, shape (N,).
        model: the evidence model.
        settings: the prior.

    Returns:
        The scores, rounded to `DECIMALS` so that the parts sum exactly to what is published.
    """
    ratio, k_eff = _piece_ratios(index, found, entities, model)
    best = _best_by_group(index, found, ratio)
    likeness = {
        name: np.round(model.likeness_ratio(name, _rank_share(values, found.a, found.b)), DECIMALS)
        for name, values in (("creation", index.created), ("volume", index.volume))
    }
    for name, values in likeness.items():
        column = GROUPS.index(model.likeness[name].group)
        # Within a group the best piece counts, never the sum: values of one group depend on each other.
        best[:, column] = np.maximum(best[:, column], values)
    groups = contributions(model, best)
    prior = float(np.log10(settings.prior_partners / max(index.size - 1, 1)))
    return Scored(found, round(prior, DECIMALS), np.round(groups, DECIMALS), ratio, k_eff, likeness)


def value_groups(index: Index) -> Whole:
    """Position in `GROUPS` of the evidence group of each value of the index."""
    return np.array(
        [GROUPS.index(SIGNAL[name].group) for name in index.values["signal"].to_list()], dtype=np.int64
    )


def contributions(model: AdditiveModel, best: Array) -> Array:
    """Each group's part of the log10 likelihood ratio, out of its best piece.

    Args:
        model: the evidence model.
        best: best piece by group, shape (n, 7); -inf where there is none, which contributes 0.

    Returns:
        Shape (n, 7).
    """
    scores = np.where(best > -np.inf, best, 0.0)
    return np.stack([model.contribution(name, scores[:, n]) for n, name in enumerate(GROUPS)], axis=1)


def _piece_ratios(
    index: Index, found: Candidates, entities: Whole, model: AdditiveModel
) -> tuple[Array, Array]:
    """log10 ratio and k_eff of every piece."""
    held = _held_chances(index, entities, model)
    side = held.select("account", "value", "entities", "chance", "union")
    facts = found.pieces.select("value", "a", "b", "own", "gap", "crowd", "rivals")
    for end in ("a", "b"):
        names = {"account": end, "chance": f"chance_{end}", "union": f"union_{end}"}
        part = side.rename(names) if end == "a" else side.drop("entities").rename(names)
        facts = facts.join(part, on=[end, "value"], how="left", maintain_order="left")
    facts = facts.join(
        index.values.select("value", "signal", "kind", "listed"),
        on="value",
        how="left",
        maintain_order="left",
    )
    same = entities[facts["a"].to_numpy()] == entities[facts["b"].to_numpy()]
    # The pair is one entity under the hypothesis of a common controller: leave it out of the others.
    others = np.maximum(facts["entities"].to_numpy().astype(float) - np.where(same, 1, 2), 0.0)
    rivals = facts["rivals"].cast(pl.Float64).to_numpy()
    ratio = np.zeros(len(facts))
    kinds = np.where(facts["own"].to_numpy(), "own", facts["kind"].fill_null("").to_numpy())
    listed = facts["listed"].to_numpy()
    gap = facts["gap"].cast(pl.Float64).to_numpy()
    # Chance of sharing anything else as rare. Each end has its own count of chances, and a stranger with as many
    # values as the other end has more of them than the average one: the geometric mean stands between the two.
    rest = np.sqrt(
        np.prod(
            [facts[f"union_{end}"].to_numpy() - facts[f"chance_{end}"].to_numpy() for end in "ab"], axis=0
        ).clip(min=0)
    )
    signals = facts["signal"].to_numpy()
    for name in sorted(set(signals.tolist())):
        rows = np.flatnonzero(signals == name)
        of = kinds[rows].tolist()
        chance = model.chance(name, of, listed[rows], others[rows], index.size) + rest[rows]
        # In one window at a hub the rivals are those who were there then.
        met = np.nan_to_num(rivals[rows], nan=np.inf) / max(index.size - 1, 1)
        ratio[rows] = model.shared_value(name, of, np.minimum(chance, met), gap[rows])
    return np.round(ratio, DECIMALS), others + 1


def _held_chances(index: Index, entities: Whole, model: AdditiveModel) -> pl.DataFrame:
    """index.held with entities (that hold the value), chance (u of the value) and union (U of all as rare ones)."""
    of_value = (
        index.held.select("value", entity=pl.Series(entities[index.held["account"].to_numpy()]))
        .group_by("value")
        .agg(pl.col("entity").n_unique().cast(pl.Int64).alias("entities"))
        .join(index.values, on="value")
        .sort("value")
    )
    chance = np.zeros(of_value.height)
    signals = of_value["signal"].to_numpy()
    for name in sorted(set(signals.tolist())):
        rows = np.flatnonzero(signals == name)
        part = of_value[rows]
        others = part["entities"].to_numpy().astype(float) - 1
        chance[rows] = model.chance(
            name, part["kind"].to_list(), part["listed"].to_numpy(), others, index.size
        )
    held = index.held.select("account", "value").join(
        of_value.select("value", "signal", "entities", chance=pl.Series(chance)),
        on="value",
        maintain_order="left",
    )
    ordered = held.sort("account", "signal", "chance", "value")
    return ordered.with_columns(union=pl.col("chance").cum_sum().over("account", "signal"))


def _best_by_group(index: Index, found: Candidates, ratio: Array) -> Array:
    """Largest piece of each pair and group, shape (n, 7); -inf where a pair has none."""
    best = np.full((len(found), len(GROUPS)), -np.inf)
    if len(found.pieces):
        group = value_groups(index)[found.pieces["value"].to_numpy()]
        np.maximum.at(best, (found.pieces["pair"].to_numpy(), group), ratio)
    return best


def _rank_share(values: Array, a: Whole, b: Whole) -> Array:
    """Share of all other accounts that are at least as close as the pair is, seen from either end; NaN if unknown.

    Ties and crowds count in full, so a burst of sign-ups after a release does not look like closeness.
    """
    known = np.sort(values[~np.isnan(values)])
    if len(known) < 2:
        return np.full(len(a), np.nan)
    distance = np.abs(values[a] - values[b])
    share = np.zeros(len(a))
    for end, other in ((values[a], values[b]), (values[b], values[a])):
        # The other end itself bounds the range: `end + distance` may round to just short of it and of its ties.
        low = np.searchsorted(known, np.minimum(end - distance, other), "left")
        high = np.searchsorted(known, np.maximum(end + distance, other), "right")
        share += (high - low - 1) / (2 * (len(known) - 1))
    return np.where(np.isnan(distance), np.nan, np.clip(share, 0, 1))

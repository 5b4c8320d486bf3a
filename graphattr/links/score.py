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
        known = best[:, column] > -np.inf
        best[:, column] = np.where(known, np.maximum(best[:, column], values), values)
    scores = np.where(best > -np.inf, best, 0.0)
    groups = np.stack([model.contribution(g, scores[:, n]) for n, g in enumerate(GROUPS)], axis=1)
    prior = float(np.log10(settings.prior_partners / max(index.size - 1, 1)))
    return Scored(found, round(prior, DECIMALS), np.round(groups, DECIMALS), ratio, k_eff, likeness)


def _piece_ratios(
    index: Index, found: Candidates, entities: Whole, model: AdditiveModel
) -> tuple[Array, Array]:
    """log10 ratio and k_eff of every piece."""
    pieces = found.pieces
    of_value = (
        index.held.select("value", entity=pl.Series(entities[index.held["account"].to_numpy()]))
        .group_by("value")
        .agg(pl.col("entity").n_unique().alias("entities"))
    )
    facts = pieces.select("value", "a", "b", "own", "gap", "crowd", "windows").join(
        index.values.join(of_value, on="value"), on="value", how="left", maintain_order="left"
    )
    same = entities[facts["a"].to_numpy()] == entities[facts["b"].to_numpy()]
    # The pair is one entity under the hypothesis of a common controller: leave it out of the others.
    others = np.maximum(facts["entities"].to_numpy().astype(float) - np.where(same, 1, 2), 0.0)
    crowd = facts["crowd"].cast(pl.Float64).to_numpy()
    windows = facts["windows"].cast(pl.Float64).to_numpy()
    windowed = ~np.isnan(crowd)
    hub = facts["hub"].to_numpy()
    # In one window at a hub the rivals are those present then, once for every window that the account was there;
    # the same chance that a stranger falls into one of them.
    present = np.where(windowed, windows * np.maximum(crowd - 1, 1), 0.0)
    ratio = np.zeros(len(pieces))
    kinds = np.where(facts["own"].to_numpy(), "own", facts["kind"].fill_null("").to_numpy())
    gap = facts["gap"].cast(pl.Float64).to_numpy()
    signals = facts["signal"].to_numpy()
    for name in sorted(set(signals.tolist())):
        rows = np.flatnonzero(signals == name)
        arguments = (name, kinds[rows].tolist())
        plain = model.shared_value(*arguments, hub[rows], others[rows], index.size, gap[rows])
        at = windowed[rows]
        if at.any():
            narrow = model.in_window(*arguments, present[rows], index.size)
            plain = np.where(at, np.maximum(plain, narrow), plain)
        ratio[rows] = plain
    return np.round(ratio, DECIMALS), others + 1


def _best_by_group(index: Index, found: Candidates, ratio: Array) -> Array:
    """Largest piece of each pair and group, shape (n, 7); -inf where a pair has none."""
    of_signal = np.array([GROUPS.index(SIGNAL[name].group) for name in index.values["signal"].to_list()], dtype=np.int64)
    best = np.full((len(found), len(GROUPS)), -np.inf)
    if len(found.pieces):
        group = of_signal[found.pieces["value"].to_numpy()]
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
    for end in (a, b):
        low = np.searchsorted(known, values[end] - distance, "left")
        high = np.searchsorted(known, values[end] + distance, "right")
        share += (high - low - 1) / (2 * (len(known) - 1))
    return np.where(np.isnan(distance), np.nan, np.clip(share, 0, 1))

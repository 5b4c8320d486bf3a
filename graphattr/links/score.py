"""The additive score of candidate pairs, with the pieces that made it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import LIKENESSES, likenesses
from graphattr.links.pieces import Candidates
from graphattr.links.profiles import Profiles
from graphattr.links.tally import Slots, Tally
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from models import AdditiveModel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Decimals kept of every published figure: far below what the evidence can carry.
DECIMALS = 6
#: Pairs whose likenesses are held in memory at a time.
CHUNK = 500_000


@dataclass(frozen=True)
class Traits:
    """What is said of candidate pairs whatever entities they resolve to: likenesses, and values that are not shared.

    Attributes:
        fixed: log10 likelihood ratio by group of all fitted ones together, shape (n, 7).
        likeness: the best of each group by the parameters of `AdditiveModel.likeness`, shape (n, 7); -inf where the
            model has none.
    """

    fixed: Array
    likeness: Array


@dataclass(frozen=True)
class Scored:
    """Candidate pairs with their scores.

    Attributes:
        candidates: the pairs, n of them.
        prior: log10 prior odds that two accounts share a controller.
        groups: log10 likelihood ratio by evidence group, shape (n, 7), in the order of `GROUPS`.
        pieces: log10 likelihood ratio of each row of candidates.pieces, as it counts where it is the best of its slot.
        slot: slot of each row of candidates.pieces.
        entities: k_eff of each row of candidates.pieces: the pair counted as one entity, plus the others.
        traits: what does not come from shared values.
    """

    candidates: Candidates
    prior: float
    groups: Array
    pieces: Array
    slot: Whole
    entities: Array
    traits: Traits

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


def traits(profiles: Profiles, found: Candidates, index: Index, model: AdditiveModel) -> Traits:
    """Weighs the likenesses of all candidate pairs, and the values that both sides have but do not share."""
    fixed = np.zeros((len(found), len(GROUPS)))
    likeness = np.full((len(found), len(GROUPS)), -np.inf)
    for start in range(0, len(found), CHUNK):
        part = slice(start, start + CHUNK)
        for name, values in weighed(profiles, found.a[part], found.b[part], model).items():
            if name in model.curves:
                fixed[part, GROUPS.index(model.curves[name].group)] += values
            else:
                column = likeness[part, GROUPS.index(model.likeness[name].group)]
                # Within a group the best piece counts, never the sum: values of one group depend on each other.
                np.maximum(column, values, out=column)
    for signal, rows in unshared(profiles, found, index, model).items():
        curve = model.curves[f"absent:{signal}"]
        fixed[rows, GROUPS.index(curve.group)] += round(curve.values[0], DECIMALS)
    return Traits(fixed, likeness)


def weighed(profiles: Profiles, a: Whole, b: Whole, model: AdditiveModel) -> dict[str, Array]:
    """log10 likelihood ratio of every likeness that the model weighs, by name, each of shape (n,); 0 where unknown."""
    result = {}
    for name, values in likenesses(profiles, a, b).items():
        if name in model.curves:
            result[name] = np.round(model.curves[name].at(values), DECIMALS)
        elif name in model.likeness:
            result[name] = np.round(model.likeness_ratio(name, np.power(10.0, -values)), DECIMALS)
    return {name: result[name] for name in LIKENESSES if name in result}


def unshared(profiles: Profiles, found: Candidates, index: Index, model: AdditiveModel) -> dict[str, Whole]:
    """By signal, the pairs of which both sides have values of it and share none, if the model weighs that."""
    pieces = found.pieces.select("pair", "value").join(
        index.values.select("value", "signal"), on="value", how="left", maintain_order="left"
    )
    shared, signal = pieces["pair"].to_numpy(), pieces["signal"].to_numpy()
    result = {}
    for name, has in profiles.has.items():
        if f"absent:{name}" in model.curves:
            rows = has[found.a] & has[found.b]
            rows[shared[signal == name]] = False
            result[name] = np.flatnonzero(rows)
    return result


def score(
    index: Index,
    found: Candidates,
    of_pair: Traits,
    entities: Whole,
    model: AdditiveModel,
    settings: LinkSettings,
    estimate: bool = False,
) -> Scored:
    """Scores every candidate pair.

    Args:
        index: the run's index.
        found: candidate pairs with their shared values.
        of_pair: their `traits`.
        entities: the entity (ring of the pass before) that each account was resolved to, shape (N,).
        model: the evidence model.
        settings: the prior.
        estimate: whether to estimate the prior from the scores (`prior_odds`).

    Returns:
        The scores, rounded to `DECIMALS` so that the parts sum exactly to what is published.
    """
    ratio, k_eff = piece_ratios(index, found, entities, model)
    slots = Slots.of(model)
    slot = slots.of_pieces(index, found)
    weight = np.round(slots.weigh(slot, ratio), DECIMALS)
    tally = Tally(slots, len(found), found.pieces["pair"].to_numpy(), slot, of_pair.fixed, of_pair.likeness)
    groups = np.round(tally.groups(weight), DECIMALS)
    prior = prior_odds(groups.sum(axis=1), index.size, settings.prior_partners, estimate=estimate)
    return Scored(found, prior, groups, weight, slot, k_eff, of_pair)


def prior_odds(log10_lr: Array, accounts: int, partners: float, *, estimate: bool) -> float:
    """log10 prior odds that two of the accounts share a controller: partners / (N - 1), rounded to `DECIMALS`.

    Args:
        log10_lr: log10 likelihood ratios of the candidate pairs, shape (n,).
        accounts: N.
        partners: how many others an average account shares a controller with, before any evidence.
        estimate: whether to estimate it from the ratios, from that start, by expectation-maximisation (Saerens,
            Latinne and Decaestecker 2002). That asks for ratios that are calibrated; pairs that are no candidates
            count as unlinked.
    """
    for _ in range(200 if estimate else 0):
        sure = probability(log10_lr + np.log10(partners / max(accounts - 1, 1)))
        better = float(np.clip(2 * sure.sum() / max(accounts, 1), *PARTNERS))
        if abs(better - partners) < 1e-6 * partners:
            break
        partners = better
    return round(float(np.log10(partners / max(accounts - 1, 1))), DECIMALS)


#: Range within which the number of partners of an average account is estimated.
PARTNERS = (0.01, 100.0)


def piece_ratios(
    index: Index, found: Candidates, entities: Whole, model: AdditiveModel
) -> tuple[Array, Array]:
    """log10 likelihood ratio by the parameters of the model's signals, and k_eff, of every piece: shape (m,) each."""
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

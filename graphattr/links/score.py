"""The additive score of candidate pairs, with the pieces that made it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import ALL_LIKENESSES, likenesses
from graphattr.links.pieces import Candidates, pairs_by_signal, part_of
from graphattr.links.profiles import Profiles
from graphattr.links.tally import Slots, Tally, by_number
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from models import AdditiveModel
from models.additive import OWN
from models.linkage import CURVE
from models.threads import side_by_side

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Decimals kept of every published figure: far below what the evidence can carry.
DECIMALS = 6
#: Pairs that one of several threads measures at a time, so that memory does not grow with them.
ASIDE = 250_000


@dataclass(frozen=True)
class Traits:
    """What is said of candidate pairs whatever entities they resolve to: likenesses, and values that are not shared.

    Attributes:
        fixed: log10 likelihood ratio by group of all fitted ones together, shape (n, 7).
        likeness: the best of each group by the parameters of `AdditiveModel.likeness`, shape (n, 7), -inf for none;
            None where the model has curves for all.
        gnn: log10 odds of the graph network, shape (n,), as `AdditiveModel.curves` reads them; None without one.
    """

    fixed: Array
    likeness: Array | None
    gnn: Array | None = None

    def part(self, kept: Whole) -> Traits:
        """The traits of the pairs at positions `kept`."""
        likeness, gnn = (None if column is None else column[kept] for column in (self.likeness, self.gnn))
        return Traits(self.fixed[kept], likeness, gnn)


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
    slot: NDArray[np.int16]
    entities: Array
    traits: Traits

    @cached_property
    def log_odds(self) -> Array:
        """log10 posterior odds, shape (n,)."""
        return np.asarray(self.groups.sum(axis=1) + self.prior)

    @cached_property
    def probability(self) -> Array:
        """Posterior probability that the pair shares a controller, shape (n,)."""
        return probability(self.log_odds)


def probability(log10_odds: Array) -> Array:
    """Probability of log10 odds, without overflow at either end."""
    return np.asarray(1 / (1 + np.power(10.0, -np.clip(log10_odds, -300, 300))))


def traits(profiles: Profiles, found: Candidates, index: Index, model: AdditiveModel) -> Traits:
    """Weighs the likenesses of all candidate pairs, and the values that both sides have but do not share.

    Args:
        profiles: the accounts' profiles.
        found: candidate pairs, n of them.
        index: the run's index.
        model: the evidence model.
    """
    fixed = np.zeros((len(found), len(GROUPS)))
    guided = any(name not in model.curves for name in model.likeness)
    likeness = np.full((len(found), len(GROUPS)), -np.inf) if guided else None

    def weigh(start: int) -> None:
        part = slice(start, start + ASIDE)
        for name, values in weighed(profiles, found.a[part], found.b[part], model).items():
            if name in model.curves:
                fixed[part, GROUPS.index(model.curves[name].group)] += values
            elif likeness is not None:
                column = likeness[part, GROUPS.index(model.likeness[name].group)]
                # Within a group the best piece counts, never the sum: values of one group depend on each other.
                np.maximum(column, values, out=column)

    side_by_side(weigh, range(0, len(found), ASIDE))
    for signal, rows in unshared(profiles, found, index, model).items():
        curve = model.curves[f"absent:{signal}"]
        fixed[rows, GROUPS.index(curve.group)] += round(curve.values[0], DECIMALS)
    return Traits(fixed, likeness)


def with_network(of_pair: Traits, odds: Array, model: AdditiveModel) -> Traits:
    """The traits with what the graph network says: log10 odds (`graph_input.log10_odds`), shape (n,)."""
    curve = model.curves[CURVE]
    fixed = of_pair.fixed.copy()
    fixed[:, GROUPS.index(curve.group)] += np.round(curve.at(odds), DECIMALS)
    return Traits(fixed, of_pair.likeness, odds)


def part_of_scored(scored: Scored, kept: Whole) -> Scored:
    """The scored pairs at positions `kept` (ascending)."""
    here = np.zeros(len(scored.candidates), dtype=bool)
    here[kept] = True
    rows = np.flatnonzero(here[scored.candidates.pieces["pair"].to_numpy()])
    return Scored(
        part_of(scored.candidates, kept),
        scored.prior,
        scored.groups[kept],
        scored.pieces[rows],
        scored.slot[rows],
        scored.entities[rows],
        scored.traits.part(kept),
    )


def weighed(
    profiles: Profiles, a: Whole, b: Whole, model: AdditiveModel, gnn: Array | None = None
) -> dict[str, Array]:
    """log10 likelihood ratio of every likeness that the model weighs, by name, each of shape (n,); 0 where unknown."""
    result = {}
    alike = likenesses(profiles, a, b) | ({} if gnn is None else {CURVE: gnn})
    for name, values in alike.items():
        if name in model.curves:
            result[name] = np.round(model.curves[name].at(values), DECIMALS)
        elif name in model.likeness:
            result[name] = np.round(model.likeness_ratio(name, np.power(10.0, -values)), DECIMALS)
    return {name: result[name] for name in ALL_LIKENESSES if name in result}


def unshared(profiles: Profiles, found: Candidates, index: Index, model: AdditiveModel) -> dict[str, Whole]:
    """By signal, the pairs of which both sides have values of it and share none, if the model weighs that."""
    sharers = pairs_by_signal(index, found)
    result = {}
    for name, has in profiles.has.items():
        if f"absent:{name}" in model.curves:
            rows = has[found.a] & has[found.b]
            rows[sharers.get(name, [])] = False
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
    measure: Measure | None = None,
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
        measure: that of these entities and model, where it is there already.

    Returns:
        The scores, rounded to `DECIMALS` so that the parts sum exactly to what is published.
    """
    measure = measure or Measure(index, entities, model)
    pieces, slots = found.pieces, measure.slots
    groups = np.empty((len(found), len(GROUPS)))
    weight, k_eff = np.empty(pieces.height), np.empty(pieces.height)
    slot = np.empty(pieces.height, dtype=np.int16)
    pair = pieces["pair"].to_numpy()

    def add_up(start: int) -> None:
        part = slice(start, min(start + ASIDE, len(found)))
        rows = slice(*np.searchsorted(pair, (part.start, part.stop)))
        slot[rows] = measure.slot(pieces[rows])
        ratio, k_eff[rows] = measure(pieces[rows])
        weight[rows] = np.round(slots.weigh(slot[rows], ratio), DECIMALS)
        likeness = None if of_pair.likeness is None else of_pair.likeness[part]
        tally = Tally(slots, part.stop - start, pair[rows] - start, slot[rows], of_pair.fixed[part], likeness)
        groups[part] = np.round(tally.groups(weight[rows]), DECIMALS)

    side_by_side(add_up, range(0, len(found), ASIDE))
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
    measure = Measure(index, entities, model)
    ratio, k_eff = np.empty(found.pieces.height), np.empty(found.pieces.height)
    for start in range(0, found.pieces.height, PIECES_AT_A_TIME):
        part = slice(start, start + PIECES_AT_A_TIME)
        ratio[part], k_eff[part] = measure(found.pieces[part])
    return ratio, k_eff


#: Pieces of evidence measured at a time, so that memory does not grow with them.
PIECES_AT_A_TIME = 1_000_000


class Measure:
    """What sharing a value is worth, given the entities that accounts were resolved to.

    Attributes:
        slots: the slots of the model.

    Args:
        index: the run's index.
        entities: entity of each account, shape (N,).
        model: the evidence model.
    """

    def __init__(self, index: Index, entities: Whole, model: AdditiveModel) -> None:
        self._size, self._entities, self._model = index.size, entities, model
        self.slots = Slots.of(model)
        self._slot_of = self.slots.of_values(index)
        self._held = _held(index, entities, model)
        self._listed = index.values["listed"].to_numpy()
        # Classes of value, one number each: twice the place, and one more for the pieces of an owner.
        self._kinds = (
            index.values.select("signal", pl.col("kind").fill_null("")).unique().sort(pl.all()).rows()
        )
        place = {kind: number for number, kind in enumerate(self._kinds)}
        kinds = index.values.select("signal", pl.col("kind").fill_null("")).iter_rows()
        self._kind_of = np.array([2 * place[kind] for kind in kinds], dtype=np.int16)

    def slot(self, pieces: pl.DataFrame) -> NDArray[np.int16]:
        """Slot of each row of Candidates.pieces."""
        return np.asarray(
            self._slot_of[pieces["value"].to_numpy(), pieces["own"].to_numpy().astype(np.int64)]
        )

    def __call__(self, pieces: pl.DataFrame) -> tuple[Array, Array]:
        """log10 likelihood ratio and k_eff of each row of Candidates.pieces."""
        held, size = self._held, self._size
        value = pieces["value"].to_numpy()
        ends = [pieces[f"held_{end}"].to_numpy() for end in "ab"]
        same = self._entities[pieces["a"].to_numpy()] == self._entities[pieces["b"].to_numpy()]
        # The pair is one entity under the hypothesis of a common controller: leave it out of the others.
        others = np.maximum(held.entities[value] - np.where(same, 1.0, 2.0), 0.0)
        # Chance of sharing anything else as rare. Each end has its own count of chances, and a stranger with as many
        # values as the other end has more of them than the average one: the geometric mean stands between the two.
        rest = np.sqrt(np.prod([held.union[end] - held.chance[value] for end in ends], axis=0).clip(min=0))
        # In one window at a hub the rivals are those who were there then.
        rivals = pieces["rivals"].cast(pl.Float64).fill_null(float("inf")).to_numpy() / max(size - 1, 1)
        gap = pieces["gap"].cast(pl.Float64).to_numpy()
        ratio = np.zeros(len(value))
        for number, rows in by_number(self._kind_of[value] + pieces["own"].to_numpy()):
            signal, kind = self._kinds[number // 2]
            kind = OWN if number % 2 else kind
            chance = (
                self._model.chance(signal, kind, self._listed[value[rows]], others[rows], size) + rest[rows]
            )
            ratio[rows] = self._model.shared_value(signal, kind, np.minimum(chance, rivals[rows]), gap[rows])
        return np.round(ratio, DECIMALS), others + 1


@dataclass(frozen=True)
class _Held:
    """Chances by value, and by row of index.held.

    Attributes:
        entities: resolved entities that hold the value, by value.
        chance: u-probability of the value, by value.
        union: chance of sharing the value or any at least as rare one that the account holds, by row of index.held.
    """

    entities: Array
    chance: Array
    union: Array


def _held(index: Index, entities: Whole, model: AdditiveModel) -> _Held:
    value = index.held["value"].cast(pl.Int64).to_numpy()
    account = index.held["account"].cast(pl.Int64).to_numpy()
    stride = np.int64(entities.max(initial=0)) + 1
    # np.unique hashes, which takes ten times as long as to sort.
    distinct = np.sort(value * stride + entities[account])
    distinct = distinct[np.diff(distinct, prepend=-1) > 0]
    count = np.bincount(distinct // stride, minlength=index.values.height).astype(np.float64)
    chance = np.zeros(index.values.height)
    signals = index.values["signal"].to_numpy()
    listed = index.values["listed"].to_numpy()
    signal_of = np.zeros(index.values.height, dtype=np.int64)
    for number, name in enumerate(sorted(set(signals.tolist()))):
        rows = np.flatnonzero(signals == name)
        kinds = index.values["kind"].gather(rows).to_list()
        chance[rows] = model.chance(name, kinds, listed[rows], count[rows] - 1, index.size)
        signal_of[rows] = number
    # Values of one account and signal from the rarest on; equally rare ones by number, as index.held has them.
    owner = account * (signal_of.max(initial=0) + 1) + signal_of[value]
    order = np.lexsort((chance[value], owner))
    union = np.empty(len(value))
    sums = pl.DataFrame({"owner": owner[order], "chance": chance[value[order]]})
    union[order] = sums.select(pl.col("chance").cum_sum().over("owner")).to_series().to_numpy()
    return _Held(count, chance, union)

"""Fits how sets of linked accounts are joined into rings, and how members are told, on worlds with known truth."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphattr.evaluate.calibration import grouped as like
from graphattr.evaluate.judged import right
from graphattr.links.score import part_of_scored
from graphattr.pipeline.grouping import (
    Step,
    Weighed,
    joined_rings,
    links_of,
    weigh,
    write_holdings,
)
from graphattr.pipeline.reading import read_signals
from graphattr.rings.between import Links, own
from graphattr.rings.joining import Round, cells, joined
from graphattr.rings.membership import INTERVAL, membership
from graphattr.settings import Settings
from graphattr.simulate import simulate
from graphattr.simulate.mechanisms import MECHANISMS
from graphattr.training.rings_fit import Rings, fit, spaced
from models.joining import CASES, FEATURES, Case, Joining, Judge, Limits, Part
from models.linkage import Linkage

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Seeds of these worlds; those below are for tests, benchmarks and the linkage model, those above for rings.
FIRST_SEED: Final = 4000
#: How many worlds of each preset; every second one lacks mechanisms.
WORLDS: Final = {"sample": 10, "small": 20, "resellers": 4, "companies": 2, "none": 2, "tiny": 12}
#: Beside them large worlds, for rings of a hundred accounts and more; a share of the worlds has none.
LARGE_WORLDS: Final = {"world100k": 2}
#: A world of so many accounts is a large one. It has as many sets as all others together, so that of each case but
#: the largest sets only some pairs are read in each pass, and only some members.
LARGE: Final = 20_000
MOST_PAIRS: Final = 500
MOST_MEMBERS: Final = 200
#: Chance of each mechanism to be left out of such a world: rings must hold without the help of any one of them.
LEFT_OUT: Final = 0.4
#: Sizes that a case does not read. Worlds of a few thousand accounts hold no controller with hundreds, so that curves
#: over sizes without a bound teach that large sets never belong together (docs/decisions/0012-joined-cells.md).
UNREAD: Final = {"one-many": ("larger",), "few-any": ("larger",), "many-many": ("smaller", "larger")}
#: Rows that a case is fitted to at most, and figures that say nothing in it.
MOST_ROWS: Final = 80_000
FEWEST_ROWS: Final = 200
#: Sets whose best link has log10 odds below this never join, and teach nothing.
LEAST_ODDS: Final = -1.5
JOIN_PENALTY: Final = 1e-5
STAY_PENALTY: Final = 1e-4
#: Bound of what one figure adds, log10.
MOST: Final = 4.0
#: Quantiles that become knots, and the least distance between two, as a share of their range.
QUANTILES: Final = np.linspace(0, 1, 9)
NEAREST: Final = 0.02
#: Passes over the worlds: the first joins by the best links alone, the next as the pass before has taught.
PASSES: Final = 2
#: Probabilities from which on the training joins.
TRIAL: Final = (0.6, 0.5)
#: Groups of members of like probability in one world, at least so large, that limits are read off; how many a place.
LEAST_GROUP: Final = 40
NEAR_GROUPS: Final = 60
PLACES: Final = 10


@dataclass(frozen=True)
class JoinWorld:
    """A simulated world of family A that joining is fitted to.

    Attributes:
        preset, seed: what is simulated.
        without: mechanisms that are left out.
    """

    preset: str
    seed: int
    without: tuple[str, ...] = ()


def join_worlds(share: float = 1.0) -> list[JoinWorld]:
    """The worlds of what ships; `share` of each number, one at least, and of large ones none if it comes to that."""
    names = sorted(name for name, one in MECHANISMS.items() if "A" in one.families)
    numbers = {preset: max(1, round(count * share)) for preset, count in WORLDS.items()}
    numbers |= {preset: round(count * share) for preset, count in LARGE_WORLDS.items()}
    worlds: list[JoinWorld] = []
    for preset, count in numbers.items():
        for _ in range(count):
            seed = FIRST_SEED + len(worlds)
            draw = np.random.default_rng(seed)
            off = tuple(name for name in names if draw.random() < LEFT_OUT) if seed % 2 else ()
            worlds.append(JoinWorld(preset, seed, off))
    return worlds


@dataclass(frozen=True)
class Example:
    """A world as a run weighs it, with the truth.

    Attributes:
        weighed: the run's pairs, those alone that may hold a ring together.
        links: they, as joining reads them.
        controller: number of each account's controller, shape (N,).
    """

    weighed: Weighed
    links: Links
    controller: Whole


def example(world: JoinWorld, linkage: Linkage, settings: Settings) -> Example:
    """Simulates a world and weighs its pairs."""
    with tempfile.TemporaryDirectory(prefix="graphattr-joins-") as name:
        place = Path(name)
        simulate(place, world.preset, world.seed, family="A", without=world.without)
        run = place / "run"
        signals = read_signals(place / "signals", run, settings.load)
        write_holdings(signals, run / "holdings.parquet")
        weighed = weigh(signals, run, settings, linkage, lambda _name, _done: None)
        truth = pl.read_parquet(place / "truth.parquet", columns=["account_id", "controller"])
    accounts = weighed.index.accounts.alias("account_id").to_frame()
    known = accounts.join(truth, on="account_id", how="left", maintain_order="left")
    used = weighed.veto.usable(weighed.scored, settings.links.min_probability)
    weighed = replace(weighed, scored=part_of_scored(weighed.scored, used))
    controller = known["controller"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return Example(weighed, links_of(weighed, settings), controller)


def fit_joining(examples: Sequence[Example], settings: Settings, note: str, step: Step) -> Joining:
    """Fits the curves, without limits."""
    judge = _by_best_links()
    rows: list[_Rows] = []
    for number in range(PASSES):
        for place, one in enumerate(examples):
            step(f"join, pass {number + 1} of {PASSES}", (number + place / len(examples)) / (PASSES + 1))
            rows.append(_joins(one, settings, judge, TRIAL[min(number, len(TRIAL) - 1)]))
        judge = _judge(rows, JOIN_PENALTY)
    members = []
    for place, one in enumerate(examples):
        step("read members", (PASSES + place / len(examples)) / (PASSES + 1))
        members.append(_members(one, settings, judge))
    return Joining(name="joining", note=note, join=judge, stay=_judge(members, STAY_PENALTY))


def _by_best_links() -> Judge:
    """What the first pass joins by: half of the best link's log10 odds and a quarter of the second's."""
    ends = (-4.0, 8.0)
    parts = {
        name: Part(knots=ends, values=(factor * ends[0], factor * ends[1]))
        for name, factor in (("best", 0.5), ("second", 0.25))
    }
    return Judge(cases={case: Case(odds=0.0, parts=parts, rows=0) for case in CASES})


@dataclass(frozen=True)
class _Rows:
    """Sets side by side: their case, figures, and the share of pairs across that share a controller."""

    case: Whole
    figures: Array
    share: Array

    def __getitem__(self, rows: Whole) -> _Rows:
        return _Rows(self.case[rows], self.figures[rows], self.share[rows])


def _joins(one: Example, settings: Settings, judge: Judge, least: float) -> _Rows:
    """What lay between sets in every second round of joining a world."""
    start = cells(one.links, settings.seed, settings.rings.leiden_iterations)
    rounds: list[Round] = []
    joined(one.links, start, judge, one.weighed.veto, least, rounds)
    parts = []
    for turn in rounds[::2]:
        found = turn.between
        kept = np.flatnonzero(found.figures[:, FEATURES.index("best")] > LEAST_ODDS)
        share = _share(turn.label, one.controller, found.first[kept], found.second[kept])
        parts.append(_Rows(found.case[kept], found.figures[kept], share))
    every = _together(parts)
    if len(one.controller) < LARGE:
        return every
    of_case = [np.flatnonzero(every.case == number) for number in range(len(CASES))]
    some = [
        rows if name == CASES[-1] else _some(rows, MOST_PAIRS)
        for name, rows in zip(CASES, of_case, strict=True)
    ]
    return every[np.sort(np.concatenate(some))]


def _some(rows: Whole, most: int) -> Whole:
    """Every so manieth of the rows, so that at most so many are left."""
    return rows[:: max(1, -(-len(rows) // most))]


def _share(label: Whole, controller: Whole, first: Whole, second: Whole) -> Array:
    """Share of the pairs with one account of either set that share a controller."""
    shape = (int(label.max()) + 1, int(controller.max()) + 1)
    held = csr_array((np.ones(len(label)), (label, controller)), shape=shape)
    size = np.bincount(label, minlength=shape[0])
    same = np.asarray((held[first] * held[second]).sum(axis=1)).ravel()
    return np.asarray(same / (size[first] * size[second]))


def _members(one: Example, settings: Settings, judge: Judge) -> _Rows:
    """Members of the joined rings beside the rest of theirs, and whether they belong with most of it."""
    weighed, rings = one.weighed, settings.rings
    grouping = joined_rings(weighed, settings, judge)
    resampled = membership(
        weighed.index, weighed.scored, grouping, weighed.model, rings.resamples, settings.seed
    )
    support = np.zeros(weighed.index.size)
    support[resampled.account] = resampled.probability
    found = own(one.links, grouping.entity, support)
    here = np.flatnonzero(np.isin(grouping.entity[found.first], grouping.rings))
    if len(one.controller) >= LARGE:
        here = _some(here, MOST_MEMBERS)
    belongs = _belongs(grouping.entity, one.controller)
    return _Rows(found.case[here], found.figures[here], belongs[found.first[here]])


def _belongs(entity: Whole, controller: Whole) -> Array:
    """Whether an account is of its ring's largest controller, who has two there: 1 / t where t are level."""
    placed = pl.DataFrame({"ring_id": entity, "owner": controller})
    return right(placed)["belongs"].to_numpy()


def _together(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        np.concatenate([part.case for part in parts]),
        np.concatenate([part.figures for part in parts]),
        np.concatenate([part.share for part in parts]),
    )


def _judge(parts: Sequence[_Rows], penalty: float) -> Judge:
    """Curves for each case that has examples of both kinds."""
    every = _together(parts)
    cases = {}
    for number, name in enumerate(CASES):
        rows = _some(np.flatnonzero(every.case == number), MOST_ROWS)
        share = every.share[rows]
        if len(rows) >= FEWEST_ROWS and 0 < share.sum() < len(rows):
            cases[name] = _case(every[rows], penalty, UNREAD.get(name, ()))
    return Judge(cases=cases)


def _case(rows: _Rows, penalty: float, unread: Sequence[str]) -> Case:
    read = np.array([name not in unread for name in FEATURES])
    spread = np.flatnonzero((np.ptp(rows.figures, axis=0) > 0) & read)
    at = [_knots(rows.figures[:, place], rows.share) for place in spread]
    both = Rings(
        np.concatenate([rows.figures, rows.figures])[:, spread],
        np.repeat([0, 1], len(rows.share)),
        np.concatenate([rows.share, 1 - rows.share]),
    )
    ours = float(rows.share.mean())
    found = fit(both, at, np.array([ours, 1 - ours]), penalty, MOST)
    parts = {
        FEATURES[place]: Part(
            knots=tuple(np.round(knots, 4).tolist()),
            values=tuple(np.round(curve[:, 0] - curve[:, 1], 4).tolist()),
        )
        for place, knots, curve in zip(spread, at, found, strict=True)
    }
    return Case(odds=round(float(np.log10(ours / (1 - ours))), 4), parts=parts, rows=len(rows.share))


def _knots(values: Array, share: Array) -> Array:
    """Ascending knots: quantiles of all values, and of those of sets that share a controller."""
    ours = values[share > 0.5]
    asked = [np.quantile(part, QUANTILES) for part in (values, ours) if len(part)]
    return spaced(np.concatenate(asked), NEAREST)


def member_limits(members: pl.DataFrame) -> Limits | None:
    """Limits of the members' probabilities: what nine in ten groups of like probability were worth.

    The members of each world are cut into groups of like probability, as `evaluate` does for its coverage; at each
    place the groups whose mean probability is nearest give the quantiles of the share that was right.

    Args:
        members: world, probability, belongs; of worlds that nothing was fitted to.

    Returns:
        The limits; None where there are too few groups.
    """
    points = []
    for (_,), part in members.sort("world", "probability").partition_by("world", as_dict=True).items():
        group = like(part["probability"].to_numpy())
        sums = part.with_columns(group=pl.Series(group)).group_by("group", maintain_order=True)
        rows = sums.agg(pl.len(), pl.col("probability").mean(), pl.col("belongs").mean())
        points.append(rows.filter(pl.col("len") >= LEAST_GROUP))
    told = pl.concat(points) if points else pl.DataFrame()
    if told.height < NEAR_GROUPS:
        return None
    stated, right = told["probability"].to_numpy(), told["belongs"].to_numpy()
    at = np.unique(np.round(np.quantile(stated, np.linspace(0, 1, PLACES)), 3))
    near = [right[np.argsort(np.abs(stated - place), kind="stable")[:NEAR_GROUPS]] for place in at]
    low, high = (np.maximum.accumulate([np.quantile(of, tail) for of in near]) for tail in INTERVAL)
    return Limits(
        at=tuple(at.tolist()),
        low=tuple(np.round(low, 4).tolist()),
        high=tuple(np.round(high, 4).tolist()),
        groups=told.height,
    )

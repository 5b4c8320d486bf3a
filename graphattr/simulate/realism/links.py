"""How far each feature alone links the accounts of one controller: AUC by kind of controller or by mechanism.

Pairs of one controller are set against pairs of different controllers, which are any two accounts of the
world: .5 for a feature that tells nothing, 1 for one that tells all. A value shared or not is a feature with
two levels, so its AUC is (1 + share among same - share among different) / 2. For a quantity the feature is
the distance of two accounts, for a mix the cosine, for values by rarity the sum of log(n / holders) over
those shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import diags_array

from graphattr.simulate.draws import Floats, Ints, stream
from graphattr.simulate.realism.features import (
    MEASURED,
    MIXES,
    SHARED,
    WEIGHTED,
    holdings,
    mix,
    quantities,
)
from graphattr.simulate.realism.statistics import auc
from graphattr.simulate.realism.tables import Signals, Tables, of_accounts, uniform

#: An AUC above this, by a circumstance alone, is too easy.
TOO_EASY: Final = 0.9
#: Kinds whose pairs an engine is to find by more than one circumstance.
JUDGED: Final = ("contractors", "reseller", "single_operator")
#: Accounts looked at: pairs grow with the square.
_MOST, _GROUPED, _OF_ONE = 3000, 1500, 100
_PAIRS: Final = 200_000  # ranked a stratum

Pair = tuple[Ints, Ints]
Score = Callable[[Ints, Ints], Floats]


@dataclass(frozen=True)
class Pairs:
    """Pairs of accounts, as two arrays of row numbers.

    Attributes:
        accounts: the accounts looked at.
        same: pairs of one controller, by stratum.
        different: pairs of two controllers, out of a uniform sample of all accounts.
    """

    accounts: pl.Series
    same: dict[str, Pair]
    different: Pair


def link_power(signals: Signals, truth: pl.DataFrame, by: str = "kind") -> pl.DataFrame:
    """One row a feature and stratum that has two accounts of one controller.

    Args:
        signals: the tables of a world by name, in memory or lazy.
        truth: its truth.
        by: the stratum: `kind` or `mechanism`.

    Returns:
        feature, the stratum, pairs (of one controller), same and different (share of pairs that share a
        value; null for what is ranked), auc (null where no pair has the feature), and verdict: `too easy`,
        `strong, natural` or `-`, for kinds of `JUDGED` alone.
    """
    pairs = choose(truth, by)
    tables = of_accounts(signals, pairs.accounts)
    judged = set(truth.filter(pl.col("kind").is_in(JUDGED))[by])
    natural = {held.name for held in (*SHARED, *WEIGHTED) if held.natural}
    rows = []
    for feature, stratum, within, among, power in _powers(tables, pairs):
        known = None if np.isnan(power) else power
        easy = stratum in judged and known is not None and max(known, 1 - known) > TOO_EASY
        verdict = ("strong, natural" if feature in natural else "too easy") if easy else "-"
        rows.append((feature, stratum, len(pairs.same[stratum][0]), within, among, known, verdict))
    schema = {
        "feature": pl.String,
        by: pl.String,
        "pairs": pl.Int64,
        "same": pl.Float64,
        "different": pl.Float64,
        "auc": pl.Float64,
        "verdict": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort(by, "auc", "feature", descending=[False, True, False], nulls_last=True)


def choose(truth: pl.DataFrame, by: str) -> Pairs:
    """Which pairs to look at: all of a small world.

    Of a large one a uniform sample gives the pairs of different controllers; those of one controller come
    from whole controllers drawn at random, of a very large one from a part of its accounts.
    """
    everybody = truth.sort("account_id")
    even = uniform(everybody.height, _MOST, "realism")
    grouped = even if everybody.height <= _MOST else _grouped(everybody)
    rows = np.union1d(even, grouped)
    chosen = everybody[rows]
    owner = chosen["controller"].rank("dense").to_numpy().astype(np.int64)
    first, second = (side.astype(np.int64) for side in np.triu_indices(len(rows), 1))
    one = owner[first] == owner[second]
    counted = np.isin(rows, even)
    far = ~one & counted[first] & counted[second]
    near = one & np.isin(rows, grouped)[first] & np.isin(rows, grouped)[second]
    stratum = chosen[by].to_numpy()
    same = {name: near & (stratum[first] == name) for name in sorted(set(stratum))}
    return Pairs(
        chosen["account_id"],
        {name: (first[at], second[at]) for name, at in same.items() if at.any()},
        (first[far], second[far]),
    )


def _grouped(everybody: pl.DataFrame) -> Ints:
    """Row numbers of controllers with several accounts, drawn by kind in turn until there are enough."""
    rng = stream(0, "realism controllers")
    frame = everybody.select("controller", "kind", row=pl.int_range(pl.len()))
    groups = frame.group_by("controller", maintain_order=True).agg("row", pl.col("kind").first())
    groups = groups.filter(pl.col("row").list.len() > 1)
    groups = groups[rng.permutation(groups.height)]
    groups = groups.with_columns(turn=pl.int_range(pl.len()).over("kind")).sort("turn", "kind")
    rows: list[Ints] = []
    for group in groups["row"]:
        if sum(len(part) for part in rows) >= _GROUPED:
            break
        rows.append(rng.permutation(group.to_numpy())[:_OF_ONE].astype(np.int64))
    return np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)


def _powers(tables: Tables, pairs: Pairs) -> Iterator[tuple[str, str, float | None, float | None, float]]:
    """Feature, stratum, share among same and different pairs, AUC."""
    for held in SHARED:
        holds = holdings(tables, held, pairs.accounts)
        both = np.asarray((holds @ holds.T).toarray() > 0)
        among = float(both[pairs.different].mean()) if len(pairs.different[0]) else float("nan")
        for stratum, same in pairs.same.items():
            within = float(both[same].mean())
            yield held.name, stratum, within, among, (1 + within - among) / 2
    for name, score in _scores(tables, pairs.accounts):
        far = score(*_some(pairs.different))
        for stratum, same in pairs.same.items():
            yield name, stratum, None, None, auc(score(*_some(same)), far)


def _scores(tables: Tables, accounts: pl.Series) -> Iterator[tuple[str, Score]]:
    """Likenesses of two accounts by name: larger is closer, nan where one of them lacks the feature."""
    for held in WEIGHTED:
        holds = holdings(tables, held, accounts)
        holders = np.maximum(np.asarray(holds.sum(axis=0)).ravel(), 1.0)
        weighed = holds @ diags_array(np.log(len(accounts) / holders))
        yield held.name, partial(_looked_up, np.asarray((weighed @ holds.T).toarray()))
    values = quantities(tables, accounts)
    for name in MEASURED:
        value = values[name].fill_null(float("nan")).to_numpy()
        yield name, partial(_closeness, value)
    for name in MIXES:
        yield name, partial(_cosine, mix(tables, name, accounts))


def _looked_up(matrix: Floats, first: Ints, second: Ints) -> Floats:
    return np.asarray(matrix[first, second])


def _closeness(value: Floats, first: Ints, second: Ints) -> Floats:
    return -np.abs(value[first] - value[second])


def _cosine(shares: Floats, first: Ints, second: Ints) -> Floats:
    return np.asarray((shares[first] * shares[second]).sum(axis=1))


def _some(pairs: Pair) -> Pair:
    kept = uniform(len(pairs[0]), _PAIRS, "pairs")
    return pairs[0][kept], pairs[1][kept]

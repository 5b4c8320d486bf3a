"""The marker trap: can one feature tell the accounts that are not innocent from all others?

For a quantity: the AUC of its value, whichever way round. For a value held (country, TLS client): the AUC of
the share of accounts that are not innocent among its other holders, estimated on the accounts of other
controllers, so a value of one operator alone (its card, its own domain) does not count: that is a link, not a
marker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.draws import Bools, Floats, Ints, stream
from graphattr.simulate.realism.features import (
    MEASURED,
    SHARED,
    Held,
    holdings,
    quantities,
)
from graphattr.simulate.realism.statistics import NAN, auc
from graphattr.simulate.realism.tables import Signals, Tables, of_accounts, uniform

#: An AUC above this makes a marker.
MARKER: Final = 0.8
ANY: Final = "any"
_MOST: Final = 20_000
_FOLDS: Final = 5


def account_power(signals: Signals, truth: pl.DataFrame) -> pl.DataFrame:
    """One row a feature and kind of accounts that are not innocent (`any` for all of them).

    Args:
        signals: the tables of a world by name, in memory or lazy.
        truth: its truth.

    Returns:
        feature, kind, accounts (of that kind), auc (from .5 on; null where it cannot be had), direction
        (`higher`, `lower`, or `value` for a value held) and verdict (`marker` or `-`).
    """
    chosen = truth.sort("account_id")
    chosen = chosen[_some(chosen)]
    tables = of_accounts(signals, chosen["account_id"])
    innocent = chosen["innocent"].to_numpy()
    kind = chosen["kind"].to_numpy()
    strata: dict[str, Bools] = {ANY: ~innocent}
    strata |= {name: ~innocent & (kind == name) for name in sorted(set(kind[~innocent]))}
    fold = _folds(chosen["controller"])
    rows = []
    for name, power, direction, at in _powers(tables, chosen["account_id"], strata, innocent, fold):
        known = None if np.isnan(power) else power
        verdict = "marker" if known is not None and known > MARKER else "-"
        rows.append((name, at, int(strata[at].sum()), known, direction, verdict))
    schema = {
        "feature": pl.String,
        "kind": pl.String,
        "accounts": pl.Int64,
        "auc": pl.Float64,
        "direction": pl.String,
        "verdict": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort("kind", "auc", "feature", descending=[False, True, False], nulls_last=True)


def _some(truth: pl.DataFrame) -> Ints:
    """Rows to look at: of a large world half of the places are for accounts that are not innocent."""
    if truth.height <= _MOST:
        return np.arange(truth.height, dtype=np.int64)
    innocent = truth["innocent"].to_numpy()
    parts = [np.flatnonzero(innocent), np.flatnonzero(~innocent)]
    kept = [part[uniform(len(part), _MOST // 2, "realism accounts")] for part in parts]
    return np.sort(np.concatenate(kept)).astype(np.int64)


def _folds(controller: pl.Series) -> Ints:
    """A fold a controller, so that no controller is judged by its own accounts."""
    code = controller.rank("dense").to_numpy().astype(np.int64) - 1
    order = stream(0, "realism folds").permutation(int(code.max(initial=0)) + 1)
    return np.asarray(order[code] % _FOLDS, dtype=np.int64)


def _powers(
    tables: Tables, accounts: pl.Series, strata: dict[str, Bools], innocent: Bools, fold: Ints
) -> Iterator[tuple[str, float, str, str]]:
    """Feature, AUC, direction, stratum."""
    values = quantities(tables, accounts)
    for name in MEASURED:
        value = values[name].fill_null(NAN).to_numpy()
        for stratum, positive in strata.items():
            power = auc(value[positive], value[innocent])
            yield name, max(power, 1 - power), "higher" if power >= 0.5 else "lower", stratum
    for held in SHARED:
        for stratum, positive in strata.items():
            power = _by_value(tables, held, accounts, positive, innocent, fold)
            yield held.name, power, "value", stratum


def _by_value(
    tables: Tables, held: Held, accounts: pl.Series, positive: Bools, innocent: Bools, fold: Ints
) -> float:
    """AUC of the mean risk of the values that an account holds, over the folds with accounts of both sides."""
    holds = holdings(tables, held, accounts)
    count = np.asarray(holds.sum(axis=1)).ravel()
    found: list[float] = []
    weight: list[int] = []
    for at in range(_FOLDS):
        learnt, judged = fold != at, fold == at
        bad, good = positive & learnt, innocent & learnt
        if not bad.any() or not good.any():
            continue
        # log ratio of the shares of the two sides that hold the value; one more account, divided as all
        # are, holds each value, so one that nobody else holds says nothing
        many = bad.sum() + good.sum()
        sides = [(holds.T @ side.astype(np.float64)) / side.sum() + 1 / many for side in (bad, good)]
        risk = np.log(sides[0] / sides[1])
        score: Floats = np.divide(holds @ risk, count, out=np.full(len(count), np.nan), where=count > 0)
        power = auc(score[positive & judged], score[innocent & judged])
        if not np.isnan(power):
            found.append(power)
            weight.append(int((positive & judged).sum()))
    return float(np.average(found, weights=weight)) if found else NAN

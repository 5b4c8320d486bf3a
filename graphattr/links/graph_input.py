"""A run's accounts and shared values as the graph network's input, and what the network says of pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.errors import InputError
from graphattr.links.index import DAY_US, Index
from graphattr.links.pieces import Candidates, located
from graphattr.links.profiles import Profiles
from graphattr.records import SIGNALS
from loaders.schema import TABLES
from models import ModelError
from models.gnn import Graph, Pairs, Relation, Weights, pair_logits

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

DAY_SECONDS: Final = 86_400
#: Decimals kept of a logit: far above what another order of summation changes, far below what it can carry.
DECIMALS: Final = 3
#: Figures of `Profiles.figures` that are account features under their own names.
_FIGURES: Final = ("volume", "in_tokens", "out_tokens", "pace", "batch")
_USE: Final = ("hour_cos", "hour_sin", "active_hours", "first_day", "last_day")
#: Account features. Nothing that follows from an investigation: no end of the account, no ban, no label.
ACCOUNT_NAMES: Final = ("created", *_FIGURES, *_USE, *(f"values_{signal.name}" for signal in SIGNALS))
#: Classes of value, as the data contract has them.
_KINDS: Final = tuple(
    dict.fromkeys(
        kind
        for signal in SIGNALS
        for column in TABLES[signal.table].columns
        if column.name == signal.kind_column
        for kind in column.values
    )
)
VALUE_NAMES: Final = ("listed", "hub", *(f"kind={kind}" for kind in _KINDS), "kind=own")
PAIR_NAMES: Final = ("creation_gap", "crowd", "rivals", "windows")


def graph_of(index: Index, profiles: Profiles) -> Graph:
    """The accounts with the values that at least two of them hold, hubs included, one relation a signal."""
    start, days = _window(index, profiles)
    start_us = start * 1_000_000
    edges = index.held.select("account", "value", "own", "count", "first", "last")
    edges = edges.with_columns(
        ((pl.col(name).cast(pl.Float64) - start_us) / DAY_US).alias(name) for name in ("first", "last")
    )
    number, signals = edges["value"].to_numpy(), index.values["signal"].to_numpy()
    own = np.bincount(number, edges["own"].to_numpy(), len(signals)) > 0
    table = _values(index.values, own)
    relations = {}
    for signal in SIGNALS:
        some = np.flatnonzero(signals == signal.name)
        if not len(some):
            continue
        # Values are numbered by signal and held is sorted by value: those of a signal are one stretch of either.
        first = int(some[0])
        low, high = np.searchsorted(number, [first, first + len(some)])
        part = edges.slice(int(low), int(high - low))
        relations[signal.name] = Relation(
            part["account"].cast(pl.Int64).to_numpy(),
            part["value"].cast(pl.Int64).to_numpy() - first,
            table[some],
            *(part[name].cast(pl.Float32).to_numpy() for name in ("count", "first", "last")),
        )
    return Graph(_accounts(index, profiles, start), ACCOUNT_NAMES, VALUE_NAMES, relations, days)


def pairs_of(index: Index, found: Candidates, a: Whole, b: Whole, controller: Whole | None = None) -> Pairs:
    """Pairs of accounts with what the graph does not hold of them: gap of creation, and windows shared at hubs.

    Args:
        index: the run's index.
        found: its candidate pairs; a pair that is none of them shares no window.
        a, b: account numbers, a < b, shape (p,).
        controller: number of each account's controller, shape (N,), for training.
    """
    columns = {name: np.full(len(a), np.nan) for name in PAIR_NAMES}
    columns["creation_gap"] = np.log10(1 + np.abs(index.created[a] - index.created[b]))
    windows = (
        found.pieces.lazy()
        .filter(pl.col("crowd").is_not_null())
        .group_by("pair")
        .agg(pl.col("crowd").min(), pl.col("rivals").min(), windows=pl.len())
        .sort("pair")
        .collect()
    )
    met = windows["pair"].to_numpy()
    place, here = located(found.a[met] * index.size + found.b[met], a * index.size + b)
    for name in ("crowd", "rivals", "windows"):
        column = windows[name].cast(pl.Float64).to_numpy()
        columns[name][here] = np.log1p(column[place[here]])
    columns["windows"] = np.nan_to_num(columns["windows"])
    features = np.stack([columns[name] for name in PAIR_NAMES], axis=1).astype(np.float32)
    if controller is None:
        return Pairs(a, b, features, PAIR_NAMES)
    one, two = controller[a], controller[b]
    label = (one == two).astype(np.float32)
    return Pairs(a, b, features, PAIR_NAMES, label=label, group_a=one, group_b=two)


def log10_odds(graph: Graph, pairs: Pairs, network: Weights) -> Array:
    """The network's logits in log10 odds, shape (p,), uncalibrated: a curve says what they are worth.

    Raises:
        InputError: the network was trained on other features.
    """
    # A signal that no training saw says nothing that the network could read.
    known = {name: part for name, part in graph.relations.items() if name in network.layout.relations}
    try:
        logits = pair_logits(replace(graph, relations=known), pairs, network)
    except ModelError as error:
        raise InputError(str(error), hint="train the model anew with this version") from error
    return np.asarray(np.round(logits.astype(np.float64) / np.log(10.0), DECIMALS))


def _window(index: Index, profiles: Profiles) -> tuple[float, float]:
    """Start of the observation in seconds since 1970, and its length in days, at least one.

    From the first to the last use; where nothing has a time, from the first to the last creation.
    """
    ends = [profiles.first, profiles.last]
    ends += [index.held[name].cast(pl.Float64).to_numpy() / 1e6 for name in ("first", "last")]
    times = np.concatenate(ends)
    for known in (times[np.isfinite(times)], index.created[np.isfinite(index.created)]):
        if len(known):
            return float(known.min()), max(float(known.max() - known.min()) / DAY_SECONDS, 1.0)
    return 0.0, 1.0


def _accounts(index: Index, profiles: Profiles, start: float) -> NDArray[np.float32]:
    unknown = np.full(index.size, np.nan)
    active = profiles.hours.sum(axis=1)
    active[active == 0] = np.nan
    angle = 2 * np.pi * np.arange(24) / 24
    columns = {
        "created": (index.created - start) / DAY_SECONDS,
        **{name: profiles.figures.get(name, unknown) for name in _FIGURES},
        "hour_cos": profiles.hours @ np.cos(angle) / active,
        "hour_sin": profiles.hours @ np.sin(angle) / active,
        "active_hours": active,
        "first_day": (profiles.first - start) / DAY_SECONDS,
        "last_day": (profiles.last - start) / DAY_SECONDS,
        **{f"values_{signal.name}": profiles.held.get(signal.name, unknown) for signal in SIGNALS},
    }
    return np.stack([columns[name] for name in ACCOUNT_NAMES], axis=1).astype(np.float32)


def _values(values: pl.DataFrame, own: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Features of all shared values, `VALUE_NAMES` wide; the class is nan where it is unknown or there is none."""
    kind = values["kind"]
    known = kind.is_in(_KINDS).fill_null(False).to_numpy()
    of = kind.fill_null("").to_numpy()
    kinds = [np.where(known, of == name, np.nan) for name in _KINDS]
    columns = [values["listed"].to_numpy(), values["hub"].to_numpy(), *kinds, own]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)

"""Ring ids that last: which ring of a new grouping continues which ring of the old one.

A ring is continued by the ring that takes over its accounts. Where rings split or merge there is more than one
candidate; ids are then handed on so that as many accounts as possible keep the id of their ring (an assignment problem,
solved exactly). A ring whose accounts have mostly gone elsewhere ends: its id is never given again.

Tracking of communities by overlap: Greene, Doyle and Cunningham 2010, "Tracking the evolution of communities in dynamic
social networks"; they match by Jaccard index, here it only breaks ties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Whole = NDArray[np.int64]


class Change(StrEnum):
    """What became of a ring. A ring that split and merged in one update has a row for each."""

    CONTINUED = "continued"  # it lasts; single accounts may have come, gone, or moved between lasting rings
    SPLIT = "split"  # it lasts, and some of its accounts are now in a ring with a new id
    MERGED = "merged"  # it lasts, and has accounts of a ring that ended
    BORN = "born"  # a new id; from_ids names the rings that it broke off from, if any
    ENDED = "ended"  # the id is retired; to_ids names the rings that its accounts are in now, if any


#: Changes of rings. Key: ring_id, change.
CHANGES: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "change": pl.String,
    "from_ids": pl.List(pl.String),  # old rings with accounts in this ring as it is now, itself included
    "to_ids": pl.List(pl.String),  # rings that the accounts of this ring, as it was, are in now
    "accounts_gained": pl.List(pl.String),
    "accounts_lost": pl.List(pl.String),
}


@dataclass(frozen=True)
class Continuity:
    """Ids of the new rings, and what became of the old ones.

    Attributes:
        ids: final id by provisional id, for every new ring; no id twice.
        changes: table `CHANGES`, sorted by its key: a row a ring, old or new.
        ended: old ids without a ring, each with the rings that its accounts are in now.
    """

    ids: dict[str, str]
    changes: pl.DataFrame
    ended: dict[str, list[str]]


def continuity(before: pl.DataFrame, after: pl.DataFrame, retired: Collection[str]) -> Continuity:
    """Gives each new ring the id of the ring that it continues, or an id that no ring ever had.

    Args:
        before: ring_id, account_id of the old rings; an account stands in one ring at most.
        after: ring_id (provisional), account_id of the new ones, likewise.
        retired: ids of rings that ended earlier.
    """
    shared = overlaps(before, after)
    handed_on = match(shared)
    old = _accounts(before)
    taken = {*old, *retired}
    new, ids = _accounts(after), {ring: name for name, ring in handed_on.items()}
    for ring in sorted(new.keys() - ids.keys()):
        ids[ring] = fresh_id(ring, taken)
        taken.add(ids[ring])
    now = {ids[ring]: accounts for ring, accounts in new.items()}
    pairs = [(name, ids[ring]) for name, ring in shared.select("old", "new").iter_rows()]
    sources, targets = _grouped((ring, name) for name, ring in pairs), _grouped(pairs)
    rows = []
    for ring in sorted(old.keys() | now.keys()):
        comes_from = sources.get(ring, []) if ring in now else [ring]
        goes_to = targets.get(ring, []) if ring in old else [ring]
        was, is_now = old.get(ring, frozenset()), now.get(ring, frozenset())
        for change in _changes(ring, comes_from, goes_to, old, now):
            gained, lost = sorted(is_now - was), sorted(was - is_now)
            rows.append((ring, change.value, comes_from, goes_to, gained, lost))
    table = pl.DataFrame(rows, schema=CHANGES, orient="row").sort("ring_id", "change")
    return Continuity(ids, table, {ring: targets.get(ring, []) for ring in sorted(old.keys() - now.keys())})


def _changes(
    ring: str,
    comes_from: list[str],
    goes_to: list[str],
    old: Mapping[str, object],
    now: Mapping[str, object],
) -> list[Change]:
    if ring not in old:
        return [Change.BORN]
    if ring not in now:
        return [Change.ENDED]
    found = []
    if any(name not in now for name in comes_from):
        found.append(Change.MERGED)
    if any(name not in old for name in goes_to):
        found.append(Change.SPLIT)
    return found or [Change.CONTINUED]


def overlaps(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """old, new, shared (accounts in both), size_old, size_new of each pair of rings with a common account; sorted."""
    sizes = [
        frame.group_by("ring_id").agg(pl.len().cast(pl.Int64).alias(name))
        for frame, name in ((before, "size_old"), (after, "size_new"))
    ]
    return (
        before.select("account_id", old="ring_id")
        .join(after.select("account_id", new="ring_id"), on="account_id")
        .group_by("old", "new")
        .agg(shared=pl.len().cast(pl.Int64))
        .join(sizes[0], left_on="old", right_on="ring_id")
        .join(sizes[1], left_on="new", right_on="ring_id")
        .sort("old", "new")
    )


def match(shared: pl.DataFrame) -> dict[str, str]:
    """Which new ring continues which old one: new by old, each at most once.

    Only a pair that shares more than half of the smaller ring can be: a ring of fifty does not live on in one of thirty
    strangers because one account went over. Of all ways to pair them the one with most accounts in common is taken; of
    several such, the one with the largest sum of Jaccard indices, then the first by the order of the ids.

    Args:
        shared: as `overlaps` gives them.
    """
    close = shared.filter(2 * pl.col("shared") > pl.min_horizontal("size_old", "size_new"))
    if close.is_empty():
        return {}
    names, olds = np.unique(close["old"].to_numpy(), return_inverse=True)
    rings, news = np.unique(close["new"].to_numpy(), return_inverse=True)
    counts = close["shared"].to_numpy().astype(np.float64)
    union = (close["size_old"] + close["size_new"]).to_numpy() - counts
    # The indices of one component sum to less than its number of pairs, so together they count less than one account.
    weights = counts + counts / union / (close.height + 1)
    graph = coo_array(
        (np.ones(close.height), (olds, len(names) + news)), shape=(len(names) + len(rings),) * 2
    )
    _, component = connected_components(graph, directed=False)
    order = np.argsort(component[olds], kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(component[olds][order])) + 1)
    pairs = [pair for part in parts for pair in _assign(olds[part], news[part], weights[part])]
    return {str(names[old]): str(rings[new]) for old, new in sorted(pairs)}


def _assign(olds: Whole, news: Whole, weights: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The pairs of a component with the largest sum of weights."""
    rows, row = np.unique(olds, return_inverse=True)
    columns, column = np.unique(news, return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    table[row, column] = weights
    chosen = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return [(int(rows[i]), int(columns[j])) for i, j in chosen if table[i, j] > 0]


def _accounts(members: pl.DataFrame) -> dict[str, frozenset[str]]:
    groups = members.group_by("ring_id").agg(pl.col("account_id"))
    return {ring: frozenset(accounts) for ring, accounts in groups.iter_rows()}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in sorted(pairs):
        found.setdefault(key, []).append(value)
    return found


def fresh_id(provisional: str, taken: Collection[str]) -> str:
    """The provisional id if no ring ever had it, else one derived from it: `ring-` and 12 hexadecimal digits."""
    found, number = provisional, 0
    while found in taken:
        number += 1
        found = "ring-" + hashlib.sha256(f"{provisional}/{number}".encode()).hexdigest()[:12]
    return found

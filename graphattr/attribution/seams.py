"""Where a ring would come apart: the joining of two larger parts of it that its own links support least."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.attribution.rows import row
from graphattr.links.score import probability
from graphattr.records import GROUPS
from graphattr.rings.between import LEAST_LINK, Links, between
from graphattr.rings.guards import TELLING
from graphattr.rings.joining import cells, merged, mutual
from models.joining import Judge

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A part counts from so many accounts, and from such a share of the ring's.
LEAST_PART: Final = 3
LEAST_SHARE: Final = 0.1
#: Odds (log10) are told within these.
RANGE: Final = (-3.0, 3.0)
ITERATIONS: Final = 10


def seams(members: pl.DataFrame, inside: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """log10 odds that two parts of a ring share a controller, where that is least sure: rows of statistic "seam".

    The ring's cells are joined again by the ring's own links alone, best first and without a limit, until it is one.
    Two operators that were taken for one meet in one of these joins.

    Args:
        members: ring_id, account_id.
        inside: links.parquet, the links inside rings.
        judge: what joins sets.

    Returns:
        A row for each ring; one that has no two such parts is a cell with a few accounts around it, and gets the
        highest odds of the range.
    """
    parts = Parts.of(members)
    size = parts.sizes
    seam = np.full(len(size), np.inf)
    part = np.zeros(len(size), dtype=np.int64)
    for join in joins(parts, inside, judge):
        accounts, here = np.bincount(join.label), parts.ring_of(join.label)[join.first]
        smaller = np.minimum(accounts[join.first], accounts[join.second])
        for n in np.flatnonzero(smaller >= np.maximum(LEAST_PART, LEAST_SHARE * size[here])):
            if join.odds[n] < seam[here[n]]:
                seam[here[n]], part[here[n]] = join.odds[n], smaller[n]
    frame = pl.DataFrame(
        {
            "ring_id": parts.names,
            "value": np.clip(seam, *RANGE)[: len(parts.names)],
            "n": part[: len(parts.names)],
        }
    )
    return row(frame, "seam", "accounts")


@dataclass(frozen=True)
class Parts:
    """Members of rings by number, ring by ring.

    Attributes:
        rings: ring_id, account_id, number.
        names: ids of the rings, sorted.
        ring: place of each member's ring in `names`, shape (N,).
    """

    rings: pl.DataFrame
    names: pl.Series
    ring: Whole

    @classmethod
    def of(cls, members: pl.DataFrame) -> Parts:
        """The members' numbers, by ring_id and account_id."""
        rings = members.sort("ring_id", "account_id").with_row_index("number")
        ring = rings["ring_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
        return cls(rings, rings["ring_id"].unique().sort(), ring)

    @property
    def sizes(self) -> Whole:
        """Accounts of each ring."""
        return np.bincount(self.ring, minlength=1)

    def ring_of(self, label: Whole) -> Whole:
        """The ring of each part, `label` being the part of each member."""
        of = np.zeros(int(label.max(initial=-1)) + 1, dtype=np.int64)
        of[label] = self.ring
        return of


@dataclass(frozen=True)
class Joins:
    """Joins of parts of rings that are made at once.

    Attributes:
        label: part of each member before, shape (N,).
        first, second: parts that are joined, shape (n,).
        odds: log10 odds that they share a controller, shape (n,); less than any number where no link joins them.
    """

    label: Whole
    first: Whole
    second: Whole
    odds: Array


def joins(parts: Parts, inside: pl.DataFrame, judge: Judge) -> Iterator[Joins]:
    """Joins the cells of each ring by the ring's own links alone, best first, until it is one part."""
    links = _links(parts.rings, inside)
    label: Whole = np.unique(cells(links, 0, ITERATIONS), return_inverse=True)[1]
    while True:
        links = links.across(label)
        found = between(links, label)
        if not len(found.first):
            break
        odds = judge.odds(found.case, found.figures)
        best = mutual(found.first, found.second, odds)
        first, second = found.first[best], found.second[best]
        yield Joins(label, first, second, odds[best])
        label = merged(label, first, second)
    # Parts that no link of any weight joins: all others with the largest of each ring.
    of, accounts = parts.ring_of(label), np.bincount(label)
    order = np.lexsort((np.arange(len(of)), -accounts, of))
    largest = np.ones(len(order), dtype=bool)
    largest[1:] = of[order[1:]] != of[order[:-1]]
    first = order[largest][np.cumsum(largest) - 1] if len(order) else order
    yield Joins(label, first[~largest], order[~largest], np.full(int((~largest).sum()), -np.inf))


def _links(rings: pl.DataFrame, inside: pl.DataFrame) -> Links:
    """The links inside rings, by the members' numbers."""
    number = rings.select("account_id", "number")
    rows = (
        inside.join(number.rename({"account_id": "account_a", "number": "a"}), on="account_a")
        .join(number.rename({"account_id": "account_b", "number": "b"}), on="account_b")
        .with_columns(odds=pl.col("log10_lr") + pl.col("log10_prior_odds"))
        .sort("odds", "account_a", "account_b", descending=[True, False, False])
    )
    odds = rows["odds"].to_numpy()
    likely = probability(odds)
    telling = rows.select([pl.col(f"log10_lr_{group}") >= TELLING for group in GROUPS]).to_numpy()
    kinds = np.packbits(telling, axis=1, bitorder="little")[:, 0] if rows.height else np.empty(0, np.uint8)
    kept = likely >= LEAST_LINK
    a, b = (rows[end].cast(pl.Int64).to_numpy()[kept] for end in "ab")
    return Links(rings.height, a, b, odds[kept], likely[kept], kinds[kept])

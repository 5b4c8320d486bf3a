"""Where a ring would come apart: the joining of two larger parts of it that its own links support least."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.attribution.rows import row
from graphattr.links.score import probability
from graphattr.records import GROUPS
from graphattr.rings.between import LEAST_LINK, Links, between
from graphattr.rings.guards import TELLING
from graphattr.rings.joining import cells, merged, mutual
from models.joining import Judge

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
    rings = members.sort("ring_id", "account_id").with_row_index("number")
    links = _links(rings, inside)
    ring = rings["ring_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    size = np.bincount(ring, minlength=1)
    seam = np.full(len(size), np.inf)
    part = np.zeros(len(size), dtype=np.int64)
    label = np.unique(cells(links, 0, ITERATIONS), return_inverse=True)[1]
    while True:
        links = links.across(label)
        found = between(links, label)
        if not len(found.first):
            break
        odds = judge.odds(found.case, found.figures)
        best = mutual(found.first, found.second, odds)
        first, second = found.first[best], found.second[best]
        accounts = np.bincount(label)
        of = np.zeros(len(accounts), dtype=np.int64)
        of[label] = ring
        smaller, here = np.minimum(accounts[first], accounts[second]), of[first]
        for n in np.flatnonzero(smaller >= np.maximum(LEAST_PART, LEAST_SHARE * size[here])):
            if odds[best[n]] < seam[here[n]]:
                seam[here[n]], part[here[n]] = odds[best[n]], smaller[n]
        label = merged(label, first, second)
    # Parts that no link of any weight joins.
    accounts = np.bincount(label, minlength=1)
    of = np.zeros(len(accounts), dtype=np.int64)
    of[label] = ring
    large = np.flatnonzero(accounts >= np.maximum(LEAST_PART, LEAST_SHARE * size[of]))
    seam[np.bincount(of[large], minlength=len(size)) > 1] = -np.inf
    names = rings["ring_id"].unique().sort()
    frame = pl.DataFrame(
        {"ring_id": names, "value": np.clip(seam[: len(names)], *RANGE), "n": part[: len(names)]}
    )
    return row(frame, "seam", "accounts")


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

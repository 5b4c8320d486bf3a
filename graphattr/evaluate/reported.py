"""Measures for real data, where outsiders tied only some accounts to an operator (a group of a report).

What the figures mean (README of the hop data; its simple baselines come out exactly so):

* B-cubed is taken over the accounts *considered*: reported, not of an excluded group, and in `consider` where
  that is given. The rings are first restricted to these accounts, so an unreported member, presumed clean but
  not known to be, costs no precision here.
* `unreported_share` is what those members cost: among rings with three or more reported accounts, the members
  that nobody reported, as a share of all members. `consider` plays no part in it; accounts of an excluded
  group count as neither reported nor unreported.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.errors import InputError
from graphattr.evaluate.files import result
from graphattr.evaluate.partition import bcubed, codes

#: A ring is looked at for unreported members from this many reported accounts on.
MIN_REPORTED: Final = 3


def reported(
    run: Path, groups: pl.DataFrame, consider: Collection[str] | None = None, exclude: Collection[str] = ()
) -> dict[str, Any]:
    """Figures of a finished run over reported accounts; see `reported_members`."""
    return reported_members(result(run, "members"), groups, consider, exclude)


def reported_members(
    members: pl.DataFrame,
    groups: pl.DataFrame,
    consider: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> dict[str, Any]:
    """B-cubed over reported accounts, and the unreported share of the rings that hold them.

    Args:
        members: ring_id, account_id of every ring, an account in one ring at most.
        groups: account_id, group: the reports, an account in one group at most.
        consider: accounts to measure B-cubed over; None for all reported ones.
        exclude: groups left out of every figure.

    Returns:
        accounts, groups (considered), precision, recall, f1 (B-cubed), rings (with MIN_REPORTED or more
        reported accounts), ring_accounts, unreported, unreported_share; a figure over nothing is None.

    Raises:
        InputError: an account stands in two groups, or in two rings.
    """
    for frame, name in ((groups, "the reports"), (members, "members")):
        if frame["account_id"].is_duplicated().any():
            raise InputError(f"an account stands more than once in {name}", "one row an account")
    measured = groups.filter(~pl.col("group").is_in(list(exclude)))
    left_out = groups.filter(pl.col("group").is_in(list(exclude)))["account_id"].implode()
    rings = _reported_rings(members.filter(~pl.col("account_id").is_in(left_out)), measured["account_id"])
    if consider is not None:
        measured = measured.filter(pl.col("account_id").is_in(list(consider)))
    truth = measured["group"].rank("dense").cast(pl.Int64).to_numpy()
    score = bcubed(codes(members, measured["account_id"]), truth)
    figures = {"precision": score.precision, "recall": score.recall, "f1": score.f1}
    return {
        "accounts": measured.height,
        "groups": measured["group"].n_unique(),
        **{name: None if math.isnan(value) else value for name, value in figures.items()},
        **rings,
    }


def _reported_rings(members: pl.DataFrame, known: pl.Series) -> dict[str, Any]:
    """Counts over the rings with MIN_REPORTED or more accounts of `known`."""
    rings = (
        members.with_columns(reported=pl.col("account_id").is_in(known.implode()))
        .group_by("ring_id")
        .agg(size=pl.len(), reported=pl.col("reported").sum())
        .filter(pl.col("reported") >= MIN_REPORTED)
    )
    size, found = int(rings["size"].sum()), int(rings["reported"].sum())
    return {
        "rings": rings.height,
        "ring_accounts": size,
        "unreported": size - found,
        "unreported_share": (size - found) / size if size else None,
    }

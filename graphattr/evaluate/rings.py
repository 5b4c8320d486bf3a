"""Measures over rings: is the hypothesis right, is the name right, do memberships hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graphattr.records import HYPOTHESES


def hypotheses(rings: pl.DataFrame) -> dict[str, Any]:
    """Accuracy of the rings' hypotheses, over rings and over their accounts.

    A ring's true hypothesis is the one true of most of its accounts (`judged`); where two are level there is
    none, and the ring is counted as ambiguous and left out. `brier` is the mean squared distance of the p_
    columns from the truth, summed over hypotheses (0 to 2).
    """
    clear = rings.filter(pl.col("kind").is_not_null())
    right = (clear["hypothesis"] == clear["kind"]).to_numpy()
    size = clear["accounts"].to_numpy()
    given = clear.select(f"p_{name}" for name in HYPOTHESES).to_numpy()
    truth = np.array([[kind == name for name in HYPOTHESES] for kind in clear["kind"]]).reshape(given.shape)
    confusion = clear.group_by("kind", "hypothesis").len("rings").sort("kind", "hypothesis")
    return {
        "rings": clear.height,
        "ambiguous": rings.height - clear.height,
        "accuracy": float(right.mean()) if clear.height else None,
        "accuracy_by_account": float(np.average(right, weights=size)) if clear.height else None,
        "brier": float(((given - truth) ** 2).sum(axis=1).mean()) if clear.height else None,
        "confusion": confusion.to_dicts(),
    }


def operators(rings: pl.DataFrame) -> dict[str, int]:
    """Rings by what was said of their operator: named right, named wrong, not named although there is a name.

    Right means the name of the ring's largest controller. A name on a ring whose largest controller has none
    is
    wrong: unknown is the answer there.
    """
    named = rings.filter(pl.col("operator").is_not_null())
    right = (named["operator"] == named["name"]).fill_null(False)
    unnamed = rings.filter(pl.col("operator").is_null())
    return {
        "named_right": int(right.sum()),
        "named_wrong": named.height - int(right.sum()),
        "named_where_none_is": named["name"].null_count(),
        "not_named": unnamed.height - unnamed["name"].null_count(),
        "rightly_unknown": unnamed["name"].null_count(),
    }


def tiers(accounts: pl.DataFrame) -> list[dict[str, Any]]:
    """For each tier: accounts, mean probability, and the share that is of its ring's largest controller."""
    held = accounts.filter(pl.col("ring_id").is_not_null())
    table = held.group_by("tier").agg(
        accounts=pl.len(),
        probability=pl.col("probability").mean(),
        right=1.0 - pl.col("wrong").mean(),
    )
    return table.sort("tier").to_dicts()

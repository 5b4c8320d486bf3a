"""Measures over the members of rings: is the stated membership right, and does its interval hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graphattr.evaluate.bootstrap import Estimate
from graphattr.evaluate.calibration import Intervals, coverage, ece_figures
from graphattr.evaluate.ratios import Ratio, Rows, ratio_figures

Groups = dict[str, list[dict[str, Any]]]


def memberships(
    accounts: pl.DataFrame, owners: int, strata: list[str], resamples: int, seed: int
) -> tuple[dict[str, dict[str, Estimate]], Groups]:
    """Figures by stratum, and by stratum the groups that coverage was read off (see `calibration`).

    The outcome of a member is `belongs` of `Judged.accounts`: whether it is of its ring's largest controller and
    that has another account there, in parts where several are level.
    """
    held = accounts.filter(pl.col("ring_id").is_not_null())
    place = {name: n for n, name in enumerate(strata)}
    stratum = held["stratum"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    rows = Rows(held["owner"].to_numpy() - 1, owners, stratum, strata)
    stated = Intervals(*(held[name].to_numpy() for name in ("probability", "low", "high", "belongs")))
    # The mean over ways to break a tie.
    p, right = stated.probability, stated.right
    square = right * (p - 1) ** 2 + (1 - right) * p**2
    figures = ratio_figures([Ratio("membership_brier", square, np.ones(len(p)))], rows, resamples, seed)
    error = ece_figures(rows, p, right, "membership_ece", resamples, seed)
    found, groups = coverage(stated, rows, resamples, seed)
    return {name: figures[name] | error[name] | found[name] for name in figures}, groups

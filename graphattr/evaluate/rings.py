"""Measures over rings: is the hypothesis right, is the name right, is an answer given at all.

A ring's true hypothesis is the one true of most of its accounts (`judged`); where two are level there is none,
and the ring is counted as ambiguous and left out of every measure of hypotheses. A truth of a kind that is no
hypothesis can only be missed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.evaluate.bootstrap import Estimate, Floats
from graphattr.evaluate.calibration import ece_figures
from graphattr.evaluate.judged import MIXED
from graphattr.evaluate.ratios import Ratio, Rows, ratio_figures
from graphattr.records import HYPOTHESES, INNOCENT, Status

#: Rings from this size on are also measured by themselves.
LARGE: Final = 10
#: A leading hypothesis less probable than this says nothing: all others together are more probable.
SAID: Final = 0.5


def hypotheses(rings: pl.DataFrame) -> dict[str, Any]:
    """Accuracy of the rings' hypotheses, over rings and over their accounts, and which was said for which.

    `brier` is the mean squared distance of the p_ columns from the truth, summed over hypotheses (0 to 2).
    """
    clear = rings.filter(pl.col("kind").is_not_null())
    right = _right(clear)
    size = clear["accounts"].to_numpy()
    confusion = (
        clear.group_by("kind", "hypothesis")
        .agg(rings=pl.len(), accounts=pl.col("accounts").sum())
        .sort("kind", "hypothesis")
    )
    return {
        "rings": clear.height,
        "ambiguous": rings.height - clear.height,
        "accuracy": float(right.mean()) if clear.height else None,
        "accuracy_by_account": float(np.average(right, weights=size)) if clear.height else None,
        "brier": float(_distance(clear).mean()) if clear.height else None,
        "confusion": confusion.to_dicts(),
    }


def ring_figures(
    rings: pl.DataFrame, owners: int, strata: list[str], resamples: int, seed: int
) -> dict[str, dict[str, Estimate]]:
    """Measures over rings with intervals, for all and by stratum (of most of a ring's accounts, or MIXED).

    A ring comes and goes with its largest controller, the first of several.
    """
    names = [*strata, MIXED]
    rows = _rows(rings, owners, names)
    one = np.ones(rings.height)
    unsaid = _number(rings["status"] == Status.NOT_ATTRIBUTABLE.value)
    over_rings = ratio_figures([Ratio("abstained_rings", unsaid, one)], rows, resamples, seed)
    clear = rings.filter(pl.col("kind").is_not_null())
    clear_rows = _rows(clear, owners, names)
    told = ratio_figures(_told(clear), clear_rows, resamples, seed)
    confidence = clear.select(_confidence()).to_series().to_numpy()
    error = ece_figures(clear_rows, confidence, _right(clear), "hypothesis_ece", resamples, seed)
    return {name: over_rings[name] | told[name] | error[name] for name in over_rings}


def _rows(rings: pl.DataFrame, owners: int, names: list[str]) -> Rows:
    place = {name: n for n, name in enumerate(names)}
    stratum = rings["stratum"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    return Rows(rings["owner"].to_numpy() - 1, owners, stratum, names)


def _number(there: pl.Series) -> Floats:
    return there.fill_null(False).cast(pl.Float64).to_numpy()


def _right(clear: pl.DataFrame) -> Floats:
    return _number(clear["hypothesis"] == clear["kind"])


def _confidence() -> pl.Expr:
    """Probability of the leading hypothesis."""
    return pl.max_horizontal([f"p_{name}" for name in HYPOTHESES])


def _distance(clear: pl.DataFrame) -> Floats:
    given = clear.select(f"p_{name}" for name in HYPOTHESES).to_numpy()
    truth = np.array([[kind == name for name in HYPOTHESES] for kind in clear["kind"]]).reshape(given.shape)
    return np.asarray(((given - truth) ** 2).sum(axis=1))


def _told(clear: pl.DataFrame) -> list[Ratio]:
    """Measures of hypotheses over the rings that have a true one."""
    right, one = _right(clear), np.ones(clear.height)
    size = clear["accounts"].cast(pl.Float64).to_numpy()
    large = (size >= LARGE).astype(np.float64)
    silent = _number((clear.select(_confidence()).to_series() < SAID) | clear["hypothesis"].is_null())
    operated = _number(~clear["hypothesis"].is_in(INNOCENT) & clear["hypothesis"].is_not_null())
    company, innocent = _number(clear["kind"] == "organisation"), _number(clear["kind"].is_in(INNOCENT))
    single, reseller = (_number(clear["kind"] == name) for name in ("single_operator", "reseller"))
    ahead = np.sign(clear["p_single_operator"].to_numpy() - clear["p_reseller"].to_numpy())
    chosen = single * (1 + ahead) / 2 + reseller * (1 - ahead) / 2
    return [
        Ratio("hypothesis_accuracy", right, one),
        Ratio("hypothesis_accuracy_by_account", right * size, size),
        Ratio("hypothesis_accuracy_large", large * right, large),
        Ratio("hypothesis_brier", _distance(clear) / 2, one, 2.0),
        Ratio("hypothesis_abstained", silent, one),
        Ratio("hypothesis_accuracy_if_said", (1 - silent) * right, 1 - silent),
        Ratio("operator_or_reseller", chosen, single + reseller),
        Ratio("organisation_called_operated", company * operated, company),
        Ratio("innocent_called_operated", innocent * operated, innocent),
    ]


def operators(rings: pl.DataFrame) -> dict[str, int]:
    """Rings by what was said of their operator: named right, named wrong, not named although there is a name.

    Right means the name of the ring's largest controller. A name on a ring whose largest controller has none,
    or that has no single largest controller, is wrong: unknown is the answer there.
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
    """For each tier: accounts, mean probability, and the shares that are right and that belong (see `judged`)."""
    held = accounts.filter(pl.col("ring_id").is_not_null())
    table = held.group_by("tier").agg(
        accounts=pl.len(),
        probability=pl.col("probability").mean(),
        right=pl.col("right").mean(),
        belongs=pl.col("belongs").mean(),
    )
    return table.sort("tier").to_dicts()


def reliability_of(rings: pl.DataFrame) -> tuple[Floats, Floats]:
    """Probability of each ring's leading hypothesis, and whether it is true (1 or 0), of rings that have a true one."""
    clear = rings.filter(pl.col("kind").is_not_null())
    return clear.select(_confidence()).to_series().to_numpy(), _right(clear)

"""A run against the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from graphattr.errors import SettingsError
from graphattr.evaluate.bootstrap import estimate, replicates, sums
from graphattr.evaluate.judged import Judged, judge
from graphattr.evaluate.measures import HARMONIC, Floats, ratios
from graphattr.evaluate.pairs import links
from graphattr.evaluate.partition import harmonic
from graphattr.evaluate.report import Figures, Report
from graphattr.evaluate.rings import hypotheses, operators, tiers
from graphattr.evaluate.scores import reliability


def evaluate(run: Path, truth: Path, by: str = "kind", resamples: int = 200, seed: int = 0) -> Report:
    """Measures a finished run (method.md, 8).

    Every member of a ring counts as in it, whatever its tier. An account of the truth that the run has in no
    ring stands alone.

    Args:
        run: run folder.
        truth: truth.parquet, as `graphattr simulate` writes it.
        by: column of the truth that names the strata.
        resamples: of controllers, for the intervals; 0 for none.
        seed: of the resampling.

    Raises:
        RunError: the run is unfinished, or a table of it is unreadable.
        InputError: the truth is unreadable, lacks a column, has an account twice, or belongs to other
            signals.
        SettingsError: resamples is negative.
    """
    if resamples < 0:
        raise SettingsError(f"{resamples} resamples", "0 or more")
    judged = judge(run, truth, by)
    accounts = judged.accounts
    return Report(
        accounts=accounts.height,
        rings=judged.rings.height,
        by=by,
        resamples=resamples,
        seed=seed,
        figures=_figures(accounts, resamples, seed),
        links=links(judged.links, accounts, resamples, seed),
        hypotheses=hypotheses(judged.rings),
        operators=operators(judged.rings),
        tiers=tiers(accounts),
        reliability=_reliability(judged),
    )


def _reliability(judged: Judged) -> dict[str, list[dict[str, float]]]:
    held = judged.accounts.filter(pl.col("ring_id").is_not_null())
    return {
        "links": reliability(judged.links["probability"].to_numpy(), judged.links["same"].to_numpy()),
        "memberships": reliability(held["probability"].to_numpy(), ~held["wrong"].to_numpy()),
    }


def _figures(accounts: pl.DataFrame, resamples: int, seed: int) -> dict[str, Figures]:
    """The measures over accounts, for all and by stratum, with intervals by controller."""
    found = ratios(accounts)
    terms = np.stack([term for ratio in found for term in (ratio.above, ratio.below)], axis=1)
    owner = accounts["owner"].to_numpy() - 1
    owners = int(owner.max(initial=-1)) + 1
    strata = {"all": np.ones(accounts.height, dtype=np.bool_)}
    strata |= {
        name: (accounts["stratum"] == name).to_numpy() for name in sorted(accounts["stratum"].unique())
    }
    totals = {name: sums(terms[here], owner[here], owners) for name, here in strata.items()}
    drawn = {name: np.zeros((resamples, terms.shape[1])) for name in strata}
    for number, weight in enumerate(replicates(owners, resamples, seed)):
        for name, total in totals.items():
            drawn[name][number] = weight @ total
    names = [ratio.name for ratio in found]
    return {name: _stratum(names, totals[name].sum(axis=0), drawn[name]) for name in strata}


def _stratum(names: list[str], total: Floats, drawn: Floats) -> Figures:
    """Estimates from sums: `total` has above and below of each measure in turn, `drawn` a row a resample."""
    value = dict(zip(names, _quotient(total[0::2], total[1::2]), strict=True))
    resampled = dict(zip(names, _quotient(drawn[:, 0::2], drawn[:, 1::2]).T, strict=True))
    over = dict(zip(names, total[1::2], strict=True))
    for name, precision, recall in HARMONIC:
        value[name] = float(harmonic(value[precision], value[recall]))
        resampled[name] = harmonic(resampled[precision], resampled[recall])
        over[name] = over[precision]
    order = [*(name for triple in HARMONIC for name in (*triple[1:], triple[0]))]
    order += [name for name in names if name not in order]
    return {name: estimate(value[name], resampled[name], over[name]) for name in order}


def _quotient(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))

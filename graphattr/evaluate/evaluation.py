"""A run against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphattr.errors import SettingsError
from graphattr.evaluate.files import run_facts, sha256
from graphattr.evaluate.judged import Judged, judge
from graphattr.evaluate.measures import ratios
from graphattr.evaluate.memberships import memberships
from graphattr.evaluate.pairs import links
from graphattr.evaluate.ratios import ALL, Rows, ratio_figures
from graphattr.evaluate.report import Report
from graphattr.evaluate.rings import hypotheses, operators, reliability_of, ring_figures, tiers
from graphattr.evaluate.scores import reliability, tippett


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
        SettingsError: resamples is negative, or `by` names too many strata.
    """
    if resamples < 0:
        raise SettingsError(f"{resamples} resamples", "0 or more")
    judged = judge(run, truth, by)
    accounts = judged.accounts
    owners = accounts["owner"].n_unique()
    figures = ratio_figures(ratios(accounts), _rows(judged, owners), resamples, seed)
    members, groups = memberships(accounts, owners, judged.strata, resamples, seed)
    return Report(
        accounts=accounts.height,
        rings=judged.rings.height,
        by=by,
        resamples=resamples,
        seed=seed,
        figures={name: figures[name] | members[name] for name in figures},
        links=links(judged.links, accounts, resamples, seed),
        hypotheses=hypotheses(judged.rings),
        operators=operators(judged.rings),
        tiers=tiers(accounts),
        reliability=_reliability(judged),
        ring_figures=ring_figures(judged.rings, owners, judged.strata, resamples, seed),
        coverage=groups,
        tippett=_tippett(judged),
        run=run_facts(run),
        truth={"file": truth.name, "sha256": sha256(truth)},
    )


def _rows(judged: Judged, owners: int) -> Rows:
    place = {name: n for n, name in enumerate(judged.strata)}
    stratum = judged.accounts["stratum"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    return Rows(judged.accounts["owner"].to_numpy() - 1, owners, stratum, judged.strata)


def _reliability(judged: Judged) -> dict[str, list[dict[str, float]]]:
    held = judged.accounts.filter(pl.col("ring_id").is_not_null())
    return {
        "links": reliability(judged.links["probability"].to_numpy(), judged.links["same"].to_numpy()),
        "memberships": reliability(held["probability"].to_numpy(), held["belongs"].to_numpy()),
        "hypotheses": reliability(*reliability_of(judged.rings)),
    }


def _tippett(judged: Judged) -> dict[str, list[dict[str, Any]]]:
    """Tippett plots of all pairs and of those with an end in each stratum."""
    table = judged.links
    lr, same = table["log10_lr"].to_numpy(), table["same"].to_numpy()
    ends = [table[f"stratum_{side}"] for side in "ab"]
    where = {ALL: np.ones(table.height, dtype=np.bool_)}
    where |= {name: ((ends[0] == name) | (ends[1] == name)).to_numpy() for name in judged.strata}
    return {name: tippett(lr[here], same[here]) for name, here in where.items()}

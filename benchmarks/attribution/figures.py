"""Figures of rings: how right hypotheses, attributions and names are, with intervals by world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.evaluate.bootstrap import Estimate, Floats, edge, estimate, replicates, sums
from graphattr.evaluate.calibration import grouped, holds
from graphattr.pipeline.attributing import scores
from graphattr.pipeline.conditions import allow
from graphattr.records import HYPOTHESES, INNOCENT
from graphattr.settings import AttributionSettings
from graphattr.training.rings_classifier import Collected, posteriors
from models import KnownRings
from models.rings import RingModel

RESAMPLES: Final = 500
#: Rings from this size on are measured.
LARGE: Final = 10
#: A leading hypothesis less probable than this is an abstention.
SAID: Final = 0.5

Part = tuple[str, pl.Expr, pl.Expr]


def shares(rows: pl.DataFrame, worlds: Sequence[str], parts: Sequence[Part]) -> dict[str, Estimate]:
    """Sum of the first expression over the sum of the second, by name, with intervals by resampling worlds."""
    found = {}
    for name, top, bottom in parts:
        sums = rows.group_by("world").agg(
            top=top.sum().cast(pl.Float64), bottom=bottom.sum().cast(pl.Float64)
        )
        of = dict(zip(sums["world"], sums.select("top", "bottom").rows(), strict=True))
        table = np.array([of.get(world, (0.0, 0.0)) for world in worlds]).reshape(-1, 2)
        found[name] = ratio(table[:, 0], table[:, 1])
    return found


def ratio(top: Floats, bottom: Floats) -> Estimate:
    """Ratio of two sums over worlds; a share of exactly 0 or 1 has Clopper and Pearson's far limit over worlds."""

    def of(weight: Floats) -> float:
        below = float(weight @ bottom)
        return float(weight @ top) / below if below > 0 else float("nan")

    there = int((bottom > 0).sum())
    value = of(np.ones(len(top)))
    if there and value in (0.0, 1.0):
        return Estimate(value, *edge(value, there), there)
    drawn = np.array([of(weight) for weight in replicates(len(top), RESAMPLES, 0)])
    return estimate(value, drawn, there)


def hypotheses(rings: Collected, model: RingModel) -> dict[str, Estimate]:
    """How right the leading hypothesis is, over rings of 10 accounts and more that have a true one."""
    told = posteriors(rings, model).join(rings.facts, on=["world", "ring_id"])
    large = told.filter(pl.col("kind").is_in(HYPOTHESES) & (pl.col("accounts") >= LARGE))
    first = pl.max_horizontal(f"p_{name}" for name in HYPOTHESES)
    right = pl.col("hypothesis") == pl.col("kind")
    operated = ~pl.col("hypothesis").is_in(INNOCENT)
    two = pl.col("kind").is_in(["single_operator", "reseller"])
    ahead = (pl.col("p_single_operator") > pl.col("p_reseller")) == (pl.col("kind") == "single_operator")
    between = pl.col("p_single_operator") + pl.col("p_reseller")
    apart = pl.max_horizontal("p_single_operator", "p_reseller") >= 0.75 * between
    said, one = first >= SAID, pl.col("accounts") > 0
    company, innocent = pl.col("kind") == "organisation", pl.col("kind").is_in(INNOCENT)
    real = pl.col("kind") != "coincidence"
    parts: list[Part] = [
        ("leading hypothesis right", right, one),
        ("... of rings that are no coincidence", (right & real), real),
        ("... where one is more probable than all others", (right & said), said),
        ("abstentions (none is)", (~said), one),
        ("operator or reseller: right", (two & ahead), two),
        ("... where one is three times as probable", (two & ahead & apart), (two & apart)),
        ("... share of those rings", (two & apart), two),
        ("companies called operated", (company & operated), company),
        ("innocent rings called operated", (innocent & operated), innocent),
        *((f"right: {name.replace('_', ' ')}", (right & (pl.col("kind") == name)), (pl.col("kind") == name))
          for name in HYPOTHESES),
    ]  # fmt: skip
    return shares(large, sorted(rings.facts["world"].unique()), parts)


@dataclass(frozen=True)
class Control:
    """What error control did over many worlds at one alpha.

    Attributes:
        alpha: what was promised.
        wrong: mean over worlds of the wrong share of attributed accounts (0 where none is attributed).
        quantile: the 90 % quantile of it.
        power: share of accounts that are not innocent in attributed rings.
        innocent: share of innocent accounts in attributed rings.
        worlds: how many had an attributed ring.
    """

    alpha: float
    wrong: Estimate
    quantile: float
    power: Estimate
    innocent: Estimate
    worlds: int


def control(
    rings: Collected, parts: Collected, model: RingModel, known: KnownRings, alphas: Sequence[float]
) -> list[Control]:
    """Attributes in each world as a run does, at each alpha.

    Args:
        rings: the rings of all worlds, for the worlds' own counts.
        parts: their firm parts, which are what is attributed.
        model: the classifier.
        known: rings with known truth.
        alphas: promised shares.
    """
    told = posteriors(parts, model)
    of_world = {}
    for (world,), here in sorted(rings.facts.partition_by("world", as_dict=True).items()):
        statistics = parts.statistics.filter(world=world).drop("world")
        table = scores(statistics, told.filter(world=world), model)
        facts = parts.facts.filter(world=world).with_columns(size=pl.col("accounts").cast(pl.Int64))
        counts = here.row(0, named=True)
        of_world[str(world)] = (facts.join(table, on="ring_id").sort("ring_id"), counts)
    return [_control(of_world, known, alpha) for alpha in alphas]


def _control(
    of_world: dict[str, tuple[pl.DataFrame, dict[str, Any]]], known: KnownRings, alpha: float
) -> Control:
    rows = []
    for part, counts in of_world.values():
        # A run whose signals the model cannot read whole attributes nothing (`pipeline.run.covering`).
        taken = part.filter(allow(part, AttributionSettings(alpha=alpha), known).attributed & part["read"])
        size, innocent = int(taken["size"].sum()), int(taken["innocents"].sum())
        bad = float((taken["size"] * taken["bad"]).sum())
        rows.append(
            (
                size,
                bad / max(size, 1),
                size - innocent,
                innocent,
                counts["all_operated"],
                counts["all_innocent"],
            )
        )
    size, wrong, operated, innocent, all_operated, all_innocent = np.array(rows, dtype=np.float64).T
    return Control(
        alpha=alpha,
        wrong=ratio(wrong, np.ones(len(wrong))),
        quantile=float(np.quantile(wrong, 0.9)),
        power=ratio(operated, all_operated),
        innocent=ratio(innocent, all_innocent),
        worlds=int((size > 0).sum()),
    )


def names(rings: Collected, model: RingModel) -> dict[str, Estimate]:
    """Accounts of known operators that are named, how many rightly, and of unknown ones that bear a known name."""
    told = posteriors(rings, model).select("world", "ring_id", *(f"p_{name}" for name in HYPOTHESES))
    hidden = pl.sum_horizontal(f"p_{name}" for name in HYPOTHESES if name not in INNOCENT) >= SAID
    facts = rings.facts.join(told, on=["world", "ring_id"]).with_columns(
        bears=pl.col("operator").is_not_null() & hidden, first=pl.int_range(pl.len()).over("world") == 0
    )
    bears, first = pl.col("bears"), pl.col("first").cast(pl.Int64)
    mine = pl.col("accounts") - pl.col("innocents") - pl.col("strangers")
    parts: list[Part] = [
        ("accounts of known operators that bear their name", pl.col("named_right") * bears,
         pl.col("all_known") * first),
        ("names on accounts of known operators that are right", pl.col("named_right") * bears, mine * bears),
        ("accounts of unknown operators that bear a known name", pl.col("strangers") * bears,
         pl.col("all_strangers") * first),
        ("innocent accounts that bear a known name", pl.col("innocents") * bears, pl.col("all_innocent") * first),
    ]  # fmt: skip
    return shares(facts, sorted(facts["world"].unique()), parts)


def intervals(members: pl.DataFrame, worlds: Sequence[str]) -> dict[str, Estimate]:
    """Whether the intervals of members hold: those in groups whose right members are as many as the intervals say.

    Members of like probability in one world make a group, as `evaluate` has it (`graphattr.evaluate.calibration`).

    Args:
        members: world, probability, low, high, belongs.
        worlds: all worlds, those without members too.
    """
    parts = [
        part.with_columns(held=_held(part))
        for _, part in members.sort("world", "probability").partition_by("world", as_dict=True).items()
    ]
    one = pl.col("probability").is_not_null()
    wide = pl.col("high") - pl.col("low")
    return shares(
        pl.concat(parts),
        worlds,
        [
            ("members in groups that their intervals cover", pl.col("held"), one),
            ("width of an interval", wide, one),
            ("probability of a member", pl.col("probability"), one),
            ("members who belong", pl.col("belongs"), one),
        ],
    )


def _held(part: pl.DataFrame) -> pl.Series:
    """Whether each member of a world is in a group that is covered."""
    terms = part.select(pl.lit(1.0), "belongs", "low", "high").to_numpy()
    group = grouped(part["probability"].to_numpy())
    return pl.Series(holds(sums(terms, group, int(group.max()) + 1))[group])

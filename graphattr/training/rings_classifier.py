"""Fits the ring classifier and the score that ranks rings for attribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from graphattr.attribution.hypotheses import weigh
from graphattr.attribution.readings import PRIOR, READINGS
from graphattr.pipeline.conditions import CONTROLLED
from graphattr.records import HYPOTHESES
from graphattr.training.rings_fit import Array, Rings, fit, knots
from models.linkage import Linkage
from models.rings import RingCurve, RingModel, ScoreCurve, Variant

#: Forms of hypotheses that look different (mechanisms of the simulator); all others of a kind are one form.
FORMS: Final = {
    "reseller": ("gateway", "storefront"),
    "organisation": ("company", "build_farm"),
    "shared_infrastructure": ("campus", ""),
}
VARIANTS: Final = tuple(
    Variant(hypothesis=name, form=form) for name in HYPOTHESES for form in FORMS.get(name, ("",))
)
#: Weight of rings by size: below 5 accounts, below 10, and larger.
SIZES: Final = (5, 10)
SIZE_WEIGHTS: Final = (0.2, 0.2, 0.6)
#: So many controllers of a form and size have half the weight that any number could have.
HALF: Final = 5
PENALTY: Final = 1e-3
SCORE_PENALTY: Final = 1e-3
#: What the score reads: statistics of a ring being of one controller. With more of them, tried on the fitted worlds
#: with each half scored by the other, rings of family B were ranked worse.
SCORE_BY: Final = ("controlled", "evidence_groups", "mean_membership", "seam")
#: The score is fitted to rings at least this large and this likely under control.
SCORED: Final = (4, 0.3)
#: A ring counts for the score by its accounts, up to this many.
MOST_ACCOUNTS: Final = 30
TEMPERS: Final = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)


@dataclass(frozen=True)
class Collected:
    """Facts and statistics of all rings, and their members (`rings.ring_rows`)."""

    facts: pl.DataFrame
    statistics: pl.DataFrame
    members: pl.DataFrame

    def wide(self) -> pl.DataFrame:
        """Facts with a column a statistic."""
        values = self.statistics.pivot(on="statistic", index=["world", "ring_id"], values="value")
        asked = (*READINGS, "seam")
        missing = [pl.lit(None, pl.Float64).alias(name) for name in asked if name not in values.columns]
        return self.facts.join(values.with_columns(missing), on=["world", "ring_id"], how="left")

    def where(self, keep: pl.Expr) -> Collected:
        """The rings of some facts."""
        facts = self.facts.filter(keep)
        of_rings = self.statistics.join(facts.select("world", "ring_id"), on=["world", "ring_id"])
        return Collected(facts, of_rings, self.members.join(facts.select("world").unique(), on="world"))


def classifier(rings: Collected, linkage: Linkage, temper: float | None = None) -> RingModel:
    """Fits the classifier, a set of curves for each family of worlds there.

    Args:
        rings: rings to fit to.
        linkage: the model that made them, for the note.
        temper: factor on the ratios; None: the one with which each family's curves do best on the other families.
    """
    wide = rings.wide()
    clear = wide.filter(pl.col("kind").is_in(HYPOTHESES))
    families = sorted(clear["family"].unique())
    at = {name: knots(clear[name].drop_nulls().to_numpy()) for name in READINGS}
    at = {name: place for name, place in at.items() if len(place)}
    curves = {family: _curves(clear.filter(family=family), at) for family in families}
    # Pairs say little of large rings: neither the cap nor the reference leans on them.
    firm = clear.filter(pl.col("accounts") >= SIZES[0])
    kinds = dict(firm.group_by("kind").agg(pl.struct("world", "owner").n_unique()).iter_rows())
    model = RingModel(
        name="rings",
        note=f"Fitted to rings of simulated worlds of families {', '.join(families)} (linkage {linkage.model.name}).",
        variants=VARIANTS,
        prior=PRIOR,
        temper=1.0,
        curves={
            name: RingCurve(
                knots=tuple(np.round(place, 4).tolist()),
                ratios={family: curves[family][name] for family in families},
                reference=_reference(firm, name),
            )
            for name, place in at.items()
        },
        score={},
        known={name: int(kinds.get(name, 0)) for name in HYPOTHESES},
    )
    model = model.model_copy(update={"temper": temper or _temper(rings, model)})
    return model.model_copy(update={"score": _score(rings, model)})


def _curves(clear: pl.DataFrame, at: dict[str, Array]) -> dict[str, tuple[tuple[float, ...], ...]]:
    prior = np.array([PRIOR[v.hypothesis] for v in VARIANTS])
    prior /= np.array([sum(o.hypothesis == v.hypothesis for o in VARIANTS) for v in VARIANTS])
    found = fit(_weighted(clear, list(at), prior), list(at.values()), prior, PENALTY)
    return {
        name: tuple(tuple(row) for row in np.round(ratios, 4).tolist())
        for name, ratios in zip(at, found, strict=True)
    }


def _weighted(clear: pl.DataFrame, names: list[str], prior: Array) -> Rings:
    """Rings with their variant; each controller counts the same, and variants by size as `SIZE_WEIGHTS` has it."""
    forms = [FORMS.get(kind, ("",)) for kind in clear["kind"]]
    shown = [
        stratum if stratum in of else ("" if "" in of else of[0])
        for of, stratum in zip(forms, clear["stratum"], strict=True)
    ]
    order = {(variant.hypothesis, variant.form): n for n, variant in enumerate(VARIANTS)}
    variant = np.array([order[key] for key in zip(clear["kind"], shown, strict=True)])
    size = np.digitize(clear["accounts"].to_numpy(), SIZES)
    each = clear.select(1 / pl.len().over("world", "owner")).to_series().to_numpy()
    weight = np.zeros(len(variant))
    for cell in np.unique(variant * len(SIZE_WEIGHTS) + size):
        place, within = divmod(int(cell), len(SIZE_WEIGHTS))
        here = (variant == place) & (size == within)
        number = each[here].sum()
        weight[here] = each[here] / (number + HALF) * prior[place] * SIZE_WEIGHTS[within]
    return Rings(clear.select(names).to_numpy().astype(np.float64), variant, weight)


def _reference(clear: pl.DataFrame, name: str) -> dict[str, tuple[float, float, float]]:
    """Quartiles by kind, of kinds with enough rings for them."""
    found = {}
    for (kind,), part in sorted(clear.drop_nulls(name).partition_by("kind", as_dict=True).items()):
        if part.height >= 4:
            low, middle, high = (round(float(part[name].quantile(q) or 0.0), 4) for q in (0.25, 0.5, 0.75))
            found[str(kind)] = (low, middle, high)
    return found


def only(model: RingModel, families: tuple[str, ...]) -> RingModel:
    """The model without the curves of other families."""
    curves = {
        name: curve.model_copy(update={"ratios": {f: curve.ratios[f] for f in families}})
        for name, curve in model.curves.items()
    }
    return model.model_copy(update={"curves": curves})


def _temper(rings: Collected, model: RingModel) -> float:
    """The factor with the least log loss where each family is read by the curves of the others; 1 with one family."""
    families = model.families
    if len(families) < 2:
        return 1.0
    losses = []
    for temper in TEMPERS:
        loss = 0.0
        for family in families:
            other = only(model, tuple(f for f in families if f != family))
            here = rings.where((pl.col("family") == family) & pl.col("kind").is_in(HYPOTHESES))
            loss += _loss(here, other.model_copy(update={"temper": temper}))
        losses.append(loss)
    return TEMPERS[int(np.argmin(losses))]


def _loss(rings: Collected, model: RingModel) -> float:
    """Log loss of the posterior, each controller and true kind weighing the same."""
    said = posteriors(rings, model).join(rings.facts, on=["world", "ring_id"])
    of = [pl.when(pl.col("kind") == name).then(f"p_{name}") for name in HYPOTHESES]
    told = said.with_columns(p=pl.coalesce(of), each=1 / pl.len().over("world", "owner"))
    of_kind = told.group_by("kind").agg(
        loss=-(pl.col("p").clip(1e-9).log() * pl.col("each")).sum() / pl.col("each").sum()
    )
    return float(of_kind["loss"].sum())


def posteriors(rings: Collected, model: RingModel) -> pl.DataFrame:
    """world, ring_id and the columns of `hypotheses.Posterior.rings`."""
    named = rings.statistics.with_columns(
        ring_id=pl.concat_str("world", "ring_id", separator="/"),
        n=pl.lit(0, pl.Int64),
        unit=pl.lit(""),
    )
    found = weigh(named, model).rings
    parts = pl.col("ring_id").str.split("/")
    return found.with_columns(world=parts.list.get(0), ring_id=parts.list.get(1))


def _score(rings: Collected, model: RingModel) -> dict[str, ScoreCurve]:
    """Curves of a ring being wholly right, by family."""
    told = posteriors(rings, model)
    controlled = pl.sum_horizontal(f"p_{name}" for name in CONTROLLED)
    wide = rings.wide().join(told.select("world", "ring_id", controlled=controlled), on=["world", "ring_id"])
    least, likely = SCORED
    wide = wide.filter((pl.col("accounts") >= least) & (pl.col("controlled") >= likely))
    at = {name: knots(wide[name].drop_nulls().to_numpy()) for name in SCORE_BY}
    at = {name: place for name, place in at.items() if len(place)}
    ratios: dict[str, dict[str, tuple[float, ...]]] = {name: {} for name in at}
    for (family,), part in sorted(wide.partition_by("family", as_dict=True).items()):
        values = part.select(list(at)).to_numpy().astype(np.float64)
        weight = np.minimum(part["accounts"].to_numpy(), MOST_ACCOUNTS).astype(np.float64)
        bad = part["bad"].to_numpy()
        both = Rings(
            np.concatenate([values, values]),
            np.repeat([0, 1], part.height),
            np.concatenate([weight * (1 - bad), weight * bad]),
        )
        found = fit(both, list(at.values()), np.array([0.5, 0.5]), SCORE_PENALTY)
        for name, curve in zip(at, found, strict=True):
            ratios[name][str(family)] = tuple(np.round(curve[:, 0] - curve[:, 1], 4).tolist())
    return {
        name: ScoreCurve(knots=tuple(np.round(place, 4).tolist()), ratios=ratios[name])
        for name, place in at.items()
    }

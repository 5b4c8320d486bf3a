"""Makes the ring classifier and the rings that calibrate the error control, and writes them to a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from graphattr.errors import SettingsError
from graphattr.pipeline.attributing import scores
from graphattr.pipeline.conditions import eligible
from graphattr.pipeline.grouping import Step
from graphattr.records import HYPOTHESES
from graphattr.settings import AttributionSettings, Settings
from graphattr.training.joins import Example, JoinWorld, example, fit_joining, join_worlds, member_limits
from graphattr.training.rings import RingWorld, ring_rows, ring_worlds
from graphattr.training.rings_card import card
from graphattr.training.rings_classifier import SIZES, Collected, classifier, only, posteriors
from graphattr.training.workers import side_by_side
from models.joining import FILE as JOINING
from models.joining import Joining, load_joining
from models.linkage import Linkage
from models.rings import FILE, RingModel


@dataclass(frozen=True)
class RingTraining:
    """What to make.

    Attributes:
        out: folder to write: joining.json, classifier.json, known.json, CARD.md.
        linkage: model that the worlds are run with.
        worlds: the worlds of the classifier and of the error control.
        joins: the worlds that joining is fitted to.
        settings: settings of the runs.
        families: families of worlds that the classifier is fitted to; all, if None.
        workers: processes that run worlds side by side.
    """

    out: Path
    linkage: Linkage
    worlds: list[RingWorld] = field(default_factory=ring_worlds)
    joins: list[JoinWorld] = field(default_factory=join_worlds)
    settings: Settings = field(default_factory=Settings)
    families: tuple[str, ...] | None = None
    workers: int = 1


def train_rings(plan: RingTraining, step: Step = lambda _name, _done: None) -> dict[str, Any]:
    """Makes the folder; a making that was killed goes on with the next world.

    Returns:
        The figures of the card.

    Raises:
        SettingsError: the folder exists.
    """
    if plan.out.exists():
        raise SettingsError(f"{plan.out} exists already", "a new folder", "name another, or remove it")
    work = plan.out.with_name(plan.out.name + ".training")
    work.mkdir(parents=True, exist_ok=True)
    joining = _joining(plan, work, step)
    rings, parts = collect(plan, work, joining, step)
    step("fit the curves", 0.9)
    joining = joining.model_copy(update={"limits": member_limits(rings.members.filter(pl.col("calibrates")))})
    families = plan.families or tuple(sorted(rings.facts["family"].unique()))
    fits = ~pl.col("calibrates") & pl.col("family").is_in(families)
    fitted = rings.where(fits)
    model = classifier(fitted, plan.linkage)
    step("score the rings that calibrate", 0.95)
    known = pl.concat(
        [
            crossed(fitted, parts.where(fits), plan.linkage).with_columns(tuning=True),
            scored(parts.where(pl.col("calibrates")), model).with_columns(tuning=False),
        ]
    )
    facts = _facts(plan, rings, fitted, model, known)
    draft = work / "folder"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _dump(draft / JOINING, joining.model_dump(mode="json"))
    _dump(draft / FILE, model.model_dump(mode="json"))
    _dump(
        draft / "known.json",
        {
            "source": facts["source"],
            "linkage": facts["linkage"]["sha256"],
            "joining": joining.sha256,
            "rings": known.to_dicts(),
        },
    )
    (draft / "CARD.md").write_text(card(facts), encoding="utf-8")
    draft.replace(plan.out)
    shutil.rmtree(work)
    step("done", 1.0)
    return facts


def _dump(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def _joining(plan: RingTraining, work: Path, step: Step) -> Joining:
    """How sets are joined, as fitted to the worlds for it; what lies in `work` is not fitted again."""
    path = work / JOINING
    if not path.exists():
        step("weigh worlds", 0.0)
        examples: list[Example] = []
        weighing = partial(example, linkage=plan.linkage, settings=plan.settings)
        for world, weighed in zip(plan.joins, side_by_side(weighing, plan.joins, plan.workers), strict=True):
            examples.append(weighed)
            step(f"{world.preset}-{world.seed} weighed", 0.1 * len(examples) / len(plan.joins))
        note = (
            f"Fitted to {len(plan.joins)} simulated worlds of family A (linkage {plan.linkage.model.name})."
        )
        fitted = fit_joining(examples, plan.settings, note, lambda name, done: step(name, 0.1 + 0.05 * done))
        _dump(path.with_suffix(".part"), fitted.model_dump(mode="json"))
        path.with_suffix(".part").replace(path)
    return load_joining(path)


def collect(plan: RingTraining, work: Path, joining: Joining, step: Step) -> tuple[Collected, Collected]:
    """Runs all worlds; those whose rows lie in `work` are not run again.

    Returns:
        The rings, and their firm parts.
    """
    files = {
        world: [work / f"{world.name}-{table}.parquet" for table in ("facts", "statistics", "members")]
        for world in plan.worlds
    }
    missing = [world for world, paths in files.items() if not all(path.exists() for path in paths)]
    step("run worlds", 0.15 + 0.75 * (1 - len(missing) / len(files)))
    running = partial(ring_rows, linkage=plan.linkage, settings=plan.settings, joining=joining)
    run = side_by_side(running, missing, plan.workers)
    for number, (world, rows) in enumerate(zip(missing, run, strict=True), len(files) - len(missing) + 1):
        for path, frame in zip(files[world], rows, strict=True):
            frame.write_parquet(path.with_suffix(".part"))
            path.with_suffix(".part").replace(path)
        step(f"{world.name} run", 0.15 + 0.75 * number / len(files))
    parts = [[pl.read_parquet(path) for path in paths] for paths in files.values()]
    facts, statistics, members = (pl.concat(tables) for tables in zip(*parts, strict=True))
    rings, firm = (
        Collected(facts.filter(firm=part).drop("firm"), statistics.filter(firm=part).drop("firm"), members)
        for part in (False, True)
    )
    return rings, replace(firm, facts=_beside_whole(firm.facts, rings))


def _beside_whole(parts: pl.DataFrame, rings: Collected) -> pl.DataFrame:
    """Facts of firm parts with what `eligible` reads of their rings: whole (accounts), whole_seam."""
    key = ["world", "ring_id"]
    seam = rings.statistics.filter(statistic="seam").select(*key, whole_seam="value")
    whole = rings.facts.select(*key, whole="accounts").join(seam, on=key, how="left")
    return parts.join(whole, on=key, how="left")


def scored(rings: Collected, model: RingModel) -> pl.DataFrame:
    """The firm parts of rings that may be attributed, as `models.KnownRings` has them."""
    told = posteriors(rings, model)
    joined = ("world", "ring_id")
    parts = [
        scores(part.drop("world"), told.filter(world=world), model).with_columns(world=pl.lit(world))
        for (world,), part in rings.statistics.partition_by("world", as_dict=True).items()
    ]
    known = rings.facts.join(pl.concat(parts), on=joined).with_columns(size=pl.col("accounts").cast(pl.Int64))
    # A run whose signals the model cannot read whole attributes nothing, so its rings say nothing of others.
    known = known.filter(eligible(known, AttributionSettings()) & known["read"]).sort(*joined)
    return known.select(
        "score",
        "size",
        pl.col("bad").round(6).alias("wrong"),
        pl.col("kind").fill_null("mixed"),
        "family",
        pl.col("controlled").round(6),
        "world",
    )


def crossed(rings: Collected, firm: Collected, linkage: Linkage) -> pl.DataFrame:
    """Scores of the fitted worlds' own firm parts, each half by a classifier fitted to the rings of the other half."""
    half = pl.col("world").str.split("-").list.get(2).cast(pl.Int64) % 2
    parts = []
    for this in (0, 1):
        rest = rings.where(half != this)
        parts.append(scored(firm.where(half == this), classifier(rest, linkage)))
    return pl.concat(parts)


def _facts(
    plan: RingTraining, rings: Collected, fitted: Collected, model: RingModel, known: pl.DataFrame
) -> dict[str, Any]:
    """What the card says."""
    number = known.group_by("family", "tuning").agg(rings=pl.len(), worlds=pl.col("world").n_unique())
    calibrating = int((~known["tuning"]).sum())
    return {
        "source": f"{calibrating} eligible rings of simulated worlds of the families "
        f"{' and '.join(sorted(known['family'].unique()))}, linked by {plan.linkage.model.name},"
        f" classifier {model.sha256[:12]}",
        "linkage": {"name": plan.linkage.model.name, "sha256": plan.linkage.model.sha256},
        "worlds": [[w.name, w.calibrates] for w in plan.worlds],
        "rings": rings.facts.height,
        "fitted": fitted.facts.height,
        "known": model.known,
        "temper": model.temper,
        "sha256": model.sha256,
        "calibration": number.sort("family", "tuning").to_dicts(),
        "held_out": held_out(rings.where(pl.col("calibrates")), model),
        "crossed": [
            {"family": family, **held_out(rings.where(pl.col("family") == family), only(model, others))}
            for family in model.families
            if (others := tuple(f for f in model.families if f != family))
        ],
    }


def held_out(rings: Collected, model: RingModel) -> dict[str, Any]:
    """How often the leading hypothesis is the true one, over rings of 10 accounts and more."""
    said = posteriors(rings, model).join(rings.facts, on=["world", "ring_id"])
    large = said.filter(pl.col("kind").is_in(HYPOTHESES) & (pl.col("accounts") >= SIZES[-1]))
    rows = large.group_by("kind").agg(rings=pl.len(), right=(pl.col("hypothesis") == pl.col("kind")).sum())
    return {"rings": large.height, "kinds": rows.sort("kind").to_dicts()}

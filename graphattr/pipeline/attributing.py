"""Members to attributed rings: statistics, hypotheses, known operators, error control."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from graphattr.attribution.answers import answers
from graphattr.attribution.closed import closed_cases
from graphattr.attribution.control import LEAST_SIZE
from graphattr.attribution.hypotheses import weigh
from graphattr.attribution.operators import name_operators
from graphattr.attribution.spans import in_hands, spans
from graphattr.attribution.statistics import ring_statistics
from graphattr.pipeline.conditions import (
    CONTROLLED,
    LEAST_CONTROLLED,
    LEAST_GROUPS,
    NEEDED,
    allow,
    conditions,
)
from graphattr.pipeline.grouping import Signals, ring_id
from graphattr.records import CONDITIONS_FILE, GROUPED_FILE, MEMBERS, RINGS, SPANS_FILE, TABLES, UTC, Status
from graphattr.settings import AttributionSettings, Settings
from models import KnownRings
from models.joining import shipped_joining
from models.rings import RingModel, shipped_ring_model

#: Tables with a time of use.
TIMED = ("payments", "ips", "devices", "usage")


def write_rings(
    signals: Signals, out: Path, settings: Settings, known: KnownRings, model: RingModel | None = None
) -> dict[str, int]:
    """Writes members, spans, matrix, conditions and rings into `out`; returns the rings by status.

    Args:
        signals: canonical tables.
        out: folder with grouped, links, evidence and holdings; weakest.parquet lies beside it.
        settings: settings of the run.
        known: rings with known truth, scored by the same model.
        model: the ring classifier; None for the shipped one.
    """
    found = verdict(signals, out, settings, known, model)
    members = found.members.select(*MEMBERS).cast(pl.Schema(MEMBERS))
    members.sort(TABLES["members"][1]).write_parquet(out / "members.parquet")
    scanned = {name: pl.scan_parquet(path) for name, path in signals.tables.items()}
    holdings, evidence = (pl.scan_parquet(out / f"{name}.parquet") for name in ("holdings", "evidence"))
    in_part = spans(members, scanned["accounts"], holdings, evidence, scanned.get("events"))
    in_part.write_parquet(out / SPANS_FILE)
    found.told.matrix.write_parquet(out / "matrix.parquet")
    found.conditions.write_parquet(out / CONDITIONS_FILE)
    rings = found.told.rings.join(activity(signals, members, in_part), on="ring_id", how="left")
    rings.select(*RINGS).cast(pl.Schema(RINGS)).write_parquet(out / "rings.parquet")
    return dict(rings["status"].value_counts().sort("status").iter_rows())


@dataclass(frozen=True)
class Told:
    """What is said of rings: `RINGS` but for what they did (with the columns of `scores`, and status once it is given),
    and `MATRIX`."""

    rings: pl.DataFrame
    matrix: pl.DataFrame


@dataclass(frozen=True)
class Verdict:
    """What a run says of its rings.

    Attributes:
        members: members of the rings: of those that are attributed the firm ones alone, and the others as rings of
            their own.
        told: of these rings.
        eligible: ids of the rings whose firm part the error control may attribute, if their score is high enough.
        conditions: what an attribution asks of each ring as it was grouped, as `CONDITIONS`.
    """

    members: pl.DataFrame
    told: Told
    eligible: pl.Series
    conditions: pl.DataFrame


def verdict(
    signals: Signals, out: Path, settings: Settings, known: KnownRings, model: RingModel | None = None
) -> Verdict:
    """Attributes the firm parts of rings that the error control lets be attributed; arguments as `write_rings`.

    The firm part is what is weighed, scored and promised something about, as a ring of its own; where it is attributed
    the other members are set apart, in a ring of theirs. Where it is not, the ring stays whole. Both are leads at most.
    """
    model = model or shipped_ring_model()
    grouped, links = pl.read_parquet(out / GROUPED_FILE), pl.read_parquet(out / "links.parquet")
    whole = _told(signals, out, grouped, links, model)
    # Without rings with known truth that speak of this run nothing is attributed.
    tables = sum(name in signals.tables and name not in signals.timeless for name in NEEDED)
    knowing = tables == len(NEEDED) and known.tuning is not None
    parts = firm_parts(grouped) if knowing else grouped.clear()
    told = _told(signals, out, parts, links, model)
    by = "controlled", "groups", "seam", "score"
    asked = (
        grouped.group_by("ring_id")
        .agg(size=pl.col("firm").sum().cast(pl.Int64))
        .join(whole.rings.select("ring_id", "weakest_point", whole="size", whole_seam="seam"), on="ring_id")
        .join(told.rings.select("ring_id", *by), on="ring_id", how="left")
        .sort("ring_id")
    )
    cases = closed_cases(parts, signals.tables.get("labels"))
    there = allow(asked, settings.attribution, known, cases)
    here = pl.col("ring_id").is_in(asked["ring_id"].filter(there.attributed).implode())
    apart = set_apart(grouped.filter(here & ~pl.col("firm")), settings.rings.min_size)
    rest = _told(signals, out, apart, links, model)
    lead = pl.when(is_lead(settings.attribution)).then(pl.lit(Status.LEAD.value))
    others = pl.concat([whole.rings.filter(~here), rest.rings])
    rings = pl.concat(
        [
            told.rings.filter(here).with_columns(status=pl.lit(Status.ATTRIBUTED.value)),
            others.with_columns(status=lead.otherwise(pl.lit(Status.NOT_ATTRIBUTABLE.value))),
        ]
    )
    matrix = pl.concat([told.matrix.filter(here), whole.matrix.filter(~here), rest.matrix])
    return Verdict(
        pl.concat([grouped.filter(~here | pl.col("firm")), apart]),
        Told(rings.sort("ring_id"), matrix.sort(TABLES["matrix"][1])),
        asked["ring_id"].filter(there.eligible),
        conditions(asked, settings.attribution, known, there, tables),
    )


def set_apart(members: pl.DataFrame, least: int) -> pl.DataFrame:
    """Members of attributed rings who are not firm, as rings of their own; too few of a ring are in none.

    Args:
        members: rows of `GROUPED`.
        least: accounts of a ring at least.
    """
    enough = members.filter(pl.len().over("ring_id") >= least)
    ids = {ring: ring_id(f"{ring} apart") for ring in enough["ring_id"]}
    return enough.with_columns(pl.col("ring_id").replace_strict(ids, return_dtype=pl.String))


def firm_parts(grouped: pl.DataFrame) -> pl.DataFrame:
    """The firm members of rings that have enough of them to be attributed; rows of `GROUPED`."""
    firm = grouped.filter("firm")
    return firm.filter(pl.len().over("ring_id") >= LEAST_SIZE)


def _told(signals: Signals, out: Path, members: pl.DataFrame, links: pl.DataFrame, model: RingModel) -> Told:
    """What is said of the rings that these members make; nobody's status."""
    judge = shipped_joining().join
    statistics = ring_statistics(
        signals.tables, members, links, out / "holdings.parquet", signals.lists, judge
    )
    # What the error control goes by is read as that of known rings was, without answers from outside.
    alone = weigh(statistics, model)
    outside = answers(members, signals.tables.get("labels"), signals.tables.get("events"))
    posterior = weigh(statistics, model, outside) if outside.height else alone
    rings = (
        members.group_by("ring_id")
        .agg(size=pl.len().cast(pl.Int64))
        .join(posterior.rings, on="ring_id")
        .join(pl.read_parquet(out.parent / "weakest.parquet"), on="ring_id", how="left")
        .join(name_operators(members, signals.tables.get("labels"), links, judge), on="ring_id", how="left")
        .join(scores(statistics, alone.rings, model), on="ring_id", how="left")
        .sort("ring_id")
    )
    # Answers may bar an attribution and never bring one.
    rings = rings.with_columns(pl.min_horizontal("controlled", controlled()).alias("controlled"))
    # A ring that is more likely innocent than not bears nobody's name.
    hidden = controlled() >= LEAST_CONTROLLED
    rings = rings.with_columns(pl.when(hidden).then(pl.col("operator", "operator_probability")))
    return Told(rings, posterior.matrix)


def controlled() -> pl.Expr:
    """Probability of hidden control, from the p_ columns: with all that is known, answers from outside too."""
    return pl.sum_horizontal(f"p_{name}" for name in CONTROLLED)


def is_lead(settings: AttributionSettings) -> pl.Expr:
    """Whether a ring is at least a lead, from its p_ columns, groups, size and operator."""
    return (
        (controlled() >= settings.lead_probability)
        & (pl.col("groups").fill_null(0) >= LEAST_GROUPS)
        & ((pl.col("size") >= settings.lead_size) | pl.col("operator").is_not_null())
    )


def scores(statistics: pl.DataFrame, posterior: pl.DataFrame, model: RingModel) -> pl.DataFrame:
    """What attribution goes by: ring_id, controlled (probability of hidden control), groups (kinds of evidence), seam
    (log10 odds that its two least sure parts share a controller), score (ranks rings).

    Args:
        statistics: ring_id, statistic, value.
        posterior: ring_id, p_<hypothesis>...
        model: the ring classifier.
    """
    rings = posterior.select("ring_id", controlled=controlled())
    told = pl.concat(
        [
            statistics.select("ring_id", "statistic", "value"),
            rings.select("ring_id", statistic=pl.lit("controlled"), value="controlled"),
        ]
    )
    parts = [
        rows.select("ring_id", score=pl.Series(model.score[str(name)].read(rows["value"].to_numpy())))
        for (name,), rows in sorted(told.partition_by("statistic", as_dict=True).items())
        if name in model.score
    ]
    schema = {"ring_id": pl.String, "score": pl.Float64}
    total = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    total = total.group_by("ring_id", maintain_order=True).agg(pl.col("score").sum().round(6))
    groups, seam = (
        statistics.filter(pl.col("statistic") == name).select("ring_id", pl.col("value").alias(column))
        for name, column in (("evidence_groups", "groups"), ("seam", "seam"))
    )
    return (
        rings.join(groups, on="ring_id", how="left")
        .join(seam, on="ring_id", how="left")
        .join(total, on="ring_id", how="left")
        .with_columns(pl.col("score").fill_null(-np.inf))
    )


def activity(signals: Signals, members: pl.DataFrame, in_part: pl.DataFrame) -> pl.DataFrame:
    """ring_id, requests (null without usage), first_seen, last_seen (of any use, else of creation).

    What a member did while somebody else had the account (`in_part`, rows of `SPANS`) is not the ring's.
    """
    keys = members.select("ring_id", "account_id").lazy()
    parts = [
        pl.scan_parquet(signals.tables[name]).select("account_id", time="observed_at")
        for name in TIMED
        if name in signals.tables and name not in signals.timeless
    ]
    created = pl.scan_parquet(signals.tables["accounts"]).select("account_id", time="created_at")
    times = (
        in_hands(pl.concat([*parts, created]).join(keys, on="account_id"), in_part, "time")
        .group_by("ring_id")
        .agg(first_seen=pl.col("time").min().cast(UTC), last_seen=pl.col("time").max().cast(UTC))
        .collect(engine="streaming")
    )
    if "usage" not in signals.tables:
        return times.with_columns(requests=pl.lit(None, pl.Int64))
    usage = (
        pl.scan_parquet(signals.tables["usage"])
        .select("account_id", "requests", "observed_at")
        .join(keys, on="account_id")
    )
    requests = (
        in_hands(usage, in_part)
        .group_by("ring_id")
        .agg(pl.col("requests").cast(pl.Int64).sum())
        .collect(engine="streaming")
    )
    return times.join(requests, on="ring_id", how="left").with_columns(pl.col("requests").fill_null(0))

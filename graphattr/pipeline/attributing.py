"""Members to attributed rings: statistics, hypotheses, known operators, error control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.attribution.closed import closed_cases
from graphattr.attribution.control import LEAST_SIZE, CalibrationRings, attribute, threshold
from graphattr.attribution.hypotheses import weigh
from graphattr.attribution.operators import name_operators
from graphattr.attribution.statistics import ring_statistics
from graphattr.pipeline.grouping import Signals
from graphattr.records import RINGS, UTC, Status
from graphattr.settings import AttributionSettings, Settings
from models import KnownRings
from models.joining import shipped_joining
from models.rings import RingModel, shipped_ring_model

#: Hypotheses under which somebody controls the accounts and hides it.
CONTROLLED = ("single_operator", "contractors", "reseller")
#: Evidence of so many kinds at least, for a lead.
LEAST_GROUPS = 2
#: A ring that is more likely innocent than not is never attributed, whatever the settings.
LEAST_CONTROLLED = 0.5
#: Tables that the rings with known truth were found with.
NEEDED = ("payments", "ips", "devices", "usage", "events")
#: Tables with a time of use.
TIMED = ("payments", "ips", "devices", "usage")


def write_rings(
    signals: Signals, out: Path, settings: Settings, known: KnownRings, model: RingModel | None = None
) -> dict[str, int]:
    """Writes matrix.parquet and rings.parquet into `out`; returns the rings by status.

    Args:
        signals: canonical tables.
        out: folder with members, links and holdings; weakest.parquet lies beside it.
        settings: settings of the run.
        known: rings with known truth, scored by the same model.
        model: the ring classifier; None for the shipped one.
    """
    model = model or shipped_ring_model()
    members = pl.read_parquet(out / "members.parquet")
    links = pl.read_parquet(out / "links.parquet")
    statistics = ring_statistics(
        signals.tables, members, links, out / "holdings.parquet", signals.lists, shipped_joining().join
    )
    posterior = weigh(statistics, model)
    posterior.matrix.write_parquet(out / "matrix.parquet")
    rings = (
        members.group_by("ring_id")
        .agg(size=pl.len().cast(pl.Int64))
        .join(posterior.rings, on="ring_id")
        .join(_activity(signals, members), on="ring_id", how="left")
        .join(pl.read_parquet(out.parent / "weakest.parquet"), on="ring_id", how="left")
        .join(name_operators(members, signals.tables.get("labels")), on="ring_id", how="left")
        .join(scores(statistics, posterior.rings, model), on="ring_id", how="left")
        .sort("ring_id")
    )
    # A ring that is more likely innocent than not bears nobody's name.
    hidden = pl.col("controlled") >= LEAST_CONTROLLED
    rings = rings.with_columns(pl.when(hidden).then(pl.col("operator", "operator_probability")))
    lead = is_lead(settings.attribution)
    cases = closed_cases(members, signals.tables.get("labels"))
    may = np.zeros(rings.height, dtype=np.bool_)
    if _whole(signals):
        may = allowed(rings, settings.attribution, known, cases)
    rings = rings.with_columns(allowed=pl.Series(may)).with_columns(
        status=pl.when(lead & pl.col("allowed"))
        .then(pl.lit(Status.ATTRIBUTED.value))
        .when(lead)
        .then(pl.lit(Status.LEAD.value))
        .otherwise(pl.lit(Status.NOT_ATTRIBUTABLE.value))
    )
    rings.select(*RINGS).cast(pl.Schema(RINGS)).write_parquet(out / "rings.parquet")
    return dict(rings["status"].value_counts().sort("status").iter_rows())


def is_lead(settings: AttributionSettings) -> pl.Expr:
    """Whether a ring is at least a lead, from controlled, groups, size and operator."""
    return (
        (pl.col("controlled") >= settings.lead_probability)
        & (pl.col("groups").fill_null(0) >= LEAST_GROUPS)
        & ((pl.col("size") >= settings.lead_size) | pl.col("operator").is_not_null())
    )


def _whole(signals: Signals) -> bool:
    """Whether the run has all that the rings with known truth had: without a table or its times they say nothing."""
    return all(name in signals.tables and name not in signals.timeless for name in NEEDED)


def scores(statistics: pl.DataFrame, posterior: pl.DataFrame, model: RingModel) -> pl.DataFrame:
    """ring_id, controlled (probability of hidden control), groups (kinds of evidence), score (ranks for attribution).

    Args:
        statistics: ring_id, statistic, value.
        posterior: ring_id, p_<hypothesis>...
        model: the ring classifier.
    """
    rings = posterior.select("ring_id", controlled=pl.sum_horizontal(f"p_{name}" for name in CONTROLLED))
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
    groups = statistics.filter(pl.col("statistic") == "evidence_groups").select("ring_id", groups="value")
    return (
        rings.join(groups, on="ring_id", how="left")
        .join(total, on="ring_id", how="left")
        .with_columns(pl.col("score").fill_null(-np.inf))
    )


def eligible(rings: pl.DataFrame, least: float) -> pl.Series:
    """Which rings may be attributed at all: calibration rings pass the same filter.

    Args:
        rings: size, controlled, groups, weakest_point.
        least: lead_probability of the settings.
    """
    may = (
        (pl.col("size") >= LEAST_SIZE)
        & (pl.col("controlled") >= max(least, LEAST_CONTROLLED))
        & (pl.col("groups").fill_null(0) >= LEAST_GROUPS)
        # What hangs on one value may have been planted.
        & pl.col("weakest_point").is_null()
    )
    return rings.select(may.alias("eligible")).to_series()


def allowed(
    rings: pl.DataFrame, settings: AttributionSettings, known: KnownRings, cases: pl.DataFrame | None = None
) -> NDArray[np.bool_]:
    """Which rings the error control lets be attributed, shape (rings,).

    Args:
        rings: ring_id, size, score and what `eligible` reads.
        settings: alpha and lead_probability.
        known: rings with known truth.
        cases: ring_id, wrong of rings of this run that labels tell the truth of: they calibrate too.
    """
    may = eligible(rings, settings.lead_probability).to_numpy()
    if known.tuning is None:
        return np.zeros(rings.height, dtype=np.bool_)
    names = sorted(set(known.family))
    own = rings.filter(pl.Series(may)).join(cases, on="ring_id") if cases is not None else rings.clear()
    closed = CalibrationRings(
        own["score"].to_numpy(),
        own["size"].to_numpy(),
        own["wrong"].to_numpy() if own.height else np.empty(0),
    )
    calibration = [_family(known, name, settings) + closed for name in names]
    tuning = [_family(known.tuning, name, settings) for name in names]
    found = np.zeros(rings.height, dtype=np.bool_)
    found[may] = attribute(
        rings["score"].to_numpy()[may],
        rings["size"].to_numpy()[may],
        calibration,
        settings.alpha,
        threshold(tuning, settings.alpha),
    )
    return found


def _family(known: KnownRings, name: str, settings: AttributionSettings) -> CalibrationRings:
    """The known rings of one family that pass the same filter as a run's rings."""
    here = np.array([family == name for family in known.family], dtype=np.bool_)
    here &= known.controlled >= max(settings.lead_probability, LEAST_CONTROLLED)
    return CalibrationRings(known.score, known.size, known.wrong)[here]


def _activity(signals: Signals, members: pl.DataFrame) -> pl.DataFrame:
    """ring_id, requests (null without usage), first_seen, last_seen (of any use, else of creation)."""
    keys = members.select("ring_id", "account_id").lazy()
    parts = [
        pl.scan_parquet(signals.tables[name]).select("account_id", time="observed_at")
        for name in TIMED
        if name in signals.tables and name not in signals.timeless
    ]
    created = pl.scan_parquet(signals.tables["accounts"]).select("account_id", time="created_at")
    times = (
        pl.concat([*parts, created])
        .join(keys, on="account_id")
        .group_by("ring_id")
        .agg(first_seen=pl.col("time").min().cast(UTC), last_seen=pl.col("time").max().cast(UTC))
        .collect(engine="streaming")
    )
    if "usage" not in signals.tables:
        return times.with_columns(requests=pl.lit(None, pl.Int64))
    usage = (
        pl.scan_parquet(signals.tables["usage"]).select("account_id", "requests").join(keys, on="account_id")
    )
    requests = (
        usage.group_by("ring_id").agg(pl.col("requests").cast(pl.Int64).sum()).collect(engine="streaming")
    )
    return times.join(requests, on="ring_id", how="left").with_columns(pl.col("requests").fill_null(0))

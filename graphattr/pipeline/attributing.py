"""Members to attributed rings: statistics, hypotheses, known operators, error control."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from graphattr.attribution.control import CalibrationRings, attribute
from graphattr.attribution.hypotheses import weigh
from graphattr.attribution.operators import name_operators
from graphattr.attribution.statistics import ring_statistics
from graphattr.pipeline.grouping import Signals
from graphattr.records import RINGS, UTC, Status
from graphattr.settings import Settings
from models import KnownRings

#: Hypotheses under which somebody controls the accounts and hides it.
CONTROLLED = ("single_operator", "contractors", "reseller")
#: Tables with a time of use.
TIMED = ("payments", "ips", "devices", "usage")


def write_rings(signals: Signals, out: Path, settings: Settings, known: KnownRings) -> dict[str, int]:
    """Writes matrix.parquet and rings.parquet into `out`; returns the rings by status."""
    members = pl.read_parquet(out / "members.parquet")
    links = pl.read_parquet(out / "links.parquet")
    statistics = ring_statistics(signals.tables, members, links, out / "holdings.parquet", signals.lists)
    posterior = weigh(statistics, float(max(1, known.of_kinds(CONTROLLED))))
    posterior.matrix.write_parquet(out / "matrix.parquet")
    rings = (
        members.group_by("ring_id")
        .agg(size=pl.len().cast(pl.Int64))
        .join(posterior.rings, on="ring_id")
        .join(_activity(signals, members), on="ring_id", how="left")
        .join(pl.read_parquet(out.parent / "weakest.parquet"), on="ring_id", how="left")
        .join(name_operators(members, signals.tables.get("labels")), on="ring_id", how="left")
        .join(
            statistics.filter(pl.col("statistic") == "mean_membership").select("ring_id", membership="value"),
            on="ring_id",
        )
        .join(
            statistics.filter(pl.col("statistic") == "evidence_groups").select("ring_id", groups="value"),
            on="ring_id",
            how="left",
        )
        .sort("ring_id")
        .with_columns(controlled=pl.sum_horizontal(f"p_{name}" for name in CONTROLLED))
        .with_columns(score=ring_score())
    )
    allowed = attribute(
        rings["score"].to_numpy(),
        rings["size"].to_numpy(),
        CalibrationRings(known.score, known.size, known.wrong),
        settings.attribution.alpha,
    )
    # Whatever the error control allows, a ring that is more likely innocent than not is never attributed.
    lead = (pl.col("controlled") >= settings.attribution.lead_probability) & (
        pl.col("groups").fill_null(0) >= 2
    )
    rings = rings.with_columns(allowed=pl.Series(allowed)).with_columns(
        status=pl.when(lead & pl.col("allowed"))
        .then(pl.lit(Status.ATTRIBUTED.value))
        .when(lead)
        .then(pl.lit(Status.LEAD.value))
        .otherwise(pl.lit(Status.NOT_ATTRIBUTABLE.value))
    )
    rings.select(*RINGS).cast(pl.Schema(RINGS)).write_parquet(out / "rings.parquet")
    return dict(rings["status"].value_counts().sort("status").iter_rows())


def ring_score() -> pl.Expr:
    """Score by which rings are attributed: probability of hidden control times mean membership, in [0, 1]."""
    return (pl.col("controlled") * pl.col("membership")).round(6)


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

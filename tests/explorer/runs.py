"""A small finished run folder, written by hand (`plans`)."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphattr.records import SIGNAL, TABLES, RunPaths

from .findings import links_of, matrix, members_of, rings_of
from .plans import DAY, LONERS, MARKED, ONCE, PLANS, PRIOR, REVERSED, STATED, TOP


def build(root: Path) -> Path:
    """Writes the run and returns its folder."""
    paths = RunPaths(root)
    for folder in (root, paths.signals, paths.quarantine):
        folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    rosters = _rosters()
    signals = _signals(rosters, rng)
    for name, frame in signals.items():
        frame.write_parquet(paths.signals / f"{name}.parquet")
    holdings = _holdings(signals)
    evidence, links = links_of(rosters, holdings)
    tables = {
        "holdings": holdings,
        "evidence": evidence,
        "links": links,
        "rings": rings_of(rosters, signals["usage"]),
        "members": members_of(rosters, rng),
        "matrix": matrix(),
    }
    for name, (schema, key) in TABLES.items():
        tables[name].select(pl.col(c).cast(t) for c, t in schema.items()).sort(key).write_parquet(
            paths.table(name)
        )
    pl.DataFrame({"account_id": ["acct-9999"], "ip": ["not-an-ip"], "reason": ["address:ip"]}).write_parquet(
        paths.quarantine / "ips.parquet"
    )
    report = {name: _report(frame.height, int(name == "ips")) for name, frame in signals.items()}
    paths.load_report.write_text(json.dumps({"version": 1, "tables": report, "timeless": []}))
    paths.run_json.write_text(json.dumps(_info()))
    return root


def _report(loaded: int, refused: int) -> dict[str, Any]:
    return {
        "rows": loaded + refused,
        "loaded": loaded,
        "quarantined": refused,
        "duplicates": 0,
        "not_selected": 0,
        "reasons": {"address:ip": refused} if refused else {},
        "timeless": False,
        "unknown_columns": ["note"] if refused else [],
    }


def _info() -> dict[str, Any]:
    return {
        "graphattr": "0.1.0",
        "schema": 1,
        "versions": {"polars": pl.__version__},
        "seed": 0,
        "settings": {},
        "model": {
            "name": "defaults",
            "sha256": "0" * 64,
            "trained": False,
            "note": "Field-guided default weights.",
        },
        "store": {"uri": "embedded"},
        "inputs": {"accounts.parquet": "1" * 64},
        "outputs": {"rings.parquet": "2" * 64},
        "links": {"candidates": 4321, "log10_prior_odds": PRIOR},
        "guarantee": "Expected share of wrongly attributed accounts at most 1 %.",
        "stages": [{"name": "load", "seconds": 1.234567, "peak_memory_mib": 210}],
    }


def _rosters() -> dict[str, list[str]]:
    number = itertools.count(1001)
    rosters = {plan.ring_id: [f"acct-{next(number)}" for _ in range(plan.size)] for plan in PLANS}
    rosters[TOP][3:5] = [REVERSED, MARKED]
    rosters[""] = [f"acct-{next(number)}" for _ in range(LONERS)]
    return rosters


def _signals(rosters: dict[str, list[str]], rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in ("accounts", "payments", "ips", "devices")}
    made |= {"usage": [], "events": []}
    plans = {plan.ring_id: plan for plan in PLANS}
    for ring_id, accounts in rosters.items():
        plan = plans.get(ring_id)
        stated: dict[str, str | None] = {SIGNAL[name].column: None for name in STATED}
        stated |= {SIGNAL[s].column: v for s, v, _ in (plan.values if plan else ()) if s in STATED}
        for place, account in enumerate(accounts):
            start = DAY + timedelta(
                days=float(rng.integers(0, 4)) + (place // 6) * 3, hours=float(rng.integers(0, 24))
            )
            made["accounts"].append({"account_id": account, "created_at": start, "country": "DE", **stated})
            held = (
                [(s, v) for s, v, share in plan.values if _takes(place, v, share, len(accounts))]
                if plan
                else []
            )
            for signal, value in [*held, ("ip", f"10.{place}.{len(accounts)}.7")]:
                _use(made, signal, value, account, start + timedelta(hours=float(rng.integers(1, 40))))
            _traffic(made, account, start, plan.pace if plan else 5.0, dict(held).get("template"), rng)
            if plan and ring_id == TOP and place % 5 == 2:
                made["events"].append(
                    {"account_id": account, "observed_at": start + 9 * 24 * ONCE, "event": "banned"}
                )
            if plan and place % 4 == 1:
                made["events"].append(
                    {"account_id": account, "observed_at": start + 2 * ONCE, "event": "key_created"}
                )
    return {
        name: pl.DataFrame(rows).with_row_index("row").cast({"row": pl.UInt64}) for name, rows in made.items()
    }


def _takes(place: int, value: str, share: float, size: int) -> bool:
    # A run of neighbouring accounts, so that values overlap and the ring hangs together.
    start = sum(value.encode()) % size
    return (place - start) % size < round(share * size)


def _use(
    made: dict[str, list[dict[str, Any]]], signal: str, value: str, account: str, time: datetime
) -> None:
    if signal in STATED:
        return
    about = SIGNAL[signal]
    extra = {"ip": {"network_kind": "hosting"}, "instrument": {"kind": "prepaid"}, "device": {"os": "linux"}}
    if signal in extra:
        row = {"account_id": account, "observed_at": time, about.column: value, **extra[signal]}
        made[about.table].append(row)


def _traffic(
    made: dict[str, list[dict[str, Any]]],
    account: str,
    start: datetime,
    pace: float,
    template: str | None,
    rng: np.random.Generator,
) -> None:
    for day in range(14):
        requests = int(rng.poisson(pace * (1 + 0.6 * np.sin(day))))
        time = start + timedelta(days=day, hours=float(rng.integers(0, 8)))
        made["usage"].append(
            {"account_id": account, "observed_at": time, "requests": requests, "template_id": template}
        )


def _holdings(signals: dict[str, pl.DataFrame]) -> pl.DataFrame:
    parts = []
    for name in ("ip", "instrument", "device", "template", *STATED):
        about = SIGNAL[name]
        table = signals[about.table]
        kind = pl.col(about.kind_column) if about.kind_column in table.columns else pl.lit(None, pl.String)
        used = (
            pl.col("observed_at")
            if "observed_at" in table.columns
            else pl.lit(None, pl.Datetime("us", "UTC"))
        )
        parts.append(
            table.drop_nulls(about.column)
            .group_by("account_id", value=pl.col(about.column))
            .agg(
                signal=pl.lit(name),
                kind=kind.first().cast(pl.String),
                first_seen=used.min().dt.cast_time_unit("us"),
                last_seen=used.max().dt.cast_time_unit("us"),
                count=pl.len().cast(pl.Int64),
                first_row=pl.col("row").min(),
            )
        )
    return pl.concat(parts, how="diagonal")

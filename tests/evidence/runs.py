"""A small consistent run folder, made by hand: rings of eight and three accounts, and two outside."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from graphattr.evidence.case import BUNDLED
from graphattr.evidence.conditions import CONDITION_WORDS
from graphattr.evidence.consistency import factor_range, posterior, tier_of
from graphattr.evidence.rulebook import probability
from graphattr.records import GROUPS, HYPOTHESES
from graphattr.records import UTC as TIME
from graphattr.settings import Settings

START = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=UTC)
RING_A = [f"acc-a{n}" for n in range(1, 9)]
RING_B = ["acc-b1", "acc-b2", "acc-b3"]
OUTSIDE = ["acc-x1", "acc-x2"]
ACCOUNTS = RING_A + RING_B + OUTSIDE
HOSTILE = '=HYPERLINK("http://x")<img onerror=1>\u202e'
PRIOR = -2.0
MATRIX = {
    "size": (8.0, 8, "accounts", (0.07, 0.0, 0.0, 0.0, -0.2, 0.0, -0.1), "a mid-sized set"),
    "hour_likeness": (
        0.91,
        7,
        "accounts",
        (0.4, 0.0, 0.1, 0.3, -0.1, -0.1, -0.2),
        "active at the same hours",
    ),
    "behaviour_clusters": (0.875, 8, "accounts", (0.0,) * 7, "nearly every account does work of its own"),
    "failed_payments": (0.25, 4, "payments", (0.3, 0.0, 0.1, -0.3, -0.2, 0.2, -0.1), "many payments failed"),
}
PRIORS = (0.2, 0.05, 0.1, 0.2, 0.3, 0.05, 0.1)


def make_run(root: Path, note: str = "field-guided weights") -> Path:
    """Writes the run folder and gives it back."""
    (root / "signals").mkdir(parents=True)
    signals = _signals()
    for name, frame in signals.items():
        frame.write_parquet(root / "signals" / f"{name}.parquet")
    tables = _tables(signals)
    for name, (schema, key) in BUNDLED.items():
        frame = pl.DataFrame(tables[name], schema=schema, orient="row").sort(key, nulls_last=False)
        frame.write_parquet(root / f"{name}.parquet")
    (root / "load_report.json").write_text("{}\n")
    write_run_json(root, note)
    return root


def write_run_json(root: Path, note: str = "field-guided weights") -> None:
    """Writes run.json for the files as they are."""
    outputs = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.parquet"))
    }
    facts: dict[str, Any] = {
        "graphattr": "0.1.0",
        "schema": 1,
        "versions": {"polars": "2.1.0", "python": "3.11"},
        "seed": 0,
        "settings": Settings().model_dump(mode="json"),
        "model": {
            "name": "additive",
            "sha256": "ab" * 32,
            "trained": False,
            "note": note,
            "caps": dict.fromkeys(GROUPS, 4.0) | {"graph": 1.5},
        },
        "store": {"uri": "neo4j://reader:hunter22@graph.example:7687"},
        "inputs": {"accounts.csv": "cd" * 32, "payments.csv": "ef" * 32},
        "outputs": outputs,
        "links": {"candidates": 78, "log10_prior_odds": PRIOR},
        "guarantee": "No share of wrongly attributed accounts is promised: there are 0 calibration rings.",
        "stages": [{"name": "load", "seconds": 1.5, "peak_memory_mib": 80.0}],
    }
    (root / "run.json").write_text(json.dumps(facts, indent=1))


def _signals() -> dict[str, pl.DataFrame]:
    at = [START + timedelta(minutes=7 * n) for n in range(40)]
    accounts = pl.DataFrame(
        {
            "row": range(len(ACCOUNTS)),
            "account_id": ACCOUNTS,
            "created_at": at[: len(ACCOUNTS)],
            "name_id": [HOSTILE if account in RING_B else None for account in ACCOUNTS],
            "country": ["DE"] * 8 + ["FR"] * 3 + ["US", "IT"],
        },
        schema_overrides={"row": pl.UInt64, "created_at": TIME},
    )
    payers = [*RING_A, "acc-x1"]
    payments = pl.DataFrame(
        {
            "row": range(len(payers)),
            "account_id": payers,
            "instrument_id": ["card-4711"] * 7 + ["card-0815"] * 2,
            "observed_at": at[: len(payers)],
            "kind": ["prepaid"] * 7 + ["credit"] * 2,
        },
        schema_overrides={"row": pl.UInt64, "observed_at": TIME},
    )
    ips = pl.DataFrame(
        {
            "row": range(13),
            "account_id": ACCOUNTS,
            "ip": ["2001:db8::7"] * 8 + ["198.51.100.7"] * 3 + ["203.0.113.5", "203.0.113.6"],
            "observed_at": at[:13],
            "network_kind": ["vpn"] * 8 + ["residential"] * 5,
        },
        schema_overrides={"row": pl.UInt64, "observed_at": TIME},
    )
    usage = pl.DataFrame(
        {
            "row": range(13),
            "account_id": ACCOUNTS,
            "observed_at": at[:13],
            "requests": [100 + n for n in range(12)] + [2**60],
        },
        schema_overrides={"row": pl.UInt64, "observed_at": TIME, "requests": pl.Int64},
    )
    events = pl.DataFrame(
        {"row": [0], "account_id": ["acc-a2"], "observed_at": [at[9]], "event": ["appeal"]},
        schema_overrides={"row": pl.UInt64, "observed_at": TIME},
    )
    labels = pl.DataFrame(
        {"row": [0], "account_id": ["acc-a8"], "operator": [None], "source": ["review"]},
        schema={"row": pl.UInt64, "account_id": pl.String, "operator": pl.String, "source": pl.String},
    )
    return {
        "accounts": accounts,
        "payments": payments,
        "ips": ips,
        "usage": usage,
        "events": events,
        "labels": labels,
    }


def _tables(signals: dict[str, pl.DataFrame]) -> dict[str, list[tuple[Any, ...]]]:
    holdings = _holdings(signals)
    links, evidence = _links(holdings)
    rings, members, matrix = _rings(signals)
    return {
        "holdings": holdings,
        "links": links,
        "evidence": evidence,
        "rings": rings,
        "members": members,
        "matrix": matrix,
        "conditions": [(ring, *row) for ring in CONDITIONS for row in conditions(ring)],
    }


#: What an attribution asks of each ring: its figure and what is needed, in the order of `CONDITION_WORDS`.
CONDITIONS: dict[str, list[tuple[float | None, float | None]]] = {
    "ring-1": [
        (5.0, 5.0), (715.0, 1.0), (7.0, 5.0), (0.875, 0.6), (0.53, 0.5), (3.0, 2.0), (0.0, 1.0), (0.25, 0.0),
        (1.5, 1.0), (0.375, 0.25), (None, None),
    ],
    "ring-2": [
        (5.0, 5.0), (715.0, 1.0), (3.0, 5.0), (1.0, 0.6), (0.53, 0.5), (1.0, 2.0), (1.0, 1.0), (-0.5, 0.0),
        (-0.5, 1.0), (0.125, 0.25), (None, None),
    ],
}  # fmt: skip


def conditions(ring: str) -> list[tuple[Any, ...]]:
    """Rows of conditions.parquet without the ring."""
    figures = zip(CONDITION_WORDS, CONDITIONS[ring], strict=True)
    return [
        (name, value, needed, value is not None and needed is not None and value >= needed)
        for name, (value, needed) in figures
    ]


def _holdings(signals: dict[str, pl.DataFrame]) -> list[tuple[Any, ...]]:
    found = []
    for name, table, column, kind in (
        ("instrument", "payments", "instrument_id", "kind"),
        ("ip", "ips", "ip", "network_kind"),
        ("name", "accounts", "name_id", None),
    ):
        timed = "observed_at" in signals[table].columns
        for row in signals[table].iter_rows(named=True):
            if row[column] is not None:
                time = row["observed_at"] if timed else None
                value_kind = row[kind] if kind else None
                found.append((row["account_id"], name, row[column], value_kind, time, time, 1, row["row"]))
    return found


def _links(holdings: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    groups = {"instrument": "payment", "ip": "network", "name": "identity"}
    weights = {"instrument": 3.1, "ip": 1.4, "name": 0.9}
    by_value: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in holdings:
        by_value.setdefault((row[1], row[2]), []).append(row)
    pieces: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for (signal, value), rows in sorted(by_value.items()):
        for a, b in itertools.combinations(sorted(rows), 2):
            gap = abs((a[4] - b[4]).total_seconds()) if a[4] else None
            reason = f"both accounts hold the same {signal} {value} ({a[3]}), held by {len(rows)} accounts"
            piece = (
                groups[signal],
                signal,
                value,
                a[3],
                weights[signal],
                True,
                len(rows),
                2.0,
                gap,
                a[7],
                b[7],
                reason,
            )
            pieces.setdefault((a[0], b[0]), []).append(piece)
    links, evidence = [], []
    for n, (pair, found) in enumerate(sorted(pieces.items())):
        far = -0.2 if n % 5 == 0 else 0.3
        words = "both accounts were created within 7 minutes of each other"
        found.append(("timing", "creation", None, None, far, True, None, None, 420.0, None, None, words))
        parts = dict.fromkeys(GROUPS, 0.0) | {piece[0]: piece[4] for piece in found}
        total = math.fsum(parts.values())
        stated, *limits = (probability(PRIOR + total + off) for off in (0.0, -0.5, 0.5))
        links.append((*pair, stated, *limits, total, *(parts[g] for g in GROUPS), PRIOR))
        evidence += [(*pair, *piece) for piece in found]
    return links, evidence


def _rings(signals: dict[str, pl.DataFrame]) -> tuple[list[Any], list[Any], list[Any]]:
    rings, members, matrix = [], [], []
    logs = [math.log10(p) for p in PRIORS]
    ratios = [list(entry[3]) for entry in MATRIX.values()]
    shares = posterior(logs, ratios)
    first = HYPOTHESES[max(range(7), key=lambda n: shares[n])]
    factor = (*factor_range(ratios, 10.0), 10.0)
    for name, accounts in (("ring-1", RING_A), ("ring-2", RING_B)):
        usage = signals["usage"].filter(pl.col("account_id").is_in(accounts))
        span = (usage["observed_at"].min(), usage["observed_at"].max())
        weakest = "ip:2001:db8::7" if name == "ring-1" else None
        operator = ("Lotus Group", 0.85) if name == "ring-1" else (None, None)
        rings.append(
            (
                name,
                len(accounts),
                usage["requests"].sum(),
                *span,
                first,
                *shares,
                *factor,
                *operator,
                weakest,
                "lead",
            )
        )
        for n, account in enumerate(accounts):
            p = max(0.95 - 0.08 * n, 0.1)
            members.append((name, account, p, max(p - 0.2, 0.0), min(p + 0.04, 1.0), str(tier_of(p))))
        words = "how often such a set of accounts is expected to be of each kind"
        matrix.append((name, "prior", None, None, "", *logs, words))
        for statistic, (value, count, unit, parts, reason) in MATRIX.items():
            matrix.append((name, statistic, value, count, unit, *parts, reason))
    return rings, members, matrix

"""A small finished run folder, written by hand: five rings, 63 accounts, and text that wants to be code."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphattr.records import GROUPS, HYPOTHESES, SIGNAL, TABLES, RunPaths

DAY = datetime(2026, 3, 1, tzinfo=UTC)
PRIOR = -3.2
IMG = '<img src=x onerror="window.pwned=1">'
FORMULA = '=HYPERLINK("http://example.invalid","open")'
MARKED = "**bold** :smile: [x](javascript:alert(1)) `tick` $a$ :red[y]"
REVERSED = "acct-\u202egnp\x07.exe"
TOP = "ring-7f3a"
#: log10 likelihood ratio of a shared value, by signal.
LR = {"device": 2.4, "instrument": 3.1, "ip": 1.2, "organisation": 1.6, "email_domain": 0.4, "template": 0.7}
ONCE = timedelta(hours=1)
#: Signals of the accounts table.
STATED = ("organisation", "email_domain")


@dataclass(frozen=True)
class Plan:
    """One ring to be made: its size, the hypothesis it leans to with its share, the values it spreads."""

    ring_id: str
    size: int
    hypothesis: str
    share: float
    status: str
    values: tuple[tuple[str, str, float], ...]  # signal, value, share of accounts that hold it
    pace: float  # exchanges a day and account


PLANS = (
    Plan(
        TOP,
        22,
        "single_operator",
        0.81,
        "attributed",
        (
            ("device", IMG, 0.4),
            ("device", "dev-5d21c09e", 0.35),
            ("device", "dev-a7730b14", 0.35),
            ("instrument", FORMULA, 0.3),
            ("instrument", "card-93f10c", 0.5),
            ("ip", "203.0.113.17", 0.5),
            ("ip", "203.0.113.18", 0.4),
            ("template", "tpl-crawl-04", 0.6),
        ),
        210.0,
    ),
    Plan(
        "ring-21c0",
        14,
        "reseller",
        0.58,
        "lead",
        (("instrument", "card-0b77aa", 0.8), ("ip", "198.51.100.4", 0.9), ("device", "dev-11ee42", 0.3)),
        95.0,
    ),
    Plan(
        "ring-9b44",
        9,
        "organisation",
        0.66,
        "lead",
        (
            ("organisation", "org-northwind", 1.0),
            ("email_domain", "northwind.example", 1.0),
            ("ip", "192.0.2.80", 1.0),
        ),
        30.0,
    ),
    Plan(
        "ring-c815", 6, "shared_infrastructure", 0.71, "not_attributable", (("ip", "2001:db8::42", 1.0),), 8.0
    ),
    Plan("ring-0e6d", 2, "coincidence", 0.44, "not_attributable", (("device", "dev-stock-9000", 1.0),), 3.0),
)
LONERS = 10


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
    evidence, links = _links(rosters, holdings)
    tables = {
        "holdings": holdings,
        "evidence": evidence,
        "links": links,
        "rings": _rings(rosters, signals["usage"]),
        "members": _members(rosters, rng),
        "matrix": _matrix(),
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


def _links(rosters: dict[str, list[str]], holdings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    held: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for row in holdings.iter_rows(named=True):
        held.setdefault(row["account_id"], {})[(row["signal"], row["value"])] = row
    counts = holdings.group_by("signal", "value").len()
    holders = {(signal, value): n for signal, value, n in counts.iter_rows()}
    pieces: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    pairs = [
        pair
        for ring, accounts in rosters.items()
        if ring
        for pair in itertools.combinations(sorted(accounts), 2)
    ]
    for a, b in pairs:
        found = [_piece(a, b, held, key, holders) for key in sorted(held[a].keys() & held[b].keys())]
        if found:
            found.append(_likeness(a, b, -0.3))
            pieces += found
            links.append(_link(a, b, found))
    # One link leads out of a ring, to an account in none.
    outside = _likeness(rosters[TOP][0], rosters[""][0], 0.9)
    pieces.append(outside)
    links.append(_link(rosters[TOP][0], rosters[""][0], [outside]))
    return pl.DataFrame(pieces, infer_schema_length=None), pl.DataFrame(links)


def _probability(log10_odds: float) -> float:
    return float(1 / (1 + 10**-log10_odds))


def _link(a: str, b: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    best = {g: max((p["log10_lr"] for p in found if p["group"] == g), default=0.0) for g in GROUPS}
    seen: set[str] = set()
    for piece in sorted(found, key=lambda p: -p["log10_lr"]):
        piece["used"] = piece["group"] not in seen
        seen.add(piece["group"])
    total = sum(best.values())
    return {
        "account_a": a,
        "account_b": b,
        "probability": _probability(PRIOR + total),
        "low": _probability(PRIOR + total - 0.5),
        "high": _probability(PRIOR + total + 0.5),
        "log10_lr": total,
        **{f"log10_lr_{g}": lr for g, lr in best.items()},
        "log10_prior_odds": PRIOR,
    }


def _piece(a: str, b: str, held: Any, key: tuple[str, str], holders: dict[Any, int]) -> dict[str, Any]:
    one, other = held[a][key], held[b][key]
    timed = one["first_seen"] is not None
    return {
        "account_a": a,
        "account_b": b,
        "group": SIGNAL[key[0]].group,
        "signal": key[0],
        "value": key[1],
        "kind": one["kind"],
        "log10_lr": LR[key[0]],
        "holders": holders[key],
        "entities": 1.0,
        "gap_seconds": abs((one["first_seen"] - other["first_seen"]).total_seconds()) if timed else None,
        "row_a": one["first_row"],
        "row_b": other["first_row"],
        "reason": f"both used the same {key[0]}, which {holders[key]} accounts hold",
    }


def _likeness(a: str, b: str, log10_lr: float) -> dict[str, Any]:
    return {
        "account_a": a,
        "account_b": b,
        "group": "timing",
        "signal": "creation",
        "value": None,
        "kind": None,
        "log10_lr": log10_lr,
        "holders": None,
        "entities": None,
        "gap_seconds": 5400.0,
        "row_a": None,
        "row_b": None,
        "reason": "created on different days",
    }


def _rings(rosters: dict[str, list[str]], usage: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for plan in PLANS:
        used = usage.filter(pl.col("account_id").is_in(rosters[plan.ring_id]))
        rest = [h for h in HYPOTHESES if h != plan.hypothesis]
        weights = np.array([1 / (i + 2) for i in range(len(rest))])
        others = dict(zip(rest, (1 - plan.share) * weights / weights.sum(), strict=True))
        named = plan.ring_id == TOP
        rows.append(
            {
                "ring_id": plan.ring_id,
                "size": plan.size,
                "requests": used["requests"].sum(),
                "first_seen": used["observed_at"].min(),
                "last_seen": used["observed_at"].max(),
                "hypothesis": plan.hypothesis,
                **{f"p_{h}": plan.share if h == plan.hypothesis else others[h] for h in HYPOTHESES},
                "log10_bf_low": 0.4,
                "log10_bf_high": 1.0,
                "bf_cap": 10.0,
                "operator": "Operator <b>Blue</b> & co" if named else None,
                "operator_probability": 0.62 if named else None,
                "weakest_point": IMG if named else None,
                "status": plan.status,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _members(rosters: dict[str, list[str]], rng: np.random.Generator) -> pl.DataFrame:
    rows = []
    for plan in PLANS:
        for place, account in enumerate(rosters[plan.ring_id]):
            p = 0.98 - 0.03 * place % 0.55 if plan.size > 2 else 0.45
            tier = "core" if p >= 0.9 else "probable" if p >= 0.5 else "unresolved"
            wide = float(rng.uniform(0.02, 0.1))
            rows.append((plan.ring_id, account, p, max(p - wide, 0), min(p + wide, 1), tier))
    return pl.DataFrame(
        rows, schema=["ring_id", "account_id", "probability", "low", "high", "tier"], orient="row"
    )


STATISTICS = (
    ("payers_per_account", 0.23, "accounts", "few payers stand behind many accounts"),
    ("hours_aligned", 0.91, "accounts", "the accounts work the same hours of the day"),
    ("failover_minutes", 14.0, "bans", "after a ban the same job goes on elsewhere within minutes"),
    ("variety_within", 0.42, "accounts", "one account shows little variety of work"),
    ("countries", 1.0, "accounts", "all accounts name one country"),
)


def _matrix() -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for plan in PLANS:
        prior = {f"log10_lr_{h}": -0.3 - 0.2 * j for j, h in enumerate(HYPOTHESES)}
        words = {"value": None, "n": None, "unit": "", "reason": "how often each kind is expected"}
        rows.append({"ring_id": plan.ring_id, "statistic": "prior", **prior, **words})
        for i, (statistic, value, unit, reason) in enumerate(STATISTICS):
            lr = {
                f"log10_lr_{h}": round(0.9 * float(np.cos(1.3 * i + j)) if h != plan.hypothesis else 0.8, 2)
                for j, h in enumerate(HYPOTHESES)
            }
            rows.append(
                {
                    "ring_id": plan.ring_id,
                    "statistic": statistic,
                    "value": value,
                    "n": plan.size,
                    "unit": unit,
                    **lr,
                }
                | {"reason": reason}
            )
    return pl.DataFrame(rows, infer_schema_length=None)

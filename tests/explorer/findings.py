"""The links, rings and members of the hand-made run, and what is said of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl

from graphattr.records import GROUPS, HYPOTHESES, SIGNAL

from .plans import IMG, LR, PLANS, PRIOR, TOP


def links_of(rosters: dict[str, list[str]], holdings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
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


def rings_of(rosters: dict[str, list[str]], usage: pl.DataFrame) -> pl.DataFrame:
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


def members_of(rosters: dict[str, list[str]], rng: np.random.Generator) -> pl.DataFrame:
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


def matrix() -> pl.DataFrame:
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

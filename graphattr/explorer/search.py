"""One search for an account, a value (IP, device, instrument ...), an operator or a ring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

import polars as pl

from graphattr.explorer.queries import rings
from graphattr.explorer.runs import Run

_MOST = 20


@dataclass(frozen=True)
class Hit:
    """Something found.

    Attributes:
        kind: account, operator, ring, or a signal's name.
        text: the account, operator, ring or value found.
        rings: ids of the rings it stands in, the heaviest first; empty if in none.
    """

    kind: str
    text: str
    rings: tuple[str, ...]


@lru_cache(maxsize=64)
def search(run: Run, text: str) -> tuple[Hit, ...]:
    """What a text names: exact matches if any, else what contains it. At most 20, in a fixed order."""
    wanted = _canonical(text)
    if not wanted:
        return ()
    return _find(run, wanted, exact=True) or _find(run, wanted, exact=False)


def _canonical(text: str) -> str:
    trimmed = text.strip()
    try:
        return str(ip_address(trimmed))
    except ValueError:
        return trimmed


def _find(run: Run, wanted: str, *, exact: bool) -> tuple[Hit, ...]:
    def match(column: str) -> pl.Expr:
        return pl.col(column) == wanted if exact else pl.col(column).str.contains(wanted, literal=True)

    weight = rings(run).select("ring_id", "operator").with_row_index("rank").lazy()
    members = run.scan("members").select("account_id", "ring_id")
    found: list[Hit] = []
    for kind, column in (("ring", "ring_id"), ("operator", "operator")):
        named = weight.filter(match(column)).select(pl.col(column).alias("text"), "ring_id", "rank")
        found += _fold(named, kind)
    accounts = run.signals("accounts")
    known = members.select("account_id") if accounts is None else accounts.select("account_id")
    placed = (
        known.filter(match("account_id"))
        .join(members, on="account_id", how="left")
        .join(weight, on="ring_id", how="left")
    )
    found += _fold(placed.select("ring_id", "rank", text="account_id"), "account")
    held = run.scan("holdings").filter(match("value")).join(members, on="account_id", how="left")
    values = (
        held.join(weight, on="ring_id", how="left")
        .select("signal", "ring_id", "rank", text="value")
        .collect()
    )
    for (signal,), rows in values.partition_by("signal", as_dict=True).items():
        if signal != "ip_prefix":
            found += _fold(rows.lazy(), str(signal))
    return tuple(found[:_MOST])


def _fold(rows: pl.LazyFrame, kind: str) -> list[Hit]:
    table = (
        rows.unique(["text", "ring_id"])
        .sort("text", "rank", nulls_last=True)
        .group_by("text", maintain_order=True)
        .agg(pl.col("ring_id").drop_nulls())
        .sort(pl.col("ring_id").list.len() == 0, "text")
        .head(_MOST)
        .collect()
    )
    return [Hit(kind, text, tuple(ids)) for text, ids in table.iter_rows()]

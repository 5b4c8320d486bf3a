"""Reading what bears on two accounts out of a run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from graphattr.errors import InputError, RunError
from graphattr.evidence.case import Case, read_facts, rows
from graphattr.records import RunPaths


def pair_case(run: Path, a: str, b: str) -> Case:
    """The case of two accounts (a < b).

    Its tables: their evidence and holdings; every link of either; all members of their rings; the `account_id` of
    every account, and of `usage` the requests summed by account.

    Raises:
        RunError: the run is unfinished or lacks a table.
        InputError: the two are one, or the run does not know an account.
    """
    facts = read_facts(run)
    if a == b:
        raise InputError(f"{a!r} was given twice", "two different accounts")
    both = [a, b]
    accounts = _signal(run, "accounts").select("account_id").collect()
    unknown = sorted(set(both) - set(accounts.filter(pl.col("account_id").is_in(both))["account_id"]))
    if unknown:
        raise InputError(
            f"the run knows no account {', '.join(map(repr, unknown))}", "an account_id of its signals"
        )
    pair = (pl.col("account_a") == a) & (pl.col("account_b") == b)
    rings = rows(run, "members", pl.col("account_id").is_in(both))["ring_id"].unique().sort().to_list()
    tables = {
        "links": rows(run, "links", pl.col("account_a").is_in(both) | pl.col("account_b").is_in(both)),
        "evidence": rows(run, "evidence", pair),
        "holdings": rows(run, "holdings", pl.col("account_id").is_in(both)),
        "members": rows(run, "members", pl.col("ring_id").is_in(rings)),
        "signals/accounts": accounts,
    }
    if (RunPaths(run).signals / "usage.parquet").is_file():
        tables["signals/usage"] = _requests(_signal(run, "usage"))
    return Case(tuple(rings), "full", tables, facts)


def _requests(usage: pl.LazyFrame) -> pl.DataFrame:
    each = pl.col("requests") if "requests" in usage.collect_schema() else pl.lit(None, pl.Int64)
    # As floats: a number of requests may be as large as the table's type, and the sum larger.
    total = each.fill_null(1).cast(pl.Float64).sum().alias("requests")
    return usage.group_by("account_id").agg(total).sort("account_id").collect(engine="streaming")


def _signal(run: Path, table: str) -> pl.LazyFrame:
    path = RunPaths(run).signals / f"{table}.parquet"
    try:
        frame = pl.scan_parquet(path, glob=False)
        frame.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RunError(f"cannot read {path}: {error}", "a table of a finished run") from error
    return frame

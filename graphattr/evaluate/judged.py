"""A run beside the truth: who is wrongly in a ring, who is innocent, what each ring really is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from graphattr.errors import InputError
from graphattr.evaluate.files import read, result
from graphattr.evaluate.partition import codes

_COLUMNS: Final = ("account_id", "controller", "kind", "innocent", "operator")


@dataclass(frozen=True)
class Judged:
    """A run beside the truth.

    Attributes:
        accounts: one row an account of the truth, by account_id: account_id, controller, kind, innocent,
            operator, stratum, ring_id (null: in no ring), probability, tier, status, label (of the ring or
            of the account alone), owner (label of the controller), and `wrong`: in a ring, and not of its
            largest controller.
        rings: one row a ring: the columns of the run, and of the truth: accounts, wrong, innocent, kind
            (null: no kind has most accounts), name (of its largest controller).
        links: the run's links with `same`, whether one entity controls both accounts, and each end's stratum
            and owner (label of the controller).
    """

    accounts: pl.DataFrame
    rings: pl.DataFrame
    links: pl.DataFrame


def judge(run: Path, truth: Path, by: str) -> Judged:
    """Reads a finished run and the truth.

    Args:
        run: run folder.
        truth: truth.parquet as `graphattr simulate` writes it (or CSV): account_id, controller, kind,
            innocent, operator, and the column `by`.
        by: column of the truth that names the stratum.

    Raises:
        RunError: the run is unfinished, or a table of it is unreadable.
        InputError: the truth is unreadable, lacks a column, has an account twice, or not all accounts of the
            run.
    """
    known = read(truth, tuple(dict.fromkeys((*_COLUMNS, by))))
    known = known.with_columns(
        pl.col("innocent").cast(pl.String).str.to_lowercase() == "true", stratum=pl.col(by).cast(pl.String)
    )
    if known["account_id"].is_duplicated().any():
        raise InputError(f"{truth.name} has an account more than once", "one row an account")
    members, rings, links = (result(run, table) for table in ("members", "rings", "links"))
    seen = pl.concat([members["account_id"], links["account_a"], links["account_b"]]).unique()
    strangers = seen.filter(~seen.is_in(known["account_id"].implode()))
    if len(strangers):
        raise InputError(
            f"{len(strangers)} accounts of the run are not in {truth.name}",
            "the truth of the same signals",
            "name the truth.parquet that was written beside them",
        )
    accounts = _accounts(known.sort("account_id"), members, rings)
    return Judged(accounts, _rings(rings, accounts), _links(links, accounts))


def _accounts(known: pl.DataFrame, members: pl.DataFrame, rings: pl.DataFrame) -> pl.DataFrame:
    placed = known.join(
        members.select("account_id", "ring_id", "probability", "tier"),
        on="account_id",
        how="left",
        maintain_order="left",
    ).join(rings.select("ring_id", "status"), on="ring_id", how="left", maintain_order="left")
    owner = placed["controller"].rank("dense").cast(pl.Int64)
    placed = placed.with_columns(label=pl.Series(codes(members, placed["account_id"])), owner=owner)
    largest = (
        placed.filter(pl.col("ring_id").is_not_null())
        .group_by("ring_id", "owner")
        .len()
        .sort("ring_id", "len", "owner", descending=[False, True, False])
        .group_by("ring_id", maintain_order=True)
        .first()
        .select("ring_id", largest="owner")
    )
    wrong = (pl.col("ring_id").is_not_null() & (pl.col("owner") != pl.col("largest"))).fill_null(False)
    return placed.join(largest, on="ring_id", how="left", maintain_order="left").with_columns(wrong=wrong)


def _rings(rings: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    held = accounts.filter(pl.col("ring_id").is_not_null())
    count = held.group_by("ring_id").agg(
        accounts=pl.len(), wrong=pl.col("wrong").sum(), innocents=pl.col("innocent").sum()
    )
    names = (
        held.filter(~pl.col("wrong")).group_by("ring_id").agg(name=pl.col("operator").drop_nulls().first())
    )
    joined = rings.join(count, on="ring_id").join(_kinds(held), on="ring_id", how="left")
    return joined.join(names, on="ring_id", how="left").sort("ring_id")


def _kinds(held: pl.DataFrame) -> pl.DataFrame:
    """What each ring really is: the hypothesis that is true of most of its accounts, null if two are level.

    Independent accounts with one controller in the majority are a person's own several (single_operator);
    without, their being together is a coincidence.
    """
    alone = pl.col("kind") == "independent"
    one = (pl.len().over("ring_id", "owner") * 2) > pl.len().over("ring_id")
    meant = pl.when(alone & one).then(pl.lit("single_operator")).when(alone).then(pl.lit("coincidence"))
    counts = held.with_columns(meant=meant.otherwise("kind")).group_by("ring_id", "meant").len()
    most = counts.filter(pl.col("len") == pl.col("len").max().over("ring_id"))
    single = most.filter(pl.len().over("ring_id") == 1)
    return single.select("ring_id", kind="meant")


def _links(links: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    end = accounts.select("account_id", "owner", "stratum")
    joined = links.select("account_a", "account_b", "probability", "log10_lr")
    for side in ("a", "b"):
        renamed = end.rename(
            {"account_id": f"account_{side}", "owner": f"owner_{side}", "stratum": f"stratum_{side}"}
        )
        joined = joined.join(renamed, on=f"account_{side}", maintain_order="left")
    return joined.with_columns(same=pl.col("owner_a") == pl.col("owner_b"))

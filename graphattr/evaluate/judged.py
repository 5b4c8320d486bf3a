"""A run beside the truth: who is wrongly in a ring, who is innocent, what each ring really is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from graphattr.errors import InputError, RunError, SettingsError
from graphattr.evaluate.files import known_operators, read, result
from graphattr.evaluate.partition import codes
from graphattr.evaluate.pieces import inside
from graphattr.records import UTC, RunPaths

_COLUMNS: Final = ("account_id", "controller", "kind", "innocent", "operator")
#: A column that a truth may have: when the controller bought the account.
_BOUGHT: Final = "controlled_since"
#: Strata beyond this are no strata: a column of ids was named.
MAX_STRATA: Final = 100
#: Of a ring that has as many accounts of one stratum as of another.
MIXED: Final = "(mixed)"
#: Of an account whose stratum the truth leaves empty.
NONE: Final = "(none)"


@dataclass(frozen=True)
class Judged:
    """A run beside the truth.

    Attributes:
        accounts: one row an account of the truth, by account_id: account_id, controller, kind, innocent,
            operator, stratum, ring_id (null: in no ring), probability, low, high, tier, status, said (the
            ring's operator), label (of the ring or of the account alone), owner (label of the controller,
            from 1), right, wrong and belongs (0 outside rings; see `right`), known (its operator's name stands in the
            run's labels), linked and largest (see `pieces.inside`), bought (when its controller bought it; null: it
            did not), since (from when on the run has it in its ring's hands; null: from its opening on) and handed
            (whether the truth says who bought what).
        rings: one row a ring, by ring_id: the columns of the run, and of the truth: accounts, wrong,
            innocents, kind (null: no kind has most accounts), name (of its largest controller; null where it
            has none or two are level), owner (of its largest controller, the first of several), stratum (of
            most of its accounts, or MIXED).
        links: the run's links with `same`, whether one entity controls both accounts, and each end's stratum
            and owner.
        strata: names of the strata of the accounts, sorted.
    """

    accounts: pl.DataFrame
    rings: pl.DataFrame
    links: pl.DataFrame
    strata: list[str]


def judge(run: Path, truth: Path, by: str) -> Judged:
    """Reads a finished run and the truth.

    Args:
        run: run folder.
        truth: truth.parquet as `graphattr simulate` writes it (or CSV): account_id, controller, kind,
            innocent, operator, and the column `by`; others are left alone.
        by: column of the truth that names the stratum.

    Raises:
        RunError: the run is unfinished, or a table of it is unreadable or holds what is no number.
        InputError: the truth is unreadable, lacks a column or a value, has an account twice, or not all
            accounts of the run.
        SettingsError: `by` has more than MAX_STRATA values.
    """
    known = _truth(truth, by)
    members, rings, links = (result(run, table) for table in ("members", "rings", "links"))
    _check_numbers(members, "members", ("probability", "low", "high"))
    _check_numbers(links, "links", ("probability", "log10_lr", "log10_prior_odds"))
    seen = pl.concat([members["account_id"], links["account_a"], links["account_b"]]).unique()
    strangers = seen.filter(~seen.is_in(known["account_id"].implode()))
    if len(strangers):
        raise InputError(
            f"{len(strangers)} accounts of the run are not in {truth.name}",
            "the truth of the same signals",
            "name the truth.parquet that was written beside them",
        )
    accounts = _hands(_accounts(known, members, rings), run)
    ends = _links(links, accounts)
    named = pl.col("operator").is_in(known_operators(run)).fill_null(False)
    accounts = inside(accounts.with_columns(known=named), ends)
    strata = sorted(accounts["stratum"].unique().to_list())
    return Judged(accounts, _rings(rings, accounts), ends, strata)


def _truth(path: Path, by: str) -> pl.DataFrame:
    columns = tuple(dict.fromkeys((*_COLUMNS, by)))
    optional = tuple(name for name in (_BOUGHT,) if name not in columns)
    known = read(path, columns, optional=optional).with_columns(pl.col(columns).cast(pl.String))
    for name in ("account_id", "controller", "kind", "innocent"):
        if known[name].null_count():
            raise InputError(f"{known[name].null_count()} rows of {path.name} have no {name}", "one each")
    if known["account_id"].is_duplicated().any():
        raise InputError(f"{path.name} has an account more than once", "one row an account")
    innocent = known["innocent"].str.to_lowercase()
    other = innocent.filter(~innocent.is_in(["true", "false"]))
    if len(other):
        raise InputError(f"{path.name} has {other[0]!r} in the column innocent", "true or false")
    if known[by].n_unique() > MAX_STRATA:
        raise SettingsError(
            f"the column {by} has {known[by].n_unique():,} different values",
            f"at most {MAX_STRATA} strata",
            "name a column of groups, such as kind or mechanism",
        )
    # "all" is the name of the figures over everything.
    stratum = pl.when(pl.col(by) == "all").then(pl.lit("(all)")).otherwise(by).fill_null(NONE)
    return known.with_columns(stratum=stratum, innocent=innocent == "true").sort("account_id")


def _hands(accounts: pl.DataFrame, run: Path) -> pl.DataFrame:
    """The accounts with `bought`, `since` and `handed`."""
    path, handed = RunPaths(run).spans, _BOUGHT in accounts.columns
    bought = accounts[_BOUGHT] if handed else pl.Series([None] * accounts.height, dtype=UTC)
    if bought.dtype == pl.String:  # of a CSV file
        bought = bought.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    accounts = accounts.with_columns(bought=bought, handed=pl.lit(handed))
    if not path.is_file():
        return accounts.with_columns(since=pl.lit(None, UTC))
    since = read(path, ("account_id", "since"), RunError)
    return accounts.join(since, on="account_id", how="left", maintain_order="left")


def _check_numbers(frame: pl.DataFrame, table: str, columns: tuple[str, ...]) -> None:
    for name in columns:
        bad = frame.height - int(frame[name].is_finite().fill_null(False).sum())
        if bad:
            raise RunError(
                f"{bad} rows of {table}.parquet have no finite {name}", "a number", "run the signals again"
            )


def _accounts(known: pl.DataFrame, members: pl.DataFrame, rings: pl.DataFrame) -> pl.DataFrame:
    placed = known.join(
        members.select("account_id", "ring_id", "probability", "low", "high", "tier"),
        on="account_id",
        how="left",
        maintain_order="left",
    ).join(
        rings.select("ring_id", "status", said="operator"), on="ring_id", how="left", maintain_order="left"
    )
    owner = placed["controller"].rank("dense").cast(pl.Int64)
    placed = placed.with_columns(label=pl.Series(codes(members, placed["account_id"])), owner=owner)
    return right(placed)


def right(placed: pl.DataFrame) -> pl.DataFrame:
    """Adds right and wrong: in a ring, is the account of the ring's largest controller? And belongs.

    Where t controllers are level at the top, each of their accounts is right by 1/t: no tie is broken, and the
    sum of `wrong` over a ring is its size less its largest controller all the same. Of a ring in which no
    controller has two accounts one is right by that rule, although nobody in it shares a controller: `belongs`
    is `right`, but 0 in such a ring.
    """
    held = pl.col("ring_id").is_not_null()
    of, most = pl.col("of"), pl.col("of").max().over("ring_id")
    level = (of == most).sum().over("ring_id") / most
    shared = pl.when(most > 1).then("right").otherwise(0.0)
    return (
        placed.with_columns(of=pl.len().over("ring_id", "owner"))
        .with_columns(right=pl.when(held & (of == most)).then(1.0 / level).otherwise(0.0))
        .with_columns(wrong=pl.when(held).then(1.0 - pl.col("right")).otherwise(0.0))
        .with_columns(belongs=shared)
        .drop("of")
    )


def _rings(rings: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    held = accounts.filter(pl.col("ring_id").is_not_null())
    top = held.filter(pl.col("right") > 0)
    facts = held.group_by("ring_id").agg(
        accounts=pl.len(), wrong=pl.col("wrong").sum(), innocents=pl.col("innocent").sum()
    )
    largest = top.group_by("ring_id").agg(
        owner=pl.col("owner").min(),
        name=pl.when(pl.col("owner").n_unique() == 1).then(pl.col("operator").drop_nulls().first()).first(),
    )
    joined = rings.join(facts, on="ring_id").join(largest, on="ring_id")
    joined = joined.join(_most(held, _meant(), "kind"), on="ring_id", how="left")
    joined = joined.join(_most(held, pl.col("stratum"), "stratum"), on="ring_id", how="left")
    return joined.with_columns(pl.col("stratum").fill_null(MIXED)).sort("ring_id")


def _meant() -> pl.Expr:
    """The hypothesis that is true of an account in its ring.

    Independent accounts with one controller in the majority are a person's own several (single_operator);
    without, their being together is a coincidence.
    """
    alone = pl.col("kind") == "independent"
    one = (pl.len().over("ring_id", "owner") * 2) > pl.len().over("ring_id")
    meant = pl.when(alone & one).then(pl.lit("single_operator")).when(alone).then(pl.lit("coincidence"))
    return meant.otherwise("kind")


def _most(held: pl.DataFrame, value: pl.Expr, name: str) -> pl.DataFrame:
    """The value that most accounts of each ring have; no row for a ring where two are level."""
    counts = held.with_columns(value.alias(name)).group_by("ring_id", name).len()
    most = counts.filter(pl.col("len") == pl.col("len").max().over("ring_id"))
    return most.filter(pl.len().over("ring_id") == 1).select("ring_id", name)


def _among_links() -> pl.Expr:
    """log10 likelihood ratio of a link among links: its posterior odds over those that the run gives its links in all.

    The published ratio is against all pairs of accounts. But only pairs that are likely enough are published, and to
    be among them says most of what the ratios of the unlikeliest say.
    """
    mean = pl.col("probability").mean()
    known = pl.when((mean > 0) & (mean < 1)).then((mean / (1 - mean)).log10()).otherwise(0.0)
    return pl.col("log10_lr") + pl.col("log10_prior_odds") - known


def _links(links: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    end = accounts.select("account_id", "owner", "stratum")
    joined = links.select("account_a", "account_b", "probability", log10_lr=_among_links())
    for side in ("a", "b"):
        renamed = end.rename(
            {"account_id": f"account_{side}", "owner": f"owner_{side}", "stratum": f"stratum_{side}"}
        )
        joined = joined.join(renamed, on=f"account_{side}", how="left", maintain_order="left")
    return joined.with_columns(same=pl.col("owner_a") == pl.col("owner_b"))

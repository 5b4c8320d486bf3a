"""Worlds with a known truth, read as a run reads them, and the pairs drawn from them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.errors import InputError
from graphattr.links.index import Index
from graphattr.links.likeness import compared
from graphattr.links.pieces import Candidates
from graphattr.links.profiles import Profiles, profiles
from graphattr.links.score import score, traits
from graphattr.pipeline.grouping import Signals, find_pairs, write_holdings
from graphattr.rings.group import resolve
from graphattr.rings.guards import vetoes
from graphattr.settings import Settings
from loaders import LoadError, load
from loaders.schema import TABLES as CONTRACT
from models import AdditiveModel

Whole = NDArray[np.int64]

#: Tables that a world is also seen without, so that a missing one is no evidence.
OPTIONAL: Final = ("payments", "ips", "devices", "usage", "events")
#: In how many ways `variants` shows a world.
VIEWS: Final = 4
#: Chance of a column to be left empty in such a view.
BLANKS: Final = 0.5


#: Columns that a world is also seen without: what an account holds a value of stays.
_KEPT: Final = ("ip", "ip_id", "template_id", "requests", "actor_id", "event")
BLANKABLE: Final = tuple(
    f"{table}.{column.name}"
    for table in OPTIONAL
    for column in CONTRACT[table].columns
    if not column.required and column.name not in (CONTRACT[table].time, *_KEPT)
)


@dataclass(frozen=True)
class World:
    """Signals, with or without some of their tables and columns.

    Attributes:
        signals: signal folder.
        without: tables left out.
        blank: columns left empty, as "table.column".
    """

    signals: Path
    without: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A world, read as a run reads it."""

    index: Index
    found: Candidates
    profiles: Profiles
    entities: Whole
    labels: pl.DataFrame | None


def variants(signals: Path, number: int) -> list[World]:
    """A world as it is, without one table, without two or three, and with half of the columns that few providers keep.

    Which tables and columns goes by its number.
    """
    generator = np.random.default_rng(number)
    several = generator.choice(len(OPTIONAL), int(generator.integers(2, 4)), replace=False)
    one = OPTIONAL[number % len(OPTIONAL)]
    return [
        World(signals),
        World(signals, (one,)),
        World(signals, tuple(OPTIONAL[place] for place in sorted(several.tolist()))),
        World(signals, blank=tuple(name for name in BLANKABLE if generator.random() < BLANKS)),
    ]


def see(world: World, model: AdditiveModel, settings: Settings) -> Seen:
    """Loads a world and resolves its accounts, as a run with that model would."""
    with tempfile.TemporaryDirectory(prefix="graphattr-train-") as name:
        out = Path(name)
        source = _without(world, out)
        try:
            loaded = load(str(source), out / "run", max_bad_share=settings.load.max_bad_share)
        except LoadError as error:
            raise InputError(error.got, error.expected, error.hint) from error
        tables = {table: out / "run" / "signals" / f"{table}.parquet" for table in loaded.tables}
        _blank(tables, world.blank)
        signals = Signals(tables, frozenset(loaded.timeless), out / "run" / "signals" / "lists.parquet")
        holdings = out / "holdings.parquet"
        write_holdings(signals, holdings)
        index, found = find_pairs(signals, holdings, settings.links)
        seen = compared(profiles(index, tables, signals.timeless, holdings), settings.seed)
        labels = pl.read_parquet(tables["labels"]) if "labels" in tables else None
        veto = vetoes(index, None)
    of_pair = traits(seen, found, index, model)
    entities = np.arange(index.size)
    for _ in range(settings.links.passes):
        scored = score(index, found, of_pair, entities, model, settings.links)
        entities = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
    return Seen(index, found, seen, entities, labels)


def _blank(tables: dict[str, Path], names: tuple[str, ...]) -> None:
    """Empties the columns in the canonical tables."""
    for table, path in tables.items():
        columns = [name.removeprefix(f"{table}.") for name in names if name.startswith(f"{table}.")]
        if columns:
            frame = pl.read_parquet(path)
            nothing = [pl.lit(None, frame.schema[column]).alias(column) for column in columns]
            frame.with_columns(nothing).write_parquet(path)


def _without(world: World, out: Path) -> Path:
    """The signal folder, or a copy of it without those tables."""
    if not world.without:
        return world.signals
    unwanted = [f"{table}{ending}" for table in world.without for ending in ("", ".*")]
    return shutil.copytree(world.signals, out / "signals", ignore=shutil.ignore_patterns(*unwanted))


@dataclass(frozen=True)
class Truth:
    """What is known of an index's accounts, by account number.

    Attributes:
        controller: number of the controller, -1 where it is not known, shape (N,).
        stratum: kind of account, "" where it is not known, shape (N,).
    """

    controller: Whole
    stratum: NDArray[np.str_]


def read_truth(path: Path, accounts: pl.Series) -> Truth:
    """The truth of the accounts: account_id and controller, and `kind` where the file has it.

    Raises:
        InputError: the file is unreadable, lacks a column or names an account twice, or names none of the accounts.
    """
    try:
        known = pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)
        kind = pl.col("kind").cast(pl.String) if "kind" in known.columns else pl.lit("")
        known = known.select(pl.col("account_id", "controller").cast(pl.String), kind=kind)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"cannot read account_id and controller from {path.name}",
            "the truth of the signals, Parquet or CSV",
            f"look at {path}",
        ) from error
    return _truth(known, accounts, path.name)


def read_labels(labels: pl.DataFrame, accounts: pl.Series) -> Truth:
    """The truth that labels tell: an operator's name is a controller, a verified account is its own.

    Raises:
        InputError: the labels name none of the accounts.
    """
    rows = labels.select("account_id", "operator").unique()
    rows = rows.filter(pl.len().over("account_id") == 1)  # contradicted labels bind nobody
    known = rows.select(
        "account_id",
        controller=pl.coalesce(
            pl.lit("operator ") + pl.col("operator"), pl.lit("account ") + pl.col("account_id")
        ),
        kind=pl.when(pl.col("operator").is_null()).then(pl.lit("verified")).otherwise(pl.lit("labelled")),
    )
    return _truth(known, accounts, "the table of labels")


def _truth(known: pl.DataFrame, accounts: pl.Series, name: str) -> Truth:
    if known["account_id"].is_duplicated().any():
        raise InputError(f"{name} names an account more than once", "one row an account")
    known = known.with_columns(number=pl.col("controller").rank("dense").cast(pl.Int64))
    joined = (
        accounts.alias("account_id")
        .to_frame()
        .join(known, on="account_id", how="left", maintain_order="left")
    )
    if joined["number"].null_count() == joined.height:
        raise InputError(
            f"{name} names none of the accounts of its signals", "the truth written beside the signals"
        )
    controller = joined["number"].fill_null(-1).to_numpy().astype(np.int64)
    return Truth(controller, joined["kind"].fill_null("").to_numpy().astype(np.str_))

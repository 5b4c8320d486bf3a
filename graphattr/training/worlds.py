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
from graphattr.links.hope import hopeful
from graphattr.links.index import Index
from graphattr.links.likeness import compared
from graphattr.links.pieces import CandidatePairs
from graphattr.links.profiles import Profiles, profiles
from graphattr.links.score import score
from graphattr.pipeline.grouping import HOPELESS, find_pairs, write_holdings
from graphattr.pipeline.reading import read_signals
from graphattr.rings.group import resolve
from graphattr.rings.guards import vetoes
from graphattr.settings import Settings
from loaders.schema import TABLES as CONTRACT
from models import AdditiveModel

Whole = NDArray[np.int64]

#: Tables that a world is also seen without, so that a missing one is no evidence.
OPTIONAL: Final = ("payments", "ips", "devices", "usage", "events")
#: In how many ways `variants` shows a world.
VIEWS: Final = 4
#: Chance of a column to be left empty in such a view.
BLANKS: Final = 0.5
#: Accounts that such a view of a larger world shows, so that a training's time does not go by the number of views.
PART: Final = 20_000


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
        most: about how many accounts are seen at most, those of whole controllers; None for all.
        draw: which of the controllers these are.
    """

    signals: Path
    without: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    most: int | None = None
    draw: int = 0


@dataclass(frozen=True)
class Seen:
    """A world, read as a run reads it."""

    index: Index
    found: CandidatePairs
    profiles: Profiles
    entities: Whole
    labels: pl.DataFrame | None


def variants(signals: Path, number: int) -> list[World]:
    """A world as it is, without one table, without two or three, and with half of the columns that few providers keep.

    Which tables and columns goes by its number. All but the first show `PART` accounts of it at most.
    """
    generator = np.random.default_rng(number)
    several = generator.choice(len(OPTIONAL), int(generator.integers(2, 4)), replace=False)
    one = OPTIONAL[number % len(OPTIONAL)]
    return [
        World(signals),
        World(signals, (one,), (), PART, 1),
        World(signals, tuple(OPTIONAL[place] for place in sorted(several.tolist())), (), PART, 2),
        World(signals, (), tuple(name for name in BLANKABLE if generator.random() < BLANKS), PART, 3),
    ]


def see(world: World, model: AdditiveModel, settings: Settings, truth: Path | None = None) -> Seen:
    """Loads a world and resolves its accounts, as a run with that model would.

    Args:
        world: what to look at.
        model: what scores the pairs.
        settings: of the run.
        truth: who controls which account, by which a part of a world is drawn; None: its labels say.
    """
    with tempfile.TemporaryDirectory(prefix="graphattr-train-") as name:
        out = Path(name)
        source = _without(world, out)
        signals = read_signals(source, out / "run", settings.load)
        tables = signals.tables
        labels = pl.read_parquet(tables["labels"]) if "labels" in tables else None
        if world.most is not None:
            _thin(tables, world.most, truth, labels, world.draw)
        _blank(tables, world.blank)
        holdings = out / "holdings.parquet"
        write_holdings(signals, holdings)
        index, found = find_pairs(signals, holdings, settings.links)
        seen = compared(profiles(index, tables, signals.timeless, holdings), settings.seed)
    return Seen(index, found, seen, _resolved(index, found, seen, model, settings), labels)


def _resolved(
    index: Index, pairs: CandidatePairs, seen: Profiles, model: AdditiveModel, settings: Settings
) -> Whole:
    """Entity of each account, as a run finds it."""
    veto, least = vetoes(index, None), settings.links.min_probability * HOPELESS
    some = hopeful(index, pairs, seen, model, settings.links, least, estimate=False)
    entities = np.arange(index.size)
    for _ in range(settings.links.passes):
        scored = score(index, some.found, some.traits, entities, model, settings.links)
        entities = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
    return entities


def _thin(
    tables: dict[str, Path], most: int, truth: Path | None, labels: pl.DataFrame | None, draw: int
) -> None:
    """Leaves about so many accounts in the canonical tables, those of controllers drawn at random."""
    accounts = pl.read_parquet(tables["accounts"], columns=["account_id"])["account_id"]
    if len(accounts) <= most:
        return
    controller = np.full(len(accounts), -1)
    if truth is not None:
        controller = read_truth(truth, accounts).controller
    elif labels is not None:
        controller = read_labels(labels, accounts).controller
    # An account whose controller is not known stands for itself.
    _, owner = np.unique(
        np.where(controller < 0, -1 - np.arange(len(accounts)), controller), return_inverse=True
    )
    order = np.random.default_rng(draw).permutation(owner.max() + 1)
    few = int(np.searchsorted(np.cumsum(np.bincount(owner)[order]), most, "right"))
    kept = accounts.filter(pl.Series(np.isin(owner, order[: max(few, 1)])))
    for path in tables.values():
        frame = pl.read_parquet(path)
        frame.filter(pl.col("account_id").is_in(kept.implode())).write_parquet(path)


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

"""Small worlds: canonical tables on disk, indexes in memory, and scored pairs made by hand."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.holdings import OCCASIONS
from graphattr.links.index import Index
from graphattr.links.pieces import PIECES, Candidates
from graphattr.links.profiles import Profiles
from graphattr.links.score import Scored, Traits, score, traits
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from loaders.schema import TABLES
from models import AdditiveModel

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
Value = tuple[str, str]


class Held(NamedTuple):
    """One holder of a value: account number, first and last use in seconds (None: timeless)."""

    account: int
    first: int | None = None
    last: int | None = None
    own: bool = False
    count: int = 1


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def frame(name: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A canonical table; `row` counts from 0."""
    schema = TABLES[name].schema
    blank = dict.fromkeys(schema) | ({"requests": 1} if name == "usage" else {})
    return pl.DataFrame([{**blank, **row, "row": n} for n, row in enumerate(rows)], schema=schema)


def write(folder: Path, **tables: Sequence[Mapping[str, Any]]) -> dict[str, Path]:
    """Writes canonical tables; accounts without created_at are created at T0."""
    paths = {}
    for name, rows in tables.items():
        made = [{"created_at": T0, **row} for row in rows] if name == "accounts" else rows
        frame(name, made).write_parquet(folder / f"{name}.parquet")
        paths[name] = folder / f"{name}.parquet"
    return paths


def accounts(*ids: str) -> list[dict[str, Any]]:
    return [{"account_id": name} for name in ids]


def index_of(
    size: int,
    holders: Mapping[Value, Iterable[int | Held]],
    *,
    kinds: Mapping[Value, str] | None = None,
    hubs: Collection[Value] = (),
    listed: Collection[Value] = (),
    created: Sequence[float] | None = None,
    country: Sequence[int] | None = None,
    volume: Sequence[float] | None = None,
) -> Index:
    """An index without files: values with fewer than two holders are left out, as build_index does."""
    held = {
        value: sorted(Held(h) if isinstance(h, int) else h for h in of)
        for value, of in sorted(holders.items())
    }
    held = {value: of for value, of in held.items() if len(of) >= 2}
    t0 = int(T0.timestamp()) * 1_000_000
    kinds = kinds or {}
    values = pl.DataFrame(
        [
            (n, value[0], value[1], kinds.get(value), len(of), value in listed, value in hubs or value in listed)
            for n, (value, of) in enumerate(held.items())
        ],
        schema={
            "value": pl.UInt32, "signal": pl.String, "text": pl.String, "kind": pl.String,
            "holders": pl.Int64, "listed": pl.Boolean, "hub": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
    rows = [
        (
            h.account,
            n,
            h.own,
            None if h.first is None else t0 + h.first * 1_000_000,
            None if h.first is None else t0 + (h.first if h.last is None else h.last) * 1_000_000,
            h.count,
            100 * n + h.account,
        )
        for n, of in enumerate(held.values())
        for h in of
    ]
    schema = {
        "account": pl.UInt32, "value": pl.UInt32, "own": pl.Boolean,
        "first": pl.Int64, "last": pl.Int64, "count": pl.Int64, "row": pl.UInt64,
    }  # fmt: skip
    nothing = np.full(size, np.nan)
    return Index(
        pl.Series("account_id", names(size)),
        nothing if created is None else np.asarray(created, dtype=float),
        np.full(size, -1) if country is None else np.asarray(country, dtype=np.int64),
        nothing if volume is None else np.asarray(volume, dtype=float),
        values,
        pl.DataFrame(rows, schema=schema, orient="row"),
    )


def names(size: int) -> list[str]:
    return [f"a{n:04d}" for n in range(size)]


def occasions_of(uses: Iterable[tuple[int, Value, float]], *, timed: bool = True) -> pl.LazyFrame:
    """Uses of hub values: account number, value, second."""
    rows = [(f"a{a:04d}", value[0], value[1], at(second), timed) for a, value, second in uses]
    return pl.LazyFrame(rows, schema=OCCASIONS, orient="row")


NO_USES = occasions_of([])


def scored_of(pairs: Mapping[tuple[int, int], Mapping[str, float]], prior: float = -2.0) -> Scored:
    """Scored pairs with the given log10 ratio by group and no pieces."""
    order = sorted(pairs)
    a, b = (np.array([pair[end] for pair in order], dtype=np.int64) for end in (0, 1))
    groups = np.array([[pairs[pair].get(group, 0.0) for group in GROUPS] for pair in order]).reshape(-1, 7)
    pieces = pl.DataFrame(schema={"pair": pl.UInt32, **PIECES})
    none = Traits(np.zeros_like(groups), np.full_like(groups, -np.inf))
    return Scored(
        Candidates(a, b, pieces), prior, groups, np.empty(0), np.empty(0, np.int64), np.empty(0), none
    )


def profiles_of(index: Index) -> Profiles:
    """Profiles that hold only what the index knows: when accounts were created, and how much they used."""
    unused = np.full(index.size, np.nan)
    figures = {"creation": index.created, "volume": index.volume}
    return Profiles(figures, {}, unused, unused, None, None, np.zeros((index.size, 24)), {}, {}, {}, {})


def scores_of(
    index: Index, found: Candidates, entities: NDArray[np.int64], model: AdditiveModel, settings: LinkSettings
) -> Scored:
    """The scores of candidate pairs, likenesses of creation and volume included."""
    return score(index, found, traits(profiles_of(index), found, index, model), entities, model, settings)

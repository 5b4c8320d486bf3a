"""What each account looks like by itself: hours, sizes, models, clients, places. Pairs are compared in `likeness`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphattr.links.index import Index
from graphattr.links.ranks import Ranks
from graphattr.records import SIGNALS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Rows of an average account that a profile is shrunk by: a share out of three rows says little.
SHRINK: Final = 10.0
#: A trait that a larger share of all accounts has says nothing and is left out.
COMMON: Final = 0.5
#: Acts that accounts in one hand may share a moment of. Bans and what follows them are the provider's, not theirs.
ACTS: Final = ("key_created", "password_reset", "email_changed")
SLOT_SECONDS: Final = 3600


@dataclass(frozen=True)
class Shape:
    """Shares of an account's rows over classes (hours, models), as deviations from the average account.

    Attributes:
        direction: unit vectors of the square-root deviations, shape (N, d).
        strength: their lengths, shape (N,): how unlike the average, after shrinking; nan where there is nothing.
    """

    direction: NDArray[np.float32]
    strength: Array


@dataclass(frozen=True)
class Profiles:
    """Figures by account number, for all N accounts of an index.

    Attributes:
        figures: a figure by name, shape (N,); nan where unknown.
        shapes: by name.
        first, last: first and last use in seconds, shape (N,); nan without use.
        templates: unit vectors over prompt templates, weighted by rarity (TF-IDF), N x templates; None without usage.
        slots: whether an account was active in an hour of the observation, N x hours; None without usage.
        hours: active hours by hour of day, shape (N, 24).
        traits: N x traits by name; the value is the trait's rarity, -log10 of the share of accounts that have it.
        traited: whether the account has any such trait at all, by name, shape (N,).
        acts: (account, second) of each act by kind, sorted by second.
        has: whether an account has any value of a signal, by signal name, shape (N,).
        held: how many it has, shared or not, likewise.
        usual: by likeness, its measure over random pairs of which both sides are known, sorted (`likeness.compared`).
    """

    figures: dict[str, Array]
    shapes: dict[str, Shape]
    first: Array
    last: Array
    templates: csr_array | None
    slots: csr_array | None
    hours: Array
    traits: dict[str, csr_array]
    traited: dict[str, NDArray[np.bool_]]
    acts: dict[str, tuple[Whole, Array]]
    has: dict[str, NDArray[np.bool_]]
    held: dict[str, Whole] = field(default_factory=dict)
    usual: dict[str, Array] = field(default_factory=dict)

    @cached_property
    def ranks(self) -> dict[str, Ranks]:
        """The figures that any account has, ranked, by name."""
        return {name: Ranks(values) for name, values in self.figures.items() if np.isfinite(values).any()}


def profiles(index: Index, tables: dict[str, Path], timeless: frozenset[str], holdings: Path) -> Profiles:
    """Reads the profiles of all accounts out of the canonical tables; what no table tells is left out.

    Args:
        index: the run's index.
        tables: canonical signal tables by name.
        timeless: tables without times.
        holdings: holdings.parquet.
    """
    number = index.accounts.alias("account_id").to_frame().with_row_index("account")
    unused = np.full(index.size, np.nan)
    figures = {"creation": index.created, "volume": index.volume}
    shapes: dict[str, Shape] = {}
    first, last, hours = unused, unused, np.zeros((index.size, 24))
    templates = slots = None
    if "usage" in tables:
        usage = pl.scan_parquet(tables["usage"])
        if "usage" not in timeless:
            times = _times(usage, number)
            first, last = times["first"], times["last"]
            figures["pace"] = times["pace"]
            shapes["hours"] = _hours(usage, number)
            slots, hours = _slots(usage, number)
        figures |= _sizes(usage, number)
        shapes |= {name: _shape(usage, number, pl.col(name)) for name in ("model", "capability")}
        templates = _templates(usage, number)
    traits: dict[str, csr_array] = {}
    traited: dict[str, NDArray[np.bool_]] = {}
    for name, (table, trait) in TRAITS.items():
        if table in tables:
            traits[name], traited[name] = _trait(pl.scan_parquet(tables[table]), number, trait())
    acts = _acts(tables["events"], number) if "events" in tables and "events" not in timeless else {}
    held = _held(holdings, number)
    has = {name: values > 0 for name, values in held.items()}
    return Profiles(figures, shapes, first, last, templates, slots, hours, traits, traited, acts, has, held)


def _joined(*columns: str) -> pl.Expr:
    """Several columns as one trait; null only where all are."""
    there = pl.any_horizontal(pl.col(column).is_not_null() for column in columns)
    text = pl.concat_str([pl.col(column).cast(pl.String).fill_null("-") for column in columns], separator="|")
    return pl.when(there).then(text)


#: Traits by name: table and expression.
TRAITS: Final[dict[str, tuple[str, Callable[[], pl.Expr]]]] = {
    "asn": ("ips", lambda: pl.col("asn").cast(pl.String)),
    "address_country": ("ips", lambda: pl.col("country")),
    "client": ("devices", lambda: _joined("os", "browser", "language", "utc_offset_minutes")),
    "locale": ("devices", lambda: _joined("language", "utc_offset_minutes")),
    "bin": ("payments", lambda: pl.col("bin").cast(pl.String)),
    "country": ("accounts", lambda: pl.col("country")),
}


def _placed(frame: pl.LazyFrame, number: pl.DataFrame) -> pl.DataFrame:
    """The frame with account numbers in the place of account_id, sorted by account and its other columns."""
    found = frame.join(number.lazy(), on="account_id").drop("account_id").collect(engine="streaming")
    return found.sort("account", *(name for name in found.columns if name != "account"))


def _column(frame: pl.DataFrame, name: str, size: int) -> Array:
    values = np.full(size, np.nan)
    values[frame["account"].to_numpy()] = frame[name].cast(pl.Float64).to_numpy()
    return values


def _times(usage: pl.LazyFrame, number: pl.DataFrame) -> dict[str, Array]:
    """First and last use, and the rows on an active day (how bursty the use is, log10)."""
    at = pl.col("observed_at")
    found = _placed(
        usage.group_by("account_id").agg(
            first=at.min().dt.epoch("s"),
            last=at.max().dt.epoch("s"),
            pace=(pl.len() / at.dt.date().n_unique()).log10(),
        ),
        number,
    )
    return {name: _column(found, name, number.height) for name in ("first", "last", "pace")}


def _sizes(usage: pl.LazyFrame, number: pl.DataFrame) -> dict[str, Array]:
    """Tokens in and out a request, and requests a row: log10. An account of which no tokens are known has no length."""
    requests = pl.max_horizontal(pl.col("requests").cast(pl.Int64).sum(), 1)
    tokens = {f"{way}_tokens": pl.col(f"{way}put_tokens").cast(pl.Int64) for way in ("in", "out")}
    found = _placed(
        usage.group_by("account_id").agg(
            **{
                name: pl.when(each.count() > 0).then(((each.sum() + 1) / requests).log10())
                for name, each in tokens.items()
            },
            batch=(requests / pl.len()).log10(),
        ),
        number,
    )
    return {name: _column(found, name, number.height) for name in ("in_tokens", "out_tokens", "batch")}


def _counts(
    frame: pl.LazyFrame, number: pl.DataFrame, what: pl.Expr
) -> tuple[NDArray[np.float64], list[object]]:
    """Rows of each account by class, N x classes."""
    found = _placed(
        frame.select("account_id", what=what).drop_nulls("what").group_by("account_id", "what").len("rows"),
        number,
    )
    classes = sorted(found["what"].unique().to_list())
    counts = np.zeros((number.height, len(classes)))
    if not classes:
        return counts, classes
    place = found["what"].replace_strict(classes, list(range(len(classes))), return_dtype=pl.Int64)
    counts[found["account"].to_numpy(), place.to_numpy()] = found["rows"].to_numpy()
    return counts, classes


def _shape(frame: pl.LazyFrame, number: pl.DataFrame, what: pl.Expr) -> Shape:
    counts, classes = _counts(frame, number, what)
    total = counts.sum(axis=1)
    if not classes:
        return Shape(np.zeros((number.height, 1), np.float32), np.full(number.height, np.nan))
    # Many rows do not make a share more telling than a few dozen do: habits drift.
    counts = counts * (np.minimum(total, 10 * SHRINK) / np.maximum(total, 1.0))[:, None]
    average = counts.sum(axis=0) / max(counts.sum(), 1.0)
    shares = (counts + SHRINK * average) / (counts.sum(axis=1, keepdims=True) + SHRINK)
    deviation = np.sqrt(shares) - np.sqrt(average)
    strength = np.linalg.norm(deviation, axis=1)
    direction = deviation / np.maximum(strength, 1e-12)[:, None]
    return Shape(direction.astype(np.float32), np.where(total > 0, strength, np.nan))


def _hours(usage: pl.LazyFrame, number: pl.DataFrame) -> Shape:
    """Profile over the hours of weekdays and of weekends."""
    at = pl.col("observed_at")
    return _shape(usage, number, at.dt.hour().cast(pl.Int64) + 24 * (at.dt.weekday() >= 6).cast(pl.Int64))


def _templates(usage: pl.LazyFrame, number: pl.DataFrame) -> csr_array | None:
    found = _placed(usage.drop_nulls("template_id").group_by("account_id", "template_id").len("rows"), number)
    if found.is_empty():
        return None
    found = found.with_columns(
        column=pl.col("template_id").rank("dense").cast(pl.Int64) - 1, accounts=pl.len().over("template_id")
    )
    weight = np.log1p(found["rows"].to_numpy()) * np.log(number.height / found["accounts"].to_numpy())
    shape = (number.height, int(found["column"].max()) + 1)  # type: ignore[arg-type]
    matrix = csr_array((weight, (found["account"].to_numpy(), found["column"].to_numpy())), shape=shape)
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return _scaled(matrix, 1 / np.maximum(length, 1e-12))


def _scaled(matrix: csr_array, by: Array) -> csr_array:
    data = matrix.data * np.repeat(by, np.diff(matrix.indptr))
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _slots(usage: pl.LazyFrame, number: pl.DataFrame) -> tuple[csr_array, Array]:
    slot = pl.col("observed_at").dt.epoch("s") // SLOT_SECONDS
    found = _placed(usage.select("account_id", slot=slot).unique(), number)
    account, at = found["account"].to_numpy(), found["slot"].to_numpy()
    start = int(at.min()) if len(at) else 0
    width = int(at.max()) - start + 1 if len(at) else 1
    matrix = csr_array((np.ones(len(at), np.float32), (account, at - start)), shape=(number.height, width))
    hours = np.zeros((number.height, 24))
    np.add.at(hours, (account, at % 24), 1.0)
    return matrix, hours


def _trait(frame: pl.LazyFrame, number: pl.DataFrame, trait: pl.Expr) -> tuple[csr_array, NDArray[np.bool_]]:
    found = _placed(frame.select("account_id", trait=trait).drop_nulls("trait").unique(), number)
    traited = np.zeros(number.height, dtype=bool)
    traited[found["account"].to_numpy()] = True
    held = found.with_columns(share=pl.len().over("trait") / max(number.height, 1))
    held = held.filter(pl.col("share") <= COMMON).with_columns(
        column=pl.col("trait").rank("dense").cast(pl.Int64) - 1
    )
    width = int(held["column"].max()) + 1 if held.height else 1  # type: ignore[arg-type]
    rarity = -np.log10(held["share"].to_numpy())
    matrix = csr_array(
        (rarity, (held["account"].to_numpy(), held["column"].to_numpy())), shape=(number.height, width)
    )
    return matrix, traited


def _acts(events: Path, number: pl.DataFrame) -> dict[str, tuple[Whole, Array]]:
    rows = pl.scan_parquet(events).filter(pl.col("event").is_in(ACTS))
    found = _placed(rows.select("account_id", "event", at=pl.col("observed_at").dt.epoch("s")), number)
    result = {}
    for act in ACTS:
        part = found.filter(pl.col("event") == act).sort("at", "account")
        if part.height:
            result[act] = (part["account"].cast(pl.Int64).to_numpy(), part["at"].cast(pl.Float64).to_numpy())
    return result


def _held(holdings: Path, number: pl.DataFrame) -> dict[str, Whole]:
    """How many values of a signal each account holds, by signal that anybody has a value of."""
    found = _placed(pl.scan_parquet(holdings).group_by("account_id", "signal").len("values"), number)
    result = {}
    for (name,), part in found.group_by("signal", maintain_order=True):
        here = np.zeros(number.height, dtype=np.int64)
        here[part["account"].to_numpy()] = part["values"].to_numpy()
        result[str(name)] = here
    return {signal.name: result[signal.name] for signal in SIGNALS if signal.name in result}

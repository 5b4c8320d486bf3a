"""One batch of a source to canonical rows, each with the rules that it breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from loaders.errors import LoadError
from loaders.normalise import RULES, as_text, convert
from loaders.pseudonymise import Pseudonymiser, look_like_cards
from loaders.schema import Table
from loaders.sources import Source


@dataclass
class Fault:
    """A rule, the column that breaks it (empty for a rule about the row), and the rows that do."""

    rule: str
    column: str
    mask: pl.Series

    @property
    def reason(self) -> str:
        """Stable text for the quarantine: `rule` or `rule:column`."""
        return f"{self.rule}:{self.column}" if self.column else self.rule


@dataclass
class Batch:
    """Rows in canonical form.

    Attributes:
        values: the canonical columns and `row`; what a row could not give is null.
        given: the contract columns that the source has, as text and as they came, raw identifiers withheld.
        other: the source's columns that the contract does not know.
        faults: what is wrong with which rows.
        counts: identifiers that could not be read (email, phone), and the like, for the report.
    """

    values: pl.DataFrame
    given: pl.DataFrame
    other: pl.DataFrame
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def reasons(self, table: Table) -> pl.Series:
        """The reason of each row, null for a sound one: of several, the first by rule, then by column."""
        places = {name: place for place, name in enumerate(table.names)}
        ordered = sorted(
            (fault for fault in self.faults if fault.mask.any()),
            key=lambda fault: (RULES.index(fault.rule), places.get(fault.column, -1)),
        )
        conditions = [pl.when(fault.mask).then(pl.lit(fault.reason)) for fault in ordered]
        if not conditions:
            return pl.Series("reason", [None] * self.values.height, dtype=pl.String)
        return self.values.select(pl.coalesce(conditions).alias("reason")).to_series()


WITHHELD: Final = "(withheld)"


def batches(
    table: Table, source: Source, hasher: Pseudonymiser, start: int, *, timeless: bool
) -> Iterator[Batch]:
    """The rows of a source in order, in canonical form.

    Args:
        table: the table that they belong to.
        source: where they come from.
        hasher: for raw e-mail addresses, phone and card numbers.
        start: `row` of the first.
        timeless: the table has no time column, so no time is asked of its rows.

    Raises:
        LoadError: the source breaks off, or holds raw identifiers and there is no key.
    """
    for raw, _ in table.raw:
        if source.has(raw):
            hasher.require_key(f"{source.name}: column {raw}")
    given = source.given(tuple(name for name in table.names if not (timeless and name == table.time)))
    used = set(given.values())
    other = tuple(column for column in source.columns if column not in used)
    for frame in source.batches(tuple(dict.fromkeys((*given.values(), *other)))):
        cells = {name: frame[column].alias(name) for name, column in given.items()}
        for name in source.scale.keys() & cells.keys():
            cells[name] = _scaled(cells[name], source.scale[name])
        for name, text in source.constants.items():
            cells[name] = pl.Series(name, [text], dtype=pl.String).new_from_index(0, frame.height)
        rows = pl.int_range(start, start + frame.height, dtype=pl.UInt64, eager=True)
        try:
            yield _canonical(table, cells, frame.select(other), rows, hasher)
        except pl.exceptions.PolarsError as error:
            raise LoadError(
                f"cannot read the values of {source.name}: {error}", "plain values, one a cell"
            ) from error
        start += frame.height


def _scaled(cells: pl.Series, factor: float) -> pl.Series:
    """Whole numbers as text; what is no finite number stays as it is, to be refused like any bad value."""
    product = (cells.cast(pl.Float64, strict=False) * factor).round()
    whole = product.set(~product.is_finite(), None).cast(pl.Int64, strict=False).cast(pl.String)
    return whole.fill_null(cells.cast(pl.String, strict=False)).alias(cells.name)


def _canonical(
    table: Table, cells: dict[str, pl.Series], other: pl.DataFrame, rows: pl.Series, hasher: Pseudonymiser
) -> Batch:
    blank = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
    texts = {name: as_text(cells[name]) if name in cells else blank for name in table.names}
    _refuse_cards(table, texts)
    columns: dict[str, pl.Series] = {}
    faults: list[Fault] = []
    for column in table.columns:
        converted = convert(column, cells.get(column.name, blank), texts[column.name])
        columns[column.name] = converted.values
        columns.update(converted.extra)
        faults += [Fault(rule, column.name, mask) for rule, mask in converted.faults.items()]
    columns["row"] = rows
    batch = Batch(pl.DataFrame(columns), _given(table, cells, blank), other, faults)
    _pseudonymise(table, texts, hasher, batch)
    batch.values = batch.values.select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())
    batch.faults += _missing(table, texts, timeless=table.time not in cells)
    return batch


def _refuse_cards(table: Table, texts: dict[str, pl.Series]) -> None:
    """Card numbers under the name of keyed hashes would be stored raw: no single row tells, many do."""
    for raw, keyed in table.raw:
        if raw == "pan" and look_like_cards(texts[keyed].drop_nulls().unique().sort().head(1000).to_list()):
            raise LoadError(
                f"{table.name}: column {keyed} looks like raw card numbers",
                "keyed hashes",
                f"name the column {raw}, or map it so, and they are hashed before anything is written",
            )


def _given(table: Table, cells: dict[str, pl.Series], blank: pl.Series) -> pl.DataFrame:
    raw = {name for name, _ in table.raw}
    shown = {}
    for name in table.names:
        text = cells[name].cast(pl.String, strict=False) if name in cells else blank
        shown[name] = text.set(text.is_not_null(), WITHHELD) if name in raw else text
    return pl.DataFrame(shown)


def _pseudonymise(table: Table, texts: dict[str, pl.Series], hasher: Pseudonymiser, batch: Batch) -> None:
    """Fills the keyed columns from the raw ones, where they are not given already."""
    for raw, keyed in table.raw:
        text = texts[raw]
        if text.null_count() == len(text):
            continue
        found = hasher.digests(raw, text.unique(maintain_order=True).drop_nulls().to_list())
        digest = _looked_up(text, {value: pair[0] for value, pair in found.items()})
        unread = text.is_not_null() & digest.is_null()
        batch.counts[f"unreadable_{raw}"] += int(unread.sum())
        batch.values = batch.values.with_columns(pl.coalesce(keyed, digest).alias(keyed))
        if raw == "pan":
            batch.faults.append(Fault("bad_pan", "pan", unread & texts[keyed].is_null()))
        if part := {"email": "email_domain", "pan": "bin"}.get(raw):
            kept = _looked_up(text, {value: pair[1] for value, pair in found.items()})
            batch.values = batch.values.with_columns(pl.coalesce(part, kept).alias(part))


def _looked_up(text: pl.Series, table: dict[str, str]) -> pl.Series:
    keys, values = pl.Series(list(table), dtype=pl.String), pl.Series(list(table.values()), dtype=pl.String)
    return text.replace_strict(keys, values, default=None, return_dtype=pl.String)


def _missing(table: Table, texts: dict[str, pl.Series], *, timeless: bool) -> list[Fault]:
    raw = {keyed: name for name, keyed in table.raw}
    faults = []
    for column in table.columns:
        name = column.name
        if column.required and not (timeless and name == table.time):
            alternatives = (texts[name], texts[raw[name]]) if name in raw else (texts[name],)
            faults.append(Fault("missing", name, _all_null(alternatives)))
    if table.one_of:
        faults.append(Fault("missing", table.one_of[0], _all_null(texts[name] for name in table.one_of)))
    return faults


def _all_null(columns: Iterable[pl.Series]) -> pl.Series:
    return pl.select(pl.all_horizontal([column.is_null() for column in columns])).to_series()

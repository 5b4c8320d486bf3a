"""Tables in a bundle: JSON Lines is the authority; CSV and Parquet say the same for other tools.

A table is a polars frame with columns of six types only, sorted by its key. Times are written as
2026-01-31T12:00:00.000000Z, integers beyond 2**53 - 1 as strings of digits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from graphattr.errors import BundleError
from graphattr.evidence.canonical import MAX_SAFE_INT, number, quote, visible

#: Column types of a bundle and their names in schema.json.
TYPES: Final[dict[str, pl.DataType]] = {
    "string": pl.String(),
    "int64": pl.Int64(),
    "uint64": pl.UInt64(),
    "float64": pl.Float64(),
    "boolean": pl.Boolean(),
    "datetime[us, UTC]": pl.Datetime("us", "UTC"),
}
#: A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def normalise(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each column cast to one of `TYPES`, without loss.

    Raises:
        BundleError: a column is nested or of a type that has no text here.
    """
    casts = []
    for column, dtype in frame.schema.items():
        if isinstance(dtype, pl.Datetime):
            zoned = pl.col(column) if dtype.time_zone else pl.col(column).dt.replace_time_zone("UTC")
            casts.append(zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us"))
        elif dtype in (pl.Float32, pl.Float64):
            casts.append(pl.col(column).cast(pl.Float64))
        elif dtype.is_unsigned_integer():
            casts.append(pl.col(column).cast(pl.UInt64))
        elif dtype.is_signed_integer():
            casts.append(pl.col(column).cast(pl.Int64))
        elif dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
            casts.append(pl.col(column).cast(pl.String))
        elif dtype == pl.Date:
            casts.append(pl.col(column).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
        elif dtype == pl.Boolean:
            casts.append(pl.col(column))
        else:
            raise BundleError(
                f"{name}.{column} has the type {dtype}", "text, a number, a time or a truth value"
            )
    return frame.select(casts)


def schema_of(frame: pl.DataFrame) -> list[list[str]]:
    """Columns as [name, type name] pairs, in order."""
    names = {dtype: name for name, dtype in TYPES.items()}
    return [[column, names[dtype]] for column, dtype in frame.schema.items()]


def texts(frame: pl.DataFrame) -> list[list[str]]:
    """Every cell as canonical JSON text, column by column."""
    return [_column_texts(frame[column]) for column in frame.columns]


def to_jsonl(frame: pl.DataFrame) -> bytes:
    """One RFC 8785 object a row, keys sorted, a newline after each."""
    return "".join(f"{line}\n" for line in lines(frame)).encode()


def lines(frame: pl.DataFrame) -> list[str]:
    """The rows as RFC 8785 objects."""
    order = sorted(range(frame.width), key=lambda i: frame.columns[i])
    labels = [f"{quote(frame.columns[i])}:" for i in order]
    columns = texts(frame)
    cells = zip(*(columns[i] for i in order), strict=True) if order else iter(())
    return ["{" + ",".join(map(str.__add__, labels, row)) + "}" for row in cells]


def from_jsonl(data: bytes, schema: list[list[str]]) -> pl.DataFrame:
    """The frame that `to_jsonl` wrote.

    Raises:
        ValueError: the bytes are not exactly what `to_jsonl` writes for this schema.
    """
    read: list[tuple[str, Callable[[Any], Any]]] = [(column, _READ[kind]) for column, kind in schema]
    columns: dict[str, list[Any]] = {column: [] for column, _ in schema}
    try:
        for line in data.decode("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            for column, cast in read:
                cell = row[column]
                columns[column].append(None if cell is None else cast(cell))
        frame = pl.DataFrame(columns, schema={column: TYPES[kind] for column, kind in schema}, strict=True)
        same = to_jsonl(frame) == data
    except (
        KeyError,
        TypeError,
        OverflowError,
        RecursionError,
        BundleError,
        pl.exceptions.PolarsError,
    ) as error:
        raise ValueError(f"its rows do not fit schema.json ({error})") from error
    if not same:
        raise ValueError("its rows are not in the canonical form")
    return frame


def to_csv(frame: pl.DataFrame) -> bytes:
    """CSV (RFC 4180) for spreadsheets: no text cell starts a formula, unseen characters are spelled out."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(frame.columns)
    columns = [
        _each(iter(frame[name]), _csv_text, "")
        if frame.schema[name] == pl.String
        else ["" if text == "null" else text.strip('"') for text in _column_texts(frame[name])]
        for name in frame.columns
    ]
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue().encode()


def to_parquet(frame: pl.DataFrame) -> bytes:
    """Parquet without compression or statistics, so that its size bounds what it holds."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="uncompressed", statistics=False)
    return out.getvalue()


def parquet_difference(data: bytes, frame: pl.DataFrame) -> str | None:
    """What a Parquet file says differently from the frame, or None. Metadata is checked before rows."""
    try:
        meta = pq.read_metadata(io.BytesIO(data))
        if meta.num_rows != frame.height:
            return f"it holds {meta.num_rows} rows instead of {frame.height}"
        groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
        if any(g.column(i).compression != "UNCOMPRESSED" for g in groups for i in range(g.num_columns)):
            return "it is compressed"
        other = pl.read_parquet(io.BytesIO(data))
    except (OSError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        return f"it cannot be read: {error}"
    if other.schema != frame.schema:
        return "its columns or types differ"
    return None if other.equals(frame, null_equal=True) else "its rows differ"


def sort_error(frame: pl.DataFrame, key: list[str]) -> str | None:
    """Why the rows are not in the strict order of their key, or None."""
    if not frame.select(key).equals(frame.select(key).sort(key, nulls_last=False)):
        return f"its rows are not sorted by {', '.join(key)}"
    if frame.select(key).is_duplicated().any():
        return f"two rows have the same {', '.join(key)}"
    return None


def _column_texts(column: pl.Series) -> list[str]:
    return _each(_cells(column), _WRITE[schema_of(column.to_frame())[0][1]], "null")


def _each(cells: Iterator[Any], write: Callable[[Any], str], nothing: str) -> list[str]:
    """Text of each cell; every distinct value is written once, since columns repeat themselves."""
    known: dict[Any, str] = {None: nothing}
    texts = []
    for cell in cells:
        text = known.get(cell)
        if text is None:
            text = known[cell] = write(cell)
        texts.append(text)
    return texts


def _cells(column: pl.Series) -> Iterator[Any]:
    if isinstance(column.dtype, pl.Datetime):
        return iter(column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    return iter(column)


def _integer(value: int) -> str:
    return str(value) if abs(value) <= MAX_SAFE_INT else f'"{value}"'


def _csv_text(cell: str) -> str:
    shown = visible(cell)
    return f"'{shown}" if cell.startswith(_FORMULA) else shown


def _read_string(cell: Any) -> str:
    if not isinstance(cell, str):
        raise TypeError(f"{cell!r} is not a string")
    return cell


def _read_bool(cell: Any) -> bool:
    if not isinstance(cell, bool):
        raise TypeError(f"{cell!r} is not true or false")
    return cell


_WRITE: Final[dict[str, Callable[[Any], str]]] = {
    "string": quote,
    "int64": _integer,
    "uint64": _integer,
    "float64": number,
    "boolean": lambda cell: "true" if cell else "false",
    "datetime[us, UTC]": lambda cell: f'"{cell}"',
}
_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _read_string,
    "int64": int,
    "uint64": int,
    "float64": float,
    "boolean": _read_bool,
    "datetime[us, UTC]": datetime.fromisoformat,
}

"""A salted hash tree over every cell of a case: what a redacted bundle can show without giving rows away.

A plain digest of a small table is undone by guessing in milliseconds. Here each cell has a leaf of its own,
H(0x00 | salt | [table, row, column, value]), with a salt that only the salt key gives; nodes are
H(0x01 | left | right) as in RFC 6962, 2.1. A row is a node over two trees, that of its private columns,
which no redacted bundle shows, and that of its open ones. A table is sealed as H(0x02 | its shape | tree of its
rows). Rows stand in an order that the salt key decides, since the order of identifiers tells of them too.
Columns such as `account_id#token` are the form in which another audience sees a column: committed here,
disclosed there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from graphattr.evidence.canonical import canonical, quote
from graphattr.evidence.tables import lines, texts

Progress = Callable[[str, int, int], None]

ALGORITHM: Final = (
    "leaf = SHA-256(0x00 | salt | RFC 8785 of [table, row, column, value]); "
    "node = SHA-256(0x01 | left | right); "
    "row = node of the RFC 6962 trees of its private and of its open leaves, or the only one of the two; "
    "table = SHA-256(0x02 | RFC 8785 of {open, private, rows, table} | RFC 6962 tree of its rows); "
    "root = RFC 6962 tree of the tables in the order of names; "
    "salt = first 16 bytes of HMAC-SHA-256(salt key, RFC 8785 of ['salt', table, row, column])"
)
SALT_BYTES: Final = 16


@dataclass(frozen=True)
class CommittedTable:
    """One table of the tree.

    Attributes:
        open: names of the columns that some redacted bundle shows, forms included.
        private: names of those that none shows.
        rows: number of rows.
        root: hash of the table, hex.
        cells: canonical JSON text of each cell by open column, rows in keyed order.
        salts, leaves: of each cell by open column.
        rest: hash of each row's private columns; empty where there are none.
    """

    open: tuple[str, ...]
    private: tuple[str, ...]
    rows: int
    root: str
    cells: dict[str, list[str]]
    salts: dict[str, list[bytes]]
    leaves: dict[str, list[bytes]]
    rest: list[bytes]


def salt_of(key: bytes, *parts: str | int) -> bytes:
    """HMAC-SHA-256 of a canonical list under the salt key, 32 bytes."""
    return hmac.digest(key, canonical(list(parts)), "sha256")


def token(key: bytes, kind: str, value: str) -> str:
    """What stands for an identifier outside a full bundle: 96 bits that only the salt key ties to it."""
    return f"{kind}-{salt_of(key, 'token', kind, value)[:12].hex()}"


def leaf(salt: bytes, table: str, row: int, column: str, cell: str) -> bytes:
    """Hash of one cell; `cell` is its canonical JSON text."""
    text = f"[{quote(table)},{row},{quote(column)},{cell}]"
    return hashlib.sha256(b"\x00" + salt + text.encode()).digest()


def tree(hashes: Sequence[bytes]) -> bytes:
    """Merkle tree hash of RFC 6962, 2.1, over hashes of leaves."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        # Pairing from the left and promoting an odd last node gives the tree of RFC 6962.
        paired = [node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def node(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def seal(table: str, opened: Sequence[str], private: Sequence[str], row_hashes: Sequence[bytes]) -> str:
    """Hash of a table, hex: its shape is part of it, so that nothing can be left out."""
    shape = {"open": list(opened), "private": list(private), "rows": len(row_hashes), "table": table}
    return hashlib.sha256(b"\x02" + canonical(shape) + tree(row_hashes)).hexdigest()


def commit_table(key: bytes, table: str, frame: pl.DataFrame, opened: Collection[str] = ()) -> CommittedTable:
    """Hash tree of one table, whose columns with a `#` are forms of others.

    Args:
        key: the salt key.
        table: its name.
        frame: its rows, in any order.
        opened: the columns that some redacted bundle shows.
    """
    order_key = salt_of(key, "order", table)
    position = [hmac.digest(order_key, line.encode(), "sha256") for line in lines(frame)]
    order = sorted(range(frame.height), key=lambda i: position[i])
    columns = dict(zip(frame.columns, texts(frame), strict=True))
    cells = {column: [column_texts[i] for i in order] for column, column_texts in columns.items()}
    salts = {column: _salts(key, table, column, len(order)) for column in cells}
    leaves = {column: _leaves(table, column, salts[column], cells[column]) for column in cells}
    shown = [column for column in frame.columns if column in opened]
    private = [column for column in frame.columns if column not in opened]
    rest = [tree(row) for row in zip(*(leaves[column] for column in private), strict=True)]
    rows = [tree(row) for row in zip(*(leaves[column] for column in shown), strict=True)]
    both = [node(left, right) for left, right in zip(rest, rows, strict=True)] if rest and rows else []
    return CommittedTable(
        open=tuple(shown),
        private=tuple(private),
        rows=frame.height,
        root=seal(table, shown, private, both or rest or rows),
        cells={column: cells[column] for column in shown},
        salts={column: salts[column] for column in shown},
        leaves={column: leaves[column] for column in shown},
        rest=rest,
    )


def _salts(key: bytes, table: str, column: str, rows: int) -> list[bytes]:
    head, tail = f'["salt",{quote(table)},', f",{quote(column)}]"
    return [hmac.digest(key, f"{head}{row}{tail}".encode(), "sha256")[:SALT_BYTES] for row in range(rows)]


def _leaves(table: str, column: str, salts: list[bytes], cells: list[str]) -> list[bytes]:
    """`leaf` of a whole column."""
    head, middle = f"[{quote(table)},", f",{quote(column)},"
    return [
        hashlib.sha256(b"\x00" + salt + f"{head}{row}{middle}{cell}]".encode()).digest()
        for row, (salt, cell) in enumerate(zip(salts, cells, strict=True))
    ]


def commit(
    key: bytes,
    frames: Mapping[str, pl.DataFrame],
    opened: Mapping[str, Collection[str]],
    progress: Progress | None = None,
) -> dict[str, CommittedTable]:
    """Hash trees of all tables by name. `progress(stage, done, total)` is called after each."""
    made = {}
    for done, name in enumerate(sorted(frames), start=1):
        made[name] = commit_table(key, name, frames[name], opened.get(name, ()))
        if progress:
            progress("commit rows", done, len(frames))
    return made


def root_of(table_roots: dict[str, str]) -> str:
    """Root of the whole tree, hex, from the hash of each table by name."""
    return tree([bytes.fromhex(table_roots[name]) for name in sorted(table_roots)]).hex()


def statement(tables: dict[str, CommittedTable], disclosed: Sequence[str] | None = None) -> dict[str, Any]:
    """commitments.json: the root, and shape and hash of each table.

    Args:
        tables: the committed tables.
        disclosed: the tables whose rows the bundle shows; of the others only the hash is stated. None: all.
    """
    return {
        "algorithm": ALGORITHM,
        "root": root_of({name: table.root for name, table in tables.items()}),
        "tables": {
            name: {
                "open": list(table.open),
                "private": list(table.private),
                "root": table.root,
                "rows": table.rows,
            }
            if disclosed is None or name in disclosed
            else {"root": table.root}
            for name, table in tables.items()
        },
    }

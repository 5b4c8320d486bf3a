"""A salted hash tree over every cell of a case: what a redacted bundle can show without giving rows away.

A plain digest of a small table is undone by guessing in milliseconds. Here each cell has a leaf of its own,
H(0x00 | salt | [table, row, column, value]), with a salt that only the salt key gives; nodes are
H(0x01 | left | right) as in RFC 6962, 2.1, and a table is sealed as H(0x02 | {table, rows, columns} | tree of
its rows). Rows stand in an order that the salt key decides, since the order of identifiers tells of them too.
Columns such as `account_id#token` are the form in which another audience sees a column: committed here,
disclosed there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from graphattr.evidence.canonical import canonical, quote
from graphattr.evidence.tables import lines, texts

Progress = Callable[[str, int, int], None]

ALGORITHM: Final = (
    "leaf = SHA-256(0x00 | salt | RFC 8785 of [table, row, column, value]); "
    "node = SHA-256(0x01 | left | right); "
    "row = RFC 6962 tree of its leaves in the order of columns; "
    "table = SHA-256(0x02 | RFC 8785 of {columns, rows, table} | RFC 6962 tree of its rows); "
    "root = RFC 6962 tree of the tables in the order of names; "
    "salt = HMAC-SHA-256(salt key, RFC 8785 of ['salt', table, row, column])"
)


@dataclass(frozen=True)
class CommittedTable:
    """One table of the tree.

    Attributes:
        columns: names of its columns, forms included.
        rows: number of rows.
        root: hash of the table, hex.
        cells: canonical JSON text of each cell by column, rows in keyed order.
        salts, leaves: of each cell by column.
    """

    columns: tuple[str, ...]
    rows: int
    root: str
    cells: dict[str, list[str]]
    salts: dict[str, list[bytes]]
    leaves: dict[str, list[bytes]]


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
        paired = [
            hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def seal(table: str, columns: Sequence[str], row_hashes: Sequence[bytes]) -> str:
    """Hash of a table, hex: its shape is part of it, so that nothing can be left out."""
    shape = canonical({"columns": list(columns), "rows": len(row_hashes), "table": table})
    return hashlib.sha256(b"\x02" + shape + tree(row_hashes)).hexdigest()


def commit_table(key: bytes, table: str, frame: pl.DataFrame) -> CommittedTable:
    """Hash tree of one table, whose columns with a `#` are forms of others."""
    order_key = salt_of(key, "order", table)
    position = [hmac.digest(order_key, line.encode(), "sha256") for line in lines(frame)]
    order = sorted(range(frame.height), key=lambda i: position[i])
    cells = {
        column: [column_texts[i] for i in order]
        for column, column_texts in zip(frame.columns, texts(frame), strict=True)
    }
    salts, leaves = {}, {}
    for column, column_cells in cells.items():
        prefix, suffix = f'["salt",{quote(table)},', f",{quote(column)}]"
        column_salts = [
            hmac.digest(key, f"{prefix}{row}{suffix}".encode(), "sha256") for row in range(len(order))
        ]
        salts[column] = column_salts
        leaves[column] = [
            leaf(salt, table, row, column, cell)
            for row, (salt, cell) in enumerate(zip(column_salts, column_cells, strict=True))
        ]
    row_hashes = [tree(row) for row in zip(*leaves.values(), strict=True)]
    root = seal(table, frame.columns, row_hashes)
    return CommittedTable(tuple(frame.columns), frame.height, root, cells, salts, leaves)


def commit(
    key: bytes, frames: dict[str, pl.DataFrame], progress: Progress | None = None
) -> dict[str, CommittedTable]:
    """Hash trees of all tables by name. `progress(stage, done, total)` is called after each."""
    made = {}
    for done, name in enumerate(sorted(frames), start=1):
        made[name] = commit_table(key, name, frames[name])
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
            name: {"columns": list(table.columns), "root": table.root, "rows": table.rows}
            if disclosed is None or name in disclosed
            else {"root": table.root}
            for name, table in tables.items()
        },
    }

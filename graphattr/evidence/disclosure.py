"""Disclosed rows: the cells that an audience gets, with their salts, and the hashes of those it does not.

A row is {"cells": [...], "rest": ...}: for each open column of the table, in order, [salt, value] or the hash
of the leaf, and the hash over the private columns. Salts and hashes are hexadecimal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from graphattr.evidence.canonical import MAX_SAFE_INT, quote, scalar
from graphattr.evidence.commitments import CommittedTable, leaf, node, root_of, seal, tree
from graphattr.evidence.tables import lines


def file_of(table: str) -> str:
    """Where the disclosed rows of a table stand."""
    return f"data/disclosed/{table}.jsonl"


def disclosed_files(
    committed: Mapping[str, CommittedTable], columns: Mapping[str, Mapping[str, str]]
) -> dict[str, bytes]:
    """One file a disclosed table: a line a row, in the tree's order.

    Args:
        committed: the tree.
        columns: for each disclosed table, its columns with the committed columns that stand for them.
    """
    return {file_of(table): _rows(committed[table], set(shown.values())) for table, shown in columns.items()}


def _rows(table: CommittedTable, shown: set[str]) -> bytes:
    parts = []
    for name in table.open:
        if name in shown:
            pairs = zip(table.salts[name], table.cells[name], strict=True)
            parts.append([f'["{salt.hex()}",{cell}]' for salt, cell in pairs])
        else:
            parts.append([f'"{digest.hex()}"' for digest in table.leaves[name]])
    rest = [f'"{digest.hex()}"' for digest in table.rest] or ["null"] * table.rows
    rows = (f'{{"cells":[{",".join(row)}],"rest":{last}}}\n' for *row, last in zip(*parts, rest, strict=True))
    return "".join(rows).encode()


def check_disclosed(
    files: Mapping[str, bytes],
    commitments: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    columns: Mapping[str, Mapping[str, str]],
) -> None:
    """Checks that the redacted tables are the disclosed cells, and these are leaves of the stated tree.

    Raises:
        ValueError: they are not, or something is malformed.
    """
    for table, shown in columns.items():
        _check_table(table, files[file_of(table)], commitments["tables"][table], tables[table], shown)
    if (
        root_of({name: stated["root"] for name, stated in commitments["tables"].items()})
        != commitments["root"]
    ):
        raise ValueError("the root is not that of the stated tables")


def _check_table(
    table: str, data: bytes, stated: Mapping[str, Any], frame: pl.DataFrame, shown: Mapping[str, str]
) -> None:
    opened, private = list(stated["open"]), list(stated["private"])
    here = [name in set(shown.values()) for name in opened]
    hashes, rows = [], []
    for number, line in enumerate(data.decode("utf-8").split("\n")[:-1]):
        cells, rest = _row(line, here, bool(private))
        leaves = [
            leaf(bytes.fromhex(first), table, number, name, text) if text else bytes.fromhex(first)
            for name, (first, text) in zip(opened, cells, strict=True)
        ]
        hashes.append(node(rest, tree(leaves)) if rest else tree(leaves))
        rows.append(_line(dict(zip(opened, cells, strict=True)), shown, frame.columns))
    if seal(table, opened, private, hashes) != stated["root"] or len(hashes) != stated["rows"]:
        raise ValueError(f"the disclosed rows of {table} are not those that the tree commits to")
    if sorted(rows) != sorted(lines(frame)):
        raise ValueError(f"data/tables/{table}.jsonl does not hold the disclosed rows")


def _row(line: str, here: list[bool], has_private: bool) -> tuple[list[tuple[str, str]], bytes | None]:
    """Cells as (salt, canonical text) or (hash, ""), and the hash of the private columns.

    Raises:
        ValueError: the line is not what `_rows` writes for these columns.
    """
    row = json.loads(line)
    cells: list[tuple[str, str]] = []
    for cell, shows in zip(row["cells"], here, strict=True):
        if isinstance(cell, str) == shows:
            raise ValueError("a row does not disclose what this audience gets")
        cells.append((cell[0], _text(cell[1])) if shows else (cell, ""))
    rest = row["rest"]
    if (rest is None) == has_private:
        raise ValueError("a row lacks the hash of its private columns")
    written = ",".join(f'["{salt}",{text}]' if text else f'"{salt}"' for salt, text in cells)
    if line != f'{{"cells":[{written}],"rest":{"null" if rest is None else quote(rest)}}}':
        raise ValueError("a disclosed row is not in the canonical form")
    return cells, None if rest is None else bytes.fromhex(rest)


def _text(value: Any) -> str:
    """Canonical text of a cell; a whole number beyond the safe integers was a float (`canonical.parse`)."""
    if isinstance(value, int) and abs(value) > MAX_SAFE_INT:
        return scalar(float(value))
    return scalar(value)


def _line(cells: Mapping[str, tuple[str, str]], shown: Mapping[str, str], columns: list[str]) -> str:
    """The row of the redacted table as `tables.lines` writes it."""
    texts = {name: cells[shown[name]][1] if name in shown else "null" for name in columns}
    return "{" + ",".join(f"{quote(name)}:{texts[name]}" for name in sorted(texts)) + "}"

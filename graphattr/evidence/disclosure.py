"""Disclosed rows: the cells that an audience gets, with their salts, and the hashes of those it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from graphattr.evidence.canonical import canonical, parse, quote
from graphattr.evidence.commitments import CommittedTable, leaf, root_of, seal, tree
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
    out = []
    hidden = sorted(set(table.columns) - shown)
    for row in range(table.rows):
        cells = ",".join(
            f'{quote(name)}:{{"salt":"{table.salts[name][row].hex()}","value":{table.cells[name][row]}}}'
            for name in sorted(shown)
        )
        leaves = ",".join(f'{quote(name)}:"{table.leaves[name][row].hex()}"' for name in hidden)
        out.append(f'{{"cells":{{{cells}}},"hidden":{{{leaves}}}}}\n')
    return "".join(out).encode()


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
    roots = {name: stated["root"] for name, stated in commitments["tables"].items()}
    for table, shown in columns.items():
        stated = commitments["tables"][table]
        committed = list(stated["columns"])
        rows = [_row(line) for line in files[file_of(table)].split(b"\n")[:-1]]
        for row in rows:
            if set(row["cells"]) != set(shown.values()) or set(row["cells"]) | set(row["hidden"]) != set(
                committed
            ):
                raise ValueError(f"a row of {table} does not disclose what this audience gets")
        hashes = [_row_hash(table, number, row, committed) for number, row in enumerate(rows)]
        if seal(table, committed, hashes) != stated["root"] or len(rows) != stated["rows"]:
            raise ValueError(f"the disclosed rows of {table} are not those that the tree commits to")
        if sorted(_line(row, shown, tables[table]) for row in rows) != sorted(lines(tables[table])):
            raise ValueError(f"data/tables/{table}.jsonl does not hold the disclosed rows")
    if root_of(roots) != commitments["root"]:
        raise ValueError("the root is not that of the stated tables")


def _row(line: bytes) -> dict[str, Any]:
    row = parse(line + b"\n")
    if not isinstance(row, dict) or set(row) != {"cells", "hidden"}:
        raise ValueError("a disclosed row has other parts than cells and hidden")
    return row


def _row_hash(table: str, number: int, row: Mapping[str, Any], columns: list[str]) -> bytes:
    leaves = []
    for column in columns:
        if column in row["hidden"]:
            leaves.append(bytes.fromhex(row["hidden"][column]))
        else:
            cell = row["cells"][column]
            text = canonical(cell["value"]).decode()
            leaves.append(leaf(bytes.fromhex(cell["salt"]), table, number, column, text))
    return tree(leaves)


def _line(row: Mapping[str, Any], shown: Mapping[str, str], frame: pl.DataFrame) -> str:
    cells = {name: row["cells"][shown[name]]["value"] if name in shown else None for name in frame.columns}
    return canonical(cells).decode()

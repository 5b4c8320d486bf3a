"""The salted hash tree."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.evidence.commitments import (
    commit,
    commit_table,
    leaf,
    node,
    root_of,
    salt_of,
    seal,
    statement,
    token,
    tree,
)

KEY = bytes(range(32))
FRAME = pl.DataFrame({"account": ["a", "b", "c"], "n": [1, 2, 3]})


def recursive(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, as it is written there."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + recursive(hashes[:split]) + recursive(hashes[split:])).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40))
def test_tree_is_that_of_rfc_6962(hashes: list[bytes]) -> None:
    assert tree(hashes) == recursive(hashes)


def test_tree_of_the_test_vectors_of_certificate_transparency() -> None:
    """Leaves and root of the reference implementation's tests (eight inputs)."""
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    hashes = [hashlib.sha256(b"\x00" + bytes.fromhex(text)).digest() for text in inputs]
    assert tree(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_table_commits_to_every_cell_name_and_place() -> None:
    root = commit_table(KEY, "t", FRAME).root
    others = [
        commit_table(KEY, "t", FRAME, ("n",)),
        commit_table(KEY, "t", FRAME.with_columns(n=pl.Series([1, 2, 4]))),
        commit_table(KEY, "t", FRAME.rename({"n": "m"})),
        commit_table(KEY, "s", FRAME),
        commit_table(KEY[::-1], "t", FRAME),
        commit_table(KEY, "t", FRAME.head(2)),
        commit_table(KEY, "t", FRAME.select("n", "account")),
    ]
    assert root not in {other.root for other in others}
    assert len({other.root for other in others}) == len(others)


def test_the_order_of_rows_is_the_keys() -> None:
    """The same whatever order they come in, and not the order of the values."""
    assert commit_table(KEY, "t", FRAME.reverse()).root == commit_table(KEY, "t", FRAME).root
    many = pl.DataFrame({"n": list(range(50))})
    placed = [int(cell) for cell in commit_table(KEY, "t", many, ("n",)).cells["n"]]
    assert sorted(placed) == list(range(50))
    assert placed != sorted(placed)
    assert placed != [int(cell) for cell in commit_table(KEY[::-1], "t", many, ("n",)).cells["n"]]


def test_leaves_and_salts_are_as_stated() -> None:
    made = commit_table(KEY, "t", FRAME.with_columns(m=pl.Series([7, 8, 9])), ("n", "m"))
    assert (made.open, made.private) == (("n", "m"), ("account",))
    rows = []
    for row in range(3):
        salt = salt_of(KEY, "salt", "t", row, "n")[:16]
        assert made.salts["n"][row] == salt
        cell = made.cells["n"][row]
        assert made.leaves["n"][row] == leaf(salt, "t", row, "n", cell)
        text = f'["t",{row},"n",{cell}]'.encode()
        assert made.leaves["n"][row] == hashlib.sha256(b"\x00" + salt + text).digest()
        account = f'"{"abc"[int(cell) - 1]}"'
        assert made.rest[row] == leaf(
            salt_of(KEY, "salt", "t", row, "account")[:16], "t", row, "account", account
        )
        rows.append(node(made.rest[row], node(made.leaves["n"][row], made.leaves["m"][row])))
    assert made.root == seal("t", ["n", "m"], ["account"], rows)


def test_rows_that_are_all_open_or_all_private() -> None:
    opened = commit_table(KEY, "t", FRAME, ("account", "n"))
    assert (opened.private, opened.rest) == ((), [])
    assert opened.root == seal("t", ["account", "n"], [], [tree(row) for row in zip(*opened.leaves.values())])  # noqa: B905
    closed = commit_table(KEY, "t", FRAME)
    assert (closed.open, closed.cells, closed.leaves) == ((), {}, {})
    assert closed.root == seal("t", [], ["account", "n"], closed.rest)


def test_salts_never_repeat() -> None:
    made = commit_table(KEY, "t", pl.DataFrame({"a": ["x"] * 20, "b": ["x"] * 20}), ("a", "b"))
    salts = made.salts["a"] + made.salts["b"]
    assert len(set(salts)) == len(salts)
    leaves = made.leaves["a"] + made.leaves["b"]
    assert len(set(leaves)) == len(leaves), "equal cells have different leaves"


def test_a_cell_cannot_be_guessed_without_its_salt() -> None:
    """What undoes a plain digest: hashing every candidate."""
    made = commit_table(KEY, "t", pl.DataFrame({"ip": ["198.51.100.7"]}), ("ip",))
    candidates = [f'"198.51.100.{n}"' for n in range(256)]
    guessed = {leaf(salt, "t", 0, "ip", c) for c in candidates for salt in (b"", bytes(32))}
    assert made.leaves["ip"][0] not in guessed


def test_tokens() -> None:
    assert token(KEY, "ip", "x") == token(KEY, "ip", "x")
    assert (
        len(
            {
                token(KEY, "ip", "x"),
                token(KEY, "device", "x"),
                token(KEY, "ip", "y"),
                token(KEY[::-1], "ip", "x"),
            }
        )
        == 4
    )
    assert token(KEY, "ip", "x").startswith("ip-")


def test_statement_gives_shapes_of_what_is_shown_only() -> None:
    told: list[tuple[str, int, int]] = []
    made = commit(KEY, {"b": FRAME, "a": FRAME}, {"a": ["n"]}, lambda *stage: told.append(stage))
    assert told == [("commit rows", 1, 2), ("commit rows", 2, 2)]
    paper = statement(made, ("a",))
    assert paper["root"] == root_of({name: table.root for name, table in made.items()})
    assert set(paper["tables"]["a"]) == {"open", "private", "root", "rows"}
    assert set(paper["tables"]["b"]) == {"root"}


@pytest.mark.parametrize("size", [0, 1])
def test_small_tables(size: int) -> None:
    made = commit_table(KEY, "t", FRAME.head(size))
    assert made.rows == size
    assert len(made.root) == 64

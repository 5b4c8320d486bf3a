from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.duplicates import RowHasher, SeenAccounts, repeated
from loaders.rows import Batch

CELLS = st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, 0, 1])), max_size=30)


def batch(rows: list[tuple[str | None, int | None]], start: int = 0, **other: list[str]) -> Batch:
    values = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.Int64}, orient="row")
    return Batch(values.with_row_index("row", start), pl.DataFrame(), pl.DataFrame(other))


@settings(deadline=None)
@given(CELLS)
def test_hashes_are_equal_where_rows_are(rows: list[tuple[str | None, int | None]]) -> None:
    hashed = RowHasher()(batch(rows), "").rows()
    for one, hash_one in zip(rows, hashed, strict=True):
        for other, hash_other in zip(rows, hashed, strict=True):
            assert (one == other) == (hash_one == hash_other)


def test_a_missing_column_is_a_null_one_and_another_reading_is_another_row() -> None:
    hasher = RowHasher()
    bare = hasher(batch([("a", 1)]), "").rows()
    assert hasher(batch([("a", 1)], 7, note=[None]), "").rows() == bare  # type: ignore[list-item]
    assert hasher(batch([("a", 1)], note=["n"]), "").rows() != bare
    assert hasher(batch([("a", 1)]), "other").rows() != bare
    assert hasher(batch([("a", 1)], one=["n"]), "").rows() != hasher(batch([("a", 1)], two=["n"]), "").rows()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40))
def test_repeated_names_all_but_the_first(pairs: list[tuple[int, int]]) -> None:
    first = np.array([pair[0] for pair in pairs], np.uint64)
    second = np.array([pair[1] for pair in pairs], np.uint64)
    expected = [place for place, pair in enumerate(pairs) if pair in pairs[:place]]
    assert repeated(first, second).tolist() == expected


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.booleans()), max_size=30),
    st.integers(1, 5),
)
def test_accounts_are_told_apart_over_batches(rows: list[tuple[str, int, bool]], size: int) -> None:
    seen, first = SeenAccounts(), dict[str, int]()
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        hashes = pl.DataFrame({"h1": [row[1] for row in part], "h2": [0] * len(part)}).cast(pl.UInt64)
        exact, other = seen.classify(
            pl.Series([row[0] for row in part]), hashes, sound=pl.Series([row[2] for row in part])
        )
        for (account, content, sound), is_exact, is_other in zip(part, exact, other, strict=True):
            again = sound and account in first
            if sound:
                first.setdefault(account, content)
            assert is_exact == (again and first[account] == content)
            assert is_other == (again and first[account] != content)

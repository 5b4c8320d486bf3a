"""Grouping: what the run knows of pairs that were drawn at random."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from links.worlds import index_of

from graphattr.links.pieces import Candidates
from graphattr.pipeline.grouping import probability_of

SIZE = 6
PAIRS = [(a, b) for b in range(SIZE) for a in range(b)]


@given(st.sets(st.sampled_from(PAIRS)), st.lists(st.sampled_from(PAIRS), max_size=20))
def test_a_pair_has_the_probability_of_its_candidate_or_none(
    there: set[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    index = index_of(SIZE, {})
    known = {pair: 0.1 + 0.01 * number for number, pair in enumerate(sorted(there))}
    a, b = (np.array([pair[end] for pair in sorted(there)], dtype=np.int64) for end in (0, 1))
    found = Candidates(a, b, pl.DataFrame())
    one, two = (np.array([pair[end] for pair in asked], dtype=np.int64) for end in (0, 1))
    told = probability_of(index, found, np.array(list(known.values())), one, two)
    assert told.tolist() == [known.get(pair, 0.0) for pair in asked]

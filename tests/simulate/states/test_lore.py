"""Prompts spread by copying with edits."""

from collections import Counter

import numpy as np
import pytest

from graphattr.simulate.draws import Ints, stream
from graphattr.simulate.states.lore import Lore


class Codes:
    def __init__(self) -> None:
        self.next = 0

    def __call__(self, n: int) -> Ints:
        self.next += n
        return np.arange(self.next - n, self.next)


def lore(outward: float = 0.0) -> Lore:
    return Lore(4, outward, Codes())


def test_the_popular_become_more_popular() -> None:
    codes, _ = lore().spread(stream(1, "lore"), np.zeros(4000, dtype=np.int64), 0.2, 0.0)
    often = sorted(Counter(codes.tolist()).values(), reverse=True)
    assert often[0] > 100
    assert sum(n == 1 for n in often) > 200


def test_without_copies_everybody_is_alone() -> None:
    codes, roots = lore().spread(stream(1, "lore"), np.zeros(500, dtype=np.int64), 1.0, 0.5)
    assert len(set(codes.tolist())) == 500
    assert np.array_equal(codes, roots)


def test_an_edit_is_another_template_of_the_same_root() -> None:
    codes, roots = lore().spread(stream(1, "lore"), np.zeros(2000, dtype=np.int64), 0.1, 0.5)
    root_of = dict(zip(codes.tolist(), roots.tolist(), strict=True))
    assert all(root_of[c] == r for c, r in zip(codes.tolist(), roots.tolist(), strict=True))
    assert len(set(roots.tolist())) < 0.5 * len(set(codes.tolist()))


def test_circles_copy_among_themselves_and_over_time() -> None:
    book = lore()
    circle = np.repeat([0, 1], 300)
    codes, _ = book.spread(stream(1, "lore"), circle, 0.3, 0.0)
    assert not set(codes[:300].tolist()) & set(codes[300:].tolist())
    later, _ = book.spread(stream(2, "lore"), np.zeros(300, dtype=np.int64), 0.3, 0.0)
    assert set(later.tolist()) & set(codes[:300].tolist())
    mixed, _ = lore(outward=0.8).spread(stream(1, "lore"), circle, 0.3, 0.0)
    assert set(mixed[:300].tolist()) & set(mixed[300:].tolist())


def test_books_hold_what_they_were_given() -> None:
    book = lore()
    codes = np.arange(5)
    assert book.books(np.array([2, 3]), codes, codes).tolist() == [0, 1]
    first, size, all_codes, _ = book.library()
    assert all_codes[first[1] : first[1] + size[1]].tolist() == [2, 3, 4]
    with pytest.raises(ValueError, match="books of 4"):
        book.books(np.array([4]), codes, codes)

"""One search box: accounts, values, operators and rings."""

from __future__ import annotations

import pytest

from graphattr.explorer.runs import Run
from graphattr.explorer.search import Hit, search

from .plans import FORMULA, IMG, REVERSED, TOP


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TOP, "ring"),
        ("acct-1001", "account"),
        (REVERSED, "account"),
        ("203.0.113.17", "ip"),
        (f"  {IMG} ", "device"),
        (FORMULA, "instrument"),
        ("Operator <b>Blue</b> & co", "operator"),
    ],
)
def test_an_exact_name_finds_its_ring(run: Run, text: str, kind: str) -> None:
    assert search(run, text) == (Hit(kind, text.strip(), (TOP,)),)


def test_an_address_is_found_in_any_spelling(run: Run) -> None:
    assert search(run, "2001:0DB8:0:0:0:0:0:42") == (Hit("ip", "2001:db8::42", ("ring-c815",)),)


def test_a_part_finds_what_contains_it_and_no_pattern_is_read(run: Run) -> None:
    assert [hit.text for hit in search(run, "onerror=")] == [IMG]
    assert search(run, ".*") == ()
    assert len(search(run, "acct-")) == 20


def test_what_is_in_no_ring_is_still_found(run: Run) -> None:
    assert search(run, "acct-1060") == (Hit("account", "acct-1060", ()),)
    assert search(run, "   ") == ()
    assert search(run, "acct-7777") == ()


def test_hits_in_rings_come_first_and_rings_by_weight(run: Run) -> None:
    hits = search(run, "10.")
    assert [bool(hit.rings) for hit in hits] == sorted((bool(hit.rings) for hit in hits), reverse=True)

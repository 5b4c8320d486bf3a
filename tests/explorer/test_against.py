"""What speaks against a ring is always searched for and always shown."""

from __future__ import annotations

from graphattr.evidence.document import Code, Quote
from graphattr.evidence.levels import LIKELY
from graphattr.explorer import queries
from graphattr.explorer.against import FOUND, levels, plain_text, searches
from graphattr.explorer.runs import Run

from .plans import PLANS, TOP


def test_every_search_is_shown_and_what_was_found_comes_first(run: Run) -> None:
    found = searches(run, TOP)
    order = [list(FOUND.values()).index(result) for result in found["result"]]
    assert found.height > 10
    assert order == sorted(order)
    assert "Are there members who hardly belong?" in found["question"].to_list()
    answers = dict(zip(found["question"], found["answer"], strict=True))
    assert "2" in answers["Are there members who hardly belong?"]


def test_every_ring_is_searched_alike(run: Run) -> None:
    asked = {frozenset(searches(run, plan.ring_id)["question"]) for plan in PLANS}
    assert len(asked) == 1


def test_a_resellers_levels_are_shown_where_one_is_likely(run: Run) -> None:
    likely = {plan.ring_id for plan in PLANS if queries.ring(run, plan.ring_id)["p_reseller"] >= LIKELY}
    assert 0 < len(likely) < len(PLANS)
    for plan in PLANS:
        said = levels(run, plan.ring_id)
        assert [line.startswith("If a reseller runs these accounts") for line in said[:1]] == [True] * (
            plan.ring_id in likely
        )


def test_a_sentence_becomes_text() -> None:
    assert plain_text(("Both hold ", Code("<b>x</b>"), ": ", Quote("why"), ".")) == "Both hold <b>x</b>: why."

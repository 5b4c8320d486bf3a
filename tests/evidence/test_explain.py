"""Pages about rings and pairs: neutral, with what speaks against, each number a figure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import BundleError, InputError, RunError
from graphattr.evidence import page_json, page_text, pair_page, pair_text, ring_page
from graphattr.evidence.case import Case, read_case
from graphattr.evidence.document import LONGEST, Code, Quote, figures_of, plain
from graphattr.evidence.exculpatory import searches
from graphattr.evidence.figures import Figures
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import forbidden_word
from graphattr.pipeline.run import GUARANTEE
from graphattr.records import HYPOTHESES
from models import shipped_rings

from .hands import handed
from .runs import make_run


def lines(sentences: tuple[object, ...]) -> str:
    return "\n".join(plain(sentence) for sentence in sentences)  # type: ignore[arg-type]


def test_ring_page(run: Path) -> None:
    page = ring_page(run, "ring-1")
    claim = plain(page.claim)
    assert claim.startswith(
        "The 8 accounts of the ring ring-1 (requests: 828) are consistent with a single operator"
    )
    assert "best innocent explanation" in claim
    assert "a lead" in claim
    assert "Lotus Group" in claim
    assert {rival.hypothesis for rival in page.rivals} == set(HYPOTHESES)
    assert page.rivals[0].hypothesis == "single_operator"
    assert "many payments failed" in lines(page.rivals[0].speaks_for)
    assert plain(page.weakest_point) == "The ring breaks without one value: ip:2001:db8::7."
    assert plain(page.error_rate) == json.loads((run / "run.json").read_text())["guarantee"]
    assert len(page.members) == 8
    assert plain(page.members[0][0]) == "acc-a8", "the least certain first"
    assert len(page.links) == 25
    assert "Links for which the payment evidence speaks: 21." in lines(page.speaks_for)
    assert "The device evidence says nothing" in lines(page.missing)


def test_what_speaks_against(run: Path) -> None:
    against = lines(ring_page(run, "ring-1").speaks_against)
    for expected in (
        "Links against which the timing evidence speaks: 6.",
        "Members whose most probable link leads out of the ring: 1.",
        "Members with an unresolved membership: 2.",
        "Accounts outside the ring that are more likely than not linked to a member: 1.",
        "Members whose interval reaches below one half: 4.",
        "names no operator (verified independent): 1.",
        "Members who appealed or were reinstated: 1.",
        "The best innocent explanation is a lawful organisation",
    ):
        assert expected in against


def test_searches_are_recorded_whatever_they_find(run: Path) -> None:
    names = [search.name for search in ring_page(run, "ring-1").searches]
    assert names == [search.name for search in ring_page(run, "ring-2").searches]
    assert len(names) == 21


def test_values_that_count(run: Path) -> None:
    rows = [[plain(cell) for cell in row] for row in ring_page(run, "ring-1").values]
    assert rows == [["ip", "2001:db8::7", "28", "8", "8"], ["instrument", "card-4711", "21", "7", "7"]]


def test_numbers_are_figures(run: Path) -> None:
    """No digit in a sentence stands outside a figure, a value or a quotation."""
    page = ring_page(run, "ring-1")
    pair = pair_page(run, "acc-a2", "acc-a1")
    sentences = [page.claim, *page.speaks_for, *page.speaks_against, page.weakest_point, *page.missing]
    sentences += [pair.claim, *pair.speaks_for, *pair.speaks_against, pair.weakest_point, *pair.missing]
    sentences += [line for rival in page.rivals for line in (rival.claim, *rival.speaks_for)]
    assert sentences
    for sentence in sentences:
        for part in sentence:
            if isinstance(part, str):
                assert not any(char.isdigit() for char in part), part
                assert forbidden_word(part) is None


def test_unknown_ring(run: Path) -> None:
    with pytest.raises(BundleError, match="ring-9"):
        ring_page(run, "ring-9")


def test_linked_pair_in_either_order(run: Path) -> None:
    page = pair_page(run, "acc-a2", "acc-a1")
    assert page == pair_page(run, "acc-a1", "acc-a2")
    assert page.linked
    assert (page.account_a, page.account_b) == ("acc-a1", "acc-a2")
    assert "with the probability 0.995 (0.984 to 0.998 by the calibration of nine in ten" in plain(page.claim)
    assert "says nothing of who" in plain(page.claim)
    text = lines(page.speaks_for)
    assert "payment: +3.10" in text
    assert "counts: both accounts hold the same instrument card-4711" in text
    assert "timing: -0.20" in lines(page.speaks_against)
    assert plain(page.weakest_point).startswith("Without the payment evidence the probability would be 0.137")
    assert "device: there is no table devices among the signals." in lines(page.missing)


def test_parts_of_a_pair_sum_to_its_evidence(run: Path) -> None:
    page = pair_page(run, "acc-a1", "acc-a2")
    shown = {f.id: float(f.value or 0) for f in figures_of(page.claim)}
    sentences = (*page.speaks_for, *page.speaks_against)
    groups = {f.id: float(f.value or 0) for s in sentences for f in figures_of(s) if f.rule == "link.group"}
    total = next(value for name, value in shown.items() if name.startswith("link.lr"))
    assert sum(groups.values()) == pytest.approx(total)


def test_a_pair_without_a_link(run: Path) -> None:
    page = pair_page(run, "acc-x2", "acc-a1")
    assert not page.linked
    assert plain(page.claim).startswith("There is no link between acc-a1 and acc-x2")
    assert "no finding that their controllers differ" in plain(page.claim)
    missing = lines(page.missing)
    assert "ip: both have some, and share none." in missing
    assert "instrument: none is known of acc-x2." in missing
    assert "name: none is known of acc-a1 nor of acc-x2." in missing
    assert "phone: none is known of" in missing
    assert "device: there is no table devices" in missing


def test_a_shared_value_that_did_not_suffice(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    pair = (pl.col("account_a") == "acc-a8") & (pl.col("account_b") == "acc-x1")
    links = pl.read_parquet(run / "links.parquet")
    assert links.filter(pair).height == 1
    links.filter(~pair).write_parquet(run / "links.parquet")
    page = pair_page(run, "acc-a8", "acc-x1")
    assert "Both hold the instrument card-0815, which did not suffice." in lines(page.speaks_for)


def test_bad_pairs(run: Path) -> None:
    with pytest.raises(InputError, match="given twice"):
        pair_page(run, "acc-a1", "acc-a1")
    with pytest.raises(InputError, match="'acc-0', 'acc-9'"):
        pair_page(run, "acc-9", "acc-0")


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="finished run"):
        ring_page(tmp_path, "ring-1")
    with pytest.raises(RunError, match="finished run"):
        pair_page(tmp_path, "a", "b")


def test_pages_for_machines(run: Path) -> None:
    for page in (ring_page(run, "ring-1"), pair_page(run, "acc-a1", "acc-a2")):
        told = json.loads(json.dumps(page_json(page)))
        assert told["claim"]["text"] == plain(page.claim)
        assert set(told["claim"]["figures"]) == {f.id for f in figures_of(page.claim)}


def test_foreign_text_is_marked(run: Path) -> None:
    page = pair_page(run, "acc-b1", "acc-b2")
    quoted = [part for sentence in page.speaks_for for part in sentence if isinstance(part, Quote)]
    assert any("HYPERLINK" in part.text for part in quoted)
    text = lines(page.speaks_for)
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert plain((Code("x" * (LONGEST + 1)),)).endswith("(cut)")


def test_what_the_shipped_rings_promise_is_shown_whole() -> None:
    known = shipped_rings()
    said = GUARANTEE.format(alpha=0.01, n=len(known), source=known.source)
    assert plain((Quote(said),)) == said


def test_an_innocent_explanation_that_leads_has_its_rival_beside_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    rings = pl.read_parquet(run / "rings.parquet")
    swapped = rings.with_columns(
        p_single_operator=pl.col("p_organisation"),
        p_organisation=pl.col("p_single_operator"),
        hypothesis=pl.lit("organisation"),
    )
    swapped.write_parquet(run / "rings.parquet")
    page = ring_page(run, "ring-1")
    assert "consistent with a lawful organisation (probability 0.660)" in plain(page.claim)
    assert "best explanation by hidden common control is a single operator (probability 0.112)" in plain(
        page.claim
    )
    assert "The best innocent explanation" in lines(page.speaks_against)


def test_pages_as_text(run: Path) -> None:
    text = page_text(ring_page(run, "ring-1"))
    for heading in (
        "Speaks for",
        "Speaks against",
        "Weakest point",
        "Error rate",
        "Missing",
        "Explanations",
        "Members",
        "Links",
    ):
        assert f"\n{heading}" in text
    assert "\n  acc-a8   0.390        0.190  0.430  unresolved\n" in text
    text = pair_text(pair_page(run, "acc-a1", "acc-x2"))
    assert "\nSpeaks against it:\n  nothing\n" in text
    text = pair_text(pair_page(run, "acc-b1", "acc-b2"))
    assert "\u202e" not in text


def test_accounts_outside_are_counted_and_not_the_members_that_they_are_linked_to() -> None:
    members = pl.DataFrame(
        [("r", a) for a in ("a", "b", "c")], schema=["ring_id", "account_id"], orient="row"
    )
    pairs = [
        ("a", "b", 0.9),
        ("a", "x", 0.5),
        ("b", "x", 0.8),
        ("c", "x", 0.7),
        ("c", "y", 0.49),
        ("x", "z", 0.9),
    ]
    links = pl.DataFrame(pairs, schema=["account_a", "account_b", "probability"], orient="row")
    case = Case(("r",), "full", {"members": members, "links": links}, {})
    assert RULES["ring.linked_outside"].compute(case, "r").value == 1


def test_members_who_changed_hands_speak_against(run: Path) -> None:
    case = read_case(run, ["ring-1"])
    figure = Figures(case, RULES).get("events.handed_over", "ring-1")
    assert figure.value == "0"
    sold = Figures(handed(case), RULES)
    found = {search.name: search for search in searches(sold, "ring-1")}["events.handed_over"]
    assert found.found
    assert (
        plain(found.answer) == "Members who changed hands, and were the ring's before or after that only: 1."
    )
    assert set(found.tables) == {"evidence", "holdings", "signals/accounts", "signals/events"}
    # The phone is used on after the change: nobody else has the account.
    kept = Figures(handed(case, timedelta(days=4)), RULES)
    assert kept.get("events.handed_over", "ring-1").value == "0"


def test_without_events_nobody_can_say_who_changed_hands(run: Path) -> None:
    case = read_case(run, ["ring-1"])
    tables = {name: frame for name, frame in case.tables.items() if name != "signals/events"}
    figures = Figures(replace(case, tables=tables), RULES)
    found = {search.name: search.found for search in searches(figures, "ring-1")}
    assert found["events.handed_over"] is None

"""What would let another hypothesis lead, against a plain count over the matrix."""

from __future__ import annotations

import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from graphattr.attribution.answers import SAYS, ratios
from graphattr.evidence import page_json, page_text, ring_page, verify_bundle
from graphattr.evidence.case import Audience, Case, read_case
from graphattr.evidence.changes import SHOWN, changes
from graphattr.evidence.document import plain
from graphattr.evidence.figures import Figures
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import HYPOTHESIS_WORDS, forbidden_word
from graphattr.records import HYPOTHESES, MATRIX, PRIOR_ROW

RING = "ring-1"


@pytest.fixture(scope="module")
def case(run: Path) -> Case:
    return read_case(run, [RING])


def of(case: Case, rows: dict[str, dict[str, float]]) -> Case:
    """The case with these rows (log10 ratios by hypothesis, 0 elsewhere) as the ring's whole matrix."""
    matrix = pl.DataFrame(
        [
            {"ring_id": RING, "statistic": name, "value": 1.0, "n": 9, "unit": "accounts"}
            | {f"log10_lr_{one}": ratio.get(one, 0.0) for one in HYPOTHESES}
            | {"reason": f"what {name} says"}
            for name, ratio in rows.items()
        ],
        schema=MATRIX,
    )
    total = {one: sum(ratio.get(one, 0.0) for ratio in rows.values()) for one in HYPOTHESES}
    shares = [10**log for log in total.values()]
    rings = case.tables["rings"].with_columns(
        pl.lit(share / sum(shares)).alias(f"p_{one}") for one, share in zip(total, shares, strict=True)
    )
    return replace(case, tables=case.tables | {"matrix": matrix, "rings": rings})


def said(case: Case) -> list[str]:
    return [plain(sentence) for sentence in changes(Figures(case, RULES), RING)]


def test_a_statistic_without_which_another_leads_is_named_with_who_would(case: Case) -> None:
    rows = {
        PRIOR_ROW: {"organisation": 0.1},
        "appeal_share": {"reseller": 0.3},
        "seam": {"single_operator": 0.5},
    }
    first, *_ = said(of(case, rows))
    # Without it the reseller's 2 stands beside the organisation's 1.26 and five times 1.
    p = 10**0.3 / (10**0.3 + 10**0.1 + len(HYPOTHESES) - 2)
    assert (
        first
        == f"Without seam the most probable would be {HYPOTHESIS_WORDS['reseller']} (probability {p:.3f})."
    )


def test_the_prior_is_no_statistic_to_be_left_out(case: Case) -> None:
    first, *_ = said(
        of(case, {PRIOR_ROW: {"organisation": 2.0}, "seam": {"reseller": 0.5, "organisation": -0.1}})
    )
    p = 100 / (100 + len(HYPOTHESES) - 1)
    assert first == (
        f"No single statistic turns this: whichever is left out, {HYPOTHESIS_WORDS['organisation']} stays the most"
        f" probable, with a probability of {p:.3f} at least (without seam)."
    )


def test_only_so_many_are_named_those_that_bear_most_first(case: Case) -> None:
    rows = {f"s{n}": {"single_operator": 1.0 + n / 100} for n in range(SHOWN + 2)}
    against = {"other": {"reseller": sum(row["single_operator"] for row in rows.values()) - 0.5}}
    lines = [line for line in said(of(case, rows | against)) if line.startswith("Without ")]
    assert [line.split()[1] for line in lines] == [f"s{n}" for n in range(SHOWN + 1, 1, -1)]


def test_the_curves_of_a_family_of_worlds_are_told_in_words(case: Case) -> None:
    first, *_ = said(of(case, {"learnt_on_family_a": {"reseller": 1.0}}))
    assert "learnt_on_family_a (what learnt_on_family_a says)" in first


@pytest.mark.parametrize("answer", SAYS)
def test_an_answer_is_named_if_it_would_turn_the_lead(case: Case, answer: str) -> None:
    lead = {"coincidence": 0.2}
    lines = said(of(case, {"seam": lead}))
    logs = {
        name: lead.get(name, 0.0) + ratio
        for name, ratio in zip(HYPOTHESES, ratios(answer, 0.95), strict=True)
    }
    other = max(logs, key=lambda name: logs[name])
    p = 10 ** logs[other] / math.fsum(10**log for log in logs.values())
    told = [line for line in lines if line.startswith("If a source") and f" {answer} " in line]
    if other == "coincidence":
        assert not told
        assert answer in lines[-1]
    else:
        assert told[0].endswith(f"{HYPOTHESIS_WORDS[other]} (probability {p:.3f}), by a stated guess.")


def test_an_answer_that_is_there_is_not_asked_for(case: Case) -> None:
    lines = said(of(case, {"seam": {"reseller": 3.0}, "answer_controlled_purchase": {"reseller": 0.5}}))
    assert not any(" controlled_purchase" in line for line in lines)
    assert "registrar_answer, issuer_one_holder, issuer_many_holders." in lines[-1]


def test_an_audience_without_the_matrix_is_told_nothing(case: Case) -> None:
    rest = {name: table for name, table in case.tables.items() if name != "matrix"}
    assert said(replace(case, tables=rest)) == []


def test_pages_say_it(run: Path) -> None:
    page = ring_page(run, RING)
    assert "What would change this:\n  " in page_text(page)
    assert len(page_json(page)["changes"]) == len(page.changes) > 0
    assert not any(forbidden_word(plain(sentence)) for sentence in page.changes)


@pytest.mark.parametrize("audience", get_args(Audience))
def test_bundles_say_it_to_whom_the_matrix_is_given(bundles: dict[str, Path], audience: str) -> None:
    with zipfile.ZipFile(bundles[audience]) as bundle:
        names = bundle.namelist()
        (report,) = (bundle.read(name).decode() for name in names if name.endswith("report.html"))
    given = any(name.endswith("matrix.jsonl") for name in names)
    assert given is (audience != "public")
    assert ("What would change this" in report) is given
    assert ("would leave the most probable as it is" in report) is given
    assert verify_bundle(bundles[audience]).audience == audience

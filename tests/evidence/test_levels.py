"""Who runs a reseller's accounts and who uses them are told apart."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graphattr.evidence import build_bundle, page_json, page_text, ring_page, verify_bundle
from graphattr.evidence import levels as module
from graphattr.evidence.case import Case, read_case
from graphattr.evidence.document import plain
from graphattr.evidence.figures import Figures
from graphattr.evidence.levels import LIKELY, levels
from graphattr.evidence.redact import hidden
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import forbidden_word

from .test_consistency import altered


@pytest.fixture(scope="module")
def case(run: Path) -> Case:
    """A ring that a reseller may run, whose accounts do work of their own but for two that share some."""
    return altered(read_case(run, ["ring-1"]), "rings", pl.lit(LIKELY).alias("p_reseller"))


def said(case: Case) -> list[str]:
    return [plain(sentence) for sentence in levels(Figures(case, RULES), "ring-1")]


def test_the_tenants_are_told_from_below(case: Case) -> None:
    first, second = said(case)
    assert first.startswith("If a reseller runs these accounts, the ring is about who runs them.")
    assert "The accounts with known templates (8) fall into sets without private work in common: 7." in second
    assert not forbidden_word(first + second)
    pool = altered(
        case,
        "matrix",
        pl.when(pl.col("statistic") == "behaviour_clusters").then(0.125).otherwise("value").alias("value"),
    )
    assert "in common: 1." in said(pool)[1]


def test_where_a_reseller_is_unlikely_nothing_is_said(case: Case) -> None:
    assert said(altered(case, "rings", pl.lit(LIKELY - 1e-6).alias("p_reseller"))) == []


@pytest.mark.parametrize("column", ["value", "n"])
def test_without_known_templates_no_number_is_said(case: Case, column: str) -> None:
    work = pl.col("statistic") == "behaviour_clusters"
    unknown = altered(case, "matrix", pl.when(work).then(None).otherwise(column).alias(column))
    rows = case.tables["matrix"].filter(~work)
    gone = replace(case, tables=case.tables | {"matrix": rows})
    assert len(said(unknown)) == len(said(gone)) == 1


def test_an_audience_without_the_values_gets_no_number(case: Case) -> None:
    assert "matrix.value" in hidden("policy")
    assert len(said(replace(case, audience="policy", hidden=hidden("policy")))) == 1


def test_pages_and_bundles_say_it(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Two levels" not in page_text(ring_page(run, "ring-1"))
    monkeypatch.setattr(module, "LIKELY", 0.0)
    page = ring_page(run, "ring-1")
    assert "Two levels:\n  If a reseller runs these accounts" in page_text(page)
    assert len(page_json(page)["levels"]) == 2
    made = build_bundle(run, ["ring-1"], tmp_path / "case.zip")
    with zipfile.ZipFile(made.path) as bundle:
        (report,) = (bundle.read(name).decode() for name in bundle.namelist() if name.endswith("report.html"))
    assert "Two levels" in report
    assert "may know nothing of it" in report
    assert verify_bundle(made.path).audience == "full"

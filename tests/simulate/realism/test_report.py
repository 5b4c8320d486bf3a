"""The report beside what is published: every row, cited, printed and written."""

import runpy
from pathlib import Path

import polars as pl
import pytest

from graphattr.simulate.families import FAMILIES
from graphattr.simulate.made import TABLES
from graphattr.simulate.realism import (
    MARKER,
    MEASURED,
    MIXES,
    SHARED,
    TOO_EASY,
    WEIGHTED,
    marginals,
    published,
)
from graphattr.simulate.realism.__main__ import main
from graphattr.simulate.realism.accounts import ANY
from graphattr.simulate.realism.published import PUBLISHED, SOURCES, Published, Status
from graphattr.simulate.realism.report import Report, too_easy
from graphattr.simulate.realism.tables import scan
from simulate.realism.little import (
    Tables,
)


def test_the_report_of_a_world_has_every_row(signals: Tables, truth: pl.DataFrame) -> None:
    report = Report.of([(signals, truth)])
    names = [held.name for held in (*SHARED, *WEIGHTED)] + [*MEASURED, *MIXES]
    assert len(names) == len(set(names))
    for table in (report.links, report.mechanisms):
        for stratum in set(table[table.columns[1]]):
            assert set(table.filter(pl.col(table.columns[1]) == stratum)["feature"]) == set(names)
    assert {"single_operator", "contractors", "reseller", "organisation"} <= set(report.links["kind"])
    assert {"operator", "gateway", "storefront", "company"} <= set(report.mechanisms["mechanism"])
    told = [held.name for held in SHARED] + [*MEASURED]
    for kind in (ANY, "single_operator", "contractors", "reseller"):
        assert set(report.accounts.filter(pl.col("kind") == kind)["feature"]) == set(told)
    assert len(report.figures()) == report.marginals.height > 100
    empty = report.marginals.filter(pl.col("all").is_null())["key"]
    assert all("(" in key or "appeal" in key for key in empty)  # a network nobody used, nobody banned
    for _, feature, _, _, _, verdict in too_easy(report):
        assert feature in names
        assert verdict in {"marker", "too easy", "strong, natural"}


def test_the_published_figures_belong_to_rows_and_cite(signals: Tables, truth: pl.DataFrame) -> None:
    keys = set(marginals(signals, truth)["key"])
    rows = keys | {key.partition(":")[0] for key in keys}
    assert set(PUBLISHED) <= rows
    for known in PUBLISHED.values():
        assert (known.status is Status.NONE) == (known.source == "")
        assert known.source == "" or known.source in SOURCES
        assert (known.status is Status.FIGURE) == (known.low is not None)
    assert published("accounts a card: mean").status is Status.NONE
    known = Published(Status.FIGURE, "x", "y", 1.0, 2.0)
    assert [known.compared(value) for value in (0.9, 1.5, 2.1, None)] == ["below", "near", "above", "-"]


def test_it_prints_both_and_refuses_what_is_no_world(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    out = capsys.readouterr().out
    for text in ("accounts a card: mean", "TLS client", "hour of the week", "Too easy", "Goh 2008:"):
        assert text in out
    assert main([]) == 2
    assert main([str(tmp_path)]) == 2
    assert "not a world" in capsys.readouterr().err
    signals, truth = scan(folder)
    assert set(signals) == set(TABLES)
    assert truth.height > 0
    assert 0.5 < MARKER < TOO_EASY < 1


def test_the_page_of_each_family_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "realism.md"
    script = Path(__file__).parents[3] / "benchmarks" / "realism.py"
    monkeypatch.setattr("sys.argv", [str(script), "--out", str(page), "--worlds", "1", "--preset", "tiny"])
    runpy.run_path(str(script), run_name="__main__")
    written = page.read_text(encoding="utf-8")
    for family in FAMILIES:
        assert f"## Family {family}\n" in written
    for text in (
        "| accounts a card: mean |",
        "| hour of the week |",
        "- Goh 2008:",
        "--preset tiny --seed 1",
    ):
        assert text in written
    widths = {line.count(" | ") for line in written.splitlines() if line.startswith("| accounts a ")}
    assert len(widths) == 1

"""The page: whole, offline, every foreign text as text, its figures those of the JSON."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphattr.errors import InputError
from graphattr.evaluate import Report, evaluate, html, write_page
from graphattr.evaluate.markup import number
from graphattr.evaluate.words import MEASURES

Make = Callable[..., Path]

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x07</svg></style>"
VOID = {"meta"}


@pytest.fixture
def report(make_run: Make, make_truth: Make) -> Report:
    facts = {f"o{n}": (f"c{n % 3}", HOSTILE, False, f"op{HOSTILE}") for n in range(12)}
    facts |= {f"i{n}": (f"i{n}", "organisation", True, None) for n in range(6)}
    rings = {"R": ["o0", "o3", "o6", "o9", "i0"], "S": ["o1", "o4", "i1"], "T": ["i2", "i3"]}
    said = {
        "R": {"status": "attributed", "hypothesis": HOSTILE, "operator": HOSTILE},
        "S": {"status": "lead"},
    }
    pairs = {
        ("o0", "o3"): (0.9, 3.0),
        ("o0", "i0"): (0.4, 1.0),
        ("i2", "i3"): (0.2, -0.5),
        ("o1", "o4"): (0.8, 2.0),
    }
    run = make_run(rings, said, pairs)
    facts_of_run = {
        "guarantee": f"At most {HOSTILE}",
        "settings": {"attribution": {"alpha": 0.01, HOSTILE: HOSTILE}},
    }
    (run / "run.json").write_text(json.dumps(facts_of_run))
    members = pl.read_parquet(run / "members.parquet").with_columns(tier=pl.lit(HOSTILE))
    members.write_parquet(run / "members.parquet")
    return evaluate(run, make_truth(facts), resamples=30)


def parsed(text: str) -> ET.Element:
    assert text.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>\n").replace("&nbsp;", " "))  # noqa: S314


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def test_it_is_well_formed_and_asks_for_nothing(report: Report) -> None:
    text = html(report)
    root = parsed(text)
    names = {local(element) for element in root.iter()}
    assert not names & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "a",
        "form",
        "use",
        "image",
        "base",
    }
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not attributes & {"href", "src", "style", "srcset", "action", "data"}
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    outside = set(re.findall(r"https?://[^\"' <]+", text))
    assert outside == {"http://www.w3.org/2000/svg"}  # the name of SVG, which nobody fetches


def test_its_policy_lets_nothing_run(report: Report) -> None:
    root = parsed(html(report))
    policy = next(e.attrib["content"] for e in root.iter("meta") if "http-equiv" in e.attrib)
    style = next(root.iter("style")).text or ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


class _Balance(HTMLParser):
    """An HTML parser's view, which may differ from that of an XML parser."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_foreign_text_stays_text(report: Report) -> None:
    text = html(report)
    reader = _Balance()
    reader.feed(text)
    assert reader.open == []
    assert "script" not in reader.seen
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "\x07" not in text
    words = " ".join(parsed(text).itertext())
    assert words.count("<script>") > 10  # as a stratum, a tier, a hypothesis, a setting, in the guarantee


def measured(report: Report) -> int:
    """How many figures there are that are over something."""
    tables = (report.figures, report.links, report.ring_figures)
    return sum(
        figure.value is not None for t in tables for figures in t.values() for figure in figures.values()
    )


def test_every_figure_is_that_of_the_json(report: Report) -> None:
    document = json.loads(json.dumps(report.to_dict()))
    shown = [e.attrib for e in parsed(html(report)).iter() if "data-figure" in e.attrib]
    # Parsers give attributes back as they were written, hidden characters spelled out.
    plain = [a for a in shown if "script" not in a["data-figure"]]
    assert len(plain) > 50
    for attributes in plain:
        assert at(document, attributes["data-figure"])["value"] == float(attributes["value"])
    # Nothing measured is left out: each figure stands on the page, some in the headline too.
    assert len({a["data-figure"] for a in shown}) == measured(report)


def test_figures_read_as_they_are(report: Report) -> None:
    for element in parsed(html(report)).iter("data"):
        value, shown = (
            float(element.attrib["value"]),
            float((element.text or "").lstrip("<").replace(",", "")),
        )
        assert shown == pytest.approx(value, rel=0.01, abs=0.0005 if abs(value) >= 0.0005 else 0.0001)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.00004, "<0.0001"),
        (0.0004, "0.0004"),
        (98.701, "98.7"),
        (5844.46, "5,844.5"),
    ],
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


def test_plots_say_what_they_show(report: Report) -> None:
    plots = [e for e in parsed(html(report)).iter() if local(e) == "svg"]
    assert len(plots) == 3 + 1 + len([rows for rows in report.tippett.values() if rows])
    ids = [e.attrib["id"] for e in parsed(html(report)).iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    for plot in plots:
        children = {local(e): e for e in plot}
        assert plot.attrib["aria-labelledby"].split() == [
            children["title"].attrib["id"],
            children["desc"].attrib["id"],
        ]
        assert children["title"].text
        assert children["desc"].text
        wide, tall = (float(plot.attrib[name]) for name in ("width", "height"))
        for mark in plot.iter():
            if local(mark) == "circle":
                assert 0 <= float(mark.attrib["cx"]) <= wide
                assert 0 <= float(mark.attrib["cy"]) <= tall
    words = " ".join(parsed(html(report)).itertext())
    cllr, least = (report.links["all"][name].value for name in ("cllr", "cllr_min"))
    assert f"Cllr {cllr:.3f}, Cllr_min {least:.3f}" in words


def test_it_holds_definitions_guarantee_and_settings(report: Report) -> None:
    words = " ".join(parsed(html(report)).itertext())
    for measure in MEASURES:
        assert measure.heading in words
        assert measure.says[1:] in words
    assert "At most <script>" in words
    assert "run.settings.attribution.alpha" in words
    assert report.truth["sha256"] in words


def test_every_figure_has_words(report: Report) -> None:
    named = {name for t in (report.figures, report.links, report.ring_figures) for name in t["all"]}
    assert {measure.name for measure in MEASURES} == named
    assert len(MEASURES) == len(named)


def test_each_measure_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "measures.md").read_text()
    missing = [measure.name for measure in MEASURES if f"`{measure.name}`" not in text]
    assert missing == []


def test_a_run_with_nothing_in_it(make_run: Make, make_truth: Make) -> None:
    empty = evaluate(make_run({}), make_truth({"a": ("a", "independent", True, None)}), resamples=2)
    words = " ".join(parsed(html(empty)).itertext())
    assert "nothing to measure" in words
    assert "The run states no guarantee." in words
    assert "nan" not in words


def test_it_cannot_be_written_into_nowhere(report: Report, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_page(report, tmp_path / "none" / "page.html")

"""The report: one content in HTML and PDF, nothing that runs, nothing that reaches out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from graphattr.evidence import html, pdf
from graphattr.evidence.case import read_case
from graphattr.evidence.conditions import CONDITION_WORDS
from graphattr.evidence.document import Code, Figure, Grid, Heading, Items, Para, Quote
from graphattr.evidence.figures import Figures, from_json, shown, to_json
from graphattr.evidence.payload import FIGURES, HTML, PDF
from graphattr.evidence.report import blocks
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import VERBAL_SCALE, forbidden_word, support

from .tampering import Bag

HOSTILE = "<img src=x onerror=alert(1)>&\"'\u202e\u0000" + "y" * 900
FIGURE = Figure("ring.size/r", "8", "8", "accounts", None, None, "ring.size", ("r",), "words", ("rings",))
BLOCKS = [
    Heading(1, ("Title",)),
    Para(("Of ", FIGURE, " accounts ", Code(HOSTILE), " it says ", Quote(HOSTILE), ".")),
    Items((("one",), (Code("<script>"),))),
    Grid(("A", "B"), (((Code(HOSTILE),), (FIGURE,)),) * 60),
]


def read(page: bytes, quotes: set[str] | None = None) -> html.Reader:
    reader = html.Reader({FIGURE.id: "8"}, quotes or set())
    reader.feed(page.decode())
    reader.close()
    return reader


def test_hostile_text_is_text() -> None:
    page = html.render("T", BLOCKS)
    assert b"<img" not in page
    assert b"<script" not in page
    assert "\u202e".encode() not in page
    assert b"\\u202e" in page
    reader = read(page)
    assert reader.hidden == []
    assert all("quotation" in fault for fault in reader.faults)


def test_a_policy_forbids_everything_but_the_style() -> None:
    page = html.render("T", BLOCKS).decode()
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"https?:|src=|href=|@import|url\(", page.replace("src=x", ""))


def test_pdf_of_hostile_text() -> None:
    made = pdf.render("T", BLOCKS)
    assert made == pdf.render("T", BLOCKS)
    assert made.startswith(b"%PDF")
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|EmbeddedFile|AA|OpenAction)\b", made)
    assert b"onerror" in made
    assert made.count(b"/Type /Page\n") > 1, "long tables go on, on further pages"


def test_the_pdf_spells_out_what_its_fonts_lack() -> None:
    made = pdf.render("T", [Para((Code("\u4f60\u00e9"),))])
    assert b"\\\\u4f60" in made


@pytest.mark.parametrize("audience", ["full", "legal", "policy", "public"])
def test_every_number_of_the_report_is_a_figure(bundles: dict[str, Path], audience: str) -> None:
    made = Bag.open(bundles[audience])
    ids = {entry["id"]: entry for entry in made.json(FIGURES)["figures"]}
    found = re.findall(r'data-figure="([^"]+)">([^<]*)<', made.files[HTML].decode())
    assert len(found) > 20
    for name, text in found:
        assert ids[name]["shown"] == text.replace("&#x27;", "'")
    for entry in ids.values():
        assert entry["rule"] in RULES
        assert entry["derivation"]


def test_figures_name_the_tables_they_come_from(bundles: dict[str, Path]) -> None:
    made = Bag.open(bundles["full"])
    manifest = made.files["manifest-sha256.txt"].decode()
    for entry in made.json(FIGURES)["figures"]:
        for table, digest in entry["inputs"].items():
            assert f"{digest}  data/tables/{table}.jsonl\n" in manifest


@pytest.mark.parametrize("audience", ["full", "legal"])
def test_the_report_says_what_an_attribution_asks(bundles: dict[str, Path], audience: str) -> None:
    page = Bag.open(bundles[audience]).files[HTML].decode()
    table = page[page.index("What an attribution asks") :]
    rows = re.findall(r"<tr>(.*?)</tr>", table[: table.index("</table>")], flags=re.S)
    told = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)]
        for row in rows
    ]
    assert told[0] == ["Asked", "This ring", "At least", "Met"]
    assert len(told) == 1 + len(CONDITION_WORDS)
    assert ["accounts in the firm part", "7", "5", "met"] in told
    assert ["no single shared value whose loss would break the ring", "no", "yes", "not met"] in told
    assert ["e-value against rings with known truth", "not known", "not known", "not met"] in told
    seam = "odds that the two least sure pieces of the firm part share a controller, as a decimal logarithm"
    assert [seam, "+0.25", "+0.00", "met"] in told


@pytest.mark.parametrize("audience", ["policy", "public"])
def test_what_an_attribution_asks_would_count_few_accounts(bundles: dict[str, Path], audience: str) -> None:
    made = Bag.open(bundles[audience])
    assert "What an attribution asks" not in made.files[HTML].decode()
    assert "data/tables/conditions.jsonl" not in made.files


def test_html_and_pdf_say_the_same(run: Path, bundles: dict[str, Path]) -> None:
    made = Bag.open(bundles["full"])
    content, _ = blocks(Figures(read_case(run, ["ring-1"]), RULES), "x")
    spoken = re.sub(rb"\) Tj.*?\(", b"", made.files[PDF])
    for block in content:
        if isinstance(block, Heading) and block.level == 3:
            title = str(block.text[0])
            assert title.encode() in made.files[HTML]
            assert title.encode() in spoken


SHOWN = [
    (None, "probability", "not known"),
    (0.5, "probability", "0.500"),
    (1.0, "probability", "1.000"),
    (0.99999, "probability", "above 0.999"),
    (0.0, "probability", "0.000"),
    (0.00001, "probability", "below 0.001"),
    (1.234, "log10", "+1.23"),
    (-0.0001, "log10", "+0.00"),
    (28800000, "requests", "28,800,000"),
    (0.01, "share", "0.01"),
    (1.0, "yes or no", "yes"),
    (0.0, "yes or no", "no"),
]


@pytest.mark.parametrize(("value", "unit", "text"), SHOWN)
def test_shown(value: float | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_carried_figures_read_back(run: Path) -> None:
    figures = Figures(read_case(run, ["ring-1"]), RULES)
    for name, args in (
        ("ring.size", ("ring-1",)),
        ("link.lr", ("acc-a1", "acc-a2")),
        ("hypothesis.p", ("ring-1", "reseller")),
    ):
        made = figures.get(name, *args)
        entry = json.loads(json.dumps(to_json(made, {}))) | {"carried": True}
        back = from_json(entry, RULES)
        assert (back.id, back.value, back.shown) == (made.id, made.value, made.shown)
        for change in ({"shown": "7"}, {"rule": "x"}, {"value": "x"}, {"value": "1e0"}):
            with pytest.raises(ValueError, match=r".+"):
                from_json(entry | change, RULES)


@pytest.mark.parametrize(
    "text",
    ["He is guilty.", "PROVEN", "a confirmed criminal", "the fraudster's accounts", "certainly", "proves it"],
)
def test_forbidden_words(text: str) -> None:
    assert forbidden_word(text)


@pytest.mark.parametrize(
    "text", ["provenance", "alleged", "consistent with", "improve", "uncertain", "approved"]
)
def test_words_that_may_be_said(text: str) -> None:
    assert forbidden_word(text) is None


def test_verbal_scale() -> None:
    assert [support(floor) for floor, _ in VERBAL_SCALE] == [words for _, words in VERBAL_SCALE]
    assert support(0.99) == "weak support"

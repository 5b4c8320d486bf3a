"""The evaluation as one HTML page that needs nothing else: figures, plots, definitions, guarantee and settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from graphattr.errors import InputError
from graphattr.evaluate import words
from graphattr.evaluate.markup import cell, figure, number, page, pointer, table
from graphattr.evaluate.plots import coverage_plot, reliability_plot, tippett_plot
from graphattr.evaluate.ratios import ALL
from graphattr.evaluate.report import Figures, Report
from graphattr.evaluate.svg import text
from graphattr.evaluate.words import Measure
from graphattr.records import HYPOTHESES

_HEADLINE: Final = (
    "attributed", "wrong_in_attributed", "innocent_in_attributed", "innocent_in_attributed_per_10000", "power",
    "wrong_in_leads", "innocent_in_leads", "power_in_leads", "wrong_in_rings", "precision", "recall", "f1",
    "cllr", "cllr_min", "coverage", "coverage_at_most", "hypothesis_accuracy", "operator_or_reseller",
    "known_named", "unknown_named",
)  # fmt: skip
_MEASURE: Final = {measure.name: measure for measure in words.MEASURES}
#: Tables by stratum: part of the report, heading, measures.
_TABLES: Final = (
    ("figures", "Grouping, over all accounts", words.GROUPING[:6]),
    ("figures", "Grouping, non-innocent accounts alone", words.GROUPING[6:12]),
    ("figures", "Grouping, accounts of attributed rings", words.GROUPING[12:]),
    ("figures", "Wrong and innocent accounts in attributed rings", words.WRONG[:4]),
    ("figures", "Wrong and innocent accounts in leads and attributed rings", words.WRONG[4:8]),
    ("figures", "Wrong and innocent accounts in rings of every kind", words.WRONG[8:]),
    ("figures", "Answers given, and what the links reach", words.ANSWERS),
    ("figures", "Names", words.NAMING),
    ("figures", "Members who changed hands", words.HANDS),
    ("links", "Links (a pair counts in the stratum of either end)", words.LINKS),
    ("figures", "Memberships", words.MEMBERS),
    ("ring_figures", "Rings (by the stratum of most of their accounts)", words.RINGS),
)
_VERDICTS: Final = {
    "inside": "inside",
    "close": "outside, by no more than chance",
    "below": "stated too high",
    "above": "stated too low",
}


def html(report: Report) -> str:
    """The page of a report. Every text of the run and the truth is escaped; nothing is fetched, nothing runs."""
    return page("How right the run is, against the truth", _body(report))


def write_page(report: Report, path: Path) -> None:
    """Writes the page of a report.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text(html(report), encoding="utf-8")
    except OSError as cause:
        raise InputError(
            f"cannot write {path}: {cause.strerror}", "a file in a folder that exists and can be written"
        ) from cause


def _body(report: Report) -> Iterator[str]:
    yield "<h1>How right the run is, against the truth</h1>\n"
    links = report.links[ALL]["brier"].n
    yield (
        f"<p>{report.accounts:,} accounts, {report.rings:,} rings, {links:,.0f} links; strata by "
        f"<code>{text(report.by)}</code>. A figure over nothing is left as none: none is not zero.</p>\n"
    )
    yield f"<blockquote>{text(report.run.get('guarantee') or 'The run states no guarantee.')}</blockquote>\n"
    yield from _headline(report)
    yield from _plots(report)
    yield "<h2>By stratum</h2>\n" + f"<p>{_INTERVALS.format(n=report.resamples)}</p>\n"
    for part, title, measures in _TABLES:
        yield _strata(part, title, measures, getattr(report, part))
    yield from _rings(report)
    yield from _definitions()
    yield from _settings(report)


_INTERVALS: Final = (
    "Under each figure: its 95 % interval from {n:,} resamples of controllers, whose accounts come and go together "
    "(where a share is exactly 0 or 1: that of Clopper and Pearson at the effective number of controllers), and "
    "what it is over. Rings are not made anew for a resample."
)


def _find(report: Report, name: str) -> tuple[str, Figures]:
    for part in ("figures", "links", "ring_figures"):
        figures: Figures = getattr(report, part).get(ALL, {})
        if name in figures:
            return part, figures
    return "", {}


def _headline(report: Report) -> Iterator[str]:
    yield "<h2>Headline figures</h2>\n"
    rows = []
    for name in _HEADLINE:
        part, figures = _find(report, name)
        if not part:
            continue
        measure, got = _MEASURE[name], figures[name]
        over = f"{got.n:,.0f} {measure.over}"
        if name.startswith(("wrong_", "innocent_")) and not name.endswith("_10000") and got.value is not None:
            over = f"{got.value * got.n:,.0f} of {over}"
        rows.append(
            (
                measure.heading,
                cell(figure(pointer(part, ALL, name), got, over=False)),
                cell(text(over), "fold"),
                cell(text(measure.says), "words"),
            )
        )
    heads = ("measure", "value", "over", "what it is")
    yield table("Over all accounts", heads, rows, kinds={"over": "fold", "what it is": "words"})


def _plots(report: Report) -> Iterator[str]:
    yield "<h2>Are probabilities what they say?</h2>\n<p>Bigger dots stand for more cases.</p>\n"
    yield '<div class="plots">\n'
    for name, title, what in (
        ("links", "Links", "pairs"),
        ("memberships", "Memberships", "members"),
        ("hypotheses", "Leading hypotheses of rings", "rings"),
    ):
        plot = reliability_plot(f"r-{name}", title, report.reliability.get(name, []), what)
        yield f"<figure>{plot}</figure>\n"
    yield "</div>\n"
    groups = report.coverage.get(ALL, [])
    if groups:
        drawn = coverage_plot("c-all", "Member intervals", groups, report.figures[ALL]["coverage"])
        yield (
            "<h3>Do member intervals hold?</h3>\n<p>Bars: the mean stated interval of a group of members with like "
            "probabilities. Mark: the share of them that belongs, with its 95 % interval; open marks lie outside the "
            f'bar by no more than chance, crosses by more.</p>\n<div class="plots"><figure>{drawn}</figure></div>\n'
        )
        yield _groups(groups)
    yield (
        "<h2>Do likelihood ratios tell pairs apart?</h2>\n<p>Tippett plots: the share of pairs whose likelihood ratio "
        "is x or more, of pairs of one controller (solid) and of two (dashed). Good ratios hold the curves apart, "
        "with the dashed vertical at 1 between them. Only pairs in links.parquet can be shown: the run keeps none "
        'below its least probability.</p>\n<div class="plots">\n'
    )
    for n, (stratum, rows) in enumerate(report.tippett.items()):
        if rows:
            title = "All pairs" if stratum == ALL else stratum
            yield f"<figure>{tippett_plot(f't-{n}', title, rows, report.links[stratum])}</figure>\n"
    yield "</div>\n"


def _groups(groups: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"{row['probability']:.3f}",
            cell(f"{row['n']:,}"),
            cell(f"{text(number(row['low']))} to {text(number(row['high']))}"),
            cell(text(number(row["right"]))),
            cell(_VERDICTS[row["verdict"]]),
        )
        for row in groups
    ]
    heads = ("mean probability", "members", "mean stated interval", "share that belongs", "share lies")
    shown = table("Groups of members", heads, rows)
    return f"<details><summary>The groups as a table</summary>\n{shown}</details>\n"


def _strata(part: str, title: str, measures: tuple[Measure, ...], figures: Mapping[str, Figures]) -> str:
    """A table with a row a stratum; measures and strata without a figure are left out."""
    there = [
        m for m in measures if any(f.get(m.name) and f[m.name].value is not None for f in figures.values())
    ]
    rows = [
        (
            "all" if stratum == ALL else stratum,
            *(cell(figure(pointer(part, stratum, m.name), row[m.name])) for m in there),
        )
        for stratum, row in figures.items()
        if any(row[m.name].value is not None for m in there)
    ]
    if not rows:
        return f'<p><strong>{text(title)}</strong> <span class="none">nothing to measure</span></p>\n'
    return table(title, ("stratum", *(m.label for m in there)), rows, first=True)


def _rings(report: Report) -> Iterator[str]:
    told = report.hypotheses
    yield (
        f"<h2>What rings were said to be</h2>\n<p>{told['rings']:,} rings have a true hypothesis, that of most "
        f"of their accounts; in {told['ambiguous']:,} two are level, and they are left out.</p>\n"
    )
    counts = {(row["kind"], row["hypothesis"]): row for row in told["confusion"]}
    if counts:
        said = [name for name in HYPOTHESES if any(name == pair[1] for pair in counts)]
        said += sorted({str(pair[1]) for pair in counts} - set(said))
        rows = [
            (kind, *(_count(counts.get((kind, name)), kind == name) for name in said))
            for kind in sorted({pair[0] for pair in counts})
        ]
        heads = ("true \\ said", *(name.replace("_", " ") for name in said))
        yield table("Rings (and their accounts) by true and by leading hypothesis", heads, rows)
    named = [(name.replace("_", " "), cell(f"{count:,}")) for name, count in report.operators.items()]
    yield table("Rings by what was said of their operator", ("", "rings"), named)
    tiers = [
        (
            str(row["tier"]),
            cell(f"{row['accounts']:,}"),
            *(cell(text(number(row[k]))) for k in ("probability", "belongs")),
        )
        for row in report.tiers
    ]
    heads = ("tier", "accounts", "mean probability", "share that belongs")
    yield table("Tiers of members", heads, tiers)


def _count(row: Mapping[str, Any] | None, hit: bool) -> str:
    shown = (
        f"{row['rings']:,}<small>{row['accounts']:,} accounts</small>"
        if row
        else '<span class="none">0</span>'
    )
    return cell(shown, "hit" if hit else "")


def _definitions() -> Iterator[str]:
    yield "<h2>What each measure is</h2>\n<dl>\n"
    for measure in words.MEASURES:
        says = measure.says[0].upper() + measure.says[1:]
        yield f"<dt>{text(measure.heading)}</dt><dd>{text(says)}. Over {text(measure.over)}.</dd>\n"
    yield "</dl>\n"


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _settings(report: Report) -> Iterator[str]:
    facts = {
        "truth": report.truth,
        "strata by": report.by,
        "resamples": report.resamples,
        "seed of the resampling": report.seed,
        "run": {name: value for name, value in report.run.items() if name != "guarantee"},
    }
    rows = [(name, cell(text(value), "fold")) for name, value in _flat(facts)]
    yield "<h2>What this was made from</h2>\n" + table(
        "Settings and versions", ("", "value"), rows, kinds={"value": "fold"}
    )

"""Writes docs/realism.md: `python benchmarks/realism.py --out docs/realism.md [--worlds N] [--preset NAME] [--seed S]`.

For each family of graphattr.simulate.families it makes N worlds, seeds S to S + N - 1, and writes their marginal
distributions beside what is published, the power of each single feature, and what is too easy.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from graphattr.simulate.families import FAMILIES
from graphattr.simulate.presets import preset
from graphattr.simulate.realism import MARKER, TOO_EASY
from graphattr.simulate.realism.published import BESIDE
from graphattr.simulate.realism.report import Lines, Report, too_easy
from graphattr.simulate.realism.tables import Tables, made

HEAD = """# Realism of the simulated worlds

Written by `{command}`; no figure here is typed by hand.

Of every figure the mean over {worlds} worlds of the preset `{preset}` (seeds {first} to {last}) a family is given.
`graphattr/simulate/realism` says how each is computed; `python -m graphattr.simulate.realism WORLD` prints the same
for one world.

- **against** sets the figure of innocent accounts (for appeals: of all) against the published one: `near` is within
  the published range, or within a factor of one and a half of a single figure. Most sources count something near what
  a world counts, not the same, so `below` and `above` are reasons to look, not errors.
- **link**: AUC of one feature alone for pairs of one controller against any pairs of different controllers. Above
  {easy} by a circumstance is `too easy`; by a value that ties accounts in the real world too (card, device, address)
  `strong, natural`.
- **account**: AUC of one feature alone for accounts that are not innocent against all others. Above {marker} is a
  `marker`. A value (country, client) is judged by accounts of other controllers only.
- The verdict is given where one world at least has it.
"""


def worlds(family: str, name: str, seeds: range) -> Iterator[tuple[Tables, pl.DataFrame]]:
    """Worlds of a family, made in memory one after the other."""
    for seed in seeds:
        yield made(FAMILIES[family](replace(preset(name), family=family), seed))


def table(names: list[str], lines: Lines) -> str:
    """A table in Markdown."""
    rows = [names, ["---"] * len(names), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def section(family: str, report: Report) -> str:
    """What is said of a family."""
    easy = too_easy(report)
    names = ["figure", "all (range)", "innocent", "others", "against", "published", "status", "source"]
    parts = [f"## Family {family}"]
    parts += ["### What is too easy"]
    header = ["table", "feature", "stratum", "mean AUC", "worlds", "verdict"]
    parts += [table(header, easy) if easy else "Nothing."]
    parts += ["### Marginal distributions", table(names, report.figures())]
    for which, title in (
        ("links", "Power of each feature to link, by kind of controller"),
        ("mechanisms", "Power of each feature to link, by mechanism"),
        ("accounts", "Power of each feature to tell accounts that are not innocent"),
    ):
        strata, lines = report.powers(which)
        header = ["feature", *(name.replace("_", " ") for name in strata), "verdict"]
        parts += [f"### {title}", table(header, lines)]
    return "\n\n".join(parts)


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--preset", default="sample")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.worlds)
    reports = {family: Report.of(worlds(family, given.preset, seeds)) for family in FAMILIES}
    command = f"python benchmarks/realism.py --out docs/{given.out.name} --worlds {given.worlds}"
    command += f" --preset {given.preset} --seed {given.seed}"
    head = HEAD.format(
        command=command,
        worlds=given.worlds,
        preset=given.preset,
        first=seeds[0],
        last=seeds[-1],
        easy=TOO_EASY,
        marker=MARKER,
    )
    cited = dict.fromkeys(source for report in reports.values() for source in report.sources())
    sources = "\n".join(f"- {source}" for source in cited)
    beside = "\n".join(f"- {text}" for text in BESIDE)
    body = [section(family, report) for family, report in reports.items()]
    page = [head.rstrip(), *body, "## Published besides", beside, "## Sources", sources]
    given.out.write_text("\n\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

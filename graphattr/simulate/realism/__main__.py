"""`python -m graphattr.simulate.realism WORLD`: prints what a world on disk gives away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from graphattr.simulate.realism.report import Lines, Report, too_easy
from graphattr.simulate.realism.tables import scan

_WIDE: Final = 150  # columns; a narrower terminal wraps


def main(arguments: list[str]) -> int:
    """Prints marginal distributions, the power of each feature, and what is too easy; 2 without a world."""
    error = Console(stderr=True, highlight=False)
    if len(arguments) != 1:
        error.print(
            f"got {len(arguments)} arguments; expected one folder: python -m graphattr.simulate.realism WORLD"
        )
        return 2
    try:
        world = scan(Path(arguments[0]))
    except FileNotFoundError as missing:
        error.print(
            f"{missing}; expected signals/ and truth.parquet; hint: `graphattr simulate OUT` writes both",
            markup=False,
        )
        return 2
    report = Report.of([world])
    console = Console(highlight=False)
    console.width = max(console.width, _WIDE)
    names = ["figure", "all", "innocent", "others", "against", "status", "source"]
    figures = [[*line[:5], *line[6:]] for line in report.figures()]
    _show(console, "Marginal distributions beside what is published", names, figures)
    for table, title in (
        ("links", "AUC of each feature alone: pairs of one controller against any pairs, by kind"),
        ("mechanisms", "The same by mechanism"),
        ("accounts", "AUC of each feature alone: accounts that are not innocent against all others"),
    ):
        strata, lines = report.powers(table)
        _show(console, title, ["feature", *(name.replace("_", " ") for name in strata), "verdict"], lines)
    easy = ["table", "feature", "stratum", "AUC", "worlds", "verdict"]
    _show(console, "Too easy", easy, too_easy(report))
    for source in report.sources():
        console.print(source, markup=False)
    return 0


def _show(console: Console, title: str, names: list[str], lines: Lines) -> None:
    shown = Table(title=title, title_justify="left")
    for number, name in enumerate(names):
        shown.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    for line in lines:
        shown.add_row(*line)
    console.print(shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How right a run on the hop data is: `python -m graphattr.evaluate.hop RUN HOP_DATA [--json]`.

Figures are over the reported accounts with a transfer in the data (either end, hubs included), with and
without the one report that holds most of the true pairs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from graphattr.errors import GraphattrError
from graphattr.evaluate.files import read
from graphattr.evaluate.reported import MIN_REPORTED, reported

#: The report with 471 accounts, shown apart.
LARGEST: Final = "report-111110"


def measure(run: Path, data: Path) -> dict[str, dict[str, Any]]:
    """The figures of `reported` for a run on the hop data: all reports, and all but the largest.

    Raises:
        RunError: the run is unfinished or lacks a table.
        InputError: reported_groups.csv or transfers.parquet is unreadable or lacks a column.
    """
    groups = read(data / "reported_groups.csv", ("address", "group")).rename({"address": "account_id"})
    transfers = read(data / "transfers.parquet", ("source", "destination"))
    consider = set(transfers["source"]) | set(transfers["destination"])
    return {
        f"without {LARGEST}": reported(run, groups, consider, (LARGEST,)),
        "all reports": reported(run, groups, consider),
    }


def _figure(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def table(figures: dict[str, dict[str, Any]]) -> Table:
    """The figures as a table for the terminal, one column a set of reports."""
    names = {
        "accounts": "reported accounts",
        "groups": "reports",
        "precision": "B-cubed precision",
        "recall": "B-cubed recall",
        "f1": "B-cubed F1",
        "rings": f"rings with {MIN_REPORTED} or more reported accounts",
        "unreported_share": "share of unreported accounts in them",
    }
    shown = Table(title="Reported accounts with a transfer", title_justify="left")
    shown.add_column("")
    for heading in figures:
        shown.add_column(heading, justify="right")
    for key, name in names.items():
        shown.add_row(name, *(_figure(row[key]) for row in figures.values()))
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns the exit status (0, or 2 on bad input)."""
    parser = argparse.ArgumentParser(prog="python -m graphattr.evaluate.hop", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run on the hop data")
    parser.add_argument("data", type=Path, help="folder of the hop data")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        figures = measure(options.run, options.data)
    except GraphattrError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        return error.exit_code
    if options.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        Console().print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

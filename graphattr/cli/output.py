"""What commands print: results on stdout as text or JSON, progress and errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from graphattr.evidence.canonical import visible

#: Signals are hostile input: markup, highlighting and emoji codes stay text.
out = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
err = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)


def say(text: str = "") -> None:
    """A line on stdout; characters that cannot be seen are spelled out."""
    out.print(visible(text))


def emit(document: Any) -> None:
    """A document as JSON on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=True, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout. Columns whose cells are all numbers are set to the right."""
    drawn = Table(title=title, title_justify="left")
    cells = [[_cell(value) for value in row] for row in rows]
    for n, name in enumerate(headers):
        numbers = all(isinstance(row[n], int | float) or row[n] is None for row in rows)
        drawn.add_column(name, justify="right" if numbers and rows else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*row)
    wide = Console(markup=False, highlight=False, emoji=False, width=None if out.is_terminal else 160)
    wide.print(drawn)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return visible(str(value))


@contextmanager
def steps(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on stderr, told what is being done and the share done so far."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet) as bar:
        task = bar.add_task("start", total=1.0)
        said = ""

        def step(name: str, done: float) -> None:
            nonlocal said
            bar.update(task, description=name, completed=done)
            # A log, not a terminal: one line a step.
            if not quiet and not err.is_terminal and name != said:
                said = name
                err.print(f"{done:4.0%} {name}")

        yield step

"""The tables of docs/worlds.md: `python -m graphattr.simulate.page docs/worlds.md` writes them anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graphattr.errors import GraphattrError, InputError
from graphattr.simulate.mechanisms import MECHANISMS
from graphattr.simulate.presets import PRESETS


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def presets() -> str:
    """Every preset with its world, as a Markdown table."""
    return _table(("preset", "world"), [(f"`{name}`", each.what) for name, each in PRESETS.items()])


def mechanisms() -> str:
    """Every mechanism with where its ranges stand and what is published of it, as a Markdown table."""
    rows = [
        (
            f"`{each.name}`",
            each.what,
            ", ".join(f"`{parameter}`" for parameter in each.parameters),
            each.source or "a guess",
        )
        for each in MECHANISMS.values()
    ]
    return _table(("name", "what it does", "ranges (family A)", "source"), rows)


_MADE: Final = {"presets": presets, "mechanisms": mechanisms}


def page(text: str) -> str:
    """The page with its tables, which stand between comments that name them, made anew.

    Raises:
        InputError: the comments of a table are missing.
    """
    for name, made in _MADE.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise InputError(f"no one place for the table of {name}", f"one {start.strip()} and one {end}")
        before, _, rest = text.partition(start)
        text = f"{before}{start}{made()}\n{end}{rest.partition(end)[2]}"
    return text


def main(arguments: list[str]) -> int:
    """Writes the tables of a page anew; 2 if that cannot be done."""
    try:
        if len(arguments) != 1:
            raise InputError(f"{len(arguments)} arguments", "python -m graphattr.simulate.page PAGE")
        file = Path(arguments[0])
        file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
    except (GraphattrError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

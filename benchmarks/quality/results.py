"""docs/results.md: the page, whole, out of the outcomes of the suites."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import graphattr
from benchmarks.quality import methods, missing, sections
from benchmarks.quality.methods import Tuned
from models import shipped_model, shipped_rings

#: Libraries whose version can change a figure.
LIBRARIES: Final = (
    "duckdb", "igraph", "lightgbm", "networkx", "numpy", "polars", "scipy", "splink",
)  # fmt: skip

_HEAD: Final = """# Results

How right graphattr is beside other methods, on worlds whose truth is known and on real accounts with third-party
reports. This page is written by a command and never by hand:

```
{command}
```

{versions}

Figures are means over worlds; in brackets 95 % intervals by resampling worlds. A world that a figure is not defined in
(no operators, say) is left out of its mean."""

_HOW: Final = Path(__file__).with_name("how_to_read.md")


def page(command: str, outcomes: dict[str, Any], tuned: Tuned) -> str:
    """The page.

    Args:
        command: the command that wrote it.
        outcomes: by suite, what it found; a string says why there is nothing.
        tuned: what was learnt on worlds of A.
    """
    parts = [_HEAD.format(command=command, versions=versions()), _how(tuned)]
    for suite, write in _SUITES.items():
        if suite in outcomes:
            found = outcomes[suite]
            parts += [f"## {suite.capitalize()}", found] if isinstance(found, str) else write(found)
    return "\n\n".join([*parts, *_chosen(tuned)]) + "\n"


_SUITES: Final[dict[str, Any]] = {
    "worlds": sections.families,
    "presets": sections.innocents,
    "hop": sections.hop,
    "small": sections.control,
    "mechanisms": sections.mechanisms,
    "tables": missing.section,
}


def _how(tuned: Tuned) -> str:
    return (
        _HOW.read_text(encoding="utf-8")
        .strip()
        .format(
            plain=methods.PLAIN.cap,
            splink=methods.SPLINK,
            splink_a=methods.SPLINK_A,
            boosting=methods.BOOSTING,
            weight=methods.WEIGHT,
            product=methods.PRODUCT,
            grouped=methods.GROUPED,
            even=methods.TRUE_LINKS[0][0],
            tenth=methods.TRUE_LINKS[1][0],
            additive=methods.ADDITIVE,
            network=methods.NETWORK,
            model=shipped_model().name,
            fit=len(tuned.fit_seeds),
            hold=len(tuned.hold_seeds),
            fit_seeds=_span(tuned.fit_seeds),
            hold_seeds=_span(tuned.hold_seeds),
        )
    )


def _span(seeds: Sequence[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"


def versions() -> str:
    """graphattr, its model, Python and the libraries behind the figures."""
    named = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    model, known = shipped_model(), shipped_rings()
    return (
        f"graphattr {graphattr.__version__}, model `{model.name}` (SHA-256 {model.sha256[:12]}), {len(known)} rings"
        f" with known truth behind the error control; Python {platform.python_version()}, {named}."
    )


def _chosen(tuned: Tuned) -> list[str]:
    """What was chosen on A."""
    lines = [
        "## What was chosen on worlds of A",
        f"- components, degree-capped: {tuned.capped}",
        f"- Leiden, tuned: {tuned.modular}, resolution {tuned.resolution:g}",
        f"- label propagation: {tuned.propagated}",
        f"- shared values, weighted: {tuned.weighted}",
        *(f"- {name}: pairs with log10 odds of at least {at:+.2f}" for name, at in tuned.thresholds.items()),
        f"- log10 odds of a candidate pair: {tuned.prior:+.3f}",
    ]
    return [lines[0], "\n".join(lines[1:])]

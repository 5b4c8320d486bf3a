"""What an evaluation says: figures with intervals, by stratum, as JSON and as a table."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from graphattr.evaluate.bootstrap import Estimate

Figures = dict[str, Estimate]


@dataclass(frozen=True)
class Report:
    """Figures of a run against the truth.

    Attributes:
        accounts: how many there are in the truth.
        rings: how many the run found.
        by: the column of the truth that names the strata.
        resamples: of controllers, for the intervals; drawn with `seed`.
        seed: of the resampling.
        figures: by stratum ("all" first), the measures of `measures` and `memberships`.
        links: by stratum, those of `pairs`.
        hypotheses: see `rings.hypotheses`.
        operators: see `rings.operators`.
        tiers: see `rings.tiers`.
        reliability: rows of reliability diagrams: of links, memberships, and rings' leading hypotheses.
        ring_figures: by stratum of most of a ring's accounts, the measures of `rings.ring_figures`.
        coverage: by stratum, the groups of members behind `coverage` (see `calibration`).
        tippett: by stratum, rows of a Tippett plot (see `scores.tippett`).
        run: what run.json says made the run: guarantee, settings, seed, model, versions.
        truth: name and SHA-256 of the truth.
    """

    accounts: int
    rings: int
    by: str
    resamples: int
    seed: int
    figures: dict[str, Figures]
    links: dict[str, Figures]
    hypotheses: dict[str, Any]
    operators: dict[str, Any]
    tiers: list[dict[str, Any]]
    reliability: dict[str, list[dict[str, Any]]]
    ring_figures: dict[str, Figures] = field(default_factory=dict)
    coverage: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tippett: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return dataclasses.asdict(self)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Stratum, measure, value, interval and what it was taken over, as text; absent figures left out."""
        both = [
            (stratum, name, figure)
            for table in (self.figures, self.links, self.ring_figures)
            for stratum, figures in table.items()
            for name, figure in figures.items()
        ]
        return [
            (stratum, name.replace("_", " "), f"{figure.value:.3f}", _interval(figure), f"{figure.n:,.0f}")
            for stratum, name, figure in both
            if figure.value is not None
        ]

    def table(self, stratum: str | None = "all") -> Table:
        """The rows of one stratum, or of all of them (None), as a table for the terminal."""
        shown = Table(title="Against the truth", title_justify="left")
        for heading in ("stratum", "measure"):
            shown.add_column(heading)
        for heading in ("value", "95 % interval", "over"):
            shown.add_column(heading, justify="right")
        for row in self.rows():
            if stratum in (None, row[0]):
                shown.add_row(*row)
        return shown


def _interval(figure: Estimate) -> str:
    if figure.low is None or figure.high is None:
        return "-"
    return f"{figure.low:.3f} to {figure.high:.3f}"

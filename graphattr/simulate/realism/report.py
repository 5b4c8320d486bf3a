"""The tables of realism of one or more worlds, as rows of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from graphattr.simulate.realism.accounts import ANY, account_power
from graphattr.simulate.realism.links import link_power
from graphattr.simulate.realism.marginals import GROUPS, marginals
from graphattr.simulate.realism.published import SOURCES, published
from graphattr.simulate.realism.tables import Signals

Lines = list[list[str]]


@dataclass(frozen=True)
class Report:
    """Means over worlds.

    Attributes:
        marginals: key, all, innocent, others, and low and high of `all` over the worlds.
        links: as `link_power` by kind, with low and high of the AUC over the worlds.
        mechanisms: as `link_power` by mechanism, likewise.
        accounts: as `account_power`, likewise.
        worlds: how many.
    """

    marginals: pl.DataFrame
    links: pl.DataFrame
    mechanisms: pl.DataFrame
    accounts: pl.DataFrame
    worlds: int

    @classmethod
    def of(cls, worlds: Iterable[tuple[Signals, pl.DataFrame]]) -> Self:
        """Looks at worlds one after the other; each is its tables and its truth.

        Raises:
            ValueError: there is none.
        """
        parts = [
            (
                marginals(signals, truth),
                link_power(signals, truth),
                link_power(signals, truth, "mechanism"),
                account_power(signals, truth),
            )
            for signals, truth in worlds
        ]
        if not parts:
            raise ValueError("no world to look at")
        figures, links, mechanisms, accounts = (pl.concat(part) for part in zip(*parts, strict=True))
        return cls(
            figures.group_by("key", maintain_order=True).agg(
                pl.col(*GROUPS).mean(), low=pl.col("all").min(), high=pl.col("all").max()
            ),
            _over(links, "kind"),
            _over(mechanisms, "mechanism"),
            _over(accounts, "kind"),
            len(parts),
        )

    def figures(self) -> Lines:
        """Figure, all (with the range over the worlds), innocent, others, against, published, status, source."""
        lines = []
        for key, everybody, innocent, others, low, high in self.marginals.iter_rows():
            known = published(key)
            spread = f" ({_text(low)} to {_text(high)})" if self.worlds > 1 else ""
            lines.append(
                [
                    key,
                    _text(everybody) + spread,
                    _text(innocent),
                    _text(others),
                    known.compared(everybody if known.of == "all" else innocent),
                    known.what,
                    str(known.status),
                    known.source or "-",
                ]
            )
        return lines

    def powers(self, table: str) -> tuple[list[str], Lines]:
        """Names of the strata, and one line a feature: its AUC by stratum, the verdict last.

        Args:
            table: `links`, `mechanisms` or `accounts`.
        """
        frame: pl.DataFrame = getattr(self, table)
        by = frame.columns[1]
        strata = sorted(set(frame[by]), key=lambda name: (name != ANY, name))
        aucs = {(feature, at): auc for feature, at, auc in frame.select("feature", by, "auc").iter_rows()}
        verdicts = dict(
            frame.filter(pl.col("verdict") != "-")
            .group_by("feature", maintain_order=True)
            .agg(pl.format("{}: {}", pl.col(by).str.replace_all("_", " "), "verdict").str.join("; "))
            .iter_rows()
        )
        features = dict.fromkeys(frame.sort("auc", "feature", descending=True, nulls_last=True)["feature"])
        lines = [
            [name, *(_text(aucs.get((name, at))) for at in strata), verdicts.get(name, "-")]
            for name in features
        ]
        return strata, lines

    def sources(self) -> list[str]:
        """Citations of the sources used here and in `BESIDE`, by short name."""
        used = {published(key).source for key in self.marginals["key"]} | {"Padmanabhan 2016"}
        return [f"{name}: {text}" for name, text in SOURCES.items() if name in used]


def _over(frames: pl.DataFrame, by: str) -> pl.DataFrame:
    """Means over worlds; the verdict is that of the worst world."""
    return frames.group_by("feature", by, maintain_order=True).agg(
        auc=pl.col("auc").mean(),
        low=pl.col("auc").min(),
        high=pl.col("auc").max(),
        verdict=pl.col("verdict").sort_by(pl.col("verdict") == "-", maintain_order=True).first(),
        worlds=(pl.col("verdict") != "-").sum(),
    )


def _text(value: float | None) -> str:
    """Three significant figures; a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def too_easy(report: Report) -> Lines:
    """What a world gives away, worst first: table, feature, stratum, mean AUC, worlds with the verdict, verdict."""
    tables: Sequence[tuple[str, pl.DataFrame]] = (("link", report.links), ("account", report.accounts))
    rows = [
        (auc, [name, feature, at.replace("_", " "), _text(auc), f"{worlds} of {report.worlds}", verdict])
        for name, frame in tables
        for feature, at, auc, _, _, verdict, worlds in frame.iter_rows()
        if verdict != "-" and auc is not None
    ]
    return [line for _, line in sorted(rows, key=lambda row: (-row[0], row[1]))]

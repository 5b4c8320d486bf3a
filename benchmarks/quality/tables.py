"""Figures of worlds as rows of Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.quality.measures import over_worlds
from graphattr.evaluate.bootstrap import Estimate

Outcome = dict[str, Any]


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is text, the others figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def figure(one: Estimate, percent: bool = False) -> str:
    """A figure with its interval, where there is one."""
    if one.value is None:
        return "-"
    value = _number(one.value, percent)
    if one.low is None or one.high is None:
        return value
    return f"{value} [{_number(one.low, percent)}, {_number(one.high, percent)}]"


def _number(value: float, percent: bool) -> str:
    text = f"{100 * value:.1f}" if percent else f"{value:.3f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return f"{text} %" if percent else text


def mean_of(worlds: Iterable[Outcome], read: Callable[[Outcome], float | None]) -> Estimate:
    """Mean over worlds of what `read` finds in each; None is left out."""
    values = [read(world) for world in worlds]
    return over_worlds([float("nan") if value is None else value for value in values])


def ring_figure(worlds: Iterable[Outcome], method: str, measure: str) -> Estimate:
    """Mean of a measure of a method's rings; a world without the method is left out."""
    return mean_of(worlds, lambda world: world["rings"].get(method, {}).get(measure))


def score_figure(
    worlds: Iterable[Outcome], method: str, how: str, measure: str, stratum: str = "all"
) -> Estimate:
    """Mean of a measure of a method's pair scores, as `given` or `calibrated`."""
    return mean_of(
        worlds,
        lambda world: world["scores"].get(method, {}).get(how, {}).get(stratum, {}).get(measure),
    )


def worst_ece(worlds: Sequence[Outcome], method: str, how: str) -> Estimate:
    """Mean over worlds of the largest calibration error among a world's strata."""

    def read(world: Outcome) -> float | None:
        found = world["scores"].get(method, {}).get(how, {})
        errors = [figures["ece"] for name, figures in found.items() if name != "all"]
        errors = [error for error in errors if error == error]  # not nan
        return max(errors) if errors else None

    return mean_of(worlds, read)


def names(worlds: Iterable[Outcome], part: str) -> list[str]:
    """The methods that some world has figures of, in their order."""
    return list(dict.fromkeys(name for world in worlds for name in world[part]))

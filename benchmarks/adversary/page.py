"""The figures as a page of Markdown, every number out of the measurement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.adversary.ladders import ATTACKS, TRIES
from benchmarks.adversary.results import (
    BREAK,
    MERGE,
    NOTHING,
    PULL_IN,
    Reached,
    Result,
    figure_of,
    framed_by_one,
    reached,
)
from benchmarks.adversary.scene import Cost
from benchmarks.adversary.texts import ATTACK, HOW_TO_READ, MEASURES, NOT_MEASURED
from benchmarks.adversary.worlds import LEAST_OWN, LEAST_RIVAL, PassedOver, Standing
from benchmarks.quality.measures import over_worlds
from benchmarks.quality.tables import figure, markdown

#: Units of cost: head of the column, and how it is read and written.
UNITS: Final[dict[str, tuple[Callable[[Cost], float], str]]] = {
    "accounts opened": (lambda cost: float(cost.opened), "{:.0f}"),
    "values got": (lambda cost: float(cost.got), "{:.0f}"),
    "values made up": (lambda cost: float(cost.made), "{:.0f}"),
    "accounts re-routed": (lambda cost: float(cost.rerouted), "{:.0f}"),
    "work given up": (lambda cost: cost.given_up, "{:.0%}"),
    "work moved by days": (lambda cost: cost.shifted, "{:.1f}"),
}
STANDS: Final = ("largest", "placed", "recall", "leads", "eligible", "attributed", "bystanders")
JOINS: Final = ("joined", "core", "joined eligible", "joined attributed")
#: What is shown of an attack, by what it is for.
SHOWN: Final = (
    (BREAK, STANDS),
    (PULL_IN, (*JOINS, "largest", "leads", "bystanders")),
    (MERGE, ("joined", "named", "largest", "leads", "bystanders")),
)


@dataclass(frozen=True)
class Made:
    """How the figures were made.

    Attributes:
        command: the command line.
        worlds: the worlds used.
        passed: those not used.
        model: name and SHA-256 of the linkage model.
        known: rings with known truth that the error control leans on.
    """

    command: str
    worlds: Sequence[Standing]
    passed: PassedOver
    model: tuple[str, str]
    known: int


def page(made: Made, found: Sequence[Result]) -> str:
    """The page."""
    untouched = [result for result in found if result.rung is NOTHING]
    tried = [name for name in ATTACKS if any(result.rung.attack == name for result in found)]
    goals = reached(found)
    return "\n".join(
        [
            "# What it costs an adversary",
            "",
            f"Written by `{made.command}`.",
            "",
            HOW_TO_READ,
            "",
            _worlds(made),
            "",
            "## Framing by one planted value",
            "",
            verdict(found),
            "",
            "## What works, and what it takes",
            "",
            *_works(goals),
            "",
            _costs(goals),
            "",
            "## Before any attack",
            "",
            _table(untouched, STANDS),
            "",
            *[line for name in tried for line in _section(name, found)],
            "## What this does not say",
            "",
            NOT_MEASURED,
            "",
        ]
    )


def verdict(found: Sequence[Result]) -> str:
    """Whether one planted value ever attributed an innocent account, in words."""
    counts = framed_by_one(found)
    if not counts["framed"]:
        return "Not checked: no account was framed by one value."
    kept = counts["joined attributed"] == 0
    ground = figure_of([result for result in found if result.rung is NOTHING], "attributed")
    empty = (
        " Before any attack the error control attributes none of these operators' accounts, so that this alone says"
        " little; the eligible rings say more."
        if not ground.value
        else ""
    )
    return (
        f"{'Holds' if kept else 'BROKEN'}: of {counts['framed']} innocent accounts framed by one planted value"
        f" {counts['joined attributed']} stand in an attributed ring.{empty} {counts['joined']} were pulled into a ring"
        f" of the operator, {counts['core']} of them as core members, and {counts['joined eligible']} into a ring that"
        " is eligible: the error control would attribute it if its score were high enough."
    )


def _worlds(made: Made) -> str:
    rows = [
        [
            one.scene.name,
            str(len(one.scene.own)),
            str(len(one.scene.rival)),
            *(str(len(accounts)) for accounts in one.scene.sites.values()),
        ]
        for one in made.worlds
    ]
    sites = list(made.worlds[0].scene.sites) if made.worlds else []
    name, sha256 = made.model
    return "\n".join(
        [
            markdown(["world", "operator", "rival", *sites], rows),
            "",
            f"Accounts of each. Passed over: {made.passed.no_operator} worlds without an operator of {LEAST_OWN}"
            f" accounts and a rival of {LEAST_RIVAL}, {made.passed.no_ring} in which no ring held half of the"
            f" operator's accounts before any attack. Linkage model {name} (SHA-256 {sha256[:12]});"
            f" {made.known} rings with known truth behind the error control.",
        ]
    )


def _works(goals: Sequence[Reached]) -> list[str]:
    """The attacks sorted by how often they do what they are for."""
    often = [goal for goal in goals if goal.first and 2 * len(goal.first) >= goal.worlds]
    seldom = [goal for goal in goals if goal.first and goal not in often]
    never = [goal for goal in goals if not goal.first]
    lines = []
    for head, part in (
        ("In at least half of the worlds", often),
        ("In fewer", seldom),
        ("In none, up to the end of its ladder", never),
    ):
        lines.append(f"{head}:")
        lines += [f"- {_goal(goal)}" for goal in part] or ["- nothing."]
        lines.append("")
    return lines[:-1]


def _goal(goal: Reached) -> str:
    text = f"{goal.attack}: {goal.aim.words} in {len(goal.first)} of {goal.worlds} worlds"
    if not goal.first:
        return text + "."
    strength, _ = Counter(one.rung.strength for one in goal.first).most_common(1)[0]
    of = ""
    if goal.aim.counts:
        part, whole = (int(sum(one.shares[goal.aim.measure][n] for one in goal.first)) for n in (0, 1))
        of = f" ({part} of the {whole} accounts aimed at there)"
    return f"{text}{of}, the weakest rung that does it mostly {strength}; it takes {_price(goal.first)} (median)."


def _price(first: Sequence[Result]) -> str:
    parts = []
    for unit, (read, form) in UNITS.items():
        middle = float(np.median([read(one.cost) for one in first]))
        if middle:
            parts.append(f"{unit}: {form.format(middle)}")
    return ", ".join(parts) or "nothing"


def _costs(goals: Sequence[Reached]) -> str:
    """The least strength and its cost, median with the least and the most over worlds."""
    rows = []
    for goal in goals:
        counts = Counter(one.rung.strength for one in goal.first)
        order = [rung.strength for rung in ATTACKS[goal.attack] if rung.strength in counts]
        cells = []
        for read, form in UNITS.values():
            values = [read(one.cost) for one in goal.first]
            cells.append(_spread(values, form) if any(values) else "-")
        least = ", ".join(f"{strength} ({counts[strength]})" for strength in order) or "-"
        rows.append(
            [f"{goal.attack}: {goal.aim.words}", f"{len(goal.first)} of {goal.worlds}", least, *cells]
        )
    return markdown(["until", "worlds", "least strength (worlds)", *UNITS], rows)


def _spread(values: Sequence[float], form: str) -> str:
    low, middle, high = (form.format(value) for value in (min(values), float(np.median(values)), max(values)))
    return middle if low == high else f"{middle} ({low} to {high})"


def _section(name: str, found: Sequence[Result]) -> list[str]:
    of_attack = [result for result in found if result.rung.attack == name]
    measures = next(shown for attacks, shown in SHOWN if name in attacks)
    lines = [
        f"## {name.capitalize()}",
        "",
        ATTACK[name].format(tries=TRIES),
        "",
        _table(of_attack, measures),
        "",
    ]
    got = _got(of_attack)
    return [*lines, got, ""] if got else lines


def _table(found: Sequence[Result], measures: Sequence[str]) -> str:
    units = {unit: how for unit, how in UNITS.items() if any(how[0](result.cost) for result in found)}
    rows = []
    for strength in dict.fromkeys(result.rung.strength for result in found):
        part = [result for result in found if result.rung.strength == strength]
        costs = [form.format(np.mean([read(one.cost) for one in part])) for read, form in units.values()]
        figures = [
            _count(part) if name == "bystanders" else figure(figure_of(part, name), True) for name in measures
        ]
        rows.append([strength, str(len(part)), *costs, *figures])
    return markdown(["strength", "worlds", *units, *(MEASURES[name] for name in measures)], rows)


def _count(found: Sequence[Result]) -> str:
    """Mean number of bystanders, with its interval by world."""
    one = over_worlds([result.value("bystanders") for result in found])
    if one.value is None or one.low is None or one.high is None:
        return "-" if one.value is None else f"{one.value:+.1f}"
    return f"{one.value:+.1f} [{one.low:+.1f}, {one.high:+.1f}]"


def _got(found: Sequence[Result]) -> str:
    """Values got by kind, mean over worlds; nothing where there are none of several kinds."""
    kinds = list(
        dict.fromkeys(kind for result in found for kind, count in result.cost.values.items() if count)
    )
    if len(kinds) < 2:
        return ""
    rows = []
    for strength in dict.fromkeys(result.rung.strength for result in found):
        part = [result for result in found if result.rung.strength == strength]
        rows.append(
            [strength, *(f"{np.mean([one.cost.values.get(kind, 0) for one in part]):.1f}" for kind in kinds)]
        )
    return "Values got, mean over worlds:\n\n" + markdown(["strength", *kinds], rows)

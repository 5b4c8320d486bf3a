"""Figures: named rules over the tables of a case, computed once, and computed again by whoever verifies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from graphattr.errors import BundleError
from graphattr.evidence.canonical import number
from graphattr.evidence.case import Case
from graphattr.evidence.document import Figure

#: Smallest number of accounts that a figure for `policy` or `public` may count without pointing at somebody.
K_ANONYMITY: Final = 5


@dataclass(frozen=True)
class Amount:
    """What a rule computes: a value with, perhaps, an interval."""

    value: float | int | None
    low: float | None = None
    high: float | None = None


Compute = Callable[..., Amount]


@dataclass(frozen=True)
class Rule:
    """A named computation.

    Attributes:
        unit: accounts, pairs, rows, probability, log10, ...
        needs: tables, or table.column, without which an audience's case cannot recompute it.
        derivation: the computation in words.
        compute: the computation: a case and text arguments to an amount.
        parts: rules that together make up a whole, so that one withheld count would follow from the others.
    """

    name: str
    unit: str
    needs: tuple[str, ...]
    derivation: str
    compute: Compute
    parts: tuple[str, ...] = ()


class Figures:
    """The figures of one case, each computed the first time it is asked for.

    Args:
        case: the tables.
        rules: rules by name.
        full: for an audience's case that is being made, the figures of the full case.
        stated: for an audience's case that is being verified, the carried figures that it states.
    """

    def __init__(
        self,
        case: Case,
        rules: Mapping[str, Rule],
        full: Figures | None = None,
        stated: Mapping[str, Figure] | None = None,
    ) -> None:
        self.case, self.rules, self.full, self.stated = case, rules, full, stated or {}
        self.made: dict[str, Figure] = {}

    def get(self, name: str, *args: str) -> Figure:
        """The figure of a rule for some arguments.

        Raises:
            BundleError: it cannot be computed here, and nobody stated it.
        """
        identity = "/".join((name, *(quote(arg, safe="") for arg in args)))
        if identity not in self.made:
            self.made[identity] = self._make(identity, self.rules[name], args)
        return self.made[identity]

    def all(self) -> list[Figure]:
        """Every figure asked for so far, by id."""
        return [self.made[identity] for identity in sorted(self.made)]

    def _make(self, identity: str, rule: Rule, args: tuple[str, ...]) -> Figure:
        if self.case.audience == "full" or all(self.case.has(need) for need in rule.needs):
            return self._figure(identity, rule, args, rule.compute(self.case, *args))
        if self.full is not None:
            return self._figure(identity, rule, args, *self._carry(rule, args), carried=True)
        if identity in self.stated:
            return self.stated[identity]
        raise BundleError(
            f"the figure {identity} is stated nowhere", "a figure that the full bundle carried over"
        )

    def _carry(self, rule: Rule, args: tuple[str, ...]) -> tuple[Amount, bool]:
        full = self.full.case if self.full else self.case
        amount = rule.compute(full, *args)
        counts = [self.rules[name].compute(full, *args).value for name in rule.parts] or [amount.value]
        size = full.of_ring("members", args[0]).height if args else 0
        hide = rule.unit == "accounts" and any(_too_few(count, size) for count in counts)
        return (Amount(None), True) if hide else (amount, False)

    def _figure(
        self,
        identity: str,
        rule: Rule,
        args: tuple[str, ...],
        amount: Amount,
        withheld: bool = False,
        carried: bool = False,
    ) -> Figure:
        return Figure(
            id=identity,
            value=_exact(amount.value),
            shown="withheld" if withheld else shown(amount.value, rule.unit),
            unit=rule.unit,
            low=_exact(amount.low),
            high=_exact(amount.high),
            rule=rule.name,
            args=args,
            derivation=rule.derivation,
            tables=tuple(sorted({need.split(".")[0] for need in rule.needs})),
            carried=carried,
        )


def shown(value: float | int | None, unit: str) -> str:
    """A value as readers see it: probabilities never rounded to zero or one, log10 figures with a sign."""
    if value is None:
        return "not known"
    if unit == "probability":
        if 0 < value < 0.001:
            return "below 0.001"
        return "above 0.999" if 0.999 < value < 1 else f"{value:.3f}"
    if unit == "yes or no":
        return "yes" if value else "no"
    if unit == "log10":
        return f"{value:+.2f}".replace("-0.00", "+0.00")
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def to_json(figure: Figure, digests: Mapping[str, str]) -> dict[str, Any]:
    """A figure's entry in figures.json. `digests`: SHA-256 of each table in the bundle."""
    return {
        "id": figure.id,
        "value": figure.value,
        "shown": figure.shown,
        "unit": figure.unit,
        "interval": None if figure.low is None else [figure.low, figure.high],
        "rule": figure.rule,
        "args": list(figure.args),
        "derivation": figure.derivation,
        "inputs": {name: digests[name] for name in figure.tables if name in digests and not figure.carried},
        "tables": list(figure.tables),
        "carried": figure.carried,
    }


def from_json(entry: Mapping[str, Any], rules: Mapping[str, Rule]) -> Figure:
    """A carried figure as figures.json states it; its words come from its rule, never from the file.

    Raises:
        ValueError: the rule is unknown, or the value is not one that the rule could have given.
    """
    rule = rules.get(entry["rule"])
    if rule is None:
        raise ValueError(f"the figure {entry['id']} names an unknown rule")
    value = None if entry["value"] is None else float(entry["value"])
    exact: float | int | None = (
        int(value) if value is not None and _exact(int(value)) == entry["value"] else value
    )
    text = "withheld" if value is None and entry["shown"] == "withheld" else shown(exact, rule.unit)
    if _exact(exact) != entry["value"] or text != entry["shown"]:
        raise ValueError(f"the figure {entry['id']} shows {entry['shown']!r} for {entry['value']!r}")
    args = tuple(str(arg) for arg in entry["args"])
    identity = "/".join((rule.name, *(quote(arg, safe="") for arg in args)))
    tables = tuple(sorted({need.split(".")[0] for need in rule.needs}))
    return Figure(
        identity, entry["value"], text, rule.unit, None, None, rule.name, args, rule.derivation, tables, True
    )


def _exact(value: float | int | None) -> str | None:
    if value is None or isinstance(value, int):
        return None if value is None else str(value)
    return number(value)


def _too_few(count: float | int | None, size: int) -> bool:
    return count is not None and (0 < count < K_ANONYMITY or 0 < size - count < K_ANONYMITY)

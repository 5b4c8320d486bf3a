"""How many accounts each population of a world has. Drawn before everything else, from streams of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from graphattr.simulate.draws import Ints, Range, count, stream
from graphattr.simulate.presets import Preset

_STRETCHED: Final = ("operators", "gateways", "storefronts")


@dataclass(frozen=True)
class Sizes:
    """Accounts of each household, campus, company ...; of queues, those of each contractor.

    `people` is the number of persons with an account of their own; `accounts` their accounts, first and
    second ones, or -1 for as many as come out.
    """

    households: Ints
    campuses: list[int]
    companies: list[int]
    build_farms: list[int]
    operators: list[int]
    gateways: list[int]
    storefronts: list[int]
    queues: list[Ints]
    intruders: list[int]
    people: int
    accounts: int = -1

    @property
    def users(self) -> int:
        """About how many people use the networks."""
        sites = sum(self.campuses) + sum(self.companies) + sum(self.build_farms)
        return self.people + int(self.households.sum()) + sites


def sizes(preset: Preset, seed: int) -> Sizes:
    """The sizes of a world; what is switched off counts too, so that a switch moves no size."""

    def each(name: str, within: Range) -> list[int]:
        return [count(stream(seed, f"size of {name} {i}"), within) for i in range(getattr(preset, name))]

    drawn = Sizes(
        households=_households(preset, seed),
        campuses=each("campuses", preset.campus_size),
        companies=each("companies", preset.company_size),
        build_farms=each("build_farms", preset.build_farm_size),
        operators=each("operators", preset.operator_size),
        gateways=each("gateways", preset.gateway_size),
        storefronts=each("storefronts", preset.storefront_size),
        queues=[_crew(preset, stream(seed, f"size of queue {i}")) for i in range(preset.queues)],
        intruders=each("intruders", preset.victims),
        people=preset.people,
    )
    if preset.fraudulent:
        drawn = _stretched(drawn, preset.fraudulent)
    if preset.accounts:
        others = int(drawn.households.sum()) + sum(int(crew.sum()) for crew in drawn.queues)
        for name in ("campuses", "companies", "build_farms", *_STRETCHED, "intruders"):
            others += sum(getattr(drawn, name))
        drawn = replace(drawn, accounts=max(preset.accounts - others, 2))
    return drawn


def _households(preset: Preset, seed: int) -> Ints:
    low, high = preset.household_size
    return stream(seed, "size of households").integers(int(low), int(high) + 1, preset.households)


def _crew(preset: Preset, rng: np.random.Generator) -> Ints:
    low, high = preset.contractor_accounts
    return rng.integers(int(low), int(high) + 1, count(rng, preset.contractors))


def _stretched(drawn: Sizes, total: int) -> Sizes:
    """Operators and resellers stretched so that they and the contractors hold `total` accounts."""
    numbers = [n for name in _STRETCHED for n in getattr(drawn, name)]
    rest = total - sum(int(crew.sum()) for crew in drawn.queues)
    ends = np.floor(np.cumsum(numbers) / max(sum(numbers), 1) * rest + 0.5).astype(np.int64)
    shares = iter(np.diff(ends, prepend=0).tolist())
    stretched: dict[str, Any] = {name: [next(shares) for _ in getattr(drawn, name)] for name in _STRETCHED}
    return replace(drawn, **stretched)

"""The attacks and the strengths at which each is tried, weakest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from benchmarks.adversary.camouflage import camouflage
from benchmarks.adversary.injection import OTHER_SIDE, bridge, inflate
from benchmarks.adversary.planting import PLANTED, fly_false_flags, frame
from benchmarks.adversary.scene import Edited, Scene
from benchmarks.adversary.splitting import split

#: More compartments than an operator has accounts.
EACH: Final = 1_000_000
COMPARTMENTS: Final = (2, 4, 8)
SHARES: Final = (0.25, 0.5, 1.0)
BRIDGES: Final = (1, 3, 10)
INFLATING: Final = (10, 30, 100)
#: What values are planted: each alone, then two, three and four together.
SETS: Final = (*((kind,) for kind in PLANTED), *(PLANTED[:count] for count in range(2, len(PLANTED) + 1)))
#: Innocent accounts framed in runs of their own, and in one run together.
TRIES: Final = 3
AT_ONCE: Final = 6


Edit = Callable[[Scene], Edited | None]


@dataclass(frozen=True)
class Rung:
    """An attack at one strength.

    Attributes:
        attack: a name of `ATTACKS`.
        strength: how strong, in words.
        edits: makes it; several are tries of the same, each on the world as it was. None comes out where a world has
            not what it needs.
        values: values planted on each innocent account; 0 for other attacks.
    """

    attack: str
    strength: str
    edits: tuple[Edit, ...]
    values: int = 0


def split_and_hide(scene: Scene, compartments: int) -> Edited:
    """Splitting, then camouflage of all accounts."""
    first = split(scene, compartments)
    second = camouflage(replace(scene, tables=first.tables), 1.0)
    touched = tuple(sorted({*first.touched, *second.touched}))
    return Edited(second.tables, first.cost + second.cost, touched=touched)


def _compartments(attack: str, edit: Callable[..., Edited], numbers: tuple[int, ...]) -> list[Rung]:
    rungs = [Rung(attack, f"{n} compartments", (partial(edit, compartments=n),)) for n in numbers]
    return [*rungs, Rung(attack, "each account by itself", (partial(edit, compartments=EACH),))]


def _camouflage() -> list[Rung]:
    return [
        Rung("camouflage", f"{share:.0%} of accounts", (partial(camouflage, share=share),))
        for share in SHARES
    ]


def _framing() -> list[Rung]:
    rungs = []
    for kinds in SETS:
        tries = tuple(partial(frame, kinds=kinds, turn=turn) for turn in range(TRIES))
        rungs.append(Rung("framing", " + ".join(kinds), tries, len(kinds)))
    for kind in PLANTED:
        edit = partial(frame, kinds=(kind,), accounts=AT_ONCE)
        rungs.append(Rung("framing", f"{kind}, {AT_ONCE} accounts at once", (edit,), 1))
    return rungs


def _false_flags() -> list[Rung]:
    return [
        Rung("false flags", " + ".join(kinds), (partial(fly_false_flags, kinds=kinds),)) for kinds in SETS
    ]


def _accounts(number: int) -> str:
    return f"{number} account{'s' if number > 1 else ''}"


def _bridges(attack: str, side: str) -> list[Rung]:
    return [Rung(attack, _accounts(n), (partial(bridge, side=side, number=n),)) for n in BRIDGES]


def _hubs() -> list[Rung]:
    return [Rung("hub inflation", _accounts(n), (partial(inflate, number=n),)) for n in INFLATING]


#: The rungs by attack.
ATTACKS: Final[dict[str, list[Rung]]] = {
    "splitting": _compartments("splitting", split, COMPARTMENTS),
    "camouflage": _camouflage(),
    "splitting and camouflage": _compartments("splitting and camouflage", split_and_hide, COMPARTMENTS[:2]),
    "framing": _framing(),
    "false flags": _false_flags(),
    "bridge to a rival": _bridges("bridge to a rival", OTHER_SIDE),
    "bridge to a household": _bridges("bridge to a household", "household"),
    "bridge to a company": _bridges("bridge to a company", "company"),
    "hub inflation": _hubs(),
}

"""Writing a world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphattr.errors import InputError, SettingsError
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.made import TABLES, write
from graphattr.simulate.presets import off, sized
from graphattr.simulate.presets import preset as by_name

#: Called with what is being done and the share done so far, in [0, 1].
Progress = Callable[[str, float], None]


def simulate(
    out: Path,
    preset: str,
    seed: int,
    progress: Progress | None = None,
    family: str | None = None,
    without: Iterable[str] = (),
) -> dict[str, Any]:
    """Writes a world: out/signals/<table>.parquet for all seven tables, and out/truth.parquet last.

    The same preset, family, switches, seed and versions give the same bytes. Files of an earlier world there
    are replaced.

    Args:
        out: folder of the world; made if it is not there.
        preset: a name of PRESETS.
        seed: any whole number from 0 on.
        progress: told of each step.
        family: a name of FAMILIES; None: the preset's own.
        without: names of MECHANISMS to leave out.

    Returns:
        preset, family, without, seed, rows by table, accounts by kind, and how many accounts are innocent.

    Raises:
        SettingsError: no such preset, family or mechanism.
        InputError: the folder cannot be written.
    """
    chosen = off(by_name(preset), without)
    chosen = replace(chosen, family=family or chosen.family)
    if chosen.family not in FAMILIES:
        raise SettingsError(f"no family '{chosen.family}'", f"one of {', '.join(FAMILIES)}")
    tell = progress or (lambda _step, _done: None)
    tell("plan", 0.0)
    world = FAMILIES[chosen.family](sized(chosen, seed), seed)
    rows: dict[str, int] = {}
    try:
        (out / "signals").mkdir(parents=True, exist_ok=True)
        for done, name in enumerate(TABLES, start=1):
            tell(name, done / (len(TABLES) + 1))
            rows[name] = write(world.table(name), out / "signals" / f"{name}.parquet")
        known = world.truth()
        write(iter([known]), out / "truth.parquet")
    except OSError as error:
        raise InputError(
            f"cannot write {error.filename or out}: {error.strerror}", "a writable folder"
        ) from error
    tell("done", 1.0)
    kinds = known.group_by("kind").len().sort("kind")
    return {
        "preset": preset,
        "family": chosen.family,
        "without": sorted(chosen.without),
        "seed": seed,
        "rows": rows,
        "kinds": dict(kinds.iter_rows()),
        "innocent": int(known["innocent"].sum()),
    }

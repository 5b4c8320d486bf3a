"""Writing a world."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphattr.errors import InputError
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.plan import Plan
from graphattr.simulate.presets import Preset
from graphattr.simulate.presets import preset as by_name
from graphattr.simulate.tables import TABLES, signals, truth, write
from graphattr.simulate.world import World, sessions

#: Called with what is being done and the share done so far, in [0, 1].
Progress = Callable[[str, float], None]


def build(preset: Preset, seed: int) -> World:
    """The world of a preset and seed, before any signal is drawn."""
    plan = Plan(preset, seed)
    FAMILIES[preset.family](plan)
    return World.of(plan)


def simulate(out: Path, preset: str, seed: int, progress: Progress | None = None) -> dict[str, Any]:
    """Writes a world: out/signals/<table>.parquet for all seven tables, and out/truth.parquet last.

    The same preset, seed and versions give the same bytes. Files of an earlier world there are replaced.

    Args:
        out: folder of the world; made if it is not there.
        preset: a name of PRESETS.
        seed: any whole number from 0 on.
        progress: told of each step.

    Returns:
        preset, family, seed, rows by table, accounts by kind, and how many accounts are innocent.

    Raises:
        SettingsError: no such preset.
        InputError: the folder cannot be written.
    """
    chosen = by_name(preset)
    tell = progress or (lambda _step, _done: None)
    total = len(TABLES) + 2
    tell("plan", 0.0)
    world = build(chosen, seed)
    tell("sessions", 1 / total)
    spells = sessions(world)
    rows: dict[str, int] = {}
    try:
        (out / "signals").mkdir(parents=True, exist_ok=True)
        tables = signals(world, spells)
        for done, name in enumerate(TABLES, start=2):
            tell(name, done / total)
            name, frame = next(tables)
            rows[name] = frame.height
            write(frame, out / "signals" / f"{name}.parquet")
        known = truth(world)
        write(known, out / "truth.parquet")
    except OSError as error:
        raise InputError(
            f"cannot write {error.filename or out}: {error.strerror}", "a writable folder"
        ) from error
    tell("done", 1.0)
    kinds = known.group_by("kind").len().sort("kind")
    return {
        "preset": preset,
        "family": chosen.family,
        "seed": seed,
        "rows": rows,
        "kinds": dict(kinds.iter_rows()),
        "innocent": int(known["innocent"].sum()),
    }

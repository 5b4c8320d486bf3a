"""Worlds of a preset's mix, made larger or smaller, and work in a process whose memory is nobody else's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.simulate.families import FAMILIES
from graphattr.simulate.made import TABLES, write
from graphattr.simulate.presets import Preset, sized

#: Numbers of the preset that grow with the world; the sizes of single sites and operators stay.
COUNTS: Final = (
    "accounts", "fraudulent", "exchanges", "people", "households", "campuses", "companies", "build_farms", "operators",
    "gateways", "storefronts", "queues", "intruders",
)  # fmt: skip


def scaled(chosen: Preset, accounts: int) -> Preset:
    """The preset with that many accounts: as many times more (or fewer) of everything, one at least."""
    factor = accounts / chosen.accounts
    numbers = {name: max(1, round(getattr(chosen, name) * factor)) for name in COUNTS}
    return replace(chosen, **{**numbers, "accounts": accounts})


def write_world(out: Path, chosen: Preset, seed: int) -> pl.DataFrame:
    """Writes out/signals and out/truth.parquet; returns the truth."""
    (out / "signals").mkdir(parents=True)
    world = FAMILIES[chosen.family](sized(chosen, seed), seed)
    for name in TABLES:
        write(world.table(name), out / "signals" / f"{name}.parquet")
    truth = world.truth()
    truth.write_parquet(out / "truth.parquet")
    return truth


def alone(what: Callable[..., Any], *given: Any) -> Any:
    """Calls it in a process of its own, whose memory is nobody else's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(what, *given).result()

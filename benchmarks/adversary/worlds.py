"""Worlds in which an operator's ring stands before any attack, and what an adversary knows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.adversary.outcome import WHOLE, Found, judge, largest_piece
from benchmarks.adversary.scene import Scene
from graphattr.simulate import simulate
from graphattr.simulate.made import TABLES

#: Seeds from here on; nothing is fitted to them.
FIRST_SEED: Final = 97_000
#: Fewer accounts of the operator, or of its rival (any other hidden controller), are not enough.
LEAST_OWN: Final = 10
LEAST_RIVAL: Final = 5
#: Innocent groups that an attack may aim at, by mechanism of the simulator.
SITES: Final = {"household": ("household",), "company": ("company", "build_farm")}


@dataclass(frozen=True)
class Standing:
    """A world whose operator's ring stands.

    Attributes:
        scene: what the adversary sees.
        before: the run on it.
    """

    scene: Scene
    before: Found


@dataclass
class PassedOver:
    """How many worlds were not used, and why."""

    no_operator: int = 0
    no_ring: int = 0


def standing(preset: str, family: str, number: int, work: Path, passed: PassedOver) -> Iterator[Standing]:
    """The first `number` worlds of a family in which most of the largest operator's accounts stand in one ring.

    Args:
        preset: a name of `graphattr.simulate.presets`.
        family: generator family.
        number: how many.
        work: folder for what is not kept.
        passed: counts the worlds that are passed over.
    """
    seed = FIRST_SEED
    found = 0
    while found < number:
        scene = read_scene(preset, family, seed, work / "world")
        seed += 1
        if scene is None:
            passed.no_operator += 1
            continue
        before = judge(scene.tables, work / "run")
        if largest_piece(before, scene.own) < WHOLE:
            passed.no_ring += 1
            continue
        found += 1
        yield Standing(scene, before)


def read_scene(preset: str, family: str, seed: int, work: Path) -> Scene | None:
    """Simulates a world; None where no single operator has `LEAST_OWN` accounts, or nobody else `LEAST_RIVAL`."""
    simulate(work, preset, seed, family=family)
    tables = {name: pl.read_parquet(work / "signals" / f"{name}.parquet") for name in TABLES}
    truth = pl.read_parquet(work / "truth.parquet").sort("account_id")
    operators = (
        truth.filter(~pl.col("innocent"))
        .group_by("controller")
        .agg(pl.col("kind").first(), pl.col("operator").first(), accounts=pl.col("account_id"))
        .with_columns(size=pl.col("accounts").list.len())
        .sort("size", "controller", descending=[True, False])
    )
    attackers = operators.filter((pl.col("kind") == "single_operator") & (pl.col("size") >= LEAST_OWN))
    if attackers.is_empty():
        return None
    attacker = attackers.row(0, named=True)
    labelled = tables["labels"].drop_nulls("operator").group_by("operator").agg(labels=pl.len())
    rivals = (
        operators.filter((pl.col("controller") != attacker["controller"]) & (pl.col("size") >= LEAST_RIVAL))
        .join(labelled, on="operator", how="left")
        .sort("labels", "size", "controller", descending=[True, True, False], nulls_last=True)
    )
    if rivals.is_empty():
        return None
    rival = rivals.row(0, named=True)
    return Scene(
        name=f"{preset}-{family}-{seed}",
        family=family,
        seed=seed,
        tables=tables,
        own=tuple(attacker["accounts"]),
        rival=tuple(rival["accounts"]),
        rival_name=rival["operator"],
        innocents=tuple(truth.filter("innocent")["account_id"]),
        sites={site: _site(truth, tables, mechanisms) for site, mechanisms in SITES.items()},
    )


def _site(
    truth: pl.DataFrame, tables: dict[str, pl.DataFrame], mechanisms: tuple[str, ...]
) -> tuple[str, ...]:
    """The accounts of a household or a company: those of its kind that use the line which most of them use."""
    there = truth.filter(pl.col("mechanism").is_in(mechanisms)).select("account_id")
    lines = tables["ips"].join(there, on="account_id").unique(["account_id", "ip"])
    users = lines.group_by("ip").agg(pl.col("account_id").sort(), size=pl.len())
    users = users.sort("size", "ip", descending=[True, False])
    return tuple(users["account_id"][0]) if users.height and users["size"][0] > 1 else ()

"""A tiny world, made once."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

from graphattr.simulate import PRESETS, simulate
from graphattr.simulate.families import plan_tours
from graphattr.simulate.made import TABLES
from graphattr.simulate.tours.sessions import Sessions, sessions
from graphattr.simulate.tours.world import World

SEED = 7

settings.register_profile("untimed", deadline=None)  # the first example also pays for imports
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    simulate(out, "tiny", SEED)
    return out


@pytest.fixture(scope="session")
def signals(folder: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(folder / "signals" / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="session")
def truth(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth.parquet")


@pytest.fixture(scope="session")
def world() -> World:
    return World.of(plan_tours(PRESETS["tiny"], SEED))


@pytest.fixture(scope="session")
def spells(world: World) -> Sessions:
    assert world.shards == 1
    return sessions(world, 0)

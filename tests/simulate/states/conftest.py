"""A tiny world of family B, made once."""

from pathlib import Path

import polars as pl
import pytest

from graphattr.simulate.made import TABLES, write
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.states.tables import States
from graphattr.simulate.states.world import World, raised

SEED = 7


def written(world: World, out: Path) -> Path:
    made = States(world)
    (out / "signals").mkdir(parents=True)
    for name in TABLES:
        write(made.table(name), out / "signals" / f"{name}.parquet")
    write(iter([made.truth()]), out / "truth.parquet")
    return out


@pytest.fixture(scope="package")
def world() -> World:
    return raised(PRESETS["tiny"], SEED)


@pytest.fixture(scope="package")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(world, tmp_path_factory.mktemp("states") / "world")


@pytest.fixture(scope="package")
def signals(folder: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(folder / "signals" / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="package")
def truth(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth.parquet")

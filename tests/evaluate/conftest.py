"""A finished run's folder, as small as it can be."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from graphattr.records import MEMBERS

Rings = dict[str, list[str]]


def members_of(rings: Rings) -> pl.DataFrame:
    rows = [(ring, account, 0.95, 0.9, 1.0, "core") for ring, held in rings.items() for account in held]
    return pl.DataFrame(rows, schema=MEMBERS, orient="row")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[Rings], Path]:
    def make(rings: Rings) -> Path:
        run = tmp_path / "run"
        run.mkdir(exist_ok=True)
        members_of(rings).write_parquet(run / "members.parquet")
        (run / "run.json").write_text("{}")
        return run

    return make


@pytest.fixture
def members() -> Callable[[Rings], pl.DataFrame]:
    return members_of

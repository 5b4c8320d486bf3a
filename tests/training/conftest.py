"""Two tiny simulated worlds, and the model trained on them once."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphattr.simulate import simulate
from graphattr.training import Training, train
from models import field_guided_model


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders with signals/ and truth.parquet."""
    folders = []
    for seed in (1, 2):
        folders.append(tmp_path_factory.mktemp(f"world{seed}"))
        simulate(folders[-1], "tiny", seed)
    return folders


def plan(worlds: list[Path], out: Path, **changed: object) -> Training:
    """A training on whole worlds with their truth."""
    parts = {
        "signals": tuple(world / "signals" for world in worlds),
        "truths": tuple(world / "truth.parquet" for world in worlds),
        "out": out,
        "base": field_guided_model(),
        "name": "test",
        "whole": True,
    }
    return Training(**(parts | changed))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def trained(worlds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder."""
    out = tmp_path_factory.mktemp("trained") / "model"
    train(plan(worlds, out))
    return out

"""A finished run's folder, as small as it can be, and the truth beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import settings

from graphattr.records import GROUPS, HYPOTHESES, LINKS, MEMBERS, RINGS

Rings = dict[str, list[str]]

settings.register_profile("untimed", deadline=None)  # the first example also pays for imports
settings.load_profile("untimed")


def members_of(rings: Rings) -> pl.DataFrame:
    rows = [(ring, account, 0.95, 0.9, 1.0, "core") for ring, held in rings.items() for account in held]
    return pl.DataFrame(rows, schema=MEMBERS, orient="row")


def rings_of(rings: Rings, said: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    blank = dict.fromkeys(RINGS)
    rows = []
    for ring, held in rings.items():
        facts = {"hypothesis": "coincidence", "status": "not_attributable", **said.get(ring, {})}
        shares = {f"p_{name}": float(name == facts["hypothesis"]) for name in HYPOTHESES}
        rows.append(blank | shares | facts | {"ring_id": ring, "size": len(held)})
    return pl.DataFrame(rows, schema=RINGS)


def links_of(pairs: Mapping[tuple[str, str], tuple[float, float]]) -> pl.DataFrame:
    rest = dict.fromkeys([f"log10_lr_{group}" for group in GROUPS], 0.0) | {"log10_prior_odds": 0.0}
    rows = [
        {"account_a": a, "account_b": b, "probability": probability, "log10_lr": lr} | rest
        for (a, b), (probability, lr) in pairs.items()
    ]
    return pl.DataFrame(rows, schema=LINKS)


@pytest.fixture
def members() -> Callable[[Rings], pl.DataFrame]:
    return members_of


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run from ring to accounts, what it says of rings, and pair to (probability, log10_lr)."""

    def make(
        rings: Rings,
        said: Mapping[str, Mapping[str, Any]] | None = None,
        pairs: Mapping[tuple[str, str], tuple[float, float]] | None = None,
    ) -> Path:
        run = tmp_path / "run"
        run.mkdir(exist_ok=True)
        members_of(rings).write_parquet(run / "members.parquet")
        rings_of(rings, said or {}).write_parquet(run / "rings.parquet")
        links_of(pairs or {}).write_parquet(run / "links.parquet")
        (run / "run.json").write_text("{}")
        return run

    return make


@pytest.fixture
def make_truth(tmp_path: Path) -> Callable[[Mapping[str, tuple[str, str, bool, str | None]]], Path]:
    """Writes the truth from account to (controller, kind, innocent, operator)."""

    def make(facts: Mapping[str, tuple[str, str, bool, str | None]]) -> Path:
        path = tmp_path / "truth.parquet"
        rows = [(account, *fact) for account, fact in facts.items()]
        names = {
            "account_id": pl.String,
            "controller": pl.String,
            "kind": pl.String,
            "innocent": pl.Boolean,
            "operator": pl.String,
        }
        pl.DataFrame(rows, schema=names, orient="row").write_parquet(path)
        return path

    return make

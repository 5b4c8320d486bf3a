"""What an update refuses: told with what was got and expected, and the run is as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from graphattr.errors import GraphattrError
from graphattr.pipeline.update import UpdatePlan, update
from graphattr.pipeline.update_place import aside
from graphattr.settings import Secrets


def state(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def refused(
    out: Path, new: Path | str, match: str, secrets: Secrets | None = None, **options: Any
) -> GraphattrError:
    before = state(out)
    with pytest.raises(GraphattrError, match=match) as caught:
        update(UpdatePlan(out, str(new), **options), secrets or Secrets())
    assert state(out) == before
    assert not aside(out).exists()
    assert caught.value.exit_code == 2
    assert caught.value.expected or caught.value.hint
    return caught.value


def change(out: Path, **values: Any) -> None:
    document = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**document, **values}))


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"graphattr": "0.0.1"}, r"made by graphattr 0\.0\.1"),
        ({"schema": 99}, "schema 99"),
        ({"settings": {"sede": 1}}, "are not settings"),
        ({"model": {"name": "mine", "sha256": "0" * 64, "network": None}}, "is not the one that the run"),
    ],
)
def test_a_run_of_another_make(world: Path, out: Path, values: dict[str, Any], match: str) -> None:
    change(out, **values)
    error = refused(out, world / "signals", match)
    assert error.hint


def test_a_store_that_cannot_be_reached(world: Path, out: Path) -> None:
    change(out, store={"uri": "bolt://127.0.0.1:9"})
    refused(out, world / "signals", "password", Secrets(neo4j_password=None))
    refused(out, world / "signals", "127", Secrets(neo4j_password=SecretStr("a-secret")))


def test_a_folder_without_a_finished_run(world: Path, out: Path) -> None:
    (out / "run.json").unlink()
    refused(out, world / "signals", "not a finished run")
    refused(out.parent / "nowhere", world / "signals", "not a finished run")


def test_a_run_json_that_is_none(world: Path, out: Path) -> None:
    (out / "run.json").write_text("half a f")
    refused(out, world / "signals", "cannot be read")


def test_a_run_that_is_being_made_anew(world: Path, out: Path) -> None:
    (out / ".work").mkdir()
    assert "resumes" in refused(out, world / "signals", "is not finished").hint


@pytest.mark.parametrize(
    "name", ["signals/ips.parquet", "grouped.parquet", "members.parquet", "load_report.json"]
)
def test_a_run_that_was_changed(world: Path, out: Path, name: str) -> None:
    (out / name).write_bytes((out / name).read_bytes()[:-1] + b"!")
    refused(out, world / "signals", "not the file that run.json names")


def test_new_signals_that_cannot_be_read(out: Path, tmp_path: Path) -> None:
    refused(out, tmp_path / "nowhere", "not a folder")
    (tmp_path / "new").mkdir()
    refused(out, tmp_path / "new", "no signal table")
    (tmp_path / "new" / "ips.parquet").write_text("not Parquet")
    refused(out, tmp_path / "new", r"cannot read ips\.parquet")
    refused(out, "ftp://example.org", "unknown source")


def test_new_signals_that_are_mostly_bad(world: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    rows = pl.read_parquet(world / "signals" / "ips.parquet").head(10)
    rows.with_columns(account_id=pl.lit("nobody")).write_parquet(tmp_path / "new" / "ips.parquet")
    refused(out, tmp_path / "new", "10 of 10 rows are bad")


@pytest.mark.parametrize("column", ["observed_at", "account_id"])
def test_new_signals_that_lack_a_column(world: Path, out: Path, tmp_path: Path, column: str) -> None:
    """A table that had times cannot go on without."""
    (tmp_path / "new").mkdir()
    rows = pl.read_parquet(world / "signals" / "ips.parquet").drop(column)
    rows.write_parquet(tmp_path / "new" / "ips.parquet")
    refused(out, tmp_path / "new", f"has no column {column}")


def test_a_missing_list_of_networks(world: Path, out: Path, tmp_path: Path) -> None:
    change(out, mapping='[enrich]\nnetworks = ["networks.csv"]\n')
    assert "--mapping" in refused(out, world / "signals", r"networks\.csv, which the new signals lack").hint


def test_a_missing_mapping(world: Path, out: Path, tmp_path: Path) -> None:
    refused(out, world / "signals", "no mapping file", mapping=tmp_path / "none.toml")


def test_a_run_written_by_another_process_meanwhile(world: Path, out: Path) -> None:
    def step(name: str, _done: float) -> None:
        if name == "hash and publish":
            change(out, seed=5)

    with pytest.raises(GraphattrError, match="meanwhile"):
        update(UpdatePlan(out, str(world / "signals")), Secrets(), step)
    assert json.loads((out / "run.json").read_text())["seed"] == 5


def test_two_updates_at_once(world: Path, out: Path) -> None:
    seen = []

    def step(name: str, _done: float) -> None:
        if name == "fold signals into holdings":
            with pytest.raises(GraphattrError, match="another process"):
                update(UpdatePlan(out, str(world / "signals")), Secrets())
            seen.append(name)

    update(UpdatePlan(out, str(world / "signals")), Secrets(), step)
    assert seen


def test_a_place_that_cannot_be_written(world: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real: Callable[..., bool] = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != out.parent and real(path, mode))
    refused(out, world / "signals", "cannot write")

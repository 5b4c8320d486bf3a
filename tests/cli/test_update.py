"""`graphattr update` as a user calls it: what it prints, and its exit status."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from .conftest import Command


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def strangers(world: Path, folder: Path) -> Path:
    """Two accounts that the run does not know and one that it knows, all with one device, card and address."""
    folder.mkdir()
    known = pl.read_parquet(world / "signals" / "accounts.parquet").sort("account_id").head(1)
    accounts = pl.DataFrame(
        {"account_id": ["zz-new-1", "zz-new-2"], "created_at": [known["created_at"].item()] * 2}
    )
    accounts.write_parquet(folder / "accounts.parquet")
    moment = pl.read_parquet(world / "signals" / "usage.parquet")["observed_at"].max()
    users = pl.DataFrame({"account_id": ["zz-new-1", "zz-new-2"], "observed_at": [moment] * 2})
    users.with_columns(device_id=pl.lit("device-of-two")).write_parquet(folder / "devices.parquet")
    users.with_columns(instrument_id=pl.lit("card-of-two"), kind=pl.lit("prepaid")).write_parquet(
        folder / "payments.parquet"
    )
    users.with_columns(ip=pl.lit("198.51.100.7"), network_kind=pl.lit("residential")).write_parquet(
        folder / "ips.parquet"
    )
    return folder


def test_help_says_what_becomes_of_ids(command: Command) -> None:
    done = command("update", "--help")
    assert done.returncode == 0
    assert "graphattr update my-run new-signals" in done.stdout
    assert "Ring ids last" in done.stdout


def test_a_birth_is_told(command: Command, world: Path, out: Path, tmp_path: Path) -> None:
    new = strangers(world, tmp_path / "new")
    done = command("update", out, new)
    assert done.returncode == 0, done.stderr
    assert "100% done" in done.stderr
    assert "Update 1: 8 rows, of which 8 new, 0 known already, 0 refused" in done.stdout
    assert re.search(r"[1-9]\d* born, ", done.stdout)
    members = pl.read_parquet(out / "members.parquet")
    (ring,) = members.filter(pl.col("account_id").str.starts_with("zz-new"))["ring_id"].unique()
    assert ring in done.stdout
    again = command("update", out, new, "--json", "--quiet")
    assert again.returncode == 0
    assert again.stderr == ""
    document = json.loads(again.stdout)
    assert document["changes"] == []
    first, second = (entry["changes"]["born"] for entry in document["updates"])
    assert (first >= 1, second) == (True, 0)
    # The store tells the same.
    found = command("query", out, f"MATCH (a:Account)-[:MEMBER_OF]->(r:Ring {{id: '{ring}'}}) RETURN a.id")
    assert "zz-new-1" in found.stdout


def test_changes_as_json(command: Command, world: Path, out: Path, tmp_path: Path) -> None:
    done = command("update", out, strangers(world, tmp_path / "new"), "--json", "--quiet")
    changes = json.loads(done.stdout)["changes"]
    # New accounts move the prior, and may make another ring.
    (born,) = [row for row in changes if row["change"] == "born" and "zz-new-1" in row["accounts_gained"]]
    assert born["accounts_gained"] == ["zz-new-1", "zz-new-2"]
    assert born["from_ids"] == []
    assert born["to_ids"] == [born["ring_id"]]


@pytest.mark.parametrize("what", ["no run", "no signals"])
def test_bad_input_ends_in_one_message(
    command: Command, world: Path, out: Path, tmp_path: Path, what: str
) -> None:
    run, new = (tmp_path / "none", world / "signals") if what == "no run" else (out, tmp_path / "none")
    done = command("update", run, new, "--json", "--quiet")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "expected" in json.loads(done.stdout)["error"]

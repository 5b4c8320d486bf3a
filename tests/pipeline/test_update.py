"""An update end to end: the same links and members as one run on everything, ids that last, and every row counted."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphattr.errors import GraphattrError
from graphattr.pipeline import Plan, run
from graphattr.pipeline.update import UpdatePlan, update
from graphattr.pipeline.update_place import aside
from graphattr.pipeline.update_rings import name_rings
from graphattr.records import GROUPED_FILE, TABLES, RunPaths
from graphattr.settings import LoadSettings, Secrets, Settings
from graphattr.store.graph import GraphTables
from graphattr.store.open import open_run
from loaders.schema import TABLES as SIGNAL_TABLES

from .halves import cut


def fold(out: Path, new: Path, **options: Any) -> dict[str, Any]:
    return update(UpdatePlan(out, str(new), **options), Secrets())


def copy(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def state(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def report(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "load_report.json").read_text())["tables"])


def members(out: Path) -> set[frozenset[str]]:
    groups = pl.read_parquet(out / "members.parquet").group_by("ring_id").agg("account_id")
    return {frozenset(accounts) for accounts in groups["account_id"]}


def write(folder: Path, **tables: pl.DataFrame) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        rows.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def halves(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return cut(world / "signals", tmp_path_factory.mktemp("halves"), 0.5)


@pytest.fixture(scope="module")
def first(halves: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first") / "run"
    run(Plan(str(halves[0]), out), Secrets())
    return out


@pytest.fixture(scope="module")
def both(first: Path, halves: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("both") / "run"
    shutil.copytree(first, out)
    fold(out, halves[1])
    return out


def test_two_halves_say_what_one_run_says(finished: Path, first: Path, both: Path) -> None:
    assert (both / "links.parquet").read_bytes() == (finished / "links.parquet").read_bytes()
    assert members(both) == members(finished) != members(first)
    facts = [
        pl.read_parquet(out / "members.parquet").drop("ring_id").sort("account_id")
        for out in (both, finished)
    ]
    assert facts[0].equals(facts[1])
    for name, (schema, key) in TABLES.items():
        frame = pl.read_parquet(both / f"{name}.parquet")
        assert frame.schema == pl.Schema(schema), name
        assert frame.equals(frame.sort(key)), name


def test_rings_keep_their_ids(first: Path, both: Path) -> None:
    # As they were grouped: who is set apart from a ring that is attributed goes by that ring's id.
    frames = [pl.read_parquet(out / GROUPED_FILE) for out in (first, both)]
    old, new = (
        {row[0]: set(row[1]) for row in f.group_by("ring_id").agg("account_id").iter_rows()} for f in frames
    )
    changes = pl.read_parquet(both / "changes.parquet")
    lasting = old.keys() & new.keys()
    assert len(lasting) >= 5
    assert all(2 * len(old[ring] & new[ring]) > min(len(old[ring]), len(new[ring])) for ring in lasting)
    born = set(changes.filter(pl.col("change") == "born")["ring_id"])
    ended = set(changes.filter(pl.col("change") == "ended")["ring_id"])
    assert born == new.keys() - old.keys()
    assert ended == old.keys() - new.keys() == set(pl.read_parquet(both / "retired.parquet")["ring_id"])
    assert born
    for row in changes.iter_rows(named=True):
        was, now = old.get(row["ring_id"], set()), new.get(row["ring_id"], set())
        assert set(row["accounts_gained"]) == now - was
        assert set(row["accounts_lost"]) == was - now


def test_weakest_points_follow_their_rings_to_the_lasting_ids(tmp_path: Path) -> None:
    before, out = tmp_path / "before", tmp_path / "stage" / "out"
    for folder, ring in ((before, "ring-old"), (out, "ring-new")):
        folder.mkdir(parents=True)
        rows = {"ring_id": [ring] * 3, "account_id": ["a", "b", "c"], "firm": [True] * 3}
        pl.DataFrame(rows).write_parquet(folder / GROUPED_FILE)
    point = {"ring_id": ["ring-new"], "weakest_point": ["device d"]}
    pl.DataFrame(point).write_parquet(out.parent / "weakest.parquet")
    assert name_rings(RunPaths(before), out, 1)["changes"]["continued"] == 1
    assert pl.read_parquet(out.parent / "weakest.parquet").rows() == [("ring-old", "device d")]
    assert set(pl.read_parquet(out / GROUPED_FILE)["ring_id"]) == {"ring-old"}


def test_all_tables_and_the_graph_speak_of_the_same_rings(both: Path) -> None:
    rings = set(pl.read_parquet(both / "rings.parquet")["ring_id"])
    for name in ("members", "matrix"):
        assert set(pl.read_parquet(both / f"{name}.parquet")["ring_id"]) == rings
    store = open_run(both / "graph", Secrets())
    assert store.pointer()["fingerprint"] == GraphTables.of_run(both).fingerprint()
    with store.view() as view:
        assert {row[0] for row in view.query("MATCH (r:Ring) RETURN r.id").rows} == rings
    store.close()


def test_run_json_tells_the_chain(first: Path, both: Path, halves: tuple[Path, Path]) -> None:
    before, after = (json.loads((out / "run.json").read_text()) for out in (first, both))
    (entry,) = after["updates"]
    assert entry["base"] == hashlib.sha256((first / "run.json").read_bytes()).hexdigest()
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in halves[1].iterdir()}
    assert entry["inputs"] == sums
    assert after["inputs"] == {
        **before["inputs"],
        **{f"update-1/{name}": value for name, value in sums.items()},
    }
    assert after["settings"] == before["settings"]
    for name, value in after["outputs"].items():
        assert hashlib.sha256((both / name).read_bytes()).hexdigest() == value
    assert {"changes.parquet", "retired.parquet"} <= set(after["outputs"])
    changes = pl.read_parquet(both / "changes.parquet")
    assert {k: v for k, v in entry["changes"].items() if v} == dict(
        changes["change"].value_counts().iter_rows()
    )


def test_every_row_is_counted_and_numbered_once(both: Path, halves: tuple[Path, Path]) -> None:
    for name, part in report(both).items():
        assert (
            part["rows"] == part["loaded"] + part["quarantined"] + part["duplicates"] + part["not_selected"]
        )
        rows = pl.read_parquet(both / "signals" / f"{name}.parquet")
        assert rows.height == part["loaded"]
        assert rows["row"].is_sorted()
        assert rows["row"].is_unique().all()
        assert rows.schema == pl.Schema(SIGNAL_TABLES[name].schema)
        # The position in the whole input: rows of the update come after those of the run.
        given = pl.concat(
            [
                pl.read_parquet(half / f"{name}.parquet")
                for half in halves
                if (half / f"{name}.parquet").exists()
            ]
        )
        assert (
            given["account_id"].gather(rows["row"].cast(pl.Int64)).to_list() == rows["account_id"].to_list()
        )


def test_nothing_new_changes_no_table(both: Path, halves: tuple[Path, Path], tmp_path: Path) -> None:
    """Also after an update, when ids are no longer those that a run would give."""
    out = copy(both, tmp_path)
    document = fold(out, halves[1])
    for path in sorted(both.rglob("*.parquet")):
        if path.name != "changes.parquet":
            assert (out / path.relative_to(both)).read_bytes() == path.read_bytes(), path.name
    changes = pl.read_parquet(out / "changes.parquet")
    assert set(changes["change"]) == {"continued"}
    assert changes["accounts_gained"].list.len().sum() == changes["accounts_lost"].list.len().sum() == 0
    assert [entry["number"] for entry in document["updates"]] == [1, 2]
    assert document["updates"][1]["base"] == hashlib.sha256((both / "run.json").read_bytes()).hexdigest()
    parts = document["updates"][1]["tables"].values()
    assert all(part["duplicates"] == part["rows"] > 0 == part["loaded"] for part in parts)


def test_ended_ids_are_remembered(both: Path, tmp_path: Path) -> None:
    """A new ring never gets the id of one that ended, though it would have that id in a run of its own."""
    out = copy(both, tmp_path)
    ring, accounts = (
        pl.read_parquet(out / "grouped.parquet")
        .group_by("ring_id", maintain_order=True)
        .agg("account_id")
        .row(0)
    )
    # The run forgets the ring, as if it had ended; its accounts are still linked, so it is found again.
    kept = pl.read_parquet(out / "grouped.parquet").filter(pl.col("ring_id") != ring)
    kept.write_parquet(out / "grouped.parquet")
    ended = pl.DataFrame(
        {"ring_id": [ring], "update": [1], "to_ids": [[]]},
        schema=pl.read_parquet_schema(out / "retired.parquet"),
    )
    pl.concat([pl.read_parquet(out / "retired.parquet"), ended]).sort("ring_id").write_parquet(
        out / "retired.parquet"
    )
    resign(out)
    fold(out, write(tmp_path / "new", events=new_event(out)))
    found = pl.read_parquet(out / "grouped.parquet").filter(pl.col("account_id").is_in(accounts))
    (name,) = found["ring_id"].unique()
    assert name != ring
    assert ring not in pl.read_parquet(out / "rings.parquet")["ring_id"]
    assert pl.read_parquet(out / "retired.parquet")["ring_id"].to_list().count(ring) == 1


def new_event(out: Path) -> pl.DataFrame:
    """One event that the run does not know."""
    row = pl.read_parquet(out / "signals" / "events.parquet").drop("row").tail(1)
    return row.with_columns(pl.col("observed_at") + pl.duration(seconds=1))


def resign(out: Path) -> None:
    document = json.loads((out / "run.json").read_text())
    document["outputs"] = {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in document["outputs"]
    }
    (out / "run.json").write_text(json.dumps(document))


def test_one_table_of_known_accounts_is_enough(finished: Path, tmp_path: Path) -> None:
    out = copy(finished, tmp_path)
    fold(out, write(tmp_path / "new", events=new_event(out)))
    assert report(out)["events"]["rows"] == report(finished)["events"]["rows"] + 1
    assert report(out)["accounts"] == report(finished)["accounts"]
    assert (out / "signals" / "ips.parquet").read_bytes() == (
        finished / "signals" / "ips.parquet"
    ).read_bytes()


def test_a_table_that_the_run_did_not_have(world: Path, finished: Path, tmp_path: Path) -> None:
    signals, new = tmp_path / "signals", tmp_path / "new"
    shutil.copytree(world / "signals", signals)
    new.mkdir()
    (signals / "usage.parquet").rename(new / "usage.parquet")
    run(Plan(str(signals), tmp_path / "run"), Secrets())
    fold(tmp_path / "run", new)
    for name in ("links", "members", "rings"):
        if name == "links":
            assert (tmp_path / "run" / f"{name}.parquet").read_bytes() == (
                finished / f"{name}.parquet"
            ).read_bytes()
    assert members(tmp_path / "run") == members(finished)


def test_an_account_sent_again(finished: Path, tmp_path: Path) -> None:
    """Given cells count, empty ones leave what was known; another time of creation is refused."""
    out = copy(finished, tmp_path)
    accounts = pl.read_parquet(out / "signals" / "accounts.parquet")
    same, closed, other = (
        accounts.filter(pl.col("phone_id").is_not_null() & pl.col("closed_at").is_null())
        .head(3)
        .iter_slices(1)
    )
    bare = [row.select("account_id", "created_at") for row in (same, closed, other)]
    moment = closed["created_at"] + pl.duration(days=1)
    rows = [
        bare[0].with_columns(closed_at=pl.lit(None, accounts.schema["closed_at"])),
        bare[1].with_columns(closed_at=moment),
        bare[2].with_columns(
            pl.col("created_at") + pl.duration(days=1), closed_at=pl.lit(None, accounts.schema["closed_at"])
        ),
    ]
    settings = Settings(load=LoadSettings(max_bad_share=0.5))
    document = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**document, "settings": settings.model_dump(mode="json")}))
    fold(out, write(tmp_path / "new", accounts=pl.concat(rows)))
    after = pl.read_parquet(out / "signals" / "accounts.parquet")
    assert after.height == accounts.height
    now = after.row(by_predicate=pl.col("account_id") == closed["account_id"].item(), named=True)
    assert now["closed_at"] is not None
    assert now["phone_id"] == closed["phone_id"].item()
    assert now["row"] == report(finished)["accounts"]["rows"] + 1
    untouched = after.filter(pl.col("account_id") != closed["account_id"].item())
    assert untouched.equals(accounts.filter(pl.col("account_id") != closed["account_id"].item()))
    refused = pl.read_parquet(out / "quarantine" / "accounts.parquet").tail(2)
    assert dict(refused.select("account_id", "reason").iter_rows()) == {
        other["account_id"].item(): "duplicate_account:created_at",
        closed["account_id"].item(): "superseded",
    }
    assert refused["phone_id"].to_list() == [None, closed["phone_id"].item()]
    part, before = report(out)["accounts"], report(finished)["accounts"]
    assert part["rows"] == before["rows"] + 3
    assert part["loaded"] == before["loaded"]
    assert part["duplicates"] == before["duplicates"] + 1
    assert part["reasons"]["superseded"] == part["reasons"]["duplicate_account:created_at"] == 1
    assert part["rows"] == part["loaded"] + part["quarantined"] + part["duplicates"]


def test_bad_new_rows_join_the_quarantine(finished: Path, tmp_path: Path) -> None:
    out = copy(finished, tmp_path)
    rows = pl.read_parquet(out / "signals" / "events.parquet").drop("row").head(40)
    later = rows.with_columns(pl.col("observed_at") + pl.duration(milliseconds=1))
    bad = later.head(1).with_columns(account_id=pl.lit("nobody"))
    for _ in range(2):
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        fold(out, write(tmp_path / "new", events=pl.concat([later, bad])))
    refused = pl.read_parquet(out / "quarantine" / "events.parquet").tail(2)
    start = report(finished)["events"]["rows"]
    assert refused["row"].to_list() == [start + 40, start + 81]
    assert refused["source"].to_list() == ["update-1/events.parquet", "update-2/events.parquet"]
    assert refused["reason"].to_list() == ["unknown_account"] * 2
    part = report(out)["events"]
    assert part["rows"] == start + 82
    assert part["duplicates"] == report(finished)["events"]["duplicates"] + 40


def test_new_rows_are_read_by_the_mapping_of_the_run(world: Path, finished: Path, tmp_path: Path) -> None:
    signals, new = tmp_path / "signals", tmp_path / "new"
    shutil.copytree(world / "signals", signals)
    new.mkdir()
    ips = pl.read_parquet(signals / "ips.parquet").rename({"ip": "address"})
    ips.head(5000).write_parquet(signals / "logins.parquet")
    ips.tail(-5000).write_parquet(new / "logins.parquet")
    (signals / "ips.parquet").unlink()
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[[tables.ips]]\nfile = "logins.parquet"\ncolumns = { ip = "address" }\n'
        '[[tables.events]]\nfile = "events.parquet"\n'
        '[[lists.exchanges]]\nfile = "exchanges.csv"\ncolumn = "wallet"\nsignal = "instrument"\n'
    )
    (signals / "exchanges.csv").write_text("wallet\nof-an-exchange\n")
    run(Plan(str(signals), tmp_path / "run", mapping), Secrets())
    fold(tmp_path / "run", new)  # without the events and the list that the mapping names, too
    lists = pl.read_parquet(tmp_path / "run" / "signals" / "lists.parquet")
    assert "of-an-exchange" in lists["value"]
    assert lists.is_unique().all()
    assert (tmp_path / "run" / "links.parquet").read_bytes() == (finished / "links.parquet").read_bytes()
    mapping.write_text('[[tables.ips]]\nfile = "none.parquet"\n')
    with pytest.raises(GraphattrError, match=r"none\.parquet is missing"):
        fold(tmp_path / "run", new, mapping=mapping)


def test_what_a_user_put_into_the_run_stays(finished: Path, tmp_path: Path) -> None:
    out = copy(finished, tmp_path)
    (out / "notes.txt").write_text("seen by J.")
    fold(out, write(tmp_path / "new", events=new_event(out)))
    assert (out / "notes.txt").read_text() == "seen by J."
    assert not aside(out).exists()

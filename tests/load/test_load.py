"""Whole loads: accounting, formats, order, bytes, and what stops a load."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signal_files import ACCOUNTS, AS_OF, SOUND, Load, Loaded, write

from loaders import LoadError, load
from loaders.schema import TABLES
from loaders.sources import BATCH_ROWS


def hashes(out: Path, *, signals_only: bool = False) -> dict[str, str]:
    pattern = "signals/*" if signals_only else "**/*.parquet"
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob(pattern))
    }


def test_every_table_gets_the_columns_of_the_contract(loading: Load, world: Path) -> None:
    for table, row in SOUND.items():
        write(world, f"{table}.csv", [row])
    loaded = loading(world)
    assert list(loaded.result.tables) == list(TABLES)
    for name, path in loaded.result.tables.items():
        assert path == loaded.out / "signals" / f"{name}.parquet"
        assert dict(pl.read_parquet_schema(path)) == TABLES[name].schema
        assert loaded.report(name)["loaded"] == (9 if name == "accounts" else 1)
    assert not (loaded.out / "quarantine").exists()
    assert sorted(path.name for path in loaded.out.iterdir()) == ["load_report.json", "signals"]
    assert loaded.result.timeless == frozenset()
    assert loaded.result.report == json.loads((loaded.out / "load_report.json").read_text())


def test_inputs_are_hashed(loading: Load, world: Path) -> None:
    path = write(world, "ips/part-1.csv", [SOUND["ips"]])
    inputs = loading(world).result.inputs
    assert list(inputs) == ["accounts.csv", "ips/part-1.csv"]
    assert inputs["ips/part-1.csv"] == hashlib.sha256(path.read_bytes()).hexdigest()


MIXED = [
    {
        **SOUND["usage"],
        "requests": str(number % 3),
        "account_id": f"a{number % 11}",
        "note": f"n{number % 5}",
    }
    for number in range(300)
]


def test_all_formats_give_the_same_bytes(loading: Load, tmp_path: Path) -> None:
    found = []
    for name in ("usage.csv", "usage.parquet", "usage.jsonl", "usage.ndjson"):
        folder = tmp_path / name
        write(folder, "accounts.csv", ACCOUNTS)
        write(folder, name, MIXED)
        found.append(hashes(loading(folder).out, signals_only=True))
    folder = tmp_path / "parts"
    write(folder, "accounts.csv", ACCOUNTS)
    for part, suffix in enumerate(("parquet", "jsonl", "csv")):
        write(folder, f"usage/part-{part}.{suffix}", MIXED[part * 100 : part * 100 + 100])
    loaded = loading(folder)
    found.append(hashes(loaded.out, signals_only=True))
    assert len(found[0]) == 3
    assert all(one == found[0] for one in found)
    assert loaded.report("usage")["duplicates"] > 0
    assert loaded.report("usage")["quarantined"] > 0
    assert loaded.report("usage")["unknown_columns"] == ["note"]


def test_typed_parquet_gives_what_its_text_gives(loading: Load, tmp_path: Path) -> None:
    text = pl.DataFrame(MIXED)
    typed = text.with_columns(
        pl.col("observed_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ns"),
        pl.col("requests").cast(pl.UInt16),
        pl.col("input_tokens").cast(pl.Float64),
        pl.col("account_id").cast(pl.Categorical),
        pl.col("note").cast(pl.Categorical),
    )
    found = []
    for name, frame in (("text", text), ("typed", typed)):
        folder = tmp_path / name
        write(folder, "accounts.csv", ACCOUNTS)
        frame.write_parquet(folder / "usage.parquet")
        found.append(hashes(loading(folder).out, signals_only=True))
    assert found[0] == found[1]


def test_the_same_load_twice_gives_the_same_bytes(loading: Load, world: Path) -> None:
    write(world, "usage.csv", MIXED)
    assert hashes(loading(world).out) == hashes(loading(world).out)


def test_rows_are_numbered_over_all_parts_and_batches(
    loading: Load, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.files.BATCH_ROWS", 7)
    write(world, "usage/b.csv", MIXED[:50])
    write(world, "usage/a.jsonl", MIXED[50:120])
    loaded = loading(world)
    rows = pl.concat([loaded.table("usage").select("row"), loaded.quarantine("usage").select("row")])
    duplicates = loaded.report("usage")["duplicates"]
    assert rows["row"].is_unique().all()
    assert rows.height + duplicates == 120
    assert loaded.table("usage")["row"].is_sorted()
    order = [*MIXED[50:120], *MIXED[:50]]
    for row, account in loaded.table("usage").select("row", "account_id").iter_rows():
        assert order[row]["account_id"] == account


def test_batches_change_nothing(loading: Load, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world, "usage.csv", MIXED)
    whole = loading(world)
    monkeypatch.setattr("loaders.files.BATCH_ROWS", 13)
    split = loading(world)
    assert hashes(whole.out) == hashes(split.out)
    assert whole.result.report == split.result.report
    assert BATCH_ROWS > 300


CELLS = {
    "account_id": st.sampled_from(["a1", "a2", "a3", "nobody", ""]),
    "ip": st.sampled_from(["198.51.100.1", "::ffff:198.51.100.1", "1.2", ""]),
    "observed_at": st.sampled_from(["2025-03-01", "2025-03-01T00:00:00Z", "2030-01-01", "?", ""]),
    "asn": st.sampled_from(["1", "AS1", "-1", ""]),
    "other": st.sampled_from(["x", "y"]),
}


def _rows(cells: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=40)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_rows(CELLS), only=st.booleans())
def test_every_row_is_accounted_for_and_in_one_place(
    rows: list[dict[str, str]], only: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("world")
    write(folder, "accounts.csv", ACCOUNTS)
    write(folder, "addresses.csv", rows)
    mapping = folder / "map.toml"
    mapping.write_text(f'[[tables.ips]]\nfile = "addresses.csv"\naccounts_only = {str(only).lower()}\n')
    result = load(folder, folder / "out", mapping=mapping, key=None, max_bad_share=1, as_of=AS_OF)
    loaded = Loaded(result, folder / "out")
    report = loaded.report("ips")
    assert report["rows"] == len(rows)
    kept = loaded.table("ips")
    assert kept.drop("row").height - report["duplicates"] <= len(rows)
    bad = set(loaded.quarantine("ips")["row"]) if report["quarantined"] else set()
    assert not bad & set(kept["row"])
    sound = [place for place in range(len(rows)) if place not in bad]
    left_out = [place for place in sound if only and rows[place]["account_id"] == "nobody"]
    assert report["not_selected"] == len(left_out)
    distinct: dict[tuple[str, ...], int] = {}
    for place in sound:
        row = rows[place]
        address = row["ip"].removeprefix("::ffff:")
        content = (
            row["account_id"],
            address,
            row["observed_at"][:10],
            row["asn"].removeprefix("AS"),
            row["other"],
        )
        if place not in left_out:
            distinct.setdefault(content, place)
    assert kept["row"].to_list() == sorted(distinct.values())


def test_duplicates_differ_by_unknown_columns(loading: Load, world: Path) -> None:
    row = {**SOUND["usage"], "request_id": "r1"}
    write(
        world,
        "usage.csv",
        [row, {**row, "request_id": "r2"}, row, {**row, "observed_at": "2025-03-01 10:00"}],
    )
    loaded = loading(world)
    assert loaded.table("usage")["row"].to_list() == [0, 1]
    assert loaded.report("usage")["duplicates"] == 2


def test_accounts_given_twice(loading: Load, tmp_path: Path) -> None:
    first, other = ACCOUNTS[0], {**ACCOUNTS[0], "created_at": "2025-01-02"}
    broken = {**ACCOUNTS[1], "created_at": "?"}
    rows = [first, broken, first, other, *ACCOUNTS[1:], other, first]
    write(tmp_path / "s", "accounts.csv", rows)
    write(tmp_path / "s", "usage.csv", [SOUND["usage"]])
    loaded = loading(tmp_path / "s")
    assert loaded.report("accounts")["duplicates"] == 2
    assert loaded.quarantine("accounts").select("row", "reason").rows() == [
        (1, "bad_time:created_at"),
        (3, "duplicate_account"),
        (12, "duplicate_account"),
    ]
    assert loaded.table("accounts")["row"].to_list() == [0, *range(4, 12)]


def test_accounts_given_twice_in_other_batches(
    loading: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.files.BATCH_ROWS", 2)
    test_accounts_given_twice(loading, tmp_path)


def test_a_table_without_its_time_column_is_timeless(loading: Load, tmp_path: Path) -> None:
    write(tmp_path / "s", "accounts.csv", [{"account_id": "a1"}, {"account_id": "a2"}])
    for suffix in ("csv", "jsonl"):
        write(tmp_path / "s", f"devices.{suffix}", [{"account_id": "a1", "device_id": "d"}])
        loaded = loading(tmp_path / "s")
        assert loaded.result.timeless == {"accounts", "devices"}
        assert loaded.report("devices")["timeless"] is True
        assert loaded.table("devices")["observed_at"].to_list() == [None]
        assert loaded.table("accounts")["created_at"].null_count() == 2
        (tmp_path / "s" / f"devices.{suffix}").unlink()


def test_a_time_column_in_only_some_parts_is_an_error(loading: Load, world: Path) -> None:
    write(world, "devices/a.csv", [SOUND["devices"]])
    write(world, "devices/b.csv", [{"account_id": "a1", "device_id": "d"}])
    with pytest.raises(LoadError, match=r"devices/b\.csv has no column observed_at"):
        loading(world)


def test_too_many_bad_rows_stop_the_load(tmp_path: Path, world: Path) -> None:
    rows = [SOUND["ips"]] * 17 + [{**SOUND["ips"], "ip": "x"}, {**SOUND["ips"], "ip": "y"}]
    write(world, "ips.csv", [*rows, {**SOUND["ips"], "account_id": "nobody"}])
    with pytest.raises(LoadError) as caught:
        load(world, tmp_path / "out", key=None, max_bad_share=0.149, as_of=AS_OF)
    assert caught.value.got == (
        "table ips: 3 of 20 rows are bad (15.0%), "
        "most often bad_address:ip (2 rows, row 17 for one, counted from 0)"
    )
    assert not (tmp_path / "out").exists()
    load(world, tmp_path / "out", key=None, max_bad_share=0.15, as_of=AS_OF)


def test_no_sound_account_stops_the_load(loading: Load, tmp_path: Path) -> None:
    write(tmp_path / "s", "accounts.csv", [{"account_id": "a1", "created_at": "?"}])
    write(tmp_path / "s", "usage.csv", [SOUND["usage"]])
    with pytest.raises(LoadError, match="no row of accounts"):
        loading(tmp_path / "s")


def test_progress_and_report(loading: Load, world: Path) -> None:
    write(world, "ips.csv", [{**SOUND["ips"], "colour": "red"}])
    (world / "notes.txt").write_text("hello")
    steps: list[tuple[str, int, int]] = []
    loaded = loading(world, progress=lambda *step: steps.append(step))
    assert steps == [("accounts", 1, 2), ("ips", 2, 2)]
    assert loaded.result.report["unknown_files"] == ["notes.txt"]
    assert loaded.report("ips")["unknown_columns"] == ["colour"]
    assert loaded.result.report["as_of"] == "2025-06-01T00:00:00+00:00"


def test_json_values_of_other_types_are_bad_cells_not_crashes(loading: Load, world: Path) -> None:
    lines = [
        '{"account_id": "a1", "observed_at": 1740823200, "requests": 4}',
        '{"account_id": "a1", "observed_at": "2025-03-01", "requests": {"deep": [1]}}',
        '{"account_id": ["a1"], "observed_at": "2025-03-01"}',
        '{"account_id": "a1", "observed_at": true}',
        "",
        '{"account_id": "a2", "observed_at": "2025-03-01", "requests": null}',
    ]
    (world / "usage.jsonl").write_text("\n".join(lines))
    loaded = loading(world)
    assert loaded.table("usage")["requests"].to_list() == [4, 1]
    assert loaded.reasons("usage") == ["bad_number:requests", "unknown_account", "bad_time:observed_at"]


def test_a_column_that_only_turns_up_late_in_json_lines_is_read(
    loading: Load, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.files.SAMPLE_LINES", 1)
    write(world, "devices.jsonl", [SOUND["devices"], {**SOUND["devices"], "os": "linux"}])
    assert loading(world).table("devices")["os"].to_list() == [None, "linux"]

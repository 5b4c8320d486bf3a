"""Folders, part files, links, and limits on what is opened."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from signal_files import ACCOUNTS, SOUND, Load, write

from loaders import LoadError
from loaders.files import MAX_LINE, Folder


def test_parts_are_read_in_the_order_of_their_names(loading: Load, world: Path) -> None:
    for name in ("part-2.csv", "part-10.csv", "part-1.csv"):
        write(world, f"events/{name}", [{**SOUND["events"], "event": name}])
    (world / "events" / "_SUCCESS").write_text("")
    (world / "events" / ".part-0.csv.crc").write_text("x")
    (world / "events" / "notes.txt").write_text("x")
    loaded = loading(world)
    assert loaded.table("events")["event"].to_list() == ["part-1.csv", "part-10.csv", "part-2.csv"]
    assert loaded.report("events")["sources"] == [f"events/part-{part}.csv" for part in (1, 10, 2)]


def test_a_folder_may_carry_a_suffix(loading: Load, world: Path) -> None:
    write(world, "events.parquet/part-0.parquet", [SOUND["events"]])
    assert loading(world).report("events")["loaded"] == 1


def test_parts_may_have_different_columns(loading: Load, world: Path) -> None:
    write(world, "devices/1.csv", [SOUND["devices"]])
    write(world, "devices/2.csv", [{**SOUND["devices"], "os": "linux", "colour": "red"}])
    loaded = loading(world)
    assert loaded.table("devices")["os"].to_list() == [None, "linux"]
    assert loaded.report("devices")["unknown_columns"] == ["colour"]


def test_names_that_look_like_patterns_are_names(loading: Load, world: Path) -> None:
    for suffix in ("csv", "parquet", "jsonl"):
        write(world, f"events/[a]*.{suffix}", [{**SOUND["events"], "event": suffix}])
        write(world, f"events/ab.{suffix}", [{**SOUND["events"], "event": f"{suffix} 2"}])
    assert loading(world).report("events")["loaded"] == 6


@pytest.mark.parametrize("name", ["events.csv", "events/part.csv"])
def test_a_link_out_of_the_folder_is_refused(loading: Load, tmp_path: Path, world: Path, name: str) -> None:
    outside = write(tmp_path / "outside", "events.csv", [SOUND["events"]])
    link = world / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(LoadError, match="link that leads out of the signal folder"):
        loading(world)


def test_a_folder_that_is_a_link_out_is_refused(loading: Load, tmp_path: Path, world: Path) -> None:
    write(tmp_path / "outside", "events.csv", [SOUND["events"]])
    (world / "events").symlink_to(tmp_path / "outside")
    with pytest.raises(LoadError, match="link that leads out"):
        loading(world)


def test_a_link_inside_the_folder_and_a_linked_folder_are_fine(
    loading: Load, tmp_path: Path, world: Path
) -> None:
    write(world, "data.csv", [SOUND["events"]])
    (world / "events.csv").symlink_to("data.csv")
    (tmp_path / "alias").symlink_to(world)
    assert loading(tmp_path / "alias").report("events")["loaded"] == 1


def test_what_is_no_regular_file_is_refused(loading: Load, world: Path) -> None:
    os.mkfifo(world / "events.csv")
    with pytest.raises(LoadError, match=r"events\.csv is not a regular file"):
        loading(world)


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/hostname", "a/../../outside.csv"])
def test_paths_out_of_the_folder_are_refused(tmp_path: Path, world: Path, path: str) -> None:
    write(tmp_path, "outside.csv", [SOUND["events"]])
    with pytest.raises(LoadError, match="leads out of the signal folder"):
        Folder(world).resolve(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_an_overlong_line_is_refused(loading: Load, world: Path, suffix: str, end: str) -> None:
    path = write(world, f"events.{suffix}", [SOUND["events"]])
    with path.open("a") as file:
        file.write("x" * (MAX_LINE + 1) + end)
    with pytest.raises(LoadError, match=rf"events\.{suffix} has a line longer than 16 MiB"):
        loading(world)


def test_the_longest_line_allowed_is_read(loading: Load, world: Path) -> None:
    path = write(world, "events.csv", [SOUND["events"]])
    line = "a2,2025-03-01,"
    with path.open("a") as file:
        file.write(line + "x" * (MAX_LINE - len(line)) + "\n" + "a3,2025-03-01,seen\n")
    loaded = loading(world)
    assert loaded.reasons("events") == ["bad_text:event"]
    assert loaded.table("events")["event"].to_list() == ["key_created", "seen"]


def test_csv_in_the_ways_that_tools_write_it(loading: Load, world: Path) -> None:
    text = (
        '\ufeffaccount_id,observed_at,event\r\na1,2025-03-01,"said ""hi"", twice"\r\n"a2","2025-03-01",\r\n'
    )
    (world / "events.csv").write_text(
        text + 'a3,2025-03-01,"two\r\nlines"\r\na4,2025-03-01,NA', encoding="utf-8"
    )
    loaded = loading(world)
    assert loaded.table("events")["event"].to_list() == ['said "hi", twice', "two\r\nlines", "NA"]
    assert loaded.reasons("events") == ["missing:event"]


def test_a_file_of_the_wrong_kind_in_a_mapping_is_refused(world: Path) -> None:
    (world / "notes.txt").write_text("x")
    with pytest.raises(LoadError, match=r"notes\.txt has an unknown suffix"):
        Folder(world).parts("notes.txt")


def test_nested_columns_that_the_contract_does_not_know_are_listed_and_told_apart(
    loading: Load, world: Path
) -> None:
    rows = [{**SOUND["events"], "tags": tags} for tags in (["x"], ["y"], ["x"])]
    pl.DataFrame(rows).write_parquet(world / "events.parquet")
    loaded = loading(world)
    assert loaded.report("events")["unknown_columns"] == ["tags"]
    assert loaded.table("events")["row"].to_list() == [0, 1]


def test_numbers_as_account_ids_are_text(loading: Load, tmp_path: Path) -> None:
    accounts = [{**row, "account_id": number} for number, row in enumerate(ACCOUNTS)]
    write(tmp_path / "s", "accounts.parquet", accounts)
    write(tmp_path / "s", "usage.csv", [{**SOUND["usage"], "account_id": "3"}])
    assert loading(tmp_path / "s").table("usage")["account_id"].to_list() == ["3"]

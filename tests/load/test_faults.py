"""Folders that cannot be loaded: one clear error, and nothing written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from signal_files import AS_OF, KEY, SOUND, Load, write

import loaders.stage
from loaders import LoadError, load


def _no_accounts(folder: Path) -> None:
    (folder / "accounts.csv").unlink()


def _only_accounts(folder: Path) -> None:
    (folder / "ips.csv").unlink()


def _missing_column(folder: Path) -> None:
    write(folder, "ips.csv", [{"account_id": "a1", "observed_at": "2025-03-01"}])


def _missing_id(folder: Path) -> None:
    write(folder, "devices.jsonl", [{"account_id": "a1", "observed_at": "2025-03-01"}])


def _no_rows(folder: Path) -> None:
    (folder / "ips.csv").write_text("account_id,ip,observed_at\n")


def _empty_file(folder: Path) -> None:
    (folder / "ips.csv").write_bytes(b"")


def _given_twice(folder: Path) -> None:
    write(folder, "ips.parquet", [SOUND["ips"]])


def _given_twice_as_folder(folder: Path) -> None:
    write(folder, "ips/part.parquet", [SOUND["ips"]])


def _truncated_parquet(folder: Path) -> None:
    path = write(folder, "usage.parquet", [SOUND["usage"]] * 100)
    path.write_bytes(path.read_bytes()[:-20])


def _torn_parquet(folder: Path) -> None:
    path = write(
        folder, "usage.parquet", [{**SOUND["usage"], "model": str(number)} for number in range(5000)]
    )
    data = bytearray(path.read_bytes())
    data[40:4000] = bytes(byte ^ 0x5A for byte in data[40:4000])
    path.write_bytes(bytes(data))


def _not_parquet(folder: Path) -> None:
    (folder / "usage.parquet").write_text("account_id,observed_at\na1,2025-03-01\n")


def _torn_json(folder: Path) -> None:
    path = write(folder, "usage.jsonl", [SOUND["usage"]] * 20_000)
    path.write_text(path.read_text()[:-30])


def _json_list(folder: Path) -> None:
    (folder / "usage.jsonl").write_text('[{"account_id": "a1", "observed_at": "2025-03-01"}]\n')


def _wide_csv(folder: Path) -> None:
    path = write(folder, "usage.csv", [SOUND["usage"]] * 10)
    path.write_text(path.read_text() + "a1,2025-03-01,1,1,1,1,1\n")


def _open_quote(folder: Path) -> None:
    path = write(folder, "usage.csv", [SOUND["usage"]] * 10)
    path.write_text(path.read_text() + 'a1,"2025-03-01,1,1,1\n' + "a1,2025-03-01,1,1,1\n" * 20)


def _not_utf8(folder: Path) -> None:
    (folder / "usage.csv").write_bytes(b"account_id,observed_at\na1,2025-03-01\n\xff\xfe,2025\n")


def _column_twice(folder: Path) -> None:
    (folder / "usage.csv").write_text("account_id,observed_at,account_id\na1,2025-03-01,a2\n")


def _semicolons(folder: Path) -> None:
    (folder / "usage.csv").write_text("account_id;observed_at\na1;2025-03-01\n")


def _nested(folder: Path) -> None:
    frame = pl.DataFrame({"account_id": [["a1"]], "observed_at": ["2025-03-01"]})
    frame.write_parquet(folder / "usage.parquet")


def _bytes(folder: Path) -> None:
    frame = pl.DataFrame({"account_id": [b"\xff\xfe"], "observed_at": ["2025-03-01"]})
    frame.write_parquet(folder / "usage.parquet")


def _empty_folder(folder: Path) -> None:
    (folder / "usage").mkdir()


def _one_too_high(folder: Path) -> None:
    (folder / "signals").mkdir()
    for path in [path for path in folder.iterdir() if path.name != "signals"]:
        path.rename(folder / "signals" / path.name)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_one_too_high, r"holds no table, but the folder signals in it does.*give \w+/signals"),
        (_no_accounts, "no accounts table"),
        (_only_accounts, "only the accounts table"),
        (_missing_column, r"ips\.csv has no column ip or ip_id"),
        (_missing_id, r"devices\.jsonl has no column device_id"),
        (_no_rows, r"table ips has no rows \(ips\.csv\)"),
        (_empty_file, r"ips\.csv is empty"),
        (_given_twice, r"table ips is given twice: ips\.csv and ips\.parquet"),
        (_given_twice_as_folder, "table ips is given twice: ips and ips.csv"),
        (_truncated_parquet, r"cannot read usage\.parquet"),
        (_torn_parquet, r"cannot read usage\.parquet"),
        (_not_parquet, r"cannot read usage\.parquet"),
        (_torn_json, r"cannot read usage\.jsonl"),
        (_json_list, r"usage\.jsonl: line 1 is not a JSON object"),
        (_wide_csv, r"cannot read usage\.csv"),
        (_open_quote, r"cannot read usage\.csv"),
        (_not_utf8, r"cannot read usage\.csv"),
        (_column_twice, r"usage\.csv has the column 'account_id' twice"),
        (_semicolons, r"usage\.csv has a single column"),
        (_nested, r"usage\.parquet: column account_id holds List"),
        (_bytes, r"usage\.parquet"),
        (_empty_folder, "the folder usage holds no data file"),
    ],
)
@pytest.mark.parametrize("made_before", [True, False])
def test_a_spoilt_folder_is_one_error_and_nothing_written(
    tmp_path: Path, world: Path, spoil: Any, named: str, made_before: bool
) -> None:
    write(world, "ips.csv", [SOUND["ips"]])
    spoil(world)
    out = tmp_path / "out"
    if made_before:
        out.mkdir()
    with pytest.raises(LoadError, match=named) as caught:
        load(world, out, key=KEY, max_bad_share=1, as_of=AS_OF)
    assert str(tmp_path) not in str(caught.value)
    assert out.exists() == made_before
    assert not made_before or not list(out.iterdir())


def test_nothing_is_left_when_writing_fails(
    tmp_path: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, "ips.csv", [SOUND["ips"]])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loaders.stage.Appender, "append", full)
    (tmp_path / "out").mkdir()
    with pytest.raises(LoadError, match="No space left"):
        load(world, tmp_path / "out", key=None, max_bad_share=1, as_of=AS_OF)
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_is_none_and_an_output_that_is_taken(
    tmp_path: Path, world: Path, loading: Load
) -> None:
    with pytest.raises(LoadError, match="not a folder"):
        loading(tmp_path / "nowhere")
    with pytest.raises(LoadError, match="unknown source http"):
        loading("http://localhost/signals")
    write(world, "ips.csv", [SOUND["ips"]])
    taken = loading(world).out
    before = contents(taken)
    with pytest.raises(LoadError, match="already holds signals"):
        load(world, taken, key=None, max_bad_share=1, as_of=AS_OF)
    assert contents(taken) == before


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

from __future__ import annotations

from pathlib import Path

import pytest
from signal_files import ACCOUNTS, SOUND, Load, write

from loaders import LoadError

TRANSFERS = [
    {"source": "a1", "destination": "a2", "chain": "x", "kind": "token", "n": "1.254"},
    {"source": "a1", "destination": "out", "chain": "x", "kind": "token", "n": "2"},
    {"source": "out", "destination": "a1", "chain": "x", "kind": "token", "n": "2"},
    {"source": "out", "destination": "far", "chain": "x", "kind": "token", "n": "2"},
    {"source": "", "destination": "a3", "chain": "y", "kind": "token", "n": "2"},
]
BOTH_ENDS = """
[[tables.payments]]
file = "transfers.csv"
columns = { account_id = "source", instrument_id = "destination", currency = "chain" }
constants = { kind = "crypto" }
accounts_only = true
[[tables.payments]]
file = "transfers.csv"
columns = { account_id = "destination", instrument_id = "source", currency = "chain" }
constants = { kind = "crypto" }
accounts_only = true
"""


def mapped(world: Path, text: str) -> Path:
    path = world.parent / "mapping.toml"
    path.write_text(text)
    return path


def test_both_ends_of_a_transfer_are_payments(loading: Load, world: Path) -> None:
    write(world, "transfers.csv", TRANSFERS)
    loaded = loading(world, mapping=mapped(world, BOTH_ENDS))
    report = loaded.report("payments")
    assert (report["rows"], report["not_selected"]) == (10, 4)
    assert loaded.reasons("payments") == ["missing:account_id", "missing:instrument_id"]
    rows = loaded.table("payments").select("account_id", "instrument_id", "kind", "currency", "row").rows()
    assert rows == [
        ("a1", "a2", "crypto", "x", 0),
        ("a1", "out", "crypto", "x", 1),
        ("a2", "a1", "crypto", "x", 5),
        ("a1", "out", "crypto", "x", 7),
    ]
    assert report["unknown_columns"] == ["kind", "n"]
    assert loaded.result.timeless == {"payments"}
    assert list(loaded.result.inputs) == ["accounts.csv", "transfers.csv"]


def test_rows_that_are_not_selected_do_not_dilute_the_bad_ones(loading: Load, world: Path) -> None:
    write(world, "transfers.csv", TRANSFERS)
    with pytest.raises(LoadError, match="2 of 6 rows are bad"):
        loading(world, mapping=mapped(world, BOTH_ENDS), max_bad_share=0.3)


def test_without_accounts_only_strangers_are_refused(loading: Load, world: Path) -> None:
    write(world, "transfers.csv", TRANSFERS)
    text = BOTH_ENDS.replace("accounts_only = true", "")
    report = loading(world, mapping=mapped(world, text)).report("payments")
    assert report["not_selected"] == 0
    assert report["reasons"]["unknown_account"] == 4


def test_the_same_file_mapped_alike_twice_is_duplicates(loading: Load, world: Path) -> None:
    write(world, "log.csv", [SOUND["usage"]])
    loaded = loading(world, mapping=mapped(world, '[[tables.usage]]\nfile="log.csv"\n' * 2))
    assert loaded.report("usage")["duplicates"] == 1


def test_scale_and_constants(loading: Load, world: Path) -> None:
    write(world, "transfers.csv", TRANSFERS[:1])
    text = """
[[tables.usage]]
file = "transfers.csv"
columns = { account_id = "source", input_tokens = "n" }
constants = { requests = 4, observed_at = 2025-03-01T10:00:00+01:00, model = "m" }
scale = { input_tokens = 100 }
"""
    row = loading(world, mapping=mapped(world, text)).table("usage").to_dicts()[0]
    assert (row["requests"], row["input_tokens"], row["model"]) == (4, 125, "m")
    assert row["observed_at"].isoformat() == "2025-03-01T09:00:00+00:00"


def test_scaling_leaves_bad_cells_bad(loading: Load, world: Path) -> None:
    rows = [{**SOUND["usage"], "input_tokens": text} for text in ("1.5", "", "x", "nan", "1e40", "-1")]
    write(world, "log.csv", rows)
    text = '[[tables.usage]]\nfile="log.csv"\nscale={input_tokens=10}\n'
    loaded = loading(world, mapping=mapped(world, text))
    assert loaded.table("usage")["input_tokens"].to_list() == [15, None]
    assert loaded.reasons("usage") == ["bad_number:input_tokens"] * 3 + ["negative:input_tokens"]


def test_files_of_the_contract_are_read_beside_a_mapping(loading: Load, world: Path) -> None:
    write(world, "usage.csv", [SOUND["usage"]])
    write(world, "transfers/part-1.csv", TRANSFERS[:2])
    (world / "mapping.toml").write_text(BOTH_ENDS.replace("transfers.csv", "transfers"))
    loaded = loading(world, mapping=world / "mapping.toml")
    assert list(loaded.result.tables) == ["accounts", "payments", "usage"]
    assert loaded.report("payments")["sources"] == ["transfers/part-1.csv"] * 2
    assert loaded.result.report["unknown_files"] == []


def test_mapped_files_may_be_all_in_a_folder(loading: Load, world: Path) -> None:
    write(world, "usage.csv", [SOUND["usage"]])
    for path in [path for path in world.iterdir() if path.is_file()]:
        (world / "raw").mkdir(exist_ok=True)
        path.rename(world / "raw" / path.name)
    names = sorted(path.name for path in (world / "raw").iterdir())
    entries = [f'[[tables.{Path(name).stem}]]\nfile = "raw/{name}"\n' for name in names]
    assert "accounts.csv" in names
    loaded = loading(world, mapping=mapped(world, "".join(entries)))
    assert list(loaded.result.tables) == ["accounts", "usage"]


def test_a_mapped_file_is_not_read_by_its_name(loading: Load, world: Path) -> None:
    write(world, "usage.csv", [{"who": "a1", "observed_at": "2025-03-01", "event": "e"}])
    text = '[[tables.events]]\nfile = "usage.csv"\ncolumns = { account_id = "who" }\n'
    loaded = loading(world, mapping=mapped(world, text))
    assert list(loaded.result.tables) == ["accounts", "events"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[tables.payments]\n", "is not TOML"),
        ('[[tables.payment]]\nfile="transfers.csv"\n', "table payment is unknown"),
        ('[[tables.payments]]\nfile="transfer.csv"\n', r"transfer\.csv is missing"),
        ('[[tables.payments]]\nfile="../signals/transfers.csv"\n', "leads out of the signal folder"),
        (
            '[[tables.payments]]\nfile="transfers.csv"\ncolumn={a="b"}\n',
            r"tables\.payments\.0\.column: Extra",
        ),
        (
            '[[tables.payments]]\nfile="transfers.csv"\ncolumns={account="source"}\n',
            "unknown column 'account'",
        ),
        (
            '[[tables.payments]]\nfile="transfers.csv"\nconstants={account="source"}\n',
            "unknown column 'account'",
        ),
        ('[[tables.payments]]\nfile="transfers.csv"\ncolumns={account_id="from"}\n', "no column 'from'"),
        (
            '[[tables.payments]]\nfile="transfers.csv"\ncolumns={account_id="source"}\n',
            "no column instrument_id",
        ),
        ('[[tables.payments]]\ncolumns={account_id="source"}\n', "does not name a file"),
        ('[[tables.payments]]\nquery="MATCH (n) RETURN n"\n', "does not name a file"),
        ('[[tables.usage]]\nfile="transfers.csv"\nscale={model=2}\n', "scales model"),
        ('[[tables.usage]]\nfile="transfers.csv"\nscale={requests=-2}\n', "scales requests"),
        (
            '[[tables.payments]]\nfile="transfers.csv"\ncolumns={kind="kind"}\nconstants={kind="crypto"}\n',
            "both a column and a constant",
        ),
        ('[[tables.accounts]]\nfile="accounts.csv"\naccounts_only=true\n', "cannot be accounts_only"),
        (
            '[[tables.usage]]\nfile="transfers.csv"\n',
            r"usage is given twice: by the mapping and by usage\.csv",
        ),
        (
            '[[lists.hubs]]\nfile="transfers.csv"\ncolumn="source"\nsignal="wallet"\n',
            "unknown signal 'wallet'",
        ),
        ('[[lists.hubs]]\nfile="transfers.csv"\ncolumn="address"\nsignal="ip"\n', "no column address"),
        ('[[lists.hubs]]\nfile="hubs.csv"\ncolumn="address"\nsignal="ip"\n', r"hubs\.csv is missing"),
        ('[enrich]\nnetworks=["ranges.csv"]\n', r"ranges\.csv is missing"),
        ('[enrich]\nnetworks=["transfers.csv"]\n', "no column network"),
        ("tables = 3\n", "tables: Input should be"),
    ],
)
def test_a_wrong_mapping_is_one_clear_error(loading: Load, world: Path, text: str, named: str) -> None:
    write(world, "transfers.csv", TRANSFERS)
    write(world, "usage.csv", [SOUND["usage"]])
    with pytest.raises(LoadError, match=named):
        loading(world, mapping=mapped(world, text))
    assert not list(world.parent.glob("out-*"))


def test_a_mapping_file_that_is_missing(loading: Load, world: Path) -> None:
    with pytest.raises(LoadError, match=r"cannot read the mapping file nowhere\.toml"):
        loading(world, mapping=world / "nowhere.toml")


def test_accounts_may_be_mapped(loading: Load, tmp_path: Path) -> None:
    folder = tmp_path / "signals"
    write(folder, "people.jsonl", [{"id": row["account_id"], "since": row["created_at"]} for row in ACCOUNTS])
    write(folder, "usage.csv", [SOUND["usage"]])
    text = (
        '[[tables.accounts]]\nfile = "people.jsonl"\ncolumns = { account_id = "id", created_at = "since" }\n'
    )
    assert loading(folder, mapping=mapped(folder, text)).report("accounts")["loaded"] == 9

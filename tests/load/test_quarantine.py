"""Nothing that should have been hashed is ever on disk: in no table, no quarantine, no report."""

from __future__ import annotations

import zlib
from pathlib import Path

import polars as pl
import pytest
from signal_files import ACCOUNTS, AS_OF, KEY, SOUND, Load, write

from loaders import LoadError, load
from loaders.pseudonymise import Pseudonymiser

MAIL, PHONE, CARD = "Secret.Person+x@example.org", "+49 30 901820", "4111 1111 1111 1111"
PERSON = {**ACCOUNTS[0], "email": MAIL, "phone": PHONE}


def everything(out: Path) -> str:
    """All text under a folder, Parquet as its cells."""
    texts = []
    for path in sorted(out.rglob("*")):
        if path.suffix == ".parquet":
            texts.append(pl.read_parquet(path).write_csv())
            assert zlib.crc32(path.read_bytes())
            texts.append(path.read_bytes().decode("latin-1"))  # statistics in the footer are not compressed
        elif path.is_file():
            texts.append(path.read_text())
    return "\n".join(texts)


def test_raw_identifiers_become_keyed_hashes(loading: Load, tmp_path: Path) -> None:
    rows = [PERSON, {**ACCOUNTS[1], "email": "secret.person@EXAMPLE.org", "phone": "030 901820"}]
    rows += [{**ACCOUNTS[2], "email": "nonsense", "phone": "12"}, {**ACCOUNTS[3], "email": "", "phone": ""}]
    write(tmp_path / "s", "accounts.csv", rows)
    payment = {name: cell for name, cell in SOUND["payments"].items() if name != "instrument_id"}
    write(tmp_path / "s", "payments.csv", [{**payment, "pan": CARD}])
    loaded = loading(tmp_path / "s", default_region="DE")
    hasher = Pseudonymiser(KEY)
    accounts = loaded.table("accounts")
    expected = hasher.digest("email", "secret.person@example.org")
    assert accounts["email_id"].to_list() == [expected, expected, None, None]
    assert accounts["email_domain"].to_list() == ["example.org", "example.org", None, None]
    phone = hasher.digest("phone", "+4930901820")
    assert accounts["phone_id"].to_list() == [phone, phone, None, None]
    assert loaded.report("accounts")["counts"] == {"unreadable_email": 1, "unreadable_phone": 1}
    payments = loaded.table("payments")
    assert payments["instrument_id"].to_list() == [hasher.digest("pan", "4111111111111111")]
    assert payments["bin"].to_list() == ["41111111"]


def test_given_hashes_stand_and_the_raw_value_fills_gaps(loading: Load, tmp_path: Path) -> None:
    rows = [
        {**PERSON, "email_id": "given", "email_domain": "Mail.Example."},
        {**ACCOUNTS[1], "email_id": "other"},
    ]
    write(tmp_path / "s", "accounts.csv", rows)
    write(tmp_path / "s", "usage.csv", [SOUND["usage"]])
    accounts = loading(tmp_path / "s").table("accounts")
    assert accounts["email_id"].to_list() == ["given", "other"]
    assert accounts["email_domain"].to_list() == ["mail.example", None]


def test_a_card_number_that_is_none_is_a_bad_row(loading: Load, world: Path) -> None:
    row = {**SOUND["payments"], "instrument_id": ""}
    rows = [{**row, "pan": CARD}, {**row, "pan": "4111 1111 1111 1112"}, {**row, "pan": ""}]
    write(world, "payments.csv", [*rows, {**SOUND["payments"], "pan": "4111"}])
    loaded = loading(world)
    assert loaded.reasons("payments") == ["bad_pan:pan", "missing:instrument_id"]
    assert loaded.table("payments")["row"].to_list() == [0, 3]


def test_nothing_raw_is_written_anywhere(loading: Load, tmp_path: Path) -> None:
    spoilt = {**PERSON, "account_id": "x", "created_at": "?"}
    # The same identifiers in columns where they do not belong.
    astray = {
        **ACCOUNTS[2],
        "created_at": MAIL,
        "email_id": MAIL,
        "email_domain": MAIL,
        "phone_id": PHONE,
        "name_id": PHONE,
        "organisation_id": CARD,
    }
    write(
        tmp_path / "s",
        "accounts.csv",
        [PERSON, spoilt, astray, {**ACCOUNTS[4], "created_at": "", "name_id": "keep"}],
    )
    payment = {**SOUND["payments"], "pan": CARD, "instrument_id": "", "kind": CARD, "bin": CARD}
    write(tmp_path / "s", "payments.csv", [payment, {**payment, "kind": "", "bin": "", "outcome": PHONE}])
    loaded = loading(tmp_path / "s")
    assert loaded.report("accounts")["quarantined"] == 3
    assert loaded.report("payments")["quarantined"] == 2
    text = everything(loaded.out).lower()
    for raw in (MAIL, "secret.person", PHONE, "901820", CARD, "4111111111111111", KEY.decode()):
        assert raw.lower() not in text
    assert "(withheld)" in text
    assert loaded.quarantine("accounts")["name_id"].to_list() == [None, "(withheld)", "keep"]
    assert loaded.quarantine("accounts")["email"].to_list() == ["(withheld)", None, None]


@pytest.mark.parametrize("column", ["email", "phone"])
def test_without_a_key_raw_columns_stop_the_load(tmp_path: Path, column: str) -> None:
    for name in ("accounts.csv", "accounts.jsonl"):
        folder = tmp_path / name
        write(folder, name, [{**ACCOUNTS[0], column: MAIL}])
        write(folder, "usage.csv", [SOUND["usage"]])
        with pytest.raises(
            LoadError, match=f"{name}: column {column} holds raw personal identifiers"
        ) as caught:
            load(folder, tmp_path / "out", key=None, as_of=AS_OF)
        assert "GRAPHATTR_KEY" in str(caught.value)
        assert MAIL not in str(caught.value)
        assert not (tmp_path / "out").exists()


def test_without_a_key_a_raw_column_that_turns_up_late_stops_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.files.SAMPLE_LINES", 1)
    write(tmp_path / "s", "accounts.jsonl", [ACCOUNTS[0], {**ACCOUNTS[1], "email": MAIL}])
    write(tmp_path / "s", "usage.csv", [SOUND["usage"]])
    with pytest.raises(LoadError, match="raw personal identifiers"):
        load(tmp_path / "s", tmp_path / "out", key=None, as_of=AS_OF)


def test_card_numbers_under_the_name_of_hashes_stop_the_load(loading: Load, world: Path) -> None:
    cards = [f"411111111111{number:04}" for number in range(2000)]
    valid = [text for text in cards if Pseudonymiser(KEY).canonical("pan", text)]
    write(world, "payments.csv", [{**SOUND["payments"], "instrument_id": card} for card in valid])
    with pytest.raises(LoadError, match="column instrument_id looks like raw card numbers"):
        loading(world)
    write(world, "payments.csv", [{**SOUND["payments"], "instrument_id": card} for card in cards])
    assert loading(world).report("payments")["loaded"] == 2000


def test_another_key_gives_other_hashes_and_the_same_key_the_same(loading: Load, tmp_path: Path) -> None:
    write(tmp_path / "s", "accounts.csv", [PERSON])
    write(tmp_path / "s", "usage.csv", [SOUND["usage"]])
    found = [
        loading(tmp_path / "s", key=key).table("accounts")["email_id"][0] for key in (KEY, KEY, KEY + b"!")
    ]
    assert found[0] == found[1] != found[2]

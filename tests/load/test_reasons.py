"""Every reason for which a row is refused, and the values that rows may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from signal_files import ACCOUNTS, AS_OF, SOUND, Load, write

from loaders.schema import TABLES, Kind

FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("payments", {"account_id": ""}, "missing:account_id"),
    ("payments", {"account_id": "  "}, "missing:account_id"),
    ("payments", {"instrument_id": ""}, "missing:instrument_id"),
    ("payments", {"observed_at": ""}, "missing:observed_at"),
    ("payments", {"observed_at": "yesterday"}, "bad_time:observed_at"),
    ("payments", {"instrument_id": "x" * 1025}, "bad_text:instrument_id"),
    ("payments", {"instrument_id": "x\0y"}, "bad_text:instrument_id"),
    ("payments", {"amount": "much"}, "bad_number:amount"),
    ("payments", {"amount": "NaN"}, "bad_number:amount"),
    ("payments", {"amount": "inf"}, "bad_number:amount"),
    ("payments", {"kind": "cheque"}, "unknown_value:kind"),
    ("payments", {"outcome": "lost"}, "unknown_value:outcome"),
    ("payments", {"issuer_country": "DEU"}, "bad_country:issuer_country"),
    ("payments", {"bin": "4111111111111111"}, "raw_identifier:bin"),
    ("payments", {"account_id": "nobody"}, "unknown_account"),
    ("payments", {"observed_at": "2025-06-01T01:00:01Z"}, "future:observed_at"),
    ("payments", {"account_id": "a9", "observed_at": "2025-01-08T22:59:59Z"}, "before_account_created"),
    ("ips", {"ip": ""}, "missing:ip"),
    ("ips", {"ip": "1.2.3"}, "bad_address:ip"),
    ("ips", {"ip": "1.2.3", "ip_id": "h"}, "bad_address:ip"),
    ("ips", {"asn": "-1"}, "out_of_range:asn"),
    ("ips", {"asn": "AS"}, "bad_number:asn"),
    ("ips", {"network_kind": "satellite"}, "unknown_value:network_kind"),
    ("ips", {"country": "D"}, "bad_country:country"),
    ("devices", {"device_id": ""}, "missing:device_id"),
    ("devices", {"utc_offset_minutes": "841"}, "out_of_range:utc_offset_minutes"),
    ("devices", {"utc_offset_minutes": "-841"}, "out_of_range:utc_offset_minutes"),
    ("usage", {"requests": "-1"}, "negative:requests"),
    ("usage", {"input_tokens": "-5"}, "negative:input_tokens"),
    ("usage", {"output_tokens": "1.5"}, "bad_number:output_tokens"),
    ("usage", {"requests": "99999999999999999999"}, "bad_number:requests"),
    ("events", {"event": ""}, "missing:event"),
    ("labels", {"account_id": "nobody"}, "unknown_account"),
    ("labels", {"reliability": "G"}, "unknown_value:reliability"),
    ("labels", {"observed_at": "2026-01-01"}, "future:observed_at"),
]


@pytest.mark.parametrize(("table", "change", "reason"), FAULTS)
def test_a_bad_row_is_refused_with_its_reason(
    loading: Load, world: Path, table: str, change: dict[str, Any], reason: str
) -> None:
    write(world, f"{table}.csv", [SOUND[table], {**SOUND[table], **change}])
    loaded = loading(world)
    assert loaded.report(table)["reasons"] == {reason: 1}
    bad = loaded.quarantine(table)
    assert bad.select("row", "source", "reason").rows() == [(1, f"{table}.csv", reason)]
    assert loaded.table(table)["row"].to_list() == [0]


SOUND_CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("payments", {"kind": " CRYPTO "}, {"kind": "crypto"}),
    ("payments", {"kind": ""}, {"kind": None}),
    ("payments", {"issuer_country": "us"}, {"issuer_country": "US"}),
    ("payments", {"amount": "-3e2"}, {"amount": -300.0}),
    ("payments", {"account_id": " a1 "}, {"account_id": "a1"}),
    ("payments", {"instrument_id": "x" * 1024}, {"instrument_id": "x" * 1024}),
    ("payments", {"instrument_id": "a\x1b[31m=1+1"}, {"instrument_id": "a\x1b[31m=1+1"}),
    ("payments", {"observed_at": "2025-06-01T01:00:00Z"}, {}),
    ("payments", {"account_id": "a9", "observed_at": "2025-01-08T23:00:00Z"}, {}),
    ("ips", {"asn": "AS64500"}, {"asn": 64500}),
    ("ips", {"ip": "", "ip_id": "h"}, {"ip": None, "ip_prefix": None, "ip_id": "h"}),
    ("ips", {"ip": "::ffff:198.51.100.9"}, {"ip": "198.51.100.9", "ip_prefix": "198.51.100.0/24"}),
    ("devices", {"utc_offset_minutes": "-840"}, {"utc_offset_minutes": -840}),
    ("usage", {"requests": ""}, {"requests": 1}),
    ("usage", {"requests": "0"}, {"requests": 0}),
    ("usage", {"requests": "7.0"}, {"requests": 7}),
    ("events", {"event": "something new"}, {"event": "something new"}),
    ("labels", {"observed_at": "2001-01-01"}, {}),
    (
        "labels",
        {"observed_at": "", "operator": "", "reliability": "c"},
        {"operator": None, "reliability": "C"},
    ),
]


@pytest.mark.parametrize(("table", "change", "expected"), SOUND_CHANGES)
def test_a_sound_row_is_loaded_in_canonical_form(
    loading: Load, world: Path, table: str, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    write(world, f"{table}.csv", [{**SOUND[table], **change}])
    rows = loading(world).table(table).to_dicts()
    assert len(rows) == 1
    assert {name: rows[0][name] for name in expected} == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"account_id": ""}, "missing:account_id"),
        ({"created_at": ""}, "missing:created_at"),
        ({"created_at": "?"}, "bad_time:created_at"),
        ({"created_at": "2025-07-01"}, "future:created_at"),
        ({"closed_at": "?"}, "bad_time:closed_at"),
        ({"closed_at": "2025-01-01"}, "closed_before_created"),
        ({"country": "Germany"}, "bad_country:country"),
        ({"email_id": "ann@example.org"}, "raw_identifier:email_id"),
        ({"email_domain": "ann@example.org"}, "raw_identifier:email_domain"),
        ({"phone_id": "+49 30 901820"}, "raw_identifier:phone_id"),
        ({"account_id": "a1"}, "duplicate_account"),
    ],
)
def test_bad_accounts(loading: Load, tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    new = {"account_id": "new", "created_at": "2025-02-01", "closed_at": "", "country": "", **row}
    for column in ("email_id", "email_domain", "phone_id"):
        new.setdefault(column, "")
    write(tmp_path / "s", "accounts.csv", [*ACCOUNTS, new])
    write(tmp_path / "s", "usage.csv", [SOUND["usage"], {**SOUND["usage"], "account_id": "new"}])
    loaded = loading(tmp_path / "s")
    assert loaded.reasons("accounts") == [reason]
    assert loaded.reasons("usage") == ["unknown_account"]  # a refused account has no signals


def test_of_several_faults_the_first_by_rule_is_named(loading: Load, world: Path) -> None:
    row = {**SOUND["ips"], "account_id": "nobody", "ip": "1.2.3", "observed_at": "?", "country": "Germany"}
    write(
        world, "ips.csv", [SOUND["ips"], row, {**row, "observed_at": "2025-03-01"}, {**row, "account_id": ""}]
    )
    assert loading(world).reasons("ips") == ["bad_time:observed_at", "bad_address:ip", "missing:account_id"]


def test_a_hundred_bad_rows_of_five_kinds_are_exactly_those_refused(loading: Load, world: Path) -> None:
    sound = [
        {**SOUND["ips"], "ip": f"198.51.100.{number % 250}", "asn": str(number)} for number in range(3000)
    ]
    kinds = {
        "missing:account_id": {"account_id": ""},
        "bad_time:observed_at": {"observed_at": "soon"},
        "bad_address:ip": {"ip": "300.1.1.1"},
        "unknown_value:network_kind": {"network_kind": "moon"},
        "unknown_account": {"account_id": "stranger"},
    }
    rows, expected = [], {}
    for number, row in enumerate(sound):
        rows.append({**row, "network_kind": ""})
        if number % 30 == 7:
            reason = list(kinds)[number // 30 % 5]
            expected[len(rows)] = reason
            rows.append({**row, "network_kind": "", **kinds[reason]})
    write(world, "ips.csv", rows)
    loaded = loading(world, max_bad_share=0.05)
    bad = loaded.quarantine("ips")
    assert dict(bad.select("row", "reason").iter_rows()) == expected
    assert loaded.report("ips")["reasons"] == dict.fromkeys(sorted(kinds), 20)
    assert loaded.report("ips")["loaded"] == 3000


def test_every_column_has_a_fault_in_these_tests() -> None:
    """A new column must come with the test of its faults; free text has none of its own."""
    tested = {(table, reason.partition(":")[2]) for table, _, reason in FAULTS}
    for table in TABLES.values():
        for column in table.columns:
            if table.name != "accounts" and (column.required or column.kind is not Kind.TEXT):
                assert (table.name, column.name) in tested or column.name in ("account_id", "observed_at")


def test_times_are_held_against_now_where_no_time_is_given(loading: Load, world: Path) -> None:
    write(world, "events.csv", [SOUND["events"], {**SOUND["events"], "observed_at": "2150-01-01"}])
    assert loading(world, as_of=None).reasons("events") == ["future:observed_at"]
    naive = AS_OF.replace(tzinfo=None, year=2151)
    assert loading(world, as_of=naive).reasons("events") == []


def test_skew_is_what_the_caller_tolerates(loading: Load, world: Path) -> None:
    write(world, "events.csv", [{**SOUND["events"], "observed_at": "2025-06-01T00:00:01Z"}])
    assert loading(world, clock_skew_seconds=0).reasons("events") == ["future:observed_at"]
    assert loading(world, clock_skew_seconds=1).reasons("events") == []

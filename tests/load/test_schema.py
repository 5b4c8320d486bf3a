from __future__ import annotations

from graphattr.records import SIGNALS
from loaders.normalise import RAW_PATTERNS
from loaders.schema import SIGNAL_NAMES, TABLES, UTC


def test_names_of_signals_are_those_of_the_records() -> None:
    assert tuple(signal.name for signal in SIGNALS) == SIGNAL_NAMES


def test_every_signal_is_a_column_of_its_table() -> None:
    for signal in SIGNALS:
        schema = TABLES[signal.table].schema
        assert signal.column in schema
        assert signal.kind_column is None or signal.kind_column in schema


def test_accounts_come_first_and_every_table_has_its_time_and_row() -> None:
    assert next(iter(TABLES)) == "accounts"
    for table in TABLES.values():
        assert table.schema[table.time] == UTC
        assert list(table.schema)[-1] == "row"


def test_columns_that_must_not_hold_raw_identifiers_exist() -> None:
    names = {name for table in TABLES.values() for name in table.names}
    assert set(RAW_PATTERNS) <= names

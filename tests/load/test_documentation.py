"""docs/data-contract.md says what the loader does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loaders.mapping import read_mapping
from loaders.normalise import RULES
from loaders.schema import TABLES, Kind

TEXT = (Path(__file__).parents[2] / "docs" / "data-contract.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_tables_and_columns() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (account_id!.*) \|$", TEXT, re.MULTILINE))
    assert list(rows) == list(TABLES)
    for name, table in TABLES.items():
        cells = re.sub(r"\(.*?\)", "", rows[name]).replace("; raw:", ",").replace(" or ", ", ")
        documented = [cell.strip() for cell in cells.split(",")]
        assert [cell.rstrip("!") for cell in documented] == list(table.names)
        required = {column.name for column in table.columns if column.required} | set(table.one_of)
        assert {cell.rstrip("!") for cell in documented if cell.endswith("!")} == required


def test_reasons_in_their_order() -> None:
    documented = re.findall(r"^\| `(\w+)(?::\w+)?` \|", TEXT, re.MULTILINE)
    assert documented == list(RULES)


def test_vocabularies() -> None:
    for table in TABLES.values():
        for column in table.columns:
            if column.kind is Kind.ENUM and column.name != "reliability":
                listed = re.search(rf"`{table.name}\.{column.name}`\s([^;]*)", TEXT)
                assert listed is not None
                assert tuple(re.split(r",\s+", " ".join(listed[1].split()))) == column.values


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_mapping_files(tmp_path: Path, number: int) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(EXAMPLES[number])
    mapping = read_mapping(path, database="query =" in EXAMPLES[number])
    assert mapping.tables

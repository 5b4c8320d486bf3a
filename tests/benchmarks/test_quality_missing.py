"""What a missing table does to links."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality import missing
from benchmarks.quality.missing import Case, measured, section
from benchmarks.quality.worlds import World


def test_a_world_is_measured_with_and_without_a_table(tmp_path: Path) -> None:
    world = World("tiny", "A", 7)
    whole, less = (measured(Case(world, table), tmp_path) for table in (None, "devices"))
    assert whole["pairs"] > 0
    assert 0 < whole["cllr"] < 1
    assert 0 <= whole["ece"] < 0.2
    assert 0 < whole["worst"] < 0.5
    # The table is really gone: other candidates, other figures; the world in the cache keeps it.
    assert (less["pairs"], less["cllr"]) != (whole["pairs"], whole["cllr"])
    assert measured(Case(world, None), tmp_path) == whole


def test_the_section_has_a_row_for_each_table_and_family() -> None:
    row = {"world": "w", "preset": "tiny", "seed": 1, "pairs": 9, "ece": 0.01, "worst": None}
    worlds = [
        {**row, "family": family, "table": table, "cllr": 0.2 if table is None else 0.9}
        for family in "AB"
        for table in (None, *missing.OPTIONAL)
    ]
    text = "\n".join(section(worlds))
    assert "| A, everything | 0.200 | 0.010 | - | 0.200 |" in text
    assert "| B, without usage | 0.900 | 0.010 | - | 0.900 |" in text
    assert text.count("without ") == 1 + 2 * len(missing.OPTIONAL)

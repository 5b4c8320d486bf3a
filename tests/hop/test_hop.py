"""The main job on real accounts: the promised figures, and the README's table to the letter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphattr.evaluate.hop import LARGEST, measure

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("GRAPHATTR_HOP_DATA", ROOT.parent / "shared" / "data" / "hop"))


@pytest.fixture(scope="module")
def hop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the hop data."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no hop data at {DATA}: CI must have it")
        pytest.skip(f"no hop data at {DATA}: it is not part of the repository")
    out = tmp_path_factory.mktemp("hop") / "run"
    mapping = ROOT / "benchmarks" / "hop" / "mapping.toml"
    line = [
        sys.executable,
        "-m",
        "graphattr",
        "run",
        str(DATA),
        "--mapping",
        str(mapping),
        "--out",
        str(out),
        "--quiet",
    ]
    subprocess.run(line, check=True, capture_output=True)
    return out


@pytest.mark.hop
def test_rings_agree_with_the_reports(hop: Path) -> None:
    found = measure(hop, DATA)[f"without {LARGEST}"]
    assert found["f1"] >= 0.78
    assert found["unreported_share"] <= 0.30


@pytest.mark.hop
def test_memory_stays_bounded(hop: Path) -> None:
    stages = json.loads((hop / "run.json").read_text())["stages"]
    assert max(stage["peak_memory_mib"] for stage in stages) < 4096


@pytest.mark.hop
def test_every_row_is_accounted_for(hop: Path) -> None:
    report = json.loads((hop / "load_report.json").read_text())
    for table in report["tables"].values():
        parts = table["loaded"] + table["quarantined"] + table["duplicates"] + table["not_selected"]
        assert table["rows"] == parts
    assert report["tables"]["payments"]["quarantined"] == 0


@pytest.mark.hop
def test_the_readme_has_the_measured_table(hop: Path) -> None:
    script = ROOT / "benchmarks" / "hop" / "results.py"
    line = [sys.executable, str(script), str(hop), str(DATA)]
    table = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    assert table.strip() in (ROOT / "README.md").read_text()

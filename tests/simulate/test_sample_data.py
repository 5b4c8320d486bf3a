"""The world that ships is the one its README says how to make."""

import hashlib
import re
from pathlib import Path

from graphattr.simulate import simulate

SAMPLE = Path(__file__).parents[2] / "sample_data"


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_command_of_the_readme_gives_the_bytes_that_ship(tmp_path: Path) -> None:
    command = re.search(
        r"simulate sample_data --preset (\w+) --seed (\d+)", (SAMPLE / "README.md").read_text()
    )
    assert command is not None
    simulate(tmp_path, command[1], int(command[2]))
    assert hashes(tmp_path) == hashes(SAMPLE)


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in SAMPLE.rglob("*") if file.is_file()) < 5_000_000


def test_truth_lies_apart_from_the_signals() -> None:
    assert {file.name for file in SAMPLE.iterdir()} == {"README.md", "signals", "truth.parquet"}
    assert len(list((SAMPLE / "signals").iterdir())) == 7

"""Whether a change of code changes results: `python -m benchmarks.same_bytes write DIGESTS`, later `... check DIGESTS`.

Both run sample_data and one small world of each preset and family, and take the SHA-256 of every Parquet file from
run.json; `check` lists the files that differ from those of `write`, and exits with 1 if there are any. Files that hold
load times or paths are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphattr.pipeline.run import Plan, run
from graphattr.settings import Secrets
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.simulation import simulate

SAMPLE = Path(__file__).parents[1] / "sample_data" / "signals"
PRESETS = ("tiny", "small")
SEED = 3001


def sources(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and signals of each world; made in `folder` but for sample_data."""
    yield "sample_data", SAMPLE
    for family in FAMILIES:
        for preset in PRESETS:
            world = folder / f"{preset}-{family}"
            simulate(world, preset, SEED, family=family)
            yield world.name, world / "signals"


def digests() -> dict[str, str]:
    """SHA-256 by world and file."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, signals in sources(Path(folder)):
            told = run(Plan(str(signals), Path(folder) / f"run-{name}"), Secrets())
            found |= {
                f"{name}/{file}": of for file, of in told["outputs"].items() if file.endswith(".parquet")
            }
    return found


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Files that one of the two lacks, or that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def main() -> None:
    """Writes the digests, or checks them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("write", "check"))
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    found = digests()
    if given.what == "write":
        given.file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return
    changed = differing(json.loads(given.file.read_text(encoding="utf-8")), found)
    print("\n".join(changed) or f"{len(found)} files, all the same")
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()

"""Writes docs/adversary.md: python -m benchmarks.adversary --out docs/adversary.md; exits 1 where the check fails."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.adversary.ladders import ATTACKS
from benchmarks.adversary.page import Made, page, verdict
from benchmarks.adversary.results import framed_by_one, results
from benchmarks.adversary.worlds import PassedOver, standing
from graphattr.pipeline.run import find_models
from graphattr.simulate.families import FAMILIES

WORLDS: Final = 4


def main() -> int:
    """Attacks the worlds and writes the page.

    Returns:
        1 where an innocent account that one value was planted on stands in an attributed ring; else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adversary", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="worlds of each family")
    parser.add_argument("--preset", default="small", help="preset of the worlds")
    parser.add_argument("--family", default=",".join(FAMILIES), help="generator families")
    parser.add_argument("--attack", action="append", choices=list(ATTACKS), help="only this one; repeatable")
    asked = parser.parse_args()
    passed, worlds, found = PassedOver(), [], []
    with tempfile.TemporaryDirectory(prefix="graphattr-adversary-") as name:
        work = Path(name)
        for family in asked.family.split(","):
            for one in standing(asked.preset, family, asked.worlds, work, passed):
                worlds.append(one)
                found += results(one, asked.attack or list(ATTACKS), work / "run")
    linkage, known = find_models(None)
    command = f"python -m benchmarks.adversary --out {asked.out} --worlds {asked.worlds}"
    command += f" --preset {asked.preset} --family {asked.family}"
    command += "".join(f" --attack '{attack}'" for attack in asked.attack or [])
    model = (linkage.model.name, linkage.model.sha256)
    asked.out.write_text(page(Made(command, worlds, passed, model, len(known)), found), encoding="utf-8")
    sys.stderr.write(verdict(found) + "\n")
    return int(framed_by_one(found)["joined attributed"] > 0)


if __name__ == "__main__":
    sys.exit(main())

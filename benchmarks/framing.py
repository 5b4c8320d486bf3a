"""How often one planted value frames an innocent account: `python benchmarks/framing.py [--worlds N] [--planted N]`.

In each simulated world innocent accounts that stand in no ring are given one device of an operator's account, at the
times at which that account used it. Framed is an account that the run then puts into the ring of that account. Both
figures are printed for each threshold of the guard (graphattr.rings.guards.TELLING), on the same planted worlds.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from graphattr.pipeline import Plan, run
from graphattr.rings import guards
from graphattr.settings import Secrets
from graphattr.simulate import simulate

THRESHOLDS = (0.15, 0.3)


def rings(signals: Path, out: Path) -> dict[str, str]:
    """Ring by account, after a run."""
    shutil.rmtree(out, ignore_errors=True)
    run(Plan(str(signals), out), Secrets())
    return dict(pl.read_parquet(out / "members.parquet").select("account_id", "ring_id").iter_rows())


def plant(world: Path, planted: Path, before: dict[str, str], count: int, seed: int) -> dict[str, str]:
    """Copies a world with devices planted; returns the operator's account by framed account."""
    truth = pl.read_parquet(world / "truth.parquet").sort("account_id")
    shutil.copytree(world / "signals", planted / "signals", dirs_exist_ok=True)
    devices = pl.read_parquet(planted / "signals" / "devices.parquet")
    used = set(devices["account_id"])
    operated = truth.filter(pl.col("kind") == "single_operator")["account_id"]
    sources = [a for a in operated if a in before and a in used]
    free = [a for a in truth.filter("innocent")["account_id"] if a not in before]
    rng = np.random.default_rng(seed)
    victims = [str(a) for a in rng.permutation(free)[:count]]
    pairs = {victim: sources[int(rng.integers(len(sources)))] for victim in victims}
    created = dict(
        pl.read_parquet(planted / "signals" / "accounts.parquet")["account_id", "created_at"].iter_rows()
    )
    added = []
    for victim, source in pairs.items():
        rows = devices.filter(pl.col("account_id") == source)
        rows = rows.filter(
            (pl.col("device_id") == rows["device_id"][0]) & (pl.col("observed_at") > created[victim])
        )
        added.append(rows.with_columns(account_id=pl.lit(victim)))
    pl.concat([devices, *added]).write_parquet(planted / "signals" / "devices.parquet")
    return {victim: pairs[victim] for victim, rows in zip(pairs, added, strict=True) if rows.height}


def main() -> None:
    """Prints the share of framed accounts by threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--planted", type=int, default=15)
    given = parser.parse_args()
    framed, total = dict.fromkeys(THRESHOLDS, 0), dict.fromkeys(THRESHOLDS, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(100, 100 + given.worlds):
            world = folder / f"world-{seed}"
            simulate(world, "tiny", seed)
            for threshold in THRESHOLDS:
                guards.TELLING = threshold
                before = rings(world / "signals", folder / "run")
                pairs = plant(world, folder / f"planted-{seed}-{threshold}", before, given.planted, seed)
                after = rings(folder / f"planted-{seed}-{threshold}" / "signals", folder / "run")
                total[threshold] += len(pairs)
                framed[threshold] += sum(
                    after.get(v) is not None and after.get(v) == after.get(c) for v, c in pairs.items()
                )
    for threshold in THRESHOLDS:
        share = framed[threshold] / max(total[threshold], 1)
        print(
            f"threshold {threshold}: {framed[threshold]} of {total[threshold]} accounts framed ({share:.1%})"
        )


if __name__ == "__main__":
    main()

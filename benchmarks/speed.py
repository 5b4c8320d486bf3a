"""Writes docs/speed.md: `python -m benchmarks.speed --out docs/speed.md`, `--help` for more.

Candidate recall: worlds of each family as they are made, and again with compartments off, of which only candidates are
looked for. Growth: worlds of the mix of the preset world100k, made larger and smaller; of each a whole
`graphattr run` in a process of its own. Candidates alone: the same, but pairs and what they share are only looked up
and counted; a million accounts take 8 GiB. Training: `graphattr train --gnn` on a world of that size,
once as it comes, and once killed (SIGKILL) after the network's first epoch and started again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.scaled import alone, scaled, write_world
from benchmarks.training import PAGE, training_lines
from graphattr.links.index import Index
from graphattr.links.pieces import CandidatePairs
from graphattr.pipeline.grouping import Signals, find_pairs, write_holdings
from graphattr.pipeline.reading import read_signals
from graphattr.settings import LinkSettings, LoadSettings
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.presets import off, preset
from models import shipped_model

Whole = NDArray[np.int64]

#: What is asked: of accounts with an inside pair, of accounts in one piece, and of the exponent of growth.
REACHED, TOGETHER, EXPONENT = 0.95, 0.90, 1.15
COMPARTMENTS: Final = "compartments"

HEAD = """# Speed and candidates

Written by `{command}`; no figure here is typed by hand. {machine}
"""
RECALL = """## Candidate recall

Of the accounts that are not innocent and whose controller has another one: *reached* is the share with a candidate pair
inside their own controller's accounts (target {reached:.0%}); *together* is the share that stands in the largest
piece that such inside pairs alone hold together (target {together:.0%}). Only candidate pairs count, before any score.
Worlds of the preset `{preset}`, seeds {first} to {last}, {worlds} of each family; *lowest controller* is the least
together of any single one. *Compartments off* are the same seeds without that mechanism: in all others
operators may be careful and keep compartments apart, which share no server, card or domain.
"""
GROWTH = """## Growth

Worlds of the mix of `world100k`, seed {seed}: a whole run in a process of its own, loading and store included.
The exponent is the slope between two sizes on a log-log scale (target at most {exponent}); start-up costs the
small ones most, so the last step says most about larger worlds.
"""
ALONE = """## Candidates alone

The same worlds: seconds to index the signals and find candidate pairs with all values that they share, and the peak
memory of the process that loaded, indexed and found them. Pairs are looked up a million at a time and dropped.
"""


def loaded_of(signals: Path, work: Path) -> Signals:
    """Loads signals into `work` and writes their holdings there, as a run does."""
    of = read_signals(signals, work, LoadSettings())
    write_holdings(of, work / "holdings.parquet")
    return of


def candidates_of(of: Signals, work: Path) -> tuple[Index, CandidatePairs]:
    """Finds the candidate pairs of what was loaded into `work`, as a run does."""
    return find_pairs(of, work / "holdings.parquet", LinkSettings())


def recall(accounts: pl.Series, a: Whole, b: Whole, truth: pl.DataFrame) -> pl.DataFrame:
    """How the accounts of each controller hang together by candidate pairs inside it.

    Args:
        accounts: ids of the accounts, by number.
        a, b: account numbers of the candidate pairs, shape (n,).
        truth: account_id, controller, kind, mechanism, innocent.

    Returns:
        kind, mechanism, accounts, reached (accounts with an inside pair), together (accounts of the largest piece; 0
        without any pair), one row a controller with two accounts or more of which none is innocent.
    """
    known = (
        accounts.alias("account_id")
        .to_frame()
        .join(truth, on="account_id", how="left", maintain_order="left")
    )
    known = known.with_columns(number=pl.col("controller").rank("dense").cast(pl.Int64))
    wanted = (~known["innocent"].fill_null(value=True)).to_numpy()
    owner = np.where(wanted, known["number"].fill_null(-1).to_numpy(), -1)
    inside = (owner[a] == owner[b]) & (owner[a] >= 0)
    x, y = a[inside], b[inside]
    paired = np.zeros(len(accounts), dtype=bool)
    paired[x] = paired[y] = True
    graph = coo_array((np.ones(len(x), dtype=np.int8), (x, y)), shape=(len(accounts), len(accounts)))
    _, piece = connected_components(graph, directed=False)
    size = np.bincount(piece)[piece]
    return (
        known.with_columns(paired=pl.Series(paired), size=pl.Series(np.where(size > 1, size, 0)))
        .filter(pl.Series(owner >= 0))
        .group_by("controller")
        .agg(
            pl.col("kind", "mechanism").first(),
            accounts=pl.len().cast(pl.Int64),
            reached=pl.col("paired").sum().cast(pl.Int64),
            together=pl.col("size").max().cast(pl.Int64),
        )
        .filter(pl.col("accounts") >= 2)
        .sort("controller")
        .drop("controller")
    )


def recalls(family: str, without: tuple[str, ...], given: argparse.Namespace) -> pl.DataFrame:
    """The `recall` of all worlds of a family."""
    parts = []
    for seed in range(given.seed, given.seed + given.worlds):
        chosen = replace(off(preset(given.preset), without), family=family)
        with tempfile.TemporaryDirectory() as folder:
            truth = write_world(Path(folder) / "world", chosen, seed)
            index, found = candidates_of(
                loaded_of(Path(folder) / "world" / "signals", Path(folder) / "work"), Path(folder) / "work"
            )
            parts.append(recall(index.accounts, found.a, found.b, truth))
        print(family, *without, seed, *_shares(parts[-1]), file=sys.stderr, flush=True)
    return pl.concat(parts)


def recall_lines(family: str, variant: str, found: pl.DataFrame) -> Iterator[list[str]]:
    """Lines of the recall table: all, by kind, and by mechanism within a kind that has more than one."""
    yield [family, variant, "all", *_shares(found)]
    for (kind,), of_kind in found.sort("kind", "mechanism").group_by("kind", maintain_order=True):
        yield [family, variant, str(kind).replace("_", " "), *_shares(of_kind)]
        mechanisms = list(of_kind.group_by("mechanism", maintain_order=True))
        for (mechanism,), part in mechanisms if len(mechanisms) > 1 else []:
            yield [family, variant, f"... {str(mechanism).replace('_', ' ')}", *_shares(part)]


def _shares(found: pl.DataFrame) -> list[str]:
    accounts = int(found["accounts"].sum())
    lowest = (found["together"] / found["accounts"]).min()
    shares = [found["reached"].sum() / accounts, found["together"].sum() / accounts, lowest]
    return [f"{found.height}", f"{accounts:,}", *(f"{share:.1%}" for share in shares)]  # type: ignore[str-bytes-safe]


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        accounts, candidates: accounts, and pairs that were scored.
        cpu, wall: seconds.
        peak: largest resident memory of any stage, MiB.
        stages: seconds and peak memory by stage, as run.json has them.
    """

    accounts: int
    candidates: int
    cpu: float
    wall: float
    peak: int
    stages: list[dict[str, Any]]


def cost(family: str, accounts: int, seed: int) -> tuple[Cost, pl.DataFrame]:
    """Runs a world of that size in a process of its own; what it took, and the recall of its candidates."""
    chosen = replace(scaled(preset("world100k"), accounts), family=family)
    with tempfile.TemporaryDirectory() as folder:
        world, run = Path(folder) / "world", Path(folder) / "run"
        truth = write_world(world, chosen, seed)
        command = [sys.executable, "-m", "graphattr", "run", str(world / "signals"), "--out", str(run)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        told = json.loads((run / "run.json").read_text(encoding="utf-8"))
        wall = sum(stage["seconds"] for stage in told["stages"])
        # A run resets its own high-water mark at each stage, so the kernel's figure is that of the last one.
        peak = max(stage["peak_memory_mib"] for stage in told["stages"])
        cpu = used.ru_utime + used.ru_stime
        taken = Cost(accounts, told["links"]["candidates"], cpu, wall, peak, told["stages"])
        print(family, seed, taken, file=sys.stderr, flush=True)
        work = Path(folder) / "work"
        index, found = candidates_of(loaded_of(world / "signals", work), work)
        return taken, recall(index.accounts, found.a, found.b, truth)


#: Pairs whose shared values are looked up together.
AT_A_TIME: Final = 1_000_000


def look(family: str, accounts: int, seed: int) -> Cost:
    """Makes a world and finds its candidate pairs with what they share, a million at a time; what that took."""
    chosen = replace(scaled(preset("world100k"), accounts), family=family)
    with tempfile.TemporaryDirectory() as folder:
        world, work = Path(folder) / "world", Path(folder) / "work"
        alone(write_world, world, chosen, seed)
        of = loaded_of(world / "signals", work)
        begun, cpu = time.perf_counter(), time.process_time()
        index, found = candidates_of(of, work)
        pieces = 0
        for start in range(0, len(found), AT_A_TIME):
            rows = np.arange(start, min(start + AT_A_TIME, len(found)))
            pieces += found.part(rows).pieces.height
        cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Cost(index.size, len(found), cpu, wall, peak, [{"name": "pieces", "pieces": pieces}])


def looked(family: str, sizes: list[int], seed: int) -> list[list[str]]:
    """Lines of the table of candidates alone."""
    costs = []
    for accounts in sizes:
        costs.append(alone(look, family, accounts, seed))
        print(family, seed, costs[-1], file=sys.stderr, flush=True)
    pieces = [f"{taken.stages[0]['pieces']:,}" for taken in costs] + [""]
    return [[*line[:4], of, *line[4:]] for line, of in zip(growth_lines(family, costs), pieces, strict=False)]


def exponent(small: Cost, large: Cost, what: str) -> float:
    """Slope of a cost between two sizes on a log-log scale."""
    return float(
        np.log(getattr(large, what) / getattr(small, what)) / np.log(large.accounts / small.accounts)
    )


def growth_lines(family: str, costs: list[Cost]) -> Iterator[list[str]]:
    """Lines of the growth table, each with the exponents since the size before."""
    for number, this in enumerate(costs):
        before = costs[number - 1] if number else None
        since = [f"{exponent(before, this, what):.2f}" if before else "" for what in ("candidates", "cpu")]
        figures = [f"{this.accounts:,}", f"{this.candidates:,}", since[0], f"{this.cpu:.0f}", since[1]]
        yield [family, *figures, f"{this.wall:.0f}", f"{this.peak / 1024:.1f}"]
    if len(costs) > 2:
        whole = [f"{exponent(costs[0], costs[-1], what):.2f}" for what in ("candidates", "cpu")]
        yield [family, "first to last", "", whole[0], "", whole[1], "", ""]


def table(names: list[str], lines: Iterator[list[str]] | list[list[str]]) -> str:
    """A table in Markdown."""
    rows = [names, ["---"] * len(names), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page(given: argparse.Namespace, command: str) -> str:
    """The whole page."""
    variants = {"as made": (), "compartments off": (COMPARTMENTS,)}
    recalled: list[list[str]] = []
    for family in FAMILIES:
        for variant, without in variants.items():
            recalled += recall_lines(family, variant, recalls(family, without, given))
    grown: list[list[str]] = []
    large: list[list[str]] = []
    stages: list[list[str]] = []
    for family in FAMILIES:
        measured = [cost(family, accounts, given.seed) for accounts in given.sizes]
        grown += growth_lines(family, [taken for taken, _ in measured])
        last, found = measured[-1]
        large += recall_lines(family, f"{last.accounts:,} accounts", found)
        stages += [
            [family, stage["name"], f"{stage['seconds']:.0f}", f"{stage['peak_memory_mib'] / 1024:.1f}"]
            for stage in last.stages
        ]
    machine = f"Python {platform.python_version()}, polars {pl.__version__}, numpy {np.__version__}, "
    machine += f"{len(os.sched_getaffinity(0))} core(s) of {platform.machine()},"
    machine += f" model `{shipped_model().name}` (SHA-256 {shipped_model().sha256[:12]})."
    header = [
        "family",
        "worlds",
        "controllers",
        "of them",
        "accounts",
        "reached",
        "together",
        "lowest controller",
    ]
    parts = [HEAD.format(command=command, machine=machine)]
    parts += [RECALL.format(
        reached=REACHED, together=TOGETHER, preset=given.preset, first=given.seed,
        last=given.seed + given.worlds - 1, worlds=given.worlds,
    )]  # fmt: skip
    parts += [table(header, recalled), "In the largest worlds of the growth below:", table(header, large)]
    parts += [GROWTH.format(seed=given.seed, exponent=EXPONENT)]
    names = ["family", "accounts", "candidate pairs", "exponent", "CPU s", "exponent", "stages s", "peak GiB"]
    parts += [table(names, grown), "The largest by stage:"]
    parts += [table(["family", "stage", "s", "peak GiB"], stages)]
    if given.training:
        lines = training_lines(given.training, given.seed, given.epochs)
        columns = ["", "accounts", "s", "CPU s", "peak GiB", "SHA-256", ""]
        parts += [PAGE.format(epochs=given.epochs, seed=given.seed), table(columns, lines)]
    if given.candidates:
        alone = [line for family in FAMILIES for line in looked(family, given.candidates, given.seed)]
        names = [*names[:4], "values that they share", *names[4:6], "s", names[7]]
        parts += [ALONE, table(names, alone)]
    return "\n".join(part.strip() + "\n" for part in parts)


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=5, help="worlds a family for recall")
    parser.add_argument("--preset", default="sample", help="what they are made of")
    parser.add_argument("--seed", type=int, default=3001)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument(
        "--candidates", type=int, nargs="*", default=[], help="sizes to find candidates alone of"
    )
    parser.add_argument("--training", type=int, default=0, help="accounts of the world to train on; 0: none")
    parser.add_argument("--epochs", type=int, default=40, help="most epochs of that training's network")
    given = parser.parse_args()
    sizes = " ".join(map(str, given.sizes))
    command = f"python -m benchmarks.speed --out docs/{given.out.name} --worlds {given.worlds}"
    command += f" --preset {given.preset} --seed {given.seed} --sizes {sizes}"
    command += f" --candidates {' '.join(map(str, given.candidates))}" if given.candidates else ""
    command += f" --training {given.training} --epochs {given.epochs}" if given.training else ""
    given.out.write_text(page(given, command), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Work on worlds in a pool of processes, with progress on stderr."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.quality.measures import Truth
from benchmarks.quality.product import Material, material
from benchmarks.quality.worlds import World, make
from graphattr.training.workers import side_by_side

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Prepared:
    """A world that the product has run on."""

    world: World
    material: Material
    truth: Truth


def prepare(world: World, folder: Path) -> Prepared:
    """Makes a world (or takes it from the cache in `folder`), runs the product on it and reads the run back."""
    kept = make(world, folder / "worlds")
    with run_folder(folder) as run:
        found = material(kept / "signals", run)
    return Prepared(world, found, Truth.read(kept / "truth.parquet", found.accounts))


class run_folder:  # noqa: N801 - used as a context, like tempfile's
    """A folder for a run, gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self._parent = folder / "runs"

    def __enter__(self) -> Path:
        self._parent.mkdir(parents=True, exist_ok=True)
        self._path = Path(tempfile.mkdtemp(dir=self._parent))
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)


class Workers:
    """Processes that work side by side, each with one thread.

    Args:
        count: how many; 0 works in this process.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def map(self, name: str, do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The results of `do` on all items, in their order."""
        listed: Sequence[Item] = list(items)
        begin = time.perf_counter()
        done: list[Result] = []
        for result in side_by_side(do, listed, self._count):
            done.append(result)
            seconds = time.perf_counter() - begin
            print(f"{name}: {len(done)} of {len(listed)}, {seconds:.0f} s", file=sys.stderr, flush=True)
        return done

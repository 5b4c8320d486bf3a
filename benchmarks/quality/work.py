"""Work on worlds in a pool of processes, with progress on stderr."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.quality.measures import Truth
from benchmarks.quality.product import Material, material
from benchmarks.quality.worlds import World, make

Item = TypeVar("Item")
Result = TypeVar("Result")

#: One thread a process: what runs beside it has the other cores, and sums of floats keep their order.
_THREADS: Final = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


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


#: Worlds after which a process is replaced.
EACH: Final = 25


class Workers:
    """A pool of processes, started one by one and fresh: a forked process may hang in polars' threads.

    Args:
        count: how many; 0 works in this process.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        for name in _THREADS:
            os.environ[name] = "1"

    def map(self, name: str, do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The results of `do` on all items, in their order."""
        listed: Sequence[Item] = list(items)
        begin = time.perf_counter()
        done: list[Result] = []
        for result in self._each(do, listed):
            done.append(result)
            seconds = time.perf_counter() - begin
            print(f"{name}: {len(done)} of {len(listed)}, {seconds:.0f} s", file=sys.stderr, flush=True)
        return done

    def _each(self, do: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        if self._count == 0:
            yield from map(do, items)
            return
        context = multiprocessing.get_context("spawn")
        # Processes are replaced after some worlds, so that what igraph, DuckDB and polars keep does not pile up: a new
        # pool each time, as the pool's own way (max_tasks_per_child) hangs on Python 3.11 (CPython issue 115634).
        for start in range(0, len(items), EACH * self._count):
            with ProcessPoolExecutor(self._count, mp_context=context) as pool:
                yield from pool.map(do, items[start : start + EACH * self._count])

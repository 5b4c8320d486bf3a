"""Work on simulated worlds in processes of their own, side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Pieces of work after which a process is replaced, so that what igraph, DuckDB and polars keep does not pile up.
EACH: Final = 25
_THREADS: Final = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def side_by_side(do: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """The results of `do` on all items, in their order, as they come.

    Args:
        do: a function that can be pickled where there is more than one worker.
        items: what it is done on.
        workers: processes; with 1 or less it is done in this one.
    """
    if workers <= 1:
        yield from map(do, items)
        return
    # Started afresh: a forked process may hang in polars' threads. A new pool each time, as the pool's own way of
    # replacing processes (max_tasks_per_child) hangs on Python 3.11 (CPython issue 115634).
    context = multiprocessing.get_context("spawn")
    with one_thread():
        for start in range(0, len(items), EACH * workers):
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                yield from pool.map(do, items[start : start + EACH * workers])


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes that are started meanwhile have one thread: what runs beside them has the other cores."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

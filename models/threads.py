"""Work on parts side by side: numpy and scipy let go of the interpreter in their long loops."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

#: At most so many, as each holds the figures of its part.
MOST: Final = 4


def side_by_side(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """The results of all parts, in their order; parts must not depend on each other.

    Raises:
        Exception: what the first part that fails raises.
    """
    with ThreadPoolExecutor(max_workers=min(MOST, _cores())) as pool:
        return list(pool.map(work, parts))


def _cores() -> int:
    """Cores that this process may use; not every system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Worlds to measure in: which, and where they are kept once made."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import graphattr.simulate
from graphattr.simulate import simulate
from graphattr.simulate.families import FAMILIES
from graphattr.simulate.mechanisms import MECHANISMS

#: Libraries that a world's bytes depend on.
_LIBRARIES: Final = ("numpy", "polars", "pyarrow")


@dataclass(frozen=True)
class World:
    """A world to be made: the same four values, the same bytes.

    Attributes:
        preset: its size and population.
        family: generator family.
        seed: every draw in it.
        without: a mechanism that is switched off; None for none.
    """

    preset: str
    family: str
    seed: int
    without: str | None = None

    @property
    def name(self) -> str:
        """A name for files and messages."""
        off = f"-without-{self.without}" if self.without else ""
        return f"{self.preset}-{self.family}-{self.seed}{off}"


def families() -> tuple[str, ...]:
    """The generator families there are, A first."""
    return tuple(sorted(FAMILIES))


def mechanisms(family: str) -> tuple[str, ...]:
    """Names of the mechanisms of a family that can be left out one at a time."""
    return tuple(name for name, one in MECHANISMS.items() if family in one.families)


def make(world: World, cache_folder: Path) -> Path:
    """The folder of a world (signals/, truth.parquet), made unless the cache has it.

    The cache is keyed by the simulator's own source and the versions of what it is built on.

    Raises:
        SettingsError: no such preset, family or mechanism.
    """
    kept = cache_folder / _simulator() / world.name
    if (kept / "truth.parquet").is_file():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=kept.parent))
    try:
        without = (world.without,) if world.without else ()
        simulate(draft, world.preset, world.seed, family=world.family, without=without)
        try:
            draft.rename(kept)
        except OSError:  # another process was first
            if not (kept / "truth.parquet").is_file():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return kept


@cache
def _simulator() -> str:
    """Digest of what makes the worlds."""
    root = Path(os.fspath(inspect.getfile(graphattr.simulate))).parent
    digest = hashlib.sha256(" ".join(f"{name}={version(name)}" for name in _LIBRARIES).encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]

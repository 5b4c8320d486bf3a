"""Work done aside and published whole: a killed run resumes, and a run folder never looks finished before it is.

Stages write into RUN/.work. Each finished stage leaves a marker that holds the fingerprint of everything that went
in; the same command started again skips the stages whose markers match. Publishing moves the results into RUN and
run.json last; it can be repeated from any point.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from graphattr.errors import RunError

WORK: Final = ".work"
RUN_JSON: Final = "run.json"
_PUBLISHING: Final = "publishing"


class Staging:
    """A run folder in the making.

    Args:
        root: the run folder.
        fingerprint: digest of the signals, settings, model, store and versions.

    Raises:
        RunError: the folder holds something else, or another process is at work in it.
    """

    def __init__(self, root: Path, fingerprint: str) -> None:
        self.root, self.work, self._fingerprint = root, root / WORK, fingerprint
        foreign = root.exists() and (not root.is_dir() or (any(root.iterdir()) and not self._ours()))
        if foreign:
            raise RunError(
                f"{root} is not a run folder and not empty", "a new or empty folder, or a run to redo"
            )
        self._made = not root.exists()
        self.work.mkdir(parents=True, exist_ok=True)
        self._lock = (self.work / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(
                f"another process is at work in {root}", hint="wait for it, or name another folder"
            ) from error
        if not (self.work / _PUBLISHING).exists() and self._read("begun") != {"fingerprint": fingerprint}:
            self.clear()
            self._write("begun", {"fingerprint": fingerprint})

    def _ours(self) -> bool:
        return (self.root / RUN_JSON).exists() or self.work.is_dir()

    @property
    def publishing(self) -> bool:
        """An earlier attempt was killed while it moved its finished results into place."""
        return (self.work / _PUBLISHING).exists()

    def same(self) -> bool:
        """Whether what is being published was made from the same signals, settings, model and versions."""
        return self._read(_PUBLISHING) == {"fingerprint": self._fingerprint}

    def stage(self, name: str, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Does a stage unless its marker stands, and returns what it noted: JSON, with seconds and peak memory."""
        noted = self._read(name)
        if noted is None:
            _reset_peak()
            begin = time.perf_counter()
            facts = do()
            seconds = round(time.perf_counter() - begin, 3)
            noted = {"name": name, "seconds": seconds, "peak_memory_mib": _peak_mib(), "facts": facts}
            self._write(name, noted)
        return noted

    def publish(self, document: dict[str, Any] | None = None) -> None:
        """Moves the results into the run folder, run.json last. Without a document: goes on where it was killed."""
        if document is not None:
            (self.work / RUN_JSON).write_text(
                json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8"
            )
            self._write(_PUBLISHING, {"fingerprint": self._fingerprint})
        if (self.work / RUN_JSON).exists():
            (self.root / RUN_JSON).unlink(missing_ok=True)
            for made in sorted(self.work.joinpath("out").iterdir()):
                _remove(self.root / made.name)
                made.rename(self.root / made.name)
            self._drop_stale()
            (self.work / RUN_JSON).rename(self.root / RUN_JSON)
        self.close()
        shutil.rmtree(self.work)

    def _drop_stale(self) -> None:
        """What an earlier run left and this one did not make (a quarantine that is no longer needed)."""
        kept = set(json.loads((self.work / RUN_JSON).read_text(encoding="utf-8"))["contents"])
        for entry in self.root.iterdir():
            if entry.name not in {*kept, WORK, RUN_JSON}:
                _remove(entry)

    def clear(self) -> None:
        """Throws away what was done."""
        for entry in self.work.iterdir():
            if entry.name != "lock":
                _remove(entry)
        (self.work / "out").mkdir()

    def abandon(self) -> None:
        """Leaves no trace of a run that failed before it made anything; a finished run stays as it was."""
        self.close()
        shutil.rmtree(self.work, ignore_errors=True)
        if self._made and self.root.exists() and not any(self.root.iterdir()):
            self.root.rmdir()

    def close(self) -> None:
        """Lets another process in."""
        self._lock.close()

    @property
    def out(self) -> Path:
        """Where stages write what will be published."""
        return self.work / "out"

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads((self.work / f"{name}").read_text(encoding="utf-8")))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def _write(self, name: str, content: dict[str, Any]) -> None:
        new = self.work / f"{name}.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        new.rename(self.work / name)


@contextmanager
def staging(root: Path, fingerprint: str) -> Iterator[Staging]:
    """A staging area that is let go of at the end, whatever happens; what was done stays for the next attempt."""
    area = Staging(root, fingerprint)
    try:
        yield area
    finally:
        area.close()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _reset_peak() -> None:
    """Starts the kernel's peak-memory count anew, where it can (Linux); else the peak is the process's so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mib() -> int:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

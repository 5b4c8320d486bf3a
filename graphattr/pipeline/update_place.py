"""An updated run takes the place of the old one in one step, so that whoever looks finds one of them whole.

The update is made in a hidden folder beside the run. Two folders are exchanged by one system call (renameat2 with
RENAME_EXCHANGE on Linux, renamex_np with RENAME_SWAP on macOS). Where a file system cannot, the old run is moved aside
and the new one moved in; a kill between these two moves is mended by the next update of the run.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from graphattr.errors import RunError
from graphattr.pipeline.staging import RUN_JSON, WORK

COMMIT: Final = "commit.json"
_OLD: Final = "old"
_AT_CWD: Final = -100
_EXCHANGE: Final = 2
#: What a system or file system without an exchange answers.
_CANNOT: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)


def aside(run: Path) -> Path:
    """Where an update of the run is made: on the same file system, so beside it."""
    return run.parent / f".{run.name}.update"


def commit(run: Path, made: Path, note: dict[str, Any]) -> None:
    """Puts the finished folder `made`, which lies in `aside(run)`, in the place of the run.

    Args:
        run: the run folder.
        made: the updated one, with its run.json.
        note: kept for `recover`: `run_json`, the SHA-256 of the new run.json; `kept`, names that the old run made
            itself; and what the caller wants to read again.

    Raises:
        RunError: the folder cannot be moved.
    """
    new = aside(run) / f"{COMMIT}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(note, file)
        file.flush()
        os.fsync(file.fileno())
    new.rename(aside(run) / COMMIT)
    _finish(run, made, note)


def recover(run: Path, digest: Any) -> dict[str, Any] | None:
    """Ends what a killed update had begun to put in place; its note, or None if there was none.

    Args:
        run: the run folder, which may be missing.
        digest: SHA-256 of a file.

    Raises:
        RunError: another process is at it.
    """
    place = aside(run)
    if not (place / COMMIT).exists():
        return None
    with _alone(place, run):
        note = dict(json.loads((place / COMMIT).read_text(encoding="utf-8")))
        made = place / WORK / "out"
        if (made / RUN_JSON).exists() and digest(made / RUN_JSON) == note["run_json"]:
            _finish(run, made, note)
        else:
            _tidy(run, made, note)
    return note


def _finish(run: Path, made: Path, note: dict[str, Any]) -> None:
    try:
        if not run.exists():
            made.rename(run)
        elif not _exchange(made, run):
            old = aside(run) / _OLD
            run.rename(old)
            made.rename(run)
            old.rename(made)
    except OSError as error:
        raise RunError(
            f"cannot put the updated run in the place of {run}: {error.strerror}",
            "a run folder that can be renamed",
            "a mount point cannot: keep the run in a folder below it",
        ) from error
    _tidy(run, made, note)


def _tidy(run: Path, old: Path, note: dict[str, Any]) -> None:
    """Brings back what a user had put into the run's folder, and throws the old run away."""
    for folder in (old, aside(run) / _OLD):
        for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
            if entry.name not in {*note["kept"], RUN_JSON, WORK} and not (run / entry.name).exists():
                entry.rename(run / entry.name)
    shutil.rmtree(aside(run), ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Exchanges two folders in one step; False if this system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    ends = os.fsencode(a), os.fsencode(b)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(*ends, _EXCHANGE)
        else:
            failed = library.renameat2(_AT_CWD, ends[0], _AT_CWD, ends[1], _EXCHANGE)
    except AttributeError:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(b))


@contextmanager
def _alone(place: Path, run: Path) -> Iterator[None]:
    lock = place / WORK / "lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(f"another process is at work on {run}", hint="wait for it") from error
        yield

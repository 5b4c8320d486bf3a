"""Killed at any moment, started again: the same files, and never a folder that looks whole and is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphattr.errors import RunError
from graphattr.pipeline.staging import Staging, staging
from graphattr.records import TABLES

#: Steps of a run (as it reports them) at which it is killed.
MOMENTS = (
    "load signals: accounts",
    "load signals: usage",
    "fold signals into holdings",
    "find candidate pairs",
    "score and group, pass 2 of 3",
    "write links and evidence",
    "fill the store",
    "hash and publish",
)

KILLER = """
import os, signal, sys
from pathlib import Path
from graphattr.pipeline import Plan, run
from graphattr.settings import Secrets

def step(name, done):
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

run(Plan(sys.argv[1], Path(sys.argv[2])), Secrets(), step)
"""


def start(world: Path, out: Path, moment: str) -> int:
    arguments = [sys.executable, "-c", KILLER, str(world / "signals"), str(out), moment]
    return subprocess.run(arguments, check=False, capture_output=True).returncode


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_started_again(world: Path, finished: Path, tmp_path: Path, moment: str) -> None:
    out = tmp_path / "run"
    assert start(world, out, moment) == -signal.SIGKILL
    assert not (out / "run.json").exists()
    assert start(world, out, "never") == 0
    for name in TABLES:
        assert (out / f"{name}.parquet").read_bytes() == (finished / f"{name}.parquet").read_bytes(), name
    assert (out / "run.json").is_file()
    assert {path.name for path in out.iterdir()} == {path.name for path in finished.iterdir()}


def killed_at_a_move(world: Path, out: Path, which: str, number: int = 1) -> None:
    """Starts a run that is killed before the `number`th move of a path for which the condition (on `self`) holds."""
    code = KILLER.replace(
        "run(Plan",
        "import pathlib\n"
        "real, moved = pathlib.Path.rename, []\n"
        "def rename(self, target):\n"
        f"    if {which}:\n"
        "        moved.append(self)\n"
        f"        if len(moved) == {number}:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(self, target)\n"
        "pathlib.Path.rename = rename\n"
        "run(Plan",
    )
    arguments = [sys.executable, "-c", code, str(world / "signals"), str(out), "never"]
    assert subprocess.run(arguments, check=False, capture_output=True).returncode == -signal.SIGKILL


def test_a_load_that_was_killed_half_published_is_done_again(
    world: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    killed_at_a_move(world, out, "self.name == 'load_report.json'")
    assert (out / ".work" / "out" / "signals").exists()
    assert start(world, out, "never") == 0
    assert (out / "links.parquet").read_bytes() == (finished / "links.parquet").read_bytes()


def test_killed_while_it_publishes(world: Path, finished: Path, tmp_path: Path) -> None:
    """Publishing moves one result after another; a kill between two moves is the worst moment of all."""
    out = tmp_path / "run"
    killed_at_a_move(world, out, "self.parent.name == 'out'", number=4)
    assert not (out / "run.json").exists()
    assert start(world, out, "never") == 0
    for name in TABLES:
        assert (out / f"{name}.parquet").read_bytes() == (finished / f"{name}.parquet").read_bytes(), name


def test_other_settings_do_not_resume(tmp_path: Path) -> None:
    calls = []
    for fingerprint in ("one", "one", "two"):
        with staging(tmp_path / "run", fingerprint) as area:
            area.stage("load", lambda: calls.append(1) or {})
    assert len(calls) == 2


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with staging(tmp_path / "run", "one"), pytest.raises(RunError, match="another process"):
        Staging(tmp_path / "run", "one")


def test_a_full_disk_leaves_no_finished_run(world: Path, tmp_path: Path) -> None:
    """A file size limit stands in for a full disk: a write fails half way."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from pathlib import Path\n"
        "from graphattr.pipeline import Plan, run\n"
        "from graphattr.settings import Secrets\n"
        "run(Plan(sys.argv[1], Path(sys.argv[2])), Secrets())\n"
    )
    out = tmp_path / "run"
    arguments = [sys.executable, "-c", code, str(world / "signals"), str(out)]
    assert subprocess.run(arguments, check=False, capture_output=True).returncode != 0
    assert not (out / "run.json").exists()
    assert start(world, out, "never") == 0
    assert (out / "run.json").is_file()


def test_a_kill_at_a_random_moment(world: Path, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = [sys.executable, "-c", KILLER, str(world / "signals"), str(out), "never"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while (
        not (out / ".work" / "holdings").exists() and process.poll() is None and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert start(world, out, "never") == 0
    assert (out / "links.parquet").read_bytes() == (finished / "links.parquet").read_bytes()

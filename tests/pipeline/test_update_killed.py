"""Killed at any moment an update leaves the old run whole or the new one, and the same command ends it."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graphattr.pipeline.update import UpdatePlan, update
from graphattr.pipeline.update_place import aside
from graphattr.settings import Secrets
from graphattr.store.open import open_run

from .halves import cut

MOMENTS = (
    "load signals: usage",
    "fold signals into holdings",
    "name rings",
    "weigh hypotheses",
    "hash and publish",
)

KILLER = """
import os, signal, sys
from pathlib import Path
from graphattr.pipeline import update_place, update_rings
from graphattr.pipeline.update import UpdatePlan, update
from graphattr.settings import Secrets

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def step(name, done):
    if name == sys.argv[3]:
        die()

{fault}
update(UpdatePlan(Path(sys.argv[1]), sys.argv[2]), Secrets(), step)
"""

#: Faults around the one step in which the run is replaced, and what the run is then: the old or the new one.
FAULTS = {
    "before the exchange": ("update_place._finish = die", "old"),
    "after the exchange": ("update_place._tidy = die", "new"),
    "while the old one is removed": (
        "import shutil\nreal = shutil.rmtree\n"
        "def half(path, **_):\n"
        "    if str(path).endswith('.update'):\n"
        "        real(path / '.work' / 'out' / 'graph')\n"
        "        die()\n"
        "    return real(path, **_)\n"
        "shutil.rmtree = half",
        "new",
    ),
    "while rings are named": (
        "real = update_rings.continuity\ndef late(*a):\n    real(*a)\n    die()\nupdate_rings.continuity = late",
        "old",
    ),
}
NO_EXCHANGE = "update_place._exchange = lambda a, b: False\n"
#: Where folders cannot be exchanged: killed between the two moves the run is missing until the next update.
SECOND_MOVE = (
    "import pathlib\nreal = pathlib.Path.rename\n"
    "def rename(self, target):\n"
    "    if self.name == 'out':\n"
    "        die()\n"
    "    return real(self, target)\n"
    "pathlib.Path.rename = rename"
)


def start(out: Path, new: Path, moment: str = "never", fault: str = "") -> int:
    code = KILLER.replace("{fault}", fault)
    arguments = [sys.executable, "-c", code, str(out), str(new), moment]
    return subprocess.run(arguments, check=False, capture_output=True).returncode


def state(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def whole(out: Path) -> bool:
    """Every file is the one that run.json names, and the graph opens."""
    document = json.loads((out / "run.json").read_text())
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in document["outputs"]}
    store = open_run(out / "graph", Secrets())
    store.view().close()
    store.close()
    return bool(sums == document["outputs"])


@pytest.fixture(scope="module")
def later(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Part of the signals, all of which the run knows."""
    _, new = cut(world / "signals", tmp_path_factory.mktemp("cut"), 0.8)
    return new


@pytest.fixture(scope="module")
def updated(finished: Path, later: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An update that nothing disturbed."""
    out = tmp_path_factory.mktemp("updated") / "run"
    shutil.copytree(finished, out)
    update(UpdatePlan(out, str(later)), Secrets())
    return out


def same(out: Path, updated: Path) -> bool:
    names = {str(path.relative_to(updated)) for path in updated.rglob("*.parquet")}
    found = {str(path.relative_to(out)) for path in out.rglob("*.parquet")}
    return names == found and all(
        (out / name).read_bytes() == (updated / name).read_bytes() for name in names
    )


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be updated."""
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    return copy


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_it_works(later: Path, updated: Path, out: Path, moment: str) -> None:
    before = state(out)
    assert start(out, later, moment) == -signal.SIGKILL
    assert state(out) == before
    assert start(out, later) == 0
    assert same(out, updated)
    assert whole(out)
    assert not aside(out).exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_around_the_exchange(
    finished: Path, later: Path, updated: Path, out: Path, fault: str
) -> None:
    code, expected = FAULTS[fault]
    assert start(out, later, fault=code) == -signal.SIGKILL
    assert whole(out)
    assert same(out, updated if expected == "new" else finished)
    assert start(out, later) == 0
    assert same(out, updated)
    assert len(json.loads((out / "run.json").read_text())["updates"]) == 1  # ended, not done twice
    assert not aside(out).exists()


def test_killed_between_two_moves_where_folders_cannot_be_exchanged(
    later: Path, updated: Path, out: Path
) -> None:
    assert start(out, later, fault=NO_EXCHANGE + SECOND_MOVE) == -signal.SIGKILL
    assert not out.exists()
    assert start(out, later, fault=NO_EXCHANGE) == 0
    assert same(out, updated)
    assert whole(out)
    assert not aside(out).exists()


def test_what_a_killed_update_left_is_ended_before_another_one(world: Path, later: Path, out: Path) -> None:
    assert start(out, later, fault=FAULTS["before the exchange"][0]) == -signal.SIGKILL
    document = update(UpdatePlan(out, str(world / "signals")), Secrets())
    assert [entry["number"] for entry in document["updates"]] == [1, 2]
    assert whole(out)

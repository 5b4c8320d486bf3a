"""What `graphattr train --gnn` takes, and whether one that was killed ends with the same bytes; for docs/speed.md."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scaled import alone, scaled, write_world
from graphattr.simulate.presets import preset

PAGE = """## Training

`graphattr train WORLD/signals --gnn --epochs {epochs} --out MODEL` on a world of the mix of `world100k`, family A, seed
{seed}, in a process of its own: evidence curves and graph network (target for 100,000 accounts: ten minutes and 8 GiB
on two cores). *Killed*: the same, ended with SIGKILL once the network's first epoch is kept, and started again;
seconds of both together.
"""


@dataclass(frozen=True)
class Taught:
    """What a training took, and what came of it.

    Attributes:
        cpu, wall: seconds, of all starts together.
        peak: largest resident memory, MiB.
        sha256: of the model folder's model and network.
    """

    cpu: float
    wall: float
    peak: int
    sha256: str


def taught(accounts: int, seed: int, epochs: int, *, killed: bool) -> Taught:
    """Trains on a world of family A of that size, in a process of its own."""
    chosen = scaled(preset("world100k"), accounts)
    with tempfile.TemporaryDirectory() as folder:
        world, model = Path(folder) / "world", Path(folder) / "model"
        alone(write_world, world, chosen, seed)
        command = [sys.executable, "-m", "graphattr", "train", str(world / "signals"), "--gnn"]
        command += ["--epochs", str(epochs), "--out", str(model), "--name", "speed"]
        kept = model.with_name("model.training")
        spells: list[tuple[float, float, int]] = []
        if killed:
            spells.append(spent(command, lambda: any(kept.glob("network-*.pt"))))
        spells.append(spent(command, lambda: False))
        digest = hashlib.sha256()
        for path in sorted(model.glob("*.json")) + sorted(model.glob("*.npz")):
            digest.update(path.read_bytes())
    cpu, wall, peak = (list(part) for part in zip(*spells, strict=True))
    found = Taught(sum(cpu), sum(wall), max(peak), digest.hexdigest())
    print("training", accounts, "killed" if killed else "", found, file=sys.stderr, flush=True)
    return found


def spent(command: list[str], enough: Callable[[], bool]) -> tuple[float, float, int]:
    """CPU seconds, seconds and peak MiB of a command, which is killed once it has done `enough`."""
    begun, ended = time.perf_counter(), False
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while True:
            gone, status, used = os.wait4(process.pid, os.WNOHANG)
            if gone:
                break
            if not ended and enough():
                process.kill()
                ended = True
            time.sleep(0.2)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != (-signal.SIGKILL if ended else 0):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss // 1024


def training_lines(accounts: int, seed: int, epochs: int) -> list[list[str]]:
    """Lines of the table of training."""
    found = {
        name: taught(accounts, seed, epochs, killed=name == "killed") for name in ("as it comes", "killed")
    }
    same = len({one.sha256 for one in found.values()}) == 1
    verdict = "the same model and network, byte by byte" if same else "NOT the same"
    return [
        [
            name,
            f"{accounts:,}",
            f"{one.wall:.0f}",
            f"{one.cpu:.0f}",
            f"{one.peak / 1024:.1f}",
            one.sha256[:12],
            said,
        ]
        for (name, one), said in zip(found.items(), ("", verdict), strict=True)
    ]

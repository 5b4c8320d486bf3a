"""The worlds of a training, each read as a run reads it, and pairs drawn from it; once, into files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from graphattr.errors import InputError
from graphattr.links.samples import sample
from graphattr.pipeline.grouping import Step
from graphattr.training.drawn import Drawn, read_drawn, write_drawn
from graphattr.training.network import write_world
from graphattr.training.plan import Training
from graphattr.training.workers import side_by_side
from graphattr.training.worlds import VIEWS, Seen, World, read_labels, read_truth, see, variants

#: Number of a world, and of the way it is seen (`variants`).
Key = tuple[int, int]


def looked_at(plan: Training, work: Path, keys: list[Key], step: Step) -> dict[Key, list[Drawn]]:
    """The samples of all worlds, drawn where no earlier training drew them.

    Args:
        plan: the training.
        work: folder for the files.
        keys: which worlds, and how each is seen.
        step: told what is being done and the share done so far, in [0, 1].
    """
    drawn: dict[Key, list[Drawn]] = {}
    looked = side_by_side(partial(_look, plan, work), keys, plan.workers)
    for place, key in enumerate(keys):
        step(_looking(plan, key), place / max(len(keys), 1))
        found = read_drawn(next(looked))
        if key[0] >= len(plan.signals):
            # The network reads the graph. Features are for curves, and gigabytes over hundreds of worlds.
            found = replace(found, sample=replace(found.sample, features={}))
        drawn[key] = [found]
    return drawn


def _looking(plan: Training, key: Key) -> str:
    """What is being done, in words."""
    world, _ = _world(plan, key)
    gone = [*world.without, *world.blank]
    without = f" without {', '.join(gone)}" if gone else ""
    beside = f", {plan.workers} side by side" if plan.workers > 1 else ""
    return f"look at {world.signals}{without}{beside}"


def _world(plan: Training, key: Key) -> tuple[World, Path | None]:
    """The world as it is seen, and its truth."""
    number, view = key
    signals, truth = plan.folders[number]
    return variants(signals, number)[view], truth


def _look(plan: Training, work: Path, key: Key) -> Path:
    """Draws the sample of a world into its file, with its graph where a network is to be trained."""
    path, graph = _sample_file(plan, work, key), graph_file(plan, work, key)
    if not path.exists() or (plan.network and not graph.exists()):
        seen, drawn = _draw(plan, *_world(plan, key), seed_of(key))
        if plan.network:
            write_world(graph, seen, drawn.sample)
        write_drawn(drawn, path)
    return path


def _sample_file(plan: Training, work: Path, key: Key) -> Path:
    return work / f"{_fingerprint(plan, *_world(plan, key), seed_of(key))}.npz"


def seed_of(key: Key) -> int:
    """Seed of a sample's draw."""
    number, view = key
    return number * VIEWS + view


def graph_file(plan: Training, work: Path, key: Key) -> Path:
    """File of a world's graph (`network.write_world`)."""
    return _sample_file(plan, work, key).with_suffix(".graph.npz")


def _draw(plan: Training, world: World, truth: Path | None, seed: int) -> tuple[Seen, Drawn]:
    seen = see(world, plan.base, plan.settings, truth)
    accounts = seen.index.accounts
    if truth is not None:
        known = read_truth(truth, accounts)
    elif seen.labels is not None:
        known = read_labels(seen.labels, accounts)
    else:
        raise InputError(
            f"{world.signals} has no labels", "a table of labels, or a truth file", "name it with --truth"
        )
    pairs = sample(seen.index, seen.found, seen.profiles, seen.entities, known.controller, plan.base, seed)
    return seen, Drawn(pairs, known.stratum)


def _fingerprint(plan: Training, world: World, truth: Path | None, seed: int) -> str:
    """Digest of all that a sample depends on, as far as a training that goes on can tell."""
    try:
        files = [*sorted(world.signals.iterdir()), *([] if truth is None else [truth])]
        stated = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    except OSError as error:
        raise InputError(
            f"cannot look at {error.filename}: {error.strerror}", "signal folders, and a truth for each"
        ) from error
    parts = [
        str(world.signals),
        world.without,
        world.blank,
        world.most,
        world.draw,
        str(truth),
        seed,
        stated,
        plan.base.sha256,
        plan.settings.model_dump(mode="json"),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]

"""`graphattr train`: from signal folders with a truth to a model folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from graphattr.errors import InputError, SettingsError
from graphattr.links.samples import sample
from graphattr.pipeline.grouping import Step
from graphattr.settings import Settings
from graphattr.training.card import card
from graphattr.training.drawn import Drawn, read_drawn, write_drawn
from graphattr.training.fitting import fit
from graphattr.training.folds import by_controller
from graphattr.training.limits import reliability
from graphattr.training.measure import figures
from graphattr.training.network import (
    UNSEEN_EPOCHS,
    NetworkOptions,
    Unseen,
    apart,
    by_strangers,
    left_out,
    require,
    taught,
    train_network,
    with_network,
    write_world,
)
from graphattr.training.workers import side_by_side
from graphattr.training.worlds import VIEWS, Seen, World, read_labels, read_truth, see, variants
from models import AdditiveModel
from models.gnn import Weights, write_weights
from models.linkage import CURVE, NETWORK_FILE

#: Of so many worlds one is kept for measuring; with fewer in all, some controllers of every world are.
EVERY: Final = 5
#: Shares of the progress until the curves are fitted.
_LOOKING: Final = 0.4
_NETWORK: Final = 0.3


@dataclass(frozen=True)
class Training:
    """What to train on.

    Attributes:
        signals: signal folders.
        truths: the truth of each, or None where its labels are to be used.
        out: model folder to write.
        base: model whose parameters measure shared values, and which resolves entities.
        name: of the model.
        settings: settings of the runs that the worlds are read with.
        whole: look at each world only with all its tables, not without some of them too.
        network: how to train a graph network too; None for none.
        workers: worlds that are looked at side by side.
    """

    signals: tuple[Path, ...]
    truths: tuple[Path | None, ...]
    out: Path
    base: AdditiveModel
    name: str
    settings: Settings = field(default_factory=Settings)
    whole: bool = False
    network: NetworkOptions | None = None
    workers: int = 1


def train(plan: Training, step: Step = lambda _name, _done: None) -> dict[str, Any]:
    """Fits a model and writes it to `out`: model.json, card.json, CARD.md, and gnn.npz where a network is trained.

    A training that was killed goes on where it was.

    Args:
        plan: what to train on.
        step: told what is being done and the share done so far, in [0, 1].

    Returns:
        What card.json holds.

    Raises:
        InputError: signals or truth that cannot be read, or no PyTorch to train a network with.
        SettingsError: no signals, a folder that holds something else already, or a device that is not there.
    """
    if not plan.signals or len(plan.signals) != len(plan.truths):
        raise SettingsError(
            f"{len(plan.signals)} signal folders and {len(plan.truths)} truths", "as many of both"
        )
    if plan.out.exists():
        raise SettingsError(f"{plan.out} exists already", "a new folder", "name another, or remove it")
    kept, held = _split(plan)
    seen = _taught(plan, kept)
    work = plan.out.with_name(plan.out.name + ".training")
    work.mkdir(parents=True, exist_ok=True)
    drawn = _looked_at(plan, work, [*kept, *held], step)
    network: Weights | None = None
    unseen: Unseen = ()
    if plan.network is not None:
        network, unseen = _network(plan, plan.network, work, drawn, kept, seen, step)
    training = [world for key in kept for world in drawn[key]]
    testing = [world for key in held for world in drawn[key]]
    if not testing:
        training, testing = by_controller(training)
    step("fit the curves", 0.7)
    note = (
        f"Fitted on {len(training)} samples of {len(plan.signals)} labelled worlds; see the card beside it."
    )

    def told(number: int, loss: float) -> None:
        step(f"fit the curves, iteration {number}, loss {loss:.4f}", 0.7 + 0.2 * min(number / 300, 1))

    model = fit([world.sample for world in training], plan.base, plan.name, note, progress=told)
    if not model.curves:
        same = sum(int(world.sample.same.sum()) for world in training)
        raise InputError(
            f"{same} pairs of one controller in all samples, too few to fit a curve",
            "signals with more accounts whose controller is known",
        )
    if CURVE not in model.curves:
        network = None  # too few pairs of one controller to say what it is worth
    step("measure", 0.92)
    sure = reliability(model, testing)
    model = model.model_copy(update={"limits": sure.limits})
    facts = _facts(plan, model, network, unseen, training, testing) | {"within_limits": sure.within}
    _write(work / "model", model, network, facts).replace(plan.out)
    shutil.rmtree(work)
    step("done", 1.0)
    return facts


def _write(draft: Path, model: AdditiveModel, network: Weights | None, facts: dict[str, Any]) -> Path:
    """Writes a model folder anew."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    (draft / "model.json").write_text(
        json.dumps(model.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8"
    )
    (draft / "card.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    (draft / "CARD.md").write_text(card(facts), encoding="utf-8")
    if network is not None:
        write_weights(draft / NETWORK_FILE, network)
    return draft


_Key = tuple[int, int]


def _split(plan: Training) -> tuple[list[_Key], list[_Key]]:
    """World and variant of what is fitted on, and of what is measured on: whole worlds, all tables."""
    numbers = range(len(plan.signals))
    held = [number for number in numbers if number % EVERY == EVERY - 1]
    views = 1 if plan.whole else VIEWS
    kept = [(number, view) for number in numbers if number not in held for view in range(views)]
    return kept, [(number, view) for number in held for view in range(views)]


def _taught(plan: Training, kept: list[_Key]) -> frozenset[int]:
    """The worlds that a network is trained on; none where none is to be. Fails before any work is done."""
    if plan.network is None:
        return frozenset()
    require(plan.network)
    return frozenset(taught(sorted({number for number, _ in kept})))


def _network(
    plan: Training,
    options: NetworkOptions,
    work: Path,
    drawn: dict[_Key, list[Drawn]],
    kept: list[_Key],
    seen: frozenset[int],
    step: Step,
) -> tuple[Weights, Unseen]:
    """Trains the network on the worlds of `seen`, and adds what it says of the other worlds' pairs to `drawn`.

    Of worlds that curves are fitted on (`kept`), networks that never saw a pair's kind of operator say it, where there
    are such. It sees these worlds with all their tables: a step of its training leaves some out by itself. Where it
    has all worlds, it is trained on some of their controllers, and says something of pairs of the others.

    Returns:
        The network, and the kinds that each of the others never saw.
    """
    alone = all(number in seen for number, _ in drawn)
    worlds = [(_graph_file(plan, work, (number, 0)), drawn[number, 0][0]) for number in sorted(seen)]
    unseen = left_out([world for _, world in worlds])
    fewer = replace(options, epochs=min(options.epochs, UNSEEN_EPOCHS))
    epochs = options.epochs + fewer.epochs * len(unseen)

    def tell(before: int, of: int) -> Callable[[str, float], None]:
        return lambda name, done: step(name, _LOOKING + _NETWORK * (before + of * done) / epochs)

    network = train_network(worlds, options, work, tell(0, options.epochs), apart=alone)
    strangers = []
    for place, kinds in enumerate(unseen):
        before = options.epochs + place * fewer.epochs
        strangers.append(
            (kinds, train_network(worlds, fewer, work, tell(before, fewer.epochs), without=kinds))
        )
    for key in [key for key in drawn if alone or key[0] not in seen]:
        (world,) = drawn[key]
        graph = _graph_file(plan, work, key)
        if strangers and key in kept:
            parts = [by_strangers(world, graph, strangers, _seed(key))]
        else:
            told = with_network(world.sample, graph, network)
            parts = apart(world.sample, told) if alone else [told]
        drawn[key] = [Drawn(pairs, world.stratum) for pairs in parts]
    return network, unseen


def _looked_at(plan: Training, work: Path, keys: list[_Key], step: Step) -> dict[_Key, list[Drawn]]:
    """The samples of all worlds, drawn where no earlier training drew them."""
    drawn: dict[_Key, list[Drawn]] = {}
    looking = _LOOKING if plan.network else _LOOKING + _NETWORK
    looked = side_by_side(partial(_look, plan, work), keys, plan.workers)
    for place, key in enumerate(keys):
        step(_looking(plan, key, plan.workers), looking * place / max(len(keys), 1))
        drawn[key] = [read_drawn(next(looked))]
    return drawn


def _looking(plan: Training, key: _Key, workers: int) -> str:
    """What is being done, in words."""
    number, view = key
    world = variants(plan.signals[number], number)[view]
    gone = [*world.without, *world.blank]
    without = f" without {', '.join(gone)}" if gone else ""
    beside = f", {workers} side by side" if workers > 1 else ""
    return f"look at {plan.signals[number]}{without}{beside}"


def _look(plan: Training, work: Path, key: _Key) -> Path:
    """Draws the sample of a world into its file, with its graph where a network is to be trained."""
    path, graph = _sample_file(plan, work, key), _graph_file(plan, work, key)
    if not path.exists() or (plan.network and not graph.exists()):
        number, view = key
        signals, truth = plan.signals[number], plan.truths[number]
        seen, drawn = _draw(plan, variants(signals, number)[view], truth, _seed(key))
        if plan.network:
            write_world(graph, seen, drawn.sample)
        write_drawn(drawn, path)
    return path


def _sample_file(plan: Training, work: Path, key: _Key) -> Path:
    number, view = key
    world = variants(plan.signals[number], number)[view]
    return work / f"{_fingerprint(plan, world, plan.truths[number], _seed(key))}.npz"


def _seed(key: _Key) -> int:
    """Seed of a sample's draw."""
    number, view = key
    return number * VIEWS + view


def _graph_file(plan: Training, work: Path, key: _Key) -> Path:
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


def _facts(
    plan: Training,
    model: AdditiveModel,
    network: Weights | None,
    unseen: Unseen,
    training: list[Drawn],
    testing: list[Drawn],
) -> dict[str, Any]:
    facts = {
        "name": model.name,
        "sha256": model.sha256,
        "note": model.note,
        "base": {"name": plan.base.name, "sha256": plan.base.sha256},
        "worlds": len(plan.signals),
        "fitted_on": {
            "samples": len(training),
            "pairs": sum(len(world.sample.same) for world in training),
            "same_controller": sum(int(world.sample.same.sum()) for world in training),
        },
        "measured_on": {"samples": len(testing), "pairs": sum(len(world.sample.same) for world in testing)},
        "figures": figures(model, testing),
        "figures_of_base": figures(_without_network(plan.base), testing),
        "curves": {
            key: {"pairs": curve.pairs, "least": curve.values[0], "most": curve.values[-1]}
            for key, curve in sorted(model.curves.items())
        },
    }
    if network is not None:
        facts["network"] = {"sha256": network.sha256, "note": network.note, "unseen": list(map(list, unseen))}
        facts["figures_without_network"] = figures(_without_network(model), testing)
    return facts


def _without_network(model: AdditiveModel) -> AdditiveModel:
    return model.restricted(model.curves.keys() - {CURVE})

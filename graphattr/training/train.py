"""`graphattr train`: from signal folders with a truth to a model folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from graphattr.errors import InputError, SettingsError
from graphattr.pipeline.grouping import Step
from graphattr.training.card import card
from graphattr.training.drawn import Drawn
from graphattr.training.fitting import fit
from graphattr.training.folds import by_controller
from graphattr.training.limits import reliability
from graphattr.training.looking import Key, graph_file, looked_at, seed_of
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
)
from graphattr.training.plan import Training
from graphattr.training.worlds import VIEWS
from models import AdditiveModel
from models.gnn import Weights, write_weights
from models.linkage import CURVE, NETWORK_FILE

#: Of so many worlds one is kept for measuring; with fewer in all, some controllers of every world are.
EVERY: Final = 5
#: Shares of the progress until the curves are fitted.
_LOOKING: Final = 0.4
_NETWORK: Final = 0.3


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
        SettingsError: no signals, a folder that holds something else already, a device that is not there, or worlds
            for a network where none is trained.
    """
    if not plan.signals or len(plan.signals) != len(plan.truths):
        raise SettingsError(
            f"{len(plan.signals)} signal folders and {len(plan.truths)} truths", "as many of both"
        )
    if plan.beside and plan.network is None:
        raise SettingsError(
            f"{len(plan.beside)} signal folders for a graph network, and none is trained", "both, or neither"
        )
    if plan.out.exists():
        raise SettingsError(f"{plan.out} exists already", "a new folder", "name another, or remove it")
    kept, held = _split(plan)
    seen = _taught(plan, kept)
    work = plan.out.with_name(plan.out.name + ".training")
    work.mkdir(parents=True, exist_ok=True)
    beside = [(number, 0) for number in range(len(plan.signals), len(plan.folders))]
    looking = _LOOKING if plan.network else _LOOKING + _NETWORK
    drawn = looked_at(plan, work, [*kept, *held, *beside], lambda name, done: step(name, looking * done))
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


def _split(plan: Training) -> tuple[list[Key], list[Key]]:
    """World and variant of what is fitted on, and of what is measured on: whole worlds, all tables."""
    numbers = range(len(plan.signals))
    held = [number for number in numbers if number % EVERY == EVERY - 1]
    views = 1 if plan.whole else VIEWS
    kept = [(number, view) for number in numbers if number not in held for view in range(views)]
    return kept, [(number, view) for number in held for view in range(views)]


def _taught(plan: Training, kept: list[Key]) -> frozenset[int]:
    """The worlds that curves are fitted on and a network is trained on; none where none is to be.

    Fails before any work is done.
    """
    if plan.network is None:
        return frozenset()
    require(plan.network)
    return frozenset(taught(sorted({number for number, _ in kept})))


def _network(
    plan: Training,
    options: NetworkOptions,
    work: Path,
    drawn: dict[Key, list[Drawn]],
    kept: list[Key],
    seen: frozenset[int],
    step: Step,
) -> tuple[Weights, Unseen]:
    """Trains the network on the worlds of `seen` and those beside, and adds to `drawn` what it says of the others.

    Of worlds that curves are fitted on (`kept`), networks that never saw a pair's kind of operator say it, where there
    are such. It sees these worlds with all their tables: a step of its training leaves some out by itself. Where it
    has all worlds, it is trained on some of their controllers, and says something of pairs of the others.

    Returns:
        The network, and the kinds that each of the others never saw.
    """
    ours = [key for key in drawn if key[0] < len(plan.signals)]
    alone = all(number in seen for number, _ in ours)
    every = [*sorted(seen), *range(len(plan.signals), len(plan.folders))]
    worlds = [(graph_file(plan, work, (number, 0)), drawn[number, 0][0]) for number in every]
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
    for key in [key for key in ours if alone or key[0] not in seen]:
        (world,) = drawn[key]
        graph = graph_file(plan, work, key)
        if strangers and key in kept:
            parts = [by_strangers(world, graph, strangers, seed_of(key))]
        else:
            told = with_network(world.sample, graph, network)
            parts = apart(world.sample, told) if alone else [told]
        drawn[key] = [Drawn(pairs, world.stratum) for pairs in parts]
    return network, unseen


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

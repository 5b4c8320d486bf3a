"""The graph network's part of a training: its worlds on disk, the network, and what it says of pairs it never saw.

The network is trained on two thirds of the worlds that curves are fitted on. Its curve is fitted on the other third,
as the worlds that the network has seen would make it look surer than it is; there its feature is unknown, as it is in
a run without a network. So the other curves hold with and without it.

Worlds that differ still hold the same kinds of operator, and the network is surest of what it has seen. So where the
truths tell the kinds, of enough worlds, its curve is fitted on what other networks say of operators of kinds that they
were trained without: that is what it is worth on an operator whom nobody foresaw. Elsewhere the curve is fitted on
what the very network that is kept says.

With fewer than three worlds the same is done by controller: the network is trained on pairs of three in five of them,
and its curve is fitted on pairs of the others.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graphattr.errors import InputError, SettingsError
from graphattr.links.graph_input import ACCOUNT_NAMES, PAIR_NAMES, VALUE_NAMES, graph_of, log10_odds, pairs_of
from graphattr.links.samples import Sample
from graphattr.training import folds
from graphattr.training.drawn import Drawn
from graphattr.training.worlds import Seen
from models import ModelError
from models.gnn import Graph, Pairs, Relation, Weights
from models.gnn.weights import write_whole
from models.linkage import CURVE

#: Of so many worlds one is kept from the network, for its curve.
EVERY: Final = 3
#: Kinds of operator that a network is trained without, one network each, most epochs of it, and the worlds that it
#: takes: with fewer there are too few operators of the other kinds to learn from.
UNSEEN: Final = (("single_operator",), ("contractors", "reseller"))
UNSEEN_EPOCHS: Final = 8
ENOUGH: Final = 10
#: Steps of an epoch over all worlds at most, where that leaves one a world: what many worlds have in common is learnt
#: in one pass, not in several of each.
STEPS: Final = 300
_RELATION: Final = tuple(Relation.__dataclass_fields__)

Tell = Callable[[str, float], None]
#: Kinds of account, by the network that is trained without them.
Unseen = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class NetworkOptions:
    """How the network is trained.

    Attributes:
        device: "auto", "cpu" or "cuda".
        epochs: most epochs; it stops before where it gets no better.
        seed: of everything random.
    """

    device: str = "auto"
    epochs: int = 40
    seed: int = 0


def taught(worlds: Sequence[int]) -> list[int]:
    """The worlds that the network is trained on: two of three, as the others are for its curve; all of fewer."""
    if len(worlds) < EVERY:
        return list(worlds)
    return [number for place, number in enumerate(worlds) if place % EVERY != EVERY - 1]


def left_out(worlds: Sequence[Drawn]) -> Unseen:
    """The kinds of operator to train a network without, each; none where the worlds are few or do not tell them.

    Args:
        worlds: what the network is trained on.
    """
    kinds = {kind for world in worlds for kind in np.unique(world.stratum).tolist()}
    told = all(kind in kinds for group in UNSEEN for kind in group)
    return UNSEEN if told and len(worlds) >= ENOUGH else ()


def require(options: NetworkOptions) -> None:
    """Sees to it that a network can be trained, before the long work begins.

    Raises:
        InputError: PyTorch is not installed.
        SettingsError: the device is not there.
    """
    try:
        _trainer().choose_device(options.device)
    except ValueError as error:
        raise SettingsError(str(error), "a device that is there") from error


def steps_of(worlds: int) -> int:
    """Steps an epoch and world."""
    return int(max(1, min(_trainer().Options.steps, STEPS // max(worlds, 1))))


def _trainer() -> Any:
    """models.gnn.train, which alone needs PyTorch."""
    try:
        from models.gnn import train
    except ModuleNotFoundError as error:
        raise InputError(
            f"training a graph network needs {error.name}, which is not installed",
            "PyTorch and PyTorch Geometric",
            "pip install -r requirements-train.txt, or leave out --gnn",
        ) from error
    return train


def write_world(path: Path, seen: Seen, pairs: Sample) -> None:
    """Writes a world's graph, and the pairs of its sample, whole or not at all."""
    graph = graph_of(seen.index, seen.profiles)
    size, here = seen.index.size, pairs.candidate
    place = np.searchsorted(seen.found.a * size + seen.found.b, np.sort(pairs.a[here] * size + pairs.b[here]))
    asked = pairs_of(seen.index, seen.found.part(place), pairs.a, pairs.b)
    arrays: dict[str, Any] = {"accounts": graph.accounts, "days": np.array(graph.window_days)}
    arrays |= {"a": asked.a, "b": asked.b, "features": asked.table}
    for name, relation in graph.relations.items():
        arrays |= {f"{part} {name}": getattr(relation, part) for part in _RELATION}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def read_world(path: Path) -> tuple[Graph, Pairs]:
    """Reads what `write_world` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    names = [name.split(" ")[1] for name in arrays if name.startswith("account ")]
    relations = {name: Relation(**{part: arrays[f"{part} {name}"] for part in _RELATION}) for name in names}
    graph = Graph(arrays["accounts"], ACCOUNT_NAMES, VALUE_NAMES, relations, float(arrays["days"]))
    return graph, Pairs(arrays["a"], arrays["b"], arrays["features"], PAIR_NAMES)


def train_network(
    worlds: Sequence[tuple[Path, Drawn]],
    options: NetworkOptions,
    work: Path,
    tell: Tell,
    apart: bool = False,
    without: Sequence[str] = (),
) -> Weights:
    """Trains the network; one that was killed goes on from its last epoch, to the same weights.

    Args:
        worlds: file of each world's graph, and its sample.
        options: how.
        work: folder for the checkpoint.
        tell: told of each epoch, and the share done so far, in [0, 1].
        apart: train on pairs of some controllers only (`folds.taught`).
        without: kinds of account whose pairs it is not trained on.

    Raises:
        InputError: PyTorch is not installed, or the worlds have too few controllers.
    """
    module = _trainer()
    labelled = []
    for path, drawn in worlds:
        graph, pairs = read_world(path)
        rows = ~_of(drawn, without)
        if apart:
            rows &= folds.taught(drawn.sample)[0]
        labelled.append((graph, _labelled(pairs, drawn.sample, rows)))
    mark = json.dumps([asdict(options), [path.name for path, _ in worlds], apart, *without])
    on = f"{folds.TAUGHT} in {folds.FOLDS} controllers of " if apart else ""
    which = f"a graph network without {', '.join(without)}" if without else "the graph network"
    checkpoint = work / f"network-{hashlib.sha256(mark.encode()).hexdigest()[:24]}.pt"

    def told(epoch: Any) -> None:
        losses = f"loss {epoch.training:.4f}, on controllers not seen {epoch.validation:.4f}"
        tell(
            f"train {which.replace('_', ' ')}, epoch {epoch.epoch} of {epoch.epochs}, {losses}",
            epoch.epoch / epoch.epochs,
        )

    try:
        made = module.train(
            labelled,
            module.Options(epochs=options.epochs, seed=options.seed, steps=steps_of(len(labelled))),
            device=options.device,
            resume=checkpoint,
            progress=told,
            note=f"Trained on {on}{len(worlds)} labelled worlds.",
        )
    except (ValueError, ModelError) as error:
        raise InputError(str(error), hint="name more worlds, or leave out --gnn") from error
    weights: Weights = made.weights
    return weights


def _labelled(pairs: Pairs, sample: Sample, rows: NDArray[np.bool_]) -> Pairs:
    """Those of the pairs to train on.

    Pairs that are no candidates are there to be told apart, not to outweigh all others: each stands for thousands, and
    a run never asks the network of them.
    """
    weight = np.where(sample.candidate, sample.weight, 1.0).astype(np.float32)
    label = sample.same.astype(np.float32)
    return Pairs(
        pairs.a[rows], pairs.b[rows], pairs.table[rows], pairs.feature_names, label=label[rows],
        weight=weight[rows], group_a=sample.owner_a[rows], group_b=sample.owner_b[rows],
    )  # fmt: skip


def _of(drawn: Drawn, kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Whether either end of a pair is of those kinds, shape (n,)."""
    ours = np.isin(drawn.stratum, kinds)
    return np.asarray(ours[drawn.sample.a] | ours[drawn.sample.b])


def apart(pairs: Sample, told: Sample) -> list[Sample]:
    """A sample in two, each with its prior: other pairs, and pairs of controllers that the network never saw.

    Args:
        pairs: a sample of a world that the network was trained on, by controller.
        told: the same `with_network`.
    """
    _, unseen = folds.taught(pairs)
    return [folds.part(pairs, ~unseen), folds.part(told, unseen)]


def with_network(sample: Sample, path: Path, network: Weights) -> Sample:
    """The sample with what the network says of its pairs, as a feature.

    Args:
        sample: pairs of a world.
        path: the world's graph (`write_world`).
        network: one that never saw that world, or those of its controllers that count.
    """
    return replace(sample, features=sample.features | {CURVE: log10_odds(*read_world(path), network)})


def by_strangers(
    drawn: Drawn, path: Path, networks: Sequence[tuple[Sequence[str], Weights]], seed: int
) -> Sample:
    """The sample with what networks say of its pairs that were trained without their kinds of operator.

    Args:
        drawn: pairs of a world, with the kind of each account.
        path: the world's graph (`write_world`).
        networks: each with the kinds that it never saw. A pair that several or none of them are strangers to is asked
            of one of these, drawn at random.
        seed: of the draw.
    """
    pairs = drawn.sample
    unseen = np.stack([_of(drawn, kinds) for kinds, _ in networks])
    lot = np.random.default_rng(seed).random(unseen.shape)
    asked = np.where(unseen | ~unseen.any(axis=0), lot, -1.0).argmax(axis=0)
    world = read_world(path)
    told = np.stack([log10_odds(*world, network) for _, network in networks])
    return replace(pairs, features=pairs.features | {CURVE: told[asked, np.arange(len(pairs.a))]})

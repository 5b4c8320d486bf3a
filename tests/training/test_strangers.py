"""A network's curve is fitted on what networks say that were trained without a pair's kind of operator."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphattr.links.samples import Sample
from graphattr.simulate import simulate
from graphattr.training import NetworkOptions, network, train
from graphattr.training.drawn import Drawn
from graphattr.training.network import UNSEEN, by_strangers, left_out

from .conftest import plan

SINGLE, OTHERS = UNSEEN


def drawn(kinds: list[str], ends: list[tuple[int, int]]) -> Drawn:
    """A sample of pairs of accounts of those kinds; all else does not matter."""
    a, b = np.array(ends).T
    none = np.zeros(len(a))
    return Drawn(Sample(a, b, {"asn": none}, none > 0, none, 0.0, none == 0, a, b), np.array(kinds))


def test_kinds_are_left_out_where_there_are_worlds_enough_that_tell_them() -> None:
    told = drawn(["independent", "single_operator", "reseller", "contractors"], [(0, 1)])
    silent = drawn(["independent", "single_operator", "reseller"], [(0, 1)])
    assert left_out([told] * network.ENOUGH) == UNSEEN
    assert left_out([silent] * network.ENOUGH + [told]) == UNSEEN
    assert left_out([told] * (network.ENOUGH - 1)) == ()
    assert left_out([silent] * network.ENOUGH) == ()
    assert left_out([drawn(["labelled", "verified"], [(0, 1)])] * network.ENOUGH) == ()


def test_each_pair_is_asked_of_a_network_that_never_saw_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["single_operator"] * 2 + ["reseller", "contractors"] + ["independent"] * 100
    ends = [(0, 1), (0, 50), (2, 3), (3, 60), *((0, 2) for _ in range(50)), *((4, n) for n in range(5, 55))]
    monkeypatch.setattr(network, "read_world", lambda path: (path, None))
    monkeypatch.setattr(network, "log10_odds", lambda _path, _none, said: np.full(len(ends), said))
    world, given = drawn(kinds, ends), [(SINGLE, 1.0), (OTHERS, 2.0)]
    told = by_strangers(world, Path("w"), given, 1)  # type: ignore[arg-type]
    said = told.features["gnn"]
    assert said[:4].tolist() == [1.0, 1.0, 2.0, 2.0]
    for either in (
        said[4:54],
        said[54:],
    ):  # both are strangers to the pair, or neither is: one of them by lot
        assert set(either.tolist()) == {1.0, 2.0}
    assert told.features["asn"] is world.sample.features["asn"]
    again, other = (by_strangers(world, Path("w"), given, seed).features["gnn"] for seed in (1, 2))  # type: ignore[arg-type]
    assert (again == said).all()
    assert (other != said).any()


@pytest.fixture(scope="module")
def six(worlds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six tiny worlds: four to teach, one for the curve, one to measure on."""
    more = []
    for seed in (3, 4, 5, 6):
        more.append(tmp_path_factory.mktemp(f"world{seed}"))
        simulate(more[-1], "tiny", seed)
    return [*worlds, *more]


def test_the_curve_hears_strangers_and_the_figures_the_network_that_ships(
    six: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, module = (
        importlib.import_module(name) for name in ("models.gnn.train", "graphattr.training.train")
    )
    given: list[tuple[int, list[Any]]] = []
    weights: list[Any] = []
    asked: dict[str, list[Any]] = {"strangers": [], "shipped": []}
    real, strangers, shipped = trainer.train, module.by_strangers, module.with_network

    def train_seen(labelled: Any, options: Any, **more: Any) -> Any:
        given.append((options.epochs, [pairs for _, pairs in labelled]))
        made = real(labelled, options, **more)
        weights.append(made.weights)
        return made

    def strangers_seen(world: Drawn, path: Path, networks: Any, seed: int) -> Any:
        asked["strangers"].append((len(world.sample.a), [(kinds, made.sha256) for kinds, made in networks]))
        return strangers(world, path, networks, seed)

    def shipped_seen(pairs: Sample, path: Path, made: Any) -> Any:
        asked["shipped"].append((len(pairs.a), made.sha256))
        return shipped(pairs, path, made)

    monkeypatch.setattr(network, "ENOUGH", 3)
    monkeypatch.setattr(network, "UNSEEN_EPOCHS", 1)
    monkeypatch.setattr(module, "UNSEEN_EPOCHS", 1)
    monkeypatch.setattr(trainer, "train", train_seen)
    monkeypatch.setattr(module, "by_strangers", strangers_seen)
    monkeypatch.setattr(module, "with_network", shipped_seen)
    told: list[tuple[str, float]] = []
    facts = train(
        plan(six, tmp_path / "m", network=NetworkOptions("cpu", 2)), lambda *step: told.append(step)
    )
    assert [epochs for epochs, _ in given] == [2, 1, 1]
    sizes = [sum(len(pairs.a) for pairs in world) for _, world in given]
    assert sizes[1] < sizes[0]
    assert sizes[2] < sizes[0]
    assert len({made.sha256 for made in weights}) == 3
    assert facts["network"]["sha256"] == weights[0].sha256
    assert facts["network"]["unseen"] == [["single_operator"], ["contractors", "reseller"]]
    assert (
        "kinds that they never saw (single operator; contractors and reseller)"
        in (tmp_path / "m/CARD.md").read_text()
    )
    by_kind = [(kinds, made.sha256) for kinds, made in zip(UNSEEN, weights[1:], strict=True)]
    assert [networks for _, networks in asked["strangers"]] == [
        by_kind
    ]  # worlds 1, 2, 4 and 6 teach, 3 is for the curve
    assert [sha for _, sha in asked["shipped"]] == [weights[0].sha256]  # and 5 is measured on
    epochs = [name.split(", loss")[0] for name, _ in told if "epoch" in name]
    assert epochs == [
        "train the graph network, epoch 1 of 2",
        "train the graph network, epoch 2 of 2",
        "train a graph network without single operator, epoch 1 of 1",
        "train a graph network without contractors, reseller, epoch 1 of 1",
    ]
    shares = [done for _, done in told]
    assert shares == sorted(shares)


def test_worlds_side_by_side_give_the_same_bytes(
    trained: Path, worlds: list[Path], tmp_path: Path, started_from_nothing: None
) -> None:
    train(plan(worlds, tmp_path / "model", workers=2))
    for path in sorted(trained.iterdir()):
        assert (tmp_path / "model" / path.name).read_bytes() == path.read_bytes(), path.name

"""A graph network trained beside the curves, and what a run makes of it."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from links.worlds import Held, index_of, occasions_of, profiles_of

import models.gnn
from graphattr.errors import InputError, SettingsError
from graphattr.evidence.bundle import build_bundle
from graphattr.evidence.verify import verify_bundle
from graphattr.links.drift import TOO_ALIKE
from graphattr.links.pieces import candidate_pairs
from graphattr.links.samples import Sample
from graphattr.pipeline import Plan, grouping, run
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings, Secrets
from graphattr.simulate import simulate
from graphattr.training import NetworkOptions, train
from graphattr.training.drawn import Drawn
from graphattr.training.network import read_world, steps_of, taught, write_world
from graphattr.training.worlds import VIEWS, Seen
from models import field_guided_model, load_model
from models.linkage import load_linkage

from .conftest import plan

OPTIONS = NetworkOptions(device="cpu", epochs=2)


@pytest.fixture(scope="session")
def three(worlds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three tiny worlds."""
    third = tmp_path_factory.mktemp("world3")
    simulate(third, "tiny", 3)
    return [*worlds, third]


@pytest.fixture(scope="session")
def networked(three: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a network."""
    out = tmp_path_factory.mktemp("networked") / "model"
    train(plan(three, out, network=OPTIONS))
    return out


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_network_lies_beside_the_model(networked: Path) -> None:
    assert set(content(networked)) == {"CARD.md", "card.json", "gnn.npz", "model.json"}
    linkage, facts = load_linkage(networked), json.loads((networked / "card.json").read_text())
    assert linkage.network is not None
    assert facts["network"]["sha256"] == linkage.network.sha256
    assert linkage.network.note == "Trained on 2 labelled worlds."
    assert linkage.network.sha256 in (networked / "CARD.md").read_text()
    curve = linkage.model.curves["gnn"]
    assert curve.group == "graph"
    assert curve.pairs >= 50
    assert curve.values[-1] > curve.values[0]
    assert len(curve.usual) == 9
    assert facts["figures_without_network"]["all"]["pairs"] == facts["figures"]["all"]["pairs"]
    assert facts["figures_without_network"] != facts["figures"]


def test_the_curve_is_fitted_where_the_network_never_was(
    three: list[Path], networked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("graphattr.training.train")
    network = load_linkage(networked).network
    trained: list[Sample] = []
    fitted: list[Sample] = []

    def no_training(worlds: list[tuple[Path, Drawn]], *_: Any, apart: bool) -> Any:
        assert not apart
        trained.extend(drawn.sample for _, drawn in worlds)
        return network

    def no_fit(drawn: list[Sample], base: Any, *_: Any, **__: Any) -> Any:
        fitted.extend(drawn)
        return load_model(networked)

    monkeypatch.setattr(module, "train_network", no_training)
    monkeypatch.setattr(module, "fit", no_fit)
    train(plan(three, tmp_path / "m", network=OPTIONS, whole=False))
    assert len(fitted) == 3 * VIEWS  # three worlds, each whole and without some tables or columns
    assert ["gnn" in sample.features for sample in fitted] == [False] * 2 * VIEWS + [True] * VIEWS
    assert all(np.isfinite(sample.features["gnn"]).all() for sample in fitted[2 * VIEWS :])
    assert len(trained) == 2
    for sample, part in zip(trained, (fitted[0], fitted[VIEWS]), strict=True):
        assert len(sample.a) > len(part.a)  # without the controllers that are kept for measuring
        assert sample.prior != fitted[6].prior


def test_worlds_for_the_network_alone_teach_no_curve(
    three: list[Path], networked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("graphattr.training.train")
    network = load_linkage(networked).network
    trained: list[tuple[Path, Drawn]] = []
    fitted: list[Sample] = []

    def no_training(worlds: list[tuple[Path, Drawn]], *_: Any, apart: bool) -> Any:
        assert not apart
        trained.extend(worlds)
        for path, drawn in worlds:
            assert len(read_world(path)[1]) == len(drawn.sample.a)
        return network

    def no_fit(drawn: list[Sample], base: Any, *_: Any, **__: Any) -> Any:
        fitted.extend(drawn)
        return load_model(networked)

    monkeypatch.setattr(module, "train_network", no_training)
    monkeypatch.setattr(module, "fit", no_fit)
    # The last world has no truth beside it: its labels tell.
    beside = ((three[2] / "signals", three[2] / "truth.parquet"), (three[1] / "signals", None))
    train(plan(three, tmp_path / "m", network=OPTIONS, beside=beside))
    assert len(trained) == 2 + 2
    assert len({path for path, _ in trained}) == 4
    assert len(fitted) == 3
    assert ["gnn" in sample.features for sample in fitted] == [False, False, True]
    assert [bool(drawn.sample.features) for _, drawn in trained] == [True, True, False, False]
    assert all(drawn.sample.same.any() for _, drawn in trained)


def test_worlds_for_a_network_need_one(three: list[Path], tmp_path: Path) -> None:
    beside = ((three[2] / "signals", None),)
    with pytest.raises(SettingsError, match="1 signal folders for a graph network, and none is trained"):
        train(plan(three, tmp_path / "m", beside=beside))
    assert list(tmp_path.iterdir()) == []


#: The command, which ends itself without a word as soon as the first epoch is told.
KILLED = """
import contextlib, os, signal
from graphattr.cli import main, training

@contextlib.contextmanager
def deadly(quiet):
    yield lambda name, done: "epoch 1 of" in name and os.kill(os.getpid(), signal.SIGKILL)

training.steps = deadly
main()
"""


def test_a_killed_training_goes_on_to_the_same_bytes(
    three: list[Path], networked: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    line = [sys.executable, "-c", KILLED, "train", *(str(world / "signals") for world in three)]
    line += ["--out", str(out), "--name", "test", "--whole", "--gnn", "--device", "cpu", "--epochs", "2"]
    assert subprocess.run(line, check=False).returncode == -signal.SIGKILL
    assert not out.exists()
    steps: list[str] = []
    train(plan(three, out, network=OPTIONS), lambda name, _done: steps.append(name))
    epochs = [name.split(",")[1].strip() for name in steps if "epoch" in name]
    assert epochs == ["epoch 2 of 2"]
    assert content(out) == content(networked)


@pytest.fixture(scope="session")
def scored(worlds: list[Path], networked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with that model."""
    out = tmp_path_factory.mktemp("scored") / "run"
    run(Plan(str(worlds[0] / "signals"), out, model=networked), Secrets())
    return out


def test_a_run_reads_the_network(scored: Path, networked: Path, worlds: list[Path], tmp_path: Path) -> None:
    linkage = load_linkage(networked)
    assert linkage.network is not None
    document = json.loads((scored / "run.json").read_text())
    assert document["model"]["network"] == linkage.network.sha256
    assert document["links"]["drift"]["network"]
    assert 0 < document["links"]["drift"]["strangers"] <= TOO_ALIKE
    links, evidence = (pl.read_parquet(scored / f"{name}.parquet") for name in ("links", "evidence"))
    rows = evidence.filter(pl.col("signal") == "gnn")
    assert rows.height > 0
    assert set(rows["group"]) == {"graph"}
    assert rows["used"].all()
    for value, reason in rows.select("log10_lr", "reason").iter_rows():
        assert reason.startswith("a graph network over shared values finds the two ")
        assert reason.endswith(" alike" if value > 0 else " unlike")
    caps = document["model"]["caps"]
    assert links["log10_lr_graph"].abs().max() <= caps["graph"]
    used = evidence.filter("used").group_by("account_a", "account_b", "group").agg(pl.col("log10_lr").sum())
    for group in GROUPS:
        parts = used.filter(pl.col("group") == group).select("account_a", "account_b", total="log10_lr")
        both = links.join(parts, on=["account_a", "account_b"], how="left").with_columns(
            pl.col("total").fill_null(0)
        )
        total = both["total"].clip(-caps[group], caps[group])
        np.testing.assert_allclose(total, both[f"log10_lr_{group}"], atol=2e-6)

    plain = tmp_path / "plain"
    plain.mkdir()
    model = linkage.model.restricted(linkage.model.curves.keys() - {"gnn"})
    (plain / "model.json").write_text(json.dumps(model.model_dump(mode="json")))
    out = tmp_path / "run"
    other = run(Plan(str(worlds[0] / "signals"), out, model=plain), Secrets())
    assert other["model"]["network"] is None
    without = pl.read_parquet(out / "links.parquet")
    assert (without["log10_lr_graph"] == 0).all()
    both = links.join(without, on=["account_a", "account_b"], suffix="_without")
    assert both.height > 10
    assert (both["log10_lr"] != both["log10_lr_without"]).any()


def test_a_network_that_finds_strangers_alike_is_not_used(
    networked: Path, worlds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "TOO_ALIKE", 0.0)
    document = run(Plan(str(worlds[0] / "signals"), tmp_path / "run", model=networked), Secrets())
    assert not document["links"]["drift"]["network"]
    assert document["links"]["drift"]["strangers"] > 0
    assert (pl.read_parquet(tmp_path / "run" / "links.parquet")["log10_lr_graph"] == 0).all()


def test_the_same_run_gives_the_same_bytes(
    scored: Path, networked: Path, worlds: list[Path], tmp_path: Path
) -> None:
    again = run(Plan(str(worlds[0] / "signals"), tmp_path / "run", model=networked), Secrets())
    document = json.loads((scored / "run.json").read_text())
    for name in ("links", "evidence", "members", "rings", "matrix"):
        assert again["outputs"][f"{name}.parquet"] == document["outputs"][f"{name}.parquet"], name


def test_a_bundle_of_such_a_run_verifies(scored: Path, tmp_path: Path) -> None:
    ring = pl.read_parquet(scored / "rings.parquet").sort("size", descending=True)["ring_id"][0]
    made = build_bundle(scored, [ring], tmp_path / "case.zip")
    assert verify_bundle(made.path).audience == "full"


def test_a_world_comes_back_as_it_was_written(tmp_path: Path) -> None:
    index = index_of(
        30,
        {("ip", "x"): range(9), ("device", "d"): [Held(3, 60), Held(4)]},
        created=[float(n) for n in range(30)],
        hubs=[("ip", "x")],
    )
    found = candidate_pairs(index, occasions_of([(0, ("ip", "x"), 0), (3, ("ip", "x"), 60)]), LinkSettings())
    seen = Seen(index, found, profiles_of(index), np.arange(30), None)
    ends = np.array([0, 3, 0]), np.array([1, 4, 3])
    none = np.zeros(3)
    pairs = Sample(*ends, {}, none > 0, none, 0.0, none == 0, ends[0], ends[1])
    write_world(tmp_path / "w.npz", seen, pairs)
    graph, asked = read_world(tmp_path / "w.npz")
    assert graph.edges == 11
    assert graph.window_days == 1
    assert graph.relations["device"].account.tolist() == [3, 4]
    np.testing.assert_equal(graph.relations["device"].first, np.float32([0, np.nan]))
    assert graph.accounts[5, 0] == pytest.approx(graph.accounts[4, 0] + 1 / 86_400, abs=1e-2)
    assert asked.b.tolist() == [1, 4, 3]
    np.testing.assert_allclose(asked.table[:, 0], np.log10([2, 2, 4]), rtol=1e-6)
    assert asked.table[:, 3].tolist() == pytest.approx([0, 0, np.log(2)])  # windows shared at hubs


def test_two_of_three_worlds_teach() -> None:
    assert taught([0, 1, 2, 3, 5, 6, 7]) == [0, 1, 3, 5, 7]
    assert taught([0, 1]) == [0, 1]


@pytest.mark.parametrize(("worlds", "steps"), [(1, 3), (34, 3), (100, 3), (101, 2), (234, 1), (1000, 1)])
def test_many_worlds_have_fewer_steps_each(worlds: int, steps: int) -> None:
    assert steps_of(worlds) == steps


def test_one_world_teaches_by_controller(
    worlds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("graphattr.training.train")
    network_module = importlib.import_module("models.gnn.train")
    given: list[Any] = []
    fitted: list[Sample] = []
    real_train, real_fit = network_module.train, module.fit

    def seen_train(labelled: Any, *rest: Any, **more: Any) -> Any:
        given.extend(pairs for _, pairs in labelled)
        return real_train(labelled, *rest, **more)

    def seen_fit(drawn: list[Sample], *rest: Any, **more: Any) -> Any:
        fitted.extend(drawn)
        return real_fit(drawn, *rest, **more)

    monkeypatch.setattr(network_module, "train", seen_train)
    monkeypatch.setattr(module, "fit", seen_fit)
    out = tmp_path / "m"
    facts = train(plan(worlds[:1], out, network=OPTIONS))
    assert facts["network"]["note"] == "Trained on 3 in 5 controllers of 1 labelled worlds."
    assert load_linkage(out).network is not None
    (pairs,) = given
    met = {*pairs.group_a.tolist(), *pairs.group_b.tolist()}
    assert pairs.label.sum() > 0
    assert ["gnn" in sample.features for sample in fitted] == [False, True]
    owners = [{*sample.owner_a.tolist(), *sample.owner_b.tolist()} for sample in fitted]
    assert owners[1]
    assert not owners[1] & met
    assert met <= owners[0]
    assert np.isfinite(fitted[1].features["gnn"]).all()
    for sample in fitted:
        share = sample.weight[sample.same].sum() / sample.weight.sum()
        assert sample.prior == pytest.approx(np.log(share / (1 - share)))
    assert facts["measured_on"]["samples"] == 1
    assert facts["figures_without_network"] != facts["figures"]


def test_no_pytorch_is_told_before_any_work(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "models.gnn.train", raising=False)
    monkeypatch.delattr(models.gnn, "train", raising=False)
    with pytest.raises(InputError, match=r"needs torch.*requirements-train\.txt"):
        train(plan(three, tmp_path / "m", network=OPTIONS))
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_not_there_is_told(three: list[Path], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(SettingsError, match="no GPU"):
        train(plan(three, tmp_path / "m", network=replace(OPTIONS, device="cuda")))


def test_base_parameters_stay(networked: Path) -> None:
    model, base = load_model(networked), field_guided_model()
    assert (model.signals, model.caps) == (base.signals, base.caps)

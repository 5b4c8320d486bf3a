"""Training: it learns, it forgets nothing when killed, and it keeps operators apart."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.gnn.toy import planted, random_world
from model.gnn.training import OPTIONS, training
from models import ModelError
from models.gnn import Graph, Pairs, Weights, pair_logits
from models.gnn.train import Epoch, Options, choose_device, out_of_fold, train
from models.gnn.worlds import fold_of, layout_of, sample, scales_of, see, world

QUICK = replace(OPTIONS, epochs=2)


def auc(graph: Graph, pairs: Pairs, logit: np.ndarray) -> float:
    """Chance that a pair of one controller is above one of two (Mann and Whitney)."""
    assert pairs.label is not None
    ranks = np.empty(len(logit))
    ranks[np.argsort(logit, kind="stable")] = np.arange(1, len(logit) + 1)
    same = pairs.label > 0
    return float((ranks[same].mean() - (same.sum() + 1) / 2) / (~same).sum())


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_it_learns_what_holds_for_operators_it_never_saw(mode: str) -> None:
    options = replace(OPTIONS, mode=mode, epochs=30, patience=30, steps=4, sign_steps=4)
    reports: list[Epoch] = []
    trained = train([planted(1), planted(2)], options, device="cpu", progress=reports.append)
    graph, pairs = planted(7)
    assert auc(graph, pairs, pair_logits(graph, pairs, trained.weights)) > 0.9
    losses = [report.validation for report in reports]
    assert trained.losses == [(report.training, report.validation) for report in reports]
    assert losses[trained.best_epoch - 1] == min(losses) < losses[0]
    assert reports[-1].remaining == 0 < reports[0].remaining
    assert [report.best for report in reports][trained.best_epoch - 1]


def test_killed_and_resumed_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["tests", *filter(None, sys.path)])}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("training.py")), str(path)],
        stdout=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line == "epoch 3\n":
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    half = path.read_bytes()
    resumed, whole = training(path), training(None)
    assert len(resumed.losses) == OPTIONS.epochs
    assert resumed.losses == whole.losses
    assert resumed.weights.sha256 == whole.weights.sha256
    assert path.read_bytes() != half


def test_a_finished_training_is_not_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    worlds = [planted(1)]
    done = train(worlds, QUICK, device="cpu", resume=path)
    content = path.read_bytes()
    again = train(worlds, QUICK, device="cpu", resume=path)
    assert again.weights.sha256 == done.weights.sha256
    assert path.read_bytes() == content


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    graph, pairs = planted(1)
    train([(graph, pairs)], QUICK, device="cpu", resume=path)
    assert pairs.label is not None
    for worlds, options in (
        ([(graph, pairs)], replace(QUICK, learning_rate=1e-4)),
        ([(graph, replace(pairs, label=1 - pairs.label))], QUICK),
        ([(replace(graph, window_days=31.0), pairs)], QUICK),
        ([(graph, pairs)] * 2, QUICK),
    ):
        with pytest.raises(ModelError, match="other worlds or options"):
            train(worlds, options, device="cpu", resume=path)
    path.write_bytes(b"something else")
    with pytest.raises(ModelError, match="is not a checkpoint"):
        train([(graph, pairs)], QUICK, device="cpu", resume=path)


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_the_seed_decides_everything(mode: str) -> None:
    options = replace(QUICK, mode=mode, sign_steps=2)
    digests = [
        train([planted(1)], replace(options, seed=seed), device="cpu").weights.sha256 for seed in (0, 0, 1)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_it_stops_when_nothing_gets_better() -> None:
    hopeless = replace(OPTIONS, epochs=30, patience=2, learning_rate=0.0)
    trained = train([planted(1)], hopeless, device="cpu")
    assert trained.best_epoch == 1
    assert len(trained.losses) == 3


def test_labels_of_a_held_out_operator_are_never_looked_at() -> None:
    graph, pairs = planted(1)
    assert pairs.group_a is not None
    assert pairs.group_b is not None
    assert pairs.label is not None
    options = replace(QUICK, folds=3, held_out=2)
    folds = np.stack([fold_of(group, 3, options.seed) for group in (pairs.group_a, pairs.group_b)])
    for fold, same in ((2, True), (1, False)):
        touched = (folds == fold).any(axis=0)
        flipped = replace(pairs, label=np.where(touched, 1 - pairs.label, pairs.label))
        digests = {
            train([(graph, given)], options, device="cpu").weights.sha256 for given in (pairs, flipped)
        }
        assert (len(digests) == 1) is same


def test_no_operator_is_on_both_sides_of_the_split() -> None:
    graph, pairs = planted(1)
    layout = layout_of([(graph, pairs)], "full", 4, 1, 1.0)
    ready = world(graph, pairs, Weights(layout, scales_of([(graph, pairs)], layout)), 4, 0)
    training, (held, weight) = ready.training([0, 1]), ready.validation(0, [1])
    ends = np.stack([pairs.group_a, pairs.group_b])
    alike = np.flatnonzero((np.stack([ready.fold_a, ready.fold_b]) == 0).all(axis=0))
    assert not set(ends[:, training].ravel().tolist()) & set(ends[:, alike].ravel().tolist())
    assert len(training)
    assert set(weight.tolist()) == {0.5, 1.0}
    assert set(alike.tolist()) == set(held[weight == 1].tolist())
    assert not np.intersect1d(training, held).size


def test_out_of_fold_logits_come_from_the_network_that_never_saw_the_operator() -> None:
    graph, pairs = planted(1)
    assert pairs.group_a is not None
    options = replace(QUICK, folds=3, epochs=1)
    found = out_of_fold([(graph, pairs)], options, device="cpu")
    own = train([(graph, pairs)], replace(options, held_out=2, validation=0), device="cpu").weights
    rows = fold_of(pairs.group_a, 3, options.seed) == 2
    np.testing.assert_allclose(found[0][rows], pair_logits(graph, pairs, own)[rows], atol=1e-5)
    assert np.isfinite(found[0]).all()


def test_large_worlds_are_propagated_beforehand() -> None:
    worlds = [planted(1)]
    edges = worlds[0][0].edges
    modes = [
        train(
            worlds, replace(QUICK, epochs=1, sign_steps=1, full_edges=limit), device="cpu"
        ).weights.layout.mode
        for limit in (edges, edges - 1)
    ]
    assert modes == ["full", "sign"]


def test_tables_in_files_train_the_same_network(tmp_path: Path) -> None:
    options = replace(QUICK, mode="sign", epochs=1, sign_steps=2)
    kept = train([planted(1)], options, device="cpu")
    filed = train([planted(1)], options, device="cpu", scratch=tmp_path)
    assert (tmp_path / "world-0" / "accounts.npy").is_file()
    assert filed.weights.sha256 == kept.weights.sha256


def test_worlds_may_lack_a_relation() -> None:
    graph, pairs = planted(1)
    other = replace(planted(2)[0], relations={"device": planted(2)[0].relations["device"]})
    trained = train([(graph, pairs), (other, planted(2)[1])], QUICK, device="cpu")
    assert trained.weights.layout.relations == ("device", "ip")


@given(st.integers(0, 1000), st.integers(5, 60))
@settings(max_examples=30, deadline=None)
def test_a_drawn_sum_is_unbiased(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    draw, value = rng.uniform(1, 6, 80), rng.normal(size=80)
    sums = []
    for _ in range(400):
        rows, inverse = sample(draw, size, rng)
        sums.append(float((value[rows] * inverse).sum()))
        assert (inverse >= 1).all()
        assert (np.diff(rows) > 0).all()
    assert abs(np.mean(sums) - value.sum()) < 5 * np.std(sums) / 20 + 1e-9


def test_a_step_sees_part_of_the_evidence_and_never_none() -> None:
    graph, pairs = random_world(1)
    layout = layout_of([(graph, pairs)], "full", 4, 1, 1.0)
    rng = np.random.default_rng(0)
    all_names = set(layout.relations)
    assert see(layout, ["ip"], 1.0, rng).active == {"ip"}
    assert see(layout, ["ip", "phone"], 0.0, rng).active == {"ip", "phone"}
    draws = [see(layout, list(layout.relations), 0.3, rng) for _ in range(300)]
    assert {len(draw.active) for draw in draws} == {1, 2, 3}
    for name in all_names:
        assert 0.6 < np.mean([name in draw.active for draw in draws]) < 0.8
        assert 0.6 < np.mean([name in draw.timed for draw in draws]) < 0.8
    assert 0.6 < np.mean([draw.accounts for draw in draws]) < 0.8


@pytest.mark.parametrize(
    ("name", "words"), [("tpu", "expected auto, cpu or cuda"), ("cuda", "PyTorch sees no GPU")]
)
def test_an_impossible_device_is_refused(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ValueError, match=words):
        choose_device(name)


def test_pairs_without_labels_and_worlds_unlike_each_other_are_refused() -> None:
    graph, pairs = planted(1)
    with pytest.raises(ValueError, match="need label"):
        train([(graph, replace(pairs, label=None))], QUICK, device="cpu")
    with pytest.raises(ValueError, match="2 sets of features"):
        train([(graph, pairs), random_world(1)], QUICK, device="cpu")
    one = replace(pairs, group_a=pairs.group_a * 0, group_b=pairs.group_a * 0)  # type: ignore[operator]
    with pytest.raises(ValueError, match="no pair is left"):
        train([(graph, one)], Options(epochs=1), device="cpu")

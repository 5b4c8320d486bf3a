"""Training from end to end on tiny worlds: what it writes, how it goes on, what it refuses."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from graphattr.errors import InputError, SettingsError
from graphattr.links.samples import Sample
from graphattr.records import SIGNAL
from graphattr.settings import Settings
from graphattr.training.drawn import Drawn, read_drawn, write_drawn
from graphattr.training.folds import by_controller
from graphattr.training.train import EVERY, _split, train
from graphattr.training.worlds import (
    BLANKABLE,
    OPTIONAL,
    VIEWS,
    World,
    read_labels,
    read_truth,
    see,
    variants,
)
from models import field_guided_model, load_model

from .conftest import plan

FILES = ("CARD.md", "card.json", "model.json")


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_model_and_its_card_are_written(trained: Path, worlds: list[Path]) -> None:
    assert tuple(read(trained)) == FILES
    assert not trained.with_name("model.training").exists()
    model, base = load_model(trained), field_guided_model()
    assert model.name == "test"
    assert model.trained
    assert "2 labelled worlds" in model.note
    assert model.signals == base.signals
    assert model.caps == base.caps
    assert {"creation", "absent:device"} <= set(model.curves)
    assert set(model.curves) & set(SIGNAL)
    for key, curve in model.curves.items():
        assert curve.pairs >= 50, key
        assert key.startswith("absent:") <= (curve.values[-1] <= 0), key
        assert (len(curve.usual) == 9) == (key not in SIGNAL and ":" not in key), key
        assert curve.extend == 0 or key.split(":")[0] in SIGNAL, key
    facts = json.loads((trained / "card.json").read_text())
    assert facts["sha256"] == model.sha256
    assert facts["base"] == {"name": base.name, "sha256": base.sha256}
    assert facts["worlds"] == facts["fitted_on"]["samples"] == facts["measured_on"]["samples"] == 2
    assert facts["fitted_on"]["pairs"] > facts["fitted_on"]["same_controller"] > 50
    assert set(facts["curves"]) == set(model.curves)
    assert facts["figures"].keys() == facts["figures_of_base"].keys()
    for row in facts["figures"].values():
        for name in ("brier", "ece", "cllr", "cllr_min"):
            if name in row:
                assert row[name]["low"] <= row[name]["high"]
    # Fitting helps on the pairs that it did not see.
    assert facts["figures"]["all"]["cllr"]["value"] < facts["figures_of_base"]["all"]["cllr"]["value"]
    text = (trained / "CARD.md").read_text()
    assert model.sha256 in text
    assert all(
        f"| {key.replace('_', ' ')} |" in text for key in [*model.curves, *filter(None, facts["figures"])]
    )
    assert "not for" in text.lower()


def test_a_training_that_was_killed_goes_on(
    trained: Path, worlds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    out = tmp_path / "model"

    def kill(name: str, done: float) -> None:
        if "world2" in name:
            raise Killed

    with pytest.raises(Killed):
        train(plan(worlds, out), kill)
    assert not out.exists()
    work = tmp_path / "model.training"
    (kept,) = work.glob("*.npz")
    (work / "half.npz.part").write_bytes(b"half")

    module = importlib.import_module("graphattr.training.looking")
    looked: list[Path] = []
    see = module.see

    def seen(world: Any, *rest: Any) -> Any:
        looked.append(world.signals)
        return see(world, *rest)

    monkeypatch.setattr(module, "see", seen)
    told: list[tuple[str, float]] = []
    train(plan(worlds, out), lambda name, done: told.append((name, done)))
    assert looked == [worlds[1] / "signals"]
    assert read(out) == read(trained)
    assert not work.exists()
    assert kept.name.endswith(".npz")
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert told[-1] == ("done", 1.0)


def test_samples_of_another_truth_are_not_used(worlds: list[Path], tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(name: str, done: float) -> None:
        if "fit" in name:
            raise Killed

    work = tmp_path / "model.training"
    truth = tmp_path / "truth.parquet"
    shutil.copy(worlds[0] / "truth.parquet", truth)
    for number in (1, 2):
        with pytest.raises(Killed):
            train(plan(worlds[:1], tmp_path / "model", truths=(truth,)), kill)
        assert len(list(work.glob("*.npz"))) == number
        pl.read_parquet(truth).head(100).write_parquet(truth)


def test_an_existing_folder_is_left_alone(trained: Path, worlds: list[Path]) -> None:
    before = read(trained)
    with pytest.raises(SettingsError, match="exists already"):
        train(plan(worlds, trained))
    assert read(trained) == before


def test_nothing_to_train_on(worlds: list[Path], tmp_path: Path) -> None:
    for signals, truths in (((), ()), ((worlds[0] / "signals",), ())):
        with pytest.raises(SettingsError):
            train(plan(worlds, tmp_path / "model", signals=signals, truths=truths))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["signals", "truth.parquet"])
def test_a_missing_folder_or_truth_is_an_input_error(
    worlds: list[Path], tmp_path: Path, missing: str
) -> None:
    world = tmp_path / "world"
    shutil.copytree(worlds[0], world)
    shutil.rmtree(world / missing) if missing == "signals" else (world / missing).unlink()
    with pytest.raises(InputError, match=missing):
        train(plan([world], tmp_path / "model"))


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ({"account_id": ["nobody"], "controller": ["c"]}, "names none of the accounts"),
        ({"account_id": ["x", "x"], "controller": ["c", "d"]}, "names an account more than once"),
        ({"account_id": ["x"], "owner": ["c"]}, "cannot read account_id and controller"),
    ],
)
def test_a_truth_of_other_signals_is_refused(
    worlds: list[Path], tmp_path: Path, truth: dict[str, list[str]], said: str
) -> None:
    pl.DataFrame(truth).write_csv(tmp_path / "truth.csv")
    with pytest.raises(InputError, match=said):
        train(plan(worlds[:1], tmp_path / "model", truths=(tmp_path / "truth.csv",)))


def test_labels_serve_where_there_is_no_truth(worlds: list[Path], tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    shutil.copytree(worlds[0] / "signals", signals)
    truth = pl.read_parquet(worlds[0] / "truth.parquet")
    labels = truth.select("account_id", operator="controller").with_columns(source=pl.lit("review"))
    alone = pl.col("operator").is_unique()
    labels.with_columns(operator=pl.when(alone).then(None).otherwise("operator")).write_parquet(
        signals / "labels.parquet"
    )
    facts = train(plan([], tmp_path / "model", signals=(signals,), truths=(None,)))
    assert facts["fitted_on"]["same_controller"] > 50
    assert set(facts["figures"]) <= {"all", "verified", "labelled", ""}
    (signals / "labels.parquet").unlink()
    with pytest.raises(InputError, match="has no labels"):
        train(plan([], tmp_path / "other", signals=(signals,), truths=(None,)))


def test_too_few_known_pairs_are_an_error(worlds: list[Path], tmp_path: Path) -> None:
    few = pl.read_parquet(worlds[0] / "truth.parquet").sort("controller", "account_id").head(6)
    few.write_parquet(tmp_path / "truth.parquet")
    with pytest.raises(InputError, match="too few to fit a curve"):
        train(plan(worlds[:1], tmp_path / "model", truths=(tmp_path / "truth.parquet",)))


def test_no_controller_is_on_both_sides(worlds: list[Path], tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(name: str, done: float) -> None:
        if "fit" in name:
            raise Killed

    with pytest.raises(Killed):
        train(plan(worlds[:1], tmp_path / "model", whole=False), kill)
    drawn = [read_drawn(path) for path in sorted((tmp_path / "model.training").glob("*.npz"))]
    assert len(drawn) == VIEWS
    training, testing = by_controller(drawn)
    owners = [
        {int(owner) for world in part for owner in (*world.sample.owner_a, *world.sample.owner_b)}
        for part in (training, testing)
    ]
    assert owners[0]
    assert owners[1]
    assert not owners[0] & owners[1]
    for part, whole in zip([*training, *testing], drawn + drawn, strict=True):
        pairs = part.sample
        share = pairs.weight[pairs.same].sum() / pairs.weight.sum()
        assert pairs.prior == pytest.approx(np.log(share / (1 - share)))
        assert pairs.features.keys() == whole.sample.features.keys()
        assert len(pairs.same) < len(whole.sample.same)


def test_every_fifth_world_is_kept_for_measuring(tmp_path: Path) -> None:
    many = plan([tmp_path / str(n) for n in range(11)], tmp_path / "model", whole=False)
    kept, held = _split(many)
    assert held == [(world, view) for world in (4, 9) for view in range(VIEWS)]
    assert {world for world, _ in kept} == set(range(11)) - {4, 9}
    assert len(kept) == 9 * VIEWS
    whole = plan([tmp_path / str(n) for n in range(EVERY)], tmp_path / "model")
    assert _split(whole) == ([(n, 0) for n in range(4)], [(4, 0)])


def test_views_leave_out_tables_and_columns(tmp_path: Path) -> None:
    gone = []
    blank = set()
    for number in range(20):
        whole, one, several, columns = variants(tmp_path, number)
        assert whole.without == ()
        assert len(one.without) == 1
        assert 2 <= len(set(several.without)) <= 3
        assert set(several.without) <= set(OPTIONAL)
        assert columns.without == whole.blank == one.blank == several.blank == ()
        assert columns.blank
        assert variants(tmp_path, number) == [whole, one, several, columns]
        blank |= {*columns.blank}
        gone += [*one.without]
    assert set(gone) == set(OPTIONAL)
    assert blank == set(BLANKABLE)
    assert {"ips.network_kind", "payments.kind"} <= blank
    assert not blank & {"ips.ip", "usage.template_id", "usage.observed_at", "devices.device_id"}


def test_a_column_that_is_left_blank_is_not_seen(worlds: list[Path]) -> None:
    signals = worlds[0] / "signals"
    base, settings = field_guided_model(), Settings()
    whole = see(World(signals), base, settings).index.values
    blank = see(World(signals, blank=("ips.network_kind", "usage.model")), base, settings)
    kinds = [frame.filter(pl.col("signal") == "ip")["kind"] for frame in (whole, blank.index.values)]
    assert kinds[0].null_count() < len(kinds[0])
    assert kinds[1].null_count() == len(kinds[1]) > 0
    assert np.isnan(blank.profiles.shapes["model"].strength).all()


def test_a_part_of_a_world_is_of_whole_controllers(worlds: list[Path]) -> None:
    truth = pl.read_parquet(worlds[0] / "truth.parquet")
    base, settings, signals = field_guided_model(), Settings(), worlds[0] / "signals"
    parts = []
    for draw in (1, 2):
        world = World(signals, most=150, draw=draw)
        seen = see(world, base, settings, worlds[0] / "truth.parquet")
        parts.append(set(seen.index.accounts))
        assert 100 <= len(parts[-1]) <= 150
        inside = truth.filter(pl.col("account_id").is_in(list(parts[-1])))
        of = truth.filter(pl.col("controller").is_in(inside["controller"].implode()))
        assert set(of["account_id"]) == parts[-1]
        assert inside["controller"].n_unique() < len(parts[-1])
        assert seen.index.held["account"].max() < len(parts[-1])
    assert parts[0] != parts[1]
    whole = see(World(signals), base, settings, worlds[0] / "truth.parquet")
    large = see(World(signals, most=truth.height, draw=1), base, settings, worlds[0] / "truth.parquet")
    assert large.index.accounts.equals(whole.index.accounts)
    by_label = see(World(signals, most=150, draw=1), base, settings)
    assert by_label.index.size <= 150
    assert by_label.labels is not None
    assert whole.labels is not None
    assert by_label.labels.equals(whole.labels)


def test_hopeless_pairs_resolve_nothing(worlds: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("graphattr.training.worlds")
    sizes: list[int] = []
    real = module.score

    def score(index: Any, found: Any, *rest: Any) -> Any:
        sizes.append(len(found))
        return real(index, found, *rest)

    world, base, settings = World(worlds[0] / "signals"), field_guided_model(), Settings()
    whole = see(world, base, settings).entities
    monkeypatch.setattr(module, "score", score)
    monkeypatch.setattr(module, "HOPELESS", 1.0)  # in so small a world no pair is as hopeless as elsewhere
    seen = see(world, base, settings)
    assert len(sizes) == settings.links.passes
    assert 0 < max(sizes) < len(seen.found)
    assert (seen.entities == whole).mean() > 0.95


def test_labels_that_contradict_each_other_bind_nobody() -> None:
    labels = pl.DataFrame(
        {
            "account_id": ["a", "b", "c", "c", "d", "a"],
            "operator": ["x", "x", "x", "y", None, "x"],
        }
    )
    truth = read_labels(labels, pl.Series("account_id", ["a", "b", "c", "d", "e"]))
    a, b, c, d, e = truth.controller.tolist()
    assert a == b >= 0
    assert c == e == -1
    assert d >= 0
    assert d != a
    assert truth.stratum.tolist() == ["labelled", "labelled", "", "verified", ""]


def test_an_operator_named_like_an_account_is_not_it() -> None:
    names = ["a", "operator b"]
    truth = read_labels(
        pl.DataFrame({"account_id": names, "operator": ["b", None]}), pl.Series("account_id", names)
    )
    assert truth.controller[0] != truth.controller[1]


def test_a_controller_that_is_not_given_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("account_id,controller,kind\na,7,farm\nb,,\nc,7,\n")
    truth = read_truth(tmp_path / "t.csv", pl.Series("account_id", ["a", "b", "c", "d"]))
    assert truth.controller[0] == truth.controller[2] >= 0
    assert truth.controller[[1, 3]].tolist() == [-1, -1]
    assert truth.stratum.tolist() == ["farm", "", "", ""]


def test_a_sample_comes_back_from_disk(worlds: list[Path], tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    n = 9
    a = np.arange(n)
    pairs = Sample(
        a, a + 1, {"ip:vpn": generator.random(n), "absent:ip": np.full(n, np.nan)}, a > 4, generator.random(n), -3.25,
        a < 6, a + 2, a + 3,
    )  # fmt: skip
    write_drawn(Drawn(pairs, np.array(["farm", ""])), tmp_path / "s.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]
    back = read_drawn(tmp_path / "s.npz")
    assert back.stratum.tolist() == ["farm", ""]
    assert back.sample.prior == -3.25
    assert back.sample.features.keys() == pairs.features.keys()
    for key, values in pairs.features.items():
        np.testing.assert_array_equal(back.sample.features[key], values)
    for name in ("a", "b", "same", "weight", "candidate", "owner_a", "owner_b"):
        np.testing.assert_array_equal(getattr(back.sample, name), getattr(pairs, name))

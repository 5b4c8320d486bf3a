"""Making the ring classifier: worlds, knots, the fit against known curves, and the whole on three tiny worlds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.attribution.hypotheses import weigh
from graphattr.attribution.rows import STATISTIC
from graphattr.errors import SettingsError
from graphattr.records import HYPOTHESES
from graphattr.settings import Settings
from graphattr.training.joins import JoinWorld
from graphattr.training.rings import FIRST_SEED, RingWorld, ring_rows, ring_worlds
from graphattr.training.rings_classifier import only
from graphattr.training.rings_fit import MOST, Rings, fit, hats, knots
from graphattr.training.rings_train import RingTraining, collect, scored, train_rings
from models import load_rings
from models.joining import load_joining, shipped_joining
from models.linkage import shipped_linkage
from models.rings import load_ring_model, shipped_ring_model

#: Worlds with firm parts that can be attributed.
WORLDS = [
    RingWorld("tiny", family, FIRST_SEED + n, calibrates)
    for family in "AB"
    for n, calibrates in ((45, False), (46, False), (53, True))
]


#: Fewer teach nothing of how sets are joined.
JOINS = [JoinWorld("tiny", 90_000 + n) for n in range(1, 5)]


def test_worlds_are_apart_and_of_both_families() -> None:
    worlds = ring_worlds()
    assert len({world.name for world in worlds}) == len(worlds)
    assert min(world.seed for world in worlds) >= FIRST_SEED
    for family in "AB":
        seeds = [
            {world.seed for world in worlds if world.family == family and world.calibrates is use}
            for use in (True, False)
        ]
        assert seeds[0]
        assert seeds[1]
        assert not seeds[0] & seeds[1]
    few = ring_worlds(0.0)
    assert {world.preset for world in few} == {world.preset for world in worlds}


def test_knots_ascend_and_a_common_value_does_not_take_all() -> None:
    values = np.array([0.0] * 900 + list(np.linspace(0, 1, 100)) + [np.nan] * 50)
    at = knots(values)
    assert at[0] == 0.0
    assert len(at) >= 4
    assert (np.diff(at) > 0).all()
    assert knots(np.array([2.0, 2.0])).tolist() == [2.0]
    assert knots(np.array([np.nan])).tolist() == []


def test_hats_are_weights_and_nothing_where_there_is_no_value() -> None:
    found = hats(np.array([-1.0, 0.25, 1.0, 2.0, np.nan]), np.array([0.0, 1.0]))
    assert found.tolist() == [[1, 0], [0.75, 0.25], [0, 1], [0, 1], [0, 0]]


def drawn(number: int, shift: float) -> Rings:
    """Two kinds whose first statistic is normal around 0 and `shift`; the second tells nothing; a fifth is missing."""
    generator = np.random.default_rng(4)
    kind = generator.integers(0, 2, number)
    first = generator.normal(kind * shift, 1.0)
    second = generator.normal(0, 1, number)
    values = np.stack([first, second], axis=1)
    values[generator.random(values.shape) < 0.2] = np.nan
    return Rings(values, kind, np.ones(number))


def test_the_fit_finds_the_likelihood_ratio_and_leaves_a_silent_statistic_silent() -> None:
    rings = drawn(20_000, 1.0)
    at = [np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0])] * 2
    curves = fit(rings, at, np.array([0.5, 0.5]), 1e-6)
    # Of two normal laws a distance of one apart: ln ratio x - 1/2; beyond the end knots a curve is flat.
    expected = ((at[0] - 0.5) / np.log(10))[1:-1]
    assert (curves[0][:, 1] - curves[0][:, 0])[1:-1] == pytest.approx(expected.tolist(), abs=0.08)
    assert np.abs(curves[1][1:-1]).max() < 0.06
    assert curves[0].sum(axis=1) == pytest.approx(np.zeros(6), abs=1e-9)


def test_the_fit_is_held_down_by_the_penalty_and_never_leaves_its_bounds() -> None:
    rings = drawn(3000, 1.0)
    at = [np.array([-1.0, 0.0, 1.0, 2.0])] * 2
    prior = np.array([0.5, 0.5])
    loose, tight = (fit(rings, at, prior, penalty)[0] for penalty in (1e-5, 1e-1))
    assert np.abs(tight).max() < 0.5 * np.abs(loose).max()
    far = fit(drawn(3000, 9.0), [np.linspace(0, 9, 5)] * 2, prior, 1e-9)[0]
    assert np.abs(far).max() <= MOST + 1e-9


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RingTraining]:
    """The folder made from six tiny worlds."""
    out = tmp_path_factory.mktemp("rings") / "mine"
    plan = RingTraining(out, shipped_linkage(), WORLDS, JOINS)
    train_rings(plan)
    return out, plan


def test_the_folder_holds_a_classifier_and_known_rings(made: tuple[Path, RingTraining]) -> None:
    out, plan = made
    assert {path.name for path in out.iterdir()} == {
        "joining.json",
        "classifier.json",
        "known.json",
        "CARD.md",
    }
    model, known = load_ring_model(out), load_rings(out / "known.json")
    assert load_joining(out).join.cases
    assert model.families == ("A", "B")
    assert model.sha256[:12] in known.source
    assert known.linkage == plan.linkage.model.sha256
    assert set(known.family) <= {"A", "B"}
    assert known.tuning is not None
    assert (known.size >= 5).all()
    assert (known.controlled >= 0.5).all()
    rows = json.loads((out / "known.json").read_text())["rings"]
    assert {(row["world"], row["tuning"]) for row in rows} <= {(w.name, not w.calibrates) for w in WORLDS}
    card = (out / "CARD.md").read_text()
    assert f"from {len(WORLDS)} simulated worlds" in card
    assert "read by the curves of the other family alone" in card


@pytest.mark.usefixtures("started_from_nothing")
def test_the_same_worlds_give_the_same_bytes_and_a_killed_making_goes_on(
    made: tuple[Path, RingTraining], tmp_path: Path
) -> None:
    """However many work side by side."""
    out, plan = made

    def killed(name: str, done: float) -> None:
        if done > 0.4:
            raise KeyboardInterrupt

    again = replace(plan, out=tmp_path / "again")
    with pytest.raises(KeyboardInterrupt):
        train_rings(again, killed)
    assert not again.out.exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "again.training").iterdir()}
    assert kept
    seen: set[str] = set()

    def told(name: str, _done: float) -> None:
        seen.update(world.name for world in WORLDS if name == f"{world.name} run")

    train_rings(replace(again, workers=2), told)
    assert 0 < len(seen) < len(WORLDS)
    for path in out.iterdir():
        assert (again.out / path.name).read_bytes() == path.read_bytes()


def test_rings_of_a_world_that_was_not_read_whole_say_nothing(tmp_path: Path) -> None:
    world, joining = WORLDS[2], shipped_joining()
    plan = RingTraining(tmp_path / "out", shipped_linkage(), [world], [])
    rings, parts = collect(plan, tmp_path, joining, lambda _name, _done: None)
    model = shipped_ring_model()
    assert rings.facts["read"].all()
    assert len(scored(parts, model)) > 0
    unread = replace(parts, facts=parts.facts.with_columns(read=False))
    assert len(scored(unread, model)) == 0


def test_a_world_that_the_network_could_not_read_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphattr.pipeline.grouping.TOO_ALIKE", -1.0)
    facts, *_ = ring_rows(WORLDS[2], shipped_linkage(), Settings(), shipped_joining())
    assert facts.height
    assert not facts["read"].any()


def test_a_folder_that_exists_is_left_alone(made: tuple[Path, RingTraining]) -> None:
    with pytest.raises(SettingsError, match="exists already"):
        train_rings(made[1])


def test_one_family_can_be_taken_alone(made: tuple[Path, RingTraining]) -> None:
    model = only(load_ring_model(made[0]), ("B",))
    assert model.families == ("B",)
    row = ("r", "organisation_share", 1.0, 5, "accounts")
    found = weigh(pl.DataFrame([row], schema=STATISTIC, orient="row"), model)
    assert found.matrix["statistic"].to_list() == ["organisation_share", "prior"]
    assert found.rings["hypothesis"][0] in HYPOTHESES

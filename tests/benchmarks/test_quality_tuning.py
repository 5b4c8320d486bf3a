"""Settings are chosen by their mean over held-out worlds, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.quality import methods, suites, tuning, worlds
from benchmarks.quality.graphs import View
from benchmarks.quality.measures import Truth
from benchmarks.quality.product import Material
from benchmarks.quality.work import Prepared, Workers

World = tuple[Material, np.ndarray]


def prepared(crews: World) -> Prepared:
    world, owner = crews
    innocent = owner >= 10
    kind = np.where(innocent, "independent", "single_operator").astype(object)
    return Prepared(worlds.World("tiny", "A", 1), world, Truth(owner, innocent, kind))


def test_the_best_choice_is_the_largest_mean_and_the_first_of_equals() -> None:
    few, many = View(2), View(5)
    table = [
        {
            ("capped", few, 0.0): 0.2,
            ("capped", many, 0.0): 0.9,
            ("modular", few, 3.0): 0.5,
            ("modular", few, 9.0): 0.5,
        },
        {
            ("capped", few, 0.0): 0.6,
            ("capped", many, 0.0): 0.1,
            ("modular", few, 3.0): 0.4,
            ("modular", few, 9.0): 0.4,
        },
    ]
    assert tuning._best(table, "capped") == (many, 0.0)
    assert tuning._best(table, "modular") == (few, 3.0)


def test_the_threshold_is_where_the_components_are_worth_most(crews: World) -> None:
    one = prepared(crews)
    same = one.truth.same(one.material.a, one.material.b)
    score = np.where(same, 2.3, 0.6)
    assert 0.6 < tuning._threshold([one], [score]) <= 2.3
    assert tuning.worth(one.truth.owner, one.truth) == 1


def test_ceilings_are_components_of_true_links_alone(crews: World) -> None:
    material, owner = crews
    same = owner[material.a] == owner[material.b]
    odds = np.full(len(same), 2.0)  # a link between strangers is as strong, and says nothing here
    first = same & (material.a % 3 == 0)
    odds[same] = -2.0
    odds[first] = -0.5  # of each crew the first account with both others
    one = replace(material, log_odds=odds)
    found = methods.ceilings(one, same)
    assert list(found) == [name for name, _ in methods.TRUE_LINKS]
    even, tenth = found.values()
    assert len(set(even.tolist())) == 60
    assert len(set(tenth.tolist())) == 40
    assert all(len(set(tenth[3 * crew : 3 * crew + 3].tolist())) == 1 for crew in range(10))


def test_graph_methods_are_tried_on_a_world(crews: World) -> None:
    found = tuning._graph_worth(prepared(crews))
    view, _ = tuning._best([found], "capped")
    # Crews share a card or a device; the strangers who share an address cannot be told from them.
    assert view.cap == 3
    assert found["capped", view, 0.0] == pytest.approx(0.929, abs=0.001)
    assert all(-1 <= value <= 1 for value in found.values())


def test_work_keeps_its_order_and_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert Workers(0).map("squares", lambda n: n * n, [3, 1, 2]) == [9, 1, 4]
    assert "squares: 3 of 3" in capsys.readouterr().err


@pytest.mark.usefixtures("started_from_nothing")
def test_processes_keep_its_order_too() -> None:
    assert Workers(2).map("sizes", abs, [-3, 1, -2, 4, -5]) == [3, 1, 2, 4, 5]


def test_training_worlds_are_no_test_worlds() -> None:
    learnt = {*tuning.FIT_SEEDS, *tuning.HOLD_SEEDS}
    assert not set(tuning.FIT_SEEDS) & set(tuning.HOLD_SEEDS)
    assert not learnt & set(range(suites.FIRST_SEED, suites.FIRST_SEED + 500))


def test_mechanisms_and_families_are_the_simulators() -> None:
    assert "A" in worlds.families()
    assert "carrier_nat" in worlds.mechanisms("A")
    assert worlds.World("small", "A", 4, "tor").name == "small-A-4-without-tor"

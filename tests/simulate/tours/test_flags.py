"""False flags and biased labels."""

from dataclasses import replace

import numpy as np
import pytest

from graphattr.simulate.draws import unit
from graphattr.simulate.families import plan_tours
from graphattr.simulate.presets import PRESETS, Preset
from graphattr.simulate.tours.flags import plant
from graphattr.simulate.tours.labels import _SHOWS, labels
from graphattr.simulate.tours.parameters import Ways
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.world import World

_WAYS = Ways()
ALWAYS = replace(
    PRESETS["tiny"],
    ways=replace(_WAYS, operators=replace(_WAYS.operators, plants=1.0, planted=(1.0, 1.0))),
)


def toy() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Operator 7 holds accounts 0 to 3, operator 8 accounts 4 and 5, innocents 6 and 7 share a card with none."""
    accounts = {
        "operator": np.array([7, 7, 7, 7, 8, 8, -1, -1]),
        "innocent": np.arange(8) >= 6,
        "name": np.arange(8),
        "card": np.array([20, 20, 22, 23, 24, 25, 26, 27]),
        "card_next": np.full(8, -1),
        "bin": np.arange(8) + 40,
        "issuer": np.arange(8),
        "card_kind": np.zeros(8, dtype=np.int64),
    }
    tours = {
        "account": np.arange(8),
        "job": np.arange(8) + 100,
        "pack": np.full(8, -1),
        "pack_share": np.zeros(8),
    }
    return accounts, tours


def test_each_plants_one_value_of_somebody_else() -> None:
    seen = set()
    for seed in range(30):
        accounts, tours = toy()
        before, work = toy()
        plant(Plan(ALWAYS, seed), accounts, tours, np.array([7]))
        changed = {name for name in accounts if not np.array_equal(accounts[name], before[name])}
        assert not any((accounts[name][4:] != before[name][4:]).any() for name in changed)
        if "name" in changed:
            assert set(accounts["name"][:4]) <= {4, 5, 6, 7}
            seen.add("name")
        elif "bin" in changed:
            assert set(accounts["bin"][:4]) <= {44, 45, 46, 47}
            assert accounts["bin"][0] - 40 == accounts["issuer"][0]
            seen.add("bin")
        else:
            assert not changed
            planted = tours["pack"] >= 0
            assert set(tours["pack"][planted]) <= {104, 105, 106, 107}
            assert not planted[4:].any()
            assert np.array_equal(tours["job"], work["job"])
            seen.add("template" if planted.any() else "nothing")
    assert {"name", "bin", "template"} <= seen


def world(preset: Preset) -> World:
    return World.of(plan_tours(preset, 5))


def shown(bias: float) -> tuple[float, float]:
    """How careless the labelled accounts are among their operators', and the labelled operators among all."""
    how = replace(_WAYS.labels, known=(0.3, 0.3), labelled=(0.3, 0.3), wrong=(0.0, 0.0), bias=(bias, bias))
    preset = replace(PRESETS["known10"], ways=replace(_WAYS, labels=replace(how, operators=10)))
    w = world(preset)
    rows = labels(w).drop_nulls("operator")["account"].to_numpy()
    operators = np.unique(w.accounts["operator"][rows])
    own = np.isin(w.accounts["operator"], operators)
    _, first = np.unique(w.accounts["operator"], return_index=True)
    careless = w.accounts["careless"]
    assert len(operators) == 10
    return (
        float(unit(_SHOWS, w.accounts["key"][rows]).mean()),
        float(careless[own].mean() - careless[first].mean()),
    )


def test_labels_stand_on_the_careless() -> None:
    account, operator = shown(8.0)
    fair, even = shown(0.0)
    assert account > 0.65
    assert fair == pytest.approx(0.5, abs=0.1)
    assert operator > even + 0.05

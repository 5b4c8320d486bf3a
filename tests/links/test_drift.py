"""Drift: curves are read only on signals like those that they were fitted on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphattr.links import drift as module
from graphattr.links.drift import TOO_ALIKE, Drift, drift, strangers, told
from graphattr.links.index import Index
from graphattr.links.likeness import likenesses
from graphattr.links.pieces import Candidates, candidates
from graphattr.links.profiles import Profiles
from graphattr.settings import LinkSettings
from links.worlds import NO_USES, Value, index_of, profiles_of
from models import AdditiveModel, Curve, field_guided_model

SIZE = 120
FIGURES = ("pace", "batch", "in_tokens", "out_tokens")


def world(seed: int = 0, kind: str = "vpn", **figures: Any) -> tuple[Index, Profiles, Candidates]:
    """Accounts with random figures, in rings of four that share addresses of one class, mailboxes and devices."""
    generator = np.random.default_rng(seed)
    holders: dict[Value, list[int]] = {}
    for ring in range(SIZE // 4):
        of = list(range(4 * ring, 4 * ring + 4))
        holders |= {("ip", f"10.0.0.{ring}"): of, ("email", f"e{ring}"): of, ("device", f"d{ring}"): of}
    for place in range(40):
        holders["phone", f"p{place}"] = generator.choice(SIZE, 5, replace=False).tolist()
    kinds = {value: kind for value in holders if value[0] == "ip"}
    index = index_of(
        SIZE, holders, kinds=kinds, created=generator.random(SIZE) * 1e6, volume=generator.random(SIZE)
    )
    seen = profiles_of(index)
    known = {name: generator.random(SIZE) for name in FIGURES} | figures
    seen = replace(seen, figures=seen.figures | known)
    return index, seen, candidates(index, NO_USES, LinkSettings())


def trained(more: tuple[str, ...] = ()) -> AdditiveModel:
    """A model as if it were fitted on another such world."""
    _, seen, found = world(seed=1)
    curves = {
        name: Curve(
            group="timing", knots=(0.0, 1.0), values=(0.0, 1.0), pairs=99, usual=tuple(told(values).tolist())
        )
        for name, values in likenesses(seen, found.a, found.b).items()
    }
    for key in ("ip:vpn", "email", "device", "phone", "absent:ip", "absent:device", *more):
        curves[key] = Curve(group="network", knots=(0.0,), values=(-0.1,), pairs=99)
    return field_guided_model().model_copy(update={"curves": curves})


def moved(model: AdditiveModel, of: tuple[Index, Profiles, Candidates]) -> Drift:
    index, seen, found = of
    return drift(index, seen, found.a, found.b, model)


def test_signals_like_those_of_the_training_keep_all_curves() -> None:
    model = trained()
    found = moved(model, world())
    assert found.model == model
    assert found.familiar
    assert found.strange == ()
    assert found.index.keys() == {"creation", "volume", *FIGURES}
    assert max(found.index.values()) < 0.5


def test_likenesses_that_moved_are_told_and_keep_their_curves() -> None:
    model = trained()
    # Every account makes the same requests at the same pace: all pairs are as close as can be told.
    found = moved(model, world(batch=np.ones(SIZE), pace=np.full(SIZE, np.nan)))
    assert found.index["batch"] > 2
    assert np.isnan(found.index["pace"])
    # The curves were fitted together: a sum without one of them would be no likelihood ratio.
    assert found.model == model


def test_signals_of_classes_that_no_training_saw_are_named() -> None:
    model = trained()
    found = moved(model, world(kind="tor"))
    assert found.strange == ("ip",)
    assert found.model == model  # one signal of several
    assert moved(trained(("ip:tor",)), world(kind="tor")).strange == ()
    # A foreign class is read by the curve of values without a class, and stays foreign.
    assert moved(trained(("ip:none",)), world(kind="tor")).strange == ("ip",)


def test_where_most_shared_values_have_no_curve_none_is_used() -> None:
    value: Value = ("ip", "1")
    other: Value = ("ip", "2")
    for few, many, fits in (
        ([0, 1], [2, 3, 4], False),
        ([0, 1, 5], [2, 3, 4], True),
        ([0, 1, 5], [2, 3], True),
    ):
        index = index_of(SIZE, {value: few, other: many}, kinds={value: "vpn", other: "tor"})
        pairs = candidates(index, NO_USES, LinkSettings())
        found = drift(index, profiles_of(index), pairs.a, pairs.b, trained())
        assert found.strange == (() if fits else ("ip",))
        assert found.familiar == fits
        assert bool(found.model.curves) == fits


def test_strangers_are_as_much_alike_as_a_likelihood_ratio_lets_them_be() -> None:
    curve = Curve(group="graph", knots=(-9.0, 9.0), values=(-9.0, 9.0), pairs=99)
    base = field_guided_model()
    model = base.model_copy(update={"curves": {"gnn": curve}, "caps": base.caps | {"graph": 3.0}})
    generator = np.random.default_rng(0)
    # Exact ratios of unit normals 2 apart, over pairs of two controllers: mean 1 (Turing and Good).
    exact = (2 * generator.normal(0, 1, 200_000) - 2) / np.log(10)
    nobody = np.zeros(len(exact))
    assert strangers(model, exact, nobody) == pytest.approx(1, rel=0.05)
    assert strangers(model, exact + 1, nobody) > TOO_ALIKE
    assert strangers(model, np.empty(0), np.empty(0)) == 0.0
    # One ratio counts as much as the group's cap lets it.
    assert strangers(model, np.array([99.0]), np.zeros(1)) == pytest.approx(10 ** model.caps["graph"])


def test_pairs_that_other_evidence_links_are_no_strangers() -> None:
    curve = Curve(group="graph", knots=(-9.0, 9.0), values=(-9.0, 9.0), pairs=99)
    base = field_guided_model()
    model = base.model_copy(update={"curves": {"gnn": curve}, "caps": base.caps | {"graph": 3.0}})
    odds, linked = np.array([0.0, 0.0, 2.0, 2.0]), np.array([0.0, 0.0, 1.0, 0.5])
    assert strangers(model, odds, linked) == pytest.approx((1 + 1 + 0.5 * 100) / 2.5)
    assert strangers(model, odds[2:3], linked[2:3]) == 0.0


def test_a_model_without_curves_drifts_from_nothing() -> None:
    model = field_guided_model()
    found = moved(model, world())
    assert (found.index, found.strange) == ({}, ())
    assert found.model == model
    assert not found.familiar


def test_no_candidates() -> None:
    index = index_of(5, {})
    pairs = candidates(index, NO_USES, LinkSettings())
    found = drift(index, profiles_of(index), pairs.a, pairs.b, trained())
    assert all(np.isnan(value) for value in found.index.values())
    assert found.strange == ()


def test_many_pairs_are_measured_on_some(monkeypatch: pytest.MonkeyPatch) -> None:
    model, (index, seen, found) = trained(), world()
    whole = drift(index, seen, found.a, found.b, model).index
    lengths: list[int] = []

    def counted(profiles: Profiles, a: Any, b: Any) -> Any:
        lengths.append(len(a))
        return likenesses(profiles, a, b)

    monkeypatch.setattr(module, "likenesses", counted)
    monkeypatch.setattr(module, "PAIRS", len(found) // 3)
    part = drift(index, seen, found.a, found.b, model).index
    assert lengths == [-(-len(found) // 3)]
    assert part.keys() == whole.keys()
    assert max(part.values()) < 1


def test_deciles_without_the_ends() -> None:
    assert told(np.append(np.arange(101.0), np.nan)).tolist() == [10.0 * n for n in range(1, 10)]
    assert len(told(np.array([np.nan]))) == 0

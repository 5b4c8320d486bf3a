"""Figures on the card: of pairs whose ratios are known, and where there is nothing to measure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from graphattr.links.samples import Sample
from graphattr.training.card import card
from graphattr.training.drawn import Drawn
from graphattr.training.measure import figures, log10_lr, prior
from models import Curve, field_guided_model

BASE = field_guided_model()
#: The feature is the log10 ratio itself.
EXACT = BASE.model_copy(
    update={
        "caps": dict.fromkeys(BASE.caps, 99.0),
        "curves": {"hours": Curve(group="timing", knots=(-50.0, 50.0), values=(-50.0, 50.0), pairs=99)},
    }
)


def world(n: int = 30_000, share: float = 0.1, seed: int = 0, candidate: Any = True) -> Drawn:
    """Pairs with exact ratios: unit normals of the two kinds, 3 apart."""
    generator = np.random.default_rng(seed)
    same = generator.random(n) < share
    score = generator.normal(0, 1, n) + 3 * same
    a = generator.integers(0, 50, n)
    pairs = Sample(
        a, a + 1, {"hours": (3 * score - 4.5) / math.log(10)}, same, np.ones(n), math.log(share / (1 - share)),
        np.full(n, candidate), a, a,
    )  # fmt: skip
    return Drawn(pairs, np.array(["farm"] * 25 + [""] * 26))


def test_the_prior_is_found_from_the_ratios() -> None:
    pairs = world().sample
    ratio = log10_lr(EXACT, pairs)
    np.testing.assert_allclose(ratio, pairs.features["hours"])
    wrong = Sample(**{**vars(pairs), "prior": 0.0})
    share = 1 / (1 + 10 ** -prior(ratio, wrong))
    assert share == pytest.approx(pairs.same.mean(), rel=0.05)


def test_exact_ratios_are_calibrated_and_wrong_ones_are_not() -> None:
    found = figures(EXACT, [world(seed=n) for n in range(3)])
    row = found["all"]
    assert row["pairs"] == 90_000
    assert row["ece"]["value"] < 0.01
    assert row["cllr"]["value"] == pytest.approx(row["cllr_min"]["value"], abs=0.02)
    assert 0 < row["cllr"]["value"] < 0.5
    assert row["cllr"]["low"] < row["cllr"]["value"] < row["cllr"]["high"]
    bold = Curve(group="timing", knots=(-50.0, 50.0), values=(-150.0, 150.0), pairs=99)
    worse = figures(EXACT.model_copy(update={"curves": {"hours": bold}}), [world(seed=n) for n in range(3)])
    assert worse["all"]["cllr"]["value"] > row["cllr"]["value"] + 0.05
    assert worse["all"]["cllr_min"]["value"] == pytest.approx(row["cllr_min"]["value"], abs=1e-6)


def test_a_pair_counts_in_the_stratum_of_either_end() -> None:
    one = world(2000)
    ends = np.stack([one.stratum[one.sample.a], one.stratum[one.sample.b]], axis=1)
    found = figures(EXACT, [one])
    assert found["farm"]["pairs"] == (ends == "farm").any(axis=1).sum()
    assert found[""]["pairs"] == (ends == "").any(axis=1).sum()


def test_pairs_that_are_no_candidates_are_not_judged() -> None:
    half = np.arange(2000) < 1000
    found = figures(EXACT, [world(2000, candidate=half)])
    assert found["all"]["pairs"] == 1000


@pytest.mark.parametrize("n", [0, 40])
def test_nothing_to_measure_is_no_figure(n: int) -> None:
    found = figures(EXACT, [world(n, candidate=False)])
    assert found["all"] == {"pairs": 0}
    facts = {
        "name": "m", "sha256": "0" * 64, "base": {"name": "b"}, "curves": {},
        "fitted_on": {"pairs": 1, "same_controller": 1, "samples": 1}, "measured_on": {"pairs": 0, "samples": 1},
        "figures": found, "figures_of_base": found, "within_limits": None,
    }  # fmt: skip
    assert "| all | 0 | - | - | - | - | - |" in card(facts)
    assert "interval of a link" not in card(facts)
    assert "Of each of these worlds 91.0 % of the pairs" in card(facts | {"within_limits": 0.91})


def test_without_a_curve_the_best_of_a_group_counts() -> None:
    n = 3
    values = {
        "ip:vpn": [1.0, 2.0, np.nan],
        "ip_prefix:none": [1.5, np.nan, np.nan],
        "device": [np.nan, 0.5, np.nan],
    }
    pairs = Sample(
        np.arange(n), np.arange(n) + 1, {key: np.array(of) for key, of in values.items()}, np.ones(n, dtype=bool),
        np.ones(n), 0.0, np.ones(n, dtype=bool), np.arange(n), np.arange(n),
    )  # fmt: skip
    assert log10_lr(BASE, pairs).tolist() == [1.5, 2.5, 0.0]
    tight = BASE.model_copy(update={"caps": dict.fromkeys(BASE.caps, 0.75)})
    assert log10_lr(tight, pairs).tolist() == [0.75, 1.25, 0.0]

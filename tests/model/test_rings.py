"""The ring classifier's file: read as written, refused where it cannot be a classifier."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import ModelError, load_rings
from models.rings import RingCurve, ScoreCurve, load_ring_model, shipped_ring_model

PRIOR = {"this": 0.25, "other": 0.75}


def document(**changes: Any) -> dict[str, Any]:
    curve = {
        "knots": [0.0, 1.0],
        "ratios": {"A": [[0.5, -0.5], [-0.5, 0.5]], "B": [[0.0, 0.0], [0.2, -0.2]]},
        "reference": {"other": [0.1, 0.2, 0.3]},
    }
    return {
        "name": "test",
        "note": "",
        "variants": [{"hypothesis": name} for name in PRIOR],
        "prior": PRIOR,
        "temper": 0.5,
        "curves": {"x": curve},
        "score": {"x": {"knots": [0.0, 2.0], "ratios": {"A": [0.0, 1.0], "B": [0.0, 3.0]}}},
        "known": {"other": 7},
        **changes,
    }


def test_a_classifier_is_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "classifier.json").write_text(json.dumps(document()))
    for path in (tmp_path, tmp_path / "classifier.json"):
        model = load_ring_model(path)
        assert model.model_dump(mode="json") == document(
            variants=[{"hypothesis": name, "form": ""} for name in PRIOR]
        )
    assert model.families == ("A", "B")


def test_curves_are_linear_between_knots_and_flat_outside() -> None:
    model = RingCurve.model_validate(document()["curves"]["x"])
    read = model.read(np.array([-1.0, 0.0, 0.25, 1.0, 9.0]), "A")
    assert read[:, 0].tolist() == [0.5, 0.5, 0.25, -0.5, -0.5]
    assert read[:, 1].tolist() == [-0.5, -0.5, -0.25, 0.5, 0.5]
    score = ScoreCurve.model_validate(document()["score"]["x"])
    assert score.read(np.array([-1.0, 1.0, 2.0])).tolist() == [0.0, 1.0, 2.0]


CURVE = document()["curves"]["x"]


@pytest.mark.parametrize(
    "changes",
    [
        {"prior": {"this": 0.5, "other": 0.6}},
        {"variants": [{"hypothesis": "other"}]},
        {"temper": 0.0},
        {"temper": 1.5},
        {"curves": {}},
        {"curves": {"x": {**CURVE, "knots": [1.0, 0.0]}}},
        {"curves": {"x": {**CURVE, "knots": [0.0, 1.0, 2.0]}}},
        {"curves": {"x": CURVE, "y": {**CURVE, "ratios": {"A": CURVE["ratios"]["A"]}}}},
        {"curves": {"x": {**CURVE, "ratios": {"A": [[float("nan"), 0], [0, 0]], "B": [[0, 0], [0, 0]]}}}},
        {"score": {"x": {"knots": [0.0, 1.0], "ratios": {"A": [0.0]}}}},
        {"score": {"x": {"knots": [0.0, 0.0], "ratios": {"A": [0.0, 1.0]}}}},
        {"known": None},
        {"more": 1},
    ],
)
def test_what_is_no_classifier_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "classifier.json"
    path.write_text(json.dumps(document(**changes)))
    with pytest.raises(ModelError, match="does not hold a ring classifier"):
        load_ring_model(path)


def test_a_missing_classifier_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the ring classifier .*No such file"):
        load_ring_model(tmp_path)


def test_the_shipped_classifier_is_fitted_to_both_families_and_no_statistic_decides_alone() -> None:
    model = shipped_ring_model()
    assert model.families == ("A", "B")
    for curve in model.curves.values():
        for rows in curve.ratios.values():
            # Centred on the hypotheses, so a difference from the mean of ratios that are within one.
            assert np.abs(np.array(rows)).max() <= 2
            assert np.array(rows).sum(axis=1) == pytest.approx(np.zeros(len(rows)), abs=1e-3)


def test_rings_that_choose_the_score_calibrate_nothing(tmp_path: Path) -> None:
    ring = {"score": 0.5, "size": 4, "wrong": 0.25, "kind": "reseller", "family": "A", "controlled": 0.7}
    rings = [ring, {**ring, "tuning": True, "size": 9}, {**ring, "tuning": False, "family": "B"}]
    path = tmp_path / "known.json"
    path.write_text(json.dumps({"source": "worlds", "linkage": "abc", "rings": rings}))
    known = load_rings(path)
    assert (len(known), known.family, known.linkage) == (2, ("A", "B"), "abc")
    assert known.size.tolist() == [4, 4]
    assert known.tuning is not None
    assert (known.tuning.size.tolist(), known.tuning.controlled.tolist()) == ([9], [0.7])

"""How sets are joined: the file, its cases, and limits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import ModelError
from models.joining import CASES, FEATURES, Judge, Limits, case_of, load_joining, shipped_joining


def judge(**cases: Any) -> dict[str, Any]:
    return {"cases": {name: {"odds": -1.0, "parts": parts, "rows": 5} for name, parts in cases.items()}}


BEST = {"best": {"knots": [0.0, 2.0], "values": [0.0, 3.0]}}


def document(**changes: Any) -> dict[str, Any]:
    told = {"name": "test", "note": "", "join": judge(**{"one-one": BEST}), "stay": judge(), "limits": None}
    return told | changes


def test_it_is_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "joining.json").write_text(json.dumps(document()))
    for path in (tmp_path, tmp_path / "joining.json"):
        assert load_joining(path).model_dump(mode="json") == document()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"join": judge(**{"two-two": BEST})}, "two-two"),
        ({"join": judge(**{"one-one": {"looks": BEST["best"]}})}, "looks"),
        ({"join": judge(**{"one-one": {"best": {"knots": [1.0, 1.0], "values": [0.0, 0.0]}}})}, "ascending"),
        ({"join": judge(**{"one-one": {"best": {"knots": [1.0], "values": []}}})}, "ascending"),
        ({"limits": {"at": [0.5], "low": [], "high": [1.0], "groups": 3}}, "a low and a high"),
        ({"more": 1}, "more"),
    ],
)
def test_what_cannot_be_one_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    (tmp_path / "joining.json").write_text(json.dumps(document(**changes)))
    with pytest.raises(ModelError, match=words):
        load_joining(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read.*joining\.json"):
        load_joining(tmp_path)


def test_odds_are_summed_by_case_and_flat_outside() -> None:
    told = Judge.model_validate(judge(**{"one-one": BEST, "few-any": BEST | {"kinds": BEST["best"]}}))
    figures = np.zeros((5, len(FEATURES)))
    figures[:, FEATURES.index("best")] = [-5.0, 1.0, 9.0, 2.0, 2.0]
    figures[:, FEATURES.index("kinds")] = 1.0
    cases = np.array([CASES.index(name) for name in ("one-one", "one-one", "one-one", "few-any", "one-few")])
    assert told.odds(cases, figures).tolist() == [-1.0, 0.5, 2.0, 3.5, -np.inf]


def test_cases_by_sizes() -> None:
    sizes = [(1, 1), (1, 2), (1, 4), (1, 5), (2, 2), (4, 90), (5, 5), (6, 90)]
    smaller, larger = np.array(sizes).T
    names = [CASES[n] for n in case_of(smaller, larger)]
    assert names == [
        "one-one", "one-few", "one-few", "one-many", "few-any", "few-any", "many-many", "many-many",
    ]  # fmt: skip


def test_limits_hold_the_probability() -> None:
    limits = Limits(at=(0.5, 1.0), low=(0.6, 0.8), high=(0.7, 0.9), groups=9)
    low, high = limits.of(np.array([0.0, 0.5, 0.75, 1.0]))
    assert low.tolist() == pytest.approx([0.0, 0.5, 0.7, 0.8])
    assert high.tolist() == pytest.approx([0.7, 0.7, 0.8, 1.0])


def test_what_ships_speaks_of_every_case_and_of_members() -> None:
    shipped = shipped_joining()
    assert set(shipped.join.cases) == set(CASES)
    assert set(shipped.stay.cases) == {"one-one", "one-few", "one-many"}
    assert shipped.limits is not None

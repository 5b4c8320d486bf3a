"""Known rings: read as written, refused where they cannot be rings."""

import json
from pathlib import Path
from typing import Any

import pytest

from models import ModelError, load_rings, shipped_rings
from models.calibration import NO_RINGS

RING = {"score": 0.5, "size": 4, "wrong": 0.25, "kind": "reseller"}


def written(tmp_path: Path, of: Any) -> Path:
    path = tmp_path / "rings.json"
    path.write_text(of if isinstance(of, str) else json.dumps(of))
    return path


def test_known_rings_are_read_as_written(tmp_path: Path) -> None:
    rings = [RING, {"score": 0.9, "size": 10, "wrong": 0, "kind": "single_operator"}, RING]
    known = load_rings(written(tmp_path, {"source": "closed cases", "rings": rings}))
    assert (known.source, len(known)) == ("closed cases", 3)
    assert known.score.tolist() == [0.5, 0.9, 0.5]
    assert known.size.tolist() == [4, 10, 4]
    assert known.wrong.tolist() == [0.25, 0, 0.25]
    assert known.of_kinds(("reseller",)) == 2
    assert known.of_kinds(("reseller", "single_operator", "other")) == 3
    assert known.of_kinds(()) == 0


def test_no_rings_are_rings_too(tmp_path: Path) -> None:
    known = load_rings(written(tmp_path, {"source": "none", "rings": []}))
    assert len(known) == len(NO_RINGS) == 0


@pytest.mark.parametrize(
    "of",
    [
        "{",
        [],
        {},
        {"rings": []},
        {"source": "x"},
        {"source": "x", "rings": [1]},
        {"source": "x", "rings": None},
        *(
            {"source": "x", "rings": [{k: v for k, v in RING.items() if k != gone}]}
            for gone in ("score", "size", "wrong", "kind")
        ),
        {"source": "x", "rings": [{**RING, "score": "high"}]},
        # Figures that no ring has, and that would loosen the error control.
        {"source": "x", "rings": [{**RING, "wrong": -0.5}]},
        {"source": "x", "rings": [{**RING, "wrong": 1.5}]},
        {"source": "x", "rings": [{**RING, "wrong": float("nan")}]},
        {"source": "x", "rings": [{**RING, "score": float("nan")}]},
        {"source": "x", "rings": [{**RING, "size": 0}]},
        {"source": "x", "rings": [{**RING, "size": -4}]},
    ],
)
def test_what_is_no_file_of_known_rings_is_refused(tmp_path: Path, of: Any) -> None:
    with pytest.raises(ModelError, match="does not hold known rings"):
        load_rings(written(tmp_path, of))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the known rings .*No such file"):
        load_rings(tmp_path / "none.json")


def test_the_shipped_rings_can_be_read() -> None:
    known = shipped_rings()
    assert known.source
    assert len(known) == len(known.score) == len(known.size) == len(known.wrong)
    assert ((known.wrong >= 0) & (known.wrong <= 1)).all()

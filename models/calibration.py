"""Rings with known truth: what the error control and the cap on Bayes factors may lean on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.documents import ModelError


@dataclass(frozen=True)
class KnownRings:
    """Rings whose truth is known, from simulated worlds or a user's closed cases.

    Attributes:
        source: where they come from, in a sentence.
        score: score of each ring, shape (n,).
        size: accounts of each, shape (n,).
        wrong: share of its accounts that an attribution would get wrong, shape (n,).
        kind: true kind of each, n names.
        family: the generator family of each, or where else it comes from, n names.
        controlled: probability of hidden control that each was given, shape (n,).
        tuning: other rings, which only choose the score from which on is attributed; None for none.
        linkage: SHA-256 of the linkage model that found them; "" where it is not known.
        joining: SHA-256 of what joined them; "" where it is not known.
    """

    source: str
    score: NDArray[np.float64]
    size: NDArray[np.int64]
    wrong: NDArray[np.float64]
    kind: tuple[str, ...]
    family: tuple[str, ...]
    controlled: NDArray[np.float64]
    tuning: KnownRings | None = None
    linkage: str = ""
    joining: str = ""

    def __len__(self) -> int:
        return len(self.kind)

    def of_kinds(self, kinds: tuple[str, ...]) -> int:
        """How many rings are of one of these kinds."""
        return sum(kind in kinds for kind in self.kind)


NO_RINGS = KnownRings(
    "no ring with known truth is at hand",
    np.empty(0),
    np.empty(0, np.int64),
    np.empty(0),
    (),
    (),
    np.empty(0),
)


def load_rings(path: Path) -> KnownRings:
    """Reads a file of known rings.

    Raises:
        ModelError: the file is unreadable or not of that form.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read the known rings {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} does not hold known rings: {error}") from error


def shipped_rings() -> KnownRings:
    """The known rings that ship with the project: simulated ones, made by a documented command."""
    file = resources.files("models").joinpath("shipped/rings/known.json")
    return _parse(file.read_text(encoding="utf-8")) if file.is_file() else NO_RINGS


def _parse(text: str) -> KnownRings:
    document = json.loads(text)
    source, rows = str(document["source"]), document["rings"]
    tuning = [row for row in rows if row.get("tuning")]
    known = _rings(source, [row for row in rows if not row.get("tuning")])
    return replace(
        known,
        tuning=_rings(source, tuning) if tuning else None,
        linkage=str(document.get("linkage", "")),
        joining=str(document.get("joining", "")),
    )


def _rings(source: str, rows: list[dict[str, Any]]) -> KnownRings:
    known = KnownRings(
        source,
        np.array([row["score"] for row in rows], dtype=np.float64),
        np.array([row["size"] for row in rows], dtype=np.int64),
        np.array([row["wrong"] for row in rows], dtype=np.float64),
        tuple(str(row["kind"]) for row in rows),
        tuple(str(row.get("family", "")) for row in rows),
        np.array([row.get("controlled", 1.0) for row in rows], dtype=np.float64),
    )
    # Written so that NaN fails: a ring out of range would loosen the error control without a word.
    if not (np.isfinite(known.score).all() and (known.size >= 1).all()):
        raise ValueError("a ring's score is no finite number, or its size is below 1")
    if not ((known.wrong >= 0) & (known.wrong <= 1)).all():
        raise ValueError("a ring's wrong share is outside 0 to 1")
    return known

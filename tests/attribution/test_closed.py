"""Closed cases: rings whose members labels tell nearly all of."""

from pathlib import Path

import polars as pl
import pytest
from links.worlds import frame

from graphattr.attribution.closed import closed_cases

MEMBERS = pl.DataFrame(
    [("r1", name) for name in "abcde"] + [("r2", "f"), ("r2", "g")],
    schema={"ring_id": pl.String, "account_id": pl.String},
    orient="row",
)
ALL = [(name, "x", "A") for name in "abcde"]


def closed(tmp_path: Path, labels: list[tuple[str, str | None, str | None]]) -> dict[str, float]:
    rows = [{"account_id": a, "operator": o, "reliability": r} for a, o, r in labels]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    return dict(closed_cases(MEMBERS, tmp_path / "labels.parquet").iter_rows())


def test_without_labels_no_case_is_closed() -> None:
    assert closed_cases(MEMBERS, None).height == 0


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (ALL, 0.0),
        (ALL[:4], 0.2),  # the fifth is not known, and counts against
        ([*ALL[:4], ("e", "y", "B")], 0.2),
        ([*ALL[:3], ("d", "y", "B"), ("e", "y", "B")], 0.4),
        ([*ALL[:4], ("e", None, "A")], 0.2),  # verified independent
        ([*ALL, ("e", "y", "A")], 0.2),  # labelled in two ways
        ([(name, None, "C") for name in "abcde"], 1.0),
    ],
)
def test_the_wrong_share_of_a_closed_case(
    tmp_path: Path, labels: list[tuple[str, str | None, str | None]], wrong: float
) -> None:
    assert closed(tmp_path, labels) == {"r1": pytest.approx(wrong)}


@pytest.mark.parametrize(
    "labels",
    [
        ALL[:3],
        [(name, "x", "D") for name in "abcde"],
        [(name, "x", None) for name in "abcde"],
        [("z", "x", "A")],
    ],
)
def test_otherwise_it_stays_open(tmp_path: Path, labels: list[tuple[str, str | None, str | None]]) -> None:
    assert closed(tmp_path, labels) == {}

"""Known operators: unknown is the default."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from links.worlds import frame

from graphattr.attribution.operators import name_operators, silent
from graphattr.records import LINKS

from .test_seams import JUDGE, clique, link

Label = tuple[str, str | None, str | None]
#: Rings without any link have no parts of which one could be another's.
NO_LINKS = pl.DataFrame(schema=LINKS)
MEMBERS = pl.DataFrame(
    [("r1", "a", 1.0), ("r1", "b", 1.0), ("r1", "c", 0.5), ("r2", "d", 1.0), ("r2", "e", 1.0)],
    schema={"ring_id": pl.String, "account_id": pl.String, "probability": pl.Float64},
    orient="row",
)


def held_together(members: pl.DataFrame) -> pl.DataFrame:
    """Links between all members of each ring."""
    rings = members.group_by("ring_id", maintain_order=True).agg("account_id")["account_id"].to_list()
    return pl.DataFrame([row for ring in rings for row in clique(ring, 2.5)], schema=LINKS)


def named(tmp_path: Path, *labels: Label) -> list[tuple[str, str, float]]:
    rows = [{"account_id": a, "operator": o, "reliability": r} for a, o, r in labels]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    return name_operators(MEMBERS, tmp_path / "labels.parquet", NO_LINKS, JUDGE).rows()


def test_without_labels_no_ring_has_a_name() -> None:
    found = name_operators(MEMBERS, None, NO_LINKS, JUDGE)
    assert found.height == 0
    assert found.columns == ["ring_id", "operator", "operator_probability"]


def test_two_agreeing_labels_name_a_ring(tmp_path: Path) -> None:
    assert named(tmp_path, ("a", "x", "A"), ("b", "x", "B")) == [("r1", "x", round(1 - 0.05 * 0.15, 6))]


def test_a_members_own_membership_weighs_its_label(tmp_path: Path) -> None:
    # Weights .95 and .95 * .5.
    assert named(tmp_path, ("a", "x", "A"), ("c", "x", "A")) == [("r1", "x", round(1 - 0.05 * 0.525, 6))]


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [("a", "x", "A")],  # one label
        [("a", "x", "A"), ("a", "x", "B")],  # two labels of one account
        [("a", "x", "A"), ("d", "x", "A")],  # in two rings
        [("a", "x", "A"), ("b", "y", "A")],  # no agreement
        [("a", "x", "A"), ("b", "x", "A"), ("c", "y", "A"), ("a", "y", "A")],  # more than a fifth disagrees
        [("a", "x", "A"), ("b", "x", "A"), ("c", None, "A"), ("a", None, "A")],  # called independent, too
        [("a", "x", "E"), ("b", "x", "E")],  # unlikely sources
        [("a", "x", "D"), ("b", "x", "D")],  # .75
        [("a", "x", None), ("b", "x", None)],  # cannot be judged, as F
        [("a", None, "A"), ("b", None, "A")],  # independent accounts name nobody
        [("z", "x", "A"), ("y", "x", "A")],  # of accounts outside
    ],
)
def test_otherwise_the_operator_is_unknown(tmp_path: Path, labels: list[Label]) -> None:
    assert named(tmp_path, *labels) == []


def test_a_disagreeing_label_lowers_the_probability(tmp_path: Path) -> None:
    weights = [0.95, 0.95, 0.1]
    share = sum(weights[:2]) / sum(weights)
    found = named(tmp_path, ("a", "x", "A"), ("b", "x", "A"), ("c", "y", "E"))
    assert found == [("r1", "x", pytest.approx((1 - 0.05**2) * share, abs=1e-6))]


def test_each_ring_is_named_by_its_own_labels(tmp_path: Path) -> None:
    found = named(tmp_path, ("a", "x", "A"), ("b", "x", "A"), ("d", "y", "A"), ("e", "y", "A"))
    assert [row[:2] for row in found] == [("r1", "x"), ("r2", "y")]


def test_a_ring_with_far_fewer_labels_than_its_size_calls_for_stays_unknown(tmp_path: Path) -> None:
    """A third of the members of named rings bear labels; a ring of thirty with two of them is somebody else's."""
    sizes = {"full": 30, "also": 30, "strayed": 30, "small": 6}
    members = pl.DataFrame(
        [(ring, f"{ring}{n}", 1.0) for ring, size in sizes.items() for n in range(size)],
        schema=MEMBERS.schema,
        orient="row",
    )
    labelled = {"full": 14, "also": 12, "strayed": 2, "small": 2}
    rows = [
        {"account_id": f"{ring}{n}", "operator": "x", "reliability": "A"}
        for ring, count in labelled.items()
        for n in range(count)
    ]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    found = name_operators(members, tmp_path / "labels.parquet", held_together(members), JUDGE)
    assert found["ring_id"].to_list() == ["also", "full", "small"]


@pytest.mark.parametrize(("size", "known"), [(30, False), (8, True)])
def test_a_ring_is_not_measured_by_its_own_labels(tmp_path: Path, size: int, known: bool) -> None:
    """The only ring with labels: two of thirty are too few all the same, two of eight are not."""
    members = pl.DataFrame([("r", f"a{n}", 1.0) for n in range(size)], schema=MEMBERS.schema, orient="row")
    rows = [{"account_id": f"a{n}", "operator": "x", "reliability": "A"} for n in range(2)]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    assert (
        name_operators(members, tmp_path / "labels.parquet", held_together(members), JUDGE).height == 1
    ) is known


def two_halves(labelled: int, silent_ones: int, between: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A ring of two sound halves that one link joins: ids p0, p1, ... and q0, q1, ..., and its links."""
    p, q = [f"p{n}" for n in range(labelled)], [f"q{n}" for n in range(silent_ones)]
    rows = [("r", name, 1.0) for name in (*p, *q)]
    members = pl.DataFrame(rows, schema=MEMBERS.schema, orient="row")
    links = [*clique(p, 2.5), *clique(q, 2.5)]
    return members, pl.DataFrame([*links, link("p0", "q0", between)], schema=LINKS)


@pytest.mark.parametrize(
    ("silent_ones", "between", "known"),
    [
        (10, 2.0, False),  # a hundred to one, but labels passed all of ten over
        (10, 3.0, True),
        (4, 2.0, True),
        (4, 0.5, False),
        (2, -1.0, True),  # two are no part
    ],
)
def test_a_part_without_labels_may_be_anothers(
    tmp_path: Path, silent_ones: int, between: float, known: bool
) -> None:
    members, links = two_halves(10, silent_ones, between)
    rows = [{"account_id": f"p{n}", "operator": "x", "reliability": "A"} for n in range(6)]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    found = name_operators(members, tmp_path / "labels.parquet", links, JUDGE)
    assert (found.height == 1) is known
    if silent_ones >= 3:
        told = pl.DataFrame({"account_id": [f"p{n}" for n in range(6)]})
        ((ring, odds),) = silent(members, told, links, JUDGE).rows()
        # Six labels on ten accounts, with two on ten assumed before any is seen: four in ten.
        assert (ring, odds) == ("r", pytest.approx(between + silent_ones * np.log10(0.6)))
        assert known is (odds >= 0)


def test_labels_in_every_part_name_the_ring_however_weak_its_joins(tmp_path: Path) -> None:
    members, links = two_halves(10, 10, -1.0)
    told = [*(f"p{n}" for n in range(4)), "q3"]
    rows = [{"account_id": name, "operator": "x", "reliability": "A"} for name in told]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    assert name_operators(members, tmp_path / "labels.parquet", links, JUDGE).height == 1
    assert silent(members, pl.DataFrame({"account_id": told}), links, JUDGE).height == 0


def test_a_part_that_no_link_joins_is_no_part_of_the_name(tmp_path: Path) -> None:
    members, links = two_halves(10, 4, 0.0)
    links = links.filter(pl.col("account_a") != "p0")
    told = pl.DataFrame({"account_id": [f"p{n}" for n in range(1, 6)]})
    assert silent(members.filter(pl.col("account_id") != "p0"), told, links, JUDGE).rows() == [("r", -np.inf)]

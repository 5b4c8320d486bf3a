"""Which rings may be attributed at all, and by what."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from graphattr.attribution.rows import STATISTIC
from graphattr.pipeline.attributing import is_lead, scores
from graphattr.pipeline.conditions import allow, eligible
from graphattr.settings import AttributionSettings
from models import KnownRings
from models.rings import ScoreCurve, shipped_ring_model

GOOD = {
    "size": 20, "controlled": 0.9, "groups": 3.0, "weakest_point": None, "seam": 0.0, "score": 2.0, "whole": 33,
    "whole_seam": 1.0,
}  # fmt: skip
SCHEMA = {
    "ring_id": pl.String,
    "size": pl.Int64,
    "controlled": pl.Float64,
    "groups": pl.Float64,
    "weakest_point": pl.String,
    "seam": pl.Float64,
    "score": pl.Float64,
    "whole": pl.Int64,
    "whole_seam": pl.Float64,
}


def rings(*changes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"ring_id": f"r{n}", **GOOD, **each} for n, each in enumerate(changes)], schema=SCHEMA
    )


def known(number: int, families: str = "AB", score: float = 1.0, wrong: float = 0.0) -> KnownRings:
    family = tuple(families[n % len(families)] for n in range(number))
    one = KnownRings(
        "test", np.full(number, score), np.full(number, 10), np.full(number, wrong), ("x",) * number, family,
        np.full(number, 0.8),
    )  # fmt: skip
    return replace(one, tuning=one)


def chosen(frame: pl.DataFrame, by: KnownRings, alpha: float = 0.01, lead: float = 0.5) -> list[bool]:
    return allow(frame, AttributionSettings(alpha=alpha, lead_probability=lead), by).attributed.to_list()


@pytest.mark.parametrize(
    "change",
    [
        {"weakest_point": "ip 10.0.0.1"},  # one planted value is enough
        {"size": 4},
        {"controlled": 0.49},
        {"groups": 1.0},
        {"groups": None},
        {"seam": -0.01},  # it may be two rings
        {"seam": None},
        {"whole": 34},  # most of it is not firm
        {"whole_seam": 0.99},  # the ring that it is part of may be two
        {"whole_seam": None},
    ],
)
def test_what_is_not_eligible_is_never_attributed(change: dict[str, object]) -> None:
    assert eligible(rings({}, change), AttributionSettings()).to_list() == [True, False]
    assert chosen(rings({}, change), known(1000)) == [True, False]


def test_nothing_is_attributed_without_rings_to_choose_a_score_by_or_to_calibrate() -> None:
    assert chosen(rings({}), replace(known(1000), tuning=None)) == [False]
    assert chosen(rings({}), known(0)) == [False]
    assert chosen(rings({}), known(10)) == [False]
    assert chosen(rings({}), known(1000, wrong=1.0)) == [False]


def test_a_ring_below_the_score_of_known_rings_is_not_attributed() -> None:
    assert chosen(rings({}, {"score": 0.5}), known(1000)) == [True, False]


def test_known_rings_pass_the_filter_of_the_settings() -> None:
    # All known rings were given .8: with a higher bar none is left to lean on.
    assert chosen(rings({}), known(1000), lead=0.8) == [True]
    assert chosen(rings({}), known(1000), lead=0.85) == [False]
    # Known rings have ten accounts: where leads must have more, none is left either.
    for size, told in ((10, [True]), (11, [False])):
        settings = AttributionSettings(alpha=0.01, lead_size=size)
        assert allow(rings({}), settings, known(1000)).attributed.to_list() == told


def test_the_score_sums_what_the_statistics_and_the_probability_of_control_say() -> None:
    curve = ScoreCurve(knots=(0.0, 1.0), ratios={"A": (0.0, 1.0), "B": (0.0, 3.0)})
    model = shipped_ring_model().model_copy(update={"score": {"banned_share": curve, "controlled": curve}})
    rows = [
        ("r1", "banned_share", 0.5, 1, ""),
        ("r1", "evidence_groups", 3.0, 1, ""),
        ("r2", "other", 1.0, 1, ""),
        ("r2", "seam", -0.5, 1, ""),
    ]
    statistics = pl.DataFrame(rows, schema=STATISTIC, orient="row")
    posterior = pl.DataFrame(
        {
            "ring_id": ["r1", "r2"],
            "p_single_operator": [0.5, 0.1],
            "p_contractors": [0.1, 0.0],
            "p_reseller": [0.2, 0.0],
        }
    )
    found = scores(statistics, posterior, model).sort("ring_id").to_dicts()
    assert found[0] == {
        "ring_id": "r1", "controlled": pytest.approx(0.8), "groups": 3.0, "seam": None,
        "score": pytest.approx(0.5 * 2 + 0.8 * 2)
    }  # fmt: skip
    assert (found[1]["groups"], found[1]["seam"], found[1]["score"]) == (None, -0.5, pytest.approx(0.2))


def test_closed_cases_calibrate_too() -> None:
    many = rings(*[{}] * 30, {"score": 0.5})

    def attributed(number: int, wrong: float | None = None, ring: str = "r0") -> int:
        cases = None if wrong is None else pl.DataFrame({"ring_id": [ring], "wrong": [wrong]})
        return int(allow(many, AttributionSettings(alpha=0.01), known(number), cases).attributed.sum())

    # e >= 30 / (.01 * 600) = 5 is needed: 100 / 20 with 99 known rings of a family is enough, 99 / 20 is not.
    assert attributed(198) == 30
    assert attributed(196) == 0
    # A closed case that went well is one known ring more; one that went wrong halves every e-value.
    assert attributed(196, 0.0) == 30
    assert attributed(198, 1.0) == 0
    # Below the score from which on rings are attributed it is not counted, neither as wrong nor as right.
    assert attributed(198, 1.0, "r30") == 30
    assert attributed(196, 0.0, "r30") == 0


@pytest.mark.parametrize(
    ("row", "lead"),
    [
        ((0.9, 3.0, 5, None), True),
        ((0.9, 3.0, 4, None), False),  # a person may well have a few accounts
        ((0.9, 3.0, 2, "op-1"), True),
        ((0.49, 3.0, 50, None), False),
        ((0.9, 1.0, 50, None), False),
        ((0.9, None, 50, None), False),
    ],
)
def test_a_lead_is_likely_controlled_by_two_kinds_and_large_or_named(
    row: tuple[object, ...], lead: bool
) -> None:
    schema = {"p_reseller": pl.Float64, "groups": pl.Float64, "size": pl.Int64, "operator": pl.String}
    frame = pl.DataFrame([row], schema=schema, orient="row").with_columns(
        p_single_operator=0.0, p_contractors=0.0
    )
    assert frame.select(is_lead(AttributionSettings())).item() is lead

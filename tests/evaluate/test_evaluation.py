"""A run against the truth, on a case small enough to count by hand, and against slow oracles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphattr.errors import InputError, RunError, SettingsError
from graphattr.evaluate import evaluate
from graphattr.evaluate.scores import brier, cllr, cllr_min, ece

Make = Callable[..., Path]

# An operator with four accounts, a victim, a household of two, a person with two accounts, one more person.
TRUTH = {
    **{f"o{i}": ("op", "single_operator", False, "op-1") for i in range(4)},
    "v": ("v", "compromised", True, None),
    "h1": ("h1", "shared_infrastructure", True, None),
    "h2": ("h2", "shared_infrastructure", True, None),
    "p1": ("p", "independent", True, None),
    "p2": ("p", "independent", True, None),
    "q": ("q", "independent", True, None),
}
RINGS = {"R1": ["o0", "o1", "o2", "v"], "R2": ["h1", "h2"], "R3": ["p1", "p2"]}
SAID = {
    "R1": {"status": "attributed", "hypothesis": "single_operator", "operator": "op-1"},
    "R2": {"status": "lead", "hypothesis": "coincidence"},
    "R3": {"hypothesis": "single_operator", "operator": "op-2"},
}
PAIRS = {
    ("o0", "o1"): (0.9, 4.0),
    ("o0", "v"): (0.8, 3.0),
    ("h1", "h2"): (0.3, 2.0),
    ("p1", "p2"): (0.6, 2.5),
    ("o2", "q"): (0.05, 1.0),
}


def figures(make_run: Make, make_truth: Make, **options: Any) -> Any:
    return evaluate(make_run(RINGS, SAID, PAIRS), make_truth(TRUTH), resamples=20, **options).to_dict()


def test_partition_figures(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)["figures"]["all"]
    # o0-o2: 3 of 4 in the ring, 3 of 4 found; v 1 of 4; o3 alone; h1, h2 half right; p1, p2, q right.
    assert got["precision"]["value"] == pytest.approx((3 * 0.75 + 0.25 + 1 + 2 * 0.5 + 3) / 10)
    assert got["recall"]["value"] == pytest.approx((3 * 0.75 + 0.25 + 1 + 2 + 2 + 1) / 10)
    assert got["pairwise_precision"]["value"] == pytest.approx((3 + 0 + 1) / (6 + 1 + 1))
    assert got["pairwise_recall"]["value"] == pytest.approx((3 + 1) / (6 + 1))
    assert got["precision"]["n"] == 10


def test_wrong_and_innocent_accounts_are_counted_apart(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)["figures"]["all"]
    assert got["wrong_in_rings"]["value"] == pytest.approx((1 + 1 + 0) / 8)
    assert got["wrong_in_leads"]["value"] == pytest.approx(2 / 6)
    assert got["wrong_in_attributed"]["value"] == pytest.approx(1 / 4)
    assert got["innocent_in_rings"]["value"] == pytest.approx((1 + 2 + 2) / 8)
    assert got["innocent_in_attributed"]["value"] == pytest.approx(1 / 4)
    assert got["attributed"]["value"] == pytest.approx(4 / 8)


def test_strata(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)["figures"]
    assert got["compromised"]["precision"]["value"] == pytest.approx(0.25)
    assert got["compromised"]["wrong_in_attributed"]["value"] == 1.0
    assert got["single_operator"]["recall"]["value"] == pytest.approx((3 * 0.75 + 0.25) / 4)
    assert got["independent"]["wrong_in_attributed"]["value"] is None
    assert set(figures(make_run, make_truth, by="innocent")["figures"]) == {"all", "true", "false"}


def test_link_figures_are_the_plain_measures(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)["links"]
    probability = np.array([p for p, _ in PAIRS.values()])
    # The prior odds of these runs are 1; a link is weighed against what the run says of its links in all.
    lr = np.array([lr for _, lr in PAIRS.values()]) - np.log10(probability.mean() / (1 - probability.mean()))
    true = np.array([True, False, False, True, False])
    one = np.ones(5)
    expected = {
        "cllr": cllr(lr, true, one),
        "cllr_min": cllr_min(lr, true, one),
        "brier": brier(probability, true, one),
        "ece": ece(probability, true, one),
    }
    assert {name: got["all"][name]["value"] for name in expected} == pytest.approx(expected)
    assert got["all"]["found"]["value"] == pytest.approx(2 / 7)
    half = got["all"]["cost_true"]["value"] + got["all"]["cost_untrue"]["value"]
    assert got["all"]["cllr"]["value"] == pytest.approx(half / 2)


def test_a_pair_belongs_to_the_strata_of_both_ends(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)["links"]
    counts = {name: table["brier"]["n"] for name, table in got.items()}
    assert counts == {
        "all": 5,
        "single_operator": 3,
        "compromised": 1,
        "shared_infrastructure": 1,
        "independent": 2,
    }
    assert got["shared_infrastructure"]["cllr"]["value"] is None
    share = np.mean([p for p, _ in PAIRS.values()])
    among = share / (1 - share)
    assert got["shared_infrastructure"]["cost_untrue"]["value"] == pytest.approx(np.log2(1 + 100 / among))


def test_hypotheses_names_and_tiers(make_run: Make, make_truth: Make) -> None:
    got = figures(make_run, make_truth)
    # R1 is the operator's, R2 a household's; R3 is one person's two accounts, so single_operator.
    assert got["hypotheses"]["accuracy"] == pytest.approx(2 / 3)
    assert got["hypotheses"]["accuracy_by_account"] == pytest.approx(6 / 8)
    assert got["hypotheses"]["brier"] == pytest.approx(2 / 3)
    assert got["operators"] == {
        "named_right": 1,
        "named_wrong": 1,
        "named_where_none_is": 1,
        "not_named": 0,
        "rightly_unknown": 1,
    }
    assert got["tiers"] == [
        {"tier": "core", "accounts": 8, "probability": 0.95, "right": 0.75, "belongs": 0.625}
    ]
    # h1 and h2 share a ring and no controller: neither belongs, though one of the two is "right".
    assert got["reliability"]["memberships"][0]["true"] == 0.625
    json.dumps(got)


def test_a_ring_with_no_kind_ahead_has_no_true_hypothesis(make_run: Make, make_truth: Make) -> None:
    run = make_run({"R1": ["o0", "h1"], "R2": ["q", "p1"]}, {"R2": {"hypothesis": "coincidence"}})
    got = evaluate(run, make_truth(TRUTH), resamples=0).hypotheses
    assert (got["rings"], got["ambiguous"], got["accuracy"]) == (1, 1, 1.0)


def test_intervals_hold_the_figure_and_repeat(make_run: Make, make_truth: Make) -> None:
    first, second = figures(make_run, make_truth), figures(make_run, make_truth)
    assert first == second
    for figure in first["figures"]["all"].values():
        if figure["low"] is not None:
            assert figure["low"] <= figure["value"] + 1e-9
            assert figure["high"] >= figure["value"] - 1e-9
    assert figures(make_run, make_truth, seed=5)["figures"]["all"] != first["figures"]["all"]


def test_rows_and_table(make_run: Make, make_truth: Make) -> None:
    report = evaluate(make_run(RINGS, SAID, PAIRS), make_truth(TRUTH), resamples=0)
    rows = report.rows()
    assert ("all", "wrong in attributed", "0.250", "-", "4") in rows
    assert not [row for row in rows if "nan" in row[2] or "None" in row[2]]
    assert report.table().row_count == len([row for row in rows if row[0] == "all"])
    assert report.table(None).row_count == len(rows)


def test_bad_input(make_run: Make, make_truth: Make, tmp_path: Path) -> None:
    run, truth = make_run(RINGS, SAID, PAIRS), make_truth(TRUTH)
    with pytest.raises(SettingsError, match="-1 resamples"):
        evaluate(run, truth, resamples=-1)
    with pytest.raises(InputError, match="no column continent"):
        evaluate(run, truth, by="continent")
    with pytest.raises(InputError, match=r"none\.parquet"):
        evaluate(run, tmp_path / "none.parquet")
    with pytest.raises(InputError, match=r"1 accounts of the run are not in truth\.parquet"):
        evaluate(run, make_truth({name: fact for name, fact in TRUTH.items() if name != "v"}))
    twice = tmp_path / "twice.csv"
    pl.concat([pl.read_parquet(make_truth(TRUTH))] * 2).write_csv(twice)
    with pytest.raises(InputError, match="more than once"):
        evaluate(run, twice)
    (run / "rings.parquet").unlink()
    with pytest.raises(RunError, match=r"rings\.parquet"):
        evaluate(run, truth)


def slow_wrong(rings: dict[str, list[str]], controller: dict[str, str]) -> int:
    """Ring size less its largest controller, in so many words."""
    return sum(
        len(held) - max([controller[a] for a in held].count(c) for c in {controller[a] for a in held})
        for held in rings.values()
    )


worlds = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(worlds)
def test_wrong_accounts_are_what_the_definition_says(
    make_run: Make, make_truth: Make, world: list[tuple[int, int]]
) -> None:
    controller = {f"a{i}": f"c{c}" for i, (c, _) in enumerate(world)}
    rings: dict[str, list[str]] = {}
    for i, (_, ring) in enumerate(world):
        if ring:  # 0: in no ring
            rings.setdefault(f"R{ring}", []).append(f"a{i}")
    truth = make_truth({a: (c, "independent", True, None) for a, c in controller.items()})
    got = evaluate(make_run(rings), truth, resamples=0).figures["all"]["wrong_in_rings"]
    assert (got.value or 0.0) * got.n == pytest.approx(slow_wrong(rings, controller))
    assert got.n == sum(len(held) for held in rings.values())

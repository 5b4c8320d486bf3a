"""Cases that flatter a run or break a measure: ties, no majority, innocents, lone accounts, nothing at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphattr.errors import InputError, RunError, SettingsError
from graphattr.evaluate import Report, evaluate
from graphattr.evaluate.partition import bcubed, pairwise
from graphattr.records import SPANS

Make = Callable[..., Path]


def op(
    controller: str, name: str | None = None, kind: str = "single_operator"
) -> tuple[str, str, bool, str | None]:
    return (controller, kind, False, name or f"op-{controller}")


def person(controller: str, kind: str = "independent") -> tuple[str, str, bool, None]:
    return (controller, kind, True, None)


def of(report: Report, name: str, stratum: str = "all") -> float | None:
    tables = (report.figures, report.links, report.ring_figures)
    return next(table[stratum][name].value for table in tables if name in table["all"])


def test_a_tie_for_the_largest_controller_is_nobodys_gain(make_run: Make, make_truth: Make) -> None:
    """Two operators with two accounts each and a stranger: three of five are wrong, half of each operator's."""
    truth = make_truth({"a": op("x"), "b": op("x"), "c": op("y", kind="contractors"),
                        "d": op("y", kind="contractors"), "e": person("e")})  # fmt: skip
    run = make_run({"R": list("abcde")}, {"R": {"status": "attributed", "operator": "op-x"}})
    got = evaluate(run, truth, resamples=0)
    assert of(got, "wrong_in_attributed") == pytest.approx(3 / 5)
    assert of(got, "wrong_in_attributed", "single_operator") == pytest.approx(0.5)
    assert of(got, "wrong_in_attributed", "contractors") == pytest.approx(0.5)
    assert of(got, "wrong_in_attributed", "independent") == 1.0
    # Neither operator's name is right for a ring that has no single largest controller.
    assert got.operators["named_right"] == 0
    assert got.operators["named_wrong"] == 1
    assert got.hypotheses["ambiguous"] == 1
    assert got.ring_figures["(mixed)"]["abstained_rings"].n == 1


def test_a_ring_of_strangers_has_a_largest_controller_but_no_member(make_run: Make, make_truth: Make) -> None:
    truth = make_truth({name: person(name) for name in "abc"})
    got = evaluate(make_run({"R": list("abc")}), truth, resamples=0)
    assert of(got, "wrong_in_rings") == pytest.approx(2 / 3)
    assert got.reliability["memberships"][0]["true"] == 0.0
    assert of(got, "membership_brier") == pytest.approx(0.95**2)


def test_innocents_are_counted_apart(make_run: Make, make_truth: Make) -> None:
    """A whole company attributed: nobody is wrongly attributed, B-cubed is perfect, and all ten are innocent."""
    company = {f"c{n}": person("firm", "organisation") for n in range(10)}
    truth = make_truth({**company, **{f"o{n}": op("x") for n in range(10)}})
    said = {"R": {"status": "attributed", "hypothesis": "reseller"}}
    got = evaluate(make_run({"R": sorted(company)}, said), truth, resamples=0)
    assert of(got, "wrong_in_attributed") == 0.0
    assert of(got, "attributed_precision") == 1.0
    assert of(got, "innocent_in_attributed") == 1.0
    assert of(got, "innocent_in_attributed_per_10000") == pytest.approx(5000)
    assert of(got, "power") == 0.0
    assert of(got, "organisation_called_operated") == 1.0
    # The measure over non-innocent accounts alone does not see them.
    assert of(got, "non_innocent_precision") == 1.0


def test_non_innocent_alone_is_the_restricted_partition(make_run: Make, make_truth: Make) -> None:
    truth = make_truth(
        {"a": op("x"), "b": op("x"), "c": op("y"), "d": op("x"), "v": person("v"), "w": person("v")}
    )
    got = evaluate(make_run({"R": ["a", "b", "c", "v"], "S": ["d", "w"]}), truth, resamples=0)
    ring, controller = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0])
    for measure, slow in (("", bcubed), ("pairwise_", pairwise)):
        expected = slow(ring, controller)
        assert of(got, f"non_innocent_{measure}precision") == pytest.approx(expected.precision)
        assert of(got, f"non_innocent_{measure}recall") == pytest.approx(expected.recall)
        assert of(got, f"non_innocent_{measure}f1") == pytest.approx(expected.f1)


def test_power_and_abstention(make_run: Make, make_truth: Make) -> None:
    truth = make_truth({**{f"o{n}": op("x") for n in range(6)}, "p": person("p"), "q": person("q")})
    rings = {"R": ["o0", "o1", "p"], "S": ["o2", "o3"], "T": ["o4", "q"]}
    said = {"R": {"status": "attributed"}, "S": {"status": "lead"}}
    got = evaluate(make_run(rings, said), truth, resamples=0)
    assert of(got, "power") == pytest.approx(2 / 6)
    assert of(got, "power_in_leads") == pytest.approx(4 / 6)
    assert of(got, "abstained") == pytest.approx(2 / 7)
    assert of(got, "abstained_rings") == pytest.approx(1 / 3)
    assert of(got, "wrong_in_attributed_of_all") == pytest.approx(1 / 8)


def test_members_who_changed_hands_are_held_against_the_truth(make_run: Make, make_truth: Make) -> None:
    run = make_run({"R": ["a", "b", "c"], "S": ["d", "e"]})
    sold = datetime(2026, 5, 9, tzinfo=UTC)
    said = {"a": sold + timedelta(hours=20), "b": sold + timedelta(hours=30), "d": sold}
    rows = [{"ring_id": "R", "account_id": name, "since": since} for name, since in said.items()]
    pl.DataFrame(rows, schema_overrides={"since": SPANS["since"]}).write_parquet(run / "spans.parquet")
    truth = make_truth({name: op("x") for name in "abcdef"})
    silent = evaluate(run, truth, resamples=0)
    assert (of(silent, "hands_told"), of(silent, "hands_wrong")) == (None, None)
    bought = pl.col("account_id").is_in(["a", "b", "c", "f"])
    known = pl.read_parquet(truth).with_columns(controlled_since=pl.when(bought).then(pl.lit(sold)))
    known.write_parquet(truth)
    # Of a, b and c, which are in rings, a is told in time; of a, b and d, which are told, d was never sold.
    for file in (truth, truth.with_suffix(".csv")):
        known.write_csv(truth.with_suffix(".csv"))
        got = evaluate(run, file, resamples=0)
        assert of(got, "hands_told") == pytest.approx(1 / 3)
        assert of(got, "hands_wrong") == pytest.approx(1 / 3)
    (run / "spans.parquet").unlink()
    assert of(evaluate(run, truth, resamples=0), "hands_told") == 0


def test_names_of_known_and_unknown_operators(make_run: Make, make_truth: Make) -> None:
    """op-k is in the labels; op-u is not; the ring of op-u's accounts is called op-k."""
    truth = make_truth(
        {"a": op("k"), "b": op("k"), "c": op("k"), "d": op("u"), "e": op("u"), "f": person("f")}
    )
    rings, said = (
        {"R": ["a", "b", "f"], "S": ["d", "e"]},
        {"R": {"operator": "op-k"}, "S": {"operator": "op-k"}},
    )
    run = make_run(rings, said)
    assert of(evaluate(run, truth, resamples=0), "known_named") is None  # a run without labels knows nobody
    (run / "signals").mkdir()
    pl.DataFrame({"account_id": ["z", "y"], "operator": ["op-k", None]}).write_parquet(
        run / "signals" / "labels.parquet"
    )
    got = evaluate(run, truth, resamples=0)
    assert of(got, "known_named") == pytest.approx(2 / 3)
    assert of(got, "known_named_right") == 1.0
    assert of(got, "unknown_named") == 1.0
    assert of(got, "innocent_named") == 1.0
    assert of(got, "named_right") == pytest.approx(2 / 5)


def test_hypothesis_figures(make_run: Make, make_truth: Make) -> None:
    kinds = {"R": "single_operator", "S": "reseller", "T": "organisation", "U": "compromised"}
    rings = {ring: [f"{ring}{n}" for n in range(12 if ring == "R" else 2)] for ring in kinds}
    facts = {a: (ring, kinds[ring], ring > "S", None) for ring, held in rings.items() for a in held}
    said = {
        "R": {
            "hypothesis": "single_operator",
            "p_single_operator": 0.4,
            "p_reseller": 0.4,
            "p_contractors": 0.2,
        },
        "S": {"hypothesis": "single_operator", "p_single_operator": 0.7, "p_reseller": 0.3},
        "T": {"hypothesis": "contractors"},
        "U": {"hypothesis": "compromised"},
    }
    got = evaluate(make_run(rings, said), make_truth(facts), resamples=0)
    expected = {
        "hypothesis_accuracy": 2 / 4,
        "hypothesis_accuracy_large": 1.0,
        "hypothesis_accuracy_by_account": 14 / 18,
        "hypothesis_abstained": 1 / 4,
        "hypothesis_accuracy_if_said": 1 / 3,
        "operator_or_reseller": (0.5 + 0) / 2,
        "organisation_called_operated": 1.0,
        "innocent_called_operated": 1 / 2,
        # R: .6^2 + .4^2 + .2^2, S: .7^2 + .7^2, T: 2, U: 0; leading .4, .7, 1 and 1
        "hypothesis_brier": (0.56 + 0.98 + 2 + 0) / 4,
        "hypothesis_ece": (0.6 + 0.7 + 1) / 4,
    }
    assert {name: of(got, name) for name in expected} == pytest.approx(expected)
    assert got.ring_figures["reseller"]["hypothesis_accuracy"].value == 0.0


def test_links_of_a_stratum(make_run: Make, make_truth: Make) -> None:
    """An operator of three accounts, two strata; of its three pairs one is kept, with an end in each."""
    truth = make_truth({"a": op("x"), "b": op("x"), "c": op("x", kind="contractors"), "p": person("p")})
    got = evaluate(make_run({}, pairs={("a", "c"): (0.9, 2.0), ("b", "p"): (0.2, 1.0)}), truth, resamples=5)
    assert of(got, "found") == pytest.approx(1 / 3)
    assert of(got, "found", "single_operator") == pytest.approx(1 / 3)
    assert of(got, "found", "contractors") == pytest.approx(1 / 2)
    assert of(got, "linked_inside") == pytest.approx(2 / 3)
    assert of(got, "largest_piece") == pytest.approx(2 / 3)
    assert got.links["single_operator"]["cost_true"].n == 1
    assert of(got, "cllr_cal") == pytest.approx((of(got, "cllr") or 0) - (of(got, "cllr_min") or 0))


def test_a_lone_account_and_an_empty_run(make_run: Make, make_truth: Make) -> None:
    got = evaluate(make_run({}), make_truth({"a": op("x")}), resamples=3)
    assert (got.accounts, got.rings) == (1, 0)
    assert of(got, "precision") == of(got, "recall") == of(got, "f1") == 1.0
    nothing = (
        "pairwise_precision",
        "wrong_in_rings",
        "attributed",
        "cllr",
        "coverage",
        "linked_inside",
        "found",
    )
    assert all(of(got, name) is None for name in (*nothing, "hypothesis_accuracy", "abstained_rings"))
    assert of(got, "power") == 0.0
    assert got.coverage["all"] == got.tippett["all"] == []


def test_bad_values(make_run: Make, make_truth: Make, tmp_path: Path) -> None:
    facts = {"a": op("x"), "b": person("b")}
    run, truth = make_run({"R": ["a", "b"]}), make_truth(facts)
    rows = pl.read_parquet(truth)
    bad: dict[str, tuple[pl.Expr, str]] = {
        "none": (pl.lit(None, pl.String).alias("controller"), "2 rows of .* have no controller"),
        "word": (pl.lit("perhaps").alias("innocent"), "'perhaps' in the column innocent"),
    }
    for name, (column, says) in bad.items():
        rows.with_columns(column).write_parquet(tmp_path / name)
        with pytest.raises(InputError, match=says):
            evaluate(run, tmp_path / name)
    many = make_truth({f"m{n}": op(f"x{n}") for n in range(101)})
    with pytest.raises(SettingsError, match="101 different values"):
        evaluate(make_run({}), many, by="controller")
    run = make_run({"R": ["a", "b"]})
    members = pl.read_parquet(run / "members.parquet")
    members.with_columns(pl.lit(float("nan")).alias("probability")).write_parquet(run / "members.parquet")
    with pytest.raises(RunError, match="no finite probability"):
        evaluate(run, make_truth(facts))
    (make_run({}) / "run.json").write_text("[]")
    with pytest.raises(RunError, match="no JSON object"):
        evaluate(run, make_truth(facts))


def test_a_stratum_called_all_or_left_empty(make_run: Make, make_truth: Make) -> None:
    truth = make_truth({"a": op("x", kind="all"), "b": op("x"), "c": person("c")})
    got = evaluate(make_run({"R": ["a", "b"]}), truth, resamples=0)
    assert list(got.figures) == ["all", "(all)", "independent", "single_operator"]
    assert got.figures["all"]["precision"].n == 3
    assert "(none)" in evaluate(make_run({}), truth, by="operator", resamples=0).figures


worlds = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans()), min_size=2, max_size=14)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(worlds)
def test_wrong_and_innocent_accounts_by_definition(
    make_run: Make, make_truth: Make, world: list[tuple[int, int, bool]]
) -> None:
    """Ring size less its largest controller, over each status; innocents beside it; strata add up."""
    rings: dict[str, list[str]] = {}
    facts: dict[str, Any] = {}
    for n, (ring, controller, innocent) in enumerate(world):
        rings.setdefault(f"R{ring}", []).append(f"a{n}")
        facts[f"a{n}"] = (f"c{controller}", ("reseller", "contractors")[n % 2], innocent, None)
    said = {"R0": {"status": "attributed"}, "R1": {"status": "lead"}}
    got = evaluate(make_run(rings, said), make_truth(facts), resamples=0)
    for where, chosen in (("attributed", ["R0"]), ("leads", ["R0", "R1"]), ("rings", list(rings))):
        held = [rings[ring] for ring in chosen if ring in rings]
        size = sum(map(len, held))
        wrong = sum(len(h) - max([facts[a][0] for a in h].count(facts[b][0]) for b in h) for h in held)
        innocents = sum(facts[a][2] for h in held for a in h)
        assert of(got, f"wrong_in_{where}_of_all") == pytest.approx(wrong / len(world))
        assert of(got, f"innocent_in_{where}_per_10000") == pytest.approx(1e4 * innocents / len(world))
        if size:
            assert of(got, f"wrong_in_{where}") == pytest.approx(wrong / size)
            assert of(got, f"innocent_in_{where}") == pytest.approx(innocents / size)
        parts = [got.figures[s][f"wrong_in_{where}"] for s in got.figures if s != "all"]
        assert sum((part.value or 0) * part.n for part in parts) == pytest.approx(wrong)

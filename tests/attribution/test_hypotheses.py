"""Posteriors, the evidence matrix and the Bayes factor's range."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.attribution.hypotheses import PRIOR_ROW, RATIOS, weigh
from graphattr.attribution.rules import PRIOR, RULES, TEMPER
from graphattr.attribution.statistics import STATISTIC
from graphattr.records import HYPOTHESES, INNOCENT, MATRIX

P = [f"p_{name}" for name in HYPOTHESES]
NAMES = [rule.statistic for rule in RULES]
Said = dict[str, float]


def table(rings: dict[str, Said]) -> pl.DataFrame:
    rows = [
        (ring, name, value, 7, "accounts") for ring, said in rings.items() for name, value in said.items()
    ]
    return pl.DataFrame(rows, schema=STATISTIC, orient="row")


def factor(rows: np.ndarray) -> float:
    of = dict(zip(HYPOTHESES, rows.sum(axis=0).tolist(), strict=True))
    return max(of["single_operator"], of["reseller"]) - max(of[name] for name in INNOCENT)


statistics = st.dictionaries(
    st.sampled_from(["r1", "r2", "r3"]),
    st.dictionaries(st.sampled_from([*NAMES, "unread"]), st.floats(-2, 20), min_size=1),
    min_size=1,
)


@settings(deadline=None, max_examples=60)
@given(statistics, st.sampled_from([1.0, 3.0, 1000.0]))
def test_the_matrix_sums_to_the_posterior(rings: dict[str, Said], cap: float) -> None:
    made = weigh(table(rings), cap)
    assert dict(made.matrix.schema) == MATRIX
    assert made.rings["ring_id"].to_list() == sorted(rings)
    assert made.matrix.equals(made.matrix.sort("ring_id", "statistic"))
    for row in made.rings.iter_rows(named=True):
        rows = made.matrix.filter(pl.col("ring_id") == row["ring_id"])
        assert set(rows["statistic"]) == {PRIOR_ROW, *rings[row["ring_id"]]} - {"unread"}
        shares = np.array([row[name] for name in P])
        assert shares.sum() == pytest.approx(1, abs=1e-12)
        shift = np.log10(shares) - rows.select(RATIOS).to_numpy().sum(axis=0)
        assert np.ptp(shift) < 1e-9
        assert row["hypothesis"] == HYPOTHESES[int(shares.argmax())]

        read = rows.filter(pl.col("statistic") != PRIOR_ROW).select(RATIOS).to_numpy()
        others = [np.delete(read, n, axis=0) for n in range(len(read))]
        factors = [factor(rows) for rows in (read, read / 2, *others)]
        limit = np.log10(cap)
        assert row["bf_cap"] == cap
        assert row["log10_bf_low"] == pytest.approx(np.clip(min(factors), -limit, limit), abs=1e-9)
        assert row["log10_bf_high"] == pytest.approx(np.clip(max(factors), -limit, limit), abs=1e-9)
        assert -limit <= row["log10_bf_low"] <= row["log10_bf_high"] <= limit


@settings(deadline=None, max_examples=20)
@given(statistics)
def test_a_cap_of_one_carries_no_factor(rings: dict[str, Said]) -> None:
    made = weigh(table(rings), 1.0).rings
    assert set(made["log10_bf_low"].to_list() + made["log10_bf_high"].to_list()) == {0.0}


def test_the_prior_alone_where_nothing_can_be_read() -> None:
    row = weigh(table({"r": {"unread": 1.0}}), 10.0).rings.row(0, named=True)
    assert [row[name] for name in P] == pytest.approx(list(PRIOR.values()))
    assert (row["log10_bf_low"], row["log10_bf_high"]) == (0.0, 0.0)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_value_is_read_in_its_bin_and_a_bound_falls_above_it(rule) -> None:
    for n, bound in enumerate(rule.bounds):
        for value, bin_ in ((bound - 1e-6, n), (bound, n + 1)):
            rows = weigh(table({"r": {rule.statistic: value}}), 10.0).matrix
            row = rows.filter(pl.col("statistic") == rule.statistic).row(0, named=True)
            expected = [round(ratio * TEMPER, 6) for ratio in rule.ratios[bin_]]
            assert [row[name] for name in RATIOS] == pytest.approx(expected, abs=1e-6)
            assert (row["reason"], row["value"], row["n"], row["unit"]) == (
                rule.says[bin_],
                value,
                7,
                "accounts",
            )


def test_the_rules_are_well_formed() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for rule in RULES:
        assert list(rule.bounds) == sorted(set(rule.bounds))
        assert len(rule.ratios) == len(rule.says) == len(rule.bounds) + 1
        assert {len(ratios) for ratios in rule.ratios} == {len(HYPOTHESES)}
        # One statistic alone must not decide: a factor of ten at most, before it is tempered.
        assert max(abs(ratio) for ratios in rule.ratios for ratio in ratios) <= 1
        for words in rule.says:
            assert words.strip()
            assert not any(word in words.lower() for word in ("guilty", "fraud", "criminal", "proven"))


def test_the_prior_is_a_distribution_over_the_hypotheses() -> None:
    assert tuple(PRIOR) == HYPOTHESES
    assert sum(PRIOR.values()) == pytest.approx(1)
    assert all(p > 0 for p in PRIOR.values())
    # Nobody is presumed to hide: the innocent explanations weigh more.
    assert sum(PRIOR[name] for name in INNOCENT) > 0.5


def test_the_prior_stands_in_the_matrix_in_words() -> None:
    row = (
        weigh(table({"r": {"size": 3.0}}), 10.0)
        .matrix.filter(pl.col("statistic") == PRIOR_ROW)
        .row(0, named=True)
    )
    assert row["reason"]
    assert [row[name] for name in RATIOS] == pytest.approx([np.log10(p) for p in PRIOR.values()])


def test_typical_rings_are_read_as_what_they_are() -> None:
    made = weigh(
        table(
            {
                "company": {
                    "size": 30,
                    "organisation_share": 0.9,
                    "banned_share": 0.0,
                    "public_network_share": 0.8,
                },
                "operator": {
                    "size": 60,
                    "evidence_groups": 4,
                    "mean_membership": 0.95,
                    "creation_closeness": 1.5,
                    "instruments_per_payer": 0.2,
                    "rented_network_share": 0.9,
                    "banned_share": 0.5,
                    "template_overlap": 0.7,
                },
                "stolen": {
                    "reset_share": 0.8,
                    "prior_life_share": 0.9,
                    "instruments_per_payer": 1.0,
                    "locales_per_member": 0.9,
                },
            }
        ),
        100.0,
    )
    assert dict(made.rings.select("ring_id", "hypothesis").iter_rows()) == {
        "company": "organisation", "operator": "single_operator", "stolen": "compromised",
    }  # fmt: skip

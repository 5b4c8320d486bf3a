"""Posteriors, the evidence matrix and the Bayes factor's range."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.attribution.hypotheses import RATIOS, weigh
from graphattr.attribution.readings import PRIOR, READINGS
from graphattr.attribution.rows import STATISTIC
from graphattr.evidence.consistency import factor_range, posterior
from graphattr.records import FAMILY_ROW, HYPOTHESES, INNOCENT, MATRIX, PRIOR_ROW
from models.rings import RingCurve, RingModel, Variant, shipped_ring_model

P = [f"p_{name}" for name in HYPOTHESES]
Said = dict[str, float]
NAMES = ["first", "second", "third"]


def model(families: str = "AB", temper: float = 0.5) -> RingModel:
    """Two forms of a reseller; curves drawn anew for each family."""
    variants = [Variant(hypothesis=name) for name in HYPOTHESES]
    variants.insert(3, Variant(hypothesis="reseller", form="other"))
    generator = np.random.default_rng(3)

    reference = {"reseller": (0.1, 0.2, 0.3), "organisation": (0.4, 0.5, 0.6)}

    def curve() -> RingCurve:
        ratios = {f: tuple(map(tuple, generator.uniform(-1, 1, (3, 8)).tolist())) for f in families}
        return RingCurve(knots=(0.0, 0.5, 1.0), ratios=ratios, reference=reference)

    return RingModel(
        name="test", note="", variants=tuple(variants), prior=PRIOR, temper=temper,
        curves={name: curve() for name in NAMES}, score={},
        known={name: 10 + n for n, name in enumerate(HYPOTHESES)},
    )  # fmt: skip


def table(rings: dict[str, Said]) -> pl.DataFrame:
    rows = [
        (ring, name, value, 7, "accounts") for ring, said in rings.items() for name, value in said.items()
    ]
    return pl.DataFrame(rows, schema=STATISTIC, orient="row")


statistics = st.dictionaries(
    st.sampled_from(["r1", "r2", "r3"]),
    st.dictionaries(st.sampled_from([*NAMES, "unread"]), st.floats(-0.5, 1.5), min_size=1),
    min_size=1,
)


@settings(deadline=None, max_examples=60)
@given(statistics, st.sampled_from(["A", "AB", "ABC"]))
def test_the_matrix_sums_to_the_posterior(rings: dict[str, Said], families: str) -> None:
    of = model(families)
    made = weigh(table(rings), of)
    assert dict(made.matrix.schema) == MATRIX
    assert made.rings["ring_id"].to_list() == sorted(rings)
    assert made.matrix.equals(made.matrix.sort("ring_id", "statistic"))
    extra = {FAMILY_ROW + family.lower() for family in families} if len(families) > 1 else set()
    for row in made.rings.iter_rows(named=True):
        rows = made.matrix.filter(pl.col("ring_id") == row["ring_id"])
        assert set(rows["statistic"]) == ({PRIOR_ROW, *rings[row["ring_id"]]} - {"unread"}) | extra
        # As whoever checks a bundle computes them from the matrix alone.
        prior = rows.filter(pl.col("statistic") == PRIOR_ROW).select(RATIOS).row(0)
        read = [
            list(ratios) for ratios in rows.filter(pl.col("statistic") != PRIOR_ROW).select(RATIOS).rows()
        ]
        expected = posterior(list(prior), read)
        assert [row[name] for name in P] == pytest.approx(expected, abs=1e-5)
        assert row["hypothesis"] == HYPOTHESES[int(np.argmax([row[name] for name in P]))]
        low, high = factor_range(read, row["bf_cap"])
        assert (row["log10_bf_low"], row["log10_bf_high"]) == pytest.approx((low, high), abs=1e-5)
        assert -np.log10(row["bf_cap"]) <= row["log10_bf_low"] <= row["log10_bf_high"]


def by_hand(of: RingModel, said: Said, family: str) -> np.ndarray:
    """Ratios of all variants, summed over the statistics."""
    total = np.zeros(len(of.variants))
    for name, value in said.items():
        curve = of.curves[name]
        rows = np.array(curve.ratios[family])
        total += of.temper * np.array([np.interp(value, curve.knots, column) for column in rows.T])
    return total


def test_a_statistic_is_read_by_the_mean_of_the_families_as_the_variant_that_fits_best() -> None:
    of = model()
    for said in ({"first": 0.1, "second": 0.7}, {"first": 0.9, "third": 0.2}, {"second": 0.0}):
        total = (by_hand(of, said, "A") + by_hand(of, said, "B")) / 2
        kinds = np.array([variant.hypothesis for variant in of.variants])
        best = np.array([total[kinds == name].max() for name in HYPOTHESES])
        logs = best + np.log10(list(PRIOR.values()))
        share = 10**logs / (10**logs).sum()
        row = weigh(table({"r": said}), of).rings.row(0, named=True)
        assert [row[name] for name in P] == pytest.approx(share.tolist(), abs=1e-5)


def test_leaving_a_familys_row_out_gives_the_other_family_alone() -> None:
    of, said = model(), {"first": 0.3, "second": 0.8, "third": 0.5}
    matrix = weigh(table({"r": said}), of).matrix
    for family, other in (("a", "B"), ("b", "A")):
        rest = matrix.filter(~pl.col("statistic").is_in([PRIOR_ROW, FAMILY_ROW + family]))
        total = rest.select(RATIOS).to_numpy().sum(axis=0)
        alone = by_hand(of, said, other)
        # Of the two forms of a reseller the one that the mean chose.
        forms = [alone[[0, 1, form, 4, 5, 6, 7]] for form in (2, 3)]
        assert any(total == pytest.approx(form.tolist(), abs=1e-5) for form in forms)
    added = matrix.filter(pl.col("statistic").str.starts_with(FAMILY_ROW)).select(RATIOS).to_numpy()
    assert np.abs(added).max() > 0.01
    assert added.sum(axis=0) == pytest.approx(np.zeros(7), abs=1e-12)


def test_the_cap_is_the_rarer_kind_of_known_rings() -> None:
    of = model()
    for said in ({"first": 0.2}, {"second": 0.9, "third": 0.1}, {"third": 1.0}):
        made = weigh(table({"r": said}), of)
        read = made.matrix.filter(pl.col("statistic") != PRIOR_ROW).select(RATIOS).to_numpy().sum(axis=0)
        ours = max(("single_operator", "reseller"), key=lambda name: read[HYPOTHESES.index(name)])
        theirs = max(INNOCENT, key=lambda name: read[HYPOTHESES.index(name)])
        assert made.rings["bf_cap"][0] == min(of.known[ours], of.known[theirs])
    none = of.model_copy(update={"known": {}})
    row = weigh(table({"r": {"first": 0.2}}), none).rings.row(0, named=True)
    assert (row["bf_cap"], row["log10_bf_low"], row["log10_bf_high"]) == (1.0, 0.0, 0.0)


def test_the_prior_alone_where_nothing_can_be_read() -> None:
    row = weigh(table({"r": {"unread": 1.0}}), model()).rings.row(0, named=True)
    assert [row[name] for name in P] == pytest.approx(list(PRIOR.values()))
    assert (row["log10_bf_low"], row["log10_bf_high"]) == (0.0, 0.0)


def test_a_reason_says_what_a_value_means_and_where_known_rings_lie() -> None:
    of = model()
    of = of.model_copy(update={"curves": {"banned_share": of.curves["first"]}})
    said = {"r": {"banned_share": 0.3}}
    row = weigh(table(said), of).matrix.filter(pl.col("statistic") == "banned_share").row(0, named=True)
    assert row["reason"].startswith("many accounts were banned before; the middle half of known rings: ")
    assert {"reseller 0.1 to 0.3", "organisation 0.4 to 0.6"} == set(row["reason"].split(": ")[1].split(", "))
    assert (row["value"], row["n"], row["unit"]) == (0.3, 7, "accounts")


def test_readings_are_well_formed() -> None:
    for reading in READINGS.values():
        assert list(reading.bounds) == sorted(set(reading.bounds))
        assert len(reading.says) == len(reading.bounds) + 1
        assert reading.of(reading.bounds[0]) == reading.says[1]
        assert reading.of(reading.bounds[0] - 1e-9) == reading.says[0]
        for words in reading.says:
            assert words.strip()
            assert not any(word in words.lower() for word in ("guilty", "fraud", "criminal", "proven"))


def test_the_prior_is_a_distribution_over_the_hypotheses() -> None:
    assert tuple(PRIOR) == HYPOTHESES
    assert sum(PRIOR.values()) == pytest.approx(1)
    assert all(p > 0 for p in PRIOR.values())
    # Nobody is presumed to hide: the innocent explanations weigh more.
    assert sum(PRIOR[name] for name in INNOCENT) > 0.5


def test_typical_rings_are_read_by_the_shipped_classifier_as_what_they_are() -> None:
    made = weigh(
        table(
            {
                "company": {
                    "organisation_share": 1.0, "banned_share": 0.0, "business_network_share": 0.6,
                    "shared_instrument_use": 0.6, "mean_membership": 0.9, "evidence_groups": 5,
                },
                "operator": {
                    "organisation_share": 0.1, "banned_share": 0.5, "mean_membership": 0.7, "evidence_groups": 4,
                    "creation_closeness": 1.5, "instruments_per_payer": 0.3, "shared_instrument_use": 0.8,
                    "business_network_share": 0.0, "education_network_share": 0.0, "reset_share": 0.05,
                },
                "campus": {
                    "education_network_share": 0.7, "organisation_share": 0.9, "shared_instrument_use": 0.05,
                    "instruments_per_payer": 1.0, "banned_share": 0.02, "mean_membership": 0.4,
                },
            }
        ),
        shipped_ring_model(),
    )  # fmt: skip
    assert dict(made.rings.select("ring_id", "hypothesis").iter_rows()) == {
        "company": "organisation", "operator": "single_operator", "campus": "shared_infrastructure",
    }  # fmt: skip

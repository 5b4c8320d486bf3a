"""Answers from outside: what they add to the matrix, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.attribution.answers import ANSWER_ROW, SAYS, answers
from graphattr.attribution.hypotheses import RATIOS, weigh
from graphattr.attribution.rows import STATISTIC
from graphattr.records import HYPOTHESES, MATRIX
from models.rings import shipped_ring_model

MEMBERS = pl.DataFrame(
    {"ring_id": ["r", "r", "s"], "account_id": ["a", "b", "c"], "probability": [1.0, 0.5, 0.8]}
)


def told(
    tmp_path: Path,
    labels: Sequence[tuple[str, str | None, str | None]] = (),
    events: Sequence[tuple[str, str]] = (),
) -> pl.DataFrame:
    schema = ["account_id", "source", "reliability"]
    rows = pl.DataFrame(labels, schema=dict.fromkeys(schema, pl.String), orient="row")
    rows.with_columns(operator=pl.lit("x")).write_parquet(tmp_path / "labels.parquet")
    seen = pl.DataFrame(events, schema={"account_id": pl.String, "event": pl.String}, orient="row")
    seen.write_parquet(tmp_path / "events.parquet")
    return answers(MEMBERS, tmp_path / "labels.parquet", tmp_path / "events.parquet")


def test_every_answer_has_a_chance_under_each_hypothesis() -> None:
    for said, chances in SAYS.values():
        assert said
        assert len(chances) == len(HYPOTHESES)
        assert all(0 < chance < 1 for chance in chances)


def test_an_answer_counts_once_and_as_much_as_its_most_reliable_source(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        [("a", "controlled_purchase", "D"), ("b", "controlled_purchase", "A"), ("b", "abuse report", "A")],
        [("c", "issuer_one_holder"), ("c", "banned")],
    )
    assert found.schema == pl.Schema(MATRIX)
    assert found.select("ring_id", "statistic", "value", "n", "unit").rows() == [
        ("r", "answer_controlled_purchase", 0.5, 2, "accounts"),
        ("s", "answer_issuer_one_holder", 0.4, 1, "accounts"),
    ]
    # P(answer | hypothesis) over its mean, as probable as the source is reliable, else nothing told.
    chances = np.array(SAYS["controlled_purchase"][1])
    expected = np.log10(0.5 * chances / chances.mean() + 0.5)
    assert found.select(RATIOS).row(0) == pytest.approx(expected.tolist(), abs=1e-6)
    assert all("stated guess" in reason for reason in found["reason"])


def test_without_answers_there_are_no_rows(tmp_path: Path) -> None:
    assert told(tmp_path, [("a", None, "A"), ("a", "takedown", None)], [("a", "banned")]).is_empty()
    assert told(tmp_path, [("z", "controlled_purchase", "A")]).is_empty()
    assert answers(MEMBERS, None, None).schema == pl.Schema(MATRIX)


def test_the_matrix_with_answers_sums_to_the_posterior(tmp_path: Path) -> None:
    rows = [("r", "banned_share", 0.4, 2, "accounts"), ("s", "banned_share", 0.0, 1, "accounts")]
    statistics = pl.DataFrame(rows, schema=STATISTIC, orient="row")
    model = shipped_ring_model()
    plain = weigh(statistics, model)
    found = weigh(statistics, model, told(tmp_path, [("a", "controlled_purchase", "A")]))
    assert set(found.matrix["statistic"]) - set(plain.matrix["statistic"]) == {
        ANSWER_ROW + "controlled_purchase"
    }
    for ring, before, after in zip(
        "rs", plain.rings.iter_rows(named=True), found.rings.iter_rows(named=True), strict=True
    ):
        logs = found.matrix.filter(ring_id=ring).select(pl.col(RATIOS).sum()).row(0)
        shares = np.power(10.0, np.array(logs) - max(logs))
        assert [after[f"p_{name}"] for name in HYPOTHESES] == pytest.approx((shares / shares.sum()).tolist())
        assert (after["p_reseller"] > before["p_reseller"]) == (ring == "r")
    assert plain.rings.row(1) == found.rings.row(1)

"""Intervals of link figures, resample by resample."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from graphattr.evaluate.bootstrap import replicates
from graphattr.evaluate.pairs import MAX_SCORES, _coarse, links
from graphattr.evaluate.scores import brier, cllr, cllr_min, ece

ACCOUNTS = pl.DataFrame({"owner": [1, 1, 2, 2, 3, 4], "stratum": ["x", "x", "y", "y", "y", "x"]})
PAIRS = pl.DataFrame(
    {
        "owner_a": [1, 2, 1, 2, 3],
        "owner_b": [1, 2, 2, 3, 4],
        "stratum_a": ["x", "y", "x", "y", "y"],
        "stratum_b": ["x", "y", "y", "y", "x"],
        "probability": [0.9, 0.4, 0.2, 0.6, 0.1],
        "log10_lr": [3.0, 1.0, 0.5, 1.5, -1.0],
        "same": [True, True, False, False, False],
    }
)


@pytest.mark.parametrize(("stratum", "chosen"), [("all", range(5)), ("x", (0, 2, 4)), ("y", (1, 2, 3, 4))])
def test_intervals_weigh_pairs_by_their_controllers(stratum: str, chosen: Sequence[int]) -> None:
    table = PAIRS[list(chosen)]
    lr, probability = table["log10_lr"].to_numpy(), table["probability"].to_numpy()
    true = table["same"].to_numpy()
    got = links(PAIRS, ACCOUNTS, resamples=50, seed=3)[stratum]
    drawn = []
    for weight in replicates(4, 50, seed=3):
        each = np.array(
            [
                weight[a - 1] if same else weight[a - 1] * weight[b - 1]
                for a, b, same in table.select("owner_a", "owner_b", "same").iter_rows()
            ]
        )
        drawn.append(
            (
                cllr(lr, true, each),
                cllr_min(lr, true, each),
                brier(probability, true, each),
                ece(probability, true, each),
            )
        )
    for measure, values in zip(("cllr", "cllr_min", "brier", "ece"), np.array(drawn).T, strict=True):
        low, high = np.nanquantile(values, (0.025, 0.975))
        if high - low > 1e-9:
            assert (got[measure].low, got[measure].high) == pytest.approx((low, high))
        else:
            assert got[measure].low is None


def test_many_scores_are_merged_in_order() -> None:
    lr = np.random.default_rng(0).permutation(10 * MAX_SCORES).astype(float)
    merged = _coarse(lr)
    assert len(set(merged.tolist())) == MAX_SCORES
    assert (np.diff(merged[np.argsort(lr)]) >= 0).all()
    assert _coarse(np.array([2.0, 0.5, 2.0])).tolist() == [1, 0, 1]


def test_no_links_at_all() -> None:
    got = links(PAIRS.clear(), ACCOUNTS, resamples=3, seed=0)
    assert got["all"]["cllr"].value is None
    assert got["all"]["found"].value == 0.0

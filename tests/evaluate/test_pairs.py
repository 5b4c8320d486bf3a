"""Intervals of link figures, resample by resample."""

import numpy as np
import polars as pl
import pytest

from graphattr.evaluate.bootstrap import replicates
from graphattr.evaluate.pairs import links
from graphattr.evaluate.scores import brier, cllr

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


def test_intervals_weigh_pairs_by_their_controllers() -> None:
    lr, probability = PAIRS["log10_lr"].to_numpy(), PAIRS["probability"].to_numpy()
    true = PAIRS["same"].to_numpy()
    got = links(PAIRS, ACCOUNTS, resamples=50, seed=3)["all"]
    drawn = []
    for weight in replicates(4, 50, seed=3):
        each = [
            weight[a - 1] if same else weight[a - 1] * weight[b - 1]
            for a, b, same in PAIRS.select("owner_a", "owner_b", "same").iter_rows()
        ]
        drawn.append((cllr(lr, true, np.array(each)), brier(probability, true, np.array(each))))
    for measure, values in zip(("cllr", "brier"), np.array(drawn).T, strict=True):
        low, high = np.nanquantile(values, (0.025, 0.975))
        assert (got[measure].low, got[measure].high) == pytest.approx((low, high))


def test_no_links_at_all() -> None:
    got = links(PAIRS.clear(), ACCOUNTS, resamples=3, seed=0)
    assert got["all"]["cllr"].value is None
    assert got["all"]["found"].value == 0.0

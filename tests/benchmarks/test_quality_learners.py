"""Splink and boosting on sixty accounts whose crews share cards and devices."""

import numpy as np
import polars as pl
import pytest

from benchmarks.quality import boosting, linkage
from benchmarks.quality.methods import above
from benchmarks.quality.product import Material
from graphattr.evaluate.scores import cllr_min

World = tuple[Material, np.ndarray]


def test_splink_puts_crews_above_strangers_and_comes_out_the_same_twice(crews: World) -> None:
    world, owner = crews
    m = linkage.average([linkage.learn(world, owner)])
    weight = linkage.match_weights(world, m)
    same = owner[world.a] == owner[world.b]
    assert weight.shape == same.shape
    assert weight[same].min() > weight[~same].max()
    assert np.array_equal(weight, linkage.match_weights(world, m))
    found = above(world, weight, float(weight[same].min()))
    assert found[:6].tolist() == [0, 0, 0, 3, 3, 3]
    assert len(np.unique(found)) == 40


def test_splink_without_labels_tells_most_crews_from_strangers(crews: World) -> None:
    world, owner = crews
    same = owner[world.a] == owner[world.b]
    weight = linkage.match_weights(world)
    assert cllr_min(weight, same, np.ones(len(same))) < 0.15


def test_m_is_averaged_and_never_nothing() -> None:
    found = linkage.average([{"ip": [0.0, 0.4, 0.6]}, {"ip": [0.0, 0.6, 0.4], "device": [0.5, 0.5]}])
    assert found["ip"][0] > 0
    assert sum(found["ip"]) == pytest.approx(1)
    assert found["device"] == [0.5, 0.5]


def test_records_have_a_value_of_their_own_where_nobody_shares_it(crews: World) -> None:
    world, _ = crews
    known = {**world.known, "phone": np.arange(60) < 2}
    frame = linkage.records(Material(**{**world.__dict__, "known": known}))
    assert frame["phone"].to_list()[:3] == ["-1", "-2", None]
    assert frame["device_0"].list.len().to_list()[:3] == [1, 1, 1]
    assert frame["ip_3"].list.len().unique().to_list() == [1]


def test_boosting_learns_what_parts_the_pairs(crews: World) -> None:
    world, owner = crews
    same = owner[world.a] == owner[world.b]
    model = boosting.train([(world.features, same)], [(world.features, same)])
    odds = boosting.log_odds(model, world.features)
    assert odds[same].min() > odds[~same].max()
    assert model == boosting.train([(world.features, same)], [(world.features, same)])


def test_a_feature_that_a_world_lacks_is_unknown_and_a_new_one_is_not_seen(crews: World) -> None:
    world, owner = crews
    same = owner[world.a] == owner[world.b]
    model = boosting.train([(world.features, same)], [(world.features, same)])
    other = world.features.select("apart").with_columns(new=pl.lit(1.0))
    full = world.features.with_columns(noise=pl.lit(float("nan"), pl.Float32))
    assert np.array_equal(boosting.log_odds(model, other), boosting.log_odds(model, full))

"""Presets: sizes drawn anew, switches, and worlds that hold what their preset says."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import SettingsError
from graphattr.simulate import MECHANISMS, PRESETS, off, simulate
from graphattr.simulate.mechanisms import HANDS, some
from graphattr.simulate.presets import RING_ODDS, sized


def rings(seed: int) -> int:
    world = sized(PRESETS["small"], seed)
    return sum(int(getattr(world, name)) for name in RING_ODDS)


def test_small_worlds_differ_in_size_and_have_one_to_three_rings() -> None:
    worlds = [sized(PRESETS["small"], seed) for seed in range(60)]
    assert {rings(seed) for seed in range(60)} == {1, 2, 3}
    assert all(400 <= world.accounts <= 700 for world in worlds)
    assert len({world.accounts for world in worlds}) > 40
    assert all({getattr(world, name) for world in worlds} > {0, 1} for name in ("operators", "gateways"))
    assert sized(PRESETS["small"], 5) == worlds[5]
    assert sized(worlds[5], 5) == worlds[5]  # what is settled stays


def test_nothing_is_drawn_for_a_preset_with_fixed_numbers() -> None:
    assert sized(PRESETS["tiny"], 4) == PRESETS["tiny"]


def test_switches_add_up() -> None:
    assert off(off(PRESETS["tiny"], ["tor"]), ["campuses"]).without == {"tor", "campuses"}
    with pytest.raises(SettingsError, match=r"no mechanism 'tort'.*carrier_nat, .*tor, .*biased_labels"):
        off(PRESETS["tiny"], ["tort"])


def test_mechanisms_are_drawn_by_the_seed_and_never_those_that_make_operators() -> None:
    drawn = [some(9, seed) for seed in range(30)]
    assert drawn[3] == some(9, 3)
    assert all(len(set(names)) == 9 for names in drawn)
    assert set().union(*drawn) == MECHANISMS.keys() - set(HANDS)
    assert set(HANDS) < MECHANISMS.keys()
    assert some(0, 1) == []
    with pytest.raises(SettingsError, match="at most 32"):
        some(33, 0)


def test_every_mechanism_is_told_in_one_sentence() -> None:
    for name, each in MECHANISMS.items():
        assert each.name == name
        assert each.what.endswith(".")
        assert ". " not in each.what
        assert each.parameters


def test_an_unknown_family_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no family 'Z'.*A, B"):
        simulate(tmp_path, "tiny", 1, family="Z")


def test_what_is_left_out_is_told_and_gone(tmp_path: Path) -> None:
    got = simulate(tmp_path, "tiny", 1, without=("single_operators", "tor"))
    assert got["without"] == ["single_operators", "tor"]
    assert "single_operator" not in got["kinds"]
    kinds = pl.read_parquet(tmp_path / "signals" / "ips.parquet")["network_kind"]
    assert "tor" not in set(kinds.drop_nulls())


def test_accounts_hands_and_exchanges_come_out_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(
        PRESETS["case"],
        accounts=4_000,
        fraudulent=500,
        exchanges=500_000,
        people=3_000,
        households=60,
        campuses=1,
        campus_size=(60, 80),
        companies=6,
        build_farms=1,
        operators=5,
        operator_size=(10, 90),
        gateways=1,
        storefronts=1,
        queues=1,
        intruders=1,
    )
    monkeypatch.setitem(PRESETS, "few", few)
    simulate(tmp_path, "few", 3)
    truth = pl.read_parquet(tmp_path / "truth.parquet")
    used = pl.read_parquet(tmp_path / "signals" / "usage.parquet").join(truth, on="account_id")
    assert (truth.height, truth["innocent"].sum()) == (4_000, 3_500)
    made = used.filter(~pl.col("innocent"))["requests"].sum()
    assert made == pytest.approx(500_000, rel=0.03)

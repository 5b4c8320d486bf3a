"""Each mechanism can be left out, and leaves no trace then."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from graphattr.simulate.presets import PRESETS
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits
from graphattr.simulate.states.cast import MECHANISM
from graphattr.simulate.states.logs import ips
from graphattr.simulate.states.notices import labels
from graphattr.simulate.states.world import World, raised

SMALL = replace(PRESETS["tiny"], days=14, people=120, operators=3, build_farms=1, build_farm_size=(6, 8))


def mechanism(*names: str) -> Callable[[World], int]:
    codes = [MECHANISM[name] for name in names]
    return lambda world: int(np.isin(world.accounts["mechanism"], codes).sum())


def way(code: int) -> Callable[[World], int]:
    return lambda world: int((world.access["way"][world.spells["access"]] == code).sum())


def sold(world: World) -> int:
    theirs = world.accounts["mechanism"] == MECHANISM["operator"]
    return int(((world.accounts["handed"] >= 0) & theirs).sum())


def skewed(world: World) -> int:
    """Rows of devices that are not stamped with the start of their spell (nothing is lost by then)."""
    frame = ips(replace(world, preset=_without(world, "lost_logs")), 0, world.spells)
    whole = ips(replace(world, preset=_without(world, "lost_logs", "clock_skew")), 0, world.spells)
    return int((frame["observed_at"] != whole["observed_at"]).sum())


def lost(world: World) -> int:
    return (
        ips(replace(world, preset=_without(world, "lost_logs")), 0, world.spells).height
        - ips(world, 0, world.spells).height
    )


def _without(world: World, *names: str) -> object:
    return replace(world.preset, without=world.preset.without | set(names))


def wrong(world: World) -> int:
    frame = labels(world).drop_nulls("operator")
    return int((world.accounts["operator"][frame["account"].to_numpy()] < 0).sum())


def look_alikes(world: World) -> int:
    return int((world.hardware["installed"][world.hardware["genus"] == kits.DESKTOP] == 0).sum())


def held_twice(world: World) -> int:
    mine = world.accounts["controller"][world.accounts["mechanism"] == MECHANISM["person"]]
    return len(mine) - len(np.unique(mine))


TRACES: dict[str, Callable[[World], int]] = {
    "carrier_nat": way(ways.PHONE),
    "lease_recycling": lambda world: int(world.networks["shuffled"].sum()),
    "vpn_exits": way(ways.VPN),
    "residential_proxies": way(ways.PROXY),
    "tor": lambda world: int((world.access["way"] == ways.ONION).sum()),  # few spells: customers count
    "households": mechanism("household"),
    "campuses": mechanism("campus"),
    "companies": mechanism("company", "agency"),
    "build_farms": mechanism("build_farm"),
    "second_accounts": held_twice,
    "single_operators": mechanism("operator", "phone_farm"),
    "gateway_resellers": mechanism("gateway"),
    "storefronts": mechanism("storefront"),
    "contractors": mechanism("contractors", "moonlighting"),
    "compromised": mechanism("compromised"),
    "fingerprint_collisions": look_alikes,
    "card_vendors": lambda world: int((world.wallets["charges"][world.accounts["wallet"]] < 1000).sum()),
    "aged_accounts": sold,
    "key_rotation": lambda world: int((world.accounts["keys"] >= 0).sum()),
    "lost_logs": lost,
    "clock_skew": skewed,
}


@pytest.fixture(scope="module")
def whole() -> World:
    return raised(SMALL, 5)


@pytest.mark.parametrize("name", TRACES)
def test_what_is_left_out_leaves_no_trace(whole: World, name: str) -> None:
    assert TRACES[name](whole) > 0
    assert TRACES[name](raised(replace(SMALL, without=frozenset({name})), 5)) == 0


def test_mistaken_bans_and_noisy_labels() -> None:
    many = replace(SMALL, people=3000, without=frozenset({"clock_skew"}))
    world = raised(many, 5)
    innocent = world.accounts["innocent"] > 0
    assert (world.accounts["banned"][innocent] >= 0).any()
    none = raised(replace(many, without=frozenset({"mistaken_bans"})), 5)
    assert not (none.accounts["banned"][none.accounts["innocent"] > 0] >= 0).any()
    assert wrong(replace(world, preset=replace(many, without=frozenset({"noisy_labels"})))) == 0


def test_a_population_left_out_leaves_the_others_people_as_they_were(whole: World) -> None:
    other = raised(replace(SMALL, without=frozenset({"compromised"})), 5)
    for name in ("person", "household", "operator"):
        one, same = (
            w.accounts["created"][w.accounts["mechanism"] == MECHANISM[name]] for w in (whole, other)
        )
        assert np.array_equal(one, same)
    assert len(whole.accounts["created"]) > len(other.accounts["created"])


def test_sizes_asked_for_are_met() -> None:
    asked = replace(SMALL, accounts=700, fraudulent=90, exchanges=20_000)
    world = raised(asked, 5)
    theirs = world.accounts["innocent"] == 0
    assert len(theirs) == 700
    assert theirs.sum() == 90
    amount = world.spells["amount"][theirs[world.spells["account"]]].sum()
    assert amount == pytest.approx(20_000)

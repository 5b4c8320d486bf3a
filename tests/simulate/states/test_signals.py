"""What is seen of networks, devices and payments, and what is never seen of an operator but by a leak."""

import ipaddress
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from graphattr.simulate.clock import DAY, HOUR, WINDOW_DAY
from graphattr.simulate.draws import Ints, stream
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.states import grid as ways
from graphattr.simulate.states import kits, suppliers
from graphattr.simulate.states.billing import charges, payments
from graphattr.simulate.states.cast import KIND, MACHINE, MECHANISM, RELOAD, Cast
from graphattr.simulate.states.grid import Found, Grid, addresses, lay, rent
from graphattr.simulate.states.parameters import CREWS
from graphattr.simulate.states.registers import virtual
from graphattr.simulate.states.usage import exchanges
from graphattr.simulate.states.world import World, raised

START = WINDOW_DAY * DAY
Tables = dict[str, pl.DataFrame]


def laid() -> tuple[Cast, Grid]:
    cast = Cast(PRESETS["tiny"], 3)
    return cast, lay(cast, 300)


def found(cast: Cast, grid: Grid, access: Ints, at: Ints, host: int = 5) -> Found:
    columns = cast.access.columns(), grid.networks.columns()
    return addresses(grid, *columns, access, np.full(len(access), host), at)


def of_lease(grid: Grid, hours: int) -> int:
    return grid.add(1024, 2, lease=hours * HOUR, stay=0.9, shuffled=1)


def test_a_line_keeps_its_address_for_a_lease_and_then_mostly_its_neighbourhood() -> None:
    cast, grid = laid()
    line = cast.access.add(1, way=ways.LINE, network=of_lease(grid, 24), key=77)
    at = START + HOUR * np.arange(24 * 200)
    low = found(cast, grid, np.repeat(line, len(at)), at).low
    changes = (np.diff(low) != 0).sum()
    assert 190 <= changes <= 200
    leases = low[12::24]
    assert len(set(leases.tolist())) > 80
    assert (leases // 256 == np.bincount(leases // 256).argmax()).mean() > 0.75  # one /24
    assert len(set((leases // 1024).tolist())) == 1  # one region


def test_addresses_come_back_to_neighbours() -> None:
    cast, grid = laid()
    network = of_lease(grid, 24)
    lines = cast.access.add(300, way=ways.LINE, network=network, key=np.arange(300))
    one = found(cast, grid, lines, np.full(300, START)).low
    later = found(cast, grid, lines, np.full(300, START + 9 * DAY)).low
    assert set(one.tolist()) & set(later.tolist())
    assert (one == later).mean() < 0.1


def test_a_rented_exit_is_a_line_in_the_country_asked_for_until_it_rotates() -> None:
    cast, grid = laid()
    home = cast.access.add(50, way=ways.LINE, network=int(grid.isps[4, 0]), key=np.arange(50))
    rent(cast, grid, home)
    slow = cast.access.add(1, way=ways.PROXY, network=0, key=9, sticky=6 * HOUR, wish=4)
    fast = cast.access.add(1, way=ways.PROXY, network=0, key=10, sticky=0, wish=-1)
    at = START + 60 * np.arange(0, 24 * 60)
    held = found(cast, grid, np.repeat(slow, len(at)), at)
    assert held.relay.all()
    assert set(held.country.tolist()) == {4}
    assert (np.diff(held.network * 2**40 + held.low) != 0).sum() < 60
    turning = found(cast, grid, np.repeat(fast, len(at)), at)
    assert len(set(turning.low.tolist())) > 500
    assert len(set(turning.country.tolist())) > 6


def test_phones_of_strangers_share_exits() -> None:
    cast, grid = laid()
    network = grid.add(256, 2, exits=4, lease=5 * HOUR, shuffled=1)
    phones = cast.access.add(200, way=ways.PHONE, network=network, key=np.arange(200))
    assert len(set(found(cast, grid, phones, np.full(200, START)).low.tolist())) == 8


def test_clones_have_one_id_and_browsers_are_updated() -> None:
    cast = Cast(PRESETS["tiny"], 3)
    how, rng = kits.habits(cast), stream(1, "kits")
    image = np.full(6, 1234)
    kits.clones(cast, rng, how, image, np.zeros(6, dtype=np.int64))
    kits.computers(cast, rng, how, np.zeros(200, dtype=np.int64))
    hardware = cast.hardware.columns()
    code, _ = kits.seen(hardware, np.arange(6), np.full(6, START))
    assert len(set(code.tolist())) == 1
    later, _ = kits.seen(hardware, np.arange(6), START + 30 * DAY * np.arange(6))
    assert set(later.tolist()) == set(code.tolist())
    row = np.arange(6, 206)
    early, before = kits.seen(hardware, row, np.full(200, START))
    late, after = kits.seen(hardware, row, np.full(200, START + 60 * DAY))
    evergreen = hardware["browser"][row] != 1
    assert (before != after)[evergreen].all()  # everybody's client has changed
    assert 0.05 < (early == late).mean() < 0.95  # some ids wear out
    assert len(set(early.tolist())) < 200  # popular makes collide


def test_cards_of_a_service_follow_each_other_under_one_range(world: World) -> None:
    cast = Cast(PRESETS["tiny"], 3)
    wallet = virtual(cast, stream(1, "v"), np.zeros(1, np.int64), np.full(1, 2), np.zeros(1, np.int64))
    assert cast.wallets.columns()["charges"][wallet].item() == 2
    virtuals = np.flatnonzero(world.wallets["charges"] < 1000)
    mine = np.isin(world.accounts["wallet"], virtuals)
    assert mine.any()
    account, _, _ = charges(world, stream(1, "charges"))
    assert np.isin(account, np.flatnonzero(mine)).any()
    rows = payments(world).filter(pl.col("account").is_in(np.flatnonzero(mine)), kind="virtual")
    several = rows.group_by("bin").agg(pl.col("instrument_id").n_unique())
    assert several["instrument_id"].max() > 1


def test_balances_are_filled_up_in_the_measure_of_use(world: World) -> None:
    reload = np.flatnonzero(world.accounts["funding"] == RELOAD)
    used = np.bincount(world.spells["account"], world.spells["amount"], len(world.accounts["created"]))
    paid = np.bincount(payments(world)["account"].to_numpy(), minlength=len(used))
    busy = reload[used[reload] > np.quantile(used[reload], 0.8)]
    calm = reload[used[reload] < np.quantile(used[reload], 0.3)]
    assert paid[busy].mean() > paid[calm].mean()


def test_exchanges_set_off_others_and_machines_keep_their_count() -> None:
    n = 400
    columns: dict[str, Any] = {
        "at": START + 10_000 * np.arange(n),
        "seconds": np.full(n, 3600),
        "amount": np.full(n, 10.0),
        "style": np.where(np.arange(n) < n // 2, MACHINE, 0),
    }
    row, at, requests = exchanges(stream(1, "exchanges"), columns)
    total = np.bincount(row, requests, n)
    assert (total[: n // 2] == 10).all()
    assert total[n // 2 :].std() > 2
    gap = np.diff(at)[(np.diff(row) == 0) & (row[1:] >= n // 2)]
    assert gap.std() / gap.mean() > 1.2  # burstier than Poisson
    assert ((at >= columns["at"][row]) & (at < columns["at"][row] + 3600)).all()


def leaks(monkeypatch: pytest.MonkeyPatch, share: float) -> tuple[int, int]:
    """Spells of operators' accounts from a real line, and all of them, without bought accounts."""
    tactics = replace(CREWS, leak=(share, share), phones=0.0, aged=(0.0, 0.0))
    monkeypatch.setattr(suppliers, "CREWS", tactics)
    monkeypatch.setattr(
        suppliers, "_ways", lambda *_: (1.0, 1.0, 1.0, 0.1, 0.0)
    )  # no lines rented for accounts
    world = raised(replace(PRESETS["tiny"], operators=3, operator_size=(40, 60), people=50), 5)
    theirs = world.accounts["mechanism"][world.spells["account"]] == MECHANISM["operator"]
    real = np.isin(world.access["way"][world.spells["access"]], (ways.LINE, ways.NAT, ways.PHONE))
    assert not (theirs & real & (world.spells["style"] == MACHINE)).any()
    return int((theirs & real).sum()), int(theirs.sum())


def test_only_a_leak_shows_an_operators_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert leaks(monkeypatch, 0.0)[0] == 0
    some, of = leaks(monkeypatch, 0.3)
    assert 0 < some < 0.1 * of
    assert CREWS.leak[1] < 0.1


def test_lines_rented_for_accounts_stand_where_they_pretend_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppliers, "CREWS", replace(CREWS, leak=(0.0, 0.0), phones=0.0, aged=(0.0, 0.0)))
    monkeypatch.setattr(suppliers, "_ways", lambda *_: (0.0, 0.0, 0.0, 0.0, 1.0))
    world = raised(replace(PRESETS["tiny"], operators=3, operator_size=(40, 60), people=50), 5)
    account = world.spells["account"]
    theirs = world.accounts["mechanism"][account] == MECHANISM["operator"]
    network = world.access["network"][world.spells["access"]]
    assert theirs.any()
    assert (world.networks["country"][network] == world.accounts["country"][account])[theirs].all()


def test_a_home_shares_its_line(world: World, signals: Tables, truth: pl.DataFrame) -> None:
    homes = signals["ips"].join(truth.filter(pl.col("mechanism") == "household"), on="account_id")
    shared = homes.group_by("ip").agg(pl.col("account_id").n_unique())
    assert (shared["account_id"] > 1).sum() >= 10


def test_victims_show_their_own_device_from_elsewhere(world: World) -> None:
    victims = np.flatnonzero(world.accounts["kind"] == KIND["compromised"])
    spells = pl.DataFrame({name: world.spells[name] for name in ("account", "hardware", "access", "style")})
    stolen = spells.filter(pl.col("account").is_in(victims), style=MACHINE)
    own = spells.filter(pl.col("account").is_in(victims), pl.col("style") != MACHINE)
    both = stolen.join(own, on=["account", "hardware"], suffix="_own")
    assert both.height > 0
    assert (both["access"] != both["access_own"]).mean() > 0.9


def test_addresses_are_nobodys(signals: Tables) -> None:
    reserved = ipaddress.ip_network("240.0.0.0/4"), ipaddress.ip_network("2001:db8::/32")
    some = signals["ips"]["ip"].unique().sort().head(2000).to_list() + signals["ips"]["ip"].unique().to_list()
    assert all(any(ipaddress.ip_address(ip) in net for net in reserved) for ip in some)

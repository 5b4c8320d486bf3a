"""What sessions show: addresses, devices, bans, sales, rented lines."""

from dataclasses import replace

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import CARD_KINDS
from graphattr.simulate.clock import HOUR, MINUTE
from graphattr.simulate.draws import mix
from graphattr.simulate.families import plan_tours
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.text import hashed, named
from graphattr.simulate.tours.devices import device_codes
from graphattr.simulate.tours.networks import origins
from graphattr.simulate.tours.parameters import Bans, Logs, Operators, Ways
from graphattr.simulate.tours.plan import MODES
from graphattr.simulate.tours.providers import KIND
from graphattr.simulate.tours.sessions import Sessions, sessions, stamped
from graphattr.simulate.tours.tables import account_ids
from graphattr.simulate.tours.world import World

Tables = dict[str, pl.DataFrame]


def test_sessions_stay_inside_their_tours(world: World, spells: Sessions) -> None:
    start, end = world.tours["start"][spells.tour], world.tours["end"][spells.tour]
    assert ((spells.at >= start) & (spells.at + spells.seconds <= end)).all()
    assert np.array_equal(spells.account, world.tours["account"][spells.tour])


def test_nothing_happens_between_a_ban_and_a_reinstatement() -> None:
    world = World.of(plan_tours(replace(PRESETS["tiny"], ways=Ways(bans=Bans(mistaken=(0.5, 0.6)))), seed=2))
    spells = sessions(world, 0)
    banned, back = (world.accounts[name][spells.account] for name in ("banned", "reinstated"))
    hit = banned >= 0
    assert hit.any()
    during = hit & (spells.at >= banned) & ((back < 0) | (spells.at < back))
    assert not during.any()
    before = hit & (spells.at < banned)
    assert (spells.at + spells.seconds <= banned)[before].all()


def test_a_wrong_clock_never_stamps_before_the_account_was_opened() -> None:
    ways = Ways(logs=Logs(skewed=(1.0, 1.0), skew_minutes=(30, 40)))
    world = World.of(plan_tours(replace(PRESETS["tiny"], ways=ways), seed=2))
    spells = sessions(world, 0)
    first = np.full(len(world.accounts["created"]), world.plan.window[1])
    np.minimum.at(first, spells.account, spells.at)
    world = replace(world, accounts=world.accounts | {"created": first})  # all at work at once
    at = stamped(world, spells, mix(spells.account))
    off = np.abs(at - spells.at)
    assert (off > 29 * MINUTE).mean() > 0.8
    opened = world.accounts["created"][spells.account]
    assert (at >= opened).all()
    assert (at == opened).sum() > 20  # who would have been
    assert (at < world.plan.window[1]).all()


def test_a_home_shares_its_line(world: World, spells: Sessions) -> None:
    where = origins(world, spells)
    frame = pl.DataFrame(
        {
            "account": spells.account,
            "home": world.drivers["home"][spells.driver],
            "mode": spells.mode,
            "low": where.low,
            "four": where.high == 0,
        }
    ).filter((pl.col("mode") == MODES.index("home")) & pl.col("four"))
    family = frame.filter(pl.Series(world.kinds["mechanism"].gather(frame["account"]) == "household"))
    shared = family.group_by("home", "low").agg(pl.col("account").n_unique())
    assert (shared["account"] > 1).sum() >= 10


def test_rented_exits_are_home_lines_some_of_them_of_account_holders(world: World, spells: Sessions) -> None:
    where = origins(world, spells)
    through = spells.mode == MODES.index("proxy")
    assert through.any()
    assert (world.providers["kind"][where.provider[through]] == KIND["residential"]).all()
    holders = world.drivers["home"][world.tours["driver"]]
    innocent = world.accounts["innocent"][world.tours["account"]]
    for homes, _ in world.plan.rented:
        inside = np.isin(holders, homes)
        assert inside.any()
        assert innocent[inside].all()
        assert not np.isin(homes, holders).all()


def test_every_address_lies_in_its_providers_block(world: World, spells: Sessions) -> None:
    where = origins(world, spells)
    four = where.high == 0
    offset = where.low - world.providers["base"][where.provider]
    assert ((offset >= 0) & (offset < world.providers["size"][where.provider]))[four].all()


def test_masked_accounts_rarely_share_a_device(world: World, spells: Sessions) -> None:
    code, posing = device_codes(world, spells)
    assert posing.any()
    ordinary = posing & (world.drivers["farm"][spells.driver] < 0)
    frame = pl.DataFrame({"code": code[ordinary], "account": spells.account[ordinary]})
    holders = frame.group_by("code").agg(pl.col("account").n_unique())
    assert (holders["account"] == 1).mean() > 0.85


def test_sold_accounts_change_hands() -> None:
    ways = Ways(operators=Operators(bought=(0.5, 0.6)))
    world = World.of(plan_tours(replace(PRESETS["tiny"], operator_size=(30, 40), ways=ways), seed=2))
    spells = sessions(world, 0)
    sold = world.accounts["swap"]
    rows = np.flatnonzero((sold >= 0) & ~world.accounts["innocent"])
    assert len(rows) > 5
    early = spells.at < sold[spells.account]
    both = 0
    for row in rows:
        mine = spells.account == row
        before, after = set(spells.driver[mine & early].tolist()), set(spells.driver[mine & ~early].tolist())
        assert not before & after
        both += bool(before and after)
    assert both > 2


def test_a_card_keeps_what_its_holder_registered(signals: Tables, world: World) -> None:
    own = (
        signals["payments"]
        .group_by("account_id")
        .agg(pl.col("kind").first(), pl.col("instrument_id").first())
    )
    kinds = pl.DataFrame(
        {
            "account_id": account_ids(world),
            "expected": named(world.accounts["card_kind"], CARD_KINDS),
            "instrument_id": hashed(world.accounts["card"], "instrument", world.plan.seed),
        }
    )
    paid = own.join(kinds, on=["account_id", "instrument_id"])
    alone = paid.filter(pl.len().over("instrument_id") == 1)
    assert alone.height > 100
    assert (alone["kind"] == alone["expected"]).mean() > 0.98


def test_events_tell_of_every_ban(world: World, signals: Tables) -> None:
    banned = signals["events"].filter(pl.col("event") == "banned")
    assert banned.height == int((world.accounts["banned"] >= 0).sum())
    appeals = (
        signals["events"].filter(pl.col("event") == "appeal").join(banned, on="account_id", suffix="_ban")
    )
    assert (appeals["observed_at"] > appeals["observed_at_ban"]).all()


def test_labels_name_some_operators_and_verify_some_innocents(signals: Tables, truth: pl.DataFrame) -> None:
    labels = signals["labels"].join(truth, on="account_id", suffix="_true")
    named = labels.filter(pl.col("operator").is_not_null())
    assert 0 < named.height < truth.filter(~pl.col("innocent")).height
    assert set(named["operator"]) <= set(truth["operator"].drop_nulls())
    assert labels.filter(pl.col("operator").is_null())["innocent"].all()


def test_a_rotation_of_keys_is_within_the_hour(world: World) -> None:
    columns = world.accounts
    rotated = (columns["operator"] >= 0) & (columns["control"] >= 0) & (columns["swap"] < 0)
    assert rotated.any()
    for operator in np.unique(columns["operator"][rotated]):
        at = columns["control"][rotated & (columns["operator"] == operator)]
        assert at.max() - at.min() <= HOUR


def test_usage_adds_up_by_hour(signals: dict[str, pl.DataFrame]) -> None:
    usage = signals["usage"].with_columns(hour=pl.col("observed_at").dt.truncate("1h"))
    assert usage.select("account_id", "hour", "model", "template_id").is_unique().all()
    assert usage.filter((pl.col("requests") < 1) | (pl.col("input_tokens") < 1)).is_empty()

"""Every mechanism leaves its trace in a loud world, none when it is off, and the others stay as they were."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from graphattr.simulate.catalogue import CARD_KINDS, MODELS
from graphattr.simulate.clock import HOUR
from graphattr.simulate.draws import mix
from graphattr.simulate.families import POPULATIONS, plan_tours
from graphattr.simulate.mechanisms import MECHANISMS
from graphattr.simulate.presets import PRESETS, Preset, off
from graphattr.simulate.tours.devices import _STOCK, device_codes
from graphattr.simulate.tours.labels import labels, operator_names
from graphattr.simulate.tours.networks import origins
from graphattr.simulate.tours.parameters import Ways
from graphattr.simulate.tours.people import _PACKS, _RENTED_PHONES
from graphattr.simulate.tours.plan import MODES
from graphattr.simulate.tours.sessions import Sessions, sessions, stamped
from graphattr.simulate.tours.switches import RANGES
from graphattr.simulate.tours.usage import usage
from graphattr.simulate.tours.world import World, lost

SEED = 11
_WAYS = Ways()
LOUD = replace(
    PRESETS["tiny"],
    operators=4,
    operator_size=(16, 24),
    build_farms=1,
    build_farm_size=(8, 10),
    ways=replace(
        _WAYS,
        people=replace(_WAYS.people, tor_users=(0.1, 0.1), farm_users=(0.1, 0.1)),
        campuses=replace(_WAYS.campuses, hackathon=(0.6, 0.7)),
        companies=replace(_WAYS.companies, key_rotation=(1.0, 1.0)),
        operators=replace(
            _WAYS.operators,
            tor=(0.5, 1.0),
            cells=(3, 3),
            banned=(0.3, 0.5),
            personas=(0.4, 0.4),
            packs=1.0,
            pack_share=(0.5, 0.5),
            bought=(0.2, 0.3),
            rotates=0.6,
            slow=0.8,
            twins=1.0,
            plants=1.0,
            farm=0.8,
            key_rotation=1.0,
        ),
        bans=replace(_WAYS.bans, mistaken=(0.05, 0.05)),
        labels=replace(_WAYS.labels, labelled=(0.6, 0.6), wrong=(0.5, 0.5)),
        logs=replace(_WAYS.logs, outages=(2, 4), skewed=(0.2, 0.2)),
    ),
)


@cache
def world(without: frozenset[str] = frozenset()) -> World:
    return World.of(plan_tours(off(LOUD, without), SEED))


@cache
def spells(without: frozenset[str]) -> Sessions:
    return sessions(world(without), 0)


Trace = Callable[[World, Sessions], int]


def kind(name: str) -> Trace:
    return lambda w, _: int((w.kinds["mechanism"] == name).sum())


def way(mode: str) -> Trace:
    return lambda _, s: int((s.mode == MODES.index(mode)).sum())


def through(w: World, s: Sessions, mode: str, entity: str) -> pl.DataFrame:
    """IPv4 addresses of people's sessions in one mode with the line or device behind each."""
    where = origins(w, s)
    here = (s.mode == MODES.index(mode)) & (where.high == 0) & (w.drivers["home"][s.driver] >= 0)
    return pl.DataFrame({"ip": where.low[here], "who": w.drivers[entity][s.driver][here]}).unique()


def shared_phones_exits(w: World, s: Sessions) -> int:
    return through(w, s, "mobile", "kit").height - through(w, s, "mobile", "kit")["ip"].n_unique()


def moved_lines(w: World, s: Sessions) -> int:
    pairs = through(w, s, "home", "home")
    return 2 * pairs.height - pairs["ip"].n_unique() - pairs["who"].n_unique()


def afternoon(w: World, _: Sessions) -> int:
    created = np.sort(w.accounts["created"][(w.kinds["mechanism"] == "campus").to_numpy()])
    return int((created[5:] - created[:-5] < 3 * HOUR).sum())


def second(w: World, _: Sessions) -> int:
    person = w.accounts["controller"][(w.kinds["mechanism"] == "person").to_numpy()]
    return len(person) - len(np.unique(person))


def single(w: World) -> np.ndarray:
    return (w.kinds["kind"] == "single_operator").to_numpy()


def prepaid(w: World, _: Sessions) -> int:
    own = single(w) & (w.accounts["swap"] < 0)
    bought = [CARD_KINDS.index("prepaid"), CARD_KINDS.index("virtual")]
    return int(np.isin(w.accounts["card_kind"][own], bought).sum())


def packs(w: World, _: Sessions) -> int:
    on_sale = np.isin(w.tours["pack"], mix(_PACKS, np.arange(1000)))
    return int((on_sale & (w.tours["pack_share"] > 0)).sum())


def cells(w: World, _: Sessions) -> int:
    machine = (w.drivers["home"] < 0)[w.tours["driver"]] & single(w)[w.tours["account"]]
    rows = pl.DataFrame(
        {
            "operator": w.accounts["operator"][w.tours["account"][machine]],
            "servers": w.drivers["servers"][w.tours["driver"][machine]],
        }
    )
    return rows["servers"].n_unique() - rows["operator"].n_unique()


def taken_up(w: World, _: Sessions) -> int:
    tours = pl.DataFrame({name: w.tours[name] for name in ("account", "job", "start", "end")})
    banned = w.accounts["banned"][tours["account"]]
    ended = tours.with_columns(banned=banned).filter(pl.Series(banned) == pl.col("end"))
    after = ended.join(tours, on="job", suffix="_on").filter(pl.col("account") != pl.col("account_on"))
    return after.filter((pl.col("start_on") - pl.col("banned")).is_between(60, HOUR)).height


def chat(w: World, _: Sessions) -> int:
    machine = (w.drivers["home"] < 0)[w.tours["driver"]]
    posing = machine & single(w)[w.tours["account"]] & (w.tours["requests"] == 1.5)
    return int((w.tours["sessions"][posing] > 0).sum())


def rotations(w: World, _: Sessions) -> int:
    victims = (w.kinds["kind"] == "compromised").to_numpy()
    return int(((w.accounts["control"] >= 0) & (w.accounts["swap"] < 0) & ~victims).sum())


def mislabelled(w: World, _: Sessions) -> int:
    said = labels(w)
    return int(said["operator"].drop_nulls().len()) - int(
        (said["operator"] == operator_names(w).gather(said["account"])).sum()
    )


def slow(w: World, _: Sessions) -> int:
    return kind("low_and_slow")(w, _)


#: The trace of each mechanism, and what else must be off for it to be seen.
TRACES: dict[str, tuple[Trace, tuple[str, ...]]] = {
    "carrier_nat": (shared_phones_exits, ()),
    "lease_recycling": (moved_lines, ()),
    "vpn_exits": (way("vpn"), ()),
    "residential_proxies": (way("proxy"), ()),
    "tor": (way("tor"), ()),
    "households": (kind("household"), ()),
    "campuses": (kind("campus"), ()),
    "hackathons": (afternoon, ()),
    "companies": (kind("company"), ()),
    "build_farms": (kind("build_farm"), ()),
    "second_accounts": (second, ()),
    "fingerprint_collisions": (
        lambda w, s: int(np.isin(device_codes(w, s)[0], mix(_STOCK, np.arange(100))).sum()),
        (),
    ),
    "rented_phones": (
        lambda w, _: int(np.isin(w.accounts["phone"], mix(_RENTED_PHONES, np.arange(1000))).sum()),
        (),
    ),
    "card_vendors": (prepaid, ("false_flags",)),
    "aged_accounts": (lambda w, _: int(((w.accounts["swap"] >= 0) & single(w)).sum()), ()),
    "device_farms": (lambda w, _: int((w.drivers["farm"] >= 0).sum()), ()),
    "toolkits": (packs, ()),
    "single_operators": (lambda w, _: int(single(w).sum()), ()),
    "gateway_resellers": (kind("gateway"), ()),
    "storefronts": (kind("storefront"), ()),
    "contractors": (kind("contractors"), ()),
    "compromised": (kind("compromised"), ()),
    "twin_operators": (kind("twin"), ()),
    "compartments": (cells, ("burn_and_rotate",)),
    "burn_and_rotate": (kind("burn_and_rotate"), ("twin_operators", "low_and_slow")),
    "failover": (taken_up, ("release_shock", "burn_and_rotate")),
    "personas": (chat, ()),
    "low_and_slow": (slow, ("twin_operators",)),
    "false_flags": (lambda w, _: int(np.isin(w.tours["pack"], w.tours["job"]).sum()), ()),
    "key_rotation": (rotations, ()),
    "release_shock": (lambda w, s: int((usage(w, s)["model"] == MODELS[2]).sum()), ()),
    "mistaken_bans": (lambda w, _: int((w.accounts["innocent"] & (w.accounts["banned"] >= 0)).sum()), ()),
    "lost_logs": (lambda w, _: len(lost(w.plan, "usage")) + len(lost(w.plan, "ips")), ()),
    "clock_skew": (lambda w, s: int((stamped(w, s, mix(s.account)) != s.at).sum()), ()),
    "noisy_labels": (mislabelled, ()),
    "biased_labels": (lambda w, _: int(w.plan.ways.labels.bias[1]), ()),
}


def test_every_mechanism_of_this_family_has_a_switch_and_a_trace() -> None:
    here = {name for name, each in MECHANISMS.items() if "A" in each.families}
    assert set(TRACES) == here
    own = {"carrier_nat", "lease_recycling", "households"}  # switched where they are made
    assert set(RANGES) | set(POPULATIONS) | own == here


@pytest.mark.parametrize("name", TRACES)
def test_off_it_leaves_no_trace(name: str) -> None:
    trace, besides = TRACES[name]
    with_it, without_it = frozenset(besides), frozenset({name, *besides})
    assert trace(world(with_it), spells(with_it)) > 0
    assert trace(world(without_it), spells(without_it)) == 0


def registered(w: World, mechanism: str, columns: tuple[str, ...]) -> pl.DataFrame:
    rows = (w.kinds[("mechanism" if mechanism == "person" else "kind")] == mechanism).to_numpy()
    return pl.DataFrame({name: w.accounts[name][rows] for name in columns}).sort(columns)


@pytest.mark.parametrize("name", TRACES)
def test_off_it_moves_no_other(name: str) -> None:
    on, without = world(), world(frozenset({name}))
    if name != "second_accounts":
        columns = ("created", "controller", "mailbox", "card", "country")
        assert registered(on, "person", columns).equals(registered(without, "person", columns))
    if name not in {"single_operators", "aged_accounts", "burn_and_rotate"}:
        columns = ("created", "controller", "country")
        assert registered(on, "single_operator", columns).equals(
            registered(without, "single_operator", columns)
        )


def test_every_parameter_that_is_named_exists() -> None:
    sections = {type(value).__name__: value for value in vars(Ways()).values()} | {"Preset": Preset()}
    for each in MECHANISMS.values():
        for parameter in each.parameters:
            section, _, name = parameter.partition(".")
            assert not name or hasattr(sections[section], name), parameter


def test_who_goes_on_after_a_wave_of_bans_has_new_cards_and_servers() -> None:
    only = replace(LOUD.ways.operators, rotates=1.0, twins=0.0, slow=0.0, banned=(0.0, 0.0))
    ways = replace(LOUD.ways, operators=only)
    w = World.of(plan_tours(replace(LOUD, operator_size=(40, 60), ways=ways), SEED))
    rows = np.flatnonzero((w.kinds["mechanism"] == "burn_and_rotate").to_numpy())
    machine = w.drivers["home"][w.tours["driver"]] < 0
    servers = dict(
        zip(
            w.tours["account"][machine].tolist(),
            w.drivers["servers"][w.tours["driver"][machine]].tolist(),
            strict=True,
        )
    )
    for operator in np.unique(w.accounts["operator"][rows]):
        own = rows[w.accounts["operator"][rows] == operator]
        created, banned = w.accounts["created"][own], w.accounts["banned"][own]
        gone = banned >= 0
        assert gone.sum() > 3
        assert np.ptp(banned[gone]) < 36 * HOUR
        later = (created > banned[gone].min()) & ~gone & (w.accounts["swap"][own] < 0)
        assert later.sum() > 3
        assert not set(w.accounts["card"][own[later]]) & set(w.accounts["card"][own[gone]])
        assert not {servers.get(a) for a in own[later]} & {servers.get(a) for a in own[gone]} - {None}


def test_lines_rented_for_accounts_stand_where_they_pretend_to_be() -> None:
    w, s = world(), spells(frozenset())
    where = origins(w, s)
    rented = (w.drivers["home"][s.driver] < 0) & np.isin(s.mode, [MODES.index("home"), MODES.index("mobile")])
    assert rented.sum() > 20
    there = w.providers["country"][where.provider[rented]]
    assert (there == w.accounts["country"][s.account[rented]]).all()
    codes = pl.DataFrame({"line": w.rented, "operator": w.accounts["operator"]}).filter(
        pl.col("operator") >= 0
    )
    assert codes.group_by("line").len()["len"].is_between(1, 4).all()
    assert (codes.group_by("line").agg(pl.col("operator").n_unique())["operator"] == 1).all()

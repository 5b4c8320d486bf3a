"""The adversary suite: what the edits change and cost, and what they leave alone; a run of the smallest ladder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from benchmarks.adversary.__main__ import main
from benchmarks.adversary.camouflage import camouflage
from benchmarks.adversary.injection import BRIDGING, OTHER_SIDE, bridge, inflate
from benchmarks.adversary.ladders import ATTACKS, EACH, split_and_hide
from benchmarks.adversary.outcome import Found, judge, largest_piece, measured
from benchmarks.adversary.page import verdict
from benchmarks.adversary.planting import fly_false_flags, frame, plant
from benchmarks.adversary.results import NOTHING, Result, figure_of, framed_by_one, pooled, reached
from benchmarks.adversary.scene import FREE, OWNED_DOMAIN, VALUES, Cost, Edited, Scene, fresh, rows_of
from benchmarks.adversary.splitting import split
from benchmarks.adversary.worlds import read_scene

SEED = 97_003


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A tiny world with an operator, a rival, a household and a company."""
    found = read_scene("tiny", "A", SEED, tmp_path_factory.mktemp("world"))
    assert found is not None
    assert found.rival
    assert all(found.sites.values())
    return found


def values(tables: dict[str, pl.DataFrame], accounts: tuple[str, ...], kind: str) -> set[str]:
    table, column = VALUES[kind]
    return set(rows_of(tables[table], accounts)[column].drop_nulls())


def everybody(scene: Scene) -> tuple[str, ...]:
    return tuple(scene.tables["accounts"]["account_id"])


ALL = [(rung.attack, rung.strength) for rungs in ATTACKS.values() for rung in rungs]


@pytest.mark.parametrize(("attack", "strength"), ALL)
def test_an_attack_leaves_all_other_accounts_as_they_were(scene: Scene, attack: str, strength: str) -> None:
    rung = next(rung for rung in ATTACKS[attack] if rung.strength == strength)
    edited = rung.edits[-1](scene)
    assert edited is not None
    others = tuple(sorted(set(everybody(scene)) - set(edited.touched)))
    for name, table in scene.tables.items():
        assert rows_of(edited.tables[name], others).equals(rows_of(table, others)), name
        assert edited.tables[name].schema == table.schema
    assert set(edited.touched) <= set(scene.own) | set(scene.innocents)
    changed = any(not edited.tables[name].equals(table) for name, table in scene.tables.items())
    assert changed
    again = rung.edits[-1](scene)
    assert again is not None
    assert all(again.tables[name].equals(table) for name, table in edited.tables.items())
    assert again.cost == edited.cost


@pytest.mark.parametrize("compartments", [2, 4, EACH])
def test_compartments_share_no_value(scene: Scene, compartments: int) -> None:
    edited = split(scene, compartments)
    new = dict.fromkeys(VALUES, 0)
    for kind, (table, column) in VALUES.items():
        before, after = values(scene.tables, scene.own, kind), values(edited.tables, scene.own, kind)
        new[kind] = len(after - before)
        holders = rows_of(edited.tables[table], scene.own).drop_nulls(column)
        if kind == "mail domain":
            holders = holders.filter(pl.col(column).str.ends_with(OWNED_DOMAIN))
        shared = holders.group_by(column).agg(pl.col("account_id").n_unique())["account_id"].max() or 1
        assert shared <= max(1, -(-len(scene.own) // min(compartments, len(scene.own))))  # type: ignore[operator]
        # Who used one value before uses one now: no row is lost.
        assert edited.tables[table][column].null_count() == scene.tables[table][column].null_count()
    assert dict(edited.cost.values) == {
        kind: count for kind, count in new.items() if count and kind not in FREE
    }
    assert edited.cost.made == sum(new[kind] for kind in FREE)
    assert edited.cost.rerouted == len(edited.touched)
    assert edited.cost.opened == 0


def test_more_compartments_cost_more(scene: Scene) -> None:
    costs = [split(scene, count).cost.got for count in (1, 2, 4, 8, EACH)]
    assert costs == sorted(costs)
    assert costs[0] == 0 < costs[1] < costs[-1]


def test_public_mail_domains_stay(scene: Scene) -> None:
    def public(tables: dict[str, pl.DataFrame]) -> list[str]:
        domains = rows_of(tables["accounts"], scene.own)["email_domain"]
        return domains.filter(~domains.str.ends_with(OWNED_DOMAIN)).to_list()

    assert public(split(scene, EACH).tables) == public(scene.tables)
    assert public(scene.tables)


def test_new_values_are_new() -> None:
    made = [fresh("address", "240.0.0.1", cell) for cell in range(2000)]
    assert len(set(made)) == 2000
    assert all(int(address.split(".")[0]) >= 248 for address in made)
    assert fresh("device", "a", 1) != fresh("card", "a", 1)


def test_camouflage_gives_up_the_work_beyond_the_models(scene: Scene) -> None:
    edited = camouflage(scene, 1.0)
    before, after = (rows_of(tables["usage"], scene.own) for tables in (scene.tables, edited.tables))
    share = 1 - float(after["requests"].sum()) / float(before["requests"].sum())
    assert edited.cost.given_up == pytest.approx(max(0.0, share))
    assert after.height < before.height
    assert edited.cost.shifted > 0
    assert edited.cost.got == 0
    working = before["account_id"].n_unique()
    assert edited.cost.rerouted == working == len(edited.touched)
    assert camouflage(scene, 0.5).cost.rerouted == -(-working // 2)
    for kind in VALUES:
        if kind != "template":  # rows that are not made show no template
            assert values(edited.tables, scene.own, kind) == values(scene.tables, scene.own, kind)


def test_a_camouflaged_account_keeps_the_order_of_its_life(scene: Scene) -> None:
    edited = camouflage(scene, 1.0)
    for account in scene.own:
        made = rows_of(edited.tables["accounts"], [account]).row(0, named=True)
        for name in ("payments", "ips", "devices", "usage"):
            old, new = (
                rows_of(tables[name], [account])["observed_at"] for tables in (scene.tables, edited.tables)
            )
            if new.len():
                assert new.min() >= made["created_at"]  # type: ignore[operator]
            if name != "usage":
                assert (new.gather(old.arg_sort()).diff().drop_nulls().dt.total_microseconds() >= 0).all()


def test_splitting_and_camouflage_add_up(scene: Scene) -> None:
    edited = split_and_hide(scene, 2)
    assert dict(edited.cost.values) == dict(sorted(split(scene, 2).cost.values.items()))
    hidden = camouflage(scene, 1.0).cost
    assert (edited.cost.given_up, edited.cost.shifted) == (hidden.given_up, hidden.shifted)


@pytest.mark.parametrize("kinds", [("device",), ("card",), ("device", "address", "template")])
def test_framing_plants_one_value_of_each_kind(scene: Scene, kinds: tuple[str, ...]) -> None:
    edited = frame(scene, kinds, accounts=4)
    assert edited is not None
    assert len(edited.targets) == 4 == edited.cost.rerouted
    assert edited.cost.got == edited.cost.made == 0
    assert set(edited.targets) <= set(scene.innocents)
    for account in edited.targets:
        for kind in kinds:
            # A value that was there before by chance may be planted again.
            new = values(edited.tables, (account,), kind) - values(scene.tables, (account,), kind)
            assert len(new) <= 1
            assert new <= values(scene.tables, scene.own, kind)
    for kind in kinds:
        table, _ = VALUES[kind]
        added = edited.tables[table][scene.tables[table].height :]
        assert set(added["account_id"]) == set(edited.targets)


def test_another_turn_falls_on_another_account(scene: Scene) -> None:
    first, second = (frame(scene, ("card",), turn=turn) for turn in (0, 1))
    assert first is not None
    assert second is not None
    assert len(first.targets) == len(second.targets) == 1
    assert first.targets != second.targets


def test_the_most_shared_value_is_planted_and_only_after_the_account_was_opened() -> None:
    times = pl.datetime_range(
        pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 6), "1d", time_zone="UTC", time_unit="us", eager=True
    )
    tables = {
        "accounts": pl.DataFrame(
            {"account_id": ["a", "b", "v", "late"], "created_at": [*times[[0, 0, 2, 5]]]}
        ),
        "devices": pl.DataFrame(
            {
                "account_id": ["a", "a", "a", "b"],
                "device_id": ["own", "shared", "shared", "shared"],
                "observed_at": [times[4], times[1], times[3], times[3]],
            }
        ),
    }
    after, planted = plant(tables, [("v", "a"), ("late", "a")], ["a", "b"], ("device",))
    assert planted == ["v"]
    assert after["devices"][4:].rows() == [("v", "shared", times[3])]
    assert plant(tables, [("v", "a")], ["a", "b"], ("device",), most=0)[1] == []


def test_false_flags_take_the_rivals_values(scene: Scene) -> None:
    edited = fly_false_flags(scene, ("device",))
    assert edited is not None
    assert edited.targets == scene.rival
    taken = values(edited.tables, scene.own, "device") - values(scene.tables, scene.own, "device")
    assert taken
    assert taken <= values(scene.tables, scene.rival, "device")
    assert edited.cost == Cost(values={"device": len(taken)}, rerouted=len(edited.touched))
    assert fly_false_flags(replace(scene, rival=()), ("device",)) is None


@pytest.mark.parametrize("side", [OTHER_SIDE, "household", "company"])
def test_bridging_accounts_use_values_of_both_sides(scene: Scene, side: str) -> None:
    edited = bridge(scene, side, 3)
    assert edited is not None
    there = scene.rival if side == OTHER_SIDE else scene.sites[side]
    assert edited.targets == there
    new = tuple(sorted(set(edited.tables["accounts"]["account_id"]) - set(everybody(scene))))
    assert len(new) == edited.cost.opened == 3
    assert edited.cost.rerouted == 0
    assert set(edited.cost.values) == set(BRIDGING)
    for kind in BRIDGING:  # those of the other side, and one of its own where it has any
        made = values(edited.tables, new, kind) - values(scene.tables, everybody(scene), kind)
        theirs = values(edited.tables, new, kind) & values(scene.tables, there, kind)
        assert edited.cost.values[kind] == len(made) + len(theirs)
    for kind in BRIDGING:
        held = values(edited.tables, new, kind)
        assert held & values(scene.tables, scene.own, kind)
        assert held & values(scene.tables, there, kind)
    assert not values(edited.tables, new, "card")
    assert bridge(replace(scene, sites={}, rival=()), side, 3) is None


def test_inflated_values_have_as_many_more_holders(scene: Scene) -> None:
    edited = inflate(scene, 10)
    new = set(edited.tables["accounts"]["account_id"]) - set(everybody(scene))
    assert len(new) == 10 == edited.cost.opened
    opened = edited.tables["accounts"].filter(pl.col("account_id").is_in(sorted(new)))
    used = rows_of(scene.tables["usage"], scene.own).drop_nulls("template_id")
    shared = used.filter(pl.col("account_id").n_unique().over("template_id") > 1)
    assert shared.height
    for (template,), rows in shared.group_by("template_id"):
        added = edited.tables["usage"].filter(pl.col("template_id") == template)
        added = added.join(opened.select("account_id", "created_at"), on="account_id")
        assert added.height == added["account_id"].n_unique()
        assert (added["observed_at"] > added["created_at"]).all()
        # Who was there when the value was first used by the operator uses it, however many use it.
        there = opened.filter(pl.col("created_at") < rows["observed_at"].min())
        assert set(there["account_id"]) <= set(added["account_id"])


def test_edited_tables_are_signals_of_which_no_row_is_refused(scene: Scene, tmp_path: Path) -> None:
    hidden = split_and_hide(scene, 4)
    flagged = fly_false_flags(replace(scene, tables=hidden.tables), ("device", "address", "template", "card"))
    assert flagged is not None
    bridged = bridge(replace(scene, tables=flagged.tables), "company", 3)
    assert bridged is not None
    assert judge(bridged.tables, tmp_path / "run").refused == judge(scene.tables, tmp_path / "run").refused


def found(*rings: tuple[str, str, str, bool, str | None], tier: str = "core") -> Found:
    """A run with rings: accounts (one letter each), status, operator."""
    rows = [
        (account, f"ring-{n}", tier, len(accounts), status, name or None, eligible)
        for n, (accounts, status, _, eligible, name) in enumerate(rings)
        for account in accounts
    ]
    schema = ["account_id", "ring_id", "tier", "size", "status", "operator", "eligible"]
    return Found(pl.DataFrame(rows, schema=schema, orient="row", schema_overrides={"operator": pl.String}), 0)


@pytest.fixture
def small() -> Scene:
    """Operator a to d, rival r and s, innocents v to z."""
    return Scene("w", "A", 1, {}, tuple("abcd"), tuple("rs"), "op-r", tuple("vwxyz"), {})


def test_what_became_of_the_accounts_is_measured(small: Scene) -> None:
    before = found(("abcdv", "lead", "", True, None), ("rs", "lead", "", True, "op-r"))
    after = found(("abx", "attributed", "", True, "op-r"), ("cw", "not_attributable", "", False, None))
    edited = Edited({}, Cost(), targets=("v", "w", "x"))
    shares = measured(small, edited, after, before)
    assert largest_piece(after, small.own) == 0.5
    assert shares["largest"] == (0.5, 1.0)
    assert shares["placed"] == (0.5, 1.0)
    assert shares["recall"] == ((2 / 4 + 2 / 4 + 1 / 4 + 1 / 4) / 4, 1.0)
    assert shares["leads"] == shares["attributed"] == shares["eligible"] == shares["named"] == (0.5, 1.0)
    # v stood with the operator before: it was not pulled in.
    assert shares["joined"] == (2.0, 2.0)
    assert shares["core"] == (2.0, 2.0)
    assert shares["joined eligible"] == shares["joined attributed"] == (1.0, 2.0)
    assert shares["bystanders"] == (0.0, 1.0)
    assert measured(small, Edited({}, Cost()), after, before)["bystanders"] == (1.0, 1.0)
    nameless = found(("abcd", "lead", "", True, None))
    assert measured(small, edited, after, nameless)["named"] == (0.0, 0.0)


def result(small: Scene, attack: str, place: int, after: Found, targets: str = "") -> Result:
    before = found(("abcd", "lead", "", True, None))
    shares = measured(small, Edited({}, Cost(), tuple(targets)), after, before)
    return Result("w", ATTACKS[attack][place], Cost(opened=place), shares)


def test_the_least_strength_is_the_first_rung_that_does_it(small: Scene) -> None:
    whole, broken = found(("abcd", "lead", "", True, None)), found(("a", "lead", "", True, None))
    rows = [result(small, "splitting", n, run) for n, run in enumerate((whole, broken, whole, broken))]
    (one,) = reached(rows)
    assert (one.worlds, [first.cost.opened for first in one.first]) == (1, [1])
    (none,) = reached(rows[:1])
    assert (none.worlds, none.first) == (1, [])


def test_tries_of_a_rung_are_added_up(small: Scene) -> None:
    whole, broken = found(("abcdv", "lead", "", True, None)), found(("ab", "lead", "", True, None))
    one = pooled([result(small, "framing", 0, run, "v") for run in (whole, broken)])
    assert one.shares["joined"] == (1.0, 2.0)
    assert one.value("largest") == 0.75
    assert figure_of([one, one], "largest").value == 0.75


def test_an_attributed_account_framed_by_one_value_breaks_the_promise(small: Scene) -> None:
    pulled = found(("abcdv", "attributed", "", True, None))
    lead = found(("abcdv", "lead", "", True, None))
    several = next(n for n, rung in enumerate(ATTACKS["framing"]) if rung.values > 1)
    none = result(small, "splitting", 0, lead)
    kept = [
        replace(none, rung=NOTHING),
        result(small, "framing", 0, lead, "vw"),
        result(small, "framing", several, pulled, "v"),
    ]
    assert framed_by_one(kept) == {
        "framed": 2,
        "joined": 1,
        "core": 1,
        "joined eligible": 1,
        "joined attributed": 0,
    }
    assert verdict(kept).startswith("Holds: of 2 innocent accounts")
    assert "little" in verdict(kept)
    assert verdict([*kept, result(small, "framing", 1, pulled, "v")]).startswith("BROKEN")
    assert verdict(kept[:1]).startswith("Not checked")


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.adversary.worlds.FIRST_SEED", SEED)
    out = tmp_path / "adversary.md"
    asked = [
        "x",
        "--out",
        str(out),
        "--worlds",
        "1",
        "--preset",
        "tiny",
        "--family",
        "A",
        "--attack",
        "bridge to a household",
    ]
    monkeypatch.setattr("sys.argv", asked)
    assert main() == 0
    text = out.read_text(encoding="utf-8")
    assert f"tiny-A-{SEED}" in text
    assert "## Bridge to a household" in text
    assert "bridge to a household: an innocent is pulled in" in text
    assert "Not checked" in text
    assert "## Splitting" not in text


@pytest.mark.parametrize(("attributed", "code"), [(0, 0), (1, 1)])
def test_the_command_fails_where_the_promise_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attributed: int, code: int
) -> None:
    monkeypatch.setattr("sys.argv", ["x", "--out", str(tmp_path / "page.md"), "--worlds", "0"])
    monkeypatch.setattr(
        "benchmarks.adversary.__main__.framed_by_one", lambda _found: {"joined attributed": attributed}
    )
    assert main() == code

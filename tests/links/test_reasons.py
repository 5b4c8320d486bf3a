"""The links and evidence tables say exactly what the scores say."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links.index import Index
from graphattr.links.pieces import candidates
from graphattr.links.reasons import evidence_table, links_table
from graphattr.links.score import Scored, part_of_scored
from graphattr.records import EVIDENCE, GROUPS, LINKS, TABLES
from graphattr.settings import LinkSettings
from links.oracle import World
from links.strategies import entities, worlds
from links.worlds import NO_USES, Held, Value, index_of, occasions_of, profiles_of, scores_of
from models import AdditiveModel, Curve, field_guided_model
from models.additive import Limits

MODEL = field_guided_model()
SETTINGS = LinkSettings()
#: Weights and caps that show where they are left out.
TIGHT = MODEL.model_copy(update={"caps": dict.fromkeys(GROUPS, 0.5)})
#: Pieces of two groups are fitted, of the others not; a class of addresses has no curve either.
FITTED = MODEL.model_copy(
    update={
        "curves": {
            "device": Curve(group="device", knots=(0.0, 3.0), values=(-0.2, 1.5), extend=0.5, pairs=9),
            "ip:vpn": Curve(group="network", knots=(0.0, 2.0), values=(0.1, 0.9), pairs=9),
            "creation": Curve(group="timing", knots=(0.0, 2.0), values=(-0.3, 1.0), pairs=9),
            "volume": Curve(group="behaviour", knots=(0.0, 3.0), values=(-0.04, 0.04), pairs=9),
            "absent:device": Curve(group="device", knots=(0.0,), values=(-0.7,), pairs=9),
        }
    }
)


def made(world: World, model: AdditiveModel, entity: list[int] | None = None) -> tuple[Index, Scored]:
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created or None, volume=world.volume or None,
    )  # fmt: skip
    of = np.arange(world.size) if entity is None else np.array(entity)
    return index, scores_of(index, candidates(index, NO_USES, SETTINGS), of, model, SETTINGS)


@settings(deadline=None, max_examples=30)
@given(worlds(), entities(), st.sampled_from([MODEL, TIGHT, FITTED]), st.sampled_from([0.0, 0.05, 0.3]))
def test_the_tables_agree_with_each_other(
    world: World, entity: list[int], model: AdditiveModel, minimum: float
) -> None:
    index, scored = made(world, model, entity)
    kept = np.flatnonzero(scored.probability >= minimum)
    linked = part_of_scored(scored, kept)
    links = links_table(index, linked, model)
    evidence = evidence_table(index, profiles_of(index), linked, model)
    assert dict(links.schema) == LINKS
    assert dict(evidence.schema) == EVIDENCE
    assert links.height == len(kept)
    assert links.equals(links.sort(TABLES["links"][1]))
    assert evidence.equals(evidence.sort(TABLES["evidence"][1]))
    assert (links["account_a"] < links["account_b"]).all()

    shown = {}
    for row in links.iter_rows(named=True):
        parts = [row[f"log10_lr_{group}"] for group in GROUPS]
        assert row["log10_lr"] == pytest.approx(sum(parts), abs=1e-9)
        odds = row["log10_prior_odds"] + row["log10_lr"]
        assert row["probability"] == pytest.approx(1 / (1 + 10**-odds), rel=1e-9)
        shown[row["account_a"], row["account_b"]] = dict(zip(GROUPS, parts, strict=True))

    by_group: dict[tuple[str, str, str], list[tuple[float, bool]]] = {}
    for row in evidence.iter_rows(named=True):
        key = row["account_a"], row["account_b"], row["group"]
        by_group.setdefault(key, []).append((row["log10_lr"], row["used"]))
    assert {key[:2] for key in by_group} == shown.keys()
    for pair, parts_of in shown.items():
        for group, part in parts_of.items():
            pieces = by_group.get((*pair, group), [])
            used = [ratio for ratio, counts in pieces if counts]
            cap = model.caps[group]
            assert part == pytest.approx(max(-cap, min(cap, sum(used))), abs=1e-6)
            if model is not FITTED:
                assert len(used) == min(len(pieces), 1)
                assert not pieces or used[0] == max(ratio for ratio, _ in pieces)


def test_a_row_of_evidence_points_to_its_signals() -> None:
    value: Value = ("device", "d")
    index, scored = made(World(50, {value: [Held(0, 0), Held(1, 86_400 * 2), Held(7, 0)]}), MODEL)
    row = evidence_table(index, profiles_of(index), scored, MODEL).row(0, named=True)
    assert (row["account_a"], row["account_b"], row["signal"], row["value"]) == (
        "a0000",
        "a0001",
        "device",
        "d",
    )
    assert (row["holders"], row["entities"], row["gap_seconds"]) == (3, 2.0, 172_800.0)
    assert (row["row_a"], row["row_b"]) == (0, 1)
    assert (
        row["reason"]
        == "both accounts hold the same device, held by 3 accounts, 1 of them resolved to others"
    )


def test_reasons_name_what_is_special_about_a_value() -> None:
    wallet: Value = ("instrument", "a0003")
    hub: Value = ("ip", "10.0.0.1")
    listed: Value = ("email_domain", "mail.example")
    index = index_of(
        50,
        {
            wallet: [Held(3, own=True), Held(4, 0)],
            hub: [Held(3, 0), Held(4, 60), Held(5, 9)],
            listed: range(3, 6),
        },
        hubs={hub},
        listed={listed},
        created=[1e7 * n for n in range(3)] + [1e9, 1e9 + 90] + [2e9 + 1e7 * n for n in range(45)],
        volume=[1.0, 2.0] * 25,
    )
    found = candidates(index, occasions_of([(3, hub, 0), (4, hub, 60)]), SETTINGS)
    scored = scores_of(index, found, np.arange(50), MODEL, SETTINGS)
    table = evidence_table(index, profiles_of(index), scored, MODEL).filter(
        (pl.col("account_a") == "a0003") & (pl.col("account_b") == "a0004")
    )
    says = dict(table.select("signal", "reason").iter_rows())
    assert says["instrument"].startswith("one account dealt directly with the other's own instrument")
    assert "used in the same window, in which 2 accounts used it" in says["ip"]
    assert says["email_domain"].endswith("; a list names it as a hub")
    assert says["creation"] == "both accounts were created within 1.5 minutes of each other"
    assert says["volume"] == "both accounts used the service by amounts that differ by a factor of 10"
    kinds = dict(table.select("signal", "kind").iter_rows())
    assert kinds["instrument"] == "own"


def test_of_equal_pieces_the_first_by_signal_and_value_counts() -> None:
    index, scored = made(
        World(50, {("device", "d2"): [Held(0), Held(1)], ("device", "d1"): [Held(0), Held(1)]}), MODEL
    )
    pieces = scored.pieces.copy()
    pieces[:] = 2.0
    same = replace(scored, pieces=pieces)
    rows = evidence_table(index, profiles_of(index), same, MODEL).filter(pl.col("group") == "device")
    assert rows.select("value", "used").rows() == [("d1", True), ("d2", False)]


def test_a_link_has_the_limits_of_its_sum_and_none_where_none_are_known() -> None:
    bounded = MODEL.model_copy(
        update={"limits": Limits(at=(-9.0, 9.0), low=(-10.0, 6.0), high=(-8.0, 9.5), worlds=5)}
    )
    index, scored = made(World(5, {("device", "d"): [Held(0), Held(1), Held(2)]}), bounded)
    links = links_table(index, scored, bounded)
    assert links.height
    assert (links["low"] < links["probability"]).all()
    assert (links["probability"] < links["high"]).all()
    odds = np.log10(links["low"]) - np.log10(1 - links["low"]) - links["log10_prior_odds"]
    expected = np.interp(links["log10_lr"], (-9, 9), (-10, 6))
    np.testing.assert_allclose(odds, expected, atol=1e-9)
    bare = links_table(index, scored, MODEL)
    assert bare["low"].null_count() == bare["high"].null_count() == bare.height


def test_no_links() -> None:
    index, scored = made(World(5, {}), MODEL)
    assert links_table(index, scored, MODEL).height == 0
    assert evidence_table(index, profiles_of(index), scored, MODEL).height == 0


@pytest.mark.parametrize("chunk", [1, 2])
def test_evidence_put_together_in_parts_is_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    holders: dict[Value, list[Held]] = {
        ("device", "d"): [Held(n) for n in range(4)],
        ("email", "e"): [Held(1), Held(2)],
        ("ip", "1"): [Held(0), Held(3)],
    }
    index, scored = made(World(9, holders, created=[3600.0 * n for n in range(9)]), FITTED)
    whole = evidence_table(index, profiles_of(index), scored, FITTED)
    monkeypatch.setattr("graphattr.links.reasons.CHUNK", chunk)
    parts = evidence_table(index, profiles_of(index), scored, FITTED)
    assert parts.equals(whole)
    assert parts.n_chunks() == 1
    assert whole["account_a"].n_unique() > 2


def test_pairs_measured_in_parts_score_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    holders: dict[Value, list[Held]] = {
        ("device", "d"): [Held(n) for n in range(4)],
        ("email", "e"): [Held(1), Held(2)],
        ("instrument", "a"): [Held(3, own=True), Held(5), Held(6)],
    }
    world = World(9, holders, hubs=frozenset({("instrument", "a")}), created=[3600.0 * n for n in range(9)])
    _, whole = made(world, FITTED)
    monkeypatch.setattr("graphattr.links.score.ASIDE", 2)
    monkeypatch.setattr("graphattr.links.pieces.CHUNK", 2)
    _, parts = made(world, FITTED)
    assert parts.candidates.pieces.equals(whole.candidates.pieces)
    assert parts.candidates.pieces["own"].any()
    for name in ("groups", "pieces", "slot", "entities"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))

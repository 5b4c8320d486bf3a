"""Adding up pieces of evidence against plain dictionaries, and what EM makes of calibrated ratios."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links.index import Index
from graphattr.links.pieces import Candidates, candidates
from graphattr.links.score import PARTNERS, Measure, prior_odds, traits, unshared
from graphattr.links.tally import Slots, Tally
from graphattr.records import GROUPS
from graphattr.settings import LinkSettings
from links.worlds import NO_USES, Held, Value, index_of, profiles_of
from models import Curve, field_guided_model

PAIRS = 4


def curve(group: str, *values: float) -> Curve:
    return Curve(group=group, knots=tuple(map(float, range(len(values)))), values=values, pairs=9)


MODEL = field_guided_model().model_copy(
    update={
        "caps": dict.fromkeys(GROUPS, 1.5),
        "curves": {
            "ip:vpn": curve("network", -0.5, 1.0),
            "ip:own": curve("network", 0.0, 0.4),
            "device": curve("device", -0.2, 0.9, 2.0),
            "creation": curve("timing", 0.0, 1.0),
            "absent:device": curve("device", -0.7),
        },
    }
)
SLOTS = Slots.of(MODEL)
FITTED = range(len(GROUPS), len(SLOTS.keys))
ratio = st.integers(-30, 30).map(lambda n: n / 10)
matrix = st.lists(st.lists(ratio, min_size=7, max_size=7), min_size=PAIRS, max_size=PAIRS).map(np.array)
masks = st.one_of(
    st.none(), st.just([False] * PAIRS), st.lists(st.booleans(), min_size=PAIRS, max_size=PAIRS)
)
pieces = st.lists(
    st.tuples(st.integers(0, PAIRS - 1), st.integers(0, len(SLOTS.keys) - 1), ratio, st.booleans()),
    max_size=12,
)


def test_first_a_slot_for_each_group_then_one_for_each_curve_of_shared_values() -> None:
    assert SLOTS.keys == (*[None] * 7, "device", "ip:own", "ip:vpn")
    assert SLOTS.group.tolist() == [
        *range(7),
        *(GROUPS.index(name) for name in ("device", "network", "network")),
    ]


def summed(
    rows: list[tuple[int, int, float, bool]], fixed: Any, likeness: Any, whole: list[bool] | None, keep: bool
) -> list[list[float]]:
    result = []
    for pair in range(PAIRS):
        stays = whole is None or whole[pair]
        best: dict[int, list[float]] = {}
        for of, slot, value, kept in rows:
            if of == pair and (kept or not keep):
                best.setdefault(slot, []).append(value)
        parts = []
        for number, group in enumerate(GROUPS):
            guided = best.get(number, []) + ([likeness[pair][number]] if stays else [])
            total = max([value for value in guided if value > -math.inf], default=0.0)
            total += sum(max(best[slot]) for slot in FITTED if slot in best and SLOTS.group[slot] == number)
            total += fixed[pair][number] if stays else 0.0
            parts.append(min(max(total, -MODEL.caps[group]), MODEL.caps[group]))
        result.append(parts)
    return result


@settings(deadline=None)
@given(pieces, matrix, matrix, masks, st.booleans())
def test_a_tally_equals_dictionaries(
    rows: list[tuple[int, int, float, bool]], fixed: Any, likeness: Any, whole: list[bool] | None, keep: bool
) -> None:
    likeness = np.where(likeness < -1, -np.inf, likeness)
    pair, slot, weight, kept = (np.array([row[n] for row in rows]) for n in range(4))
    tally = Tally(SLOTS, PAIRS, pair.astype(np.int64), slot.astype(np.int64), fixed.copy(), likeness.copy())
    mask = None if whole is None else np.array(whole)
    found = tally.groups(weight.astype(float), kept.astype(bool) if keep else None, mask)
    np.testing.assert_allclose(found, summed(rows, fixed, likeness, whole, keep), atol=1e-12)
    # Asked again it says the same: nothing of the first answer stays behind.
    np.testing.assert_allclose(
        tally.groups(weight.astype(float)), summed(rows, fixed, likeness, None, False), atol=1e-12
    )


@settings(deadline=None)
@given(pieces)
def test_only_the_loss_of_a_leading_piece_changes_anything(rows: list[tuple[int, int, float, bool]]) -> None:
    pair, slot, weight = (np.array([row[n] for row in rows]) for n in range(3))
    none = np.zeros((PAIRS, 7))
    tally = Tally(
        SLOTS, PAIRS, pair.astype(np.int64), slot.astype(np.int64), none, np.full_like(none, -np.inf)
    )
    leading = tally.leading(weight.astype(float))
    best: dict[tuple[int, int], float] = {}
    for of, at, value, _ in rows:
        best[of, at] = max(best.get((of, at), -math.inf), value)
    assert leading.tolist() == [value == best[of, at] for of, at, value, _ in rows]


def slots_of(index: Index, found: Candidates) -> Any:
    """Slot of each piece."""
    return Measure(index, np.arange(index.size), MODEL).slot(found.pieces)


def test_pieces_go_to_the_slot_of_their_class() -> None:
    holders: dict[Value, list[Held]] = {
        ("device", "d"): [Held(0), Held(1)],
        ("email", "e"): [Held(0), Held(1)],
        ("ip", "1"): [Held(0), Held(1)],
        ("ip", "2"): [Held(0), Held(1)],
        ("ip", "3"): [Held(0), Held(1)],
        ("ip", "4"): [Held(0, own=True), Held(1)],
    }
    index = index_of(20, holders, kinds={("ip", "1"): "vpn", ("ip", "2"): "tor", ("ip", "4"): "vpn"})
    found = candidates(index, NO_USES, LinkSettings())
    slot = slots_of(index, found)
    values = [(of["signal"], of["text"]) for of in index.values.rows(named=True)]
    placed = {values[value]: int(at) for value, at in zip(found.pieces["value"], slot, strict=True)}
    keys = {value: SLOTS.keys[at] or GROUPS[at] for value, at in placed.items()}
    assert keys == {
        ("device", "d"): "device",
        ("email", "e"): "identity",
        ("ip", "1"): "ip:vpn",
        ("ip", "2"): "network",
        ("ip", "3"): "network",
        ("ip", "4"): "ip:own",
    }
    # What has a curve counts by it; the rest by the signal's own parameters.
    weight = SLOTS.weigh(slot, np.full(len(slot), 0.5))
    weights = {values[value]: float(w) for value, w in zip(found.pieces["value"], weight, strict=True)}
    assert weights["ip", "1"] == pytest.approx(0.25)
    assert weights["ip", "4"] == pytest.approx(0.2)
    assert weights["device", "d"] == pytest.approx(0.35)
    assert weights["email", "e"] == weights["ip", "2"] == weights["ip", "3"] == 0.5


def test_no_pieces() -> None:
    index = index_of(3, {})
    found = candidates(index, NO_USES, LinkSettings())
    slot = slots_of(index, found)
    assert len(slot) == 0
    none = np.zeros((0, 7))
    tally = Tally(SLOTS, 0, slot, slot, none, none)
    assert tally.groups(np.empty(0)).shape == (0, 7)
    assert len(tally.leading(np.empty(0))) == 0


def test_a_value_that_both_have_and_do_not_share_counts_against() -> None:
    # 0 and 1 share an e-mail and a device, 0 and 2 the e-mail only; 3 has no device.
    email = ("email", "e")
    index = index_of(9, {email: [0, 1, 2, 3], ("device", "d"): [0, 1], ("device", "f"): [2, 8]})
    found = candidates(index, NO_USES, LinkSettings())
    known = profiles_of(index)
    known.has["device"] = np.isin(np.arange(9), [0, 1, 2, 8])
    known.has["phone"] = np.ones(9, dtype=bool)
    rows = unshared(known, found, index, MODEL)
    pairs = {name: [(int(found.a[n]), int(found.b[n])) for n in of] for name, of in rows.items()}
    assert pairs == {"device": [(0, 2), (1, 2)]}
    of_pair = traits(known, found, index, MODEL)
    against = of_pair.fixed[:, GROUPS.index("device")]
    assert [(a, b) for a, b, w in zip(found.a, found.b, against, strict=True) if w] == [(0, 2), (1, 2)]
    assert set(against.tolist()) == {0.0, -0.7}
    assert not of_pair.fixed[:, : GROUPS.index("device")].any()


@pytest.mark.parametrize(("partners", "start"), [(3.0, 0.5), (0.4, 3.0), (12.0, 1.0)])
def test_em_finds_the_share_behind_calibrated_ratios(partners: float, start: float) -> None:
    # Normal scores of unit variance, those of one controller apart by 6: their log ratio is 6 x - 18, in nats.
    accounts = 600
    generator = np.random.default_rng(1)
    same = int(accounts * partners / 2)
    others = accounts * (accounts - 1) // 2 - same
    score = np.concatenate([generator.normal(6, 1, same), generator.normal(0, 1, others)])
    log10_lr = (6 * score - 18) / math.log(10)
    found = 10 ** prior_odds(log10_lr, accounts, start, estimate=True) * (accounts - 1)
    assert found == pytest.approx(partners, rel=0.05)


@given(st.floats(0.02, 90), st.integers(2, 10**6), st.sampled_from([-300.0, 0.0, 300.0]))
def test_the_prior_stays_within_bounds(partners: float, accounts: int, value: float) -> None:
    least, most = (math.log10(n / (accounts - 1)) for n in PARTNERS)
    found = prior_odds(np.full(1000, value), accounts, partners, estimate=True)
    assert least - 1e-6 <= found <= most + 1e-6
    fixed = prior_odds(np.full(1000, value), accounts, partners, estimate=False)
    assert fixed == round(math.log10(partners / (accounts - 1)), 6)
    assert prior_odds(np.empty(0), accounts, partners, estimate=True) == pytest.approx(least, abs=1e-6)

"""The sum behind a link, and the fewest pieces it hangs on, against trying out every set."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from graphattr.evidence.pair_sums import Ledger, Piece, Slot, least_removal, millionths, slots_of

Slots = dict[str, list[list[int]]]

weights = st.integers(-3_000_000, 4_000_000)
slots = st.dictionaries(
    st.sampled_from(["payment", "network", "timing"]),
    st.lists(st.lists(weights, min_size=1, max_size=4), min_size=1, max_size=3),
    max_size=3,
).filter(lambda groups: sum(len(slot) for group in groups.values() for slot in group) <= 10)
caps = st.fixed_dictionaries({}, optional={name: st.integers(1, 5_000_000) for name in ("payment", "timing")})


def total(groups: dict[str, list[list[int]]], limits: dict[str, int]) -> int:
    """The model's sum: the best of each slot, each group cut at its cap."""
    result = 0
    for name, of_group in groups.items():
        value = sum(max(slot) for slot in of_group if slot)
        if name in limits:
            value = max(-limits[name], min(limits[name], value))
        result += value
    return result


def ledger(groups: Slots, prior: int, limits: dict[str, int]) -> Ledger:
    made: dict[str, tuple[Slot, ...]] = {}
    for name, of_group in groups.items():
        made[name] = tuple(
            tuple(
                Piece(name, f"s{n}", f"v{k}", None, weight, k == 0)
                for k, weight in enumerate(sorted(slot, reverse=True))
            )
            for n, slot in enumerate(of_group)
        )
    parts = {name: total({name: of_group}, limits) for name, of_group in groups.items()}
    return Ledger(prior, parts | {"graph": 0}, made, limits)


def left(groups: Slots, removed: Sequence[Piece]) -> Slots:
    """The weights that stay once pieces are removed."""
    gone = {(piece.group, piece.signal, piece.value) for piece in removed}
    return {
        name: [
            [w for k, w in enumerate(sorted(slot, reverse=True)) if (name, f"s{n}", f"v{k}") not in gone]
            for n, slot in enumerate(of_group)
        ]
        for name, of_group in groups.items()
    }


@given(slots, st.integers(-4_000_000, 1_000_000), caps)
def test_the_fewest_pieces_are_those_of_trying_every_set(
    groups: Slots, prior: int, limits: dict[str, int]
) -> None:
    of = ledger(groups, prior, limits)
    pieces = [p for many in of.slots.values() for slot in many for p in slot if p.weight > 0]
    found = least_removal(of)
    for size in range(len(pieces) + 1):
        left_odds = [
            prior + total(left(groups, chosen), limits) for chosen in itertools.combinations(pieces, size)
        ]
        if min(left_odds) < 0:
            assert found is not None
            assert len(found.pieces) == size
            assert found.log_odds == min(left_odds)
            assert prior + total(left(groups, found.pieces), limits) == found.log_odds
            return
    assert found is None


def test_a_weaker_value_takes_the_place_of_a_removed_one() -> None:
    found = least_removal(ledger({"payment": [[2_000_000, 1_900_000, -500_000]]}, -1_000_000, {}))
    assert found is not None
    assert [piece.value for piece in found.pieces] == ["v0", "v1"]
    assert found.log_odds == -1_500_000


def test_what_a_cap_hides_has_to_go_too() -> None:
    groups = {"timing": [[2_000_000], [2_000_000], [2_000_000]]}
    found = least_removal(ledger(groups, -1_000_000, {"timing": 2_000_000}))
    assert found is not None
    assert len(found.pieces) == 3


def test_what_pieces_do_not_account_for_stays() -> None:
    of = Ledger(0, {"graph": 1}, {}, {})
    assert least_removal(of) is None
    piece = Piece("graph", "s", "v", None, 2, used=True)
    of = Ledger(-1, {"graph": 3}, {"graph": ((piece,),)}, {})
    assert of.cut("graph", 0) == 1
    assert least_removal(of) is None


def test_a_pair_below_one_half_needs_no_removal() -> None:
    found = least_removal(ledger({"payment": [[900_000]]}, -1_000_000, {}))
    assert found is not None
    assert found.pieces == ()
    assert found.log_odds == -100_000


def test_slots_follow_from_what_counts() -> None:
    def piece(signal: str, value: str | None, kind: str | None, weight: int, used: bool) -> Piece:
        return Piece("network", signal, value, kind, weight, used)

    vpn, next_vpn = piece("ip", "a", "vpn", 9, True), piece("ip", "b", "vpn", 5, False)
    home = piece("ip", "c", "residential", 3, True)
    school, net = piece("ip", "d", "education", 2, False), piece("ip_prefix", "e", "education", 4, True)
    likeness, other = piece("asn", None, None, 8, True), piece("device", "f", None, 7, False)
    stronger = piece("ip", "g", "residential", 10, False)
    made = slots_of([next_vpn, school, vpn, net, home, likeness, other, stronger])
    assert made["network"] == ((vpn, other, next_vpn), (likeness,), (net, school), (home,))


def test_millionths() -> None:
    assert millionths(0.1 + 0.2) == 300_000
    assert millionths(-1.234567) == -1_234_567
    assert millionths(None) == 0

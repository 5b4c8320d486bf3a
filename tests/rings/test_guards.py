"""Vetoes, and two kinds of evidence across every cut, against slow oracles."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from links.worlds import frame, index_of, names, scored_of

from graphattr.records import GROUPS
from graphattr.rings import guards
from graphattr.rings.guards import (
    FIRM,
    LARGE,
    TELLING,
    Vetoes,
    corroborated,
    firm,
    hanging,
    has_core,
    vetoes,
)

Label = tuple[int, str | None, str | None]


def read(tmp_path: Path, *labels: Label, size: int = 6) -> Vetoes:
    rows = [{"account_id": names(size)[a], "operator": o, "reliability": r} for a, o, r in labels]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    return vetoes(index_of(size, {}), tmp_path / "labels.parquet")


def forbidden(veto: Vetoes) -> list[tuple[int, int]]:
    pairs = list(combinations(range(len(veto.operator)), 2))
    allowed = veto.allowed(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))
    return [pair for pair, fine in zip(pairs, allowed, strict=True) if not fine]


def test_without_labels_nothing_is_ruled_out() -> None:
    assert forbidden(vetoes(index_of(4, {}), None)) == []


def test_an_independent_account_is_linked_to_nobody(tmp_path: Path) -> None:
    veto = read(tmp_path, (2, None, "B"))
    assert forbidden(veto) == [(0, 2), (1, 2), (2, 3), (2, 4), (2, 5)]


def test_accounts_of_two_operators_are_not_linked(tmp_path: Path) -> None:
    veto = read(tmp_path, (0, "x", "A"), (1, "x", "A"), (2, "y", "C"), (3, "z", None))
    assert forbidden(veto) == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize("reliability", ["D", "E", "F"])
def test_an_unreliable_source_rules_nothing_out(tmp_path: Path, reliability: str) -> None:
    assert forbidden(read(tmp_path, (0, None, reliability), (1, "x", reliability), (2, "y", "A"))) == []


def test_an_unreliable_source_does_not_contest_a_reliable_one(tmp_path: Path) -> None:
    assert read(tmp_path, (0, None, "A"), (0, "x", "E")).independent.tolist() == [True] + [False] * 5


def test_where_sources_contradict_each_other_neither_binds(tmp_path: Path) -> None:
    assert forbidden(read(tmp_path, (0, None, "A"), (0, "x", "A"), (1, "y", "A"))) == []


def test_labels_of_accounts_that_are_not_in_the_run_are_passed_over(tmp_path: Path) -> None:
    rows = [{"account_id": "elsewhere", "operator": None, "reliability": "A"}]
    frame("labels", rows).write_parquet(tmp_path / "labels.parquet")
    assert forbidden(vetoes(index_of(3, {}), tmp_path / "labels.parquet")) == []


Groups = dict[tuple[int, int], dict[str, float]]

SIZE = 6
STRONG = {"device": 2.0, "payment": TELLING}
parts = st.sampled_from(
    [STRONG, STRONG, {"network": 4.0}, {"network": TELLING, "device": TELLING - 0.01}, {"device": 2.0}]
)
links = st.dictionaries(st.sampled_from(list(combinations(range(SIZE), 2))), parts, max_size=12)
rings = st.sampled_from([[0] * SIZE, [0, 0, 0, 0, 4, 4]])


def across(one: set[int], two: set[int], of: Groups) -> set[str]:
    """Kinds of evidence that a telling link between the two sets has."""
    return {
        group
        for pair, said in of.items()
        if set(pair) & one and set(pair) & two
        for group, value in said.items()
        if value >= TELLING
    }


def oracle(ring: set[int], of: Groups) -> set[frozenset[int]]:
    """Tries every way to cut the ring in two, and cuts where fewer than two kinds of evidence cross."""
    first, *others = sorted(ring)
    for n in range(len(others)):
        for rest in combinations(others, n):
            one = {first, *rest}
            if len(across(one, ring - one, of)) < 2:
                return oracle(one, of) | oracle(ring - one, of)
    return {frozenset(ring)}


def partition(entity: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(entity == number).tolist()) for number in set(entity.tolist())}


@settings(deadline=None, max_examples=200)
@given(links, rings, st.data())
def test_corroborated_equals_the_oracle(of: Groups, entity: list[int], data: st.DataObject) -> None:
    scored = scored_of(of)
    unused = data.draw(st.sets(st.integers(0, len(of) - 1), max_size=2)) if of else set()
    used = [n for n in range(len(of)) if n not in unused]
    kept = {pair: of[pair] for n, pair in enumerate(sorted(of)) if n in used}
    before = np.array(entity)
    after = corroborated(scored, np.array(used, dtype=np.int64), before)
    sets = [{a for a, e in enumerate(entity) if e == number} for number in set(entity)]
    assert partition(after) == set().union(*(oracle(ring, kept) for ring in sets))
    assert before.tolist() == entity
    for number in set(after.tolist()):
        assert number == np.flatnonzero(after == number).min()


def test_an_account_attached_by_one_kind_of_evidence_is_taken_out() -> None:
    two = {"device": 2.0, "payment": 2.0}
    of = {(0, 1): two, (0, 2): two, (1, 2): two, (2, 3): {"network": 4.0}}
    after = corroborated(scored_of(of), np.arange(4), np.zeros(4, dtype=np.int64))
    assert after.tolist() == [0, 0, 0, 3]


def test_two_kinds_through_two_members_attach() -> None:
    two = {"device": 2.0, "payment": 2.0}
    of = {(0, 1): two, (0, 2): {"network": 2.0}, (1, 2): {"identity": 2.0}}
    assert corroborated(scored_of(of), np.arange(3), np.zeros(3, dtype=np.int64)).tolist() == [0, 0, 0]


def test_who_hung_on_an_account_that_is_taken_out_goes_too() -> None:
    # 3 is held by 4 alone, and 4 by the network alone.
    two = {"device": 2.0, "payment": 2.0}
    of = {(0, 1): two, (1, 4): {"network": 2.0}, (3, 4): {"network": 2.0}, (2, 3): {"device": 2.0}}
    after = corroborated(scored_of(of), np.arange(4), np.zeros(5, dtype=np.int64))
    assert after.tolist() == [0, 0, 2, 3, 4]


def test_what_only_a_removed_account_held_together_falls_apart() -> None:
    two = {"device": 2.0, "payment": 2.0}
    of = {(0, 1): two, (2, 3): two, (0, 4): {"network": 3.0}, (2, 4): {"network": 3.0}}
    after = corroborated(scored_of(of), np.arange(4), np.zeros(5, dtype=np.int64))
    assert after.tolist() == [0, 0, 2, 2, 4]


def test_one_kind_does_not_join_two_rings_however_well_each_holds() -> None:
    two = {"device": 2.0, "payment": 2.0}
    of = {
        (0, 1): two,
        (2, 3): two,
        (0, 2): {"network": 4.0},
        (1, 3): {"network": 4.0},
        (1, 2): {"network": 4.0},
    }
    assert corroborated(scored_of(of), np.arange(5), np.zeros(4, dtype=np.int64)).tolist() == [0, 0, 2, 2]
    of[1, 3] = {"identity": 1.0}
    assert corroborated(scored_of(of), np.arange(5), np.zeros(4, dtype=np.int64)).tolist() == [0] * 4


def clique(size: int, said: dict[str, float]) -> Groups:
    return dict.fromkeys(combinations(range(size), 2), said)


def hang(of: Groups, size: int) -> list[int]:
    entity = np.zeros(size, dtype=np.int64)
    alone = np.zeros(size, dtype=bool)
    return np.flatnonzero(hanging(scored_of(of), np.arange(len(of)), entity, alone)).tolist()


def test_a_member_on_one_kind_and_the_network_alone_hangs() -> None:
    # The prior is -2: without card and network nothing but a likeness of 0.3 below nothing is left.
    two = {"device": 2.0, "payment": 2.0, "graph": 2.0}
    of = clique(LARGE, two) | {(0, LARGE): {"payment": 3.0, "graph": 3.0, "timing": -0.6}}
    assert hang(of, LARGE + 1) == [LARGE]
    # A second kind that tells keeps it there, on another link too.
    assert hang(of | {(1, LARGE): {"device": 1.0, "graph": 1.0}}, LARGE + 1) == []


def test_in_a_small_ring_nobody_hangs() -> None:
    said = {"payment": 3.0, "timing": -0.6}
    assert hang(clique(LARGE - 1, said), LARGE - 1) == []
    assert hang(clique(LARGE, said), LARGE) == list(range(LARGE))


def test_links_to_other_rings_do_not_keep_a_member() -> None:
    of = clique(LARGE, {"payment": 3.0, "timing": -0.6}) | {(0, LARGE): {"device": 3.0, "identity": 3.0}}
    entity = np.array([0] * LARGE + [LARGE])
    found = hanging(scored_of(of), np.arange(len(of)), entity, np.zeros(LARGE + 1, dtype=bool))
    assert np.flatnonzero(found).tolist() == list(range(LARGE))


PRIOR = -2.0


def firmly(of: Groups, entity: list[int]) -> list[int]:
    return np.flatnonzero(firm(scored_of(of), np.arange(len(of)), np.array(entity))).tolist()


def left(said: dict[str, float], kind: str) -> float:
    """log10 odds of a link without a kind and the network."""
    return PRIOR + sum(min(value, 0) if name in (kind, "graph") else value for name, value in said.items())


def piece_of(account: int, ties: dict[int, set[int]]) -> set[int]:
    found, new = {account}, {account}
    while new := {other for one in new for other in ties[one]} - found:
        found |= new
    return found


def firm_oracle(ring: set[int], of: Groups) -> set[int]:
    """Leaves each kind out in turn, and keeps the largest piece that triangles of ties make, until nobody leaves."""
    kept = {one for pair in of if set(pair) <= ring for one in pair}
    while True:
        before = set(kept)
        for kind in (name for name in GROUPS if name != "graph"):
            pairs = {p for p, said in of.items() if set(p) <= kept and left(said, kind) >= FIRM}
            while True:
                ties = {one: {x for pair in pairs if one in pair for x in pair} - {one} for one in kept}
                closed = {(x, y) for x, y in pairs if ties[x] & ties[y]}
                if closed == pairs:
                    break
                pairs = closed
            pieces = {frozenset(piece_of(one, ties)) for one in kept if ties[one]}
            kept = set(max(pieces, key=lambda piece: (len(piece), -min(piece)), default=frozenset()))
        if kept == before:
            return kept


weights = st.sampled_from([0.0, 0.5, 1.0, 2.0, -0.5])
said_of = st.dictionaries(st.sampled_from(["network", "payment", "timing", "graph"]), weights, min_size=1)


@pytest.mark.parametrize("chunk", [guards.CHUNK, 2])
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    of=st.dictionaries(st.sampled_from(list(combinations(range(7), 2))), said_of, max_size=21), data=st.data()
)
def test_firm_equals_the_oracle(
    monkeypatch: pytest.MonkeyPatch, chunk: int, of: Groups, data: st.DataObject
) -> None:
    monkeypatch.setattr(guards, "CHUNK", chunk)
    entity = data.draw(st.sampled_from([[0] * 7, [0, 0, 0, 0, 4, 4, 4]]))
    expected = set()
    for ring in set(entity):
        expected |= firm_oracle({n for n, e in enumerate(entity) if e == ring}, of)
    assert firmly(of, entity) == sorted(expected)


THREE = {"network": 1.0, "device": 1.0, "identity": 1.0}


def test_what_one_planted_value_attaches_is_never_firm() -> None:
    ring = clique(5, THREE)
    # However strong the card and what the network makes of it, and on however many links.
    planted = {(n, 5): {"payment": 9.0, "graph": 3.0} for n in range(5)}
    assert firmly(ring | planted, [0] * 6) == [0, 1, 2, 3, 4]
    # Two that the value was planted on, and who know each other well, are no more firm than one.
    pair = planted | {(n, 6): said for (n, _), said in planted.items()} | {(5, 6): THREE}
    assert firmly(ring | pair, [0] * 7) == [0, 1, 2, 3, 4]


def test_in_a_ring_with_a_core_what_must_be_left_goes_by_the_ring() -> None:
    said = {"payment": 2.0, "network": 2.0, "device": 2.0}
    ring = clique(LARGE, said) | {(n, LARGE): {"payment": 9.0, "timing": 0.6} for n in range(2)}
    entity, links = np.zeros(LARGE + 1, dtype=np.int64), np.arange(len(ring))

    def told(prior: float, at: dict[tuple[int, int], dict[str, float]] = ring) -> tuple[bool, list[int]]:
        scored = replace(scored_of(at), prior=prior)
        cored = has_core(scored, links, entity)
        assert set(cored) <= {cored[0]}
        return bool(cored[0]), np.flatnonzero(hanging(scored, links, entity, cored)).tolist()

    # In a ring of six the prior odds are one in 180 at least: .6 is enough without the card, whatever the run's are.
    assert told(-2.0) == told(-4.9) == (True, [])
    # With prior odds so low that no core is left, all the ring may be chance's.
    assert told(-7.0) == (False, list(range(LARGE + 1)))
    # A core of four is none.
    small = {pair: (said if max(pair) < LARGE - 1 else {"payment": 9.0, "timing": 0.6}) for pair in ring}
    assert told(-4.9, small) == (False, [LARGE - 1, LARGE])


def test_a_likeness_with_one_member_alone_makes_nobody_firm() -> None:
    ring = clique(5, THREE)
    alike = {(n, 5): {"payment": 5.0, "timing": 1.0 if n == 0 else -0.1} for n in range(5)}
    assert 5 not in firmly(ring | alike, [0] * 6)
    alike[1, 5] = {"payment": 5.0, "timing": 1.0}
    assert firmly(ring | alike, [0] * 6) == [0, 1, 2, 3, 4, 5]


def test_where_two_sets_meet_in_single_links_the_larger_is_firm() -> None:
    of = clique(4, THREE) | {(a + 4, b + 4): THREE for a, b in combinations(range(5), 2)}
    meeting = {(0, 4): THREE, (1, 5): THREE, (2, 6): THREE}
    assert firmly(of | meeting, [0] * 9) == [4, 5, 6, 7, 8]
    closed = meeting | {(0, 5): THREE}
    assert firmly(of | closed, [0] * 9) == list(range(9))


def test_of_two_pieces_that_one_kind_joins_the_larger_is_firm() -> None:
    of = clique(3, THREE) | {(a + 3, b + 3): THREE for a, b in combinations(range(4), 2)}
    joined = {(a, b): {"payment": 9.0} for a in range(3) for b in range(3, 7)}
    assert firmly(of | joined, [0] * 7) == [3, 4, 5, 6]

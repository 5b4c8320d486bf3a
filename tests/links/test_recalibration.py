"""What labels say of the model's ratios: little unless many operators object, never that links are stronger."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links.pieces import candidates
from graphattr.links.recalibration import SCALES, TRUST, Labelled, Recalibration, recalibration, tempered
from graphattr.links.score import Scored
from graphattr.settings import LinkSettings
from links.oracle import World
from links.strategies import worlds
from links.worlds import NO_USES, frame, index_of, names, scored_of, scores_of
from models import AdditiveModel, Curve, field_guided_model, shipped_model

Label = tuple[int, str | None, str | None]  # account, operator, reliability
HELD = 4  # labelled accounts of an operator


def labelled(size: int, labels: Sequence[Label], folder: Path) -> Labelled:
    """As a run reads them, where no label contradicts another."""
    rows = [
        {"account_id": names(size)[account], "operator": operator, "reliability": grade}
        for account, operator, grade in labels
    ]
    frame("labels", rows).write_parquet(folder / "labels.parquet")
    operator, independent = np.full(size, -1), np.zeros(size, dtype=bool)
    known = sorted({name for _, name, _ in labels if name is not None})
    for account, name, _ in labels:
        if name is None:
            independent[account] = True
        else:
            operator[account] = known.index(name) + 7
    return Labelled.of(index_of(size, {}), folder / "labels.parquet", operator, independent)


def said(operators: int, inside: float, across: float, grade: str | None = "A") -> Recalibration:
    """Of so many operators with `HELD` accounts, all of whose pairs have one ratio inside and one across."""
    operator = np.repeat(np.arange(operators), HELD)
    pairs = {
        (a, b): {"device": inside if operator[a] == operator[b] else across}
        for a, b in combinations(range(len(operator)), 2)
    }
    trust = np.full(len(operator), TRUST.get(grade or "", 0.0))
    number = operator if trust.all() else np.full(len(operator), -1)
    return recalibration(scored_of(pairs), Labelled(number, np.zeros(len(operator), dtype=bool), trust))


def test_without_labels_nothing_changes() -> None:
    nobody = Labelled.of(index_of(3, {}), None, np.full(3, -1), np.zeros(3, dtype=bool))
    assert recalibration(scored_of({(0, 1): {"device": 3.0}}), nobody) == Recalibration()


def test_many_operators_that_are_linked_to_each_other_scale_the_evidence_down() -> None:
    assert said(20, 3.0, 3.0).scale < 0.8


def test_few_operators_move_it_less_than_many() -> None:
    scales = [said(number, 3.0, 1.0).scale for number in (2, 3, 10, 30)]
    assert scales == sorted(scales, reverse=True)
    assert scales[:3] == [1.0, 0.94, 0.8]
    assert scales[3] < 0.75
    assert 0.85 < said(10, 1.0, 0.3).scale < 0.95  # a mild objection


@pytest.mark.parametrize("across", [-3.0, -1.0])
@pytest.mark.parametrize("inside", [0.3, 1.0, 5.0])
def test_links_are_never_made_stronger(inside: float, across: float) -> None:
    assert said(30, inside, across).scale == 1


@pytest.mark.parametrize("grade", ["D", "E", "F"])
def test_unreliable_labels_say_nothing(grade: str, tmp_path: Path) -> None:
    rows = [(account, f"op{account // 2}", grade) for account in range(8)]
    told = labelled(8, rows, tmp_path)
    assert (told.operator == -1).all()
    pairs = {pair: {"device": 3.0} for pair in combinations(range(8), 2)}
    assert recalibration(scored_of(pairs), told) == Recalibration()


def test_a_better_source_weighs_more_and_an_unstated_one_as_the_least(tmp_path: Path) -> None:
    rows: list[Label] = [(0, "x", "C"), (0, "x", "A"), (1, "x", None), (2, None, "B"), (3, "y", "D")]
    assert labelled(4, rows, tmp_path).trust.tolist() == [0.95, 0.7, 0.85, 0.0]
    assert said(20, 2.0, 0.5, "A").scale + 0.05 < said(20, 2.0, 0.5, "C").scale < 1


def test_a_scale_that_only_one_operator_asks_for_is_not_taken() -> None:
    """Fitted with it the others are served worse, and without it nothing asks for a scale."""
    pairs = {}
    for a, b in combinations(range(16), 2):
        inside = a // 4 == b // 4
        pairs[a, b] = {"device": 0.6 if inside else 4.0 if {a, b} == {0, 4} else -4.0}
    everybody = Labelled(np.arange(16) // 4, np.zeros(16, dtype=bool), np.full(16, 0.95))
    told = recalibration(scored_of(pairs), everybody)
    assert told.cost is not None
    assert told.left_out is not None
    assert told.left_out >= told.cost
    assert told.scale == 1


LABELS = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(["op1", "op2", "op3", "op4", None]),
        st.sampled_from(["A", "B", "C", "D", None]),
    ),
    max_size=12,
    unique_by=lambda label: label[0],
)
RATIOS = st.dictionaries(
    st.sampled_from(list(combinations(range(12), 2))),
    st.floats(-9, 9).map(lambda x: round(x, 2)),
    max_size=40,
)


def scored(ratios: Mapping[tuple[int, int], float]) -> Scored:
    return scored_of({pair: {"device": ratio} for pair, ratio in ratios.items()})


def cost(ratios: Mapping[tuple[int, int], float], labels: Sequence[Label]) -> float:
    """`Recalibration.cost` again, one pair at a time."""
    trust = {a: 0.7 if grade is None else TRUST.get(grade, 0.0) for a, _, grade in labels}
    of = {a: operator for a, operator, _ in labels if trust[a]}
    inside, across = [], []

    def mean(pairs: Sequence[tuple[float, float | None]]) -> float:
        """Of pairs whose labels are right with a probability, and the ratio of what they say; None: no candidate."""
        costs = (
            -math.log2((right / (1 + 10**-ratio) + (1 - right) / 2) / ((1 + right) / 2))
            for right, ratio in pairs
            if ratio is not None
        )
        return sum(costs) / sum(right for right, _ in pairs)

    for name in {operator for operator in of.values() if operator is not None}:
        ours, theirs = [a for a in of if of[a] == name], [a for a in of if of[a] != name]
        if len(ours) > 1:
            pairs = combinations(sorted(ours), 2)
            inside.append(mean([(trust[a] * trust[b], ratios.get((a, b))) for a, b in pairs]))
        if theirs:
            found = [(a, b, ratios.get((min(a, b), max(a, b)))) for a, b in product(ours, theirs)]
            against = [(1 - (1 - trust[a]) * (1 - trust[b]), None if x is None else -x) for a, b, x in found]
            across.append(mean(against))
    return (sum(inside) / len(inside) + sum(across) / len(across)) / 2


@settings(deadline=None)
@given(RATIOS, LABELS)
def test_the_cost_counts_every_operator_the_same(
    tmp_path_factory: pytest.TempPathFactory, ratios: dict[tuple[int, int], float], labels: list[Label]
) -> None:
    told = recalibration(scored(ratios), labelled(12, labels, tmp_path_factory.mktemp("labels")))
    if told.cost is not None:
        assert told.cost == pytest.approx(cost(ratios, labels), abs=1e-6)
    else:
        assert told.scale == 1


@settings(deadline=None)
@given(RATIOS, LABELS, st.randoms(use_true_random=False))
def test_the_order_of_labels_says_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    ratios: dict[tuple[int, int], float],
    labels: list[Label],
    random: Any,
) -> None:
    shuffled = random.sample(labels, len(labels))
    first, second = (
        recalibration(scored(ratios), labelled(12, rows, tmp_path_factory.mktemp("labels")))
        for rows in (labels, shuffled)
    )
    assert first == second


@given(st.floats(5, 300))
def test_a_wrong_label_costs_only_what_its_source_can_carry(ratio: float) -> None:
    """However surely two accounts of one labelled operator are told apart."""
    pairs = {(a, b): {"device": 2.0 if (a < 10) == (b < 10) else -2.0} for a, b in combinations(range(20), 2)}
    told = Labelled(np.arange(20) // 10, np.zeros(20, dtype=bool), np.full(20, 0.85))
    wrong = pairs | {(0, 1): {"device": -ratio}}
    before, after = (recalibration(scored_of(each), told).cost for each in (pairs, wrong))
    assert before is not None
    assert after is not None
    # One of 45 pairs of one of two operators, in one of two halves.
    assert after - before < math.log2((1 + 0.85**2) / (1 - 0.85**2)) / (45 * 0.85**2) / 2 / 2


def curved() -> AdditiveModel:
    """The shipped model with caps that nothing reaches."""
    model = shipped_model()
    return model.model_copy(update={"caps": dict.fromkeys(model.caps, 1e3)})


@settings(max_examples=30, deadline=None)
@given(worlds(), st.sampled_from([0.5, 0.77, 0.9]), st.booleans(), st.booleans())
def test_a_tempered_model_gives_every_piece_and_sum_the_scale(
    world: World, scale: float, fitted: bool, twice: bool
) -> None:
    model = curved() if fitted else field_guided_model().model_copy(update={"caps": curved().caps})
    index = index_of(
        world.size, world.holders, kinds=world.kinds, hubs=world.hubs, listed=world.listed,
        created=world.created or None, volume=world.volume or None,
    )  # fmt: skip
    found = candidates(index, NO_USES, LinkSettings())
    plain, scaled = (
        scores_of(index, found, np.arange(index.size), one, LinkSettings())
        for one in (model, tempered(tempered(model, 0.5), 2 * scale) if twice else tempered(model, scale))
    )
    assert scaled.pieces == pytest.approx(scale * plain.pieces, abs=3e-6)
    assert scaled.groups == pytest.approx(scale * plain.groups, abs=2e-5)


@pytest.mark.parametrize("key", ["device", "ip:vpn", "batch", "absent:ip"])
def test_a_curve_is_scaled_past_its_last_knot_too(key: str) -> None:
    curve = Curve(group="device", knots=(0.0, 1.0, 2.0), values=(-0.5, 0.5, 1.0), extend=0.5, pairs=9)
    model = field_guided_model().model_copy(update={"curves": {key: curve}})
    reads = np.array([-1.0, 0.3, 1.5, 6.0])
    # The curve of a shared value reads a ratio, which has the scale already.
    scaled = tempered(model, 0.5).curves[key].at(0.5 * reads if key in ("device", "ip:vpn") else reads)
    assert scaled == pytest.approx(0.5 * curve.at(reads))


def test_the_limits_of_a_sum_go_with_it() -> None:
    model = shipped_model()
    scaled = tempered(model, 0.8)
    assert model.limits is not None
    assert scaled.limits is not None
    for plain, low, high in zip(model.limits.at, model.limits.low, model.limits.high, strict=True):
        ends = scaled.limits.of(np.array([0.8 * plain]))
        assert ends[0][0] == pytest.approx(min(low, 0.8 * plain))
        assert ends[1][0] == pytest.approx(max(high, 0.8 * plain))


def test_a_model_at_its_own_scale_is_itself() -> None:
    model = shipped_model()
    assert tempered(model, 1.0) is model
    assert SCALES[-1] == 1
    assert tempered(model, 0.9).sha256 != model.sha256

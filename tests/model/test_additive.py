"""The additive model: monotone, capped, and strict about what it is given."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graphattr.records import GROUPS, SIGNAL
from models import AdditiveModel, Curve, ModelError, field_guided_model, load_model

MODEL = field_guided_model()
signal = st.sampled_from(sorted(MODEL.signals))
kind = st.sampled_from([None, "mobile", "residential", "tor", "own", "prepaid", "of no class"])


def chance(name: str, kind: str | None, others: float, accounts: int, hub: bool = False) -> float:
    return float(MODEL.chance(name, [kind], np.array([hub]), np.array([others]), accounts)[0])


def ratio(name: str, chance: float, gap: float = 0.0, kind: str | None = None) -> float:
    return float(MODEL.shared_value(name, [kind], np.array([chance]), np.array([gap]))[0])


def likeness(name: str, rank: float) -> float:
    return float(MODEL.likeness_ratio(name, np.array([rank]))[0])


def test_chance_is_the_formula_of_the_method() -> None:
    p = MODEL.signals["ip"].kinds["mobile"]
    assert chance("ip", "mobile", 4, 1001) == pytest.approx((1 - p.floor) * (4 + p.eta) / 1000 + p.floor)
    base = MODEL.signals["ip"]
    assert chance("ip", "of no class", 4, 1001) == pytest.approx(
        (1 - base.floor) * (4 + base.eta) / 1000 + base.floor
    )


def test_each_value_is_read_by_its_own_class() -> None:
    kinds = ["mobile", None, "residential", "mobile"]
    together = MODEL.chance("ip", kinds, np.array([False, False, True, True]), np.full(4, 2.0), 500)
    hubs = (False, False, True, True)
    assert together.tolist() == [chance("ip", k, 2, 500, hub) for k, hub in zip(kinds, hubs, strict=True)]


@given(signal, kind, st.integers(0, 1000), st.integers(1, 1000), st.integers(2, 10**7), st.booleans())
def test_more_other_holders_are_more_chance(
    name: str, kind: str | None, others: int, more: int, accounts: int, hub: bool
) -> None:
    few, many = (chance(name, kind, n, accounts, hub) for n in (others, others + more))
    assert 0 < few <= many <= 1
    assert few < many or many == 1
    assert chance(name, kind, others, accounts, True) >= chance(name, kind, others, accounts, False)


@given(signal, kind, st.integers(0, 50))
def test_the_floor_stays_however_large_the_run(name: str, kind: str | None, others: int) -> None:
    p = MODEL.signals[name]
    floor = p.kinds.get(kind or "", p).floor
    assert chance(name, kind, others, 10**15) == pytest.approx(max(floor, 1e-12), rel=1e-3)


@given(signal, kind, st.floats(1e-9, 1), st.floats(1.01, 100), st.floats(0, 4000), st.floats(0, 4000))
def test_a_likelier_coincidence_and_a_longer_gap_tell_less(
    name: str, kind: str | None, rare: float, factor: float, gap: float, longer: float
) -> None:
    common = min(rare * factor, 1.0)
    assert ratio(name, rare, gap, kind) >= ratio(name, common, gap, kind)
    assert ratio(name, rare, gap, kind) - ratio(name, common, gap, kind) == pytest.approx(
        np.log10(common / rare)
    )
    assert ratio(name, rare, gap + longer, kind) <= ratio(name, rare, gap, kind)


@given(signal)
def test_time_halves_the_support_and_takes_no_more_than_nine_tenths(name: str) -> None:
    half = MODEL.signals[name].half_life_days
    fresh = ratio(name, 0.01)
    assert fresh == pytest.approx(np.log10(MODEL.signals[name].m / 0.01))
    assert fresh - ratio(name, 0.01, half) == pytest.approx(np.log10(2))
    assert fresh - ratio(name, 0.01, 1e9) == pytest.approx(1)
    assert ratio(name, 0.01, np.nan) == fresh


def test_a_chance_above_one_counts_as_one() -> None:
    assert ratio("ip", 7.0) == ratio("ip", 1.0) == pytest.approx(np.log10(0.3))


@given(st.sampled_from(sorted(MODEL.likeness)), st.floats(0, 1), st.floats(0, 1))
def test_a_closer_rank_tells_more(name: str, one: float, two: float) -> None:
    near, far = sorted((one, two))
    assert likeness(name, near) >= likeness(name, far)
    assert likeness(name, 0) > 1
    assert likeness(name, 1) < 0


@pytest.mark.parametrize("name", sorted(MODEL.likeness))
def test_the_likeness_density_is_one(name: str) -> None:
    # P(rank | one controller) / P(rank | two) integrates to 1 over the uniform rank; a fine log grid.
    edges = np.concatenate([[0.0], np.geomspace(1e-9, 1, 200_001)])
    middle = (edges[1:] + edges[:-1]) / 2
    assert (10 ** MODEL.likeness_ratio(name, middle) * np.diff(edges)).sum() == pytest.approx(1, abs=1e-3)


def test_an_unknown_rank_tells_nothing() -> None:
    assert likeness("volume", float("nan")) == 0


KNOTS = st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=1, max_size=6, unique=True).map(sorted)


def curve(
    knots: list[float], rises: list[float], extend: float = 0.0, usual: tuple[float, ...] = ()
) -> Curve:
    values = np.cumsum(rises[: len(knots)])
    return Curve(
        group="device", knots=tuple(knots), values=tuple(values), extend=extend, pairs=1, usual=usual
    )


@given(
    KNOTS,
    st.lists(st.floats(0, 3), min_size=6, max_size=6),
    st.floats(0, 1),
    st.floats(-9, 9),
    st.floats(-9, 9),
)
def test_a_curve_is_monotone_and_level_outside_but_for_its_slope(
    knots: list[float], rises: list[float], extend: float, one: float, two: float
) -> None:
    made = curve(knots, rises, extend)
    low, high = made.at(np.array(sorted((one, two))))
    assert low <= high + 1e-9
    ends = made.at(np.array([knots[0] - 100, knots[0], knots[-1], knots[-1] + 2, np.nan]))
    assert ends[0] == ends[1] == pytest.approx(made.values[0])
    assert ends[3] - ends[2] == pytest.approx(2 * extend)
    assert ends[4] == 0


def test_a_curve_goes_through_its_knots() -> None:
    made = curve([0, 1, 3], [-1, 2, 3])
    np.testing.assert_allclose(made.at(np.array([0, 0.5, 1, 2, 3])), [-1, 0, 1, 2.5, 4])


@pytest.mark.parametrize(
    ("knots", "values"), [((0.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (1.0, 0.0)), ((0.0, 1.0), (1.0,))]
)
def test_a_curve_that_falls_or_does_not_fit_is_refused(
    knots: tuple[float, ...], values: tuple[float, ...]
) -> None:
    with pytest.raises(ValidationError):
        Curve(group="device", knots=knots, values=values, pairs=1)


def test_drift_is_none_among_like_values_and_large_among_others() -> None:
    generator = np.random.default_rng(0)
    usual = tuple(np.quantile(generator.random(50_000), np.arange(1, 10) / 10))
    made = curve([0, 1], [0, 1], usual=usual)
    assert made.drift(generator.random(20_000)) < 0.01
    assert made.drift(generator.random(20_000) / 2) > 0.25
    assert made.drift(np.zeros(1000)) > 2
    assert np.isnan(made.drift(np.array([np.nan])))
    # Mass on one value in the training is no drift where it is there again.
    heap = curve([0, 1], [0, 1], usual=(0.0,) * 6 + (0.4, 0.6, 0.9))
    assert heap.drift(np.repeat([0.0, 0.3, 0.5, 0.7, 1.0], [6, 1, 1, 1, 1])) < 0.01


def test_a_value_is_looked_up_by_its_class_first() -> None:
    made = MODEL.model_copy(
        update={"curves": {key: curve([0], [1]) for key in ("ip:vpn", "ip:none", "device")}}
    )
    assert made.key("ip", "vpn") == "ip:vpn"
    assert made.key("ip", None) == "ip:none"
    assert made.key("ip", "tor") == "ip:none"  # a class that no training saw is one that is not known
    assert made.key("ip", "own") is None
    assert made.restricted({"ip:vpn"}).key("ip", "tor") is None
    assert made.key("device", "anything") == made.key("device", None) == "device"
    assert set(made.restricted({"device", "phone"}).curves) == {"device"}


@pytest.mark.parametrize("call", ["chance", "shared_value"])
def test_an_unknown_signal_is_an_error_that_names_it(call: str) -> None:
    with pytest.raises(ModelError, match="'field-guided-1' has no signal 'shoe size'"):
        chance("shoe size", None, 1, 10) if call == "chance" else ratio("shoe size", 0.1)


def test_the_field_guided_model_covers_what_the_records_name() -> None:
    assert set(SIGNAL) == set(MODEL.signals)
    assert set(GROUPS) == set(MODEL.caps)
    assert set(MODEL.likeness) == {"creation", "volume"}
    assert {p.group for p in MODEL.likeness.values()} <= set(GROUPS)
    assert not MODEL.trained


def document() -> dict[str, Any]:
    return json.loads(MODEL.model_dump_json())


def turned(of: Any) -> Any:
    return {key: turned(of[key]) for key in reversed(list(of))} if isinstance(of, dict) else of


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "model.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_digest_is_of_the_parameters_and_not_of_the_file(tmp_path: Path) -> None:
    again = load_model(written(tmp_path, json.dumps(turned(document()), indent=7)))
    assert again == MODEL
    assert again.sha256 == MODEL.sha256
    assert len(MODEL.sha256) == 64
    other = document()
    other["signals"]["ip"]["kinds"]["tor"]["eta"] += 1e-9
    assert AdditiveModel.model_validate(other).sha256 != MODEL.sha256


def changed(*path: str, to: Any) -> str:
    of = document()
    inner = of
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return json.dumps(of)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not a model file"),
        (b"\xff\xfe\x00", "is not a model file"),
        ("[]", "model"),
        ("{}", "name: Field required"),
        (changed("extra", to=1), "extra: Extra inputs"),
        (changed("hub", "m", to=0), "hub.m: Input should be greater than 0"),
        (changed("signals", "ip", "m", to=1.0), "signals.ip.m: Input should be less than 1"),
        (changed("signals", "ip", "kinds", "tor", "eta", to=-1), "signals.ip.kinds.tor.eta"),
        (changed("signals", "ip", "half_life_days", to=0), "signals.ip.half_life_days"),
        (changed("likeness", "volume", "nearest", to=2), "likeness.volume.nearest"),
        (changed("caps", "network", to="much"), "caps.network"),
        (changed("caps", "network", to=-1), "caps.network"),
        (changed("caps", "network", to=float("nan")), "caps.network"),
        (changed("caps", "network", to=float("inf")), "caps.network"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said.replace(".", r"\.")):
        load_model(written(tmp_path, text))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model file .*No such file"):
        load_model(tmp_path / "none.json")

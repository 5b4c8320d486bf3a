"""Profiles of single accounts: what each field holds, from rows that can be counted by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphattr.links.holdings import holdings
from graphattr.links.index import build_index
from graphattr.links.profiles import COMMON, Profiles, profiles
from graphattr.settings import LinkSettings
from links.worlds import DAY, accounts, at, names, write

IDS = names(4)
ONE, TWO, THREE, NONE = IDS


def seen(folder: Path, timeless: frozenset[str] = frozenset(), **tables: list[dict[str, Any]]) -> Profiles:
    paths = write(folder, **{"accounts": accounts(*IDS), **tables})
    held = folder / "holdings.parquet"
    holdings(paths, timeless).sort("account_id", "signal", "value").collect().write_parquet(held)
    return profiles(build_index(paths, held, None, LinkSettings()), paths, timeless, held)


def use(account: str, second: int, **columns: Any) -> dict[str, Any]:
    return {"account_id": account, "observed_at": at(second), **columns}


def test_first_and_last_use_and_hours(tmp_path: Path) -> None:
    # T0 is a Thursday at midnight: 50 hours on is a Saturday at two.
    found = seen(tmp_path, usage=[use(ONE, 60), use(ONE, 120), use(ONE, 50 * 3600), use(TWO, 3600)])
    t0 = at(0).timestamp()
    np.testing.assert_array_equal(found.first - t0, [60, 3600, np.nan, np.nan])
    np.testing.assert_array_equal(found.last - t0, [50 * 3600, 3600, np.nan, np.nan])
    assert found.slots is not None
    assert found.slots.shape == (4, 51)
    assert found.slots.toarray().nonzero()[1].tolist() == [0, 50, 1]
    assert found.hours.sum(axis=1).tolist() == [2, 1, 0, 0]
    assert found.hours[0, [0, 2]].tolist() == [1, 1]
    np.testing.assert_allclose(found.figures["pace"], [math.log10(3 / 2), 0, np.nan, np.nan])
    # Classes: midnight and one on weekdays, two at weekends.
    assert found.shapes["hours"].direction.shape == (4, 3)


def test_sizes_are_a_request_and_of_known_tokens_only(tmp_path: Path) -> None:
    usage = [
        use(ONE, 0, requests=8, input_tokens=399, output_tokens=None),
        use(ONE, 9, requests=2, input_tokens=600),
        use(TWO, 0, requests=5),
        use(THREE, 0, requests=0, input_tokens=9),
    ]
    found = seen(tmp_path, usage=usage)
    np.testing.assert_allclose(found.figures["in_tokens"], [2, np.nan, 1, np.nan])
    assert np.isnan(found.figures["out_tokens"]).all()
    np.testing.assert_allclose(found.figures["batch"], [math.log10(5), math.log10(5), 0, np.nan])


def test_shapes_are_shrunk_deviations_of_unit_length(tmp_path: Path) -> None:
    usage = [use(ONE, n, model="m1") for n in range(30)] + [use(TWO, n, model="m2") for n in range(30)]
    found = seen(tmp_path, usage=[*usage, use(THREE, 0, model="m2"), use(NONE, 0)]).shapes["model"]
    average = np.array([30, 31]) / 61
    shares = (np.array([30, 0]) + 10 * average) / 40
    deviation = np.sqrt(shares) - np.sqrt(average)
    assert found.strength[0] == pytest.approx(np.linalg.norm(deviation))
    np.testing.assert_allclose(found.direction[0], deviation / np.linalg.norm(deviation), rtol=1e-6)
    # One row says little, and rows without the column nothing.
    assert found.strength[2] < found.strength[1] / 5
    assert np.isnan(found.strength[3])
    np.testing.assert_allclose(np.linalg.norm(found.direction[:3], axis=1), 1, rtol=1e-6)


def test_a_thousand_rows_are_no_more_telling_than_a_hundred(tmp_path: Path) -> None:
    def strength(folder: str, n: int) -> float:
        (tmp_path / folder).mkdir()
        usage = [use(ONE, i, model="m1") for i in range(n)] + [use(TWO, i, model="m2") for i in range(100)]
        return float(seen(tmp_path / folder, usage=usage).shapes["model"].strength[0])

    assert strength("a", 1000) == pytest.approx(strength("b", 100))


def test_templates_weigh_by_rarity(tmp_path: Path) -> None:
    usage = [use(ONE, 0, template_id="rare"), use(ONE, 1, template_id="rare")]
    usage += [use(a, 0, template_id="common") for a in (ONE, TWO, THREE)]
    found = seen(tmp_path, usage=usage).templates
    assert found is not None
    rows = found.toarray()  # columns: common, rare
    weights = np.array([math.log(2) * math.log(4 / 3), math.log(3) * math.log(4)])
    np.testing.assert_allclose(rows[0], weights / np.linalg.norm(weights))
    np.testing.assert_allclose(rows[1:], [[1, 0], [1, 0], [0, 0]])


def test_traits_are_rarities_and_common_ones_are_left_out(tmp_path: Path) -> None:
    addresses = [use(a, 0, ip="10.0.0.1", asn=7) for a in (ONE, TWO, THREE)] + [
        use(ONE, 1, ip="10.0.0.2", asn=8)
    ]
    found = seen(tmp_path, ips=addresses)
    assert COMMON < 3 / 4
    assert found.traits["asn"].toarray().tolist() == [[-math.log10(1 / 4)], [0], [0], [0]]
    assert found.traited["asn"].tolist() == [True, True, True, False]
    # No country is known: no trait, and nobody has any.
    assert not found.traits["address_country"].toarray().any()
    assert not found.traited["address_country"].any()


def test_a_client_is_all_that_is_known_of_it(tmp_path: Path) -> None:
    devices = [
        use(ONE, 0, device_id="x", os="linux", language="de"),
        use(TWO, 0, device_id="y", os="linux", language="de", utc_offset_minutes=60),
        use(THREE, 0, device_id="z", os="linux", language="de"),
    ]
    found = seen(tmp_path, devices=devices)
    client = found.traits["client"].toarray()
    assert ((client[0] > 0) == (client[2] > 0)).all()
    assert not ((client[0] > 0) & (client[1] > 0)).any()
    assert found.traited["client"].tolist() == [True, True, True, False]


def test_acts_are_kept_by_kind_and_time_and_bans_are_none(tmp_path: Path) -> None:
    events = [
        use(TWO, 50, event="key_created"), use(ONE, 20, event="key_created"), use(ONE, 90, event="key_created"),
        use(ONE, 10, event="banned"), use(TWO, 20, event="email_changed"),
    ]  # fmt: skip
    found = seen(tmp_path, events=events).acts
    assert set(found) == {"key_created", "email_changed"}
    account, second = found["key_created"]
    assert account.tolist() == [0, 1, 0]
    assert (second - at(0).timestamp()).tolist() == [20, 50, 90]


def test_has_tells_who_holds_any_value(tmp_path: Path) -> None:
    payments = [use(ONE, 0, instrument_id="i1"), use(TWO, DAY, instrument_id="i2")]
    found = seen(tmp_path, payments=payments, ips=[use(TWO, 0, ip="10.0.0.1")]).has
    assert {name: of.tolist() for name, of in found.items()} == {
        "instrument": [True, True, False, False],
        "ip": [False, True, False, False],
    }


def test_without_times_there_are_no_hours_and_acts(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        frozenset({"usage", "events"}),
        usage=[{"account_id": ONE, "requests": 3, "model": "m"}],
        events=[{"account_id": ONE, "event": "key_created"}],
    )
    assert found.slots is None
    assert found.acts == {}
    assert set(found.shapes) == {"model", "capability"}
    assert "pace" not in found.figures
    assert np.isnan(found.first).all()
    assert found.figures["batch"][0] == pytest.approx(math.log10(3))


def test_saturday_and_sunday_are_the_weekend(tmp_path: Path) -> None:
    two = [24 * 3600 * day + 2 * 3600 for day in range(4)]  # at two on Thursday, Friday, Saturday and Sunday
    usage = [use(ONE, two[0]), use(ONE, two[1]), use(TWO, two[2]), use(TWO, two[3])]
    found = seen(tmp_path, usage=usage).shapes["hours"]
    assert found.direction.shape == (4, 2)
    assert found.strength[0] == pytest.approx(found.strength[1])
    np.testing.assert_allclose(found.direction[0], found.direction[1][::-1], atol=1e-6)

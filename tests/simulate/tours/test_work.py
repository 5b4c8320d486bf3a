"""Work spread over accounts: campaigns, bans, fail-over; and grouped registration."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.clock import DAY, MINUTE
from graphattr.simulate.draws import stream
from graphattr.simulate.presets import PRESETS
from graphattr.simulate.tours.fronts import groups, opened
from graphattr.simulate.tours.plan import Plan
from graphattr.simulate.tours.work import bans, campaigns, failed_over, jobs


def plan() -> Plan:
    return Plan(PRESETS["tiny"], 1)


def work(**columns: Any) -> dict[str, Any]:
    return {name: np.asarray(values) for name, values in columns.items()}


def test_work_of_a_banned_account_goes_on_elsewhere_within_the_hour() -> None:
    before = work(
        account=[0, 1], driver=[4, 5], start=[0, 0], end=[10 * DAY, 10 * DAY], rate=[1.0, 2.0], job=[8, 9]
    )
    after = failed_over(stream(0, "x"), before, np.array([0, 0]), np.array([3 * DAY, -1]), (1, 60))
    assert after["end"].tolist() == [3 * DAY, 10 * DAY, 10 * DAY]
    assert after["account"].tolist() == [0, 1, 1]
    assert (after["job"][2], after["driver"][2], after["rate"][2]) == (8, 4, 1.0)
    assert 3 * DAY + MINUTE <= after["start"][2] <= 3 * DAY + 60 * MINUTE


def test_work_is_lost_when_every_account_is_banned() -> None:
    before = work(account=[0], start=[0], end=[10], rate=[1.0])
    after = failed_over(stream(0, "x"), before, np.array([0]), np.array([5]), (1, 60))
    assert (after["end"].tolist(), len(after["start"])) == ([5], 1)


def test_an_heir_starts_no_earlier_than_it_is_ready() -> None:
    before = work(account=[0], start=[0], end=[10 * DAY], rate=[1.0])
    ready = np.array([0, 7 * DAY])
    after = failed_over(stream(0, "x"), before, ready, np.array([DAY, -1]), (1, 60))
    assert after["start"][1] == 7 * DAY


def test_campaigns_stay_in_the_window_and_leave_no_account_idle() -> None:
    world = plan()
    first, last = world.window
    ready = first + np.arange(20) * DAY
    rng = stream(3, "c")
    got = campaigns(world, rng, ready, np.arange(20), jobs(world, rng, 4, (4, 8)), 1.5)
    assert set(got["account"].tolist()) == set(range(20))
    assert (got["start"] >= np.maximum(first, ready[got["account"]])).all()
    assert (got["end"] <= last).all()
    assert len(np.unique(got["job"])) == 4


def test_bans_fall_while_observed_and_only_on_accounts_in_use() -> None:
    world = plan()
    _, last = world.window
    ready = np.full(500, last - 2 * DAY)
    at = bans(world, stream(0, "b"), ready, 1.0)
    hit = at[at >= 0]
    assert ((hit > ready[0] + DAY) & (hit < last)).all()
    assert (bans(world, stream(0, "b"), ready, 0.0) == -1).all()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(1.0, 8.0))
def test_groups_never_cross_cells(cells: list[int], size: float) -> None:
    cell = np.array(cells)
    code = groups(plan(), stream(1, "g"), cell, size)
    for each in np.unique(code):
        assert len(np.unique(cell[code == each])) == 1


def test_groups_have_about_the_size_asked_for() -> None:
    code = groups(plan(), stream(1, "g"), np.zeros(3000, dtype=np.int64), 5.0)
    assert 500 < len(np.unique(code)) < 700


def test_accounts_are_opened_in_batches() -> None:
    world = plan()
    at = np.sort(opened(world, stream(5, "o"), 200))
    assert (at < world.window[1] - 4 * DAY).all()
    assert np.median(np.diff(at)) < 12 * 60 * MINUTE

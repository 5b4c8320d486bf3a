"""Quotas, chains of accounts, failover and queues."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.clock import DAY, HOUR, WINDOW_DAY
from graphattr.simulate.draws import stream
from graphattr.simulate.states.shifts import Schedule, dealt, lives, queued

START = WINDOW_DAY * DAY
WINDOW = (START, START + 28 * DAY)
HOW = Schedule(daily=24.0, quota=12, period=3 * HOUR, jitter=0.1, service=30.0, failover=600.0)


def test_an_account_is_used_up_to_its_quota_and_then_the_next() -> None:
    n = 5
    work = dealt(stream(1, "dealt"), np.full(n, START), np.full(n, WINDOW[1]), WINDOW, HOW)
    assert np.bincount(work.account, work.amount, n).min() > 0
    assert work.amount.max() <= HOW.quota
    # Within a run the turn goes from each account to the next one.
    same_run = work.run[1:] == work.run[:-1]
    step = (work.account[1:] - work.account[:-1])[same_run] % n
    assert same_run.any()
    assert (step == 1).all()
    # One at a time: what follows starts after what was before.
    assert ((work.at[1:] - work.at[:-1])[same_run] > 0).all()
    assert abs(work.amount.sum() / (n * 28 * HOW.daily) - 1) < 0.1


def test_nothing_is_done_outside_an_accounts_life_and_work_goes_on_elsewhere() -> None:
    start = np.array([START, START + 5 * DAY, START])
    end = np.array([START + 6 * DAY + 1000, WINDOW[1], WINDOW[1]])
    work = dealt(stream(2, "dealt"), start, end, WINDOW, HOW)
    assert (work.at >= start[work.account]).all()
    assert (work.at < end[work.account]).all()
    day = (work.at - START) // DAY
    assert (work.account[day < 5] != 1).all()
    assert set(work.account[day > 7]) == {1, 2}
    assert np.bincount(day, work.amount, 28).min() > 0


def test_accounts_follow_each_other() -> None:
    start, end = lives(stream(3, "lives"), 40, WINDOW, 6.0, 900.0)
    assert (end > start).all()
    gaps = (start[:, None] - end[None, :]).ravel()
    assert np.isin(gaps, (899, 900, 901)).sum() >= 20  # a successor starts one gap after an end
    in_use = [((start <= t) & (end > t)).sum() for t in range(START, WINDOW[1], DAY)]
    assert max(in_use) < 30  # burnt one after another, not all at once
    assert (start < WINDOW[1]).all()


def slow_queue(capacity: list[float], arrivals: list[float]) -> list[float]:
    backlog, done = 0.0, []
    for can, comes in zip(capacity, arrivals, strict=True):
        served = min(backlog + comes, can)
        backlog += comes - served
        done.append(served)
    return done


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=30))
def test_a_queue_is_what_serving_it_step_by_step_gives(steps: list[tuple[float, float]]) -> None:
    capacity, arrivals = (list(column) for column in zip(*steps, strict=True))
    got = queued(np.arange(len(steps)), np.array(capacity), np.array(arrivals))
    assert got == pytest.approx(slow_queue(capacity, arrivals), abs=1e-6)


def test_spells_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        queued(np.array([2, 1]), np.ones(2), np.ones(2))

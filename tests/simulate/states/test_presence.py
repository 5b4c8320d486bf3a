"""The hidden chains: where people are, and when they work."""

import numpy as np

from graphattr.simulate.clock import DAY, HOUR, WINDOW_DAY, weekend
from graphattr.simulate.draws import stream
from graphattr.simulate.states.presence import _MOVES, DESK, SLEEP, Rhythm, Walk, walk

START = WINDOW_DAY * DAY
WINDOW = (START, START + 28 * DAY)


def rhythm(n: int, **values: object) -> Rhythm:
    ones = np.ones(n)
    columns = {
        "utc": np.zeros(n, dtype=np.int64),
        "wake": 7.0 * ones,
        "span": 16.0 * ones,
        "rota": 0.0 * ones,
        "desk": ones > 0,
        "third": ones > 0,
        "eager": 0.2 * ones,
        "stop": 0.4 * ones,
    }
    return Rhythm(**(columns | values))  # type: ignore[arg-type]


def spells(**values: object) -> Walk:
    return walk(stream(1, "walk"), rhythm(60, **values), WINDOW)


def test_each_row_of_the_chain_is_a_distribution() -> None:
    assert _MOVES.shape == (80, 6, 5)
    steps = np.diff(np.concatenate([np.zeros((80, 6, 1)), _MOVES], axis=2), axis=2)
    assert (steps >= 0).all()
    assert (_MOVES <= 1 + 1e-12).all()


def test_nobody_works_asleep_and_nights_are_quiet() -> None:
    found = spells()
    assert (found.place != SLEEP).all()
    hour = found.at % DAY / HOUR
    assert ((hour > 2) & (hour < 6)).mean() < 0.03


def test_desks_are_for_weekdays_and_for_those_who_have_one() -> None:
    found = spells()
    at_desk = found.place == DESK
    assert 0.1 < at_desk.mean() < 0.9
    assert weekend(found.at)[at_desk].mean() < 0.02
    assert not (spells(desk=np.zeros(60, dtype=np.bool_)).place == DESK).any()


def test_spells_of_a_person_do_not_overlap_and_stay_in_the_window() -> None:
    found = spells()
    same = found.who[1:] == found.who[:-1]
    assert ((found.at + found.seconds)[:-1] <= found.at[1:])[same].all()
    assert (np.diff(found.who) >= 0).all()
    assert found.at.min() >= WINDOW[0]
    assert (found.at + found.seconds).max() <= WINDOW[1]
    assert found.seconds.min() >= 30


def test_hours_follow_the_clock_of_the_country_and_shifts_move() -> None:
    east = spells(utc=np.full(60, 540))
    hour = east.at % DAY / HOUR
    assert ((hour > 16) & (hour < 21)).mean() < 0.03  # night in the east
    moving = spells(rota=np.full(60, 8.0))
    by_week = [((moving.at[moving.at // (7 * DAY) % 3 == week] % DAY) < 7 * HOUR).mean() for week in range(3)]
    assert max(by_week) - min(by_week) > 0.2


def test_a_release_makes_people_eager() -> None:
    release = START + 10 * DAY
    calm = walk(stream(1, "walk"), rhythm(200), WINDOW)
    wild = walk(stream(1, "walk"), rhythm(200), WINDOW, release, 3.0)

    def during(found: Walk) -> int:
        return int(((found.at >= release) & (found.at < release + 5 * DAY)).sum())

    assert during(wild) > 1.3 * during(calm)


def test_interest_lasts_for_days() -> None:
    found = spells()
    days = np.zeros((60, 28), dtype=np.int64)
    np.add.at(days, (found.who, (found.at - START) // DAY), 1)
    today, tomorrow = days[:, :-1].ravel(), days[:, 1:].ravel()
    assert np.corrcoef(today, tomorrow)[0, 1] > 0.15


def test_work_ends_when_people_move() -> None:
    found = spells(stop=np.zeros(60), eager=np.full(60, 0.02))
    moved = (found.who[1:] == found.who[:-1]) & (found.place[1:] != found.place[:-1])
    pause = (found.at[1:] - (found.at + found.seconds)[:-1])[moved]
    assert (pause > HOUR).mean() > 0.5

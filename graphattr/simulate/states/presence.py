"""Where people are and when they work: a hidden chain by the half hour.

Each person sleeps, is at home, on the way, at a desk, in a third place (café, coworking) or away. Beside it
runs a second chain, at work or not, whose rate is set by the place and by a third chain, interest, that lasts
for days: a Markov-modulated process (Fischer and Meier-Hellstern 1993), not hours drawn around a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graphattr.simulate.clock import DAY, HOUR, WEEK, weekend
from graphattr.simulate.draws import Bools, Floats, Ints, draw, lognormal
from graphattr.simulate.states.parameters import LIVES

SLOT: Final = 1800
_DAY: Final = 48  # half hours
SLEEP, HOME, OUT, DESK, THIRD, AWAY = range(6)
#: Zeal by place, as a factor on a person's own.
_ZEAL: Final = np.array([0.0, 1.0, 0.3, 1.4, 1.2, 0.3], dtype=np.float32)

Places = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Rhythm:
    """Habits of people, arrays of one length.

    Attributes:
        utc: minutes east of UTC.
        wake: local hour of waking; `span` hours until bed.
        rota: hours by which both move from week to week.
        desk: has a workplace; `third`: frequents a third place.
        eager: chance that an idle half hour turns to work; `stop`: that a half hour of work is the last.
    """

    utc: Ints
    wake: Floats
    span: Floats
    rota: Floats
    desk: Bools
    third: Bools
    eager: Floats
    stop: Floats


@dataclass(frozen=True)
class Walk:
    """Spells of work: position of the person, first second, length in seconds, place."""

    who: Ints
    at: Ints
    seconds: Ints
    place: Ints


def rhythms(
    rng: np.random.Generator, utc: Ints, desk: Bools, third: Bools, zeal: float = 1.0, early: float = 0.0
) -> Rhythm:
    """Habits drawn for as many people as `utc` has; most wake in the morning, some late, some in the evening.

    Args:
        rng: the stream.
        utc: minutes east of UTC.
        desk: who has a workplace.
        third: who frequents a third place.
        zeal: factor on the eagerness to work.
        early: share of late risers that keep to the morning after all (people of a company).
    """
    n = len(utc)
    chronotype = rng.random(n)
    wake = np.where(
        chronotype < 0.68 + 0.32 * early,
        rng.triangular(5.5, 7.3, 10.0, n),
        np.where(chronotype < 0.93, rng.uniform(9.5, 14.0, n), rng.uniform(15.0, 23.0, n)),
    )
    shifts = rng.random(n) < draw(rng, LIVES.shift_workers)
    return Rhythm(
        utc=utc,
        wake=wake,
        span=rng.uniform(14.0, 18.0, n),
        rota=np.where(shifts, 8.0, 0.0),
        desk=desk,
        third=third,
        eager=lognormal(rng, zeal * draw(rng, LIVES.eager), 1.2, n, 0.5),
        stop=np.clip(rng.normal(draw(rng, LIVES.stop), 0.1, n), 0.1, 0.9),
    )


def _moves() -> Floats:
    """Cumulative chances of the next place: situation x place x next place (see `_situations`)."""
    chances = np.zeros((5, 2, 2, 2, 2, 6, 6))
    for since, awake, free, desk, third in np.ndindex(5, 2, 2, 2, 2):
        due = bool(desk) and not free
        here = chances[since, awake, free, desk, third]
        here[SLEEP, HOME] = 0.5 if awake else 0.004
        here[HOME, SLEEP] = 0.002 if awake else 0.45
        here[HOME, OUT] = 0.35 if due and since == 1 else 0.02 if awake else 0.001
        here[HOME, AWAY] = 0.0004
        here[OUT, DESK] = 0.7 if due and since < 3 else 0.0
        here[OUT, THIRD] = 0.0 if due and since < 3 else 0.21 * third
        here[OUT, HOME] = 0.0 if due and since < 3 else 0.7 - 0.21 * third
        here[DESK, OUT] = 0.35 if since == 4 else 0.03
        here[THIRD, [OUT, HOME]] = 0.14
        here[AWAY, HOME] = 0.005
        here[range(6), range(6)] = 1.0 - here.sum(axis=1)
    return np.cumsum(chances, axis=-1).reshape(80, 6, 6)[:, :, :5]


_MOVES: Final = _moves()
#: Hours since waking at which people are on their way, through with the morning, due to leave the desk.
_SINCE: Final = np.array([0.5, 4.0, 7.5, 8.5])


def _situations(how: Rhythm, moments: Ints) -> npt.NDArray[np.int64]:
    """What decides over the next place, as a row of `_MOVES`: moments x people."""
    local = moments[:, None] + how.utc * 60
    rota = how.rota * (local // WEEK % 3)
    phase = (local % DAY / HOUR - how.wake - rota) % 24
    since = np.searchsorted(_SINCE, phase, side="right")
    found: Ints = since * 2 + (phase < how.span)
    for each in (weekend(local), how.desk, how.third):
        found = found * 2 + each
    return found


def _last(event: Bools) -> npt.NDArray[np.int32]:
    """Slot of the last event so far, -1 before any: slots x people."""
    slot = np.arange(len(event), dtype=np.int32)[:, None]
    found: npt.NDArray[np.int32] = np.maximum.accumulate(np.where(event, slot, np.int32(-1)), axis=0)
    return found


def walk(
    rng: np.random.Generator, how: Rhythm, window: tuple[int, int], release: int = 0, shock: float = 1.0
) -> Walk:
    """Runs the chains of all people over the window and returns their spells, by person and time.

    Args:
        rng: the stream.
        how: everybody's habits.
        window: first second and the second after the last.
        release: moment of a release that makes everybody work `shock` times as eagerly for five days.
        shock: that factor.
    """
    n, slots = len(how.utc), (window[1] - window[0]) // SLOT
    moments = window[0] + SLOT * np.arange(slots)
    state: Ints = np.where(rng.random(n) < 0.6, HOME, SLEEP)
    places = np.zeros((slots, n), dtype=np.int8)
    for day in range(0, slots, _DAY):
        situation = _situations(how, moments[day : day + _DAY])
        chance = rng.random(situation.shape)
        for slot in range(len(situation)):
            state = (chance[slot, :, None] >= _MOVES[situation[slot], state]).sum(axis=1)
            places[day + slot] = state
    return _spells(rng, places.T, _at_work(rng, how, places, moments, release, shock).T, window[0])


def _at_work(
    rng: np.random.Generator, how: Rhythm, places: Places, moments: Ints, release: int, shock: float
) -> Bools:
    """Whether each person works in each half hour: slots x people.

    A person at work goes on until a stop or a change of place; what started last, work or a pause, holds.
    """
    will = rng.random(places.shape, dtype=np.float32)
    mood = rng.random(places.shape, dtype=np.float32)
    mood[0] = np.where(mood[0] < 0.5, 0.0, 1.0)
    keen = _last(mood > 1 - 1 / 280) > _last(mood < 1 / 200)
    boost = np.where((moments >= release) & (moments < release + 5 * DAY), shock, 1.0)
    start = how.eager * _ZEAL[places] * np.where(keen, 1.7, 0.3) * boost[:, None]
    pause = will < how.stop
    pause[1:] |= places[1:] != places[:-1]
    found: Bools = (_last(will < start) >= _last(pause)) & (_last(will < start) >= 0) & (places != SLEEP)
    return found


def _spells(rng: np.random.Generator, places: Places, at_work: Bools, first: int) -> Walk:
    """Runs of half hours at work in one place, each starting and ending somewhere within its half hours."""
    goes_on = np.zeros_like(at_work)
    goes_on[:, 1:] = at_work[:, 1:] & at_work[:, :-1] & (places[:, 1:] == places[:, :-1])
    who, start = np.nonzero(at_work & ~goes_on)
    ends = at_work.copy()
    ends[:, :-1] &= ~goes_on[:, 1:]
    end = np.nonzero(ends)[1] + 1
    late = (rng.random(len(who)) ** 1.5 * 0.85 * SLOT).astype(np.int64)
    rest = (end - start) * SLOT - late
    early = (rng.random(len(who)) * np.minimum(rest, SLOT) * 0.9).astype(np.int64)
    return Walk(
        who=who.astype(np.int64),
        at=first + start * SLOT + late,
        seconds=np.maximum(rest - early, 30),
        place=places[who, start].astype(np.int64),
    )

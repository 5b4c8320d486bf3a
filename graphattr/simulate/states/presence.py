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
SLEEP, HOME, OUT, DESK, THIRD, AWAY = range(6)
#: Zeal by place, as a factor on a person's own.
_ZEAL: Final = np.array([0.0, 1.0, 0.3, 1.4, 1.2, 0.3])

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
        eager=lognormal(rng, zeal * draw(rng, LIVES.eager), 0.9, n, 0.5),
        stop=np.clip(rng.normal(draw(rng, LIVES.stop), 0.1, n), 0.1, 0.9),
    )


def _moved(state: Places, how: Rhythm, phase: Floats, free: Bools, chance: Floats, taste: Floats) -> Places:
    """The next place of everybody, given how many hours ago they were due to wake."""
    awake = phase < how.span
    due = how.desk & ~free
    out = np.where(due & (phase > 0.5) & (phase < 4.0), 0.35, np.where(awake, 0.02, 0.001))
    to_desk = due & (phase < 7.5)
    left = np.where(phase > 8.5, 0.35, 0.03)
    lounge = how.third & (taste < 0.3)
    return np.select(
        [
            (state == SLEEP) & (chance < np.where(awake, 0.5, 0.004)),
            (state == HOME) & (chance > np.where(awake, 0.998, 0.55)),
            (state == HOME) & (chance < out),
            (state == HOME) & (chance > 0.4) & (chance < 0.4004),
            (state == OUT) & to_desk & (chance < 0.7),
            (state == OUT) & ~to_desk & (chance < 0.7),
            (state == DESK) & (chance < left),
            (state == THIRD) & (chance < 0.28),
            (state == AWAY) & (chance < 0.005),
        ],
        [
            HOME,
            SLEEP,
            OUT,
            AWAY,
            DESK,
            np.where(lounge, THIRD, HOME),
            OUT,
            np.where(taste < 0.5, OUT, HOME),
            HOME,
        ],
        default=state,
    ).astype(np.int8)


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
    state: Places = np.where(rng.random(n) < 0.6, HOME, SLEEP).astype(np.int8)
    active = np.zeros(n, dtype=np.bool_)
    interest = rng.random(n) < 0.5
    places = np.zeros((slots, n), dtype=np.int8)
    at_work = np.zeros((slots, n), dtype=np.bool_)
    for slot in range(slots):
        moment = window[0] + slot * SLOT
        local = moment + how.utc * 60
        rota = how.rota * (local // WEEK % 3)
        phase = (local % DAY / HOUR - how.wake - rota) % 24
        chance, taste, will = rng.random((3, n), dtype=np.float32)
        before = state
        state = _moved(state, how, phase, weekend(local), chance, taste)
        flips = taste > np.where(interest, 1 - 1 / 200, 1 - 1 / 280)
        interest = interest ^ flips
        boost = shock if release <= moment < release + 5 * DAY else 1.0
        start = how.eager * _ZEAL[state] * np.where(interest, 1.7, 0.3) * boost
        going = active & (will > how.stop) & (state == before)
        active = (going | (~going & (will < start))) & (state != SLEEP)
        places[slot], at_work[slot] = state, active
    return _spells(rng, places.T, at_work.T, window[0])


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

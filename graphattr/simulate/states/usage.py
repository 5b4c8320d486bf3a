"""The table `usage`: exchanges of each spell of work, one row an exchange or a machine's minute.

People's exchanges come in clusters, one setting off others: a Hawkes process made by its branching
representation (Hawkes and Oakes 1974). Machines go through the steps of a job at an even pace.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import CAPABILITIES, CAPABILITY_SHARES, MODEL_SHARES, MODELS
from graphattr.simulate.clock import DAY, stamps
from graphattr.simulate.draws import Ints, draw, mix, stream, unit
from graphattr.simulate.states.cast import MACHINE, Columns
from graphattr.simulate.states.parameters import CUSTOMS
from graphattr.simulate.states.world import World
from graphattr.simulate.text import hashed, named

_BRANCHING: Final = 0.45  # exchanges that one exchange sets off, on average
_DELAY: Final = 70.0  # seconds until it does, on average
_MINUTE_ROWS: Final = 4  # a machine's requests in one row
_CAPABILITY, _MODEL, _LENGTH, _DRIFT, _ADOPTION = 71, 72, 73, 74, 75


def exchanges(rng: np.random.Generator, spells: Columns) -> tuple[Ints, Ints, Ints]:
    """Row of the spell, second and requests of each row of use, by spell and time."""
    machine = spells["style"] == MACHINE
    people = _clusters(rng, np.flatnonzero(~machine), spells)
    i = np.flatnonzero(machine)
    requests = np.floor(spells["amount"][i] + rng.random(len(i))).astype(np.int64)
    lines = -(-requests // _MINUTE_ROWS)
    row = np.repeat(i, lines)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
    size = np.minimum(np.repeat(requests, lines) - nth * _MINUTE_ROWS, _MINUTE_ROWS)
    pace = np.repeat(spells["seconds"][i] / np.maximum(lines, 1), lines)
    at = spells["at"][row] + ((nth + rng.random(len(row)) * 0.3) * pace).astype(np.int64)
    every = (np.concatenate([people[0], row]), np.concatenate([people[1], at]))
    amount = np.concatenate([np.ones(len(people[0]), dtype=np.int64), size])
    order = np.lexsort((every[1], every[0]))
    return every[0][order], every[1][order], amount[order]


def _clusters(rng: np.random.Generator, i: Ints, spells: Columns) -> tuple[Ints, Ints]:
    """Exchanges of people's spells: immigrants at any time in the spell, then generations of offspring."""
    immigrants = 1 + rng.poisson(np.maximum(spells["amount"][i] * (1 - _BRANCHING) - 0.6, 0.0))
    row = np.repeat(i, immigrants)
    first = np.cumsum(immigrants) - immigrants
    offset = rng.random(len(row)) * np.repeat(spells["seconds"][i], immigrants) * 0.95
    offset[first] = rng.random(len(first)) * 20  # a spell starts with an exchange
    rows, offsets = [row], [offset]
    for _ in range(7):
        born = rng.poisson(_BRANCHING, len(row))
        row, offset = np.repeat(row, born), np.repeat(offset, born)
        offset = offset + rng.exponential(_DELAY, len(row)) + 2
        rows.append(row)
        offsets.append(offset)
    row, offset = np.concatenate(rows), np.concatenate(offsets)
    inside = offset < spells["seconds"][row]
    row, offset = row[inside], offset[inside]
    return row, spells["at"][row] + offset.astype(np.int64)


def usage(world: World, part: int, spells: Columns) -> pl.DataFrame:
    """Rows of the table for some spells (arrays by column), with `account` in the place of its id."""
    rng = stream(world.seed, f"states usage {part}")
    row, at, requests = exchanges(rng, spells)
    code, root = _templates(world, rng, spells, row, at)
    share = np.cumsum(CAPABILITY_SHARES)
    capability = np.searchsorted(share / share[-1], unit(_CAPABILITY, root), side="right")
    long = rng.random(len(row)) < 0.3 * unit(_LENGTH, root, 1)  # some requests carry a document
    own = spells["account"][row]  # the same prompt is filled with more by one account than by another
    median = 200 * np.exp(1.5 * unit(_LENGTH, root) + 1.7 * unit(_LENGTH, own, 3)) * np.where(long, 8.0, 1.0)
    answer = 28 * np.exp(1.2 * unit(_LENGTH, root, 2) + 1.7 * unit(_LENGTH, own, 4))
    noise = np.exp(0.6 * rng.standard_normal((2, len(row))))
    account = spells["account"][row]
    frame = pl.DataFrame(
        {
            "account": account,
            "observed_at": stamps(at),
            "requests": requests,
            "input_tokens": (median * noise[0] * requests).astype(np.int64) + 1,
            "output_tokens": (answer * noise[1] * requests).astype(np.int64) + 1,
            "model": named(_models(world, rng, account, root, at), MODELS),
            "capability": named(capability, CAPABILITIES),
            "template_id": hashed(code, "template", world.seed),
        }
    )
    return frame.unique(maintain_order=True)


def _templates(
    world: World, rng: np.random.Generator, spells: Columns, row: Ints, at: Ints
) -> tuple[Ints, Ints]:
    """Template and root of each row: people have favourites, which drift; machines go step by step."""
    begin, size, codes, roots = world.library
    book = spells["book"][row]
    drift = draw(stream(world.seed, "states drift"), CUSTOMS.drift_days)
    epoch = (at / DAY / drift + unit(_DRIFT, book)).astype(np.int64)
    liked = np.floor(size[book] * rng.random(len(row)) ** 2.2).astype(np.int64)
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    step = np.where(spells["style"][row] == MACHINE, spells["stage"][row] + nth, liked + epoch)
    entry = begin[book] + step % size[book]
    return codes[entry], roots[entry]


def _models(world: World, rng: np.random.Generator, account: Ints, root: Ints, at: Ints) -> Ints:
    """By what is asked for, mostly; the new model is taken up by each account at its own pace."""
    adopted = at > world.release + (-6 * DAY * np.log(1 - unit(_ADOPTION, account))).astype(np.int64)
    habit = np.where(rng.random(len(at)) < 0.7, unit(_MODEL, mix(account), root), rng.random(len(at)))
    before, after = (np.cumsum(shares) / np.sum(shares) for shares in MODEL_SHARES)
    return np.where(
        adopted, np.searchsorted(after, habit, side="right"), np.searchsorted(before, habit, side="right")
    ).astype(np.int64)

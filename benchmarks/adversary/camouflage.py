"""Camouflage: accounts of the operator take over the habits of others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.adversary.scene import Cost, Edited, Scene, Tables, rows_of

Whole = NDArray[np.int64]

#: Accounts with fewer rows of usage have no habit to take over.
LEAST_ROWS: Final = 5
HOUR: Final = 3_600_000_000  # microseconds
DAY: Final = 24 * HOUR
#: How far the times of an account are from its model's: standard deviation, and the most that it opens before.
HOURS_OFF: Final = 1.5
DAYS_EARLIER: Final = 7.0
#: Factors on the sizes of a model's requests.
SIZED: Final = (0.7, 1.4)


def camouflage(scene: Scene, share: float) -> Edited:
    """Lets a share of the operator's accounts live like others of the crowd: one model each.

    An account opens some days before its model did, works about when its model does, sends requests of about its
    model's sizes, and no more of them: what is beyond is given up. Payments, addresses, devices and events move along.
    The values stay. The crowd is everybody else, whoever controls them: the attacker cannot tell.

    Args:
        scene: the world.
        share: of the operator's accounts, in (0, 1].
    """
    usage = scene.tables["usage"]
    rows = usage.group_by("account_id").len()
    busy = set(rows.filter(pl.col("len") >= LEAST_ROWS)["account_id"])
    models = [account for account in scene.crowd() if account in busy]
    working = [account for account in scene.own if account in set(usage["account_id"])]
    draw = scene.draw("camouflage")
    chosen = [working[n] for n in draw.permutation(len(working))[: math.ceil(share * len(working))]]
    picked = [models[n] for n in draw.permutation(len(models))[: len(chosen)]]
    pairs = dict(zip(chosen, picked, strict=False))
    last = int(usage.select(pl.col("observed_at").max().dt.epoch("us")).item())
    turns = {account: _turn(scene.tables, account, model, last, draw) for account, model in pairs.items()}
    tables = {
        name: _moved(table, turns, "observed_at") if name not in ("accounts", "labels", "usage") else table
        for name, table in scene.tables.items()
    }
    tables["accounts"] = _moved(_moved(scene.tables["accounts"], turns, "created_at"), turns, "closed_at")
    tables["usage"], given_up, shifted = _worked(usage, scene.own, turns, pairs, draw)
    cost = Cost(rerouted=len(pairs), given_up=given_up, shifted=shifted)
    return Edited(tables, cost, touched=tuple(sorted(pairs)))


@dataclass(frozen=True)
class _Turn:
    """How the time of an account is turned into its model's: monotone, so that what came first comes first.

    Attributes:
        opened: its creation before and after, microseconds.
        old: sorted times of the account's rows of usage, shape (n,).
        new: sorted times about its model's, shape (m,).
    """

    opened: tuple[int, int]
    old: Whole
    new: Whole

    def __call__(self, times: Whole) -> Whole:
        """Microseconds to microseconds, any shape."""
        place = np.searchsorted(self.old, times, "right") - 1
        worked = self.new[np.clip(place, 0, None) * len(self.new) // len(self.old)]
        before = np.minimum(self.opened[1] + (times - self.opened[0]), self.new[0])
        after = self.new[-1] + np.minimum(times - self.old[-1], max(self.old[-1] - self.new[-1], 0))
        turned = np.where(place < 0, before, worked)
        return np.asarray(np.where(times > self.old[-1], after, turned), dtype=np.int64)


def _turn(tables: Tables, account: str, model: str, last: int, draw: np.random.Generator) -> _Turn:
    """The turn to a model's times, each some hours off, and none after `last`: a habit, not a copy."""
    opened = [
        int(rows_of(tables["accounts"], [one])["created_at"].dt.epoch("us")[0]) for one in (account, model)
    ]
    old, new = (
        np.sort(rows_of(tables["usage"], [one])["observed_at"].dt.epoch("us").to_numpy())
        for one in (account, model)
    )
    off = draw.normal(0.0, HOURS_OFF * HOUR, len(new)).astype(np.int64)
    earlier = int(draw.uniform(0.0, DAYS_EARLIER * DAY))
    new = np.sort(np.clip(new + off, new[0], max(last, int(new[-1]))))
    return _Turn((opened[0], min(opened[1], int(new[0])) - earlier), old, new)


def _moved(table: pl.DataFrame, turns: dict[str, _Turn], column: str) -> pl.DataFrame:
    """The table with the times of some accounts turned; null stays null."""
    times = table[column].dt.epoch("us").to_list()
    accounts = table["account_id"].to_list()
    at: dict[str, list[int]] = {}
    for place, account in enumerate(accounts):
        if account in turns and times[place] is not None:
            at.setdefault(account, []).append(place)
    for account, places in at.items():
        turned = turns[account](np.array([times[place] for place in places], dtype=np.int64))
        for place, time in zip(places, turned.tolist(), strict=True):
            times[place] = time
    return table.with_columns(pl.Series(column, times, dtype=pl.Int64).cast(table[column].dtype))


def _worked(
    usage: pl.DataFrame,
    own: tuple[str, ...],
    turns: dict[str, _Turn],
    pairs: dict[str, str],
    draw: np.random.Generator,
) -> tuple[pl.DataFrame, float, float]:
    """Usage with the chosen accounts' rows at their new times and sizes; share given up; mean shift in days."""
    all_requests = float(rows_of(usage, own)["requests"].sum())
    parts = [usage.filter(~pl.col("account_id").is_in(list(pairs)))]
    kept = float(rows_of(parts[0], own)["requests"].sum())
    shift = 0.0
    for account, model in pairs.items():
        mine = rows_of(usage, [account]).sort("observed_at", maintain_order=True)
        theirs = rows_of(usage, [model]).sort("observed_at", maintain_order=True)
        size = min(mine.height, theirs.height)
        mine = mine[np.arange(size) * mine.height // size]
        at = np.arange(size) * theirs.height // size
        factor = pl.Series(draw.uniform(*SIZED, size))
        sizes = {
            name: (theirs[at][name] * factor).round().cast(pl.Int64)
            for name in ("input_tokens", "output_tokens")
        }
        times = pl.Series(turns[account].new[at]).cast(usage.schema["observed_at"])
        new = mine.with_columns(observed_at=times, requests=theirs[at]["requests"], **sizes)
        moved = (times.dt.epoch("us") - mine["observed_at"].dt.epoch("us")).abs() * new["requests"]
        shift += float(moved.sum()) / DAY
        kept += float(new["requests"].sum())
        parts.append(new)
    given_up = max(0.0, 1 - kept / all_requests) if all_requests else 0.0
    return pl.concat(parts), given_up, shift / max(kept, 1.0)

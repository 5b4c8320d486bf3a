"""Planting: values of some accounts are made to appear on others. Framing and false flags are both that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from benchmarks.adversary.scene import VALUES, Cost, Edited, Scene, Tables, created_at, rows_of

#: Kinds that can be planted by using them.
PLANTED: Final = ("device", "address", "template", "card")


def frame(scene: Scene, kinds: Sequence[str], accounts: int = 1, turn: int = 0) -> Edited | None:
    """Plants values of the operator, one of each kind, on innocent accounts; None where it has none to plant.

    The operator signs in to the innocent's account from its device, through its address ..., at the times at which an
    account of its own used that value: the strongest likeness it can make. It takes the value that most of its
    accounts share. Nothing is bought; the work is to get into the account.

    Args:
        scene: the world.
        kinds: of `PLANTED`.
        accounts: how many innocent accounts.
        turn: another turn falls on other accounts.
    """
    order = scene.draw(f"framed {turn}").permutation(len(scene.innocents)).tolist()
    sources = scene.draw(f"framing {turn}").integers(len(scene.own), size=len(order)).tolist()
    pairs = [(scene.innocents[n], scene.own[m]) for n, m in zip(order, sources, strict=True)]
    tables, planted = plant(scene.tables, pairs, scene.own, kinds, accounts)
    if not planted:
        return None
    return Edited(tables, Cost(rerouted=len(planted)), tuple(planted), tuple(planted))


def fly_false_flags(scene: Scene, kinds: Sequence[str]) -> Edited | None:
    """Plants values of a rival, one of each kind, on all accounts of the operator; None where there is no rival."""
    if not scene.rival:
        return None
    which = scene.draw("flags").integers(len(scene.rival), size=len(scene.own)).tolist()
    pairs = [(account, scene.rival[n]) for account, n in zip(scene.own, which, strict=True)]
    tables, planted = plant(scene.tables, pairs, scene.rival, kinds)
    if not planted:
        return None
    taken = {
        kind: len(_values(tables, planted, kind) - _values(scene.tables, planted, kind)) for kind in kinds
    }
    return Edited(tables, Cost(values=taken, rerouted=len(planted)), scene.rival, tuple(planted))


def plant(
    tables: Tables,
    pairs: Sequence[tuple[str, str]],
    side: Sequence[str],
    kinds: Sequence[str],
    most: int | None = None,
) -> tuple[Tables, list[str]]:
    """Adds rows: the first account of each pair uses values of the second, at the second's times.

    Args:
        tables: signal tables.
        pairs: account to plant on, account that the values are taken from.
        side: the accounts whose sharing decides which value is taken: the most shared one.
        kinds: of `PLANTED`.
        most: stop after so many accounts; None: after all.

    Returns:
        The tables, and the accounts on which a value of every kind was planted. The others are left as they were.
    """
    created = created_at(tables)
    held = {kind: _held(tables, side, kind) for kind in kinds}
    added: dict[str, list[pl.DataFrame]] = {VALUES[kind][0]: [] for kind in kinds}
    planted: list[str] = []
    for account, source in pairs:
        if len(planted) == most:
            break
        found = {kind: _uses(held[kind], VALUES[kind][1], source, created[account]) for kind in kinds}
        if any(part.is_empty() for part in found.values()):
            continue
        planted.append(account)
        for kind, part in found.items():
            added[VALUES[kind][0]].append(part.drop("sharers").with_columns(account_id=pl.lit(account)))
    grown = {name: pl.concat([tables[name], *parts]) for name, parts in added.items()}
    return {**tables, **grown}, planted


def _held(tables: Tables, side: Sequence[str], kind: str) -> pl.DataFrame:
    """Rows of the accounts of a side with a value of a kind, with how many of them share it."""
    table, column = VALUES[kind]
    rows = rows_of(tables[table], side).drop_nulls(column)
    return rows.with_columns(sharers=pl.col("account_id").n_unique().over(column))


def _uses(held: pl.DataFrame, column: str, source: str, since: datetime) -> pl.DataFrame:
    """The rows in which an account uses its most shared value, after a time; none where it has no value then."""
    rows = held.filter((pl.col("account_id") == source) & (pl.col("observed_at") > since))
    best = rows.sort(["sharers", column], descending=[True, False])[column].head(1)
    return rows.filter(pl.col(column).is_in(best.to_list()))


def _values(tables: Tables, accounts: Sequence[str], kind: str) -> set[str]:
    table, column = VALUES[kind]
    return set(rows_of(tables[table], accounts)[column].drop_nulls())

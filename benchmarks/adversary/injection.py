"""Injection: cheap accounts that bridge two groups, or that make an operator's values look common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from benchmarks.adversary.planting import PLANTED, plant
from benchmarks.adversary.scene import FREE, VALUES, Cost, Edited, Scene, Tables, fresh, rows_of

#: What a bridging account uses of both sides: what can be had by a proxy on a line and a copied fingerprint.
BRIDGING: Final = ("device", "address")
#: Rows of a table that a cheap account has at most, before anything is planted.
CHEAP_ROWS: Final = 20
OTHER_SIDE: Final = "rival"


def bridge(scene: Scene, side: str, number: int) -> Edited | None:
    """Opens accounts that use a device and an address of the operator and of another side; None without that side.

    Args:
        scene: the world.
        side: `OTHER_SIDE`, or a name of `Scene.sites`.
        number: of accounts opened.
    """
    there = scene.rival if side == OTHER_SIDE else scene.sites.get(side, ())
    if not there:
        return None
    tables, opened, cost = open_accounts(scene, number)
    draw = scene.draw(f"bridge {side}")
    taken: dict[str, int] = {}
    for accounts in (scene.own, there):
        which = draw.integers(len(accounts), size=number).tolist()
        pairs = [(account, accounts[n]) for account, n in zip(opened, which, strict=True)]
        tables, planted = plant(tables, pairs, accounts, BRIDGING)
        if accounts is there:
            taken = {kind: _held_by(tables, planted, there, kind) for kind in BRIDGING}
    return Edited(tables, cost + Cost(values=taken), there)


def inflate(scene: Scene, number: int) -> Edited:
    """Opens accounts that use every value that accounts of the operator share, each once.

    So the values look like those that everybody has. The new accounts have nothing else in common.
    """
    tables, opened, cost = open_accounts(scene, number)
    accounts = pl.DataFrame({"opened": opened}).with_row_index("turn")
    accounts = accounts.join(
        tables["accounts"].select("account_id", since="created_at"), left_on="opened", right_on="account_id"
    )
    for kind in PLANTED:
        table, column = VALUES[kind]
        shared = rows_of(scene.tables[table], scene.own).drop_nulls(column)
        shared = shared.filter(pl.col("account_id").n_unique().over(column) > 1)
        uses = shared.sort("observed_at", "account_id", maintain_order=True).join(accounts, how="cross")
        place = pl.int_range(pl.len()).over(column, "turn") == pl.col("turn") % pl.len().over(column, "turn")
        uses = uses.filter(place).filter(pl.col("observed_at") > pl.col("since"))
        uses = uses.with_columns(account_id=pl.col("opened")).select(tables[table].columns)
        tables = {**tables, table: pl.concat([tables[table], uses])}
    return Edited(tables, cost)


def open_accounts(scene: Scene, number: int) -> tuple[Tables, list[str], Cost]:
    """Opens accounts, each with a little use in the manner of somebody in the crowd, all values its own, no card.

    Returns:
        The tables with them, their ids, and what they cost.
    """
    crowd = scene.crowd()
    drawn = scene.draw("opened").permutation(len(crowd)).tolist()
    models = [crowd[drawn[n % len(crowd)]] for n in range(number)]
    ids = [fresh("account", scene.name, n) for n in range(number)]
    who = pl.DataFrame({"account_id": models, "opened": ids})
    tables = dict(scene.tables)
    values = {}
    for name in ("accounts", "devices", "ips", "usage"):
        rows = tables[name].filter(pl.int_range(pl.len()).over("account_id") < CHEAP_ROWS)
        rows = rows.join(who, on="account_id", maintain_order="left")
        rows = rows.with_columns(account_id=pl.col("opened"))
        if name == "accounts":
            blank = ("phone_id", "organisation_id", "closed_at")
            rows = rows.with_columns(
                pl.lit(None, tables[name].schema[column]).alias(column) for column in blank
            )
        for kind in ("device", "address", "template", "name", "mailbox"):
            table, column = VALUES[kind]
            if table == name:
                rows = _own_values(rows, kind, column)
                values[kind] = rows.select("account_id", column).drop_nulls().n_unique()
        tables[name] = pl.concat([tables[name], rows.select(tables[name].columns)])
    got = {kind: count for kind, count in values.items() if kind not in FREE}
    return tables, ids, Cost(number, got, sum(values[kind] for kind in values if kind in FREE))


def _own_values(rows: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    """The rows with new values: one for each account."""
    new = [
        None if old is None else fresh(kind, account)
        for account, old in rows.select("account_id", column).iter_rows()
    ]
    return rows.with_columns(pl.Series(column, new, dtype=pl.String))


def _held_by(tables: Tables, accounts: Sequence[str], side: Sequence[str], kind: str) -> int:
    """How many values of a side some accounts hold."""
    table, column = VALUES[kind]
    ours, theirs = (set(rows_of(tables[table], part)[column].drop_nulls()) for part in (accounts, side))
    return len(ours & theirs)

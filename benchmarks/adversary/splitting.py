"""Splitting: the operator divides its accounts into compartments that share no value."""

from __future__ import annotations

import polars as pl

from benchmarks.adversary.scene import FREE, OWNED_DOMAIN, VALUES, Cost, Edited, Scene, fresh


def split(scene: Scene, compartments: int) -> Edited:
    """Gives each compartment values of its own.

    The first compartment that uses a value keeps it; all others get a new one in its place. Mail domains of public
    providers stay: everybody has them.

    Args:
        scene: the world.
        compartments: how many; as many as there are accounts, or more, puts each account by itself.
    """
    number = min(compartments, len(scene.own))
    order = scene.draw("split").permutation(len(scene.own))
    cells = pl.DataFrame(
        {"account_id": [scene.own[n] for n in order], "cell": [n % number for n in range(len(order))]}
    )
    tables = dict(scene.tables)
    new: dict[str, int] = {}
    changed: set[str] = set()
    for kind, (table, column) in VALUES.items():
        tables[table], values, accounts = _renewed(tables[table], cells, kind, column)
        new[kind] = values
        changed |= accounts
    got = {kind: count for kind, count in new.items() if count and kind not in FREE}
    cost = Cost(values=got, made=sum(new[kind] for kind in FREE), rerouted=len(changed))
    return Edited(tables, cost, touched=tuple(sorted(changed)))


def _renewed(
    table: pl.DataFrame, cells: pl.DataFrame, kind: str, column: str
) -> tuple[pl.DataFrame, int, set[str]]:
    """The table with new values where another compartment has the old one, how many, and of which accounts."""
    used = table.select("account_id", old=pl.col(column)).join(cells, on="account_id").drop_nulls("old")
    if kind == "mail domain":
        used = used.filter(pl.col("old").str.ends_with(OWNED_DOMAIN))
    uses = used.unique(["account_id", "old", "cell"]).with_columns(keeps=pl.col("cell").min().over("old"))
    moved = uses.filter(pl.col("cell") != pl.col("keeps")).sort("old", "cell", "account_id")
    new = [fresh(kind, old, cell) for old, cell in moved.select("old", "cell").iter_rows()]
    moved = moved.select("account_id", pl.col("old").alias(column), new=pl.Series(new, dtype=pl.String))
    renewed = table.join(moved, on=["account_id", column], how="left", maintain_order="left")
    renewed = renewed.with_columns(pl.coalesce("new", column).alias(column)).drop("new")
    return renewed, moved["new"].n_unique(), set(moved["account_id"])

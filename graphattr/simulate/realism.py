"""How far each single feature gives operators away: `python -m graphattr.simulate.realism WORLD`.

A simulated world is of use only if no marker that real data lack links an operator's accounts: one country,
one prompt length, one client. For every feature this says how well it alone tells pairs of one controller,
by kind, from pairs of different controllers (any two accounts of the world): the AUC, .5 for nothing, 1 for
all.

A value shared or not is a feature with two levels, so its AUC is (1 + share among same - share among
different) / 2. For a measured quantity the feature is the distance between two accounts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array
from scipy.stats import rankdata

from graphattr.simulate.draws import Bools, Floats, Ints, stream

#: Values: name, table, column.
SHARED: Final = (
    ("address", "ips", "ip"),
    ("network (ASN)", "ips", "asn"),
    ("address country", "ips", "country"),
    ("device", "devices", "device_id"),
    ("TLS client", "devices", "tls_fingerprint"),
    ("language", "devices", "language"),
    ("UTC offset", "devices", "utc_offset_minutes"),
    ("card", "payments", "instrument_id"),
    ("issuer range", "payments", "bin"),
    ("mail domain", "accounts", "email_domain"),
    ("mailbox", "accounts", "email_id"),
    ("phone", "accounts", "phone_id"),
    ("name", "accounts", "name_id"),
    ("organisation", "accounts", "organisation_id"),
    ("declared country", "accounts", "country"),
    ("template", "usage", "template_id"),
    ("actor", "events", "actor_id"),
)
#: Quantities by account: name, table, expression.
MEASURED: Final = (
    ("creation time", "accounts", pl.col("created_at").first().dt.epoch("s")),
    ("load", "usage", pl.col("requests").sum().log()),
    ("prompt length", "usage", (pl.col("input_tokens").sum() / pl.col("requests").sum()).log()),
    ("answer length", "usage", (pl.col("output_tokens").sum() / pl.col("requests").sum()).log()),
    ("hour of day", "usage", pl.col("observed_at").dt.hour().mean()),
    ("active days", "usage", pl.col("observed_at").dt.date().n_unique().cast(pl.Float64)),
)
_MOST: Final = 3000  # accounts looked at: pairs grow with the square

Matrix = npt.NDArray[np.bool_]


def link_power(signals: dict[str, pl.DataFrame], truth: pl.DataFrame) -> pl.DataFrame:
    """One row a feature and kind of controller with two accounts or more.

    Args:
        signals: the tables of a world by name.
        truth: its truth.

    Returns:
        feature, kind, pairs (of one controller), same and different (share of pairs that share a value; null
        for a quantity), auc.
    """
    chosen = truth.sort("account_id")
    if chosen.height > _MOST:
        keep = stream(0, "realism").choice(chosen.height, _MOST, replace=False)
        chosen = chosen[np.sort(keep)]
    owner = chosen["controller"].rank("dense").to_numpy().astype(np.int64)
    upper = np.triu(np.ones((chosen.height, chosen.height), dtype=np.bool_), 1)
    one = (owner[:, None] == owner[None, :]) & upper
    other = upper & ~one
    kinds = chosen["kind"].to_numpy()
    strata = {kind: one & (kinds == kind)[:, None] for kind in sorted(set(kinds))}
    rows: list[tuple[str, str, int, float | None, float | None, float | None]] = []
    for name, table, column in SHARED:
        both = _sharing(signals[table], column, chosen["account_id"])
        among = float(both[other].mean())
        for kind, pairs in strata.items():
            if pairs.any():
                within = float(both[pairs].mean())
                rows.append((name, kind, int(pairs.sum()), within, among, (1 + within - among) / 2))
    for name, table, expression in MEASURED:
        value = _quantity(signals[table], expression, chosen["account_id"])
        for kind, pairs in strata.items():
            if pairs.any():
                rows.append((name, kind, int(pairs.sum()), None, None, _closeness(value, pairs, other)))
    names = ["feature", "kind", "pairs", "same", "different", "auc"]
    return pl.DataFrame(rows, schema=names, orient="row").sort(
        "kind", "auc", "feature", descending=[False, True, False]
    )


def _sharing(table: pl.DataFrame, column: str, accounts: pl.Series) -> Matrix:
    """Whether two accounts hold a common value of the column: accounts x accounts."""
    held = table.select("account_id", value=column).drop_nulls().unique()
    rows = pl.DataFrame({"account_id": accounts, "row": np.arange(len(accounts))})
    held = held.join(rows, on="account_id").sort("row", "value")
    code = held["value"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (len(accounts), int(code.max(initial=0)) + 1)
    holds = csr_array((np.ones(held.height), (held["row"].to_numpy(), code)), shape=shape)
    return np.asarray((holds @ holds.T).toarray() > 0)


def _quantity(table: pl.DataFrame, expression: pl.Expr, accounts: pl.Series) -> Floats:
    """The quantity of each account; nan where it has none."""
    found = table.group_by("account_id").agg(value=expression.cast(pl.Float64))
    joined = pl.DataFrame({"account_id": accounts}).join(
        found, on="account_id", how="left", maintain_order="left"
    )
    return joined["value"].fill_null(float("nan")).to_numpy()


def _closeness(value: Floats, same: Bools, different: Bools, most: int = 200_000) -> float | None:
    """AUC of closeness: how often a pair of one controller is closer than one of two; None without pairs."""
    near, far = _distances(value, same, most), _distances(value, different, most)
    if not len(near) or not len(far):
        return None
    ranks = rankdata(-np.concatenate([near, far]))
    return float((ranks[: len(near)].sum() / len(near) - (len(near) + 1) / 2) / len(far))


def _distances(value: Floats, pairs: Bools, most: int) -> Floats:
    first, second = np.nonzero(pairs)
    if len(first) > most:
        kept: Ints = stream(0, "pairs").choice(len(first), most, replace=False)
        first, second = first[kept], second[kept]
    gap = np.abs(value[first] - value[second])
    return np.asarray(gap[np.isfinite(gap)])


def main(arguments: list[str]) -> int:
    """Prints the features of a world that tell most of each kind."""
    if len(arguments) != 1:
        Console(stderr=True).print("got no folder; expected: python -m graphattr.simulate.realism WORLD")
        return 2
    world = Path(arguments[0])
    signals = {file.stem: pl.read_parquet(file) for file in sorted((world / "signals").glob("*.parquet"))}
    power = link_power(signals, pl.read_parquet(world / "truth.parquet"))
    kinds = power["kind"].unique().sort().to_list()
    shown = Table(title="AUC of each feature alone", title_justify="left")
    shown.add_column("feature")
    for kind in kinds:
        shown.add_column(kind.replace("_", " "), justify="right")
    wide = power.pivot("kind", index="feature", values="auc").sort("feature")
    for row in wide.select("feature", *kinds).iter_rows():
        shown.add_row(row[0], *("-" if value is None else f"{value:.2f}" for value in row[1:]))
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The hop figures beside those of simple methods: `python benchmarks/hop/results.py RUN HOP_DATA [--write FILE]`.

Every method is measured in the same way (graphattr.evaluate.reported). With --write the table replaces the text between
the markers `<!-- hop:begin -->` and `<!-- hop:end -->` of a Markdown file.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.evaluate.hop import LARGEST, measure
from graphattr.evaluate.reported import reported_members
from graphattr.rings.leiden import leiden

#: Shared counterparties with more users are left out of the third baseline.
RARE = 30


def baselines(data: Path) -> dict[str, pl.DataFrame]:
    """Rings (ring_id, account_id) by three simple methods on the transfers, known hubs removed."""
    accounts = pl.read_csv(data / "accounts.csv")["address"].sort()
    number = pl.DataFrame({"address": accounts}).with_row_index("account")
    hubs = pl.read_parquet(data / "hubs.parquet")["address"]
    moves = pl.read_parquet(data / "transfers.parquet").select("source", "destination")
    moves = moves.filter(
        ~pl.col("source").is_in(hubs.implode()) & ~pl.col("destination").is_in(hubs.implode())
    )
    ends = moves.join(number, left_on="source", right_on="address").rename({"account": "a"})
    ends = ends.join(number, left_on="destination", right_on="address").rename({"account": "b"})
    direct = ends.select("a", "b")
    both = pl.concat(
        [
            moves.select(address="source", value="destination"),
            moves.select(address="destination", value="source"),
        ]
    )
    held = both.unique().join(number, on="address").filter(~pl.col("value").is_in(accounts.implode()))
    held = held.filter(pl.len().over("value") <= RARE).select("account", "value")
    shared = held.join(held.rename({"account": "b"}), on="value").select(a="account", b="b")
    size = len(accounts)
    found = {
        "components of direct transfers": _components(size, direct),
        "Leiden CPM at .01 on direct transfers": _leiden(size, direct, 0.01),
        f"Leiden CPM at .005, counterparties of at most {RARE} added": _leiden(
            size, pl.concat([direct, shared]), 0.005
        ),
    }
    return {
        name: pl.DataFrame({"ring_id": labels, "account_id": accounts}).cast({"ring_id": pl.String})
        for name, labels in found.items()
    }


def _edges(pairs: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    low, high = pl.min_horizontal("a", "b"), pl.max_horizontal("a", "b")
    edges = (
        pairs.select(low=low, high=high).filter(pl.col("low") != pl.col("high")).unique().sort("low", "high")
    )
    return edges.cast(pl.Int64).to_numpy()


def _components(size: int, pairs: pl.DataFrame) -> np.ndarray[Any, Any]:
    edges = _edges(pairs)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1])


def _leiden(size: int, pairs: pl.DataFrame, resolution: float) -> np.ndarray[Any, Any]:
    edges = _edges(pairs)
    weight = np.ones(len(edges))
    return leiden(size, edges[:, 0], edges[:, 1], weight, resolution=resolution, seed=0, iterations=10)


def figures(run: Path, data: Path) -> dict[str, dict[str, Any]]:
    """The measures without the largest report, by method; graphattr's last."""
    groups = pl.read_csv(data / "reported_groups.csv").select(account_id="address", group="group")
    moves = pl.read_parquet(data / "transfers.parquet")
    consider = set(moves["source"]) | set(moves["destination"])
    found = {
        name: reported_members(members, groups, consider, (LARGEST,))
        for name, members in baselines(data).items()
    }
    found["graphattr"] = measure(run, data)[f"without {LARGEST}"]
    return found


def markdown(found: dict[str, dict[str, Any]], run: Path) -> str:
    """The table with what it was measured on."""
    document = json.loads((run / "run.json").read_text(encoding="utf-8"))
    first = found["graphattr"]
    model = f"model `{document['model']['name']}`"
    if not document["links"]["drift"]["fitted"]:
        model += ", whose fitted curves are not for such signals: the run left them out by itself"
    lines = [
        f"{first['accounts']:,} reported accounts in {first['groups']} reports; {model}.",
        "",
        "| method | B-cubed precision | recall | F1 | unreported accounts in rings with three or more reported ones |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in found.items():
        share = f"{row['unreported_share']:.0%}"
        lines.append(f"| {name} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {share} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table, or writes it into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    table = markdown(figures(given.run, given.data), given.run)
    if given.write is None:
        print(table)
        return
    text = given.write.read_text(encoding="utf-8")
    block = f"<!-- hop:begin -->\n{table}\n<!-- hop:end -->"
    given.write.write_text(
        re.sub(r"<!-- hop:begin -->.*?<!-- hop:end -->", lambda _: block, text, flags=re.S), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

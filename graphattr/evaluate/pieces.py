"""What the links reach: accounts with a link inside their own controller, and the largest piece they form.

Only the links of links.parquet count (those at or above the run's `min_probability`): a candidate pair that
the run looked at and dropped is not in a run's folder.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def inside(accounts: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Adds linked and largest to accounts.

    Args:
        accounts: account_id, owner; sorted by account_id.
        links: account_a, account_b, same (one entity controls both).

    Returns:
        accounts with linked (has a link to another account of its controller) and largest (is in its
        controller's largest piece: the connected components that links inside the controller alone make; of
        pieces of one size, the one with the first account).
    """
    own = links.filter(pl.col("same"))
    ids = accounts["account_id"]
    first, second = (ids.search_sorted(own[f"account_{side}"]).to_numpy() for side in ("a", "b"))
    size = accounts.height
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))
    _, piece = connected_components(graph, directed=False)
    ends = np.zeros(size, dtype=np.bool_)
    ends[first] = ends[second] = True
    placed = accounts.with_columns(linked=pl.Series(ends), piece=pl.Series(piece, dtype=pl.Int64))
    top = (
        placed.with_row_index("row")
        .group_by("owner", "piece")
        .agg(n=pl.len(), row=pl.col("row").min())
        .sort("owner", "n", "row", descending=[False, True, False])
        .unique("owner", keep="first", maintain_order=True)
        .select("owner", top="piece")
    )
    joined = placed.join(top, on="owner", how="left", maintain_order="left")
    return joined.with_columns(largest=pl.col("piece") == pl.col("top")).drop("piece", "top")

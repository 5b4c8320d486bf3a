"""Links and their pieces of evidence as tables: the figures, and one neutral sentence for each."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.score import Scored
from graphattr.records import EVIDENCE, GROUPS, LINKS, SIGNAL
from models import AdditiveModel

LIKENESS_REASON = {
    "creation": "both accounts were created within {} of each other",
    "volume": "both accounts used the service by amounts that differ by a factor of {}",
}


def links_table(index: Index, scored: Scored, minimum: float) -> pl.DataFrame:
    """Pairs with a probability of at least `minimum`, as `LINKS`, sorted by account_a, account_b."""
    kept = np.flatnonzero(scored.probability >= minimum)
    found = scored.candidates
    groups = {f"log10_lr_{name}": scored.groups[kept, n] for n, name in enumerate(GROUPS)}
    frame = pl.DataFrame(
        {
            "account_a": index.accounts.gather(found.a[kept]),
            "account_b": index.accounts.gather(found.b[kept]),
            "probability": scored.probability[kept],
            "log10_lr": scored.groups[kept].sum(axis=1),
            **groups,
            "log10_prior_odds": np.full(len(kept), scored.prior),
        },
        schema=LINKS,
    )
    return frame.sort("account_a", "account_b")


def evidence_table(index: Index, scored: Scored, model: AdditiveModel, minimum: float) -> pl.DataFrame:
    """Every piece of evidence behind the links that `links_table` keeps, as `EVIDENCE`, sorted by its key."""
    kept = scored.probability >= minimum
    pieces = _shared(index, scored, kept)
    likeness = [_likeness(index, scored, model, name, kept) for name in scored.likeness]
    rows = pl.concat([pieces, *likeness])
    # The piece that counts is the best of its group; of equal ones the first by signal and value.
    order = ["account_a", "account_b", "group", "signal", "value"]
    rows = rows.sort(
        [*order[:3], "log10_lr", *order[3:]], descending=[False, False, False, True, False, False]
    )
    rows = rows.with_columns(used=pl.int_range(pl.len()).over(order[:3]) == 0)
    return rows.select(*EVIDENCE).cast(pl.Schema(EVIDENCE)).sort(order)


def _shared(index: Index, scored: Scored, kept: NDArray[np.bool_]) -> pl.DataFrame:
    found = scored.candidates
    pieces = found.pieces.with_columns(log10_lr=pl.Series(scored.pieces), entities=pl.Series(scored.entities))
    pieces = pieces.filter(pl.Series(kept[found.pieces["pair"].to_numpy()]))
    groups = {name: signal.group for name, signal in SIGNAL.items()}
    rows = pieces.join(index.values, on="value", how="left", maintain_order="left").with_columns(
        account_a=index.accounts.gather(pieces["a"]),
        account_b=index.accounts.gather(pieces["b"]),
        group=pl.col("signal").replace_strict(groups, return_dtype=pl.String),
        kind=pl.when("own").then(pl.lit("own")).otherwise("kind"),
        gap_seconds=pl.col("gap") * 86_400,
    )
    thing = pl.col("signal").str.replace_all("_", " ")
    others = (pl.col("entities") - 1).cast(pl.Int64)
    rows = rows.with_columns(
        reason=pl.when("own")
        .then(pl.format("one account dealt directly with the other's own {}", thing))
        .otherwise(pl.format("both accounts hold the same {}", thing))
        + pl.format(", held by {} accounts, {} of them resolved to others", "holders", others)
        + pl.when(pl.col("crowd").is_not_null())
        .then(pl.format("; used in the same window, in which {} accounts used it", "crowd"))
        .otherwise(pl.lit(""))
        + pl.when("listed").then(pl.lit("; a list names it as a hub")).otherwise(pl.lit(""))
    )
    return rows.select(
        "account_a", "account_b", "group", "signal", pl.col("text").alias("value"), "kind", "log10_lr",
        "holders", "entities", "gap_seconds", "row_a", "row_b", "reason",
    )  # fmt: skip


def _likeness(
    index: Index, scored: Scored, model: AdditiveModel, name: str, kept: NDArray[np.bool_]
) -> pl.DataFrame:
    values = {"creation": index.created, "volume": index.volume}[name]
    found = scored.candidates
    rows = np.flatnonzero(kept & ~np.isnan(values[found.a]) & ~np.isnan(values[found.b]))
    distance = np.abs(values[found.a[rows]] - values[found.b[rows]])
    words = (
        [_span(seconds) for seconds in distance] if name == "creation" else [f"{10**d:.3g}" for d in distance]
    )
    return pl.DataFrame(
        {
            "account_a": index.accounts.gather(found.a[rows]),
            "account_b": index.accounts.gather(found.b[rows]),
            "group": [model.likeness[name].group] * len(rows),
            "signal": [name] * len(rows),
            "value": [None] * len(rows),
            "kind": [None] * len(rows),
            "log10_lr": scored.likeness[name][rows],
            "holders": [None] * len(rows),
            "entities": [None] * len(rows),
            "gap_seconds": distance if name == "creation" else [None] * len(rows),
            "row_a": [None] * len(rows),
            "row_b": [None] * len(rows),
            "reason": [LIKENESS_REASON[name].format(word) for word in words],
        },
        schema={column: kind for column, kind in EVIDENCE.items() if column != "used"},
    )


def _span(seconds: float) -> str:
    """A length of time in the largest unit that gives at least 1."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"

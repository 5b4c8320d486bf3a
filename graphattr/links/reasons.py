"""Links and their pieces of evidence as tables: the figures, and one neutral sentence for each."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import ALL_LIKENESSES
from graphattr.links.profiles import Profiles
from graphattr.links.score import DECIMALS, Scored, part_of_scored, probability, unshared, weighed
from graphattr.records import EVIDENCE, GROUPS, LINKS, SIGNAL
from models import AdditiveModel
from models.additive import OWN
from models.threads import side_by_side

#: A likeness that says less than this (log10, either way) is not listed by itself.
LISTED: Final = 0.2
#: Signal name of the row that adds up a group's likenesses below `LISTED`.
REST: Final = "weaker_likenesses"
#: Links whose evidence is put together at a time, so that memory does not grow with them.
CHUNK: Final = 50_000
#: A row of evidence before it is known what counts: the position of its pair, and the slot that it competes in.
_PIECE: Final = {"pair": pl.UInt32, "slot": pl.String} | {
    name: kind for name, kind in EVIDENCE.items() if name not in ("account_a", "account_b", "used")
}


def links_table(index: Index, scored: Scored, model: AdditiveModel) -> pl.DataFrame:
    """The pairs as `LINKS`, sorted by account_a, account_b."""
    found = scored.candidates
    groups = {f"log10_lr_{name}": scored.groups[:, n] for n, name in enumerate(GROUPS)}
    total = scored.groups.sum(axis=1)
    sides = () if model.limits is None else model.limits.of(total)
    low, high = [probability(side + scored.prior) for side in sides] or (None, None)
    frame = pl.DataFrame(
        {
            "account_a": index.accounts.gather(found.a),
            "account_b": index.accounts.gather(found.b),
            "probability": scored.probability,
            "low": low,
            "high": high,
            "log10_lr": total,
            **groups,
            "log10_prior_odds": np.full(len(found), scored.prior),
        },
        schema=LINKS,
    )
    return frame.sort("account_a", "account_b")


def evidence_table(index: Index, profiles: Profiles, scored: Scored, model: AdditiveModel) -> pl.DataFrame:
    """Every piece of evidence behind the pairs, as `EVIDENCE`, sorted by its key.

    The pieces with `used` of a pair and group sum to the group's column of the link, unless the model's cap cuts it.
    """

    def told(start: int) -> pl.DataFrame:
        part = part_of_scored(scored, np.arange(start, min(start + CHUNK, len(scored.candidates))))
        return _evidence(index, profiles, part, model)

    parts = side_by_side(told, range(0, len(scored.candidates), CHUNK))
    if not parts:
        return pl.DataFrame(schema=EVIDENCE)
    # In one piece, as the groups of rows in a Parquet file follow the pieces of its frame; a column is let go of as it
    # is joined, so that memory does not hold everything twice.
    columns = [pl.concat([part.drop_in_place(name) for part in parts], rechunk=True) for name in EVIDENCE]
    return pl.DataFrame(columns)


def _evidence(index: Index, profiles: Profiles, scored: Scored, model: AdditiveModel) -> pl.DataFrame:
    """The evidence of all these pairs, which stand in the order of their accounts: their position sorts like them."""
    rows = pl.concat([_shared(index, scored), *_without_values(profiles, scored, index, model)])
    # The piece that counts is the best of its slot; of equal ones the first by signal and value.
    order = ["pair", "group", "slot", "log10_lr", "signal", "value"]
    rows = rows.sort(order, descending=[name == "log10_lr" for name in order])
    place = pl.struct("pair", "group", "slot").rle_id()
    rows = rows.with_columns(used=place.ne_missing(place.shift())).sort("pair", "group", "signal", "value")
    ends = zip(("account_a", "account_b"), (scored.candidates.a, scored.candidates.b), strict=True)
    names = {name: index.accounts.gather(of[rows["pair"].to_numpy()]) for name, of in ends}
    return rows.with_columns(**names).select(*EVIDENCE).cast(pl.Schema(EVIDENCE))


def _shared(index: Index, scored: Scored) -> pl.DataFrame:
    pieces = scored.candidates.pieces
    groups = {name: signal.group for name, signal in SIGNAL.items()}
    rows = pieces.join(index.values, on="value", how="left", maintain_order="left").with_columns(
        log10_lr=pl.Series(scored.pieces),
        entities=pl.Series(scored.entities),
        slot=pl.Series(scored.slot).cast(pl.String),
        group=pl.col("signal").replace_strict(groups, return_dtype=pl.String),
        kind=pl.when("own").then(pl.lit(OWN)).otherwise("kind"),
        gap_seconds=pl.col("gap") * 86_400,
        row_a=index.held["row"].gather(pieces["held_a"]),
        row_b=index.held["row"].gather(pieces["held_b"]),
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
    return rows.drop("value").rename({"text": "value"}).select(*_PIECE)


def _without_values(
    profiles: Profiles, scored: Scored, index: Index, model: AdditiveModel
) -> list[pl.DataFrame]:
    """Likenesses, values that are not shared, and per group one row for all of them that say less than `LISTED`."""
    found = scored.candidates
    a, b = found.a, found.b
    rest = np.zeros((len(found), len(GROUPS)))
    parts = []
    for name, weight in weighed(profiles, a, b, model, scored.traits.gnn).items():
        fitted = name in model.curves
        group = model.curves[name].group if fitted else model.likeness[name].group
        if fitted:
            listed = np.abs(weight) >= LISTED
            rest[~listed, GROUPS.index(group)] += weight[~listed]
        else:
            listed = ~np.isnan(profiles.figures[name][a] + profiles.figures[name][b])
        told = np.flatnonzero(listed)
        x, y = a[told], b[told]
        frame = _without_value(told, group, name, weight[told], _words(profiles, name, x, y, weight[told]))
        if name == "creation":
            frame = frame.with_columns(gap_seconds=pl.Series(np.abs(index.created[x] - index.created[y])))
        parts.append(frame if fitted else frame.with_columns(slot=pl.lit(f"{GROUPS.index(group)}")))
    for signal, pairs in unshared(profiles, found, index, model).items():
        curve = model.curves[f"absent:{signal}"]
        level = round(curve.values[0], DECIMALS)
        if abs(level) < LISTED:
            rest[pairs, GROUPS.index(curve.group)] += level
            continue
        words = f"both accounts have a known {signal.replace('_', ' ')}, and share none"
        levels = np.full(len(pairs), level)
        parts.append(_without_value(pairs, curve.group, f"absent:{signal}", levels, words))
    for number, group in enumerate(GROUPS):
        weight = np.round(rest[:, number], DECIMALS)
        some = np.flatnonzero(weight)
        words = f"likenesses that each say little, of the group {group}, together"
        parts.append(_without_value(some, group, REST, weight[some], words))
    return parts


def _words(
    profiles: Profiles, name: str, a: NDArray[np.int64], b: NDArray[np.int64], weight: NDArray[np.float64]
) -> pl.Series:
    """What the likeness says of each pair."""
    if name in LIKENESS_REASON:
        values = profiles.figures[name]
        distance = np.abs(values[a] - values[b])
        words = (
            [_span(gap) for gap in distance] if name == "creation" else [f"{10**gap:.3g}" for gap in distance]
        )
        return pl.Series([LIKENESS_REASON[name].format(word) for word in words], dtype=pl.String)
    likeness = ALL_LIKENESSES[name]
    said = pl.when(pl.Series(weight) >= 0).then(pl.lit(likeness.words)).otherwise(pl.lit(likeness.against))
    return pl.select(said).to_series()


def _without_value(
    pair: NDArray[np.int64], group: str, signal: str, weight: NDArray[np.float64], words: pl.Series | str
) -> pl.DataFrame:
    """Rows of evidence that name no shared value, as `_PIECE`; each signal is a slot of its own."""
    rows = pl.DataFrame({"pair": pair, "log10_lr": weight}, schema_overrides={"pair": pl.UInt32})
    reason = pl.lit(words) if isinstance(words, str) else words
    rows = rows.with_columns(reason=reason)
    named = {"group": pl.lit(group), "signal": pl.lit(signal), "slot": pl.lit(signal)}
    empty = {name: pl.lit(None, kind) for name, kind in _PIECE.items() if name not in (*rows.columns, *named)}
    return rows.with_columns(**named, **empty).select(*_PIECE)


LIKENESS_REASON: Final = {
    "creation": "both accounts were created within {} of each other",
    "volume": "both accounts used the service by amounts that differ by a factor of {}",
}


def _span(seconds: float) -> str:
    """A length of time in the largest unit that gives at least 1."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"

"""Which pairs are looked at: shared values, hub values in one time window, neighbours in creation (blocking).

Hubs never pair all their holders, so the cost grows about linearly with the signals.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrameT
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.settings import LinkSettings

#: How many accounts later in time one use of a hub, or one creation, is paired with.
WINDOW_NEIGHBOURS = 20
CREATION_NEIGHBOURS = 10
#: The same for creations that declare one country, and the seconds within which they are.
COUNTRY_NEIGHBOURS = 6
COUNTRY_SECONDS = 86_400

Whole = NDArray[np.int64]

PAIR = {"a": pl.UInt32, "b": pl.UInt32}
SHARED = {**PAIR, "value": pl.UInt32}


def pairs_by_value(held: IntoFrameT) -> IntoFrameT:
    """All pairs of holders of each value. Runs on any engine that narwhals knows, lazily where it is lazy.

    Args:
        held: account, value; one row a holder.

    Returns:
        a, b (a < b), value; n (n - 1) / 2 rows for a value with n holders.
    """
    frame: Any = nw.from_native(held)
    left = frame.select(a="account", value="value")
    right = frame.select(b="account", value="value")
    pairs: IntoFrameT = left.join(right, on="value").filter(nw.col("a") < nw.col("b")).to_native()
    return pairs


def shared_pairs(index: Index) -> pl.DataFrame:
    """Pairs by values that are not hubs: a, b, value."""
    plain = index.held.lazy().join(index.values.lazy().filter(~pl.col("hub")), on="value", how="semi")
    pairs = pairs_by_value(plain.select("account", "value"))
    return pairs.select(*SHARED).collect(engine="streaming")


def window_pairs(index: Index, occasions: pl.LazyFrame, settings: LinkSettings) -> pl.DataFrame:
    """Pairs that used the same hub within `window_seconds`, each with its nearest later users.

    Args:
        index: the run's index.
        occasions: account_id, signal, value, time, timed (holdings.occasions).
        settings: window and fan.

    Returns:
        a, b, value, timed, gap (seconds), crowd (accounts that used the value within the window around the pair,
        at least 2), rivals (accounts met in all windows of the signal that are no more crowded, by the one of the two
        that met more); one row a pair and value, the one with the smallest crowd, then gap,
        then rivals.
    """
    width = settings.window_seconds * 1_000_000
    names = index.accounts.alias("account_id").to_frame().with_row_index("account")
    uses = (
        occasions.rename({"value": "text"})
        .join(index.values.lazy().select("value", "signal", "text"), on=["signal", "text"])
        .join(names.lazy(), on="account_id")
        .select("account", "value", "timed", time=pl.col("time").dt.epoch("us"))
        .with_columns(bucket=pl.col("time") // width)
        # One use an account, value and window: the first.
        .group_by("account", "value", "timed", "bucket")
        .agg(pl.col("time").min())
        .sort("value", "time", "account")
        .collect(engine="streaming")
    )
    if uses.is_empty():
        return pl.DataFrame(
            schema={**SHARED, "timed": pl.Boolean, "gap": pl.Float64, "crowd": pl.Int64, "rivals": pl.Int64}
        )
    # Fan of a moment: uses of the value from one window before to one after, counted on the sorted times.
    key = uses["value"].cast(pl.Int64).to_numpy().astype(np.float64)
    time = (uses["time"].to_numpy() - uses["time"].min()) / 1e6
    span = float(time.max()) + 4 * settings.window_seconds
    line = key * span + time
    crowd = np.searchsorted(line, line + settings.window_seconds, "right") - np.searchsorted(
        line, line - settings.window_seconds
    )
    uses = uses.with_columns(crowd=pl.Series(crowd, dtype=pl.Int64)).join(
        index.values.select("value", "signal"), on="value", maintain_order="left"
    )
    # Rivals met in this window and in every less crowded one of the account at any hub of the signal: the more
    # windows, the more chances that a stranger falls into one.
    met = uses.select("account", "signal", "crowd").sort("account", "signal", "crowd")
    met = met.with_columns(rivals=(pl.col("crowd") - 1).clip(1).cum_sum().over("account", "signal"))
    met = met.group_by("account", "signal", "crowd").agg(pl.col("rivals").max())
    uses = uses.join(met, on=["account", "signal", "crowd"], maintain_order="left").drop("signal")
    value, when, account, crowd, rivals = (
        uses[name].to_numpy() for name in ("value", "time", "account", "crowd", "rivals")
    )
    one, two = _neighbours(value, when, account, crowd, width, settings.max_window_fan)
    met = pl.DataFrame(
        {
            "a": np.minimum(account[one], account[two]),
            "b": np.maximum(account[one], account[two]),
            "value": value[one],
            "timed": uses["timed"].to_numpy()[one],
            "gap": (when[two] - when[one]) / 1e6,
            "crowd": np.maximum(np.minimum(crowd[one], crowd[two]), 2),
            "rivals": np.maximum(rivals[one], rivals[two]),
        }
    ).sort("a", "b", "value", "crowd", "gap", "rivals")
    # The first of each pair and value.
    return met.filter(pl.any_horizontal(pl.col(*SHARED).ne_missing(pl.col(*SHARED).shift())))


def _neighbours(
    value: Whole, when: Whole, account: Whole, crowd: Whole, width: int, most: int
) -> tuple[Whole, Whole]:
    """Positions of each use and of its nearest later ones of the same value within `width`, by other accounts.

    Args:
        value, when, account: of the uses, sorted in this order.
        crowd: how many use the value about then; at most `most` at one of the two.
    """
    parts = []
    for step in range(1, min(WINDOW_NEIGHBOURS + 1, len(value))):
        near = (value[step:] == value[:-step]) & (when[step:] - when[:-step] <= width)
        near &= (account[step:] != account[:-step]) & (np.minimum(crowd[step:], crowd[:-step]) <= most)
        parts.append(np.stack([np.flatnonzero(near), np.flatnonzero(near) + step]))
    one, two = np.concatenate(parts, axis=1) if parts else np.empty((2, 0), dtype=np.int64)
    return one, two


def creation_pairs(index: Index, settings: LinkSettings) -> pl.DataFrame:
    """Each account with those created next: `CREATION_NEIGHBOURS` of all within the window, and `COUNTRY_NEIGHBOURS`
    of those that declare the same country within a day; a, b, each pair once.

    At a large provider so many strangers come in an hour that the neighbours of all end within minutes. An account
    that was opened in bulk and never used has nothing else that its like could be found by.
    """
    near = _next(index, np.zeros(index.size, np.int64), CREATION_NEIGHBOURS, settings.window_seconds)
    alike = _next(index, index.country, COUNTRY_NEIGHBOURS, COUNTRY_SECONDS)
    key = np.sort(np.concatenate([near, alike]))
    a, b = np.divmod(key[np.diff(key, prepend=-1) > 0], max(index.size, 1))
    return pl.DataFrame({"a": a, "b": b}, schema=PAIR)


def _next(index: Index, group: Whole, most: int, seconds: int) -> Whole:
    """Each account with the `most` of its group created next within so many seconds: a * N + b.

    Args:
        index: the run's index.
        group: of each account, shape (N,); below 0 for none.
        most, seconds: how many, and how late at most.
    """
    known = np.flatnonzero(~np.isnan(index.created) & (group >= 0))
    order = known[np.lexsort((index.created[known], group[known]))]
    found = [np.empty(0, dtype=np.int64)]
    for step in range(1, min(most, len(order) - 1) + 1):
        first, second = order[:-step], order[step:]
        near = (group[first] == group[second]) & (index.created[second] - index.created[first] <= seconds)
        found.append(np.minimum(first, second)[near] * index.size + np.maximum(first, second)[near])
    return np.concatenate(found)

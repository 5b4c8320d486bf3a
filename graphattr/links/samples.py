"""Pairs with known answers, as features: what the curves of the evidence model are fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.links.index import Index
from graphattr.links.likeness import likenesses
from graphattr.links.pieces import CandidatePairs, Candidates, pairs_by_signal
from graphattr.links.profiles import Profiles
from graphattr.links.score import piece_ratios
from graphattr.records import SIGNAL
from models import AdditiveModel
from models.additive import NO_CLASS, OWN

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Share of the candidate pairs of two controllers, and number of other pairs, that a sample takes.
CANDIDATES: Final = 0.15
STRANGERS: Final = 20_000
#: Most pairs of each kind of one world: same-controller candidates, other same-controller pairs, and sampled
#: candidates of two controllers.
MOST: Final = 100_000


@dataclass(frozen=True)
class Sample:
    """Pairs of a world, weighted so that they stand for all pairs of its known accounts.

    Attributes:
        a, b: account numbers, a < b, shape (n,).
        features: by key of a curve, shape (n,) each; nan where unknown, or where nothing is shared.
        same: whether one controller has both, shape (n,).
        weight: pairs that each one stands for, shape (n,).
        prior: natural log odds that a pair of the world's known accounts shares a controller.
        candidate: whether the pair is a candidate, shape (n,).
        owner_a, owner_b: number of the controller of either side, shape (n,).
    """

    a: Whole
    b: Whole
    features: dict[str, Array]
    same: NDArray[np.bool_]
    weight: Array
    prior: float
    candidate: NDArray[np.bool_]
    owner_a: Whole
    owner_b: Whole


def sample(
    index: Index,
    found: CandidatePairs,
    seen: Profiles,
    entities: Whole,
    controller: Whole,
    model: AdditiveModel,
    seed: int,
) -> Sample:
    """Draws pairs and measures every feature on them.

    Args:
        index: the index of the world's signals.
        found: its candidate pairs.
        seen: its profiles.
        entities: resolved entity of each account, shape (N,): what k_eff is counted by.
        controller: number of each account's controller, -1 where it is not known, shape (N,).
        model: the parameters that shared values are measured with.
        seed: of the draw.
    """
    generator = np.random.default_rng(seed)
    known = controller >= 0
    pairs = np.flatnonzero(known[found.a] & known[found.b])
    same = controller[found.a[pairs]] == controller[found.b[pairs]]
    ours, our_weight = _some(generator, int(same.sum()), 1.0)
    theirs, their_weight = _some(generator, int((~same).sum()), CANDIDATES)
    missed, missed_weight = _missed(generator, found, controller, pairs[same])
    strangers = _strangers(generator, found, controller)
    accounts = int(known.sum())
    total = accounts * (accounts - 1) / 2
    alike = int(same.sum()) + round(missed_weight * len(missed))
    far = max(total - alike - int((~same).sum()), 0.0)
    chosen = np.concatenate([pairs[same][ours], pairs[~same][theirs]])
    a = np.concatenate([found.a[chosen], missed[:, 0], strangers[:, 0]])
    b = np.concatenate([found.b[chosen], missed[:, 1], strangers[:, 1]])
    weight = np.concatenate(
        [
            np.full(len(ours), our_weight),
            np.full(len(theirs), their_weight),
            np.full(len(missed), missed_weight),
            np.full(len(strangers), far / max(len(strangers), 1)),
        ]
    )
    kept = np.sort(chosen)
    some = found.part(kept)
    pair = np.concatenate([np.searchsorted(kept, chosen), np.full(len(missed) + len(strangers), -1)])
    features = likenesses(seen, a, b) | _shared(index, some, entities, model, pair)
    features |= _unshared(index, some, seen, a, b, pair)
    return Sample(
        a, b, features, controller[a] == controller[b], weight, log_odds(alike / max(total, 1.0)),
        pair >= 0, controller[a], controller[b],
    )  # fmt: skip


def log_odds(share: float) -> float:
    """Natural log odds of a share, which is kept off 0 and 1."""
    share = min(max(share, 1e-12), 1 - 1e-12)
    return float(np.log(share) - np.log1p(-share))


def _some(generator: np.random.Generator, number: int, share: float) -> tuple[Whole, float]:
    """About that share of so many rows, `MOST` at most, ascending, and how many rows each stands for."""
    n = min(int(np.ceil(share * number)), MOST)
    if n == number:
        return np.arange(number), 1.0
    return np.sort(generator.choice(number, n, replace=False)), number / max(n, 1)


def _missed(
    generator: np.random.Generator, found: CandidatePairs, controller: Whole, same: Whole
) -> tuple[Whole, float]:
    """Pairs of one controller that are no candidates, `MOST` at most, shape (m, 2), and how many each stands for.

    All pairs of one controller are numbered, by controller and then by account, and only those drawn are written out:
    there are as many of them as the square of the largest controller.

    Args:
        generator: of the draw.
        found: all candidates.
        controller: number of each account's controller, -1 where it is not known, shape (N,).
        same: positions of the candidates of one controller.
    """
    order = np.argsort(controller, kind="stable")
    order = order[controller[order] >= 0]
    start = np.flatnonzero(np.diff(controller[order], prepend=-1))
    size = np.diff(start, append=len(order))
    first = np.concatenate([[0], np.cumsum(size * (size - 1) // 2)])
    # Of each account: its group, and its place in it.
    group, place = (np.full(len(controller), -1) for _ in range(2))
    group[order] = np.repeat(np.arange(len(size)), size)
    place[order] = np.arange(len(order)) - np.repeat(start, size)
    of, one, two = group[found.a[same]], place[found.a[same]], place[found.b[same]]
    taken = np.sort(first[of] + one * (2 * size[of] - one - 1) // 2 + two - one - 1)
    rest, weight = _some(generator, int(first[-1]) - len(taken), 1.0)
    # The number of the k-th pair that is not taken: k, and one for each taken one before it.
    number = rest + np.searchsorted(taken - np.arange(len(taken)), rest, "right")
    of = np.searchsorted(first, number, "right") - 1
    number, width = number - first[of], 2 * size[of] - 1
    one = np.floor((width - np.sqrt(width**2 - 8.0 * number)) / 2).astype(np.int64)
    two = number - one * (width - one) // 2 + one + 1
    return np.stack([order[start[of] + one], order[start[of] + two]], axis=1), weight


def _strangers(generator: np.random.Generator, found: CandidatePairs, controller: Whole) -> Whole:
    """Some pairs of two controllers that are no candidates, shape (m, 2)."""
    known = np.flatnonzero(controller >= 0)
    if not len(known):
        return np.empty((0, 2), dtype=np.int64)
    drawn = np.sort(generator.choice(known, (STRANGERS, 2)), axis=1)
    drawn = np.unique(drawn[controller[drawn[:, 0]] != controller[drawn[:, 1]]], axis=0)
    return drawn[~_among(drawn, found.a * len(controller) + found.b, len(controller))]


def _among(pairs: Whole, key: Whole, size: int) -> NDArray[np.bool_]:
    wanted = pairs[:, 0] * size + pairs[:, 1]
    place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    return key[place] == wanted if len(key) else np.zeros(len(pairs), dtype=bool)


def curve_key(signal: str, kind: str | None) -> str:
    """Key of the curve for a shared value: by class where the signal has classes."""
    return signal if SIGNAL[signal].kind_column is None else f"{signal}:{kind or NO_CLASS}"


def _shared(
    index: Index, found: Candidates, entities: Whole, model: AdditiveModel, pair: Whole
) -> dict[str, Array]:
    """The best shared value of each key: its log10 likelihood ratio by the model's parameters."""
    ratio, _ = piece_ratios(index, found, entities, model)
    kinds = index.values.select("signal", "kind")
    keys = pl.Series([curve_key(*row) for row in kinds.iter_rows()], dtype=pl.String)
    own = pl.Series([curve_key(signal, OWN) for signal in kinds["signal"]], dtype=pl.String)
    value = found.pieces["value"]
    key = pl.select(
        pl.when(found.pieces["own"]).then(own.gather(value)).otherwise(keys.gather(value))
    ).to_series()
    best = (
        pl.DataFrame({"pair": found.pieces["pair"], "key": key, "ratio": ratio})
        .group_by("pair", "key")
        .agg(pl.col("ratio").max())
    )
    place = pl.DataFrame({"pair": pair, "row": np.arange(len(pair))}).filter(pl.col("pair") >= 0)
    best = best.with_columns(pl.col("pair").cast(pl.Int64)).join(place, on="pair").sort("key", "row")
    features = {}
    for (name,), part in best.group_by("key", maintain_order=True):
        column = np.full(len(pair), np.nan)
        column[part["row"].to_numpy()] = part["ratio"].to_numpy()
        features[str(name)] = column
    return features


def _unshared(
    index: Index, found: Candidates, seen: Profiles, a: Whole, b: Whole, pair: Whole
) -> dict[str, Array]:
    """By signal: 0 where both sides have values of it and share none, else nan."""
    sharers = pairs_by_signal(index, found)
    features = {}
    for name, has in seen.has.items():
        sharing = np.zeros(len(found) + 1, dtype=bool)
        sharing[sharers.get(name, [])] = True
        features[f"absent:{name}"] = np.where(has[a] & has[b] & ~sharing[pair], 0.0, np.nan)
    return features

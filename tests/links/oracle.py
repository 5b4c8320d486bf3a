"""The links stage again in plain Python and one account at a time, as an oracle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from graphattr.records import GROUPS, SIGNAL, SIGNALS
from links.worlds import DAY, Held, Value
from models import AdditiveModel

Pair = tuple[int, int]


def holdings(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], timeless: frozenset[str]
) -> set[tuple[Any, ...]]:
    """Rows of HOLDINGS as tuples: account, signal, value, kind, first, last, count, first row."""
    folded: dict[tuple[str, str, str], list[tuple[Any, Any, int]]] = {}
    owned: dict[str, int] = {}
    ids = {row["account_id"] for row in tables["accounts"]}
    for signal in SIGNALS:
        for number, row in enumerate(tables.get(signal.table, ())):
            value = row.get(signal.column)
            if signal.column == "ip" and value is None:
                value = row.get("ip_id")
            if signal.name == "actor" and row.get("event") in ("banned", "reinstated"):
                continue  # the provider's own acts
            account = row["account_id"]
            if value is None:
                continue
            if signal.name == "instrument" and value in ids and value != account:
                owned[value] = min(owned.get(value, number), number)
            if value == account:
                continue
            silent = signal.table in timeless or signal.table == "accounts"
            time = None if silent else row.get("observed_at")
            kind = row.get(signal.kind_column) if signal.kind_column else None
            folded.setdefault((account, signal.name, value), []).append((kind, time, number))
    rows = set()
    for (account, signal_name, value), uses in folded.items():
        times = [time for _, time, _ in uses if time is not None]
        kinds = [kind for kind, _, _ in uses if kind is not None]
        rows.add((
            account, signal_name, value, min(kinds, default=None), min(times, default=None),
            max(times, default=None), len(uses), min(number for _, _, number in uses),
        ))  # fmt: skip
    rows |= {(owner, "instrument", owner, "own", None, None, 0, row) for owner, row in owned.items()}
    return rows


@dataclass(frozen=True)
class World:
    """What `links.worlds.index_of` takes, for the oracle."""

    size: int
    holders: Mapping[Value, Sequence[Held]]
    kinds: Mapping[Value, str] = field(default_factory=dict)
    hubs: frozenset[Value] = frozenset()
    listed: frozenset[Value] = frozenset()
    created: Sequence[float] = ()
    volume: Sequence[float] = ()

    @property
    def shared(self) -> dict[Value, dict[int, Held]]:
        return {v: {h.account: h for h in of} for v, of in self.holders.items() if len(of) >= 2}

    def is_hub(self, value: Value) -> bool:
        return value in self.hubs or value in self.listed


Window = dict[tuple[int, int, Value], tuple[float, int, int]]


def windows(uses: Sequence[tuple[int, Value, int]], width: int, most: int, neighbours: int) -> Window:
    """Pair and value -> gap, crowd, rivals; the smallest crowd, then gap, then rivals."""
    first: dict[tuple[int, Value, int], int] = {}
    for account, value, second in uses:
        key = (account, value, second // width)
        first[key] = min(first.get(key, second), second)
    taken = sorted((value, second, account) for (account, value, _), second in first.items())
    crowd = [sum(v == value and abs(s - second) <= width for v, s, _ in taken) for value, second, _ in taken]

    def rivals(n: int) -> int:
        value, _, account = taken[n]
        mine = [
            crowd[i]
            for i, (v, _, a) in enumerate(taken)
            if a == account and v[0] == value[0] and crowd[i] <= crowd[n]
        ]
        return sum(max(c - 1, 1) for c in mine)

    best: dict[tuple[int, int, Value], tuple[int, float, int]] = {}
    for i, j in combinations(range(len(taken)), 2):
        (value, second, one), (other, later, two) = taken[i], taken[j]
        small = min(crowd[i], crowd[j])
        if value != other or one == two or later - second > width or small > most or j - i > neighbours:
            continue
        found = (max(small, 2), float(later - second), max(rivals(i), rivals(j)))
        key = (min(one, two), max(one, two), value)
        best[key] = min(best.get(key, found), found)
    return {key: (gap, crowd, rivals) for key, (crowd, gap, rivals) in best.items()}


def pieces(world: World, pairs: set[Pair], found: Window, telling: float) -> set[tuple[int, int, Value]]:
    """Every value that both of a pair hold; of hubs only telling ones, those met in a window and the other's own."""
    rows = set()
    for value, of in world.shared.items():
        for a, b in combinations(sorted(of), 2):
            own = of[a].own != of[b].own
            kept = not world.is_hub(value) or len(of) <= telling or own or (a, b, value) in found
            if (a, b) in pairs and kept:
                rows.add((a, b, value))
    return rows


def gap_days(one: Held, two: Held, windowed: bool) -> float | None:
    if one.first is None or two.first is None:
        return None
    if windowed:
        return 0.0
    ends = [h.first if h.last is None else h.last for h in (one, two)]
    return max(two.first - ends[0], one.first - ends[1], 0) / DAY


def ratios(
    world: World,
    rows: set[tuple[int, int, Value]],
    found: Window,
    entity: Sequence[int],
    model: AdditiveModel,
) -> dict[tuple[int, int, Value], tuple[float, float]]:
    """log10 ratio and k_eff of every piece, by the words of docs and docstrings."""
    shared = world.shared

    def u(value: Value, kind: str | None, others: float) -> float:
        p = model.signals[value[0]]
        p = p.kinds.get(kind or "", p)
        eta, floor = p.eta, p.floor
        if value in world.listed:
            eta, floor = max(eta, model.hub.eta), max(floor, model.hub.floor)
        return min(max((1 - floor) * (others + eta) / (world.size - 1) + floor, 1e-12), 1.0)

    plain = {v: u(v, world.kinds.get(v), len({entity[a] for a in of}) - 1) for v, of in shared.items()}
    result = {}
    for a, b, value in rows:
        of = shared[value]
        signal = value[0]
        k = len({entity[c] for c in of}) - (1 if entity[a] == entity[b] else 2)
        own = of[a].own or of[b].own
        chance = u(value, "own" if own else world.kinds.get(value), k)
        rest = 1.0
        for end in (a, b):
            mine = [v for v, holders in shared.items() if v[0] == signal and end in holders]
            rest *= sum(plain[v] for v in mine if (plain[v], v) < (plain[value], value))
        chance += math.sqrt(rest)
        met = found.get((a, b, value))
        if met:
            chance = min(chance, met[2] / (world.size - 1))
        p = model.signals[signal]
        m = p.kinds.get("own" if own else (world.kinds.get(value) or ""), p).m
        gap = gap_days(of[a], of[b], met is not None) or 0.0
        decay = max(2 ** (-gap / p.half_life_days), 0.1)
        result[a, b, value] = (math.log10(m * decay) - math.log10(min(chance, 1.0)), k + 1)
    return result


def rank(values: Sequence[float], a: int, b: int) -> float:
    """Share of all other accounts at least as close, seen from either end, averaged."""
    distance = abs(values[a] - values[b])
    share = [sum(abs(v - values[end]) <= distance for v in values) - 1 for end in (a, b)]
    return sum(share) / 2 / (len(values) - 1)


def likeness(model: AdditiveModel, name: str, share: float) -> float:
    p = model.likeness[name]
    return math.log10(1 - p.weight + p.weight / ((share + p.nearest) * math.log((1 + p.nearest) / p.nearest)))


def groups(
    world: World, pair: Pair, of_pieces: Mapping[Any, tuple[float, float]], model: AdditiveModel
) -> list[float]:
    """The pair's seven contributions: the best piece of each group, capped."""
    best: dict[str, list[float]] = {group: [] for group in GROUPS}
    for (a, b, value), (ratio, _) in of_pieces.items():
        if (a, b) == pair:
            best[SIGNAL[value[0]].group].append(ratio)
    for name, values in (("creation", world.created), ("volume", world.volume)):
        if values:
            best[model.likeness[name].group].append(likeness(model, name, rank(values, *pair)))
    return [max(-model.caps[g], min(model.caps[g], max(best[g], default=0.0))) for g in GROUPS]

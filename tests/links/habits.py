"""Profiles and likenesses again in plain Python, one account and one pair at a time, as an oracle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scipy.stats import poisson

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
NAN = float("nan")
TRAITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "asn": ("ips", ("asn",)),
    "address_country": ("ips", ("country",)),
    "client": ("devices", ("os", "browser", "language", "utc_offset_minutes")),
    "locale": ("devices", ("language", "utc_offset_minutes")),
    "bin": ("payments", ("bin",)),
    "country": ("accounts", ("country",)),
}
ACTS = ("key_created", "password_reset", "email_changed")


def seconds(time: datetime) -> int:
    return math.floor(time.timestamp())


class Habits:
    """What the tables tell of each account; pairs are compared by `likeness`."""

    def __init__(self, tables: Tables, timeless: frozenset[str] = frozenset()) -> None:
        self.tables, self.timeless = tables, timeless
        self.ids = sorted(row["account_id"] for row in tables["accounts"])
        self.usage = {a: [r for r in tables.get("usage", ()) if r["account_id"] == a] for a in self.ids}
        self.timed = "usage" in tables and "usage" not in timeless

    def rows(self, table: str, account: str) -> list[Row]:
        return [row for row in self.tables.get(table, ()) if row["account_id"] == account]

    # Figures ------------------------------------------------------------------------------------------------------

    def figure(self, name: str, account: str) -> float:
        rows = self.usage[account]
        if name == "creation":
            return float(seconds(self.rows("accounts", account)[0]["created_at"]))
        if not rows:
            return NAN
        requests = max(sum(row["requests"] for row in rows), 1)
        if name == "pace":
            return math.log10(len(rows) / len({row["observed_at"].date() for row in rows}))
        if name == "batch":
            return math.log10(requests / len(rows))
        known = [row[f"{name.removesuffix('_tokens')}put_tokens"] for row in rows]
        known = [value for value in known if value is not None]
        return math.log10((sum(known) + 1) / requests) if known else NAN

    def rank(self, name: str, a: str, b: str, slack: float = 1e-12) -> float:
        values = {c: self.figure(name, c) for c in self.ids}
        others = [c for c in self.ids if not math.isnan(values[c])]
        if math.isnan(values[a] + values[b]):
            return NAN
        distance = abs(values[a] - values[b]) + slack
        third = [values[c] for c in others if c not in (a, b)]
        near = 2 + sum(abs(value - values[end]) <= distance for end in (a, b) for value in third)
        return -math.log10(max(near / 2 / (len(others) - 1), 1e-6))

    # Shapes -------------------------------------------------------------------------------------------------------

    def cosine(self, what: Callable[[Row], Hashable | None], a: str, b: str) -> float:
        counts = {c: Counter(what(row) for row in self.usage[c]) for c in self.ids}
        for of in counts.values():
            del of[None]
        classes = sorted({key for of in counts.values() for key in of}, key=str)
        if not counts[a] or not counts[b]:
            return NAN
        cut = {
            c: {k: n * min(of.total(), 100) / of.total() for k, n in of.items()} for c, of in counts.items()
        }
        whole = sum(sum(of.values()) for of in cut.values())
        average = {k: sum(of.get(k, 0.0) for of in cut.values()) / whole for k in classes}

        def deviation(c: str) -> list[float]:
            n = sum(cut[c].values())
            return [
                math.sqrt((cut[c].get(k, 0.0) + 10 * p) / (n + 10)) - math.sqrt(p) for k, p in average.items()
            ]

        one, two = deviation(a), deviation(b)
        lengths = [math.sqrt(sum(x * x for x in of)) for of in (one, two)]
        dot = sum(x * y for x, y in zip(one, two, strict=True))
        return dot / math.prod(max(length, 1e-12) for length in lengths) * math.sqrt(min(lengths))

    # Traits and templates -----------------------------------------------------------------------------------------

    def traits(self, name: str, account: str) -> set[tuple[Any, ...]]:
        table, columns = TRAITS[name]
        found = {tuple(row[column] for column in columns) for row in self.rows(table, account)}
        return {trait for trait in found if any(part is not None for part in trait)}

    def rarest(self, name: str, a: str, b: str) -> float:
        of = {c: self.traits(name, c) for c in self.ids}
        if not of[a] or not of[b]:
            return NAN
        shares = [sum(trait in held for held in of.values()) / len(self.ids) for trait in of[a] & of[b]]
        return max((-math.log10(share) for share in shares if share <= 0.5), default=0.0)

    def templates(self, a: str, b: str) -> float:
        of = {
            c: Counter(r["template_id"] for r in self.usage[c] if r["template_id"] is not None)
            for c in self.ids
        }
        if not of[a] or not of[b]:
            return NAN

        def weights(c: str) -> dict[str, float]:
            held = {t: sum(t in other for other in of.values()) for t in of[c]}
            return {t: math.log(1 + n) * math.log(len(self.ids) / held[t]) for t, n in of[c].items()}

        one, two = weights(a), weights(b)
        lengths = [max(math.sqrt(sum(w * w for w in each.values())), 1e-12) for each in (one, two)]
        return sum(w * two.get(t, 0.0) for t, w in one.items()) / math.prod(lengths)

    # Times --------------------------------------------------------------------------------------------------------

    def company(self, a: str, b: str) -> tuple[float, float]:
        slots = {c: {seconds(row["observed_at"]) // 3600 for row in self.usage[c]} for c in self.ids}
        if not slots[a] or not slots[b]:
            return NAN, NAN
        every = [slot for of in slots.values() for slot in of]
        days = max((max(every) - min(every) + 1) / 24, 1.0)
        expected = 0.0
        for hour in range(24):
            expected += math.prod(sum(slot % 24 == hour for slot in slots[end]) for end in (a, b)) / days
        expected = max(expected, 1e-3)
        common = len(slots[a] & slots[b])
        more, fewer = poisson.sf(common - 1, expected), poisson.cdf(common, expected)
        return -math.log10(max(more, 1e-6)), -math.log10(max(fewer, 1e-6))

    def handover(self, a: str, b: str) -> float:
        times = {c: sorted(seconds(row["observed_at"]) for row in self.usage[c]) for c in self.ids}
        if not times[a] or not times[b]:
            return NAN
        every = [time for of in times.values() for time in of]
        between = min(abs(times[b][0] - times[a][-1]), abs(times[a][0] - times[b][-1]))
        return -math.log10(min(max(between / max(max(every) - min(every), 1), 1e-4), 1.0))

    def acts(self, a: str, b: str) -> float:
        best = 0.0
        for act in ACTS:
            of = {
                c: [seconds(r["observed_at"]) for r in self.rows("events", c) if r["event"] == act]
                for c in self.ids
            }
            every = [time for times in of.values() for time in times]
            for one, two in ((a, b), (b, a)):
                for mine in of[one]:
                    if of[two]:
                        gap = min(abs(theirs - mine) for theirs in of[two])
                        # Of two that are as near, any may be looked at.
                        near = [theirs for theirs in of[two] if abs(theirs - mine) == gap]
                        for theirs in near[:1] if len(set(near)) == 1 else near:
                            count = (
                                sum(abs(time - end) <= gap for end in (mine, theirs) for time in every) - 2
                            )
                            best = max(best, -math.log10(min(max(count / 2 / len(self.ids), 1e-6), 1.0)))
        return best

    def likenesses(self, a: str, b: str) -> dict[str, float]:
        """All likenesses that these tables can tell of, nan where one side is unknown; `volume` is left out."""
        found = {"creation": self.rank("creation", a, b)}
        for name, (table, _) in TRAITS.items():
            if table in self.tables:
                found[name] = self.rarest(name, a, b)
        if "usage" in self.tables:
            for name in ("batch", "in_tokens", "out_tokens"):
                found[name] = self.rank(name, a, b)
            for name in ("model", "capability"):
                found[name] = self.cosine(lambda row, name=name: row[name], a, b)  # type: ignore[misc]
            found["templates"] = self.templates(a, b)
        if self.timed:
            found["pace"] = self.rank("pace", a, b)
            found["hours"] = self.cosine(
                lambda row: row["observed_at"].hour + 24 * (row["observed_at"].weekday() >= 5), a, b
            )
            found["together"], found["apart"] = self.company(a, b)
            found["handover"] = self.handover(a, b)
        if "events" in self.tables and "events" not in self.timeless:
            found["acts"] = self.acts(a, b)
        return found

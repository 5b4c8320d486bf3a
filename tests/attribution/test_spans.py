"""Members who changed hands: by hand, and against a plain slow version on drawn signals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from graphattr.attribution.spans import HELD, TAKEN, in_hands, spans
from graphattr.records import EVIDENCE, HOLDINGS, SPANS

START = datetime(2026, 5, 1, tzinfo=UTC)
RING = "ring-1"
#: The account in question and two more of its ring; another ring beside it.
RINGS = {"a": RING, "b": RING, "c": RING, "x": "ring-2", "y": "ring-2"}


def at(day: float) -> datetime:
    return START + timedelta(days=day)


@dataclass
class Signals:
    """Signals by hand, times in days.

    Attributes:
        uses: account, signal, value, first and last use (None: timeless).
        links: two accounts, signal and value that links them, and its log10 likelihood ratio.
        events: account, event, time.
        created: day of each account's opening.
    """

    uses: list[tuple[str, str, str, float | None, float | None]] = field(default_factory=list)
    links: list[tuple[str, str, str, str, float]] = field(default_factory=list)
    events: list[tuple[str, str, float | None]] = field(default_factory=list)
    created: float = 0.0

    def told(self, without_events: bool = False) -> pl.DataFrame:
        def frame(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
            return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)

        holdings = [
            {"account_id": a, "signal": s, "value": v, "first_seen": None if f is None else at(f),
             "last_seen": None if t is None else at(t)}
            for a, s, v, f, t in self.uses
        ]  # fmt: skip
        evidence = [
            {"account_a": a, "account_b": b, "signal": s, "value": v, "log10_lr": lr, "used": True}
            for a, b, s, v, lr in self.links
        ]
        utc = pl.Datetime("us", "UTC")
        events = [
            {"account_id": a, "event": e, "observed_at": None if t is None else at(t), "row": n}
            for n, (a, e, t) in enumerate(self.events)
        ]
        members = pl.DataFrame(
            [(r, a) for a, r in RINGS.items()], schema=["ring_id", "account_id"], orient="row"
        )
        opened = [{"account_id": a, "created_at": at(self.created)} for a in RINGS]
        changes = {"account_id": pl.String, "event": pl.String, "observed_at": utc, "row": pl.UInt64}
        return spans(
            members,
            frame(opened, {"account_id": pl.String, "created_at": utc}).lazy(),
            frame(holdings, HOLDINGS).lazy(),
            frame(evidence, EVIDENCE).lazy(),
            None if without_events else frame(events, changes).lazy(),
        )


def sold() -> Signals:
    """Account a: the seller's phone until day 5, reset on day 6, from then on the ring's server and card."""
    return Signals(
        uses=[
            ("a", "device", "phone", 1, 5),
            ("a", "ip", "home", 1, 5),
            ("a", "device", "server", 6.2, 20),
            ("a", "instrument", "card", 7, 20),
        ],
        links=[("a", "b", "device", "server", 2.0), ("a", "c", "instrument", "card", 1.5)],
        events=[("a", "password_reset", 6), ("a", "email_changed", 6.1)],
    )


def test_an_account_that_was_sold_is_the_rings_since_the_change() -> None:
    assert sold().told().to_dicts() == [
        {
            "ring_id": RING, "account_id": "a", "since": at(6), "until": None, "event": "password_reset",
            "event_row": 0, "devices_before": 1, "devices_after": 1, "shared_values": 2,
        }
    ]  # fmt: skip


def test_an_account_that_its_holder_got_back_was_the_rings_until_then() -> None:
    world = sold()
    world.links = [("a", "b", "device", "phone", 2.0), ("a", "b", "ip", "home", 1.0)]
    (row,) = world.told().to_dicts()
    assert (row["since"], row["until"]) == (None, at(6))


def test_an_account_between_two_changes_has_both_ends() -> None:
    world = sold()
    world.uses = [(a, s, v, f, min(t or 0, 9)) for a, s, v, f, t in world.uses]
    world.uses.append(("a", "device", "tablet", 11, 20))
    world.events.append(("a", "password_reset", 10))
    (row,) = world.told().to_dicts()
    assert (row["since"], row["until"]) == (at(6), at(10))


def test_what_lies_outside_a_members_span_is_not_in_the_rings_hands() -> None:
    in_part = pl.DataFrame(
        {"account_id": ["a", "b", "c"], "since": [at(6), None, at(6)], "until": [None, at(6), at(10)]},
        schema_overrides={"since": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")},
    )
    rows = pl.DataFrame(
        [(account, None if day is None else at(day)) for account in "abcd" for day in (5, 6, 10, None)],
        schema={"account_id": pl.String, "time": pl.Datetime("us", "UTC")},
        orient="row",
    )
    kept = in_hands(rows.lazy(), in_part, "time").collect()
    assert kept.columns == rows.columns
    days = {
        account: [None if time is None else (time - START).days for time in of["time"]]
        for (account,), of in kept.partition_by("account_id", as_dict=True).items()
    }
    assert days == {
        "a": [6, 10, None], "b": [5, None], "c": [6, None], "d": [5, 6, 10, None]
    }  # fmt: skip


def shift(world: Signals, **changes: Any) -> Signals:
    for name, value in changes.items():
        setattr(world, name, value)
    return world


@pytest.mark.parametrize(
    "world",
    [
        shift(sold(), events=[]),
        shift(sold(), events=[("a", "key_created", 6)]),
        shift(sold(), events=[("a", "password_reset", None)]),
        shift(sold(), created=5.5),
        shift(sold(), uses=[*sold().uses, ("a", "device", "watch", 2, 12)]),
        shift(sold(), uses=sold().uses[1:]),
        shift(sold(), uses=[use for use in sold().uses if use[1] != "device"]),
        shift(sold(), links=[*sold().links, ("a", "b", "ip", "home", 0.5)]),
        shift(sold(), links=[]),
        shift(sold(), links=[("a", "x", "device", "server", 2.0)]),
        shift(sold(), links=[("a", "b", "device", "server", -1.0)]),
        shift(sold(), uses=[(a, s, v, None, None) for a, s, v, *_ in sold().uses]),
    ],
    ids=[
        "no event", "another event", "no time", "the day it was opened", "a device on both sides",
        "no device before", "no devices", "a link before too", "no link", "a link out of the ring",
        "a value that speaks against", "timeless",
    ],
)  # fmt: skip
def test_on_less_a_member_stays_for_its_whole_life(world: Signals) -> None:
    assert world.told().is_empty()
    assert world.told().schema == pl.Schema(SPANS)


def test_without_a_table_of_events_nobody_changed_hands() -> None:
    assert sold().told(without_events=True).is_empty()


def plain(world: Signals) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Since and until by account, one account and one event at a time."""
    linking: dict[str, set[tuple[str, str]]] = {account: set() for account in RINGS}
    for one, other, signal, value, ratio in world.links:
        if ratio > 0 and RINGS[one] == RINGS[other]:
            linking[one].add((signal, value))
            linking[other].add((signal, value))
    found = {}
    for account in RINGS:
        held = [use for use in world.uses if use[0] == account and use[1] in HELD and use[3] is not None]
        since, until = [], []
        for who, name, day in world.events:
            if who != account or name not in TAKEN or day is None or not day > world.created + 1:
                continue
            near = 1 / 24
            before = {use for use in held if use[4] < day + near}
            after = {use for use in held if use[3] >= day - near}
            ours = {use for use in held if use[1:3] in linking[account]}
            devices = {use for use in held if use[1] == "device"}
            if not devices & before or not devices & after or devices - before - after:
                continue
            if ours and not ours - after:
                since.append(day)
            elif ours and not ours - before:
                until.append(day)
        if since or until:
            found[account] = (at(min(since)) if since else None, at(min(until)) if until else None)
    return found


@st.composite
def drawn(draw: st.DrawFn) -> Signals:
    """An account that was sold, with some of it gone, moved or added, so that hands change in many examples."""
    world = sold()
    day = st.integers(0, 20)
    more = st.tuples(
        st.sampled_from("ab"), st.sampled_from(["device", "ip", "email"]), st.sampled_from("pq"), day, day
    )
    world.uses = [use for use in world.uses if draw(st.integers(0, 9)) > 0]
    world.uses += [
        (account, signal, value, float(min(days)), float(max(days)))
        for account, signal, value, *days in draw(st.lists(more, max_size=2, unique_by=lambda use: use[:3]))
    ]
    others = [use[1:3] for use in world.uses] or [("ip", "none")]
    world.links = [link for link in world.links if draw(st.integers(0, 4)) > 0]
    world.links += [
        ("a", draw(st.sampled_from("bx")), *which, draw(st.sampled_from([1.0, 1.0, -1.0])))
        for which in draw(st.lists(st.sampled_from(others), max_size=2))
    ]
    change = st.tuples(
        st.sampled_from("aaab"),
        st.sampled_from([*TAKEN, "key_created"]),
        st.sampled_from([0.5, 4.5, 7.5, 9.5]),
    )
    world.events += draw(st.lists(change, max_size=3))
    world.created = draw(st.sampled_from([0.0, 3.0, 5.05]))
    return world


@settings(max_examples=60, deadline=None)
@given(drawn())
def test_drawn_signals_are_told_as_by_the_plain_version(world: Signals) -> None:
    told = {row["account_id"]: (row["since"], row["until"]) for row in world.told().to_dicts()}
    assert told == plain(world)
    event(f"{len(told)} changed hands")

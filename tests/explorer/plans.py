"""What the hand-made run holds: five rings, 63 accounts, and text that wants to be code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = datetime(2026, 3, 1, tzinfo=UTC)
PRIOR = -3.2
IMG = '<img src=x onerror="window.pwned=1">'
FORMULA = '=HYPERLINK("http://example.invalid","open")'
MARKED = "**bold** :smile: [x](javascript:alert(1)) `tick` $a$ :red[y]"
REVERSED = "acct-\u202egnp\x07.exe"
TOP = "ring-7f3a"
#: log10 likelihood ratio of a shared value, by signal.
LR = {"device": 2.4, "instrument": 3.1, "ip": 1.2, "organisation": 1.6, "email_domain": 0.4, "template": 0.7}
ONCE = timedelta(hours=1)
#: Signals of the accounts table.
STATED = ("organisation", "email_domain")


@dataclass(frozen=True)
class Plan:
    """One ring to be made: its size, the hypothesis it leans to with its share, the values it spreads."""

    ring_id: str
    size: int
    hypothesis: str
    share: float
    status: str
    values: tuple[tuple[str, str, float], ...]  # signal, value, share of accounts that hold it
    pace: float  # exchanges a day and account


PLANS = (
    Plan(
        TOP,
        22,
        "single_operator",
        0.81,
        "attributed",
        (
            ("device", IMG, 0.4),
            ("device", "dev-5d21c09e", 0.35),
            ("device", "dev-a7730b14", 0.35),
            ("instrument", FORMULA, 0.3),
            ("instrument", "card-93f10c", 0.5),
            ("ip", "203.0.113.17", 0.5),
            ("ip", "203.0.113.18", 0.4),
            ("template", "tpl-crawl-04", 0.6),
        ),
        210.0,
    ),
    Plan(
        "ring-21c0",
        14,
        "reseller",
        0.58,
        "lead",
        (("instrument", "card-0b77aa", 0.8), ("ip", "198.51.100.4", 0.9), ("device", "dev-11ee42", 0.3)),
        95.0,
    ),
    Plan(
        "ring-9b44",
        9,
        "organisation",
        0.66,
        "lead",
        (
            ("organisation", "org-northwind", 1.0),
            ("email_domain", "northwind.example", 1.0),
            ("ip", "192.0.2.80", 1.0),
        ),
        30.0,
    ),
    Plan(
        "ring-c815", 6, "shared_infrastructure", 0.71, "not_attributable", (("ip", "2001:db8::42", 1.0),), 8.0
    ),
    Plan("ring-0e6d", 2, "coincidence", 0.44, "not_attributable", (("device", "dev-stock-9000", 1.0),), 3.0),
)
LONERS = 10

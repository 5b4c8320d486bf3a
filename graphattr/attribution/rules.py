"""What each ring statistic says of each hypothesis: a readable table of log10 likelihood ratios.

The figures are field-guided and fitted to no data (docs/method.md says what that means for the p_ columns). They
are small on purpose: one statistic alone must not decide, and behaviour variety alone does not separate an operator
from a reseller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphattr.records import HYPOTHESES


@dataclass(frozen=True)
class Rule:
    """A statistic's reading.

    Attributes:
        statistic: its name (attribution.statistics).
        bounds: ascending cut points; a value equal to one falls above it.
        ratios: log10 likelihood ratio by hypothesis in each of the len(bounds) + 1 bins, in the order of HYPOTHESES.
        says: what a value in each bin means, in words.
    """

    statistic: str
    bounds: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]
    says: tuple[str, ...]


#: Prior probability of each hypothesis for a set of accounts that the links hold together.
PRIOR: Final = dict(zip(HYPOTHESES, (0.20, 0.05, 0.10, 0.20, 0.30, 0.05, 0.10), strict=True))

#: Statistics of one ring depend on each other, so their ratios are tempered before they are summed.
TEMPER: Final = 0.7

_NONE = (0.0,) * len(HYPOTHESES)

RULES: Final = (
    #                 single  contr  resell  organ  infra  compr  coinc
    Rule(
        "size", (5, 16),
        (
            (-0.1, -0.3, -0.4, -0.3, 0.4, 0.0, 0.1),
            _NONE,
            (0.1, 0.1, 0.1, 0.1, -0.4, 0.0, -0.4),
        ),
        (
            "no more accounts than a household or a few friends have",
            "a mid-sized set",
            "more accounts than a household has",
        ),
    ),
    Rule(
        "evidence_groups", (2, 3),
        (
            (-0.5, -0.5, -0.5, -0.3, 0.3, 0.0, 0.5),
            _NONE,
            (0.3, 0.2, 0.2, 0.2, -0.3, 0.0, -0.7),
        ),
        ("one kind of evidence at most", "two kinds of evidence", "three or more kinds of evidence agree"),
    ),
    Rule(
        "mean_membership", (0.3, 0.8),
        (
            (-0.5, -0.3, -0.3, -0.2, 0.0, 0.0, 0.7),
            _NONE,
            (0.2, 0.1, 0.1, 0.1, 0.0, 0.0, -0.7),
        ),
        ("members hang together loosely", "members hang together moderately", "members hang together firmly"),
    ),
    Rule(
        "creation_closeness", (0.0, 1.0),
        (
            (-0.2, 0.0, -0.1, 0.1, 0.2, 0.2, 0.0),
            _NONE,
            (0.3, 0.1, 0.2, 0.1, -0.3, -0.4, -0.2),
        ),
        ("created far apart", "created neither close nor far apart", "created close together"),
    ),
    Rule(
        "organisation_share", (0.1, 0.6),
        (
            (0.0, 0.0, 0.0, -0.5, 0.0, 0.0, 0.0),
            _NONE,
            (-0.5, -0.4, -0.4, 1.0, -0.3, -0.3, -0.5),
        ),
        (
            "no organisation in common",
            "some share an organisation",
            "most share one organisation or private e-mail domain",
        ),
    ),
    Rule(
        "instruments_per_payer", (0.5, 0.9),
        (
            (0.5, 0.3, 0.2, 0.3, -0.3, -0.5, -0.7),
            _NONE,
            (-0.3, 0.0, 0.1, -0.2, 0.3, 0.3, 0.3),
        ),
        (
            "few payers stand behind many accounts",
            "some payers are shared",
            "nearly every account has a payer of its own",
        ),
    ),
    Rule(
        "failed_payments", (0.2,),
        (_NONE, (0.3, 0.0, 0.1, -0.3, -0.2, 0.2, -0.1)),
        ("few payments failed", "many payments were declined or charged back"),
    ),
    Rule(
        "template_overlap", (0.15, 0.5),
        (
            (-0.3, -0.2, 0.0, 0.0, 0.2, 0.2, 0.2),
            _NONE,
            (0.3, 0.2, 0.2, -0.1, -0.4, -0.2, -0.5),
        ),
        ("accounts do different work", "accounts share some work", "accounts do the same work"),
    ),
    Rule(
        "templates_per_account", (10,),
        (_NONE, (-0.1, 0.0, 0.3, 0.1, 0.0, 0.0, 0.0)),
        ("an account does few kinds of work", "one account carries many kinds of work"),
    ),
    Rule(
        "hour_likeness", (0.4, 0.8),
        (
            (-0.2, 0.2, 0.0, -0.1, 0.2, 0.1, 0.2),
            _NONE,
            (0.2, 0.0, 0.1, 0.3, -0.1, -0.1, -0.2),
        ),
        ("active at different hours", "hours agree in part", "active at the same hours"),
    ),
    Rule(
        "locales_per_member", (0.3, 0.7),
        (
            (0.2, -0.1, 0.0, 0.1, 0.0, -0.3, -0.1),
            _NONE,
            (-0.3, 0.2, 0.0, -0.1, 0.1, 0.4, 0.2),
        ),
        ("few locales for many accounts", "some locales are shared", "nearly every account has a locale of its own"),
    ),
    Rule(
        "devices_per_member", (0.5, 1.0),
        (
            (0.3, 0.0, 0.1, -0.2, 0.2, -0.2, -0.4),
            _NONE,
            (-0.1, 0.1, 0.0, 0.1, 0.0, 0.2, 0.1),
        ),
        ("few devices serve many accounts", "some devices are shared", "every account has devices of its own"),
    ),
    Rule(
        "public_network_share", (0.6,),
        (_NONE, (-0.2, -0.1, -0.1, 0.3, 0.4, 0.0, 0.1)),
        ("mostly not on networks that strangers share", "mostly on networks that many strangers share"),
    ),
    Rule(
        "rented_network_share", (0.5,),
        (_NONE, (0.3, 0.1, 0.3, -0.3, -0.2, 0.0, -0.1)),
        ("mostly not on rented networks", "mostly on rented networks (hosting, VPN, proxy, Tor)"),
    ),
    Rule(
        "banned_share", (0.2,),
        (_NONE, (0.4, 0.2, 0.2, -0.5, -0.3, 0.2, -0.3)),
        ("few accounts were banned before", "many accounts were banned before"),
    ),
    Rule(
        "reset_share", (0.3,),
        (_NONE, (-0.1, -0.1, -0.1, -0.1, -0.1, 0.8, -0.1)),
        ("few password or e-mail changes", "many password or e-mail changes"),
    ),
    Rule(
        "cleared_share", (0.1,),
        (_NONE, (-0.3, 0.0, 0.1, 0.3, 0.3, 0.3, 0.1)),
        ("no bans were lifted, or few", "bans were lifted after review"),
    ),
    Rule(
        "prior_life_share", (0.1, 0.5),
        (
            (0.0, 0.0, 0.0, 0.0, 0.0, -0.4, 0.0),
            _NONE,
            (-0.3, -0.1, -0.1, 0.1, 0.2, 0.6, 0.1),
        ),
        (
            "what they share was there from the start",
            "what some share came later",
            "most had a life of their own before what they share",
        ),
    ),
)  # fmt: skip

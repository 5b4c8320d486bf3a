"""Ring statistics in words: what a small, a middling and a large value of each means.

How much a value weighs is the classifier's business (models/rings.py). Behaviour variety alone does not separate an
operator from a reseller.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from graphattr.records import HYPOTHESES


@dataclass(frozen=True)
class Reading:
    """A statistic's meaning.

    Attributes:
        bounds: ascending cut points; a value equal to one falls above it.
        says: what a value in each of the len(bounds) + 1 ranges means.
    """

    bounds: tuple[float, ...]
    says: tuple[str, ...]

    def of(self, value: float) -> str:
        """The words for a value."""
        return self.says[bisect_right(self.bounds, value)]


#: Prior probability of each hypothesis for a set of accounts that the links hold together.
PRIOR: Final = dict(zip(HYPOTHESES, (0.20, 0.05, 0.10, 0.20, 0.30, 0.05, 0.10), strict=True))

READINGS: Final = {
    "appeal_share": Reading((0.05,), ("hardly any appeals", "members appealed against bans")),
    "banned_share": Reading((0.2,), ("few accounts were banned before", "many accounts were banned before")),
    "behaviour_clusters": Reading(
        (0.3, 0.8),
        (
            "accounts do the same private work",
            "some accounts share private work",
            "nearly every account does work of its own",
        ),
    ),
    "business_network_share": Reading(
        (0.05, 0.4),
        ("not from a company's network", "in part from company networks", "from company networks"),
    ),
    "client_variety": Reading(
        (0.4, 0.6),
        (
            "an account shows fewer clients than others do",
            "as many clients an account as usual",
            "an account shows more clients than others do",
        ),
    ),
    "clients_per_member": Reading(
        (1.0, 2.0),
        ("few clients serve many accounts", "one or two clients an account", "many clients an account"),
    ),
    "common_actor_share": Reading(
        (0.1, 0.5),
        (
            "no actor changed several accounts",
            "one actor changed some of the accounts",
            "one actor changed most of the accounts",
        ),
    ),
    "control_burst": Reading(
        (0.1, 0.4),
        (
            "keys and passwords change one by one",
            "some keys or passwords changed within an hour",
            "most keys or passwords changed within an hour",
        ),
    ),
    "creation_closeness": Reading(
        (0.0, 1.0),
        ("created far apart", "created neither close nor far apart", "created close together"),
    ),
    "devices_per_member": Reading(
        (0.8, 1.8),
        (
            "few devices serve many accounts",
            "one or two devices an account",
            "every account has devices of its own",
        ),
    ),
    "education_network_share": Reading(
        (0.05, 0.4), ("not from a campus", "in part from a campus", "from a campus")
    ),
    "evidence_groups": Reading(
        (2, 3),
        ("one kind of evidence at most", "two kinds of evidence", "three or more kinds of evidence agree"),
    ),
    "hour_likeness": Reading(
        (0.3, 0.7), ("active at different hours", "hours agree in part", "active at the same hours")
    ),
    "hour_variety": Reading(
        (0.4, 0.6),
        (
            "an account keeps narrower hours than others do",
            "hours as wide as usual",
            "an account is used at wider hours than others are",
        ),
    ),
    "instruments_per_payer": Reading(
        (0.5, 0.9),
        (
            "few payers stand behind many accounts",
            "some payers are shared",
            "nearly every account has a payer of its own",
        ),
    ),
    "largest_payer_share": Reading(
        (0.2, 0.6),
        ("no payer has many of the accounts", "one payer has some of them", "one payer has most of them"),
    ),
    "loads_together": Reading(
        (0.0, 0.3),
        (
            "when one account works more, others work less",
            "loads move together in part",
            "loads rise and fall together",
        ),
    ),
    "locales_per_member": Reading(
        (0.3, 0.7),
        (
            "few locales for many accounts",
            "some locales are shared",
            "nearly every account has a locale of its own",
        ),
    ),
    "main_country_share": Reading(
        (0.5, 0.9),
        ("addresses of many countries", "addresses of several countries", "addresses of one country"),
    ),
    "mean_membership": Reading(
        (0.3, 0.8),
        ("members hang together loosely", "members hang together moderately", "members hang together firmly"),
    ),
    "model_variety": Reading(
        (0.4, 0.6),
        (
            "an account uses fewer models than others do",
            "models as mixed as usual",
            "an account mixes more models than others do",
        ),
    ),
    "organisation_share": Reading(
        (0.1, 0.6),
        (
            "no organisation in common",
            "some share an organisation",
            "most share one organisation or private e-mail domain",
        ),
    ),
    "payers_for_work": Reading(
        (-0.2, 0.3),
        (
            "one payer behind many kinds of work",
            "payers and kinds of work go together",
            "many payers behind one kind of work",
        ),
    ),
    "prepaid_share": Reading((0.3,), ("few prepaid or virtual cards", "many prepaid or virtual cards")),
    "prior_life_share": Reading(
        (0.1, 0.5),
        (
            "what they share was there from the start",
            "what some share came later",
            "most had a life of their own before what they share",
        ),
    ),
    "public_network_share": Reading(
        (0.6,),
        ("mostly not on networks that strangers share", "mostly on networks that many strangers share"),
    ),
    "rented_network_share": Reading(
        (0.5,), ("mostly not on rented networks", "mostly on rented networks (hosting, VPN, proxy, Tor)")
    ),
    "reset_share": Reading((0.3,), ("few password or e-mail changes", "many password or e-mail changes")),
    "shared_device_use": Reading(
        (0.2, 0.6),
        ("devices are hardly shared", "some use is of shared devices", "most use is of shared devices"),
    ),
    "shared_instrument_use": Reading(
        (0.2, 0.6),
        (
            "payments are hardly shared",
            "some payments are by shared payers",
            "most payments are by shared payers",
        ),
    ),
    "shared_ip_use": Reading(
        (0.2, 0.6),
        (
            "addresses are hardly shared",
            "some use is from shared addresses",
            "most use is from shared addresses",
        ),
    ),
    "shared_template_share": Reading(
        (0.1, 0.5),
        (
            "accounts do different work",
            "accounts share some private work",
            "accounts share most private work",
        ),
    ),
    "taken_up_share": Reading(
        (0.2,),
        (
            "after a ban its work is not taken up elsewhere at once",
            "within hours of a ban others take its work up",
        ),
    ),
    "variety_within": Reading(
        (0.4, 0.7),
        (
            "an account does a part of the ring's kinds of work",
            "an account does many of the ring's kinds of work",
            "one account does all kinds of work that the ring does",
        ),
    ),
}
